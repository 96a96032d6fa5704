"""The code that a logged model is loaded by, as one package with a name of its own.

MLflow puts the code of a model in front of sys.path. A caller that has a module named `models` or
`features`, or another version of this model, would then get the wrong one of two. So the modules
that are needed are copied into a package whose name holds the digest of their sources, and their
imports of each other are written anew to go there.
"""

import ast
import hashlib
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from features.errors import CreatorcastError

_ROOT = Path(__file__).parents[2]
#: The packages whose modules may be copied.
_PACKAGES = frozenset({"features", "ingest", "ledger", "models", "monitoring", "serving"})
#: Imported by what is copied, but never called: it starts processes of its own.
_LEFT_OUT = frozenset({"models.bundle_trial"})
_LOADER = "serving.registered_model.loader"
_NAME = "creatorcast_code"
_DIGITS = 12


class CodePackageError(CreatorcastError):
    """A module cannot be copied under another name."""


class CodePackage(NamedTuple):
    """The code of a logged model: the package's `name`, and its `files` by path within it."""

    name: str
    files: dict[str, bytes]

    @property
    def loader_module(self) -> str:
        """The module that MLflow loads."""
        return f"{self.name}.{_LOADER}"

    def write(self, folder: Path) -> str:
        """Write the package into a folder; return the name of the module that MLflow loads."""
        for path, content in self.files.items():
            file = folder / self.name / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        return self.loader_module


@lru_cache(maxsize=1)
def code_package() -> CodePackage:
    """Return the code by which models of this version of creatorcast are loaded.

    Raises CodePackageError for a module that imports in a form that cannot be rewritten.
    """
    sources = _sources(_LOADER)
    digest = hashlib.sha256()
    for path, content in sorted(sources.items()):
        digest.update(f"{path}\0{len(content)}\0".encode() + content)
    name = f"{_NAME}_{digest.hexdigest()[:_DIGITS]}"
    files = {
        path: moved_imports(content.decode(), name, path).encode()
        if path.endswith(".py")
        else content
        for path, content in sources.items()
    }
    about = '"""The code of a model that creatorcast logged to MLflow."""\n'
    return CodePackage(name, {"__init__.py": about.encode(), **files})


def imported_names(tree: ast.Module) -> Iterator[str]:
    """Yield the full name of everything that a module imports, inside of functions too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def moved_imports(source: str, package: str, path: str) -> str:
    """Return a module whose imports of creatorcast's packages go to those within `package`.

    Nothing else is changed, and each line stays at its place. `path`: of the module, for errors.
    Raises CodePackageError.

    >>> moved_imports("from features.errors import x\\nimport numpy as np\\n", "own", "a.py")
    'from own.features.errors import x\\nimport numpy as np\\n'
    """
    lines = source.splitlines(keepends=True)
    for line, column in sorted(_module_places(ast.parse(source), lines, path), reverse=True):
        text = lines[line]
        lines[line] = f"{text[:column]}{package}.{text[column:]}"
    return "".join(lines)


def _module_places(tree: ast.Module, lines: list[str], path: str) -> Iterator[tuple[int, int]]:
    """Yield line and column, from 0, of each name of a module of creatorcast in an import."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and _is_own(node.module):
            line = node.lineno - 1
            rest = lines[line][node.col_offset + len("from") :]
            yield line, node.col_offset + len("from") + len(rest) - len(rest.lstrip())
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if not _is_own(alias.name):
                    continue
                if alias.asname is None:
                    raise CodePackageError(
                        f"{path}, line {alias.lineno}: import {alias.name} binds a name that "
                        f"cannot be moved: write from ... import, or import ... as"
                    )
                yield alias.lineno - 1, alias.col_offset


def _is_own(module: str | None) -> bool:
    return module is not None and module.split(".")[0] in _PACKAGES


def _sources(first: str) -> dict[str, bytes]:
    """Return by path the module `first`, all that it needs, and the data beside them."""
    files: dict[str, bytes] = {}
    waiting = [first]
    while waiting:
        name = waiting.pop()
        file = None if name in _LEFT_OUT else _module_file(name)
        if file is None:
            continue
        path = file.relative_to(_ROOT).as_posix()
        if path in files:
            continue
        files[path] = file.read_bytes()
        waiting += [one for one in imported_names(ast.parse(files[path])) if _is_own(one)]
        waiting.append(name.rpartition(".")[0])
        files |= _data_beside(file)
    return files


def _module_file(name: str) -> Path | None:
    """Return the source of a module, None for what is no module but a name within one."""
    if not name:
        return None
    place = _ROOT.joinpath(*name.split("."))
    candidates = (place / "__init__.py", place.with_suffix(".py"))
    return next((file for file in candidates if file.is_file()), None)


def _data_beside(module: Path) -> dict[str, bytes]:
    """Return the tables that stand beside a module, by path."""
    tables = sorted(module.parent.glob("*.csv"))
    return {file.relative_to(_ROOT).as_posix(): file.read_bytes() for file in tables}
