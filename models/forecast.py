"""The estimator: a robust offset, a LightGBM location and scale on what is left, and conformal
quantiles.

- location: a linear and an L1 boosted correction of the offset, so a tree never has to extrapolate
  the level of an account; as many trees as creators left out of a fold bear, and for each evidence
  as much of each correction, which may be none, as both creators left out and later posts bear
  (models.corrections)
- scale: L2 boosting of ln(|residual| + 0.05) of residuals out of fold, times what the history
  suggests (`models.corrections.history_scale`)
- conformal quantiles by platform and evidence, from scores of posts that did not train the model
  that scores them (models.conformal)
- a platform that no training row is of takes the offset alone, with the widest scale of the
  platforms that are known

The recipe and its figures: docs/method.md.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import lightgbm as lgb
import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.model_selection import GroupKFold
from sklearn.utils.validation import check_is_fitted, validate_data

from models.booster_engine import LIGHTGBM, BoosterSet, as_float32
from models.conformal import GRID, CalibrationSet, ConformalTables, ConformityScores
from models.corrections import (
    ENOUGH_ROWS,
    choose_correction_shares,
    correction_share_errors,
    history_scale,
    rows_by_evidence,
)
from models.distribution import (
    PredictiveDistribution,
    TotalsTables,
    crps,
    within_creator_correlation,
)
from models.fit_validation import (
    creator_codes,
    finite_numbers,
    require_codes,
    require_finite,
    require_numbers,
    row_weights,
)
from models.linear import LinearCorrection

SCALE_FLOOR = 0.05

#: Position of the median in GRID.
MEDIAN = int(np.searchsorted(GRID, 0.5))
#: What creators left out may lose by more trees, which serve the creators that are known.
TOLERANCE = 0.003


#: Parameters that a bundle keeps: plain, and lists.
_ROLES = ("offset", "evidence", "evidences", "platform", "platforms", "posts", "mad")
_LISTS = ("centred", "leave_out", "codes")


@dataclass(frozen=True)
class Boosting:
    """Size and pace of one booster; `patience`: trees without gain after which folds stop, 0 for
    never.
    """

    trees: int
    leaves: int
    learning_rate: float = 0.05
    min_child: int = 50
    subsample: float = 0.7
    colsample: float = 0.25
    lambda_l2: float = 10.0
    patience: int = 0


LOCATION_BOOSTING = Boosting(trees=150, leaves=7, patience=100)
SCALE_BOOSTING = Boosting(trees=50, leaves=7)


@dataclass(frozen=True)
class _Places:
    """Positions in X of the columns seen and of the columns with a role (None without one).

    `sloped`, `platform_seen`: positions among those seen of those with a slope, and of the
    platform.
    """

    seen: np.ndarray
    sloped: np.ndarray
    offset: int | None
    evidence: int | None
    platform: int | None
    posts: int | None
    mad: int | None
    platform_seen: int | None


class Forecaster(RegressorMixin, BaseEstimator):
    """Forecast ln(1 + count) of one deliverable, with its whole distribution.

    Parameters
    ----------
    offset : column (name or position) of X that the location is measured from; None takes the
    median of y evidence, platform : columns of X with the codes that split the conformal tables;
    None for one evidences, platforms : number of codes of each centred : evidence codes whose
    conformal tables have the median 0, so that the location itself is served posts, mad : columns
    of X with the number of known posts and their median absolute deviation of ln(1 + count), by
        which the scale is corrected; None for no correction
    leave_out : columns of X that the corrections do not see
    codes : columns of X that the linear correction does not see besides: positions in lists have no
    slope location, scale : Boosting, size of the two boosters; None takes LOCATION_BOOSTING and
    SCALE_BOOSTING folds : creator folds behind the residuals out of fold widen : share by which
    conformal quantiles are widened about their median, besides what few creators ask for seed,
    threads : of LightGBM; threads 0 takes all cores

    Attributes
    ----------
    location_, scale_ : fitted lightgbm.Booster
    trees_ : models.booster_engine.BoosterSet, the two as they are evaluated
    linear_ : fitted models.linear.Linear, by evidence code
    correction_ : shares of the linear and of the boosted correction that are applied, by evidence
    code, (evidences, 2) share_errors_ : `correction_share_errors` of creators left out, by evidence
    code left_out_ : models.conformal.CalibrationSet, of creators left out of a fold trained_ :
    training rows of each platform code conformal_ : models.conformal.Conformal correlation_ : of
    the Gaussian copula between deliverables, by conformal table totals_ :
    models.distribution.Totals, simulated when first asked for columns_ : names of the columns that
    the boosters see
    """

    def __init__(
        self,
        offset=None,
        evidence=None,
        evidences=1,
        platform=None,
        platforms=1,
        centred=(),
        posts=None,
        mad=None,
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
        self.platform = platform
        self.platforms = platforms
        self.centred = centred
        self.posts = posts
        self.mad = mad
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

        `X`: (n, columns), NaN where unknown but in the columns of offset and evidence; `y`: ln(1 +
        count), (n,); `groups`: the creator of each row, numbers or text, over which folds are
        drawn; without them every row is a creator of its own. For calibration in time follow with
        `calibrate`.

        Raises ValueError before anything is fitted.
        """
        if y is not None:
            require_numbers(y, "y", "ln(1 + count) of each row")
        x, y = validate_data(
            self, X, y, ensure_all_finite="allow-nan", dtype=np.float64, y_numeric=True
        )
        if len(y) < 2:
            raise ValueError("Forecaster cannot learn from 1 sample: give at least two rows")
        weight, groups = row_weights(sample_weight, len(y)), creator_codes(groups, len(y))
        self.columns_ = self._columns()
        vars(self).pop("_places", None)
        self.median_ = float(np.median(y))
        self._require_places(x)
        target, seen = y - self._offset(x), x.take(self._places.seen, axis=1)
        evidence, platform = self._evidence(x), self._platform(x)
        self.trained_ = np.bincount(platform, minlength=self.platforms)
        data = self._dataset(seen, target, weight)
        corrections, trees = self._out_of_fold(data, seen, target, weight, evidence, groups)
        self.share_errors_ = correction_share_errors(
            target, corrections, weight, evidence, self.evidences
        )
        self.correction_ = choose_correction_shares(self.share_errors_)
        residual = target - (self.correction_[evidence] * corrections).sum(axis=1)
        self.linear_ = self._lines(seen, target, weight, evidence, np.arange(len(y)))
        self.location_ = self._boost(data, self.location or LOCATION_BOOSTING, "l1", trees)
        data.set_label(np.log(np.abs(residual) + SCALE_FLOOR))
        self.scale_ = self._boost(data, self.scale or SCALE_BOOSTING, "l2")
        self.use_engine(LIGHTGBM)
        scale = self._scaled(x, self.scale_.predict(seen, num_threads=self.threads))
        self.left_out_ = CalibrationSet(
            target, corrections, scale, evidence, platform, weight, groups
        )
        self._set_tables(self.left_out_)
        return self

    def calibration_set(self, X, y, weight, groups) -> CalibrationSet:
        """Take this forecaster's forecasts of posts that did not train it apart, for another's
        `calibrate`.

        `X`: (n, columns) as in `predict`; `y`: ln(1 + count) (n,); `weight` (n,) and `groups` (n,)
        as `fit` takes them. Raises ValueError where any of them cannot be used.
        """
        check_is_fitted(self, "conformal_")
        x = validate_data(self, X, ensure_all_finite="allow-nan", dtype=np.float64, reset=False)
        self._require_places(x)
        y = finite_numbers(y, "y", "ln(1 + count) of each row", len(x))
        weight, creators = row_weights(weight, len(x)), creator_codes(groups, len(x))
        offset, corrections, scale, evidence, platform = self._components(x)
        return CalibrationSet(y - offset, corrections, scale, evidence, platform, weight, creators)

    def calibrate(self, later: CalibrationSet | None) -> "Forecaster":
        """Choose the shares of the corrections and set the conformal tables by posts later than
        those of the twin.

        `later`: `calibration_set` of the twin, a forecaster fitted as this one to an earlier
        moment. None: no later post can show that a correction lasts, so the offset stands alone,
        the tables are those of creators left out, and `conformal_.n` is 0.
        """
        if later is None:
            self.correction_ = np.zeros_like(self.correction_)
            self._set_tables(self.left_out_)
            self.conformal_ = replace(self.conformal_, n=np.zeros_like(self.conformal_.n))
            return self
        errors = correction_share_errors(
            later.target, later.corrections, later.weight, later.evidence, self.evidences
        )
        self.correction_ = choose_correction_shares(self.share_errors_, errors)
        self._set_tables(later)
        return self

    def _set_tables(self, calibration: CalibrationSet) -> None:
        """Set conformal tables and correlations from the residuals that the shares in use leave."""
        residual = calibration.residuals(self.correction_)
        z = np.clip(residual / calibration.scale, -50, 50)
        codes = calibration.evidence, calibration.platform, calibration.creator
        evidence, platform, creator = codes
        scores = ConformityScores(
            z, residual, calibration.weight, evidence, platform, creator
        ).centre(self.centred)
        self.conformal_ = ConformalTables.fit(
            scores, self.platforms, self.evidences, self.widen, self.centred
        )
        table = self.conformal_.place[platform, evidence]
        self.correlation_ = self._correlations(
            self.conformal_.probability(scores.z, table), table, evidence, creator
        )
        vars(self).pop("totals_", None)

    @cached_property
    def totals_(self) -> TotalsTables:
        """The tables of totals over several deliverables."""
        check_is_fitted(self, "conformal_")
        return TotalsTables.fit(self.conformal_, self.correlation_, self.seed)

    def _correlations(self, probability, table, evidence, groups) -> np.ndarray:
        """Give the correlation of one creator's posts in each table; where there are few scores,
        that of all.
        """
        pooled = within_creator_correlation(
            probability, np.unique([groups, evidence], axis=1, return_inverse=True)[1]
        )
        own = [table == number for number in range(len(self.conformal_.z))]
        return np.array(
            [
                within_creator_correlation(probability[at], groups[at])
                if at.sum() >= ENOUGH_ROWS
                else pooled
                for at in own
            ]
        )

    def predict(self, X):
        """Forecast the median of ln(1 + count) of one deliverable, as it is served, shape (n,)."""
        location, scale, table, _ = self.distribution_parts(X)
        return location + scale * table[:, MEDIAN]

    def distribution_parts(self, X) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Give location (n,), scale (n,), conformal quantiles (n, len(GRID)) and evidence codes
        (n,).
        """
        check_is_fitted(self, "conformal_")
        x = validate_data(self, X, ensure_all_finite="allow-nan", dtype=np.float64, reset=False)
        location, scale, table = self._parts(x)
        return location, scale, self.conformal_.z[table], self._evidence(x)

    def use_engine(self, engine: str, threads: int | None = None) -> str:
        """Evaluate the boosters from now on by an engine of models.booster_engine.ENGINES; give the
        one in use.
        """
        self.trees_ = BoosterSet(
            (self.location_, self.scale_), engine, self.threads if threads is None else threads
        )
        return self.trees_.engine

    def _parts(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Give location, scale and positions of conformal tables, (n,) each, of a matrix of the
        columns fitted.
        """
        offset, corrections, scale, evidence, platform = self._components(x)
        location = offset + (self.correction_[evidence] * corrections).sum(axis=1)
        return location, scale, self.conformal_.place[platform, evidence]

    def _components(self, x: np.ndarray) -> tuple[np.ndarray, ...]:
        """Give offset (n,), corrections (n, 2) before their shares, scale, evidence and platform
        codes (n,).
        """
        seen, evidence, platform = (
            x.take(self._places.seen, axis=1),
            self._evidence(x),
            self._platform(x),
        )
        boosted, scale_log = self.trees_.predict(seen).T
        corrections = np.column_stack([self._linear(self.linear_, seen, evidence), boosted])
        unknown = self.trained_[platform] == 0
        if unknown.any():
            corrections[unknown] = 0.0
            scale_log[unknown] = self._widest_scale(seen[unknown])
        return self._offset(x), corrections, self._scaled(x, scale_log), evidence, platform

    def _scaled(self, x: np.ndarray, scale_log: np.ndarray) -> np.ndarray:
        """Give the scale (n,) of what the booster says and the history suggests."""
        places = self._places
        if places.posts is None:
            return np.exp(scale_log)
        return np.exp(scale_log) * history_scale(x[:, places.posts], x[:, places.mad])

    def _widest_scale(self, seen: np.ndarray) -> np.ndarray:
        """Give the largest log scale (n,) of accounts if they were on any of the platforms that are
        known.
        """
        scales = []
        for platform in np.flatnonzero(self.trained_):
            elsewhere = seen.copy()
            elsewhere[:, self._places.platform_seen] = platform
            scales.append(self.trees_.predict(elsewhere)[:, 1])
        return np.max(scales, axis=0)

    def contributions(self, X) -> np.ndarray:
        """Give what each of `columns_` adds to the forecast, and last what no column decides, (n,
        columns + 1).

        `X`: as in `predict_distribution`.

        They add up to what `predict` gives minus the offset; trees are taken apart by TreeSHAP
        (Lundberg et al. 2018).
        """
        x = self._matrix(X)
        seen, evidence = x.take(self._places.seen, axis=1), self._evidence(x)
        shares = np.where(
            (self.trained_[self._platform(x)] > 0)[:, None], self.correction_[evidence], 0.0
        )
        linear, boosted = shares.T[:, :, None]
        found = boosted * self.location_.predict(
            as_float32(seen), pred_contrib=True, num_threads=self.threads
        )
        for code in np.unique(evidence):
            at, line = evidence == code, self.linear_[code]
            found[np.ix_(at, self._places.sloped)] += linear[at] * line.contributions(
                seen[at][:, self._places.sloped]
            )
            found[at, -1] += linear[at, 0] * line.intercept
        _, scale, table = self._parts(x)
        found[:, -1] += scale * self.conformal_.z[table, MEDIAN]
        return found

    def predict_distribution(self, X, deliverables=1) -> PredictiveDistribution:
        """Give the distribution of the total over `deliverables` (a number, or one a row).

        `X`: as in `predict`, or the matrix that derive gives: float64, the columns fitted in their
        order.
        """
        location, scale, table = self._parts(self._matrix(X))
        k = np.broadcast_to(np.asarray(deliverables, dtype=float), location.shape)
        return PredictiveDistribution(location, scale, table, k, self.totals_)

    def scores(self, X, y) -> np.ndarray:
        """Give z = (y - location) / scale of each row, shape (n,)."""
        location, scale, _, _ = self.distribution_parts(X)
        return (np.asarray(y) - location) / scale

    def crps(self, X, y) -> np.ndarray:
        """Give the continuous ranked probability score of each row's ln(1 + count), shape (n,)."""
        location, scale, table, _ = self.distribution_parts(X)
        return crps(location, scale, table, np.asarray(y, dtype=float))

    def state(self) -> tuple[dict, str, str]:
        """Give what `from_state` needs: JSON values, and the location and scale boosters as text."""
        check_is_fitted(self, "conformal_")
        state = {
            **{name: getattr(self, name) for name in _ROLES},
            **{name: list(getattr(self, name)) for name in _LISTS},
            "linear": [line.state() for line in self.linear_],
            "features": self._names(),
            "median": self.median_,
            "correction": self.correction_.tolist(),
            "trained": self.trained_.tolist(),
            "conformal": {name: values.tolist() for name, values in vars(self.conformal_).items()},
            "correlation": self.correlation_.tolist(),
            "totals": self.totals_.quantiles.tolist(),
            "log_mean": self.totals_.log_mean.tolist(),
        }
        return state, self.location_.model_to_string(), self.scale_.model_to_string()

    @classmethod
    def from_state(cls, state: dict, location: str, scale: str) -> "Forecaster":
        """Make the fitted forecaster that gave `state`; it predicts alike to the last bit."""
        lists = {name: tuple(state[name]) for name in _LISTS}
        forecaster = cls(**{name: state[name] for name in _ROLES}, **lists)
        if all(isinstance(name, str) for name in state["features"]):
            forecaster.feature_names_in_ = np.array(state["features"], dtype=object)
        forecaster.n_features_in_ = len(state["features"])
        forecaster.columns_ = forecaster._columns()
        forecaster.median_ = state["median"]
        forecaster.correction_ = np.array(state["correction"])
        forecaster.linear_ = [LinearCorrection.from_state(line) for line in state["linear"]]
        forecaster.location_ = lgb.Booster(model_str=location)
        forecaster.scale_ = lgb.Booster(model_str=scale)
        forecaster.use_engine(LIGHTGBM)
        forecaster.trained_ = np.array(state["trained"])
        forecaster.conformal_ = ConformalTables(
            **{name: np.array(values) for name, values in state["conformal"].items()}
        )
        forecaster.correlation_ = np.array(state["correlation"])
        forecaster.totals_ = TotalsTables(
            forecaster.correlation_, np.array(state["totals"]), np.array(state["log_mean"])
        )
        return forecaster

    def _columns(self) -> list:
        out = {*self.leave_out}
        return [name for name in self._names() if name not in out]

    def _matrix(self, X) -> np.ndarray:
        """Take a matrix of the right shape as it is; it was derived, and a check of every value
        costs as much.
        """
        if (
            isinstance(X, np.ndarray)
            and X.dtype == np.float64
            and X.shape[1:] == (self.n_features_in_,)
        ):
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
        sloped = np.array(
            [at for at, name in enumerate(self.columns_) if name not in self.codes], dtype=int
        )
        names = (self.offset, self.evidence, self.platform, self.posts, self.mad)
        roles = (None if name is None else self._position(name) for name in names)
        platform_seen = (
            self.columns_.index(self.platform) if self.platform in self.columns_ else None
        )
        return _Places(seen, sloped, *roles, platform_seen)

    def _offset(self, x: np.ndarray) -> np.ndarray:
        at = self._places.offset
        return np.full(len(x), self.median_) if at is None else x[:, at]

    def _require_places(self, x: np.ndarray) -> None:
        """Raise ValueError where a row lacks its offset, or has a code of evidence or platform that
        there is not.
        """
        places = self._places
        require_finite(self._offset(x), f"the offset, column {self.offset!r},")
        if places.evidence is not None:
            require_codes(
                x[:, places.evidence], f"the evidence, column {self.evidence!r},", self.evidences
            )
        if places.platform is not None:
            require_codes(
                x[:, places.platform], f"the platform, column {self.platform!r},", self.platforms
            )

    def _evidence(self, x: np.ndarray) -> np.ndarray:
        at = self._places.evidence
        return np.zeros(len(x), int) if at is None else x[:, at].astype(int)

    def _platform(self, x: np.ndarray) -> np.ndarray:
        at = self._places.platform
        return np.zeros(len(x), int) if at is None else x[:, at].astype(int)

    def _dataset(self, seen, target, weight) -> lgb.Dataset:
        """Bin the columns once, for every fold and both heads."""
        parameters = {
            "verbosity": -1,
            "max_bin": 127,
            "num_threads": self.threads,
            "feature_pre_filter": False,
        }
        return lgb.Dataset(seen, target, weight=weight, params=parameters).construct()

    def _lines(self, seen, target, weight, evidence, rows) -> list[LinearCorrection]:
        """Fit a linear correction to those of `rows` that have each evidence; where there are few,
        to all.
        """
        own = [rows[at] for at in rows_by_evidence(evidence[rows], weight[rows], self.evidences)]
        return [
            LinearCorrection.fit(seen[np.ix_(at, self._places.sloped)], target[at], weight[at])
            for at in own
        ]

    def _linear(
        self, lines: list[LinearCorrection], seen: np.ndarray, evidence: np.ndarray
    ) -> np.ndarray:
        found, x = np.zeros(len(seen)), seen.take(self._places.sloped, axis=1)
        for code in np.flatnonzero(np.bincount(evidence)):
            found[evidence == code] = lines[code].predict(x[evidence == code])
        return found

    def _out_of_fold(
        self, data, seen, target, weight, evidence, groups
    ) -> tuple[np.ndarray, int | None]:
        """Give each row's linear and boosted correction, (n, 2), by fits that did not see its
        creator.

        Gives also the number of trees that helps on average.
        """
        size = self.location or LOCATION_BOOSTING
        folds = min(self.folds, len(np.unique(groups)))
        found, curves = np.full((len(target), 2), np.median(target)), []
        if folds < 2:
            return found, None
        for train, test in GroupKFold(folds).split(seen, groups=groups):
            others, own = (data.subset(np.sort(rows)).construct() for rows in (train, test))
            curve = {}
            booster = self._boost(
                others, size, "l1", valid=own if size.patience else None, curve=curve
            )
            if (weight[train] > 0).any():
                lines = self._lines(seen, target, weight, evidence, train)
                found[test, 0] = self._linear(lines, seen[test], evidence[test])
            found[test, 1] = booster.predict(seen[test], num_threads=self.threads)
            curves += [curve["valid_0"]["l1"]] if curve else []
        return found, _trees(curves) if curves else None

    def _boost(
        self, data: lgb.Dataset, size: Boosting, objective: str, trees=None, valid=None, curve=None
    ) -> lgb.Booster:
        parameters = {
            **self._learning(data.num_data(), size, objective),
            "num_threads": self.threads,
        }
        stop = (
            []
            if valid is None
            else [lgb.early_stopping(size.patience, verbose=False), lgb.record_evaluation(curve)]
        )
        sets = None if valid is None else [valid]
        return lgb.train(
            parameters, data, num_boost_round=trees or size.trees, valid_sets=sets, callbacks=stop
        )

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
