"""MLflow's store of a home and what may happen to it; the lock that commands wait for."""

import contextlib
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner
from tracking_server import mlflow_warnings

import training.artifacts
import training.registry
from creatorcast import main
from models.bundle import save_bundle
from models.bundle_folders import bundle_versions, bundles_folder
from models.champion import champion_file, champion_version, set_champion
from serving.registered_model.packaging import model_packaging
from training.artifacts import read_artifacts, write_artifacts
from training.home_lock import HomeError, home_lock
from training.registry import registered_bundles, registry_marks

ROOT = Path(__file__).parents[1]


@pytest.fixture
def tracking():
    from training import tracking  # takes seconds, so no other test pays for it

    yield tracking
    tracking.mlflow.set_tracking_uri(None)


@pytest.fixture(scope="module")
def empty_store(tmp_path_factory):
    """Give a store of MLflow with all tables and nothing in them, to be copied."""
    from training.mlflow_store import open_store

    home = tmp_path_factory.mktemp("empty-store")
    with open_store(home, None):
        return store_of(home)


@pytest.fixture
def aliases(tracking):
    from training import registry_aliases

    return registry_aliases


@mlflow_warnings
def test_without_an_address_the_store_lies_under_home(tmp_path, tracking, aliases):
    in_step = aliases.bring_in_step(tmp_path, None, model_packaging())
    assert in_step == aliases.RegistryInStep(None, None, False, ())
    assert tracking.mlflow.get_tracking_uri() == f"sqlite:///{tmp_path / 'artifacts' / 'mlflow.db'}"
    assert [found.name for found in tracking.mlflow.search_experiments()] == ["Default"]
    assert [path.name for path in tmp_path.iterdir()] == ["artifacts"]


def alias_bundle(home, tracking_uri, alias="champion"):
    """Give the bundle that an alias of the registry names."""
    number = registry_marks(home, tracking_uri).aliases.get(alias)
    return registered_bundles(home, tracking_uri).get(number)


# --- one command at a time ---


def test_who_waits_for_a_home_says_for_whom(tmp_path):
    (tmp_path / "artifacts").mkdir()
    said, order, waiting = [], [], threading.Event()

    def report(text):
        said.append(text)
        waiting.set()

    def second():
        with home_lock(tmp_path, report):
            order.append("second")

    with home_lock(tmp_path, said.append):
        thread = threading.Thread(target=second)
        thread.start()
        assert waiting.wait(20)
        order.append("first")
    thread.join(20)
    assert order == ["first", "second"]
    (line,) = said
    assert line.startswith(f"waiting for process {os.getpid()}, ")
    assert line.endswith(", which is changing this home")


def test_the_lock_goes_with_a_process_that_is_killed(tmp_path):
    (tmp_path / "artifacts").mkdir()
    hold = "import sys, time; from pathlib import Path; from training.home_lock import home_lock\n"
    hold += "with home_lock(Path(sys.argv[1])):\n    print('held', flush=True)\n    time.sleep(60)"
    holder = subprocess.Popen(
        [sys.executable, "-c", hold, tmp_path], cwd=ROOT, stdout=subprocess.PIPE
    )
    with holder:
        assert holder.stdout.readline() == b"held\n"
        holder.kill()
    with home_lock(tmp_path, pytest.fail):
        pass


def test_a_home_that_cannot_be_written_is_one_sentence(tmp_path, trained):
    (tmp_path / "file").write_text("")
    scores = trained.backtest.scores
    for home, reason in (
        (tmp_path / "file", "Not a directory"),
        (Path("/proc/none"), "No such file or directory"),
    ):
        with pytest.raises(
            HomeError,
            match=rf"artifacts' cannot be written: {reason}: make it writable for this user",
        ):
            write_artifacts(home, trained.bundle, trained.backtest, scores, tmp_path, print)


# --- what training leaves ---


