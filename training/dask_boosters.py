"""A forecaster whose boosters are fitted by the workers of a Dask cluster (lightgbm.dask); all else is as locally.

Every worker holds a share of the rows and LightGBM learns from all of them (tree_learner=data). But: bins are found,
rows are drawn for a tree and leaves take their medians worker by worker, and which rows a worker gets is Dask's affair,
so fits differ a little from a local one and from each other (docs/scale.md has the measured difference).
"""

import logging
import threading
from dataclasses import dataclass

import lightgbm as lgb
import numpy as np

from models.forecast import Boosting, Forecaster
from models.trees import single

#: Fits of one booster that may lose a worker before training gives up, and minutes until a silent worker is lost.
ATTEMPTS, SILENT_MINUTES = 3, 2
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
#: Two fits at once would wait for each other's workers.
_one_at_a_time = threading.Lock()
log = logging.getLogger(__name__)


class DaskForecaster(Forecaster):
    """A Forecaster that fits its boosters by the default client of Dask."""

    def _dataset(self, seen, target, weight) -> "Rows":
        return Rows(single(seen), target, weight)

    def _boost(self, data, size: Boosting, objective: str, trees=None, valid=None, curve=None) -> lgb.Booster:
        learning = self._learning(data.num_data(), size, objective)
        parameters = {
            **{_CALLED.get(name, name): value for name, value in learning.items()},
            "n_estimators": trees or size.trees,
            "tree_learner": "data",
            "time_out": SILENT_MINUTES,
        }
        with _one_at_a_time:
            booster = _fitted(parameters, data)
        if valid is not None:
            errors = absolute_errors(booster, valid)
            booster.best_iteration, stopped = stopping(errors, size.patience)
            curve["valid_0"] = {"l1": errors[:stopped].tolist()}
        return booster


@dataclass
class Rows:
    """What a lightgbm.Dataset is to a local fit; x (n, columns) float32, label and weight (n,)."""

    x: np.ndarray
    label: np.ndarray
    weight: np.ndarray

    def construct(self) -> "Rows":
        return self

    def subset(self, rows: np.ndarray) -> "Rows":
        return Rows(self.x[rows], self.label[rows], self.weight[rows])

    def set_label(self, label: np.ndarray) -> None:
        self.label = label

    def num_data(self) -> int:
        return len(self.label)


def absolute_errors(booster: lgb.Booster, rows: Rows) -> np.ndarray:
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


def stopping(errors: np.ndarray, patience: int) -> tuple[int, int]:
    """Give how many trees a fit keeps that stops after `patience` trees without gain, and how many it makes.

    >>> stopping(np.array([3.0, 2.0, 2.5, 2.2, 1.0]), 2)
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


def _fitted(parameters: dict, data: Rows) -> lgb.Booster:
    """Fit by the default client of Dask, anew where a worker is lost on the way."""
    from dask import array
    from distributed import default_client
    from distributed.client import FutureCancelledError, FuturesCancelledError
    from distributed.scheduler import KilledWorker

    client = default_client()
    # one future or several, a task that took its workers along, or a connection that is closed (an OSError)
    lost = (lgb.basic.LightGBMError, FutureCancelledError, FuturesCancelledError, KilledWorker, OSError)
    for attempt in range(ATTEMPTS):
        client.wait_for_workers(1)
        parts = range(0, data.num_data(), min(PART, -(-data.num_data() // len(client.nthreads()))))
        columns = (_spread(client, array, values, parts) for values in (data.x, data.label, data.weight))
        try:
            x, label, weight = columns
            return lgb.DaskLGBMRegressor(client=client, **parameters).fit(x, label, sample_weight=weight).booster_
        except lost as error:
            if attempt + 1 == ATTEMPTS:
                raise
            log.warning("a booster is fitted anew, as a worker was lost: %s", error)


def _spread(client, array, values: np.ndarray, parts: range):
    """Put parts of an array on the workers; give them as one of Dask's."""
    cut = [values[first : first + parts.step] for first in parts]
    held = client.scatter(cut, hash=False)
    blocks = [array.from_delayed(future, part.shape, part.dtype) for future, part in zip(held, cut, strict=True)]
    return array.concatenate(blocks)
