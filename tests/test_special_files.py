"""A FIFO, a socket or a device where a file is read: refused at once, in one sentence, whichever file it is."""

import contextlib
import os
import shutil
import signal
import socket

import pytest
from click.testing import CliRunner

from creatorcast import main

LIST = "platform,followers\ninstagram,20000\n"
SCORE = ("score", "list.csv", "--out", "out.csv")
#: What is asked for where the special file stands, by what it stands for.
DOORS = {
    "list.csv": SCORE,
    "list.parquet": ("score", "list.parquet", "--out", "out.csv"),
    "list.xlsx": ("score", "list.xlsx", "--out", "out.csv"),
    "lists/part-1.parquet": ("score", "lists", "--out", "out.csv"),
    "rates.csv": (*SCORE, "--rates", "rates.csv"),
    "emv.csv": (*SCORE, "--emv", "emv.csv"),
    "map.csv": (*SCORE, "--map", "map.csv"),
    "data/creators.csv": (*SCORE, "--data", "data"),
    "data/posts.parquet": (*SCORE, "--data", "data"),
    "data/rates.csv": (*SCORE, "--data", "data"),
    "data/dataset.json": (*SCORE, "--data", "data"),
    "data/followers.csv": ("features", "data", "--out", "out.parquet"),
    "data/partnerships.parquet": ("train", "data", "--no-log"),
    "export.json": ("import", "export.json", "--out", "tables"),
    "export.csv": ("import", "export.csv", "--out", "tables"),
    "panel/posts.csv.gz": ("import", "panel", "--kind", "instagram-panel", "--out", "tables"),
    "tables/posts.parquet": ("import", "list.csv", "--out", "tables"),
}


@pytest.fixture
def folder(tmp_path, home, market_folder, monkeypatch):
    monkeypatch.setenv("CREATORCAST_HOME", str(home))
    monkeypatch.chdir(tmp_path)
    shutil.copytree(market_folder, "data", ignore=shutil.ignore_patterns("truth"))
    for name in ("lists", "panel", "tables"):
        os.mkdir(name)
    with open("panel/followers_monthly.csv", "w") as file:
        file.write("creator_id,date,followers\n")
    with open("list.csv", "w") as file:
        file.write(LIST)
    return tmp_path


@contextlib.contextmanager
def seconds(count):
    """Fail where something takes longer, as what waits for a FIFO does for ever."""

    def end(*_):
        raise AssertionError("it waits")

    before = signal.signal(signal.SIGALRM, end)
    signal.alarm(count)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def put(kind, name):
    """Put a special file in a place; the table of that name in the other format goes."""
    stem = name.rsplit(".", 1)[0]
    for other in (name, f"{stem}.parquet", f"{stem}.csv"):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(other)
    if kind == "a FIFO":
        os.mkfifo(name)
    elif kind == "a device":
        os.symlink("/dev/zero", name)
    else:
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(name)


@pytest.mark.parametrize("name", DOORS)
@pytest.mark.parametrize("kind", ["a FIFO", "a device", "a socket"])
def test_what_is_no_regular_file_is_refused_at_once(kind, name, folder):
    put(kind, name)
    with seconds(60):
        result = CliRunner().invoke(main, DOORS[name])
    assert result.exit_code == 2, (result.output, result.exception)
    *_, line = result.output.splitlines()
    assert line.startswith("creatorcast: ")
    assert name in line
    assert f"it is {kind}, expected a regular file" in line
    assert not os.path.exists("out.csv")


def test_standard_input_is_read_still(folder):
    result = CliRunner().invoke(main, ["score", "-", "--out", "out.csv"], input=LIST)
    assert result.exit_code == 0