def written(home, trained, **told):
    """Write what training made once more, with what is told in its manifest; give its version."""
    manifest = {name: value for name, value in trained.bundle.manifest.items() if name != "version"}
    manifest |= told
    bundle, record = replace(trained.bundle, manifest=manifest), trained.backtest
    return write_artifacts(home, bundle, record, record.scores, home / "data", print).bundle.version


def test_the_same_training_finds_its_bundle_and_makes_it_the_newest(tmp_path, trained, capsys):
    first = written(tmp_path, trained)
    other = written(tmp_path, trained, source="another source")
    assert first == trained.bundle.version != other
    assert bundle_versions(tmp_path) == [other, first]
    files = {path: path.stat().st_mtime_ns for path in bundles_folder(tmp_path).rglob("*")}
    assert written(tmp_path, trained) == first
    assert f"identical to {first}, which is there already" in capsys.readouterr().out
    assert {path: path.stat().st_mtime_ns for path in bundles_folder(tmp_path).rglob("*")} == files
    assert bundle_versions(tmp_path) == [first, other]
    output = read_artifacts(tmp_path, first)
    # intervals too: scores on disk name creators, those in memory number them
    pd.testing.assert_frame_equal(output.backtest.table, trained.backtest.table, rtol=1e-12)
    pd.testing.assert_frame_equal(output.backtest.learning, trained.backtest.learning)


def test_a_damaged_bundle_is_mended_by_the_same_training(tmp_path, trained, capsys):
    version = written(tmp_path, trained)
    (bundles_folder(tmp_path) / version / "reference.json").write_text("{}")
    assert written(tmp_path, trained) == version
    assert f"{version} was there and is written anew" in capsys.readouterr().out
    assert read_artifacts(tmp_path, version).bundle.version == version


def test_what_a_killed_training_left_half_written_is_removed_by_the_next(tmp_path, trained):
    (bundles_folder(tmp_path) / ".20260101-000000-aaaaaa.7").mkdir(parents=True)
    champion_file(tmp_path).with_name(".champion.7").write_text("x")
    version = written(tmp_path, trained)
    assert [path.name for path in bundles_folder(tmp_path).iterdir()] == [version]
    left = sorted(path.name for path in (tmp_path / "artifacts").iterdir())
    assert left == ["backtests", "bundles", "lock"]


@pytest.mark.parametrize("step", ["scores", "note", "bundle"])
def test_a_disk_without_room_is_one_sentence_and_nothing_half_written_stays(
    tmp_path, trained, monkeypatch, step
):
    full = OSError(28, "No space left on device")

    def fail(*_, **__):
        raise full

    target = {
        "scores": (pd.DataFrame, "to_parquet"), "note": (training.artifacts, "replace_text"),
        "bundle": (Path, "write_text"),
    }[step]  # fmt: skip
    with monkeypatch.context() as patch:
        patch.setattr(*target, fail)
        with pytest.raises(
            HomeError, match="artifacts' cannot be written: No space left on device"
        ):
            written(tmp_path, trained)
    assert not [*(tmp_path / "artifacts").rglob(".*")]
    assert not bundles_folder(tmp_path).exists() or not [*bundles_folder(tmp_path).iterdir()]


# --- a store that is broken, locked or not made to its end ---


@pytest.fixture
def copied(home, tmp_path):
    """Give a home of its own with the trained bundle as champion, and no store."""
    shutil.copytree(
        home / "artifacts", tmp_path / "home" / "artifacts", ignore=shutil.ignore_patterns("ml*")
    )
    return tmp_path / "home"


