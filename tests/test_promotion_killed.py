"""Promotions and rollbacks that are killed before each of their steps: after the next command, the
pointer, the history and the aliases of the registry agree, and the reason of a forced one is kept.
"""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from models.bundle import save_bundle
from models.bundle_folders import bundles_folder
from models.champion import champion_file, champion_history_file, champion_version
from models.champion_history import champions_until
from training.artifacts import backtest_file
from training.registry import registered_bundles, registry_marks, wanted_marks

ROOT = Path(__file__).parents[1]
OLDER, NEWER = "20250101-000000-older", "29980101-000000-newer"
NEWEST = "29990101-000000-newest"

#: Runs one command for each of its steps, in a process forked off that is killed before this step,
#: and then `bundles` in another. Steps: every file that takes its place, every write to the registry
#: (of the client: a SQLite file, or requests to a server). Prints a JSON line for each.
KILL_EACH_STEP = """
import contextlib, io, json, os, shutil, signal, sys
from pathlib import Path

import creatorcast
import mlflow
from mlflow import MlflowClient
import training.registry_aliases
import serving.registered_model.packaging

from models.bundle import load_version
from models.bundle_folders import bundle_versions

start, work = Path(sys.argv[1]), Path(sys.argv[2])
for version in bundle_versions(start):
    load_version(start, version)  # each is tried once, and not again in every process forked off
first, commands = json.loads(sys.argv[3])
WRITES = [
    name for name in dir(MlflowClient)
    if name.startswith(("set_", "delete_", "create_", "log_", "update_"))
]

def stop_at(step):
    done = []
    def watched(name, function):
        def call(*values, **named):
            if not getattr(call, "inside", False):
                done.append(name)
                if len(done) == step:
                    os.write(3, name.encode())
                    os.kill(os.getpid(), signal.SIGKILL)
            return function(*values, **named)
        return call
    os.replace = watched("os.replace", os.replace)
    for name in WRITES:
        setattr(MlflowClient, name, watched(name, getattr(MlflowClient, name)))

def forked(home, arguments, step=None):
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.dup2(writing, 3)
        os.environ["CREATORCAST_HOME"] = str(home)
        with open(work / "output", "w") as out:
            os.dup2(out.fileno(), 1)
            os.dup2(out.fileno(), 2)
        if step is not None:
            stop_at(step)
        try:
            creatorcast.main(arguments)
        finally:
            sys.stdout.flush()
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as told:
        name = told.read()
    _, status = os.waitpid(child, 0)
    return name if os.WIFSIGNALED(status) else None

for arguments in first:
    forked(start, arguments)
for label, arguments in commands:
    step, name = 1, ""
    while name is not None:
        home = work / f"{label}-{step}"
        shutil.copytree(start, home)
        name = forked(home, arguments, step)
        forked(home, ["bundles"])
        print(json.dumps([label, step, name, str(home)]), flush=True)
        step += 1
"""


@pytest.fixture
def start(home, trained, tmp_path):
    """Give a home with four bundles: the older, the trained, a newer worse and the newest one."""
    place = shutil.copytree(home, tmp_path / "start")
    scores = pd.read_parquet(backtest_file(place, trained.bundle.version))
    for version in (OLDER, NEWER, NEWEST):
        manifest = {**trained.bundle.manifest, "version": version}
        save_bundle(replace(trained.bundle, manifest=manifest), bundles_folder(place) / version)
        factor = 1.5 if version == NEWER else 1.0
        scores.assign(crps=scores["crps"] * factor).to_parquet(backtest_file(place, version))
    champion_file(place).unlink()
    champion_history_file(place).unlink()
    return place


def steps_of(start, work, first, commands):
    """Run the first commands, then kill each command before each of its steps; give for each the
    label, the step, its name (None where none was left) and the home after the next command.
    """
    work.mkdir()
    plan = json.dumps([first, commands])
    done = subprocess.run(
        [sys.executable, "-c", KILL_EACH_STEP, str(start), str(work), plan],
        cwd=ROOT, env={**os.environ, "OMP_NUM_THREADS": "1"}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr + (work / "output").read_text()
    return [(*line[:3], Path(line[3])) for line in map(json.loads, done.stdout.splitlines())]


def agreed(place):
    """Give champion, previous and challenger, after a check that pointer, history and registry agree."""
    bundles = registered_bundles(place, None)
    marks = registry_marks(place, None)
    assert marks == wanted_marks(place, bundles)
    champions = champions_until(champion_history_file(place), champion_version(place))
    named = {alias: bundles[number] for alias, number in marks.aliases.items()}
    assert champion_version(place) == champions[-1]["version"]
    assert named["champion"] == champion_version(place)
    assert named.get("previous") == (champions[-2]["version"] if len(champions) > 1 else None)
    return named


@pytest.mark.slow
def test_after_a_kill_before_any_step_the_next_command_brings_all_in_step(start, trained, tmp_path):
    now = trained.bundle.version
    first = [["log", OLDER], ["log", now], ["log", NEWER], ["promote", OLDER], ["promote", now]]
    commands = {
        "promote": ["promote", NEWEST],
        "force": ["promote", NEWER, "--force", "--reason", "a new market"],
        "rollback": ["rollback"],
        "log": ["log", NEWEST],
    }
    before = {"champion": now, "previous": OLDER, "challenger": NEWER}
    after = {
        "promote": {"champion": NEWEST, "previous": now},
        "force": {"champion": NEWER, "previous": now},
        "rollback": {"champion": OLDER, "challenger": NEWER},
        "log": {**before, "challenger": NEWEST},
    }
    found = steps_of(start, tmp_path / "work", first, [*commands.items()])
    assert agreed(start) == before
    steps = {label: [name for one, _, name, _ in found if one == label] for label in commands}
    for label, step, name, place in found:
        state = agreed(place)
        assert state in (before, after[label]), (label, step, name)
        forced = [*registry_marks(place, None).forced.values()]
        is_forced = label == "force" and state == after[label]
        assert ["a new market" in text for text in forced] == [True] * is_forced
        assert name is not None or state == after[label]
    assert steps["force"] == [
        *("os.replace", "os.replace", "set_model_version_tag"),
        *("delete_registered_model_alias", "set_registered_model_alias"),
        *("set_registered_model_alias", None),
    ]
    assert steps["rollback"] == [
        *("os.replace", "os.replace", "delete_registered_model_alias"),
        *("set_registered_model_alias", None),
    ]
    assert {"create_run", "create_model_version", "set_registered_model_alias"} <= {*steps["log"]}
    assert {*steps["log"]} <= {*steps["promote"]}
