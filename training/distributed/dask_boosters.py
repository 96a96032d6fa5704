"""A forecaster whose boosters are fitted by the workers of a Dask cluster (lightgbm.dask); all else
is as locally.

Every worker holds a share of the rows and LightGBM learns from all of them (tree_learner=data).
But: bins are found, rows are drawn for a tree and leaves take their medians worker by worker, and
which rows a worker gets is Dask's affair, so fits differ a little from a local one and from each
other (docs/scale.md has the measured difference).
"""

import threading
from dataclasses import dataclass
from functools import partial
from uuid import uuid4

import lightgbm as lgb
import numpy as np

from models.booster_engine import as_float32
from models.cluster import ClusterSession
from models.cluster_connection import ClusterConnection
from models.forecast import Boosting, Forecaster

#: Seconds without a tree after the loss of a worker, after which a booster is fitted anew: the
#: others wait for it.
STALL_SECONDS = 1.0
#: Rows of a part, and of a test set that are looked up at a time.
PART, CHUNK = 100_000, 20_000

#: LightGBM's parameters by the names that its scikit-learn interface has for them.
_CALLED = {
    "min_data_in_leaf": "min_child_samples",
    "bagging_fraction": "subsample",
    "bagging_freq": "subsample_freq",
    "feature_fraction": "colsample_bytree",
    "lambda_l2": "reg_lambda",
    "seed": "random_state",
}


class DaskForecaster(Forecaster):
    """A Forecaster that fits its boosters by `booster_fitter`, which must be set before `fit`."""

    booster_fitter: "DaskBoosterFitter"

    def _dataset(self, seen, target, weight) -> "ArrayDataset":
        return ArrayDataset(as_float32(seen), target, weight)

    def _boost(
        self, data, size: Boosting, objective: str, trees=None, valid=None, curve=None
    ) -> lgb.Booster:
        learning = self._learning(data.num_data(), size, objective)
        parameters = {
            **{_CALLED.get(name, name): value for name, value in learning.items()},
            "n_estimators": trees or size.trees,
            "tree_learner": "data",
        }
        booster = self.booster_fitter.booster(parameters, data)
        if valid is not None:
            errors = mean_absolute_errors(booster, valid)
            booster.best_iteration, stopped = early_stopping_trees(errors, size.patience)
            curve["valid_0"] = {"l1": errors[:stopped].tolist()}
        return booster


@dataclass
class ArrayDataset:
    """What a lightgbm.Dataset is to a local fit; x (n, columns) float32, label and weight (n,)."""

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
    """Give the mean absolute error after each tree, weighed, shape (trees,)."""
    trees = booster.dump_model()["tree_info"]
    number = np.arange(len(trees))
    values = np.zeros((len(trees), max(tree["num_leaves"] for tree in trees)))
    for tree in trees:
        for at, value in _leaves(tree["tree_structure"]):
            values[tree["tree_index"], at] = value
    total = np.zeros(len(number))
    for first in range(0, len(rows.x), CHUNK):
        part = slice(first, first + CHUNK)
        leaves = booster.predict(rows.x[part], pred_leaf=True).astype(int).reshape(-1, len(number))
        sums = np.cumsum(values[number, leaves], axis=1)
        total += rows.weight[part] @ np.abs(rows.label[part, None] - sums)
    return total / rows.weight.sum()


def early_stopping_trees(errors: np.ndarray, patience: int) -> tuple[int, int]:
    """Give how many trees a fit keeps that stops after `patience` trees without gain, and how many
    it makes.

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


def _leaves(node: dict):
    if "leaf_value" in node:
        yield node.get("leaf_index", 0), node["leaf_value"]
    else:
        yield from _leaves(node["left_child"])
        yield from _leaves(node["right_child"])


class DaskBoosterFitter:
    """Fits boosters on the workers of a session's cluster, one at a time: two would wait for each
    other's workers.
    """

    def __init__(self, session: ClusterSession):
        self.session, self._lock = session, threading.Lock()

    def booster(self, parameters: dict, data: ArrayDataset) -> lgb.Booster:
        """Fit a booster, anew where a worker is lost on the way. Raises
        models.cluster.ClusterError.
        """
        fit, losses = partial(_fit, parameters, data), (lgb.basic.LightGBMError,)
        with self._lock, self.session.new_session() as session:
            return session.run_step(fit, "fitting a booster", STALL_SECONDS, losses)


@dataclass(frozen=True)
class TreeEvents:
    """A callback of LightGBM that tells each tree as an event of Dask."""

    topic: str

    def __call__(self, environment) -> None:
        from distributed import get_worker

        get_worker().log_event(self.topic, environment.iteration)


def _fit(parameters: dict, data: ArrayDataset, connection: ClusterConnection) -> lgb.Booster:
    """Put the rows on the workers and fit; each tree is progress."""
    client, events = connection.client, TreeEvents(f"creatorcast-trees-{uuid4().hex}")
    client.subscribe_topic(events.topic, connection.progress)
    parts = range(0, data.num_data(), min(PART, -(-data.num_data() // len(client.nthreads()))))
    x, label, weight = (
        _spread(client, values, parts) for values in (data.x, data.label, data.weight)
    )
    estimator = lgb.DaskLGBMRegressor(client=client, **parameters)
    return estimator.fit(x, label, sample_weight=weight, callbacks=[events]).booster_


def _spread(client, values: np.ndarray, parts: range):
    """Put parts of an array on the workers; give them as one of Dask's."""
    from dask import array

    blocks = [values[first : first + parts.step] for first in parts]
    futures = client.scatter(blocks, hash=False)
    delayed = [
        array.from_delayed(f, block.shape, block.dtype)
        for f, block in zip(futures, blocks, strict=True)
    ]
    return array.concatenate(delayed)
