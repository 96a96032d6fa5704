"""The estimator: a robust offset, a LightGBM location and scale on what is left, and conformal quantiles.

- location: a linear and an L1 boosted correction of the offset, so a tree never has to extrapolate the level of an
  account; as many trees, and for each evidence as much of each correction, which may be none, as creators left out of a
  fold bear
- scale: L2 boosting of ln(|residual| + 0.05) of residuals out of fold
- conformal quantiles by evidence, from scores of posts that did not train the model that scores them

The recipe and its figures: docs/method.md.
"""

from dataclasses import dataclass
from functools import cached_property

import lightgbm as lgb
import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.model_selection import GroupKFold
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from models.distribution import GRID, Conformal, Predictive, Totals, crps, run_correlation
from models.linear import Linear
from models.trees import LIGHTGBM, Trees, single

SCALE_FLOOR = 0.05

#: Shares of the linear and of the boosted correction that are tried for each evidence.
CORRECTIONS = np.array([(a, b) for a in range(11) for b in range(11 - a)]) / 10
#: Rows of an evidence below which it takes the correction of all rows.
ENOUGH_ROWS = 50
#: Widening besides, over the number of creators: what five creators teach of a sixth is less than their spread tells.
WIDEN_BY_CREATOR = 6.0
#: What creators left out may lose by more trees, which serve the creators that are known.
TOLERANCE = 0.003


@dataclass(frozen=True)
class Boosting:
    """Size and pace of one booster; `patience`: trees without gain after which folds stop, 0 for never."""

    trees: int
    leaves: int
    learning_rate: float = 0.05
    min_child: int = 50
    subsample: float = 0.7
    colsample: float = 0.25
    lambda_l2: float = 10.0
    patience: int = 0


LOCATION = Boosting(trees=150, leaves=7, patience=100)
SCALE = Boosting(trees=50, leaves=7)


@dataclass(frozen=True)
class _Places:
    """Positions of the columns seen, the offset and the evidence in X, and among those seen of those with a slope."""

    seen: np.ndarray
    sloped: np.ndarray
    offset: int | None
    evidence: int | None


