"""The journal: what was confirmed is in the ledger once, whatever is killed, full, locked or broken in between."""

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from contextlib import closing, contextmanager

import numpy as np
import pytest
from sqlalchemy import text
from test_ledger_store import server  # noqa: F401

from ledger.forecast_batch import ForecastBatch
from ledger.forecast_entry import LEVELS
from ledger.journal import Journal, JournalError, journal_files
from ledger.keeper import KEPT, LOST, WAITING, ForecastKeeper
from ledger.list_keeper import ListKeeper
from ledger.move import move_journal
from ledger.segment import Segment, encode_line
from ledger.settings import ledger_settings
from ledger.store import open_ledger


def batch(*ids, **columns):
    n = len(ids)
    return ForecastBatch(
        {"made_at": 1, "as_of": 1, "door": "score", "model_version": "v", "trained_on": "t",
         "features_version": 1, "features_digest": "d", "campaign": "spring"},
        {"forecast_id": list(ids), "platform": ["x"] * n, "evidence": ["history"] * n,
         "horizon_days": [30.0] * n, "deliverables": np.ones(n), "engagements_mean": np.ones(n),
         **columns},
        {"followers_log": np.full(n, np.nan), "platform": ["x"] * n},
        {"niche": ["beauty", *[None] * (n - 1)]},
        np.ones((n, len(LEVELS))),
        np.full((1, len(LEVELS)), 2.0),
        [n - 1],
    )  # fmt: skip


@pytest.fixture
def settings(tmp_path):
    return ledger_settings(tmp_path, {"CREATORCAST_LEDGER": "on"})


@contextmanager
def keeping(settings):
    """Give a keeper without its thread, and what it counts."""
    counts = dict.fromkeys((KEPT, LOST, WAITING), 0)

    def count(what, number):
        counts[what] += number

    keeper = ForecastKeeper(settings, count)
    yield keeper, counts
    keeper.stop()


def ids_in(home, address=None):
    with open_ledger(home, address) as ledger:
        return ledger.forecasts()["forecast_id"].tolist()


def test_a_long_batch_is_kept_row_by_row(settings, tmp_path):
    ids = [f"{number:032x}" for number in range(2500)]
    with keeping(settings) as (keeper, counts):
        assert keeper.keep([batch(*ids)]) is None
        assert counts == {KEPT: 2500, LOST: 0, WAITING: 2500}
        assert keeper.move() == ""
        assert counts[WAITING] == 0
    with open_ledger(tmp_path) as ledger:
        found = ledger.forecasts()
    assert found["forecast_id"].tolist() == ids
    assert [row for row in range(2500) if found["views"][row] is not None] == [2499]
    assert found["question"].tolist() == [{"niche": "beauty"}, *[{}] * 2499]
    assert found["inputs"][0] == {"platform": "x"}
    assert journal_files(settings.journal) == []


KEEP = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from ledger.keeper import ForecastKeeper
from ledger.settings import ledger_settings
from test_ledger_journal import batch
keeper = ForecastKeeper(ledger_settings(Path(sys.argv[1]), {"CREATORCAST_LEDGER": "on"}))
keeper.start()
for number in range(10**9):
    name = f"{sys.argv[3]}{number:031x}"
    if keeper.keep([batch(name, name + "b")]) is None:
        print(name, flush=True)
