"""Runs that are stopped, taken up again, or meet another one: the answers are there whole or not at all."""

import json
import os
import resource
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from conftest import uneven_list

import serving.batch.runner
from ledger.list_keeper import ListKeeper
from ledger.settings import ledger_settings
from ledger.store import open_ledger
from serving.batch import BatchError, BatchOptions, ProgressReporter, score_file
from serving.batch.checkpoint import Checkpoint
from serving.scoring.deal_terms import AnswerOptions
from serving.scoring.scorer import Scorer

AS_OF = pd.Timestamp("2026-06-15T00:00:00Z")
#: Scores a list in chunks of 100 rows, as of now, for a process of its own.
RUN = """
import os, sys
from pathlib import Path
import serving.batch.runner as run
from ledger.list_keeper import ListKeeper
from ledger.settings import ledger_settings
from models.bundle import load_bundle
from models.champion import champion_folder
from serving.scoring.scorer import Scorer
run.CHUNK_ROWS = 100
scorer = Scorer(load_bundle(champion_folder(Path(sys.argv[1]))))
settings = ledger_settings(Path(sys.argv[1]), os.environ)
ledger = None if settings is None else ListKeeper(settings)
print("ready", flush=True)
options = run.BatchOptions(resume="--resume" in sys.argv, ledger=ledger)
run.score_file(Path(sys.argv[2]), Path(sys.argv[3]), scorer, options=options)
"""


@pytest.fixture
def few_rows(monkeypatch):
    monkeypatch.setattr(serving.batch.runner, "CHUNK_ROWS", 100)


def write_list(path: Path, rows: int = 1200) -> Path:
    """Write an uneven list, whose repeated ids are of other chunks."""
    frame = uneven_list(rows)
    frame.to_parquet(path) if path.suffix == ".parquet" else frame.to_csv(path, index=False)
    return path


def started(home: Path, source: Path, out: Path, *options: str) -> subprocess.Popen:
    command = [sys.executable, "-c", RUN, str(home), str(source), str(out), *options]
    environment = {**os.environ, "PYTHONPATH": str(Path(serving.batch.runner.__file__).parents[2])}
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    )
    assert process.stdout.readline() == "ready\n", process.stderr.read()
    return process


def work_of(out: Path) -> Path:
    return out.with_name(f".{out.name}.work")


def lines_of(out: Path) -> int:
    journal = work_of(out) / "journal"
    return journal.read_bytes().count(b"\n") if journal.exists() else 0


def killed_after(process: subprocess.Popen, out: Path, chunks: int) -> int:
    """Kill a run with SIGKILL once so many chunks are written down; give how many were."""
    while lines_of(out) <= chunks and process.poll() is None:
        time.sleep(0.0005)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    return lines_of(out) - 1


@pytest.mark.parametrize(
    ("source", "ending"),
    [("list.csv", ".csv"), pytest.param("list.parquet", ".parquet", marks=pytest.mark.slow)],
)
def test_a_run_killed_at_several_points_ends_with_the_same_files_and_each_forecast_once(
    tmp_path, home, scorer, few_rows, source, ending, monkeypatch
):
    monkeypatch.setenv("CREATORCAST_LEDGER", f"sqlite:///{tmp_path}/ledger.db")
    monkeypatch.setenv("CREATORCAST_LEDGER_JOURNAL", str(tmp_path / "ledger-journal"))
    held = write_list(tmp_path / source)
    out, whole = tmp_path / f"o{ending}", tmp_path / f"whole{ending}"
    out.write_text("earlier")
    reached = []
    for chunks in (0, 2, 5):
        reached.append(
            killed_after(started(home, held, out, *(["--resume"] if reached else [])), out, chunks)
        )
        assert out.read_text() == "earlier"
        assert not Path(f"{out}.rejected.csv").exists()
    assert reached == sorted(reached)
    assert reached[-1] < 12  # else nothing would be left to take up
    as_of = pd.Timestamp(json.loads((work_of(out) / "manifest").read_text())["as_of"])
    keeper = ListKeeper(ledger_settings(home, os.environ))
    tally = score_file(held, out, scorer, options=BatchOptions(resume=True, ledger=keeper))
    assert tally.read == 1200 == tally.scored + tally.rejected
    keeper.finish()
    with open_ledger(home, os.environ["CREATORCAST_LEDGER"]) as ledger:
        kept = ledger.forecasts()
    assert len(kept) == kept["forecast_id"].nunique() == tally.scored
    assert (tally.read, tally.summary) == (
        (again := score_file(held, whole, scorer, as_of)).read,
        again.summary,
    )
    assert out.read_bytes() == whole.read_bytes()
    assert Path(f"{out}.rejected.csv").read_bytes() == Path(f"{whole}.rejected.csv").read_bytes()
    assert not work_of(out).exists()


def stop_after(chunks: int) -> ProgressReporter:
    """Return a reporter that stops a run as Ctrl-C does."""
    told = []

    def progress(*done):
        told.append(done)
        if len(told) == chunks:
            raise KeyboardInterrupt

    return ProgressReporter(progress)


