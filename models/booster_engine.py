"""Boosters in bulk: LightGBM's own predict, or daal4py where a check finds that it gives the same.

Every value is taken as float32. daal4py keeps thresholds and leaves in float32: a threshold rounded
down to float32 decides alike about every float32 value, so a row ends in the same leaves on both
ways and the sums of these differ by the rounding of leaves alone.

But: daal4py has no categorical splits and no linear leaves; such boosters stay with LightGBM.
"""

import logging
from collections.abc import Iterator, Sequence

import lightgbm as lgb
import numpy as np
from numpy.typing import ArrayLike

from features.errors import CreatorcastError

LIGHTGBM, DAAL4PY, AUTO = "lightgbm", "daal4py", "auto"
ENGINES = (AUTO, LIGHTGBM, DAAL4PY)
#: Largest difference of a head on the reference rows. Heads are logarithms, and an answer is e to
#: the location plus at
#: most three scales, so answers differ by 1e-6 of themselves at most.
TOLERANCE = 2.5e-7
#: Rows from which the conversion is earned back: 1,000 trees of 31 leaves take 2 s to import
#: daal4py, convert and check
#: them, and 13 microseconds a row less than the 25 that LightGBM takes, both on two threads.
BULK_ROWS = 150_000
#: Rows below which LightGBM takes one thread.
FEW_BOOSTER_ROWS = 64
REFERENCE_ROWS = 1_024
#: Of reference values: unknown ones, and ones at a threshold or the next float32 on either side of
#: one.
UNKNOWN_SHARE, EDGE_SHARE = 0.1, 0.3
#: Thresholds beyond it are no edges to try: they part the unknown from all others.
LARGEST = 1e37
#: LightGBM takes values up to this for 0.
ZERO = float(np.float32(1e-35))

log = logging.getLogger(__name__)


class EngineError(CreatorcastError):
    """daal4py was asked for by name and cannot take LightGBM's place."""


class BoosterSet:
    """Boosters over the same columns, each a head, evaluated together.

    Parameters
    ----------
    boosters : lightgbm.Booster, of regression objectives, in order of the heads
    engine : "lightgbm"; "daal4py", which raises EngineError where it cannot be used; or "auto",
    which then takes
        LightGBM and logs why
    threads : of both engines; 0 takes all cores

    Attributes
    ----------
    engine : the engine in use
    """

    def __init__(self, boosters: Sequence[lgb.Booster], engine: str = LIGHTGBM, threads: int = 0):
        if engine not in ENGINES:
            raise EngineError(f"{engine!r} is no engine: expected one of {', '.join(ENGINES)}")
        self.boosters, self.threads, self.engine = tuple(boosters), threads, LIGHTGBM
        if engine != LIGHTGBM:
            self._take_daal(asked=engine == DAAL4PY)

    def predict(self, matrix: np.ndarray) -> np.ndarray:
        """Return what each booster predicts for each row of a matrix (n, columns), NaN where
        unknown; (n, heads).
        """
        rounded = as_float32(matrix)
        heads = self._converted(rounded) if self.engine == DAAL4PY else self._plain(rounded)
        return np.column_stack(heads)

    def __reduce__(self) -> tuple:
        return BoosterSet, (self.boosters, self.engine, self.threads)

    def _plain(self, rounded: np.ndarray) -> list[np.ndarray]:
        # threads take longer to wake than a few rows to predict
        threads = 1 if len(rounded) < FEW_BOOSTER_ROWS else self.threads
        return [
            np.asarray(booster.predict(rounded, num_threads=threads)) for booster in self.boosters
        ]

    def _converted(self, rounded: np.ndarray) -> list[np.ndarray]:
        return [model.predict(rounded) for model in self._models]

    def _take_daal(self, asked: bool) -> None:
        reason = self._why_not()
        if reason is None:
            self.engine = DAAL4PY
        elif asked:
            raise EngineError(
                f"engine 'daal4py' cannot be used: {reason}; take 'auto' or 'lightgbm'"
            )
        else:
            log.warning("LightGBM evaluates the trees, as daal4py cannot: %s", reason)

    def _why_not(self) -> str | None:
        """Convert the boosters and compare; return why daal4py cannot be used, or None."""
        try:
            dumps = [booster.dump_model() for booster in self.boosters]
            self._models = [_Converted(dump, self.threads) for dump in dumps]
        except ImportError as error:
            return f"it is not installed (pip install 'creatorcast[fast]'): {error}"
        except (EngineError, RuntimeError, TypeError) as error:
            return str(error)
        rows = as_float32(probe_rows(dumps))
        apart = np.abs(
            np.column_stack(self._converted(rows)) - np.column_stack(self._plain(rows))
        ).max()
        return None if apart <= TOLERANCE else f"it differs by {apart:.1e} on reference rows"