@pytest.fixture
def run(copied, monkeypatch, tmp_path):
    """Run a command over the copied home; give the result."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CREATORCAST_HOME", str(copied))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)

    def invoke(*arguments):
        result = CliRunner().invoke(
            main, [str(argument) for argument in arguments], prog_name="creatorcast"
        )
        assert result.exception is None or isinstance(result.exception, SystemExit), (
            result.exception
        )
        return result

    return invoke


def save_as(home, bundle, version):
    """Save a bundle under another version."""
    save_bundle(
        replace(bundle, manifest={**bundle.manifest, "version": version}),
        bundles_folder(home) / version,
    )


def store_of(home):
    return home / "artifacts" / "mlflow.db"


def no_database(path):
    path.write_text("no database, but long enough to be looked at as one" * 20)


def a_fifo(path):
    os.mkfifo(path)


def a_run_without_models(path):
    """Leave what a store has that was not made to its end, but has a run in it."""
    with contextlib.closing(sqlite3.connect(path)) as store:
        store.executescript(
            "CREATE TABLE runs (run_uuid); INSERT INTO runs VALUES ('x'); CREATE TABLE metrics (a);"
        )


@mlflow_warnings
@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (no_database, "file is not a database"),
        pytest.param(a_fifo, "it is a FIFO, expected a regular file", marks=pytest.mark.slow),
        pytest.param(
            a_run_without_models,
            "has runs or models, but not all tables: restore it, or move it away",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_a_store_that_cannot_be_used_loses_no_bundle_and_the_remedy_works(
    run, copied, trained, spoil, reason, tracking, pictures_drawn_once
):
    version, store = trained.bundle.version, store_of(copied)
    spoil(store)
    before = store.read_bytes() if store.is_file() else None
    for command in ("log", "promote"):
        result = run(command, version)
        assert result.exit_code == 2
        (line,) = [line for line in result.stderr.splitlines() if line.startswith("creatorcast: ")]
        assert str(store) in line
        assert reason in line
        if command == "log":
            assert line.startswith(f"creatorcast: the bundle {version} is kept in '")
            assert line.endswith(f"; once that is mended: creatorcast log {version}")
    assert champion_version(copied) == version
    assert before is None or store.read_bytes() == before
    store.unlink()
    result = run("log", version)
    assert (result.exit_code, result.stdout.splitlines()[0][-23:]) == (0, "registered as version 1")
    assert (
        "the registry follows artifacts/champion: alias champion is now version 1, "
        in result.stderr
    )
    assert alias_bundle(copied, None) == version


def test_training_looks_at_the_store_before_it_begins(run, copied, market_folder):
    no_database(store_of(copied))
    result = run("train", market_folder)
    assert (result.exit_code, result.stdout) == (2, "")
    assert re.fullmatch(
        r"creatorcast: the MLflow store '.*' cannot be used: file is not a database\n",
        result.stderr,
    )


def test_a_store_that_another_process_writes_to_is_waited_for_and_told(
    run, copied, market_folder, monkeypatch
):
    monkeypatch.setattr(training.registry, "LOCK_TIMEOUT_SECONDS", 0.2)
    with contextlib.closing(sqlite3.connect(store_of(copied))) as other:
        other.execute("CREATE TABLE runs (a)")
        other.execute("BEGIN IMMEDIATE")
        result = run("train", market_folder)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "cannot be used: database is locked" in result.stderr


#: Ends the process at the third table that is made, as a kill would; another half-made store lies there already.
KILLED = """
import os, signal, sys, sqlite3
from training import tracking
tables = []
def watch(event, arguments):
    if event == "sqlite3.connect" and "mlflow.db" in str(arguments[0]):
        tables.append(arguments)
        if len(tables) == 2:
            from alembic.runtime.migration import MigrationContext
            MigrationContext.run_migrations = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(watch)
