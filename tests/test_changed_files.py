"""Files that change while they are read: told, nothing written in place of what was there, and nothing to take up."""

import gzip
import os
import shutil

import pandas as pd
import pytest
from click.testing import CliRunner
from conftest import uneven_list

import features.tables.folder
import ingest.exports.importer
import serving.batch.open_list
import serving.batch.runner
from creatorcast import main
from features.files.change_guard import FileChangedError, require_unchanged
from serving.batch import BatchError, ProgressReporter, score_file

AS_OF = pd.Timestamp("2026-06-15T00:00:00Z")
ROWS = 700
KINDS = ("short.csv", "long.csv", "list.csv.gz", "list.xlsx", "list.parquet", "folder")


@pytest.fixture
def few_rows(monkeypatch):
    monkeypatch.setattr(serving.batch.runner, "CHUNK_ROWS", 100)


def write(path, seed=0):
    """Write a list; those of two seeds differ in every fee and have the same size."""
    frame = uneven_list(ROWS).assign(fee_usd=100.0 + (uneven_list(ROWS).index + seed) % 13)
    if path.name == "folder":
        path.mkdir(exist_ok=True)
        frame[:300].to_parquet(path / "part-1.parquet", compression=None)
        frame[300:].to_parquet(path / "part-2.parquet", compression=None)
    elif path.suffix == ".parquet":
        frame.to_parquet(path, compression=None)
    elif path.suffix == ".xlsx":
        frame.to_excel(path, index=False)
    elif path.suffix == ".gz":
        path.write_bytes(gzip.compress(frame.to_csv(index=False).encode(), mtime=0))
    else:
        frame.to_csv(path, index=False)
    return path


def last_file(path):
    return path / "part-2.parquet" if path.is_dir() else path


def written_over(path, other):
    """Put the content of another list into the file, and its times back."""
    state = path.stat()
    content = last_file(other).read_bytes()
    with open(path, "r+b") as file:
        file.write(content)
        file.truncate(len(content))
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))


def written_over_and_back(path, other):
    before = shutil.copy2(path, path.parent.parent / "before")
    written_over(path, other)
    written_over(path, before)


def longer(path, other):
    with open(path, "ab") as file:
        file.write(b"\n")


CHANGES = {
    "written over, its time set back": written_over,
    "written over and back": written_over_and_back,
    "replaced": lambda path, other: os.replace(
        shutil.copy2(last_file(other), f"{other}.copy"), path
    ),
    "longer": longer,
    "removed": lambda path, other: path.unlink(),
}


@pytest.fixture
def lists(tmp_path, monkeypatch):
    """Give a folder with a list of each kind and one to change it for, beside it."""
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def scored_while(change, source, scorer, out):
    done = []

    def progress(*_):
        if not done:
            done.append(change())

    return score_file(source, out, scorer, AS_OF, reporter=ProgressReporter(progress=progress))


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("how", CHANGES)
def test_a_list_that_changes_while_it_is_scored_gives_no_answers(
    how, name, lists, scorer, few_rows, monkeypatch
):
    monkeypatch.setattr(
        serving.batch.open_list, "FAST_CSV_MIN_LINES", 100 if name == "long.csv" else 10**6
    )
    source, other, out = write(lists / name), write(lists / "other" / name, 1), lists / "out.csv"
    out.write_text("as it was")
    with pytest.raises(
        BatchError, match="was changed while it was scored: no answers were written"
    ):
        scored_while(lambda: CHANGES[how](last_file(source), other), source, scorer, out)
    assert out.read_text() == "as it was"
    assert not (lists / ".out.csv.work").exists()
    assert not (lists / "out.csv.rejected.csv").exists()


def test_a_file_that_comes_into_the_folder_of_a_list_is_a_change(lists, scorer, few_rows):
    source = write(lists / "folder")
    with pytest.raises(BatchError, match=r"part-3\.parquet' was changed while it was scored"):
        scored_while(
            lambda: shutil.copy(source / "part-1.parquet", source / "part-3.parquet"),
            source,
            scorer,
            lists / "o.csv",
        )


def test_a_change_before_the_last_look_is_found_by_all_bytes(lists, scorer, monkeypatch):
    source = write(lists / "list.csv")
    monkeypatch.setattr(serving.batch.runner.FileFingerprint, "check", lambda self: None)
    with pytest.raises(BatchError, match="was changed while it was scored"):
        scored_while(
            lambda: written_over(source, write(lists / "other" / "list.csv", 1)),
            source,
            scorer,
            lists / "out.csv",
        )


def test_a_list_that_is_only_read_meanwhile_is_scored(lists, scorer, few_rows):
    source = write(lists / "list.csv")
    assert scored_while(source.read_bytes, source, scorer, lists / "out.csv").read == ROWS


@pytest.mark.parametrize("changed", ["creators.parquet", "posts.parquet"])
def test_tables_that_change_while_they_are_read_are_refused(
    changed, lists, home, market_folder, monkeypatch
):
    monkeypatch.setenv("CREATORCAST_HOME", str(home))
    shutil.copytree(market_folder, "data")
    write(lists / "list.csv")
    real = features.tables.folder.read_frame

    def read(path, names=None):
        frame = real(path, names)
        if path.name == "followers.parquet":
            os.utime(f"data/{changed}")
        return frame

    monkeypatch.setattr(features.tables.folder, "read_frame", read)
    result = CliRunner().invoke(main, ["score", "list.csv", "--data", "data", "--out", "out.csv"])
    assert result.exit_code == 2
    assert result.output.endswith(
        f"{changed}' was changed while it was read: run it again when nothing writes to it\n"
    )
    assert not os.path.exists("out.csv")


def test_an_export_that_changes_while_it_is_imported_is_refused(lists, monkeypatch):
    (lists / "list.csv").write_text("handle,platform,followers\nanna,instagram,5000\n")
    real = ingest.exports.importer.sheet_reader.read

    def read(job):
        real(job)
        os.utime(job.path)

    monkeypatch.setattr(ingest.exports.importer.sheet_reader, "read", read)
    result = CliRunner().invoke(main, ["import", "list.csv", "--out", "tables"])
    assert result.exit_code == 2
    assert "'list.csv' was changed while it was read" in result.output
    assert not os.path.exists("tables")


def test_a_file_that_is_not_there_may_stay_so(tmp_path):
    with require_unchanged(tmp_path / "absent", None):
        pass
    with pytest.raises(FileChangedError), require_unchanged(tmp_path / "absent"):
        (tmp_path / "absent").touch()
