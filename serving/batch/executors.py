"""Who scores the lots of a run: threads of this process, or the workers of a Dask cluster.

A crew gives the lots as far as the run must see them (`chunks`), takes one on (`submit`), and says
how many may be under way (`max_pending`). What comes back of a lot is the same from either:
figures, notes, and what is to be added to the files.
"""

import csv
import io
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from features.files.formula_escape import escape_formula
from models.cluster import TIMEOUT_MINUTES, ClusterSession
from models.cluster_connection import ClusterConnection
from serving.batch.answer_summary import count_answers
from serving.batch.chunks import Chunk, ProspectList
from serving.batch.errors import BatchError
from serving.batch.parquet_list import ParquetList
from serving.batch.score_chunk import ChunkScorer, fit_to_width
from serving.batch.writers import AnswerWriter

#: Threads of this process, and lots that wait for one.
WORKERS, QUEUED_CHUNKS = 2, 1
#: How often Dask tries a lot anew that failed for another reason than a lost worker.
RETRIES = 2

ChunkResult = tuple[dict, list[str], list[bytes]]


@dataclass(frozen=True)
class ChunkTask:
    """What is done with every lot. `width`: columns of the source."""

    chunk_scorer: ChunkScorer
    output: AnswerWriter
    width: int

    def __call__(self, lot: Chunk, first: int, repeats: np.ndarray) -> ChunkResult:
        """Score a lot; give its figures, its notes, and what to add to answers, footers and
        rejected rows.
        """
        outcome = self.chunk_scorer.score_chunk(lot, first, repeats)
        figures = {
            "read": outcome.read, "scored": len(outcome.answers), "rejected": len(outcome.rejected),
            "blank": outcome.blank, **count_answers(outcome.answers),
        }  # fmt: skip
        rows = [fit_to_width(one, self.width) for one in outcome.rejected]
        rejected = encode_csv_rows(
            [[*one.cells, one.position, "; ".join(one.reasons)] for one in rows]
        )
        return figures, outcome.notes, [*self.output.encode(outcome.answers), rejected]


class PendingChunk(Protocol):
    """A lot that somebody is at."""

    def result(self) -> ChunkResult:
        """Wait for what comes of it."""


class ChunkExecutor(Protocol):
    """Who scores lots."""

    max_pending: int
    chunks: Callable[[int], Iterator[Chunk]]

    def submit(self, lot: Chunk, first: int, repeats: np.ndarray) -> PendingChunk:
        """Take on a lot; give its ChunkResult to come."""


class _Threads:
    def __init__(self, task: ChunkTask, listed: ProspectList, pool: ThreadPoolExecutor):
        self.task, self.pool, self.chunks, self.max_pending = (
            task,
            pool,
            listed.chunks,
            WORKERS + QUEUED_CHUNKS,
        )

    def submit(self, lot: Chunk, first: int, repeats: np.ndarray) -> Future:
        return self.pool.submit(self.task, lot, first, repeats)


@contextmanager
def thread_executor(task: ChunkTask, listed: ProspectList) -> Iterator[ChunkExecutor]:
    """Score with threads of this process."""
    with ThreadPoolExecutor(WORKERS) as pool:
        try:
            yield _Threads(task, listed, pool)
        finally:
            pool.shutdown(cancel_futures=True)


class _Cluster:
    """Workers of a Dask cluster, each of which reads its rows itself; they keep the task as a
    connection's state.
    """

    def __init__(self, task: ChunkTask, listed: ParquetList, address: str, minutes: float):
        self.task, self.listed, self.chunks = task, listed, listed.id_chunks
        self.session = ClusterSession(address, self._hand_out, minutes)
        #: Lots that are handed out and not done.
        self.waiting: list[_ClusterLot] = []

    @property
    def max_pending(self) -> int:
        """Lots that may be under way: two a thread."""
        return 2 * self.session.run_step(
            lambda connection: sum(connection.client.nthreads().values()), "counting threads"
        )

    def submit(self, lot: Chunk, first: int, repeats: np.ndarray) -> "_ClusterLot":
        """Hand a lot out."""
        lot = _ClusterLot(self, first, len(lot.rows), repeats)
        self.session.run_step(lot.hand_out, "handing out rows")
        self.waiting.append(lot)
        return lot

    def _hand_out(self, connection: ClusterConnection):
        """Hand out the task, and all lots that are not done, by a new connection; give the task as
        a future.
        """
        absent = [
            file
            for files in connection.client.run(_absent, self.listed.files).values()
            for file in files
        ]
        if absent:
            address = self.session.address
            raise BatchError(
                f"{str(absent[0])!r} is not seen by every worker of {address!r}: share its folder"
            )
        connection.state = connection.client.scatter(self.task, broadcast=True, hash=False)
        for lot in self.waiting:
            lot.hand_out(connection)
        return connection.state


@dataclass(eq=False)
class _ClusterLot:
    """A lot that a cluster is at. `first`: rows of the list before it; `future`: of the connection
    in use.
    """

    executor: _Cluster
    first: int
    rows: int
    repeats: np.ndarray
    future: object = None

    def hand_out(self, connection: ClusterConnection) -> None:
        """Hand it to the workers of a connection that have the task."""
        self.future = connection.client.submit(
            _score_on_worker, connection.state, self.executor.listed, self.first, self.rows, self.repeats,
            retries=RETRIES, pure=False,
        )  # fmt: skip

    def result(self) -> ChunkResult:
        """Wait for what comes of it; it is handed out anew where its worker is lost."""
        what = f"scoring the rows from {self.first + 1:,} on"
        [done] = self.executor.session.run_step(
            lambda connection: connection.gather([self.future]), what
        )
        self.executor.waiting.remove(self)
        return done


def _absent(files: list[Path]) -> list[Path]:
    return [file for file in files if not file.exists()]


def _score_on_worker(
    task: ChunkTask, listed: ParquetList, first: int, rows: int, repeats: np.ndarray
) -> ChunkResult:
    return task(listed.chunk_at(first, rows), first, repeats)


def dask_executor(address: str, minutes: float = TIMEOUT_MINUTES) -> Callable:
    """Give the crew of the Dask scheduler at an address, whose workers must see the list's files.

    `minutes` without progress end the run. Raises models.cluster.ClusterError, or BatchError where
    the list is no Parquet or not seen.
    """

    @contextmanager
    def crew(task: ChunkTask, listed: ProspectList) -> Iterator[ChunkExecutor]:
        if not isinstance(listed, ParquetList):
            raise BatchError(
                "a list for --dask must be a Parquet file, or a folder of them, that every worker sees"
            )
        workers = _Cluster(task, listed, address, minutes)
        with workers.session:
            yield workers

    return crew


def encode_csv_rows(rows: list[list]) -> bytes:
    """Encode rows as CSV, texts guarded against being run as formulas."""
    text = io.StringIO()
    cells = (
        [escape_formula(cell) if isinstance(cell, str) else cell for cell in row] for row in rows
    )
    csv.writer(text, lineterminator="\n").writerows(cells)
    return text.getvalue().encode("utf-8", "surrogatepass")
