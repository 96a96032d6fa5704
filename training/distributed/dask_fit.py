"""Training over a Dask cluster: features derived part by part, boosters fitted by all workers.

The tables are split into parts of whole accounts, in a folder that all workers see
(features.out_of_core). A worker reads a part, keeps its history and derives the features of queries
about its accounts; where a worker is lost, another one reads its parts. Queries, market priors,
linear corrections and intervals are made in this process, from the same rows as without a cluster.

But: the tables and the training matrix must fit in the memory of this process as well.
"""

import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import lightgbm as lgb
import numpy as np
import pandas as pd

from features.derive.catalog import COLUMNS
from features.derive.derive import derive_arrays
from features.derive.queries import Queries
from features.derive.reference import Reference
from features.history.history import History
from features.out_of_core import partition_folder, partition_history
from features.partition.parts import PartitionedFolder
from models.cluster import TIMEOUT_MINUTES, ClusterError, ClusterSession
from models.cluster_connection import ClusterConnection
from models.forecast import Forecaster
from training.backend import Backend
from training.distributed.dask_boosters import DaskBoosterFitter, DaskForecaster

if TYPE_CHECKING:
    from distributed import Future

#: Parts for each worker: several, so that the last ones end at about the same time.
PARTS_PER_WORKER = 2


@dataclass(frozen=True)
class PartIndex:
    """What the codes of queries stand for in the history of one part.

    `accounts` (accounts,): names, platform/creator_id; `topics`: see History.
    """

    accounts: np.ndarray
    topics: tuple[str, ...]


class DaskBackend(Backend):
    """Derives features and fits boosters on the workers of a cluster session.

    The connections of the session have the histories of all parts as their state
    (`submit_part_histories`). Queries must be about accounts of the data folder.
    """

    name = "a Dask cluster"

    def __init__(self, session: ClusterSession):
        self.session = session
        self.booster_fitter = DaskBoosterFitter(session)
        self._parts: list[PartIndex] = session.run_step(_index_parts, "reading the tables")
        sizes = [len(part.accounts) for part in self._parts]
        self._accounts = pd.Index(np.concatenate([part.accounts for part in self._parts]))
        self._part_number = np.repeat(np.arange(len(sizes)), sizes)
        self._part_position = np.concatenate([np.arange(size) for size in sizes])

    def derive(self, history: History, queries: Queries, reference: Reference) -> pd.DataFrame:
        """Return features as Backend.derive; raises models.cluster.ClusterError."""
        place = self._accounts.get_indexer(history.accounts)[queries.account]
        number, position = self._part_number[place], self._part_position[place]
        rows_of_parts, queries_of_parts = [], {}
        for part in np.unique(number).tolist():
            rows = np.flatnonzero(number == part)
            topics = self._parts[part].topics
            queries_of_parts[part] = _recode(queries[rows], position[rows], history.topics, topics)
            rows_of_parts.append(rows)
        step = partial(_derive_parts, queries_of_parts, reference)
        blocks = self.session.run_step(step, "deriving features")
        x = np.empty((len(queries), len(COLUMNS)))
        for rows, block in zip(rows_of_parts, blocks, strict=True):
            x[rows] = block
        return pd.DataFrame(x, columns=list(COLUMNS))

    def forecaster(self, **parameters: Any) -> Forecaster:
        """Return an unfitted forecaster whose boosters are fitted by the workers."""
        forecaster = DaskForecaster(**parameters)
        forecaster.booster_fitter = self.booster_fitter
        return forecaster


@contextmanager
def dask_backend(
    address: str,
    data: Path,
    shared: Path,
    minutes: float = TIMEOUT_MINUTES,
) -> Iterator[DaskBackend]:
    """Provide the backend that trains on the folder `data` on the cluster at an address.

    - `shared`: a folder that every worker sees; the parts lie in it meanwhile
    - `minutes`: time without progress after which training gives up

    Raises models.cluster.ClusterError, and what features.out_of_core raises.
    """
    import dask

    quiet = logging.getLogger("lightgbm")
    quiet.setLevel(logging.ERROR)
    lgb.register_logger(quiet)  # without it, LightGBM prints at every fit
    dask.config.set({"distributed.admin.large-graph-warning-threshold": "1GB"})
    with ClusterSession(address, minutes=minutes) as session:
        workers = session.run_step(_count_workers, "counting the workers")
    shared.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=shared) as work:
        split = partition_folder(data, Path(work), PARTS_PER_WORKER * workers)
        histories = partial(submit_part_histories, split)
        with ClusterSession(address, histories, minutes, started=True) as session:
            yield DaskBackend(session)


def submit_part_histories(
    split: PartitionedFolder, connection: ClusterConnection
) -> "list[Future]":
    """Start reading the history of each part on the workers; return the histories as futures."""
    client = connection.client
    if not all(client.run(split.folder.exists).values()):
        shared = split.folder.parent.parent
        raise ClusterError(
            f"{str(split.folder)!r} is not seen by every worker of {client.scheduler.address!r}: "
            f"share {str(shared)!r}"
        )
    return [
        client.submit(partition_history, split, number, pure=False) for number in range(split.parts)
    ]


def _count_workers(connection: ClusterConnection) -> int:
    return len(connection.client.nthreads())


def _index_parts(connection: ClusterConnection) -> list[PartIndex]:
    return connection.gather(connection.client.map(_part_index, connection.state, pure=False))


def _part_index(history: History) -> PartIndex:
    return PartIndex(history.accounts.to_numpy(dtype=object), history.topics)


def _recode(
    queries: Queries, account: np.ndarray, topics: tuple[str, ...], part_topics: tuple[str, ...]
) -> Queries:
    """Return queries with the codes of a part.

    `account` (n,): positions in the part; a topic that no post of the part has becomes -1.
    """
    topic = queries.planned["topic"]
    # the last code stands for -1, a topic of no post
    part_codes = np.append(pd.Index(part_topics).get_indexer(list(topics)), -1).astype(float)
    codes = np.nan_to_num(topic, nan=-1).astype(int)
    recoded = np.where(np.isnan(topic), np.nan, part_codes[codes])
    return replace(queries, account=account, planned={**queries.planned, "topic": recoded})


def _derive_parts(
    queries: dict[int, Queries], reference: Reference, connection: ClusterConnection
) -> list[np.ndarray]:
    """Derive the queries about each part, by its number, on the worker that has its history."""
    submit, histories = connection.client.submit, connection.state
    return connection.gather(
        [
            submit(derive_arrays, histories[part], part_queries, reference, pure=False)
            for part, part_queries in queries.items()
        ]
    )
