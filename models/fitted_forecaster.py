"""The forecaster that a bundle holds: it forecasts, and was fitted elsewhere.

- location: the offset plus a linear and an L1 boosted correction, so that a tree never has to
  extrapolate the level of an account
- scale: e to what its own booster gives, times a factor for the length and spread of the history
  (`models.corrections.history_scale`)
- conformal quantiles by platform and evidence (models.conformal)
- on a platform without training rows the location is the offset alone, and the scale is the widest
  that the other platforms give

`models.forecast.Forecaster` fits it. Here nothing imports scikit-learn or the package `lightgbm`,
which would make every process that forecasts start twice as slowly.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np

from models.booster_engine import LIGHTGBM, BoosterSet, as_float32
from models.column_positions import ColumnName, ColumnPositions
from models.conformal import GRID, ConformalTables
from models.corrections import history_scale
from models.distribution import PredictiveDistribution, crps
from models.forecaster_state import attributes_of_state, forecaster_state
from models.linear import LinearCorrection, predict_by_evidence
from models.totals import TotalsTables
from models.tree_model import TreeModel

#: Position of the median in GRID.
MEDIAN = int(np.searchsorted(GRID, 0.5))


@dataclass(frozen=True)
class ForecastParts:
    """What the forecasts of n rows are made of: as in models.conformal.CalibrationSet, and the
    `offset` (n,).
    """

    offset: np.ndarray
    corrections: np.ndarray
    scale: np.ndarray
    evidence: np.ndarray
    platform: np.ndarray


class FittedForecaster:
    """Forecast ln(1 + count) of one deliverable, with its whole distribution.

    Attributes
    ----------
    offset ... codes, seed, threads : as the parameters of models.forecast.Forecaster, which fitted
        it; of one that was read from a state the last two are 0
    location_, scale_ : models.tree_model.TreeModel
    trees_ : models.booster_engine.BoosterSet, the two as they are evaluated
    linear_ : fitted models.linear.LinearCorrection, by evidence code
    correction_ : shares of the linear and of the boosted correction that are applied, by evidence
        code, (evidences, 2)
    trained_ : number of training rows of each platform code
    conformal_ : models.conformal.ConformalTables
    correlation_ : of the Gaussian copula between deliverables, by conformal table
    totals_ : models.totals.TotalsTables, simulated when they are first needed
    columns_ : names of the columns that the corrections see
    positions_ : models.column_positions.ColumnPositions
    median_ : median of y
    n_features_in_, feature_names_in_ : of X, the names only where it had any
    """

    offset: ColumnName | None
    evidence: ColumnName | None
    evidences: int
    platform: ColumnName | None
    platforms: int
    centred: Sequence[int]
    posts: ColumnName | None
    mad: ColumnName | None
    leave_out: Sequence[ColumnName]
    codes: Sequence[ColumnName]
    seed: int = 0
    threads: int = 0
    columns_: list[ColumnName]
    positions_: ColumnPositions
    median_: float
    location_: TreeModel
    scale_: TreeModel
    trees_: BoosterSet
    linear_: list[LinearCorrection]
    correction_: np.ndarray
    conformal_: ConformalTables
    correlation_: np.ndarray
    trained_: np.ndarray
    n_features_in_: int
    feature_names_in_: np.ndarray

    @cached_property
    def totals_(self) -> TotalsTables:
        """The tables of totals over several deliverables."""
        return TotalsTables.fit(self.conformal_, self.correlation_, self.seed)

    def predict(self, X: Any) -> np.ndarray:
        """Return the median of ln(1 + count) of one deliverable of each row, (n,).

        `X`: (n, columns) as in `fit`: a frame, or a matrix as derive gives it. Raises ValueError
        for other columns.
        """
        location, scale, table, _ = self.distribution_parts(X)
        return location + scale * table[:, MEDIAN]

    def distribution_parts(self, X: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Return location (n,), scale (n,), conformal quantiles (n, len(GRID)) and evidence codes
        (n,).
        """
        parts = self._parts(self._matrix(X))
        table = self._tables(parts)
        return self._location(parts), parts.scale, self.conformal_.z[table], parts.evidence

    def predict_distribution(
        self, X: Any, deliverables: float | np.ndarray = 1
    ) -> PredictiveDistribution:
        """Return the distribution of the total over `deliverables` (a number, or one a row, (n,)).

        `X`: as in `predict`.
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

        `X`: as in `predict`. A row's sum is `predict` minus the offset. Those of the
        trees are their TreeSHAP values (Lundberg et al. 2018).
        """
        x = self._matrix(X)
        parts = self._parts(x)
        seen = self.positions_.seen_columns(x)
        trained = self.trained_[parts.platform] > 0
        shares = np.where(trained[:, None], self.correction_[parts.evidence], 0.0)
        linear, boosted = shares.T[:, :, None]
        tree_shap = self.location_.contributions(as_float32(seen), self.threads)
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
        return forecaster_state(self, self._names()), self.location_.text, self.scale_.text

    @classmethod
    def from_state(cls, state: dict[str, Any], location: str, scale: str) -> Self:
        """Return the fitted forecaster that gave `state`; it predicts the same to the last bit."""
        forecaster = cls()
        for name, value in attributes_of_state(state).items():
            setattr(forecaster, name, value)
        forecaster._set_columns()
        forecaster.location_ = TreeModel(location)
        forecaster.scale_ = TreeModel(scale)
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

    def _matrix(self, X: Any) -> np.ndarray:
        """Return X as a float64 matrix. Raises ValueError where its columns are not the fitted
        ones; its values are those that derive gives, and are not looked at.
        """
        x = np.asarray(X, dtype=np.float64)
        is_other = hasattr(X, "columns") and list(X.columns) != self._names()
        if is_other or x.shape[1:] != (self.n_features_in_,):
            raise ValueError(f"X has other columns than the fitted ones: {self._names()}")
        return x

    def _parts(self, x: np.ndarray) -> ForecastParts:
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
        return ForecastParts(offset, corrections, self._scaled(x, scale_log), evidence, platform)

    def _location(self, parts: ForecastParts) -> np.ndarray:
        return parts.offset + (self.correction_[parts.evidence] * parts.corrections).sum(axis=1)

    def _tables(self, parts: ForecastParts) -> np.ndarray:
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
