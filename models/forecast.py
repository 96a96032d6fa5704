"""The estimator: a robust offset, corrections of it, a scale, and conformal quantiles.

- location: the offset plus a linear and an L1 boosted correction, so that a tree never has to
  extrapolate the level of an account. Creators left out of a fold decide how many trees are kept.
  For each evidence the shares of both corrections (which may be 0) are those that help with
  creators left out as well as with later posts (models.corrections)
- scale: L2 boosting of ln(|residual| + 0.05) of residuals out of fold, times a factor for the
  length and spread of the history (`models.corrections.history_scale`)
- conformal quantiles by platform and evidence, from scores of posts that did not train the model
  that scores them (models.conformal)
- on a platform without training rows the location is the offset alone, and the scale is the widest
  that the other platforms give

The recipe and its figures: docs/method.md.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

import lightgbm as lgb
import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils.validation import check_is_fitted, validate_data
from threadpoolctl import threadpool_limits

from models.booster_engine import LIGHTGBM, BoosterSet, as_float32
from models.booster_parameters import DEFAULT_BOOSTING, BoosterParameters
from models.booster_text import booster_text
from models.boosting import Boosting, lightgbm_parameters
from models.column_positions import ColumnName, ColumnPositions
from models.conformal import GRID, CalibrationSet, ConformalTables, ConformityScores
from models.corrections import choose_correction_shares, correction_share_errors, history_scale
from models.correlation import correlation_by_table
from models.distribution import PredictiveDistribution, crps
from models.fit_validation import (
    creator_codes,
    finite_numbers,
    require_number,
    require_numbers,
    row_weights,
)
from models.forecaster_state import fitted_attributes, forecaster_state, parameters_of_state
from models.linear import LinearCorrection, predict_by_evidence
from models.out_of_fold import TrainingRows, corrections_out_of_fold
from models.totals import TotalsTables

SCALE_FLOOR = 0.05
#: Scores beyond are cut.
LARGEST_SCORE = 50
#: Position of the median in GRID.
MEDIAN = int(np.searchsorted(GRID, 0.5))


@dataclass(frozen=True)
class _Parts:
    """What the forecasts of n rows are made of: as in CalibrationSet, and the `offset` (n,)."""

    offset: np.ndarray
    corrections: np.ndarray
    scale: np.ndarray
    evidence: np.ndarray
    platform: np.ndarray


class Forecaster(RegressorMixin, BoosterParameters):
    """Forecast ln(1 + count) of one deliverable, with its whole distribution.

    Parameters
    ----------
    offset : column of X (name or position) that the location is measured from; None takes the
        median of y
    evidence, platform : columns of X with the codes that split the conformal tables; None for one
    evidences, platforms : number of codes of each
    centred : evidence codes whose conformal tables have the median 0, so that the forecast is the
        location itself
    posts, mad : columns of X with the number of known posts and their median absolute deviation of
        ln(1 + count), by which the scale is corrected; None for no correction
    leave_out : columns of X that the corrections do not see
    codes : columns of X without a slope in the linear correction: they hold positions in lists
    location, scale : Boosting, the settings of both boosters; None takes LOCATION_BOOSTING and
        SCALE_BOOSTING. One setting can be set by its name: `set_params(location__trees=100)`
    folds : number of creator folds for the residuals out of fold
    widen : share by which conformal quantiles are widened about their median, besides the widening
        for few creators
    seed, threads : of LightGBM; threads 0 takes all cores

    Attributes
    ----------
    location_, scale_ : fitted lightgbm.Booster
    trees_ : models.booster_engine.BoosterSet, the two as they are evaluated
    linear_ : fitted models.linear.LinearCorrection, by evidence code
    correction_ : shares of the linear and of the boosted correction that are applied, by evidence
        code, (evidences, 2)
    share_errors_ : `correction_share_errors` of creators left out, by evidence code
    left_out_ : models.conformal.CalibrationSet, of creators left out of a fold
    trained_ : number of training rows of each platform code
    conformal_ : models.conformal.ConformalTables
    correlation_ : of the Gaussian copula between deliverables, by conformal table
    totals_ : models.totals.TotalsTables, simulated when they are first needed
    columns_ : names of the columns that the corrections see
    positions_ : models.column_positions.ColumnPositions
    median_ : median of y
    """

    columns_: list[ColumnName]
    positions_: ColumnPositions
    median_: float
    location_: lgb.Booster
    scale_: lgb.Booster
    trees_: BoosterSet
    linear_: list[LinearCorrection]
    correction_: np.ndarray
    conformal_: ConformalTables
    correlation_: np.ndarray
    trained_: np.ndarray

    def __init__(
        self,
        offset: ColumnName | None = None,
        evidence: ColumnName | None = None,
        evidences: int = 1,
        platform: ColumnName | None = None,
        platforms: int = 1,
        centred: Sequence[int] = (),
        posts: ColumnName | None = None,
        mad: ColumnName | None = None,
        leave_out: Sequence[ColumnName] = (),
        codes: Sequence[ColumnName] = (),
        location: Boosting | None = None,
        scale: Boosting | None = None,
        folds: int = 3,
        widen: float = 0.05,
        seed: int = 0,
        threads: int = 0,
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

    def __sklearn_tags__(self):  # type: ignore[no-untyped-def]  # the type is scikit-learn's own
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags

    def fit(self, X: Any, y: Any, sample_weight: Any = None, groups: Any = None) -> "Forecaster":
        """Fit location and scale, and conformal quantiles of the residuals out of fold.

        `X`: (n, columns), NaN where unknown, but never in the columns of offset and evidence; `y`:
        ln(1 + count), (n,); `sample_weight`: (n,), from 0 up; `groups`: the creator of each row,
        numbers or text: no creator is in two folds. Without it every row is a creator of its own.
        For calibration in time call `calibrate` afterwards.

        Raises ValueError before anything is fitted.
        """
        if y is not None:
            require_numbers(y, "y", "ln(1 + count) of each row")
        x, y = validate_data(
            self, X, y, ensure_all_finite="allow-nan", dtype=np.float64, y_numeric=True
        )
        if len(y) < 2:
            raise ValueError("Forecaster cannot learn from 1 sample: give at least two rows")
        weight = row_weights(sample_weight, len(y))
        creator = creator_codes(groups, len(y))
        self._require_parameters()
        self._set_columns()
        self.positions_.require_usable(x, self)
        self.median_ = float(np.median(y))
        # products of few columns gain little from threads, and fits side by side on busy cores wait
        # long for them
        with threadpool_limits(1, user_api="blas"):
            self._fit_rows(x, y, weight, creator)
        return self

    def _require_parameters(self) -> None:
        """Raise ValueError where a parameter cannot be."""
        for name, least in (("folds", 0), ("threads", 0), ("evidences", 1), ("platforms", 1)):
            require_number(getattr(self, name), name, least, whole=True)
        require_number(self.widen, "widen", 0)
        for name in DEFAULT_BOOSTING:
            boosting = self._boosting(name)
            if not isinstance(boosting, Boosting):
                raise ValueError(f"{name} is {boosting!r}: give a models.boosting.Boosting or None")
            boosting.require_usable(name)
        if (self.posts is None) != (self.mad is None):
            raise ValueError("posts and mad belong together: name both columns or none")
        if isinstance(self.leave_out, str):
            raise ValueError(f"leave_out is {self.leave_out!r}: give a list of columns")
        unknown = [name for name in self.leave_out if name not in self._names()]
        if unknown:
            raise ValueError(f"leave_out names {unknown[0]!r}, which is no column of X")

    def _fit_rows(
        self, x: np.ndarray, y: np.ndarray, weight: np.ndarray, creator: np.ndarray
    ) -> None:
        """Fit to checked rows: the folds first, then both corrections and the scale to all rows."""
        positions = self.positions_
        rows = TrainingRows(
            seen=positions.seen_columns(x),
            sloped=positions.sloped,
            target=y - positions.offsets(x, self.median_),
            weight=weight,
            evidence=positions.evidence_codes(x),
            platform=positions.platform_codes(x),
            creator=creator,
            evidences=self.evidences,
        )
        self.trained_ = np.bincount(rows.platform, minlength=self.platforms)
        data = self._dataset(rows.seen, rows.target, weight)
        corrections, trees = corrections_out_of_fold(
            rows, self.folds, partial(self._fit_fold, data, rows.seen)
        )
        self.share_errors_ = correction_share_errors(
            rows.target, corrections, weight, rows.evidence, self.evidences
        )
        self.correction_ = choose_correction_shares(self.share_errors_)
        self.linear_ = rows.fit_lines()
        self.location_ = self._boost(data, self._boosting("location"), "l1", trees)
        applied = (self.correction_[rows.evidence] * corrections).sum(axis=1)
        data.set_label(np.log(np.abs(rows.target - applied) + SCALE_FLOOR))
        self.scale_ = self._boost(data, self._boosting("scale"), "l2")
        self.use_engine(LIGHTGBM)
        scale_log = np.asarray(self.scale_.predict(rows.seen, num_threads=self.threads))
        self.left_out_ = CalibrationSet(
            rows.target,
            corrections,
            self._scaled(x, scale_log),
            rows.evidence,
            rows.platform,
            weight,
            creator,
        )
        self._set_tables(self.left_out_)

    def calibration_set(self, X: Any, y: Any, weight: Any, groups: Any) -> CalibrationSet:
        """Return this forecaster's forecasts of posts that did not train it, in their parts, for
        `calibrate` of another forecaster.

        `X`: (n, columns) as in `predict`; `y`: ln(1 + count) (n,); `weight` (n,) and `groups` (n,)
        as in `fit`. Raises ValueError where any of them cannot be used.
        """
        x = self._checked(X)
        self.positions_.require_usable(x, self)
        y = finite_numbers(y, "y", "ln(1 + count) of each row", len(x))
        weight = row_weights(weight, len(x))
        creator = creator_codes(groups, len(x))
        parts = self._parts(x)
        return CalibrationSet(
            y - parts.offset,
            parts.corrections,
            parts.scale,
            parts.evidence,
            parts.platform,
            weight,
            creator,
        )

    def calibrate(self, later: CalibrationSet | None) -> "Forecaster":
        """Choose the shares of the corrections and set the conformal tables by later posts.

        `later`: `calibration_set` of the calibration model, a forecaster that was fitted as this
        one to an earlier moment. None: no later post can show that a correction lasts, so the
        location is the offset alone, the tables are those of creators left out, and `conformal_.n`
        is 0.
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
        z = np.clip(residual / calibration.scale, -LARGEST_SCORE, LARGEST_SCORE)
        scores = ConformityScores(
            z,
            residual,
            calibration.weight,
            calibration.evidence,
            calibration.platform,
            calibration.creator,
        ).centre(self.centred)
        self.conformal_ = ConformalTables.fit(
            scores, self.platforms, self.evidences, self.widen, self.centred
        )
        table = self.conformal_.place[scores.platform, scores.evidence]
        self.correlation_ = correlation_by_table(
            self.conformal_.probability(scores.z, table),
            table,
            len(self.conformal_.z),
            scores.evidence,
            scores.creator,
        )
        self.__dict__.pop("totals_", None)

    @cached_property
    def totals_(self) -> TotalsTables:
        """The tables of totals over several deliverables."""
        check_is_fitted(self, "conformal_")
        return TotalsTables.fit(self.conformal_, self.correlation_, self.seed)

    def predict(self, X: Any) -> np.ndarray:
        """Return the median of ln(1 + count) of one deliverable of each row, (n,)."""
        location, scale, table, _ = self.distribution_parts(X)
        return location + scale * table[:, MEDIAN]

    def distribution_parts(self, X: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Return location (n,), scale (n,), conformal quantiles (n, len(GRID)) and evidence codes
        (n,).
        """
        parts = self._parts(self._checked(X))
        table = self._tables(parts)
        return self._location(parts), parts.scale, self.conformal_.z[table], parts.evidence

    def predict_distribution(
        self, X: Any, deliverables: float | np.ndarray = 1
    ) -> PredictiveDistribution:
        """Return the distribution of the total over `deliverables` (a number, or one a row, (n,)).

        `X`: as in `predict`, or the matrix that derive gives: float64, the fitted columns in their
        order.
        """
        parts = self._parts(self._matrix(X))
        location = self._location(parts)
        k = np.empty(len(location))
        k[:] = deliverables
        if not (k > 0).all():
            raise ValueError("deliverables must be above 0 in every row")
        return PredictiveDistribution(location, parts.scale, self._tables(parts), k, self.totals_)

    def contributions(self, X: Any) -> np.ndarray:
        """Return what each of `columns_` adds to the forecast, and last what belongs to no column,
        (n, len(columns_) + 1).

        `X`: as in `predict_distribution`. A row's sum is `predict` minus the offset. Those of the
        trees are their TreeSHAP values (Lundberg et al. 2018).
        """
        x = self._matrix(X)
        parts = self._parts(x)
        seen = self.positions_.seen_columns(x)
        trained = self.trained_[parts.platform] > 0
        shares = np.where(trained[:, None], self.correction_[parts.evidence], 0.0)
        linear, boosted = shares.T[:, :, None]
        tree_shap = self.location_.predict(
            as_float32(seen), pred_contrib=True, num_threads=self.threads
        )
        contributions = boosted * tree_shap
        sloped = self.positions_.sloped
        for code in np.unique(parts.evidence):
            rows = parts.evidence == code
            line = self.linear_[code]
            of_columns = line.contributions(seen[rows][:, sloped])
            contributions[np.ix_(rows, sloped)] += linear[rows] * of_columns
            contributions[rows, -1] += linear[rows, 0] * line.intercept
        median = self.conformal_.z[self._tables(parts), MEDIAN]
        contributions[:, -1] += parts.scale * median
        return contributions

    def scores(self, X: Any, y: np.ndarray) -> np.ndarray:
        """Return the conformity scores z = (y - location) / scale, (n,)."""
        location, scale, _, _ = self.distribution_parts(X)
        return (np.asarray(y) - location) / scale

    def crps(self, X: Any, y: np.ndarray) -> np.ndarray:
        """Return the continuous ranked probability score of each row's ln(1 + count), (n,)."""
        location, scale, table, _ = self.distribution_parts(X)
        return crps(location, scale, table, np.asarray(y, dtype=float))

    def use_engine(self, engine: str, threads: int | None = None) -> str:
        """Evaluate the boosters from now on by an engine of models.booster_engine.ENGINES; return
        the engine in use.
        """
        threads = self.threads if threads is None else threads
        self.trees_ = BoosterSet((self.location_, self.scale_), engine, threads)
        return self.trees_.engine

    def state(self) -> tuple[dict[str, Any], str, str]:
        """Return what `from_state` needs: JSON values, then both boosters as text."""
        check_is_fitted(self, "conformal_")
        state = forecaster_state(self, self._names())
        return state, booster_text(self.location_), booster_text(self.scale_)

    @classmethod
    def from_state(cls, state: dict[str, Any], location: str, scale: str) -> "Forecaster":
        """Return the fitted forecaster that gave `state`; it predicts the same to the last bit."""
        forecaster = cls(**parameters_of_state(state))
        if all(isinstance(name, str) for name in state["features"]):
            forecaster.feature_names_in_ = np.array(state["features"], dtype=object)
        forecaster.n_features_in_ = len(state["features"])
        forecaster._set_columns()
        for name, value in fitted_attributes(state).items():
            setattr(forecaster, name, value)
        forecaster.location_ = lgb.Booster(model_str=location)
        forecaster.scale_ = lgb.Booster(model_str=scale)
        forecaster.use_engine(LIGHTGBM)
        return forecaster

    def _names(self) -> list[ColumnName]:
        """Return the names of the columns of X, or their positions where they have none."""
        names: np.ndarray = getattr(self, "feature_names_in_", np.arange(self.n_features_in_))
        return names.tolist()

    def _set_columns(self) -> None:
        """Set `columns_` and `positions_` by the columns of X. Raises ValueError."""
        names = self._names()
        left_out = {*self.leave_out}
        self.columns_ = [name for name in names if name not in left_out]
        self.positions_ = ColumnPositions.of(self, names)

    def _checked(self, X: Any) -> np.ndarray:
        """Return X as a float64 matrix of the fitted columns. Raises ValueError if it is not."""
        check_is_fitted(self, "conformal_")
        return validate_data(self, X, ensure_all_finite="allow-nan", dtype=np.float64, reset=False)

    def _matrix(self, X: Any) -> np.ndarray:
        """Return a float64 matrix of the right width as it is: derive made it, and a check of every
        value takes as long as a forecast.
        """
        is_matrix = isinstance(X, np.ndarray) and X.dtype == np.float64
        if is_matrix and X.shape[1:] == (self.n_features_in_,):
            return X
        return self._checked(X)

    def _parts(self, x: np.ndarray) -> _Parts:
        """Return the parts of forecasts; corrections are 0 on a platform without training rows."""
        positions = self.positions_
        seen = positions.seen_columns(x)
        evidence = positions.evidence_codes(x)
        platform = positions.platform_codes(x)
        boosted, scale_log = self.trees_.predict(seen).T
        linear = predict_by_evidence(self.linear_, seen.take(positions.sloped, axis=1), evidence)
        corrections = np.array([linear, boosted]).T
        unknown = self.trained_[platform] == 0
        if unknown.any():
            corrections[unknown] = 0.0
            scale_log[unknown] = self._widest_scale(seen[unknown])
        offset = positions.offsets(x, self.median_)
        return _Parts(offset, corrections, self._scaled(x, scale_log), evidence, platform)

    def _location(self, parts: _Parts) -> np.ndarray:
        return parts.offset + (self.correction_[parts.evidence] * parts.corrections).sum(axis=1)

    def _tables(self, parts: _Parts) -> np.ndarray:
        """Return the position of each row's conformal table, (n,)."""
        return self.conformal_.place[parts.platform, parts.evidence]

    def _scaled(self, x: np.ndarray, scale_log: np.ndarray) -> np.ndarray:
        """Return the scale, (n,): e to what the booster gives, times the factor of the history."""
        positions = self.positions_
        scale = np.exp(scale_log)
        if positions.posts is None:
            return scale
        return scale * history_scale(x[:, positions.posts], x[:, positions.mad])

    def _widest_scale(self, seen: np.ndarray) -> np.ndarray:
        """Return the largest log scale, (n,), that rows would have on any platform with training
        rows; their own where no platform has any.
        """
        if not self.trained_.any():
            return self.trees_.predict(seen)[:, 1]
        scales = []
        for platform in np.flatnonzero(self.trained_):
            moved = seen.copy()
            moved[:, self.positions_.platform_seen] = platform
            scales.append(self.trees_.predict(moved)[:, 1])
        return np.max(scales, axis=0)

    def _dataset(self, seen: np.ndarray, target: np.ndarray, weight: np.ndarray) -> lgb.Dataset:
        """Bin the columns once, for every fold and both boosters."""
        parameters = {
            "verbosity": -1,
            "max_bin": 127,
            "num_threads": self.threads,
            "feature_pre_filter": False,
        }
        return lgb.Dataset(seen, target, weight=weight, params=parameters).construct()

    def _fit_fold(
        self, data: Any, seen: np.ndarray, train: np.ndarray, test: np.ndarray
    ) -> tuple[np.ndarray, list[float]]:
        """Fit the location's booster to the rows `train`, as models.out_of_fold.FitFold does."""
        boosting = self._boosting("location")
        train_data = data.subset(np.sort(train)).construct()
        valid = data.subset(np.sort(test)).construct() if boosting.patience else None
        curve: dict[str, dict[str, list[float]]] = {}
        booster = self._boost(train_data, boosting, "l1", valid=valid, curve=curve)
        correction = np.asarray(booster.predict(seen[test], num_threads=self.threads))
        return correction, curve["valid_0"]["l1"] if curve else []

    def _boost(
        self,
        data: Any,
        size: Boosting,
        objective: str,
        trees: int | None = None,
        valid: Any = None,
        curve: dict | None = None,
    ) -> lgb.Booster:
        """Fit one booster to `data`, of `trees` trees where that is given.

        With rows to validate on (`valid`) the fit stops early, and their error after each tree is
        written to `curve`.
        """
        parameters = self._learning(data.num_data(), size, objective)
        parameters["num_threads"] = self.threads
        callbacks: list[Callable] = []
        if valid is not None:
            callbacks.append(lgb.early_stopping(size.patience, verbose=False))
            callbacks.append(lgb.record_evaluation({} if curve is None else curve))
        return lgb.train(
            parameters,
            data,
            num_boost_round=trees or size.trees,
            valid_sets=None if valid is None else [valid],
            callbacks=callbacks,
        )

    def _learning(self, rows: int, size: Boosting, objective: str) -> dict[str, Any]:
        """Return LightGBM's parameters for so many rows, without the number of trees."""
        return lightgbm_parameters(rows, size, objective, self.seed)