class Forecaster(RegressorMixin, BaseEstimator):
    """Forecast ln(1 + count) of one deliverable, with its whole distribution.

    Parameters
    ----------
    offset : column (name or position) of X that the location is measured from; None takes the median of y
    evidence : column of X with the evidence code that splits the conformal table; None for one table
    evidences : number of evidence codes
    leave_out : columns of X that the corrections do not see
    codes : columns of X that the linear correction does not see besides: positions in lists have no slope
    location, scale : Boosting, size of the two boosters; None takes LOCATION and SCALE
    folds : creator folds behind the residuals out of fold
    widen : share by which conformal quantiles are widened about their median, besides 6 / creators
    seed, threads : of LightGBM; threads 0 takes all cores

    Attributes
    ----------
    location_, scale_ : fitted lightgbm.Booster
    trees_ : models.trees.Trees, the two as they are evaluated
    linear_ : fitted models.linear.Linear, by evidence code
    correction_ : shares of the linear and of the boosted correction that are applied, by evidence code, (evidences, 2)
    conformal_ : models.distribution.Conformal
    correlation_ : of the Gaussian copula between deliverables, by evidence code
    totals_ : models.distribution.Totals, simulated when first asked for
    columns_ : names of the columns that the boosters see
    """

    def __init__(
        self,
        offset=None,
        evidence=None,
        evidences=1,
        leave_out=(),
        codes=(),
        location=None,
        scale=None,
        folds=3,
        widen=0.05,
        seed=0,
        threads=0,
    ):
        self.offset = offset
        self.evidence = evidence
        self.evidences = evidences
        self.leave_out = leave_out
        self.codes = codes
        self.location = location
        self.scale = scale
        self.folds = folds
        self.widen = widen
        self.seed = seed
        self.threads = threads

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags

    def fit(self, X, y, sample_weight=None, groups=None):
        """Fit location and scale, and conformal quantiles of the residuals out of fold.

        `X`: (n, columns), NaN where unknown; `y`: ln(1 + count), (n,); `groups`: the creator of each row, folds are
        drawn over them. For calibration in time follow with `calibrate`.
        """
        x, y = validate_data(self, X, y, ensure_all_finite="allow-nan", dtype=np.float64, y_numeric=True)
        if len(y) < 2:
            raise ValueError("Forecaster cannot learn from 1 sample: give at least two rows")
        weight = _check_sample_weight(sample_weight, x, ensure_non_negative=True)
        if not weight.any():
            raise ValueError("sample_weight is zero for every row: give at least one row a weight above zero")
        self.columns_ = self._columns()
        vars(self).pop("_places", None)
        self.median_ = float(np.median(y))
        groups = np.arange(len(y)) if groups is None else np.asarray(groups)
        target, evidence, seen = y - self._offset(x), self._evidence(x), x.take(self._places.seen, axis=1)
        data = self._dataset(seen, target, weight)
        found, trees = self._out_of_fold(data, seen, target, weight, evidence, groups)
        self.correction_ = _corrections(target, found, weight, evidence, self.evidences)
        residual = target - (self.correction_[evidence] * found).sum(axis=1)
        self.linear_ = self._lines(seen, target, weight, evidence, np.arange(len(y)))
        self.location_ = self._boost(data, self.location or LOCATION, "l1", trees)
        data.set_label(np.log(np.abs(residual) + SCALE_FLOOR))
        self.scale_ = self._boost(data, self.scale or SCALE, "l2")
        self.take_engine(LIGHTGBM)
        z = residual / np.exp(self.scale_.predict(seen, num_threads=self.threads))
        return self.calibrate(z, evidence, weight, groups)

    def calibrate(self, z, evidence, weight, groups):
        """Set the conformal quantiles from scores z (n,) of posts that did not train the model that gave them."""
        z = np.clip(z, -50, 50)
        widen = self.widen + WIDEN_BY_CREATOR / len(np.unique(groups))
        evidence, score = np.asarray(evidence), np.empty(len(z))
        self.conformal_ = Conformal.fit(z, evidence, np.asarray(weight), self.evidences, widen)
        for code in np.unique(evidence):
            score[evidence == code] = np.interp(z[evidence == code], self.conformal_.z[code], GRID)
        self.correlation_ = self._correlations(score, evidence, np.asarray(groups))
        vars(self).pop("totals_", None)
        return self

    @cached_property
    def totals_(self) -> Totals:
        """The tables of totals over several deliverables."""
        check_is_fitted(self, "conformal_")
        return Totals.fit(self.conformal_, self.correlation_, self.seed)

    def _correlations(self, score, evidence, groups) -> np.ndarray:
        """Give the correlation of one creator's posts at each evidence; where there are few scores, that of all."""
        own = [evidence == code for code in range(self.evidences)]
        pooled = run_correlation(score, np.unique([groups, evidence], axis=1, return_inverse=True)[1])
        return np.array([run_correlation(score[at], groups[at]) if at.sum() >= ENOUGH_ROWS else pooled for at in own])

    def predict(self, X):
        """Forecast the median of ln(1 + count) of one deliverable, shape (n,)."""
        return self.parts(X)[0]

    def parts(self, X) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Give location (n,), scale (n,), conformal quantiles (n, len(GRID)) and evidence codes (n,)."""
        check_is_fitted(self, "conformal_")
        x = validate_data(self, X, ensure_all_finite="allow-nan", dtype=np.float64, reset=False)
        location, scale, evidence = self._parts(x)
        return location, scale, self.conformal_.z[evidence], evidence

    def take_engine(self, engine: str, threads: int | None = None) -> str:
        """Evaluate the boosters from now on by an engine of models.trees.ENGINES; give the one in use."""
        self.trees_ = Trees((self.location_, self.scale_), engine, self.threads if threads is None else threads)
        return self.trees_.engine

    def _parts(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Give location, scale and evidence codes, (n,) each, of a matrix in the order of the columns fitted."""
        seen, evidence = x.take(self._places.seen, axis=1), self._evidence(x)
        linear, boosted = self.correction_[evidence].T
        location_boosted, scale_log = self.trees_.predict(seen).T
        correction = linear * self._linear(self.linear_, seen, evidence) + boosted * location_boosted
        return self._offset(x) + correction, np.exp(scale_log), evidence

    def contributions(self, X) -> np.ndarray:
        """Give what each of `columns_` adds to the location, and last what no column decides, (n, columns + 1).

        `X`: as in `predict_distribution`.

        They add up to the location minus the offset; trees are taken apart by TreeSHAP (Lundberg et al. 2018).
        """
        x = self._matrix(X)
        seen, evidence = x.take(self._places.seen, axis=1), self._evidence(x)
        linear, boosted = self.correction_[evidence].T[:, :, None]
        found = boosted * self.location_.predict(single(seen), pred_contrib=True, num_threads=self.threads)
        for code in np.unique(evidence):
            at, line = evidence == code, self.linear_[code]
            found[np.ix_(at, self._places.sloped)] += linear[at] * line.contributions(seen[at][:, self._places.sloped])
            found[at, -1] += linear[at, 0] * line.intercept
        return found

    def predict_distribution(self, X, deliverables=1) -> Predictive:
        """Give the distribution of the total over `deliverables` (a number, or one a row).

        `X`: as in `predict`, or the matrix that derive gives: float64, the columns fitted in their order.
        """
        location, scale, evidence = self._parts(self._matrix(X))
        k = np.broadcast_to(np.asarray(deliverables, dtype=float), location.shape)
        return Predictive(location, scale, evidence, k, self.totals_)

    def scores(self, X, y) -> np.ndarray:
        """Give z = (y - location) / scale of each row, shape (n,)."""
        location, scale, _, _ = self.parts(X)
        return (np.asarray(y) - location) / scale

    def crps(self, X, y) -> np.ndarray:
        """Give the continuous ranked probability score of each row's ln(1 + count), shape (n,)."""
        location, scale, table, _ = self.parts(X)
        return crps(location, scale, table, np.asarray(y, dtype=float))

    def state(self) -> tuple[dict, str, str]:
        """Give what `from_state` needs: JSON values, and the location and scale boosters as text."""
        check_is_fitted(self, "conformal_")
        state = {
            **{name: getattr(self, name) for name in ("offset", "evidence", "evidences")},
            "leave_out": list(self.leave_out),
            "codes": list(self.codes),
            "linear": [line.state() for line in self.linear_],
            "features": self._names(),
            "median": self.median_,
            "correction": self.correction_.tolist(),
            "conformal": {"z": self.conformal_.z.tolist(), "n": self.conformal_.n.tolist()},
            "correlation": self.correlation_.tolist(),
            "totals": self.totals_.quantiles.tolist(),
            "log_mean": self.totals_.log_mean.tolist(),
        }
        return state, self.location_.model_to_string(), self.scale_.model_to_string()

    @classmethod
    def from_state(cls, state: dict, location: str, scale: str) -> "Forecaster":
        """Make the fitted forecaster that gave `state`; it predicts alike to the last bit."""
        forecaster = cls(
            state["offset"], state["evidence"], state["evidences"], tuple(state["leave_out"]), tuple(state["codes"])
        )
        if all(isinstance(name, str) for name in state["features"]):
            forecaster.feature_names_in_ = np.array(state["features"], dtype=object)
        forecaster.n_features_in_ = len(state["features"])
        forecaster.columns_ = forecaster._columns()
        forecaster.median_ = state["median"]
        forecaster.correction_ = np.array(state["correction"])
        forecaster.linear_ = [Linear.from_state(line) for line in state["linear"]]
        forecaster.location_ = lgb.Booster(model_str=location)
        forecaster.scale_ = lgb.Booster(model_str=scale)
        forecaster.take_engine(LIGHTGBM)
        forecaster.conformal_ = Conformal(np.array(state["conformal"]["z"]), np.array(state["conformal"]["n"]))
        forecaster.correlation_ = np.array(state["correlation"])
        forecaster.totals_ = Totals(forecaster.correlation_, np.array(state["totals"]), np.array(state["log_mean"]))
        return forecaster

    def _columns(self) -> list:
        out = {*self.leave_out}
        return [name for name in self._names() if name not in out]

    def _matrix(self, X) -> np.ndarray:
        """Take a matrix of the right shape as it is; it was derived, and a check of every value costs as much."""
        if isinstance(X, np.ndarray) and X.dtype == np.float64 and X.shape[1:] == (self.n_features_in_,):
            return X
        return validate_data(self, X, ensure_all_finite="allow-nan", dtype=np.float64, reset=False)

    def _names(self) -> list:
        """Give the names of the columns of X, or their positions where they have none."""
        return getattr(self, "feature_names_in_", np.arange(self.n_features_in_)).tolist()

    def _position(self, column) -> int:
        names = self._names()
        if column not in names:
            raise ValueError(f"column {column!r} is not in X; it has {names}")
        return names.index(column)

    @cached_property
    def _places(self) -> "_Places":
        seen = np.array([self._position(column) for column in self.columns_])
        sloped = np.array([at for at, name in enumerate(self.columns_) if name not in self.codes], dtype=int)
        offset, evidence = (None if name is None else self._position(name) for name in (self.offset, self.evidence))
        return _Places(seen, sloped, offset, evidence)

    def _offset(self, x: np.ndarray) -> np.ndarray:
        at = self._places.offset
        return np.full(len(x), self.median_) if at is None else x[:, at]

    def _evidence(self, x: np.ndarray) -> np.ndarray:
        at = self._places.evidence
        return np.zeros(len(x), int) if at is None else x[:, at].astype(int)

    def _dataset(self, seen, target, weight) -> lgb.Dataset:
        """Bin the columns once, for every fold and both heads."""
        parameters = {"verbosity": -1, "max_bin": 127, "num_threads": self.threads, "feature_pre_filter": False}
        return lgb.Dataset(seen, target, weight=weight, params=parameters).construct()

    def _lines(self, seen, target, weight, evidence, rows) -> list[Linear]:
        """Fit a linear correction to those of `rows` that have each evidence; where there are few, to all."""
        own = [rows[at] for at in _rows_of(evidence[rows], weight[rows], self.evidences)]
        return [Linear.fit(seen[np.ix_(at, self._places.sloped)], target[at], weight[at]) for at in own]

    def _linear(self, lines: list[Linear], seen: np.ndarray, evidence: np.ndarray) -> np.ndarray:
        found, x = np.zeros(len(seen)), seen.take(self._places.sloped, axis=1)
        for code in np.flatnonzero(np.bincount(evidence)):
            found[evidence == code] = lines[code].predict(x[evidence == code])
        return found

    def _out_of_fold(self, data, seen, target, weight, evidence, groups) -> tuple[np.ndarray, int | None]:
        """Give each row's linear and boosted correction, (n, 2), by fits that did not see its creator.

        Gives also the number of trees that helps on average.
        """
        size = self.location or LOCATION
        folds = min(self.folds, len(np.unique(groups)))
        found, curves = np.full((len(target), 2), np.median(target)), []
        if folds < 2:
            return found, None
        for train, test in GroupKFold(folds).split(seen, groups=groups):
            others, own = (data.subset(np.sort(rows)).construct() for rows in (train, test))
            curve = {}
            booster = self._boost(others, size, "l1", valid=own if size.patience else None, curve=curve)
            if (weight[train] > 0).any():
                lines = self._lines(seen, target, weight, evidence, train)
                found[test, 0] = self._linear(lines, seen[test], evidence[test])
            found[test, 1] = booster.predict(seen[test], num_threads=self.threads)
            curves += [curve["valid_0"]["l1"]] if curve else []
        return found, _trees(curves) if curves else None

    def _boost(
        self, data: lgb.Dataset, size: Boosting, objective: str, trees=None, valid=None, curve=None
    ) -> lgb.Booster:
        parameters = {**self._learning(data.num_data(), size, objective), "num_threads": self.threads}
        stop = [] if valid is None else [lgb.early_stopping(size.patience, verbose=False), lgb.record_evaluation(curve)]
        sets = None if valid is None else [valid]
        return lgb.train(parameters, data, num_boost_round=trees or size.trees, valid_sets=sets, callbacks=stop)

    def _learning(self, rows: int, size: Boosting, objective: str) -> dict:
        """Give LightGBM's parameters for so many rows, but for the number of trees."""
        return {
            "objective": objective,
            "learning_rate": size.learning_rate,
            "num_leaves": size.leaves,
            "min_data_in_leaf": min(size.min_child, max(1, rows // 20)),
            "bagging_fraction": size.subsample,
            "bagging_freq": 1,
            "feature_fraction": size.colsample,
            "lambda_l2": size.lambda_l2,
            "max_bin": 127,
            "seed": self.seed,
            "deterministic": True,
            "force_row_wise": True,
            "verbosity": -1,
            "feature_pre_filter": False,
        }


def _trees(curves: list[list[float]]) -> int:
    """Give the most trees whose mean error over the folds lies within TOLERANCE of the least."""
    error = np.mean([curve[: min(map(len, curves))] for curve in curves], axis=0)
    return int(np.flatnonzero(error <= error.min() * (1 + TOLERANCE))[-1]) + 1


def _corrections(target, found, weight, evidence, evidences: int) -> np.ndarray:
    """Give for each evidence the shares (evidences, 2) of the corrections `found` out of fold that err least."""

    def best(at: np.ndarray) -> np.ndarray:
        own, error = found[at], np.empty(len(CORRECTIONS))
        for number, shares in enumerate(CORRECTIONS):
            error[number] = np.average(np.abs(target[at] - own @ shares), weights=weight[at])
        return CORRECTIONS[int(np.argmin(error))]

    return np.array([best(at) for at in _rows_of(evidence, weight, evidences)])


def _rows_of(evidence, weight, evidences: int) -> list[np.ndarray]:
    """Give the rows (masks (n,)) that each evidence learns from: its own that weigh, all where they are few."""
    known = weight > 0
    own = [known & (evidence == code) for code in range(evidences)]
    return [at if at.sum() >= ENOUGH_ROWS else known for at in own]
