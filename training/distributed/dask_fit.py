"""Training over a Dask cluster: features of each part of the creators on a worker, boosters by all
of them.

The tables are split into parts of whole accounts on a disk that all see (features.out_of_core). A
worker reads a part, keeps its history, and derives what is asked of its accounts; a lost part is
read anew by another. The questions, the reference, linear corrections and intervals are made here,
as without a cluster, from the same rows.

But: the tables and the training matrix must fit into this process's memory as well.
"""

import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import lightgbm as lgb
import numpy as np
import pandas as pd

from features.derive.catalog import COLUMNS
from features.derive.derive import derive
from features.derive.reference import Reference
from features.history.history import History
from features.out_of_core import PartitionedFolder, partition_folder, partition_history
from models.cluster import TIMEOUT_MINUTES, ClusterError, ClusterSession
from models.cluster_connection import ClusterConnection
from models.forecast import Forecaster
from training.distributed.dask_boosters import DaskBoosterFitter, DaskForecaster
from training.fit import Backend, Recipe

#: Parts a worker, so that the last ones end at about the same time.
PARTS_EACH = 2


class DaskBackend(Backend):
    """Derives and fits by a session whose connections have the histories of all parts as their
    state.

    Columns are derived of accounts of the data folder, whose histories the workers have.
    """

    def __init__(self, session: ClusterSession):
        self.session, self.booster_fitter = session, DaskBoosterFitter(session)
        names = session.run_step(_accounts_of_parts, "reading the tables")
        parts = np.repeat(range(len(names)), [len(part) for part in names])
        self.part_of = pd.Series(parts, pd.Index(np.concatenate(names)))

    def derive(
        self, history: History, questions: pd.DataFrame, reference: Reference
    ) -> pd.DataFrame:
        """As Backend.derive, of accounts of the data folder; raises models.cluster.ClusterError."""
        part = self.part_of[questions["platform"] + "/" + questions["creator_id"]].to_numpy()
        rows = [np.flatnonzero(part == number) for number in range(part.max(initial=-1) + 1)]
        derived = self.session.run_step(
            partial(_derive_parts, questions, reference, rows), "deriving features"
        )
        values = np.empty((len(questions), len(COLUMNS)))
        for at, block in zip(rows, derived, strict=True):
            values[at] = block
        return pd.DataFrame(values, index=questions.index, columns=list(COLUMNS))

    def forecaster(self, **parameters) -> Forecaster:
        """Give an unfitted forecaster whose boosters are fitted by the workers."""
        forecaster = DaskForecaster(**parameters)
        forecaster.booster_fitter = self.booster_fitter
        return forecaster


@contextmanager
def dask_recipe(
    address: str,
    data: Path,
    shared: Path,
    recipe: Recipe,
    horizon_days: int,
    minutes: float = TIMEOUT_MINUTES,
) -> Iterator[Recipe]:
    """Give the recipe that trains on the folder `data` by the cluster at an address.

    `shared`: a folder that every worker sees, in which the parts lie meanwhile; `minutes` without
    progress end it. Raises models.cluster.ClusterError, and what features.out_of_core raises.
    """
    import dask

    quiet = logging.getLogger("lightgbm")
    quiet.setLevel(logging.ERROR)
    lgb.register_logger(quiet)  # it would print of every fit
    dask.config.set({"distributed.admin.large-graph-warning-threshold": "1GB"})
    with ClusterSession(address, minutes=minutes) as session:
        parts = PARTS_EACH * session.run_step(
            lambda connection: len(connection.client.nthreads()), "counting the workers"
        )
    shared.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=shared) as work:
        split = partition_folder(data, Path(work), parts)
        histories = partial(submit_part_histories, split, horizon_days)
        with ClusterSession(address, histories, minutes, started=True) as session:
            yield replace(recipe, backend=DaskBackend(session))


def submit_part_histories(
    split: PartitionedFolder, horizon_days: int, connection: ClusterConnection
) -> list:
    """Have the workers read the history of each part; give them as futures."""
    client = connection.client
    if not all(client.run(split.folder.exists).values()):
        shared = split.folder.parent.parent
        raise ClusterError(
            f"{str(split.folder)!r} is not seen by every worker of {client.scheduler.address!r}: share {str(shared)!r}"
        )
    return [
        client.submit(partition_history, split, number, horizon_days, pure=False)
        for number in range(split.parts)
    ]


def _accounts_of_parts(connection: ClusterConnection) -> list[np.ndarray]:
    return connection.gather(connection.client.map(_accounts, connection.state, pure=False))


def _derive_parts(
    questions: pd.DataFrame,
    reference: Reference,
    rows: list[np.ndarray],
    connection: ClusterConnection,
) -> list[np.ndarray]:
    """Derive the questions about each part, those at `rows`, where its history is."""
    submit, histories = connection.client.submit, connection.state[: len(rows)]
    return connection.gather(
        [
            submit(_derived, history, questions.iloc[at], reference, pure=False)
            for history, at in zip(histories, rows, strict=True)
        ]
    )


def _accounts(history: History) -> np.ndarray:
    return history.accounts.to_numpy(dtype=object)


def _derived(history: History, questions: pd.DataFrame, reference: Reference) -> np.ndarray:
    return derive(history, questions, reference).to_numpy()
