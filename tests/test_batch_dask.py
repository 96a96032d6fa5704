"""The same run over the processes of a Dask cluster, one of which is killed at some step."""

import os
import signal
import time
from functools import partial

import numpy as np
import pandas as pd
import pytest
from conftest import uneven_list

from models.cluster import ClusterError, ClusterSession
from serving.batch import BatchError, BatchOptions, ProgressReporter, score_file
from serving.scoring.deal_terms import AnswerOptions

pytest.importorskip("distributed")
from distributed import KilledWorker
from lost_workers import lose_a_worker, slowly

#: Steps at which a worker is lost: a method of Client with the moment of the kill, or a function of a task.
STEPS = [("scatter", "after"), "serving.batch.executors._score_on_worker"]
MORE_STEPS = [
    ("gather", "before"),
    ("run", "after"),
    ("__init__", "before"), ("wait_for_workers", "after"), ("run", "before"), ("scatter", "before"),
    ("submit", "after"),
]  # fmt: skip
AS_OF = pd.Timestamp("2026-06-15T00:00:00Z")


def write_folder(folder, rows=3000):
    """Write an uneven list as three files of several row groups."""
    frame = uneven_list(rows)
    folder.mkdir()
    for number, part in enumerate(np.array_split(np.arange(rows), 3)):
        frame.iloc[part].to_parquet(folder / f"part-{number}.parquet", row_group_size=170)
    return folder


@pytest.fixture(scope="module")
def small_chunks():
    """Have lists scored 512 rows at a time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("serving.batch.runner.CHUNK_ROWS", 512)
        yield


@pytest.fixture(scope="module")
def here(scorer, small_chunks, tmp_path_factory):
    """Give a list, and its answers and rejected rows as this process writes them."""
    folder = tmp_path_factory.mktemp("here")
    listed = write_folder(folder / "list")
    tally = score_file(listed, folder / "out.parquet", scorer, AS_OF)
    assert tally.rejected > 60
    return listed, (folder / "out.parquet").read_bytes(), tally.rejected_path.read_bytes()


def scored(listed, folder, scorer, **options):
    """Score over a cluster; give the bytes of the answers and of the rejected rows."""
    tally = score_file(listed, folder / "out.parquet", scorer, AS_OF, BatchOptions(**options))
    return (folder / "out.parquet").read_bytes(), tally.rejected_path.read_bytes()


@pytest.mark.parametrize("step", [*STEPS, *slowly(MORE_STEPS)], ids=str)
def test_a_folder_is_scored_as_on_one_machine_though_a_worker_is_lost(
    two_workers, here, scorer, tmp_path, monkeypatch, step
):
    listed, *expected = here
    lost = lose_a_worker(two_workers, monkeypatch, tmp_path, step)
    assert [*scored(listed, tmp_path, scorer, dask=two_workers.scheduler_address)] == expected
    assert lost()


@pytest.mark.slow
def test_a_worker_that_falls_silent_is_lost_too(two_workers, here, scorer, tmp_path, monkeypatch):
    """The process is stopped, not ended, so that none of its connections is closed."""
    monkeypatch.setattr("models.cluster_connection.SILENT_SECONDS", 10.0)
    monkeypatch.setattr("models.cluster.STALL_SECONDS", 2.0)
    listed, *expected = here
    lost = lose_a_worker(two_workers, monkeypatch, tmp_path, ("submit", "after", signal.SIGSTOP))
    assert [*scored(listed, tmp_path, scorer, dask=two_workers.scheduler_address)] == expected
    assert lost()


@pytest.mark.slow
def test_all_workers_gone_is_one_sentence_and_the_run_can_be_taken_up(
    two_workers, here, scorer, tmp_path, monkeypatch
):
    monkeypatch.setattr("models.cluster.STALL_SECONDS", 1.0)
    listed, *expected = here
    (tmp_path / "out.parquet").write_text("of an earlier run")

    def lose_all(done, rejected, total):
        two_workers.scale(0)

    options = BatchOptions(dask=two_workers.scheduler_address, dask_minutes=0.05)
    message = r"has no workers, after 0.05 minutes: start some by dask worker tcp://.*; what was done is kept: .*--resume"
    with pytest.raises(ClusterError, match=message):
        score_file(
            listed,
            tmp_path / "out.parquet",
            scorer,
            AS_OF,
            options,
            ProgressReporter(progress=lose_all),
        )
    assert (tmp_path / "out.parquet").read_text() == "of an earlier run"
    two_workers.scale(2)
    assert [
        *scored(listed, tmp_path, scorer, dask=two_workers.scheduler_address, resume=True)
    ] == expected


def test_a_step_that_stands_still_is_one_sentence(two_workers):
    message = r"the Dask cluster at 'tcp://.*': nothing ended for 0.02 minutes, with 2 workers, while waiting; see the logs"
    address = two_workers.scheduler_address
    with (
        ClusterSession(address, minutes=0.02) as session,
        pytest.raises(ClusterError, match=message),
    ):
        session.run_step(
            lambda connection: connection.gather([connection.client.submit(time.sleep, 5)]),
            "waiting",
        )


def test_a_worker_that_dies_of_each_task_is_one_sentence(two_workers):
    """Dask gives a task up that has lost four workers."""
    with ClusterSession(two_workers.scheduler_address) as session:
        error = KilledWorker("task", None, 3)
        with pytest.raises(
            ClusterError, match="lost worker after worker at one task: see their logs"
        ):
            session.run_step(partial(fail, error), "scoring")


def fail(error, connection):
    raise error


def test_a_list_without_ids_is_scored_too(cluster, scorer, tmp_path):
    listed = tmp_path / "list.parquet"
    pd.DataFrame({"platform": ["tiktok"] * 3, "followers": [1e3, 1e4, 1e5]}).to_parquet(listed)
    extras = AnswerOptions(quantiles=(0.025, 0.5))
    for name, address in (("here", None), ("there", cluster.scheduler_address)):
        options = BatchOptions(extras=extras, dask=address)
        assert score_file(listed, tmp_path / f"{name}.csv", scorer, AS_OF, options).scored == 3
    assert (tmp_path / "there.csv").read_bytes() == (tmp_path / "here.csv").read_bytes()


def test_lists_that_are_no_parquet_are_refused(scorer, tmp_path):
    (tmp_path / "list.csv").write_text("platform,followers\ntiktok,1000\n")
    with pytest.raises(
        BatchError, match="a list for --dask must be a Parquet file, or a folder of them"
    ):
        score_file(
            tmp_path / "list.csv",
            tmp_path / "out.csv",
            scorer,
            AS_OF,
            BatchOptions(dask="tcp://127.0.0.1:9"),
        )


def test_a_scheduler_that_does_not_answer_is_named(monkeypatch):
    monkeypatch.setattr("models.cluster_connection.CONNECT_SECONDS", 1)
    with (
        pytest.raises(ClusterError, match=r"no Dask scheduler answers at 'tcp://127\.0\.0\.1:9'"),
        ClusterSession("tcp://127.0.0.1:9"),
    ):
        pass


def test_workers_with_other_code_are_refused(cluster, monkeypatch):
    monkeypatch.setattr("models.cluster.features_version", os.getpid)
    with (
        pytest.raises(
            ClusterError, match="run another version of creatorcast: install this one there"
        ),
        ClusterSession(cluster.scheduler_address),
    ):
        pass
