"""Who scores the chunks of a run: threads of this process, or the workers of a Dask cluster.

Both return the same of a chunk (ChunkResult).
"""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from models.cluster import TIMEOUT_MINUTES, ClusterSession
from models.cluster_connection import ClusterConnection
from serving.batch.chunk_task import ChunkResult, ChunkTask
from serving.batch.chunks import Chunk, ProspectList
from serving.batch.errors import BatchError
from serving.batch.parquet_list import ParquetList

#: Threads of this process, and chunks that wait for one.
WORKERS, QUEUED_CHUNKS = 2, 1
#: How often Dask tries a chunk again that failed for another reason than a lost worker.
RETRIES = 2


class PendingChunk(Protocol):
    """A chunk that is being scored."""

    def result(self) -> ChunkResult:
        """Wait for what comes of it."""


class ChunkExecutor(Protocol):
    """Scores chunks. `max_pending`: how many may be handed in and not done."""

    @property
    def max_pending(self) -> int: ...

    def chunks(self, rows: int) -> Iterator[Chunk]:
        """Yield the chunks of the list, with as many of their columns as the run itself needs."""

    def submit(self, chunk: Chunk, first: int, repeats: np.ndarray) -> PendingChunk:
        """Hand in a chunk; arguments as those of ChunkTask."""


ExecutorFactory = Callable[[ChunkTask, ProspectList], AbstractContextManager[ChunkExecutor]]


class _Threads:
    max_pending = WORKERS + QUEUED_CHUNKS

    def __init__(self, task: ChunkTask, prospects: ProspectList, pool: ThreadPoolExecutor):
        self.task, self.prospects, self.pool = task, prospects, pool

    def chunks(self, rows: int) -> Iterator[Chunk]:
        return self.prospects.chunks(rows)

    def submit(self, chunk: Chunk, first: int, repeats: np.ndarray) -> Future[ChunkResult]:
        return self.pool.submit(self.task, chunk, first, repeats)


@contextmanager
def thread_executor(task: ChunkTask, prospects: ProspectList) -> Iterator[ChunkExecutor]:
    """Score with WORKERS threads of this process."""
    with ThreadPoolExecutor(WORKERS) as pool:
        try:
            yield _Threads(task, prospects, pool)
        finally:
            pool.shutdown(cancel_futures=True)


class _Cluster:
    """Workers of a Dask cluster, each of which reads its rows itself; they keep the task as the
    state of a connection.
    """

    def __init__(self, task: ChunkTask, prospects: ParquetList, address: str, minutes: float):
        self.task, self.prospects = task, prospects
        self.session = ClusterSession(address, self._scatter_task, minutes)
        #: Chunks that are handed in and not done.
        self.pending: list[_ClusterChunk] = []

    @property
    def max_pending(self) -> int:
        """Two chunks a thread of the cluster."""
        return 2 * self.session.run_step(
            lambda connection: sum(connection.client.nthreads().values()), "counting threads"
        )

    def chunks(self, rows: int) -> Iterator[Chunk]:
        return self.prospects.id_chunks(rows)

    def submit(self, chunk: Chunk, first: int, repeats: np.ndarray) -> "_ClusterChunk":
        pending = _ClusterChunk(self, first, len(chunk.rows), repeats)
        self.session.run_step(pending.hand_out, "handing out rows")
        self.pending.append(pending)
        return pending

    def _scatter_task(self, connection: ClusterConnection) -> Any:
        """Send the task by a new connection, then all chunks that are not done; return the task's
        future.

        Raises BatchError where a worker does not see a file of the list.
        """
        unseen = connection.client.run(_unseen_files, self.prospects.files)
        for files in unseen.values():
            if files:
                raise BatchError(
                    f"{str(files[0])!r} is not seen by every worker of {self.session.address!r}: "
                    f"share its folder"
                )
        connection.state = connection.client.scatter(self.task, broadcast=True, hash=False)
        for chunk in self.pending:
            chunk.hand_out(connection)
        return connection.state


@dataclass(eq=False)
class _ClusterChunk:
    """A chunk that a cluster scores. `first`: rows of the list before it; `future`: of the
    connection in use.
    """

    executor: _Cluster
    first: int
    rows: int
    repeats: np.ndarray
    future: Any = None

    def hand_out(self, connection: ClusterConnection) -> None:
        """Hand it to the workers of a connection that have the task."""
        self.future = connection.client.submit(
            _score_on_worker,
            connection.state,
            self.executor.prospects,
            self.first,
            self.rows,
            self.repeats,
            retries=RETRIES,
            pure=False,
        )

    def result(self) -> ChunkResult:
        """Wait for the result; the chunk is handed out again where its worker is lost."""
        [result] = self.executor.session.run_step(
            lambda connection: connection.gather([self.future]),
            f"scoring the rows from {self.first + 1:,} on",
        )
        self.executor.pending.remove(self)
        return result


def _unseen_files(files: list[Path]) -> list[Path]:
    return [file for file in files if not file.exists()]


def _score_on_worker(
    task: ChunkTask, prospects: ParquetList, first: int, rows: int, repeats: np.ndarray
) -> ChunkResult:
    return task(prospects.chunk_at(first, rows), first, repeats)


def dask_executor(address: str, minutes: float = TIMEOUT_MINUTES) -> ExecutorFactory:
    """Return the executor of a Dask scheduler, whose workers must see the list's files.

    `minutes` without progress end the run. Raises models.cluster.ClusterError, or BatchError where
    the list is not Parquet or not seen.
    """

    @contextmanager
    def executor(task: ChunkTask, prospects: ProspectList) -> Iterator[ChunkExecutor]:
        if not isinstance(prospects, ParquetList):
            raise BatchError(
                "a list for --dask must be a Parquet file, or a folder of them, that every worker "
                "sees"
            )
        cluster = _Cluster(task, prospects, address, minutes)
        with cluster.session:
            yield cluster

    return executor
