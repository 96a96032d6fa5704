import ast
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("features", "ingest", "models", "ledger", "monitoring", "training", "serving")
#: The command line, which may import every package, but only inside of functions.
COMMAND_LINE = [ROOT / "creatorcast.py", *sorted((ROOT / "commands").rglob("*.py"))]
#: Package -> those that it may import.
ALLOWED = {
    "features": {"features"},
    "ingest": {"features", "ingest"},
    "models": {"features", "models"},
    "ledger": {"features", "ledger", "models"},
    "monitoring": {"features", "ledger", "models", "monitoring"},
    "training": {"features", "ledger", "models", "monitoring", "training"},
    "serving": {"features", "ingest", "ledger", "models", "monitoring", "serving"},
}
#: Sub-package -> those of its package that it may import, beside SHARED_MODULES.
SUBPACKAGES = {
    "features.files": set(),
    "features.tables": {"features.files"},
    "features.maturation": {"features.tables"},
    "features.history": {"features.maturation", "features.tables"},
    "features.niche": {"features.history", "features.tables"},
    "features.derive": {
        "features.history",
        "features.maturation",
        "features.niche",
        "features.tables",
    },
    "features.partition": {"features.files", "features.tables"},
    "features.snapshot": {
        "features.derive",
        "features.files",
        "features.history",
        "features.tables",
    },
    "ingest.shapes": set(),
    "ingest.sheets": {"ingest.shapes"},
    "ingest.exports": {"ingest.shapes", "ingest.sheets"},
    "ledger.matching": set(),
    "ledger.migrations": set(),
    "serving.scoring": set(),
    "serving.track": {"serving.frame_file", "serving.ledger_entries", "serving.scoring"},
    "serving.plan": {"serving.batch", "serving.frame_file", "serving.scoring", "serving.workbook"},
    "serving.review": {"serving.scoring", "serving.workbook"},
    "serving.report": {"serving.plan", "serving.review", "serving.scoring", "serving.track"},
    "serving.workbook": {"serving.scoring"},
    "serving.page": set(),
    "serving.http": {
        "serving.batch",
        "serving.ledger_entries",
        "serving.page",
        "serving.plan",
        "serving.report",
        "serving.review",
        "serving.scoring",
        "serving.track",
        "serving.workbook",
    },
    "serving.batch": {"serving.ledger_entries", "serving.scoring", "serving.workbook"},
    "serving.client": set(),
    "serving.registered_model": {"serving.http", "serving.scoring"},
}
SHARED_MODULES = {
    "features.errors",
    "features.number_text",
    "features.threads",
    "serving.settings",
}
#: Sub-package -> modules that none of its files imports.
NEVER_IMPORTED = {"features.derive": {"features.tables.folder"}}
#: Heavy package -> the files that may import it.
ONLY_IN = {
    "mlflow": {
        "training/tracking.py",
        "training/mlflow_store.py",
        "training/registry_aliases.py",
        "training/log_model.py",
        "training/log_run.py",
        "serving/registered_model/loader.py",  # MLflow itself imports it
        "training/tune/search_runs.py",
    },
    "bentoml": {"serving/service.py"},
}
#: What only fits and rare requests import: each would make a worker start much later.
NOT_FOR_FORECASTS = ("sklearn", "scipy.stats", "scipy.optimize", "lightgbm")
LONGEST_FUNCTION = 60
SOURCES = [
    *(path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))),
    *COMMAND_LINE,
]

IMPORT_EACH = """
import importlib, sys
sys.path.insert(0, sys.argv[1])
for name in sys.argv[2:]:
    importlib.import_module(name)
"""


def name_of(path):
    return path.relative_to(ROOT).as_posix()


def imported(tree):
    """Give (top-level package, the whole name, whether at the module's top) of every import, lazy ones too."""
    top = set(map(id, tree.body))
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"relative import in line {node.lineno}: name the package"
            names = [node.module]
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = (
                node.func.attr
                if isinstance(node.func, ast.Attribute)
                else getattr(node.func, "id", "")
            )
            names = [node.args[0].value] if called in ("import_module", "__import__") else []
        yield from ((name.split(".")[0], name, id(node) in top) for name in names)


@cache
def tree_of(path):
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def imports_of(path):
    return list(imported(tree_of(path)))


def functions_of(path):
    return [
        node
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]


def modules_of(package):
    return [
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path in (ROOT / package).rglob("*.py")
    ]


