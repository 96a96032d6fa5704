"""The estimator: a robust offset, a LightGBM location and scale on what is left, and conformal quantiles.

- location: L1 boosting of y - offset, so a tree never has to extrapolate the level of an account
- scale: L2 boosting of ln(|residual| + 0.05) of residuals out of fold, folds by creator
- conformal quantiles by evidence, from scores of posts that did not train the model that scores them

The recipe and its figures: docs/method.md.
"""

from dataclasses import dataclass

import lightgbm as lgb
import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.model_selection import GroupKFold
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from models.distribution import GRID, Conformal, Predictive, Totals, crps, pair_correlation

SCALE_FLOOR = 0.05


@dataclass(frozen=True)
class Boosting:
    """Size and pace of one booster."""

    trees: int
    leaves: int
    learning_rate: float = 0.03
    min_child: int = 50
    subsample: float = 0.7
    colsample: float = 0.5
    lambda_l2: float = 10.0


LOCATION = Boosting(trees=200, leaves=15, learning_rate=0.05)
SCALE = Boosting(trees=100, leaves=15)


class Forecaster(RegressorMixin, BaseEstimator):
    """Forecast ln(1 + count) of one deliverable, with its whole distribution.

    Parameters
    ----------
    offset : column (name or position) of X that the location is measured from; None takes the median of y
    evidence : column of X with the evidence code that splits the conformal table; None for one table
    evidences : number of evidence codes
    leave_out : columns of X that the boosters do not see
    location, scale : Boosting, size of the two boosters; None takes LOCATION and SCALE
    folds : creator folds behind the residuals out of fold
    widen : share by which conformal quantiles are widened about their median
    seed, threads : of LightGBM; threads 0 takes all cores

    Attributes
    ----------
    location_, scale_ : fitted lightgbm.Booster
    conformal_ : models.distribution.Conformal
    totals_ : models.distribution.Totals
    columns_ : names of the columns that the boosters see
    """

    def __init__(
        self,
        offset=None,
        evidence=None,
        evidences=1,
        leave_out=(),
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
        self.median_ = float(np.median(y))
        target = y - self._offset(x)
        seen = x[:, self._seen()]
        residual = self._out_of_fold(seen, target, weight, groups)
        self.location_ = self._boost(seen, target, weight, self.location or LOCATION, "l1")
        self.scale_ = self._boost(seen, np.log(np.abs(residual) + SCALE_FLOOR), weight, self.scale or SCALE, "l2")
        z = residual / np.exp(self.scale_.predict(seen, num_threads=self.threads))
        return self.calibrate(z, self._evidence(x), weight, np.arange(len(y)) if groups is None else groups)

    def calibrate(self, z, evidence, weight, groups):
        """Set the conformal quantiles from scores z (n,) of posts that did not train the model that gave them."""
        z = np.clip(z, -50, 50)
        self.conformal_ = Conformal.fit(z, np.asarray(evidence), np.asarray(weight), self.evidences, self.widen)
        score = np.array([np.interp(v, self.conformal_.z[e], GRID) for v, e in zip(z, evidence, strict=True)])
        self.totals_ = Totals.fit(self.conformal_, pair_correlation(score, groups, self.seed), self.seed)
        return self

    def predict(self, X):
        """Forecast the median of ln(1 + count) of one deliverable, shape (n,)."""
        return self.parts(X)[0]

    def parts(self, X) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Give location (n,), scale (n,), conformal quantiles (n, len(GRID)) and evidence codes (n,)."""
        check_is_fitted(self, "conformal_")
        x = validate_data(self, X, ensure_all_finite="allow-nan", dtype=np.float64, reset=False)
        seen = x[:, self._seen()]
        location = self._offset(x) + self.location_.predict(seen, num_threads=self.threads)
        scale = np.exp(self.scale_.predict(seen, num_threads=self.threads))
        evidence = self._evidence(x)
        return location, scale, self.conformal_.z[evidence], evidence

    def predict_distribution(self, X, deliverables=1) -> Predictive:
        """Give the distribution of the total over `deliverables` (a number, or one a row)."""
        location, scale, _, evidence = self.parts(X)
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
            "features": self._names(),
            "median": self.median_,
            "conformal": {"z": self.conformal_.z.tolist(), "n": self.conformal_.n.tolist()},
            "correlation": self.totals_.correlation,
            "totals": self.totals_.quantiles.tolist(),
            "log_mean": self.totals_.log_mean.tolist(),
        }
        return state, self.location_.model_to_string(), self.scale_.model_to_string()

    @classmethod
    def from_state(cls, state: dict, location: str, scale: str) -> "Forecaster":
        """Make the fitted forecaster that gave `state`; it predicts alike to the last bit."""
        forecaster = cls(state["offset"], state["evidence"], state["evidences"], tuple(state["leave_out"]))
        if all(isinstance(name, str) for name in state["features"]):
            forecaster.feature_names_in_ = np.array(state["features"], dtype=object)
        forecaster.n_features_in_ = len(state["features"])
        forecaster.columns_ = forecaster._columns()
        forecaster.median_ = state["median"]
        forecaster.location_ = lgb.Booster(model_str=location)
        forecaster.scale_ = lgb.Booster(model_str=scale)
        forecaster.conformal_ = Conformal(np.array(state["conformal"]["z"]), np.array(state["conformal"]["n"]))
        forecaster.totals_ = Totals(state["correlation"], np.array(state["totals"]), np.array(state["log_mean"]))
        return forecaster

    def _columns(self) -> list:
        out = {*self.leave_out}
        return [name for name in self._names() if name not in out]

    def _names(self) -> list:
        """Give the names of the columns of X, or their positions where they have none."""
        return getattr(self, "feature_names_in_", np.arange(self.n_features_in_)).tolist()

    def _position(self, column) -> int:
        names = self._names()
        if column not in names:
            raise ValueError(f"column {column!r} is not in X; it has {names}")
        return names.index(column)

    def _seen(self) -> list[int]:
        return [self._position(column) for column in self.columns_]

    def _offset(self, x: np.ndarray) -> np.ndarray:
        return np.full(len(x), self.median_) if self.offset is None else x[:, self._position(self.offset)]

    def _evidence(self, x: np.ndarray) -> np.ndarray:
        return np.zeros(len(x), int) if self.evidence is None else x[:, self._position(self.evidence)].astype(int)

    def _out_of_fold(self, seen, target, weight, groups) -> np.ndarray:
        groups = np.arange(len(target)) if groups is None else np.asarray(groups)
        folds = min(self.folds, len(np.unique(groups)))
        if folds < 2:
            return target - np.median(target)
        residual = np.empty(len(target))
        for train, test in GroupKFold(folds).split(seen, groups=groups):
            booster = self._boost(seen[train], target[train], weight[train], self.location or LOCATION, "l1")
            residual[test] = target[test] - booster.predict(seen[test], num_threads=self.threads)
        return residual

    def _boost(self, seen, target, weight, size: Boosting, objective: str) -> lgb.Booster:
        parameters = {
            "objective": objective,
            "learning_rate": size.learning_rate,
            "num_leaves": size.leaves,
            "min_data_in_leaf": min(size.min_child, max(1, len(target) // 20)),
            "bagging_fraction": size.subsample,
            "bagging_freq": 1,
            "feature_fraction": size.colsample,
            "lambda_l2": size.lambda_l2,
            "max_bin": 127,
            "seed": self.seed,
            "deterministic": True,
            "force_row_wise": True,
            "num_threads": self.threads,
            "verbosity": -1,
        }
        shared = {name: parameters[name] for name in ("verbosity", "max_bin", "num_threads")}
        data = lgb.Dataset(seen, target, weight=weight, params=shared, free_raw_data=True)
        return lgb.train(parameters, data, num_boost_round=size.trees)
