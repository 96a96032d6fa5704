"""A temporary folder that takes no files is used for folders; where none takes any, nothing is made up."""

import os
import subprocess
import sys
import tempfile

import pytest

from serving.http.temporary_folder import list_folder, sweep_lists, use_temporary_folder


@pytest.fixture
def full(monkeypatch, tmp_path):
    """Have no folder that takes files; TMPDIR names one that takes folders."""

    def no_file(*_):
        raise FileNotFoundError(2, "No usable temporary directory found")

    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(tempfile, "_get_default_tempdir", no_file)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return tmp_path


def test_a_folder_that_takes_folders_is_used_where_none_takes_files(full):
    use_temporary_folder()
    assert tempfile.gettempdir() == str(full)
    assert list(full.iterdir()) == []


def test_a_folder_that_is_missing_is_passed_over(full, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(full / "missing"))
    monkeypatch.setenv("TEMP", str(full))
    use_temporary_folder()
    assert tempfile.gettempdir() == str(full)


def test_where_nothing_can_be_made_python_says_so(full, monkeypatch):
    def refused(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tempfile, "mkdtemp", refused)
    use_temporary_folder()
    with pytest.raises(FileNotFoundError):
        tempfile.gettempdir()


def test_a_folder_that_takes_files_stays(monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    use_temporary_folder()
    assert tempfile.tempdir == str(tmp_path)


def test_lists_of_processes_that_are_gone_are_removed_and_no_others(monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    alive = tmp_path / f"creatorcast-list-{os.getppid()}-a"
    others = [tmp_path / name for name in ("creatorcast-list-x", "creatorcast-list-x-y", "else")]
    dead = [tmp_path / f"creatorcast-list-{pid}-a" for pid in (ended.pid, os.getpid())]
    for folder in (alive, *others, *dead):
        folder.mkdir()
        (folder / "list.csv").write_text("secret")
    sweep_lists()
    assert sorted(tmp_path.iterdir()) == sorted([alive, *others])


def test_the_folder_of_a_list_names_its_process(monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with list_folder() as folder:
        assert folder.name.startswith(f"creatorcast-list-{os.getpid()}-")
    assert list(tmp_path.iterdir()) == []