import creatorcast
creatorcast.main(["log"])
"""


@pytest.mark.slow
@mlflow_warnings
def test_a_store_is_made_whole_or_not_at_all_and_anew_by_one_of_three_promotions(
    run, copied, trained
):
    command = [sys.executable, "-c", KILLED]
    killed = subprocess.run(
        command, cwd=ROOT, env=dict(os.environ), capture_output=True, text=True, check=False
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert not store_of(copied).exists()
    unfinished = [*store_of(copied).parent.glob(".mlflow.db.*")]
    assert unfinished
    os.replace(unfinished[0], store_of(copied))  # as one that was made in place
    other = "20250101-000000-second"
    save_as(copied, trained.bundle, other)
    versions = [trained.bundle.version, other, other]
    ended = at_once(*(("promote", version, "--force", "--reason", "x") for version in versions))
    assert [code for _, _, code in ended] == [0, 0, 0], ended
    errors = "".join(stderr for _, stderr, _ in ended)
    assert "Traceback" not in errors
    assert (
        errors.count("was not made to its end and holds nothing: it is now 'mlflow.db.unfinished'")
        == 1
    )
    assert "waiting for process " in errors
    assert not [*store_of(copied).parent.glob(".mlflow.db.*")]
    champion = champion_version(copied)
    assert alias_bundle(copied, None) == champion
    assert [*registered_bundles(copied, None).values()].count(champion) == 1


def at_once(*commands):
    """Run commands side by side, each in a process of its own; give output, errors and exit code of each."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "creatorcast", *command],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for command in commands
    ]
    return [(*process.communicate(timeout=300), process.returncode) for process in processes]


# --- the alias follows the champion ---


@mlflow_warnings
def test_the_alias_follows_wherever_a_command_was_killed(
    run, copied, trained, tracking, empty_store, pictures_drawn_once
):
    first, other = trained.bundle.version, "20250101-000000-second"
    shutil.copy(empty_store, store_of(copied))
    save_as(copied, trained.bundle, other)
    assert run("log", first).exit_code == 0
    promoted = run("promote", other, "--force", "--reason", "a new market").stdout
    assert (
        f"champion is now {other} (trained on simulated data); the registry follows\n" in promoted
    )
    assert promoted.endswith(
        "it is version 2 in the registry, which did not have it and has it now\n"
    )
    set_champion(copied, first)
    assert (
        run("log", other).stdout
        == f"{other} is version 2 in the registry already: nothing was logged\n"
    )
    assert alias_bundle(copied, None) == first
    set_champion(copied, other)  # as a promotion that was killed before it came to the registry
    result = run("bundles")
    expected = (
        f"the registry follows artifacts/champion: alias champion is now version 2, {other}; "
        f"alias previous is now version 1, {first}"
    )
    assert result.stdout.splitlines()[-1] == expected
    assert alias_bundle(copied, None) == other
    assert expected not in run("bundles").stdout
    third = "20250101-000000-third"
    save_as(copied, trained.bundle, third)
    set_champion(copied, third)  # as one that was killed before it registered its bundle
    told = run("bundles").stdout.splitlines()[-1]
    assert f": {third}, which was not registered, is now version 3; alias champion is" in told
    assert alias_bundle(copied, None) == third
    assert run("rollback").exit_code == 0
    set_champion(copied, first)
    assert f"champion is again {other}" in run("rollback").stdout
    assert alias_bundle(copied, None) == other
    set_champion(copied, first)
    assert run("promote", first).stdout.endswith(
        "(trained on simulated data); the registry follows\nit is version 1 in the registry\n"
    )
    assert alias_bundle(copied, None) == first


@mlflow_warnings
def test_a_run_that_was_killed_does_not_stay_running(
    run, copied, trained, tracking, empty_store, pictures_drawn_once
):
    champion_file(copied).unlink()
    shutil.copy(empty_store, store_of(copied))
    client = tracking.mlflow.MlflowClient(f"sqlite:///{store_of(copied)}")
    experiment = client.create_experiment("of another time")
    tags = {"bundle_version": trained.bundle.version}
    killed = client.create_run(experiment, tags=tags).info.run_id
    assert run("log").exit_code == 0
    assert client.get_run(killed).info.status == "KILLED"
    (logged,) = [found for found in client.search_experiments() if "demo market" in found.name]
    assert logged.artifact_location == (copied / "artifacts" / "mlruns").as_uri()
    (found,) = client.search_runs([logged.experiment_id])
    assert found.info.status == "FINISHED"
