import json
import os
import shutil

import numpy as np
import pytest

import models.bundle
from features.derive.catalog import COLUMNS
from features.derive.version import FEATURES_VERSION
from features.history.history import History
from features.tables.folder import read_tables
from features.tables.validate import validate
from models.bundle import Bundle, load_bundle, save_bundle
from models.bundle_files import MANIFEST_FILE, BundleError
from models.bundle_folders import latest_bundle
from models.champion import champion_file, champion_folder, set_champion
from serving.registered_model.loader import _load_pyfunc
from training.backend import LOCAL
from training.dataset import sample_test_rows


@pytest.fixture
def folder(trained, tmp_path):
    """Give a copy of the trained bundle that may be spoiled."""
    return shutil.copytree(trained.folder, tmp_path / "bundle")


def rewrite(folder, **changes):
    manifest = json.loads((folder / MANIFEST_FILE).read_text())
    (folder / MANIFEST_FILE).write_text(json.dumps({**manifest, **changes}))


def test_a_bundle_comes_back_as_it_was_saved(trained, market_folder, tmp_path):
    save_bundle(trained.bundle, tmp_path / "deep" / "again")
    again = load_bundle(tmp_path / "deep" / "again")
    assert again.manifest == trained.bundle.manifest
    assert again.version == trained.bundle.version
    assert again.reference.to_json() == trained.bundle.reference.to_json()
    history = again.reference.at_horizon(History.from_tables(validate(read_tables(market_folder))))
    asked = sample_test_rows(
        history, "engagements", int(np.quantile(history.posts_with_engagements.time, 0.95))
    ).queries
    x = LOCAL.derive(history, asked, again.reference)
    assert list(again.forecasters) == ["engagements", "views"]
    for target, forecaster in again.forecasters.items():
        expected = trained.bundle.forecasters[target].predict_distribution(x, 3)
        found = forecaster.predict_distribution(x, 3)
        np.testing.assert_array_equal(
            found.quantile([0.05, 0.5, 0.95]), expected.quantile([0.05, 0.5, 0.95])
        )
        np.testing.assert_array_equal(found.mean(), expected.mean())


def test_the_manifest_names_every_file_and_the_code(trained):
    manifest = trained.bundle.manifest
    names = {path.name for path in trained.folder.iterdir()}
    assert names == {MANIFEST_FILE, *manifest["sha256"]}
    assert {path.suffix for path in trained.folder.iterdir()} == {".json", ".txt"}
    assert tuple(manifest["columns"]) == COLUMNS
    assert manifest["features_version"] == FEATURES_VERSION
    assert "features_digest" not in manifest


