"""The estimator that fits a forecaster (models.fitted_forecaster) to rows of derived columns.

- location: creators left out of a fold decide how many trees are kept. For each evidence the
  shares of the linear and of the boosted correction (which may be 0) are those that help with
  creators left out as well as with later posts (models.corrections)
- scale: L2 boosting of ln(|residual| + 0.05) of residuals out of fold
- conformal quantiles: from scores of posts that did not train the model that scores them
  (models.conformal)

The recipe and its figures: docs/method.md.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import lightgbm as lgb
import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils.validation import check_is_fitted, validate_data
from threadpoolctl import threadpool_limits

from models.booster_engine import LIGHTGBM
from models.booster_parameters import DEFAULT_BOOSTING, BoosterParameters
from models.booster_text import booster_text
from models.boosting import Boosting, lightgbm_parameters
from models.column_positions import ColumnName
from models.conformal import CalibrationSet, ConformalTables, ConformityScores
from models.corrections import choose_correction_shares, correction_share_errors
from models.correlation import correlation_by_table
from models.fit_validation import (
    creator_codes,
    finite_numbers,
    require_number,
    require_numbers,
    row_weights,
)
from models.fitted_forecaster import FittedForecaster
from models.out_of_fold import TrainingRows, corrections_out_of_fold
from models.tree_model import TreeModel

SCALE_FLOOR = 0.05
#: Scores beyond are cut.
LARGEST_SCORE = 50


class Forecaster(RegressorMixin, BoosterParameters, FittedForecaster):
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
    share_errors_ : `correction_share_errors` of creators left out, by evidence code
    left_out_ : models.conformal.CalibrationSet, of creators left out of a fold
    Those of models.fitted_forecaster.FittedForecaster
    """

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
        location = self._boost(data, self._boosting("location"), "l1", trees)
        self.location_ = TreeModel(booster_text(location))
        applied = (self.correction_[rows.evidence] * corrections).sum(axis=1)
        data.set_label(np.log(np.abs(rows.target - applied) + SCALE_FLOOR))
        scale = self._boost(data, self._boosting("scale"), "l2")
        self.scale_ = TreeModel(booster_text(scale))
        self.use_engine(LIGHTGBM)
        scale_log = self.scale_.predict(rows.seen, self.threads)
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
        x = self._matrix(X)
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

    def _matrix(self, X: Any) -> np.ndarray:
        """Return X as a float64 matrix, checked as scikit-learn's estimators do. Raises ValueError,
        NotFittedError before `fit`.
        """
        check_is_fitted(self, "conformal_")
        return validate_data(self, X, ensure_all_finite="allow-nan", dtype=np.float64, reset=False)

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
