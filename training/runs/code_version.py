"""Which code trained: the commit where there is one, a digest of the source, and the versions of
what it stands on.
"""

import hashlib
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
#: The packages whose source decides what a bundle holds, and the files of them that do.
SOURCE_PACKAGES = ("features", "models", "training")
SOURCE_FILES = ("*.py", "*.csv")
#: Installed packages whose versions may change a fit.
FITTED_WITH = ("lightgbm", "numpy", "pandas", "pyarrow", "scikit-learn", "scipy")
GIT_SECONDS = 10


def code_version(root: Path = ROOT) -> dict[str, Any]:
    """Return the version of the code, as JSON values.

    - `package`: the version of creatorcast
    - `commit`: of the git checkout at `root`, None where it is no checkout or git is not there
    - `is_changed`: whether files of the packages differ from that commit, None without one
    - `digest`: sha256 of the source of SOURCE_PACKAGES
    """
    commit = _git(root, "rev-parse", "HEAD") if _is_checkout(root) else None
    changed = None
    if commit is not None:
        changed = _git(root, "status", "--porcelain", "--", *SOURCE_PACKAGES) != ""
    return {
        "package": _version("creatorcast"),
        "commit": commit,
        "is_changed": changed,
        "digest": source_digest(root),
    }


def environment_versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that may change a fit, by name."""
    return {"python": platform.python_version()} | {name: _version(name) for name in FITTED_WITH}


def source_digest(root: Path = ROOT) -> str:
    """Return a sha256 over names and contents of the source files."""
    digest = hashlib.sha256()
    for package in SOURCE_PACKAGES:
        found = {path for pattern in SOURCE_FILES for path in (root / package).rglob(pattern)}
        for path in sorted(found):
            content = path.read_bytes()
            digest.update(f"{path.relative_to(root).as_posix()} {len(content)}\n".encode())
            digest.update(content)
    return digest.hexdigest()


def code_text(code: dict[str, Any]) -> str:
    """Return the version of the code for a reader.

    >>> code_text({"package": "1.2", "commit": None, "is_changed": None, "digest": "ab" * 32})
    'creatorcast 1.2, source abababababab'
    """
    if code.get("commit"):
        mark = " with changes that are not committed" if code.get("is_changed") else ""
        return f"creatorcast {code['package']}, commit {code['commit'][:10]}{mark}"
    return f"creatorcast {code['package']}, source {code['digest'][:12]}"


def _is_checkout(root: Path) -> bool:
    top = _git(root, "rev-parse", "--show-toplevel")
    return top is not None and Path(top).resolve() == root.resolve()


def _git(root: Path, *arguments: str) -> str | None:
    """Return what git prints; None where it is not there or fails."""
    command = ["git", "--no-optional-locks", "-C", str(root), *arguments]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=GIT_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