def test_a_bundle_is_never_overwritten(trained, folder):
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(
        BundleError, match=r"bundle' exists already: a bundle is never overwritten$"
    ):
        save_bundle(trained.bundle, folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_folder_without_a_manifest_is_no_bundle(tmp_path):
    with pytest.raises(BundleError, match=r"is no bundle: manifest.json cannot be read"):
        load_bundle(tmp_path / "nothing")
    (tmp_path / MANIFEST_FILE).write_text("{")
    with pytest.raises(BundleError, match=r"is no bundle: manifest.json cannot be read"):
        load_bundle(tmp_path)


@pytest.mark.parametrize("name", ["reference.json", "engagements.json", "views_scale.txt"])
def test_a_missing_file_is_named(folder, name):
    (folder / name).unlink()
    with pytest.raises(
        BundleError, match=rf"bundle/{name}' cannot be read: No such file or directory$"
    ):
        load_bundle(folder)


@pytest.mark.parametrize("name", ["reference.json", "engagements.json", "engagements_location.txt"])
def test_one_changed_byte_is_found(folder, name):
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(content)
    with pytest.raises(BundleError, match=rf"bundle/{name}' differs from what the manifest says"):
        load_bundle(folder)


def test_another_format_is_refused(folder):
    for former in (1, 3):
        rewrite(folder, format=former)
        words = rf"is a bundle of format {former}, expected format 4: retrain"
        with pytest.raises(BundleError, match=words):
            load_bundle(folder)
    (folder / MANIFEST_FILE).write_text("[1]")
    with pytest.raises(BundleError, match=r"is no bundle of format 4: retrain"):
        load_bundle(folder)


@pytest.mark.parametrize(
    ("version", "words"),
    [
        (
            FEATURES_VERSION + 1,
            rf"bundle' was trained on features {FEATURES_VERSION + 1}, and this code derives",
        ),
        (
            str(FEATURES_VERSION),
            rf"bundle' was trained on features '{FEATURES_VERSION}', and this code derives",
        ),
        (None, r"bundle' names no version of the features, and this code derives"),
    ],
)
def test_another_version_of_the_features_is_refused(folder, version, words):
    """Also by MLflow's loader: a process that imported other code runs its own, not the model's copy."""
    rewrite(folder, features_version=version)
    for load in (load_bundle, _load_pyfunc):
        with pytest.raises(
            BundleError, match=rf"{words} features {FEATURES_VERSION}, which may differ: retrain$"
        ):
            load(folder)


def test_a_bundle_that_names_no_version_of_the_features_is_refused(folder):
    manifest = json.loads((folder / MANIFEST_FILE).read_text())
    del manifest["features_version"]
    (folder / MANIFEST_FILE).write_text(json.dumps(manifest))
    with pytest.raises(BundleError, match=r"names no version of the features, .*: retrain$"):
        load_bundle(folder)


def test_other_columns_are_refused(folder):
    rewrite(folder, columns=[*COLUMNS[:-1], "other"])
    with pytest.raises(BundleError, match=r"trained on other feature columns .*: retrain$"):
        load_bundle(folder)


def test_other_lists_are_refused(folder, monkeypatch):
    monkeypatch.setattr(models.bundle, "PLATFORMS", (*models.bundle.PLATFORMS, "other"))
    with pytest.raises(
        BundleError, match=r"trained with other lists of platforms, formats or niches: retrain$"
    ):
        load_bundle(folder)


def test_a_manifest_cannot_point_outside_of_its_folder(folder):
    (folder.parent / "outside.txt").write_text("x")
    rewrite(folder, sha256={"../outside.txt": "0"})
    with pytest.raises(BundleError, match=r"names the file '../outside.txt' outside of itself"):
        load_bundle(folder)


def test_what_cannot_be_written_leaves_no_bundle(trained, tmp_path):
    broken = Bundle({**trained.bundle.manifest, "extra": object()}, trained.bundle.reference, {})
    with pytest.raises(TypeError, match="object is no JSON value"):
        save_bundle(broken, tmp_path / "broken")
    assert list(tmp_path.iterdir()) == []


def test_a_write_that_stops_halfway_leaves_no_bundle(trained, tmp_path, monkeypatch):
    def full(*paths):
        raise OSError("No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", full)
        with pytest.raises(OSError, match="No space left"):
            save_bundle(trained.bundle, tmp_path / "artifacts" / "bundles" / "half")
    assert [path.name for path in tmp_path.rglob("*")] == ["artifacts", "bundles"]


def test_the_newest_bundle_is_the_latest_and_half_written_ones_do_not_count(tmp_path):
    with pytest.raises(BundleError, match=r"no bundle in .*: run creatorcast train DATA first"):
        latest_bundle(tmp_path)
    bundles = tmp_path / "artifacts" / "bundles"
    for name in ("20260101-000000-aaaaaa", "20260301-000000-aaaaaa", ".20270101-000000-aaaaaa.1"):
        (bundles / name).mkdir(parents=True)
        (bundles / name / MANIFEST_FILE).touch()
    (bundles / "20280101-000000-aaaaaa").mkdir()
    assert latest_bundle(tmp_path) == bundles / "20260301-000000-aaaaaa"


def test_the_champion_is_one_line_that_is_replaced(tmp_path):
    (tmp_path / "artifacts").mkdir()
    with pytest.raises(
        BundleError,
        match=r"no champion in .*: run creatorcast train DATA, then creatorcast promote",
    ):
        champion_folder(tmp_path)
    for version in ("one", "two"):
        set_champion(tmp_path, version)
        assert champion_folder(tmp_path) == tmp_path / "artifacts" / "bundles" / version
    assert champion_file(tmp_path).read_text() == "two\n"
    assert [path.name for path in sorted(champion_file(tmp_path).parent.iterdir())] == [
        "champion",
        "champions.jsonl",
    ]
