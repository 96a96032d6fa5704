"""Evaluation of boosters on many rows: by LightGBM, or by daal4py where a check shows that both
return the same.

Every value is rounded to float32. daal4py has thresholds and leaves in float32. A threshold rounded
down to float32 separates float32 values as before, so a row ends in the same leaves in both
engines, and their sums differ by the rounding of leaves alone.

But: daal4py has no categorical splits and no linear leaves; such boosters stay with LightGBM.
"""

import logging
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import ArrayLike

from features.errors import CreatorcastError
from models.tree_model import TreeModel

LIGHTGBM, DAAL4PY, AUTO = "lightgbm", "daal4py", "auto"
ENGINES = (AUTO, LIGHTGBM, DAAL4PY)
#: Largest difference of a head on the reference rows. Heads are logarithms, and a forecast is e to
#: the location plus at most three scales, so forecasts differ by a share of 1e-6 at most.
TOLERANCE = 2.5e-7
#: Rows from which daal4py is faster in all. For 1,000 trees of 31 leaves on two threads, import,
#: conversion and check take 2 s, and each row 12 microseconds instead of 25.
BULK_ROWS = 150_000
#: Rows below which LightGBM takes one thread.
FEW_BOOSTER_ROWS = 64
REFERENCE_ROWS = 1_024
#: Shares of the reference values that are unknown, and that lie at a threshold or at the next
#: float32 on either side of it.
UNKNOWN_SHARE, EDGE_SHARE = 0.1, 0.3
#: Thresholds beyond it are not tried: they separate unknown values from all others.
LARGEST = 1e37
#: LightGBM reads values up to this as 0.
ZERO = float(np.float32(1e-35))

log = logging.getLogger(__name__)


class EngineError(CreatorcastError):
    """The user chose daal4py by name, and it cannot replace LightGBM."""


class BoosterSet:
    """Boosters on the same columns, each a head, evaluated together.

    Parameters
    ----------
    boosters : models.tree_model.TreeModel, in order of the heads
    engine : "lightgbm"; "daal4py", which raises EngineError where it cannot be used; or "auto",
        which takes LightGBM there and logs why
    threads : of both engines; 0 takes all cores

    Attributes
    ----------
    engine : the engine in use
    """

    def __init__(self, boosters: Sequence[TreeModel], engine: str = LIGHTGBM, threads: int = 0):
        if engine not in ENGINES:
            raise EngineError(f"{engine!r} is no engine: expected one of {', '.join(ENGINES)}")
        self.boosters, self.threads, self.engine = tuple(boosters), threads, LIGHTGBM
        if engine != LIGHTGBM:
            self._use_daal4py(is_required=engine == DAAL4PY)

    def predict(self, matrix: np.ndarray) -> np.ndarray:
        """Return the prediction of each booster for each row of a matrix, (n, heads).

        `matrix`: (n, columns), NaN where unknown.
        """
        rounded = as_float32(matrix)
        if self.engine == DAAL4PY:
            return np.array(self._predict_by_daal4py(rounded)).T
        return np.array(self._predict_by_lightgbm(rounded)).T

    def __reduce__(self) -> tuple:
        return BoosterSet, (self.boosters, self.engine, self.threads)

    def _predict_by_lightgbm(self, rounded: np.ndarray) -> list[np.ndarray]:
        # for a few rows the start of threads takes longer than the prediction
        threads = 1 if len(rounded) < FEW_BOOSTER_ROWS else self.threads
        return [booster.predict(rounded, threads) for booster in self.boosters]

    def _predict_by_daal4py(self, rounded: np.ndarray) -> list[np.ndarray]:
        return [model.predict(rounded) for model in self._models]

    def _use_daal4py(self, is_required: bool) -> None:
        """Switch to daal4py where it can be used; raise EngineError or log why it cannot."""
        reason = self._convert_and_compare()
        if reason is None:
            self.engine = DAAL4PY
        elif is_required:
            raise EngineError(
                f"engine 'daal4py' cannot be used: {reason}; take 'auto' or 'lightgbm'"
            )
        else:
            log.warning("LightGBM evaluates the trees, as daal4py cannot: %s", reason)

    def _convert_and_compare(self) -> str | None:
        """Convert the boosters and compare; return why daal4py cannot be used, or None."""
        try:
            dumps = [booster.dump() for booster in self.boosters]
            self._models = [_Converted(dump, self.threads) for dump in dumps]
        except ImportError as error:
            return f"it is not installed (pip install 'creatorcast[fast]'): {error}"
        except (EngineError, RuntimeError, TypeError) as error:
            return str(error)
        rows = as_float32(probe_rows(dumps))
        by_daal4py = np.column_stack(self._predict_by_daal4py(rows))
        by_lightgbm = np.column_stack(self._predict_by_lightgbm(rows))
        difference = np.abs(by_daal4py - by_lightgbm).max()
        if difference <= TOLERANCE:
            return None
        return f"it differs by {difference:.1e} on reference rows"