def as_float32(matrix: ArrayLike) -> np.ndarray:
    """Return values as float32, those beyond its range as infinite."""
    with np.errstate(over="ignore"):
        return np.ascontiguousarray(matrix, dtype=np.float32)


def probe_rows(dumps: Sequence[dict], rows: int = REFERENCE_ROWS) -> np.ndarray:
    """Return rows, (rows, columns), with values about the thresholds of dumped boosters; always the
    same rows.

    Values lie within the thresholds' range and a tenth beyond; some are unknown, some exactly at a
    threshold, some the next float32 on either side of one.
    """
    random = np.random.default_rng(0)
    found = random.normal(size=(rows, dumps[0]["max_feature_idx"] + 1))
    for column, edges in _thresholds(dumps).items():
        margin = 0.1 * (edges[-1] - edges[0]) + 0.1
        found[:, column] = random.uniform(edges[0] - margin, edges[-1] + margin, rows)
        at = random.random(rows) < EDGE_SHARE
        edge = as_float32(random.choice(edges, at.sum()))
        below, above = (np.nextafter(edge, as_float32(end)) for end in (-np.inf, np.inf))
        found[at, column] = np.choose(random.integers(0, 3, at.sum()), [below, edge, above])
    found[random.random(found.shape) < UNKNOWN_SHARE] = np.nan
    return found


def _thresholds(dumps: Sequence[dict]) -> dict[int, np.ndarray]:
    """Return the sorted thresholds of each column that splits, without those beyond float32."""
    found: dict[int, list[float]] = {}
    for dump in dumps:
        for tree in dump["tree_info"]:
            for node in _splits(tree["tree_structure"]):
                if node["decision_type"] == "<=" and abs(node["threshold"]) < LARGEST:
                    found.setdefault(node["split_feature"], []).append(node["threshold"])
    return {column: np.unique(values) for column, values in found.items()}


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
        # in float sums would be two digits short
        algorithm = self._daal.gbt_regression_prediction(fptype="double")
        return algorithm.compute(matrix, self._model).prediction.ravel()

    def _add(self, node: dict, tree: int, **place: int) -> None:
        if "leaf_coeff" in node or node.get("decision_type", "<=") != "<=":
            raise EngineError("the trees have categorical splits or linear leaves")
        if "threshold" not in node:
            cover = node.get("leaf_count", 0)
            self._builder.add_leaf(tree_id=tree, response=node["leaf_value"], cover=cover, **place)
            return
        threshold = node["threshold"]
        # where training saw no unknown value LightGBM takes one for 0
        left = node["default_left"] if node["missing_type"] == "NaN" else threshold >= 0
        at = self._builder.add_split(
            tree_id=tree,
            feature_index=node["split_feature"],
            feature_value=_down(threshold),
            default_left=left,
            cover=node["internal_count"],
            **place,
        )
        self._add(node["left_child"], tree, parent_id=at, position=0)
        self._add(node["right_child"], tree, parent_id=at, position=1)


def _down(threshold: float) -> np.float32:
    """Return the largest float32 that LightGBM takes to the left of a threshold."""
    if abs(threshold) <= ZERO:
        return (
            np.float32(ZERO)
            if threshold >= 0
            else np.nextafter(np.float32(-ZERO), np.float32(-np.inf))
        )
    rounded = as_float32([threshold])[0]
    return np.nextafter(rounded, np.float32(-np.inf)) if float(rounded) > threshold else rounded
