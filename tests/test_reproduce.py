"""The same tables, recipe, code and packages give the same bundle, byte by byte; `reproduce` says so, or why not."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from creatorcast import main
from features.tables.folder import read_tables, write_tables
from features.tables.model import Tables
from features.tables.validate import validate
from models.bundle_folders import bundle_versions, bundles_folder, created_at, note_file
from training.reproduce import compare_bundles
from training.simulate.simulate import write_market

ROOT = Path(__file__).parents[1]
RECIPE = """\
targets = ["engagements"]
widen = 0.1
left_out = ["timing"]
folds = 2
[sampling]
per_post = 1
[location]
trees = 20
min_child = 10
patience = 10
[scale]
trees = 5
"""


def start_training(data, home, recipe, hash_seed, *options):
    """Start `creatorcast train` in a fresh process."""
    environment = {
        **os.environ,
        "CREATORCAST_HOME": str(home),
        "PYTHONHASHSEED": str(hash_seed),
        "OPENBLAS_NUM_THREADS": str(hash_seed),
        "PYTHONPATH": str(ROOT),
    }
    command = [sys.executable, "-m", "creatorcast", "train", str(data), "--recipe", str(recipe)]
    return subprocess.Popen(
        [*command, "--no-log", *options], env=environment, stdout=subprocess.PIPE, text=True
    )


@pytest.fixture(scope="module")
def twice(tmp_path_factory):
    """Give two homes with a bundle each of the same tables: in one as Parquet, in the other as CSV
    with its rows shuffled, trained with other threads and another hash seed.
    """
    folder = tmp_path_factory.mktemp("twice")
    data = write_market(folder / "data", creators=20, seed=4)
    tables = validate(read_tables(data))
    write_tables(Tables(meta=tables.meta), folder / "csv")
    (folder / "csv" / "creators.parquet").unlink()
    for name, frame in tables.frames().items():
        frame.sample(frac=1, random_state=1).to_csv(folder / "csv" / f"{name}.csv", index=False)
    (folder / "recipe.toml").write_text(RECIPE)
    homes = folder / "first", folder / "second"
    processes = [
        start_training(data, homes[0], folder / "recipe.toml", 1, "--seed", "3"),
        start_training(
            folder / "csv", homes[1], folder / "recipe.toml", 2, "--seed", "3", "--threads", "2"
        ),
    ]
    for process in processes:
        output, _ = process.communicate(timeout=600)
        assert process.returncode == 0, output
    return homes


def run(home, *arguments):
    return CliRunner().invoke(main, [*arguments], env={"CREATORCAST_HOME": str(home)})


def test_two_trainings_give_the_same_bytes(twice):
    first, second = ([*bundles_folder(home).iterdir()] for home in twice)
    assert [path.name for path in first] == [path.name for path in second]
    files = [
        {path.name: path.read_bytes() for path in folder.iterdir()} for (folder,) in (first, second)
    ]
    assert files[0] == files[1]
    assert {"manifest.json", "reference.json", "engagements_location.txt"} <= {*files[0]}
    assert created_at(twice[0], first[0].name) != created_at(twice[1], first[0].name)


def test_the_recipe_is_recorded_whole_with_the_options_in_its_place(twice):
    version = bundle_versions(twice[1])[0]
    manifest = json.loads((bundles_folder(twice[1]) / version / "manifest.json").read_text())
    recipe = manifest["recipe"]
    assert (recipe["widen"], recipe["left_out"], recipe["seed"]) == (0.1, ["timing"], 3)
    assert (recipe["sampling"]["per_post"], recipe["sampling"]["seed"]) == (1, 3)
    assert (recipe["location"]["trees"], recipe["scale"]["trees"]) == (20, 5)
    assert recipe["location"]["leaves"] == 7
    assert "threads" not in recipe
    assert recipe["targets"] == manifest["targets"] == ["engagements"]
    assert {"code", "python", "lightgbm", "numpy"} <= {*manifest["made_with"]}
    printed = run(twice[1], "recipe", version).output
    assert 'left_out = ["timing"]' in printed
    assert "widen = 0.1" in printed


@pytest.mark.slow
def test_reproduce_finds_the_same_bytes_from_a_version(twice):
    version = bundle_versions(twice[0])[0]
    result = run(twice[0], "reproduce", version)
    assert result.exit_code == 0, result.output
    assert f"{version} is identical: trained anew, byte by byte" in result.output


def test_reproduce_names_what_differs_and_why(twice, tmp_path, monkeypatch):
    home, version = tmp_path / "home", bundle_versions(twice[0])[0]
    shutil.copytree(twice[0], home)
    tables = read_tables(twice[0].parent / "data")
    grown = tables.posts.assign(likes=tables.posts["likes"] + 1)
    frames = {**tables.frames(), "posts": grown}
    write_tables(Tables(**frames, meta=tables.meta), tmp_path / "grown")
    other = run(home, "reproduce", version, "--data", str(tmp_path / "grown"))
    assert other.exit_code == 3
    assert "are not those of the training: their digest is" in other.output
    missing = run(home, "reproduce", version, "--data", str(tmp_path / "none"))
    assert (missing.exit_code, "is no folder" in missing.output) == (2, True)
    note_file(home, version).unlink()
    unknown = run(home, "reproduce", version)
    assert (unknown.exit_code, "name their folder (--data)" in unknown.output) == (2, True)


def test_what_names_no_bundle_or_does_not_tell_its_code_is_told_before_any_training(
    twice, tmp_path
):
    home, version = tmp_path / "home", bundle_versions(twice[0])[0]
    shutil.copytree(twice[0], home)
    manifest = bundles_folder(home) / version / "manifest.json"
    contents = json.loads(manifest.read_text())
    del contents["made_with"]
    manifest.write_text(json.dumps(contents))
    refused = run(home, "reproduce", version)
    assert refused.exit_code == 3, refused.output
    assert "by which code and packages it was trained: train again, or" in refused.output
    for name in ("0a1b2c3d", "yesterday", "../x"):
        result = run(home, "reproduce", name)
        assert (result.exit_code, "is neither a run" in result.output) == (2, True), result.output
    assert not (home / "artifacts" / "mlflow.db").exists()


def test_compared_bundles_name_files_and_keys(twice, tmp_path):
    folder = next(bundles_folder(twice[0]).iterdir())
    other = tmp_path / folder.name
    shutil.copytree(folder, other)
    assert compare_bundles(folder, other) == []
    reference = json.loads((other / "reference.json").read_text())
    reference["creators"] += 1
    (other / "reference.json").write_text(json.dumps(reference, indent=1))
    booster = (other / "engagements_scale.txt").read_text().splitlines()
    booster[9] += "0"
    (other / "engagements_scale.txt").write_text("\n".join(booster) + "\n")
    (other / "benchmarks.json").unlink()
    manifest = json.loads((other / "manifest.json").read_text())
    manifest["made_with"]["numpy"] = "1.0"
    manifest["sha256"]["reference.json"] = "0"
    del manifest["source"]
    (other / "manifest.json").write_text(json.dumps(manifest, indent=1))
    assert compare_bundles(folder, other) == [
        "benchmarks.json: only in the first one",
        "engagements_scale.txt: from line 10",
        "manifest.json: source (only in the first one), made_with.numpy",
        "reference.json: creators",
    ]