def as_float32(matrix: ArrayLike) -> np.ndarray:
    """Return values as float32, those beyond its range as infinite."""
    with np.errstate(over="ignore"):
        return np.ascontiguousarray(matrix, dtype=np.float32)


def probe_rows(dumps: Sequence[dict], rows: int = REFERENCE_ROWS) -> np.ndarray:
    """Return reference rows, (rows, columns), with values near the thresholds of dumped boosters;
    every call returns the same.

    Values lie within the thresholds' range and a tenth beyond. Some are unknown, some exactly at a
    threshold, some the next float32 on either side of it.
    """
    random = np.random.default_rng(0)
    x = random.normal(size=(rows, dumps[0]["max_feature_idx"] + 1))
    for column, edges in _thresholds(dumps).items():
        margin = 0.1 * (edges[-1] - edges[0]) + 0.1
        x[:, column] = random.uniform(edges[0] - margin, edges[-1] + margin, rows)
        at = random.random(rows) < EDGE_SHARE
        edge = as_float32(random.choice(edges, at.sum()))
        below, above = (np.nextafter(edge, as_float32(end)) for end in (-np.inf, np.inf))
        x[at, column] = np.choose(random.integers(0, 3, at.sum()), [below, edge, above])
    x[random.random(x.shape) < UNKNOWN_SHARE] = np.nan
    return x


def _thresholds(dumps: Sequence[dict]) -> dict[int, np.ndarray]:
    """Return the sorted thresholds of each column that splits, without those beyond float32."""
    thresholds: dict[int, list[float]] = {}
    for dump in dumps:
        for tree in dump["tree_info"]:
            for node in _splits(tree["tree_structure"]):
                if node["decision_type"] == "<=" and abs(node["threshold"]) < LARGEST:
                    thresholds.setdefault(node["split_feature"], []).append(node["threshold"])
    return {column: np.unique(values) for column, values in thresholds.items()}


def _splits(node: dict) -> Iterator[dict]:
    """Yield the nodes of a dumped tree that split."""
    if "threshold" in node:
        yield node
        yield from _splits(node["left_child"])
        yield from _splits(node["right_child"])


class _Converted:
    """One dumped booster as a model of daal4py."""

    def __init__(self, dump: dict, threads: int):
        import daal4py

        if threads:
            daal4py.daalinit(threads)
        self._daal = daal4py
        trees = dump["tree_info"]
        self._builder = daal4py.gbt_reg_model_builder(
            n_features=dump["max_feature_idx"] + 1, n_iterations=len(trees)
        )
        for tree in trees:
            self._add(tree["tree_structure"], self._builder.create_tree(2 * tree["num_leaves"] - 1))
        self._model = self._builder.model(base_score=None)

    def predict(self, matrix: np.ndarray) -> np.ndarray:
        # sums in float32 would have two digits too few
        algorithm = self._daal.gbt_regression_prediction(fptype="double")
        return algorithm.compute(matrix, self._model).prediction.ravel()

    def _add(self, node: dict, tree: int, **place: int) -> None:
        """Add a node and all below it to a tree; `place`: its parent and side, none at the root."""
        if "leaf_coeff" in node or node.get("decision_type", "<=") != "<=":
            raise EngineError("the trees have categorical splits or linear leaves")
        if "threshold" not in node:
            cover = node.get("leaf_count", 0)
            self._builder.add_leaf(tree_id=tree, response=node["leaf_value"], cover=cover, **place)
            return
        threshold = node["threshold"]
        # LightGBM reads an unknown value as 0 where training had none
        default_left = node["default_left"] if node["missing_type"] == "NaN" else threshold >= 0
        at = self._builder.add_split(
            tree_id=tree,
            feature_index=node["split_feature"],
            feature_value=_down(threshold),
            default_left=default_left,
            cover=node["internal_count"],
            **place,
        )
        self._add(node["left_child"], tree, parent_id=at, position=0)
        self._add(node["right_child"], tree, parent_id=at, position=1)


def _down(threshold: float) -> np.float32:
    """Return the largest float32 that LightGBM sends to the left of a threshold."""
    lowest = np.float32(-np.inf)
    if abs(threshold) <= ZERO:
        return np.float32(ZERO) if threshold >= 0 else np.nextafter(np.float32(-ZERO), lowest)
    rounded = as_float32([threshold])[0]
    return np.nextafter(rounded, lowest) if float(rounded) > threshold else rounded
