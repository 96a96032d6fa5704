"""The same run over the processes of a Dask cluster, one of which is killed half way."""

import os
import signal

import numpy as np
import pandas as pd
import pytest
from conftest import uneven_list

import serving.batch.run
from models.cluster import ClusterError, Session
from serving.batch import BatchError, Options, Watcher, score_file
from serving.terms import Extras

distributed = pytest.importorskip("distributed")
AS_OF = pd.Timestamp("2026-06-15T00:00:00Z")


def write_folder(folder, rows=3000):
    """Write an uneven list as three files of several row groups."""
    frame = uneven_list(rows)
    folder.mkdir()
    for number, part in enumerate(np.array_split(np.arange(rows), 3)):
        frame.iloc[part].to_parquet(folder / f"part-{number}.parquet", row_group_size=170)
    return folder


def test_a_folder_is_scored_as_on_one_machine_though_a_worker_dies(cluster, scorer, tmp_path, monkeypatch):
    monkeypatch.setattr(serving.batch.run, "LOT", 128)
    listed = write_folder(tmp_path / "list")
    local, remote = tmp_path / "local.parquet", tmp_path / "remote.parquet"
    killed = []

    def kill(done, rejected, total):
        if done >= total / 3 and not killed:
            killed.append(cluster.workers[0].pid)
            os.kill(killed[0], signal.SIGKILL)

    expected = score_file(listed, local, scorer, AS_OF)
    found = score_file(listed, remote, scorer, AS_OF, Options(dask=cluster.scheduler_address), Watcher(progress=kill))
    assert len(killed) == 1
    assert (found.read, found.scored, found.rejected) == (expected.read, expected.scored, expected.rejected)
    assert expected.rejected > 60
    assert remote.read_bytes() == local.read_bytes()
    assert found.rejected_path.read_bytes() == expected.rejected_path.read_bytes()


def test_a_list_without_ids_is_scored_too(cluster, scorer, tmp_path):
    listed = tmp_path / "list.parquet"
    pd.DataFrame({"platform": ["tiktok"] * 3, "followers": [1e3, 1e4, 1e5]}).to_parquet(listed)
    extras = Extras(quantiles=(0.025, 0.5))
    for name, address in (("here", None), ("there", cluster.scheduler_address)):
        options = Options(extras=extras, dask=address)
        assert score_file(listed, tmp_path / f"{name}.csv", scorer, AS_OF, options).scored == 3
    assert (tmp_path / "there.csv").read_bytes() == (tmp_path / "here.csv").read_bytes()


def test_lists_that_are_no_parquet_are_refused(scorer, tmp_path):
    (tmp_path / "list.csv").write_text("platform,followers\ntiktok,1000\n")
    with pytest.raises(BatchError, match="a list for --dask must be a Parquet file, or a folder of them"):
        score_file(tmp_path / "list.csv", tmp_path / "out.csv", scorer, AS_OF, Options(dask="tcp://127.0.0.1:9"))


def test_a_scheduler_that_does_not_answer_is_named(monkeypatch):
    monkeypatch.setattr("models.cluster_connection.CONNECT_SECONDS", 1)
    with (
        pytest.raises(ClusterError, match=r"no Dask scheduler answers at 'tcp://127\.0\.0\.1:9'"),
        Session("tcp://127.0.0.1:9"),
    ):
        pass


def test_workers_with_other_code_are_refused(cluster, monkeypatch):
    monkeypatch.setattr("models.cluster.features_version", os.getpid)
    with (
        pytest.raises(ClusterError, match="run another version of creatorcast: install this one there"),
        Session(cluster.scheduler_address),
    ):
        pass