def interrupted(source: Path, out: Path, scorer: Scorer, chunks: int = 3) -> None:
    with pytest.raises(KeyboardInterrupt, match="is kept: run it again with --resume"):
        score_file(source, out, scorer, AS_OF, reporter=stop_after(chunks))


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_what_was_written_past_the_journal_is_cut_off(tmp_path, scorer, few_rows, ending):
    held = write_list(tmp_path / "list.csv", 500)
    out, whole = tmp_path / f"o{ending}", tmp_path / f"whole{ending}"
    interrupted(held, out, scorer)
    for name in ("answers", "rejected", "journal"):
        with open(work_of(out) / name, "ab") as file:
            file.write(b'{"torn')
    score_file(held, out, scorer, options=BatchOptions(resume=True))
    score_file(held, whole, scorer, AS_OF)
    assert out.read_bytes() == whole.read_bytes()


def test_a_file_that_the_disk_lost_is_written_again(tmp_path, scorer, few_rows):
    held, out, whole = (
        write_list(tmp_path / "list.csv", 500),
        tmp_path / "o.csv",
        tmp_path / "whole.csv",
    )
    interrupted(held, out, scorer)
    answers = work_of(out) / "answers"
    answers.write_bytes(answers.read_bytes()[:-2000] + bytes(2000))
    score_file(held, out, scorer, options=BatchOptions(resume=True))
    score_file(held, whole, scorer, AS_OF)
    assert out.read_bytes() == whole.read_bytes()


@pytest.mark.parametrize(
    ("change", "called"),
    [
        (lambda held: write_list(held, 501), "the input changed"),
        (lambda held: BatchOptions(columns=("partnership_id",)), "the options changed"),
        (lambda held: BatchOptions(extras=AnswerOptions(quantiles=(0.5,))), "the options changed"),
        (lambda held: BatchOptions(inputs_digest="other"), "the tables or rates changed"),
        (lambda held: AS_OF + pd.Timedelta(days=1), "as_of changed"),
    ],
)
def test_a_run_of_something_else_is_not_taken_up(tmp_path, scorer, few_rows, change, called):
    held, out = write_list(tmp_path / "list.csv", 500), tmp_path / "o.csv"
    interrupted(held, out, scorer)
    changed = change(held)
    options = changed if isinstance(changed, BatchOptions) else BatchOptions()
    options = replace(options, resume=True)
    moment = changed if isinstance(changed, pd.Timestamp) else None
    with pytest.raises(BatchError, match=f"{called}; run it without --resume to start anew"):
        score_file(held, out, scorer, moment, options)
    said = []
    score_file(held, out, scorer, AS_OF, reporter=ProgressReporter(notify=said.append))
    assert (
        said[-1]
        == "an unfinished run of these answers is started anew; --resume would have taken it up"
    )


def test_a_run_of_another_model_is_not_taken_up(tmp_path, scorer, few_rows):
    held, out, whole = (
        write_list(tmp_path / "list.csv", 500),
        tmp_path / "o.csv",
        tmp_path / "whole.csv",
    )
    interrupted(held, out, scorer)
    newer = replace(scorer.bundle, manifest={**scorer.bundle.manifest, "version": "newer"})
    with pytest.raises(
        BatchError, match="the model changed; run it without --resume to start anew"
    ):
        score_file(held, out, Scorer(newer), options=BatchOptions(resume=True))
    score_file(held, out, scorer, options=BatchOptions(resume=True))  # what was done was kept
    score_file(held, whole, scorer, AS_OF)
    assert out.read_bytes() == whole.read_bytes()


def test_two_runs_of_one_file_exclude_each_other(tmp_path, scorer):
    held, out = write_list(tmp_path / "list.csv", 10), tmp_path / "o.csv"
    with (
        Checkpoint(out, work_of(out)),
        pytest.raises(BatchError, match=r"o\.csv' is being written by another run: wait for it"),
    ):
        score_file(held, out, scorer, AS_OF)
    assert (
        score_file(held, out, scorer, AS_OF).read == 10
    )  # the lock of a run that is gone holds nobody up


def test_a_disk_that_is_full_is_told_and_the_run_can_be_taken_up(tmp_path, scorer, few_rows):
    held, out, whole = write_list(tmp_path / "list.csv"), tmp_path / "o.csv", tmp_path / "whole.csv"
    out.write_text("earlier")
    before, limits = held.read_bytes(), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, limits[1]))
    try:
        message = r"o\.csv' cannot be written: File too large; what was done is kept: make room and run it again with"
        with pytest.raises(BatchError, match=message):
            score_file(held, out, scorer, AS_OF)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert (out.read_text(), held.read_bytes()) == ("earlier", before)
    score_file(held, out, scorer, options=BatchOptions(resume=True))
    score_file(held, whole, scorer, AS_OF)
    assert out.read_bytes() == whole.read_bytes()


def test_there_is_nothing_to_take_up(tmp_path, scorer):
    held, said = write_list(tmp_path / "list.csv", 10), []
    score_file(
        held,
        tmp_path / "o.csv",
        scorer,
        AS_OF,
        BatchOptions(resume=True),
        ProgressReporter(notify=said.append),
    )
    assert said[-1] == "there is no unfinished run to take up: it starts from the beginning"