"""


def test_processes_that_are_killed_lose_nothing_that_was_confirmed(settings, tmp_path):
    command = [sys.executable, "-c", KEEP, tmp_path, os.path.dirname(__file__)]
    started = [
        subprocess.Popen([*command, name], stdout=subprocess.PIPE, text=True) for name in "ab"
    ]
    for process in started:
        process.stdout.readline()
    time.sleep(1.0)
    for process in started:
        process.send_signal(signal.SIGKILL)
    told = [process.stdout.read().split() for process in started]
    for process in started:
        process.stdout.close()
        process.wait(30)
    with keeping(settings) as (keeper, _):
        assert keeper.move() == ""
    found = ids_in(tmp_path)
    confirmed = {name + end for names in told for name in names for end in ("", "b")}
    assert len(confirmed) > 100
    assert len(found) == len(set(found))
    assert confirmed <= set(found)
    assert len(found) <= len(confirmed) + 8  # each was killed between two lines, at most
    assert journal_files(settings.journal) == []


def test_a_torn_last_line_is_left_out_and_a_damaged_one_set_aside(settings, tmp_path):
    segment = Segment.new(settings.journal, "1-2-old")
    good = [encode_line(batch(name).encode(), 1) for name in ("a", "b")]
    spoilt = good[0].replace(b"spring", b"sprung")
    segment.append(good[0] + spoilt + b"no line\n" + good[1] + good[1][:-20])
    segment.close()
    journal = Journal(settings.journal)
    with open_ledger(tmp_path) as ledger, closing(journal):
        moved = move_journal(journal, ledger)
        assert (moved.adopted, moved.damaged) == (2, 2)
        assert ledger.forecasts()["forecast_id"].tolist() == ["a", "b"]
    [aside] = journal_files(settings.journal, ".damaged")
    assert aside.read_bytes() == spoilt + b"no line\n"


def test_a_line_that_the_database_refuses_does_not_hold_the_others_up(settings, tmp_path):
    with keeping(settings) as (keeper, counts):
        for one in (batch("a"), batch("b", engagements_mean=[None]), batch("c\0", verdict=["\0!"])):
            assert keeper.keep([one]) is None
        assert keeper.move() == ""
        assert counts == {KEPT: 3, LOST: 1, WAITING: 0}
    assert ids_in(tmp_path) == ["a", "c"]
    assert b"engagements_mean" in journal_files(settings.journal, ".damaged")[0].read_bytes()


@contextmanager
def locked(settings):
    with open_ledger(settings.home) as ledger, ledger.writing() as connection:
        connection.execute(text("DELETE FROM forecasts"))
        yield


@contextmanager
def in_place_of_a_folder(settings):
    file = settings.home / "artifacts" / "ledger.db"
    file.mkdir(parents=True)
    yield
    file.rmdir()


@contextmanager
def of_another_kind(settings):
    file = settings.home / "artifacts" / "ledger.db"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"no database" * 999)
    yield
    file.unlink()


@pytest.mark.parametrize("fault", [locked, in_place_of_a_folder, of_another_kind])
def test_a_database_that_fails_keeps_forecasts_waiting(fault, settings, monkeypatch, caplog):
    monkeypatch.setattr("ledger.database.BUSY_SECONDS", 0.2)
    with keeping(settings) as (keeper, counts):
        with fault(settings):
            for name in "abc":
                assert keeper.keep([batch(name)]) is None
                assert keeper.move() != ""
            assert counts == {KEPT: 3, LOST: 0, WAITING: 3}
        assert keeper.move() == ""
    assert counts[WAITING] == 0
    assert ids_in(settings.home) == ["a", "b", "c"]
    told = [record.message for record in caplog.records]
    assert len(told) == 2
    assert "forecasts wait in the journal" in told[0]
    assert "the database works again" in told[1]


def test_postgres_that_is_down_keeps_forecasts_waiting(server, settings, tmp_path):  # noqa: F811
    address = server.new_database()
    off = address.replace(f":{server.port}/", ":9/")
    environment = {"CREATORCAST_LEDGER": off}
    keeper = ListKeeper(ledger_settings(tmp_path, environment), "spring")
    keeper.keep([batch("a\0", verdict=["\0"])])
    [told] = keeper.finish()
    assert told.startswith(
        "1 forecast NOT yet in the ledger (campaign spring): ledger '127.0.0.1:9/"
    )
    assert "secret" not in told
    keeper = ListKeeper(ledger_settings(tmp_path, {"CREATORCAST_LEDGER": address}), "spring")
    keeper.keep([batch("b")])
    assert keeper.finish() == ["1 forecast kept in the ledger (campaign spring)"]
    assert ids_in(tmp_path, address) == ["a", "b"]


def test_a_journal_that_is_full_or_cannot_be_written_is_told_and_counted(tmp_path, caplog):
    megabytes = 2.5 * len(encode_line(batch("a").encode(), 1)) / 2**20
    environment = {"CREATORCAST_LEDGER": "on", "CREATORCAST_LEDGER_JOURNAL_MB": f"{megabytes}"}
    with keeping(ledger_settings(tmp_path, environment)) as (keeper, counts):
        told = [keeper.keep([batch(name)]) for name in "abcd"]
        assert told[:2] == [None, None]
        assert [text[:20] for text in told[2:]] == ["the journal is full "] * 2
        assert counts == {KEPT: 2, LOST: 2, WAITING: 2}
        assert keeper.move() == ""
        assert keeper.keep([batch("e")]) is None
    assert len(caplog.records) == 2  # that it is full, once, and that it is not any more
    environment = {"CREATORCAST_LEDGER": "on", "CREATORCAST_LEDGER_JOURNAL": "/dev/null/journal"}
    with keeping(ledger_settings(tmp_path, environment)) as (keeper, counts):
        told = [keeper.keep([batch(name)]) for name in "fg"]
        assert told == ["the journal cannot be written: Not a directory"] * 2
        assert counts == {KEPT: 0, LOST: 2, WAITING: 0}
    with keeping(ledger_settings(tmp_path, {"CREATORCAST_LEDGER": "on"})) as (keeper, _):
        assert keeper.move() == ""
    assert ids_in(tmp_path) == ["a", "b", "e"]


def test_a_disk_that_is_full_leaves_no_line_in_part(settings, tmp_path):
    line = len(encode_line(batch("a").encode(), 1))
    journal = Journal(settings.journal)
    journal.append([batch("a")])
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (line + 100, before[1]))
    try:
        with pytest.raises(JournalError, match="cannot be written: File too large"):
            journal.append([batch("b")])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    journal.append([batch("c")])
    with open_ledger(tmp_path) as ledger, closing(journal):
        assert move_journal(journal, ledger).own == 2
        assert ledger.forecasts()["forecast_id"].tolist() == ["a", "c"]


def test_a_journal_that_is_removed_while_it_is_written_loses_nothing(settings, tmp_path):
    journal = Journal(settings.journal)
    journal.append([batch("a")])
    journal.waiting_segments()  # as a move that the database refuses
    journal.append([batch("b")])
    shutil.rmtree(settings.journal)
    journal.append([batch("c")])
    [*_, active] = journal.waiting_segments()
    assert active.size
    for path in journal_files(settings.journal):  # as they are found after a kill
        shutil.copy(path, path.with_name(f"1-2-{path.name}"))
    with open_ledger(tmp_path) as ledger, closing(Journal(settings.journal)) as later:
        assert move_journal(later, ledger).adopted == 3
        assert sorted(ledger.forecasts()["forecast_id"]) == ["a", "b", "c"]
    journal.close()


def test_what_cannot_be_encoded_costs_no_answer(settings):
    with keeping(settings) as (keeper, counts):
        told = keeper.keep([batch("a", verdict=["\ud800"])])
        assert told == "they could not be encoded (TypeError)"
        assert counts == {KEPT: 0, LOST: 1, WAITING: 0}
    assert json.loads(batch("a").encode().split(b"\t")[0])["view_rows"] == [0]
