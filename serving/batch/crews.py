"""Who scores the lots of a run: threads of this process, or the workers of a Dask cluster.

A crew gives the lots as far as the run must see them (`lots`), takes one on (`submit`), and says how many may be under
way (`ahead`). What comes back of a lot is the same from either: figures, notes, and what is to be added to the files.
"""

import csv
import io
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from models.cluster import connected
from serving.batch.columnar import Columnar
from serving.batch.faults import BatchError
from serving.batch.lots import Listed, Lot
from serving.batch.outputs import Output
from serving.batch.rows import Asking, fitted
from serving.batch.summary import figures_of

#: Threads of this process, and lots that wait for one.
WORKERS, AHEAD = 2, 1
#: How often Dask tries a lot anew that failed for another reason than a lost worker.
RETRIES = 2

Done = tuple[dict, list[str], list[bytes]]


@dataclass(frozen=True)
class Task:
    """What is done with every lot. `width`: columns of the source."""

    asking: Asking
    output: Output
    width: int

    def __call__(self, lot: Lot, first: int, repeats: np.ndarray) -> Done:
        """Score a lot; give its figures, its notes, and what to add to answers, footers and rejected rows."""
        outcome = self.asking.outcome(lot, first, repeats)
        figures = {
            "read": outcome.read, "scored": len(outcome.answers), "rejected": len(outcome.rejected),
            "blank": outcome.blank, **figures_of(outcome.answers),
        }  # fmt: skip
        rows = [fitted(one, self.width) for one in outcome.rejected]
        rejected = csv_lines([[*one.cells, one.place, "; ".join(one.reasons)] for one in rows])
        return figures, outcome.notes, [*self.output.encode(outcome.answers), rejected]


class Crew(Protocol):
    """Who scores lots."""

    ahead: int
    lots: Callable[[int], Iterator[Lot]]

    def submit(self, lot: Lot, first: int, repeats: np.ndarray) -> Future:
        """Take on a lot; give its Done to come."""


class _Threads:
    def __init__(self, task: Task, listed: Listed, pool: ThreadPoolExecutor):
        self.task, self.pool, self.lots, self.ahead = task, pool, listed.lots, WORKERS + AHEAD

    def submit(self, lot: Lot, first: int, repeats: np.ndarray) -> Future:
        return self.pool.submit(self.task, lot, first, repeats)


@contextmanager
def threads(task: Task, listed: Listed) -> Iterator[Crew]:
    """Score with threads of this process."""
    with ThreadPoolExecutor(WORKERS) as pool:
        try:
            yield _Threads(task, listed, pool)
        finally:
            pool.shutdown(cancel_futures=True)


class _Cluster:
    """Workers of a Dask cluster, each of which reads its rows itself."""

    def __init__(self, task: Task, listed: Columnar, client):
        self.listed, self.client, self.lots = listed, client, listed.ids
        self.task = client.scatter(task, broadcast=True, hash=False)
        self.ahead = 2 * sum(worker["nthreads"] for worker in client.scheduler_info(n_workers=-1)["workers"].values())

    def submit(self, lot: Lot, first: int, repeats: np.ndarray) -> Future:
        rows = len(lot.rows)
        return self.client.submit(_elsewhere, self.task, self.listed, first, rows, repeats, retries=RETRIES, pure=False)


def _elsewhere(task: Task, listed: Columnar, first: int, rows: int, repeats: np.ndarray) -> Done:
    return task(listed.part(first, rows), first, repeats)


def cluster(address: str) -> Callable:
    """Give the crew of the Dask scheduler at an address, whose workers must see the list's files.

    Raises models.cluster.ClusterError, or BatchError where the list is no Parquet or not seen.
    """

    @contextmanager
    def crew(task: Task, listed: Listed) -> Iterator[Crew]:
        if not isinstance(listed, Columnar):
            raise BatchError("a list for --dask must be a Parquet file, or a folder of them, that every worker sees")
        with connected(address) as client:
            from distributed import KilledWorker

            absent = [file for file in listed.files if not all(client.run(file.exists).values())]
            if absent:
                raise BatchError(f"{str(absent[0])!r} is not seen by every worker of {address!r}: share its folder")
            try:
                yield _Cluster(task, listed, client)
            except KilledWorker as error:
                raise BatchError(f"workers of {address!r} were lost again and again: see their logs") from error

    return crew


def csv_lines(rows: list[list]) -> bytes:
    """Encode rows as CSV."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode("utf-8", "surrogatepass")