def test_the_reader_of_imports_sees_lazy_ones():
    source = "import a.b\ndef f():\n    from c.d import e\n    import_module('g.h')\n"
    assert list(imported(ast.parse(source))) == [
        ("a", "a.b", True),
        ("c", "c.d", False),
        ("g", "g.h", False),
    ]


@pytest.mark.parametrize("package", PACKAGES)
def test_imports_point_one_way(package):
    ours = {*PACKAGES, "commands", "creatorcast", "tests", "benchmarks"}
    wrong = [
        (name_of(path), name)
        for path in sorted((ROOT / package).rglob("*.py"))
        for top, name, _ in imports_of(path)
        if top in ours - ALLOWED[package]
    ]
    assert wrong == []


def is_within(module, package):
    return module == package or module.startswith(f"{package}.")


@pytest.mark.parametrize("subpackage", SUBPACKAGES)
def test_imports_between_sub_packages_point_one_way(subpackage):
    allowed = {subpackage, *SUBPACKAGES[subpackage], *SHARED_MODULES}
    forbidden = NEVER_IMPORTED.get(subpackage, set())
    package = subpackage.split(".")[0]
    wrong = []
    for path in sorted((ROOT / subpackage.replace(".", "/")).rglob("*.py")):
        for top, name, _ in imports_of(path):
            is_allowed = top != package or any(is_within(name, one) for one in allowed)
            if not is_allowed or name in forbidden:
                wrong.append((name_of(path), name))
    assert wrong == []


def test_every_sub_package_has_its_rule():
    folders = {
        f"{package}.{path.parent.name}"
        for package in ("features", "ingest", "ledger", "serving")
        for path in (ROOT / package).glob("*/__init__.py")
    }
    assert folders == set(SUBPACKAGES)


@pytest.mark.parametrize("heavy", ONLY_IN)
def test_few_files_import_what_is_heavy(heavy):
    files = {name_of(path) for path in SOURCES for top, _, _ in imports_of(path) if top == heavy}
    assert files == ONLY_IN[heavy]


@pytest.mark.parametrize("heavy", ONLY_IN)
def test_nobody_imports_the_file_that_is_heavy_at_its_top(heavy):
    modules = {file.removesuffix(".py").replace("/", ".") for file in ONLY_IN[heavy]}
    files = [
        name_of(path)
        for path in SOURCES
        for _, name, top in imports_of(path)
        if top and name in modules and name_of(path) not in ONLY_IN[heavy]
    ]
    assert files == []


@pytest.mark.parametrize(
    "module", ["serving.worker", "serving.http.startup", "serving.batch.runner"]
)
def test_what_forecasts_imports_nothing_of_the_fits(module):
    code = f"import sys, {module}\nprint(*(name for name in {NOT_FOR_FORECASTS} if name in sys.modules))"
    command = [sys.executable, "-c", code]
    assert subprocess.run(command, cwd=ROOT, capture_output=True, text=True).stdout == "\n"


@pytest.mark.parametrize("path", COMMAND_LINE, ids=name_of)
def test_the_command_line_imports_the_packages_lazily(path):
    imports = imports_of(path)
    assert [name for top, name, at_top in imports if at_top and top in PACKAGES] == []


def test_no_function_is_longer_than_a_screen():
    long = [
        (name_of(path), node.name, node.end_lineno - node.lineno + 1)
        for path in SOURCES
        for node in functions_of(path)
        if node.end_lineno - node.lineno + 1 > LONGEST_FUNCTION
    ]
    assert long == []


def test_tests_are_flat():
    tests = ROOT / "tests"
    assert [name_of(path) for path in tests.rglob("__init__.py")] == []
    assert [name_of(path) for path in tests.rglob("*.py") if path.parent != tests] == []


def test_imports_write_nothing_and_need_no_environment(tmp_path):
    work, user = tmp_path / "work", tmp_path / "user"
    work.mkdir()
    user.mkdir()
    # what Windows cannot start a process without, a home for other packages' own files, and telemetry off
    environment = {name: os.environ[name] for name in ("SYSTEMROOT", "TEMP") if name in os.environ}
    environment |= {"HOME": str(user), "USERPROFILE": str(user)}
    environment |= {
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "BENTOML_DO_NOT_TRACK": "True",
        "DO_NOT_TRACK": "1",
    }
    modules = [name for package in (*PACKAGES, "commands") for name in modules_of(package)]
    modules.append("creatorcast")
    command = [sys.executable, "-B", "-c", IMPORT_EACH, str(ROOT), *modules]
    result = subprocess.run(
        command, cwd=work, env=environment, capture_output=True, text=True, timeout=300
    )
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert list(work.iterdir()) == []
