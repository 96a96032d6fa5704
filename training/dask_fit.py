"""Training over a Dask cluster: features of each part of the creators on a worker, boosters by all of them.

The tables are split into parts of whole accounts on a disk that all see (features.partition). A worker reads a part,
keeps its history, and derives what is asked of its accounts; a lost part is read anew by another. The questions, the
reference, linear corrections and intervals are made here, as without a cluster, from the same rows.

But: the tables and the training matrix must fit into this process's memory as well.
"""

import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import ClassVar

import lightgbm as lgb
import numpy as np
import pandas as pd

from features.columns import COLUMNS
from features.derive import derive
from features.history import History
from features.partition import Split, part_history, split_folder
from features.reference import Reference
from models.cluster import ClusterError, connected
from models.forecast import Forecaster
from training.dask_boosters import DaskForecaster
from training.fit import Recipe

#: Parts a worker, so that the last ones end at about the same time.
PARTS_EACH = 2
#: Clusters in use, by the address of their scheduler.
_RUNNING: dict[str, "Cluster"] = {}


@dataclass(frozen=True)
class DaskRecipe(Recipe):
    """A recipe that is followed by the cluster whose scheduler has the address `dask`, while it is `running`."""

    dask: str = ""
    estimator: ClassVar[type[Forecaster]] = DaskForecaster

    def features(self, history: History, questions: pd.DataFrame, reference: Reference) -> pd.DataFrame:
        return _RUNNING[self.dask].derive(questions, reference)


class Cluster:
    """The history of a data folder on the workers of a cluster, in parts."""

    def __init__(self, client, split: Split, horizon_days: int):
        self.client = client
        self.parts = [
            client.submit(part_history, split, number, horizon_days, pure=False) for number in range(split.parts)
        ]
        names = client.gather(client.map(_accounts, self.parts, pure=False))
        self.part_of = pd.Series(
            np.repeat(range(split.parts), [len(own) for own in names]), pd.Index(np.concatenate(names))
        )

    def derive(self, questions: pd.DataFrame, reference: Reference) -> pd.DataFrame:
        """As features.derive.derive, of the accounts of the folder."""
        part = self.part_of[questions["platform"] + "/" + questions["creator_id"]].to_numpy()
        rows = [np.flatnonzero(part == number) for number in range(len(self.parts))]
        asked = [
            self.client.submit(_derived, history, questions.iloc[own], reference, pure=False)
            for history, own in zip(self.parts, rows, strict=True)
        ]
        found = np.empty((len(questions), len(COLUMNS)))
        for own, values in zip(rows, self.client.gather(asked), strict=True):
            found[own] = values
        return pd.DataFrame(found, index=questions.index, columns=list(COLUMNS))


@contextmanager
def running(address: str, data: Path, shared: Path, recipe: Recipe, horizon_days: int) -> Iterator[DaskRecipe]:
    """Give the recipe that trains on the folder `data` by the cluster at an address.

    `shared`: a folder that every worker sees, in which the parts lie meanwhile. Raises models.cluster.ClusterError, and
    what features.partition raises.
    """
    import dask

    quiet = logging.getLogger("lightgbm")
    quiet.setLevel(logging.ERROR)
    lgb.register_logger(quiet)  # it would print of every fit
    dask.config.set({"distributed.admin.large-graph-warning-threshold": "1GB"})
    shared.mkdir(parents=True, exist_ok=True)
    with connected(address) as client, tempfile.TemporaryDirectory(dir=shared) as work:
        parts = PARTS_EACH * len(client.nthreads())
        split = split_folder(data, Path(work), parts)
        if not all(client.run(split.folder.exists).values()):
            raise ClusterError(f"{work!r} is not seen by every worker of {address!r}: share {str(shared)!r}")
        _RUNNING[address] = Cluster(client, split, horizon_days)
        try:
            own = {field.name: getattr(recipe, field.name) for field in fields(Recipe)}
            yield DaskRecipe(**own, dask=address)
        finally:
            del _RUNNING[address]


def _accounts(history: History) -> np.ndarray:
    return history.accounts.to_numpy(dtype=object)


def _derived(history: History, questions: pd.DataFrame, reference: Reference) -> np.ndarray:
    return derive(history, questions, reference).to_numpy()
