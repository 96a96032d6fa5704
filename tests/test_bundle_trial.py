"""The trial of a bundle in a process of its own, and the files that a bundle may consist of."""

import os
import shutil

import pytest
from test_bundle_damage import UNANSWERED, sealed

import models.bundle_files
import models.bundle_trial
from models.bundle import load_bundle, load_version
from models.bundle_files import MANIFEST_FILE, BundleError, contents_digest, read_manifest
from models.bundle_folders import bundles_folder
from models.bundle_trial import try_bundle
from models.champion import (
    champion_file,
    champion_folder,
    champion_history_file,
    champion_version,
    previous_champion,
)
from models.champion_history import ChampionHistoryError
from models.trial_variable import TRIED_VARIABLE
from training.promote.promote import promote


@pytest.fixture
def folder(trained, tmp_path):
    """Give a copy of the trained bundle, in a home of its own, that may be spoiled."""
    return shutil.copytree(trained.folder, bundles_folder(tmp_path) / trained.folder.name)


@pytest.fixture
def untried(monkeypatch):
    """Forget which bundles this process has tried."""
    monkeypatch.setattr(models.bundle_trial, "_digests", set())


def never(*_):
    raise AssertionError("a process was started")


def test_a_bundle_is_tried_once_and_never_under_another_content(folder, monkeypatch, untried):
    digest = try_bundle(folder)
    assert digest == contents_digest(read_manifest(folder))
    monkeypatch.setattr(models.bundle_trial, "_run", never)
    assert try_bundle(folder) == digest
    assert load_bundle(folder, digest).version == folder.name
    (folder / "reference.json").write_text((folder / "reference.json").read_text() + " ")
    sealed(folder)
    with pytest.raises(AssertionError, match="a process was started"):
        try_bundle(folder)
    with pytest.raises(BundleError, match="was changed while it was looked at"):
        load_bundle(folder, digest)


def test_what_whoever_started_this_process_has_tried_is_not_tried_again(
    folder, monkeypatch, untried
):
    monkeypatch.setattr(models.bundle_trial, "_run", never)
    monkeypatch.setenv(TRIED_VARIABLE, contents_digest(read_manifest(folder)))
    try_bundle(folder)


def test_a_bundle_that_loads_and_does_not_answer_is_not_promoted(folder, tmp_path, untried):
    UNANSWERED["mean far above"](folder)
    sealed(folder)
    with pytest.raises(
        BundleError,
        match=r"does not answer: of a creator with .* on \w+ it forecasts engagements of",
    ):
        promote(tmp_path)
    assert champion_version(tmp_path) is None


@pytest.mark.parametrize(
    ("ending", "reason"),
    [
        ("os.abort()", r"ends the process that loads it \(SIGABRT\)"),
        ("os.kill(os.getpid(), 9)", r"ends the process that loads it \(SIGKILL\)"),
        ("os._exit(3)", "does not answer: it said nothing"),
        ("os._exit(0)", "does not answer: it said nothing"),
        ("time.sleep(60)", "was not loaded and asked within 2 s"),
    ],
)
def test_a_bundle_that_ends_or_holds_its_process_is_refused(
    folder, tmp_path, monkeypatch, untried, ending, reason
):
    (tmp_path / "sitecustomize.py").write_text(f"import os, time\n{ending}\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(BundleError, match=reason):
        try_bundle(folder, seconds=2)


def a_fifo(path):
    path.unlink()
    os.mkfifo(path)


def a_link(path):
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")


def a_link_to_a_device(path):
    path.unlink()
    path.symlink_to("/dev/zero")


def a_link_to_a_fifo(path):
    os.mkfifo(path.with_name("fifo"))
    path.unlink()
    path.symlink_to("fifo")


def a_folder(path):
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("make", [a_fifo, a_link, a_link_to_a_device, a_link_to_a_fifo, a_folder])
@pytest.mark.parametrize("name", [MANIFEST_FILE, "reference.json", "views_scale.txt"])
def test_a_bundle_consists_of_regular_files_alone(folder, tmp_path, name, make):
    make(folder / name)
    kind = make.__name__.replace("_", " ").split(" to ")[0].replace("fifo", "FIFO")
    for load in (load_bundle, lambda _: load_version(tmp_path, folder.name)):
        with pytest.raises(
            BundleError, match=f"cannot be read.*it is {kind}, expected a regular file"
        ):
            load(folder)


def test_a_file_has_a_largest_size_and_a_bundle_a_largest_number_of_files(folder, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(models.bundle_files, "MAX_BUNDLE_FILES", 3)
        with pytest.raises(BundleError, match="names 9 files, expected at most 3"):
            load_bundle(folder)
    monkeypatch.setattr(models.bundle_files, "MAX_BUNDLE_FILE_BYTES", 100_000)
    with pytest.raises(BundleError, match="cannot be read: it is larger than 100,000 bytes"):
        load_bundle(folder)


@pytest.mark.parametrize(
    "version",
    ["..", ".", "", "../outside", "/etc", ".hidden", "a/b", "one\ntwo", "a\0b", "x" * 200],
)
def test_the_pointer_names_a_folder_of_the_bundles_alone(folder, tmp_path, version):
    champion_file(tmp_path).write_text(version)
    with pytest.raises(
        BundleError,
        match=r"champion' names .*, expected the version of a bundle: run creatorcast promote",
    ):
        champion_folder(tmp_path)


def test_a_link_in_the_place_of_a_bundle_is_refused(folder):
    outside = folder.rename(folder.parents[3] / "outside")
    folder.symlink_to(outside)
    for load in (load_bundle, try_bundle):
        with pytest.raises(
            BundleError, match="is a link, expected the folder of a bundle: copy the bundle there"
        ):
            load(folder)


@pytest.mark.parametrize("make", [a_fifo, a_link_to_a_fifo, a_link_to_a_device, a_folder])
def test_a_pointer_or_history_that_is_no_file_is_told_and_holds_nobody(folder, tmp_path, make):
    champion_file(tmp_path).write_text(folder.name)
    champion_history_file(tmp_path).touch()
    make(champion_history_file(tmp_path))
    with pytest.raises(
        ChampionHistoryError,
        match=r"champions.jsonl' cannot be read: it is .*: correct or remove it",
    ):
        previous_champion(tmp_path)
    make(champion_file(tmp_path)) if make is not a_link_to_a_fifo else a_fifo(
        champion_file(tmp_path)
    )
    with pytest.raises(
        BundleError, match=r"champion' cannot be read: it is .*, expected a regular file"
    ):
        champion_version(tmp_path)


def test_a_pointer_may_be_a_link(folder, tmp_path):
    (tmp_path / "elsewhere").write_text(folder.name)
    champion_file(tmp_path).symlink_to(tmp_path / "elsewhere")
    assert champion_folder(tmp_path) == folder
