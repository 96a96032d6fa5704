"""A forecaster whose boosters are fitted by the workers of a Dask cluster (lightgbm.dask).

All else is as in a local fit. Every worker holds a share of the rows, and LightGBM learns from all
of them (tree_learner=data).

But: bins, the rows drawn for a tree and the medians of leaves are found worker by worker, and Dask
decides which rows a worker gets. So fits differ a little from a local one and from each other
(docs/scale.md has the measured difference).
"""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING
from uuid import uuid4

import lightgbm as lgb
import numpy as np

from models.booster_engine import as_float32
from models.boosting import Boosting
from models.cluster import ClusterSession
from models.cluster_connection import ClusterConnection
from models.forecast import Forecaster

if TYPE_CHECKING:
    from dask.array import Array
    from distributed import Client

#: Seconds without a tree after the loss of a worker, after which a booster is fitted again: the
#: other workers wait for the lost one.
STALL_SECONDS = 1.0
#: Rows of a part on the workers.
PART_ROWS = 100_000
#: Rows of a test set whose leaves are looked up at a time.
CHUNK_ROWS = 20_000

#: LightGBM's parameters by the names that its scikit-learn interface has for them.
SKLEARN_NAMES = {
    "min_data_in_leaf": "min_child_samples",
    "bagging_fraction": "subsample",
    "bagging_freq": "subsample_freq",
    "feature_fraction": "colsample_bytree",
    "lambda_l2": "reg_lambda",
    "seed": "random_state",
}


class DaskForecaster(Forecaster):
    """A Forecaster whose boosters are fitted by `booster_fitter`, set before `fit`."""

    booster_fitter: "DaskBoosterFitter"

    def _dataset(  # type: ignore[override]  # all that a fit uses of a Dataset
        self, seen: np.ndarray, target: np.ndarray, weight: np.ndarray
    ) -> "ArrayDataset":
        return ArrayDataset(as_float32(seen), target, weight)

    def _boost(  # type: ignore[override]  # as above
        self,
        data: "ArrayDataset",
        size: Boosting,
        objective: str,
        trees: int | None = None,
        valid: "ArrayDataset | None" = None,
        curve: dict | None = None,
    ) -> lgb.Booster:
        learning = self._learning(data.num_data(), size, objective)
        parameters = {SKLEARN_NAMES.get(name, name): value for name, value in learning.items()}
        parameters |= {"n_estimators": trees or size.trees, "tree_learner": "data"}
        booster = self.booster_fitter.booster(parameters, data)
        if valid is not None and curve is not None:
            errors = mean_absolute_errors(booster, valid)
            booster.best_iteration, trees_made = early_stopping_trees(errors, size.patience)
            curve["valid_0"] = {"l1": errors[:trees_made].tolist()}
        return booster


@dataclass
class ArrayDataset:
    """Rows in the place of a lightgbm.Dataset: x (n, columns) float32, label and weight (n,)."""

    x: np.ndarray
    label: np.ndarray
    weight: np.ndarray

    def construct(self) -> "ArrayDataset":
        return self

    def subset(self, rows: np.ndarray) -> "ArrayDataset":
        return ArrayDataset(self.x[rows], self.label[rows], self.weight[rows])

    def set_label(self, label: np.ndarray) -> None:
        self.label = label

    def num_data(self) -> int:
        return len(self.label)


def mean_absolute_errors(booster: lgb.Booster, rows: ArrayDataset) -> np.ndarray:
    """Return the weighted mean absolute error after each tree, (trees,)."""
    values = _leaf_values(booster)
    trees = np.arange(len(values))
    total = np.zeros(len(trees))
    for start in range(0, len(rows.x), CHUNK_ROWS):
        part = slice(start, start + CHUNK_ROWS)
        leaves = np.asarray(booster.predict(rows.x[part], pred_leaf=True)).astype(int)
        leaves = leaves.reshape(-1, len(trees))
        forecasts = np.cumsum(values[trees, leaves], axis=1)
        total += rows.weight[part] @ np.abs(rows.label[part, None] - forecasts)
    return total / rows.weight.sum()


def _leaf_values(booster: lgb.Booster) -> np.ndarray:
    """Return the value of each leaf of each tree, (trees, most leaves)."""
    trees = booster.dump_model()["tree_info"]
    values = np.zeros((len(trees), max(tree["num_leaves"] for tree in trees)))
    for tree in trees:
        for leaf, value in _leaves(tree["tree_structure"]):
            values[tree["tree_index"], leaf] = value
    return values


def early_stopping_trees(errors: np.ndarray, patience: int) -> tuple[int, int]:
    """Return how many trees a fit keeps that stops after `patience` trees without gain, and makes.

    >>> early_stopping_trees(np.array([3.0, 2.0, 2.5, 2.2, 1.0]), 2)
    (2, 4)
    """
    best = 0
    for number, error in enumerate(errors):
        if error < errors[best]:
            best = number
        if number - best >= patience:
            return best + 1, number + 1
    return best + 1, len(errors)


def _leaves(node: dict) -> Iterator[tuple[int, float]]:
    """Yield the number and value of each leaf below a node of a dumped tree."""
    if "leaf_value" in node:
        yield node.get("leaf_index", 0), node["leaf_value"]
    else:
        yield from _leaves(node["left_child"])
        yield from _leaves(node["right_child"])


class DaskBoosterFitter:
    """Fits boosters on the workers of a session's cluster.

    It fits one at a time: two fits would wait for each other's workers.
    """

    def __init__(self, session: ClusterSession):
        self.session, self._lock = session, threading.Lock()

    def booster(self, parameters: dict, data: ArrayDataset) -> lgb.Booster:
        """Return a fitted booster; the fit starts again where a worker is lost.

        Raises models.cluster.ClusterError.
        """
        fit, losses = partial(_fit, parameters, data), (lgb.basic.LightGBMError,)
        with self._lock, self.session.new_session() as session:
            return session.run_step(fit, "fitting a booster", STALL_SECONDS, losses)


@dataclass(frozen=True)
class TreeEvents:
    """A callback of LightGBM that logs each tree as an event of Dask."""

    topic: str

    def __call__(self, environment: lgb.callback.CallbackEnv) -> None:
        from distributed import get_worker

        get_worker().log_event(self.topic, environment.iteration)


def _fit(parameters: dict, data: ArrayDataset, connection: ClusterConnection) -> lgb.Booster:
    """Put the rows on the workers and fit; each tree counts as progress."""
    client, events = connection.client, TreeEvents(f"creatorcast-trees-{uuid4().hex}")
    client.subscribe_topic(events.topic, connection.progress)
    rows_per_worker = -(-data.num_data() // len(client.nthreads()))
    parts = range(0, data.num_data(), min(PART_ROWS, rows_per_worker))
    x, label, weight = (
        _scatter(client, values, parts) for values in (data.x, data.label, data.weight)
    )
    estimator = lgb.DaskLGBMRegressor(client=client, **parameters)
    return estimator.fit(x, label, sample_weight=weight, callbacks=[events]).booster_


def _scatter(client: "Client", values: np.ndarray, parts: range) -> "Array":
    """Put parts of an array on the workers; return them as one array of Dask."""
    from dask import array

    blocks = [values[start : start + parts.step] for start in parts]
    futures = client.scatter(blocks, hash=False)
    delayed = [
        array.from_delayed(future, block.shape, block.dtype)
        for future, block in zip(futures, blocks, strict=True)
    ]
    return array.concatenate(delayed)
