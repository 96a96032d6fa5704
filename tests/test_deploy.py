"""What the service is deployed with: its settings, its packages, the Dockerfile, and a Bento that needs no project."""

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest
import yaml
from conftest import QUIET
from test_architecture import ROOT, SOURCES, imports_of
from test_running_service import BIN, ONE, running, two_bundles  # noqa: F401

DEPLOY = (ROOT / "docs" / "deploy.md").read_text()
#: What a Bento has no business to hold.
FOREIGN = re.compile(
    r"\.(parquet|pkl|pickle|joblib|db|so|bin|npy|npz|onnx|safetensors|pyc)$|location\.txt|scale\.txt"
)

#: The packages that the service is made of.
SERVED = ("features", "ingest", "ledger", "models", "monitoring", "serving")


def names_in(path, pattern):
    return set(re.findall(pattern, path.read_text()))


def test_every_setting_that_the_code_reads_is_in_the_table_and_the_other_way_round():
    read = set().union(*(names_in(path, r"CREATORCAST_[A-Z_]+") for path in SOURCES)) - {
        "CREATORCAST_"
    }
    told = set(re.findall(r"^\| `(CREATORCAST_[A-Z_]+)`", DEPLOY, re.MULTILINE))
    assert told == read


def test_the_packages_of_the_service_are_those_that_it_imports_as_locked():
    served = {path for path in SOURCES if path.relative_to(ROOT).parts[0] in SERVED}
    served -= {*(ROOT / "serving" / "client").iterdir()}  # of those who ask
    imported = {top for path in served for top, _, _ in imports_of(path)}
    known = {*sys.stdlib_module_names, *SERVED}
    listed = {
        line.split("[")[0]
        .replace("scikit-learn", "sklearn")
        .replace("kantoku", "circus")
        .replace("markdown-it-py", "markdown_it")
        .replace("-", "_")
        for line in (ROOT / "requirements-service.in").read_text().splitlines()
        if not line.startswith("#")
    }
    others = {"mlflow", "daal4py", "distributed"}  # of other commands, or used where found
    # uvicorn takes uvloop where it finds it, SQLAlchemy takes psycopg for Postgres
    assert listed == imported - known - others | {"uvloop", "psycopg"}
    pinned = r"(?m)^([a-z0-9-]+==\S+)"
    assert names_in(ROOT / "requirements-service.lock", pinned) <= names_in(
        ROOT / "requirements.lock", pinned
    )


def dockerfile():
    text = re.sub(r"\\\n", " ", (ROOT / "Dockerfile").read_text())
    return [
        line.split(maxsplit=1) for line in text.splitlines() if line and not line.startswith("#")
    ]


def test_the_dockerfile_is_sound_as_far_as_that_can_be_told_without_an_engine():
    lines = dockerfile()
    (base,) = [rest for word, rest in lines if word == "FROM"]
    assert re.fullmatch(r"python:3\.\d+\.\d+-slim-\w+", base)
    copied = [source for word, rest in lines if word == "COPY" for source in rest.split()[:-1]]
    kept = (ROOT / ".dockerignore").read_text().splitlines()
    assert copied == [
        "requirements-service.lock",
        "features/",
        "ingest/",
        "ledger/",
        "models/",
        "monitoring/",
        "serving/",
    ]
    for source in copied:
        assert (ROOT / source).exists()
        assert f"!{source}" in kept
    assert next(rest for word, rest in lines if word == "USER") == "10001:10001"
    assert [word for word, _ in lines if word in ("USER", "HEALTHCHECK", "ENTRYPOINT")] == [
        "USER", "HEALTHCHECK", "ENTRYPOINT",
    ]  # fmt: skip
    environment = dict(
        pair.split("=") for word, rest in lines if word == "ENV" for pair in rest.split()
    )
    assert QUIET.items() <= environment.items()
    entry = json.loads(next(rest for word, rest in lines if word == "ENTRYPOINT"))
    assert entry[:3] == ["bentoml", "serve", "serving.service:Creatorcast"]


@pytest.fixture(scope="module")
def bento(tmp_path_factory):
    """Build the Bento from a copy of what git knows; give its folder and the BENTOML_HOME that holds it."""
    home = tmp_path_factory.mktemp("bentoml")
    environment = {**os.environ, "BENTOML_HOME": str(home)}
    command = [BIN / "bentoml", "build", "--output", "tag", "."]
    told = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=300, cwd=ROOT
    )
    assert told.returncode == 0, told.stderr
    name, version = told.stdout.strip().rpartition("__tag__:")[2].split(":")
    return home / "bentos" / name / version, home


@pytest.mark.slow
def test_a_bento_holds_code_and_nothing_else(bento):
    folder, _ = bento
    files = {
        path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()
    }
    assert [name for name in files if FOREIGN.search(name)] == []
    assert {name.split("/")[1] for name in files if name.startswith("src/")} == {
        "features", "ingest", "ledger", "models", "monitoring", "serving", "bentofile.yaml",
    }  # fmt: skip
    here = {str(ROOT), str(Path.home()), str(folder)} - {"/"}
    assert [
        name
        for name, path in files.items()
        for place in here
        if place.encode() in path.read_bytes()
    ] == []
    told = yaml.safe_load((folder / "bento.yaml").read_text())
    assert {env["name"]: env["value"] for env in told["envs"]} == QUIET
    assert told["models"] == []
    assert sum(path.stat().st_size for path in files.values()) < 5 * 2**20


@pytest.mark.slow
def test_a_bento_answers_where_the_project_is_not(bento, two_bundles, tmp_path):  # noqa: F811
    _, home = bento
    place = tmp_path / "elsewhere"
    venv.create(place, with_pip=False, symlinks=True)
    python = place / "bin" / "python"
    (site,) = place.glob("lib/python3*/site-packages")
    (site / "packages.pth").write_text(
        sysconfig.get_path("purelib") + "\n"
    )  # packages, but not the .pth of the project itself
    probe = "import bentoml, importlib.util as u; print([u.find_spec(p) for p in ('serving', 'features', 'ingest', 'models')])"
    found = subprocess.run(
        [python, "-c", probe], cwd=place, capture_output=True, text=True, timeout=120
    )
    assert found.stdout.strip() == "[None, None, None, None]", found.stderr
    shutil.rmtree(place / "include", ignore_errors=True)
    command = [python, "-m", "bentoml", "serve", "creatorcast:latest"]
    with running(tmp_path / "service", two_bundles, command, BENTOML_HOME=str(home)) as service:
        status, _, content = service.ask(ONE)
        assert (status, json.loads(content)["model_version"]) == (200, "first")
        assert {str(worker.cwd()) for worker in service.workers()} != {str(ROOT)}
