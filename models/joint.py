"""Engagements and views forecast as one: nobody engages with a post without a view of it.

- level: where one of the two counts is not known of an account, its forecast is moved as far as the
  level of the other one lies from its prior. So both keep what is usual of them for that platform,
  size and niche
- order: engagements exceed views at no probability. Where their curves cross, the one that rests on
  the weaker evidence is moved to the other; of the same evidence that is the engagements. The whole
  distribution is moved, so that quantiles, mean, probabilities and costs still agree

But: views are forecast, and compared with, only where the platform shows them for the planned
format.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from features.derive.catalog import feature_column
from features.derive.level_offset import PROFILE_ONLY
from features.derive.reference import Reference
from features.tables.vocabulary import TARGETS
from models.conformal import GRID
from models.distribution import FEW_FORECASTS, QUANTILES, PredictiveDistribution
from models.forecast import Forecaster
from models.views_shown import rows_with_views

ENGAGEMENTS, VIEWS = "engagements", "views"
#: Share of the mean by which it must be moved to be told, where no quantile is: the curve's ends
#: may be cut alone.
LEAST_MOVE = 0.01
_KNOTS = np.arange(len(GRID))
_ENDS = _KNOTS[[0, -1]]
#: The probability that each knot of GRID stands for in a mean.
_WIDTHS = np.diff(np.concatenate([[0.0], (GRID[1:] + GRID[:-1]) / 2, [1.0]]))


@dataclass(frozen=True)
class BoundedDistribution(PredictiveDistribution):
    """Forecasts of which some `rows` (mask, (n,)) are kept on one side of a `bound`, a forecast of
    as many rows.

    `upper`: whether the bound is the most that they may be, else the least. `ceiling` and
    `bound_ceiling` (n,): how far above the location a deliverable counts in the mean, of both.
    Deliverables are those of the forecast.
    """

    bound: PredictiveDistribution
    rows: np.ndarray
    upper: bool
    ceiling: np.ndarray
    bound_ceiling: np.ndarray

    def totals_at(self, knot: np.ndarray) -> np.ndarray:
        """Give the totals at positions in GRID, as PredictiveDistribution does."""
        found = super().totals_at(knot)
        if len(self.location) > FEW_FORECASTS:
            curve = self._curves[1]
            found[self.rows] = (
                curve[:, knot]
                if knot.ndim == 1
                else np.take_along_axis(curve, knot[self.rows], axis=1)
            )
        return found

    def quantile(self, probability) -> np.ndarray:
        """Give the quantiles of the total, as PredictiveDistribution does."""
        found = super().quantile(probability)
        found[self.rows] = self._nearer(found[self.rows], self._bound.quantile(probability))
        return found

    def mean(self) -> np.ndarray:
        """Give the expected total, shape (n,): of each of both means the part of its curve that
        stands.

        Both curves are held at their ceiling, of several deliverables all at once.
        """
        found = super().mean()
        free, bound = (
            _held(self._free, self.ceiling[self.rows]),
            _held(self._bound, self.bound_ceiling[self.rows]),
        )
        stands = self._nearer(free, bound) == free
        own = found[self.rows] * _share(free, stands) + self._bound.mean() * _share(bound, ~stands)
        found[self.rows] = self._nearer(own, self._bound.mean())
        return found

    def rows_moved_by_bound(self, probabilities: Collection[float] = ()) -> np.ndarray:
        """Mark the rows, (n,), of which the bound moves what is told: QUANTILES, those of
        `probabilities`, the mean.
        """
        at = np.array([*QUANTILES.values(), *probabilities])
        kept, free = self[self.rows], self._free
        of_mean = np.abs(kept.mean() - free.mean()) > LEAST_MOVE * free.mean()
        found = self.rows.copy()
        found[self.rows] = of_mean | (
            kept.interpolated_quantile(at) != free.interpolated_quantile(at)
        ).any(axis=1)
        return found

    def median_log_ratio(self) -> np.ndarray:
        """Give ln of 1 + the median of one deliverable over what it is without the bound, (n,)."""
        one = replace(self, deliverables=np.ones(len(self.location)))
        found = np.zeros(len(self.location))
        found[self.rows] = np.log1p(one[self.rows].quantiles_by_name["p50"]) - np.log1p(
            one._free.quantiles_by_name["p50"]
        )
        return found

    def __getitem__(self, rows: np.ndarray) -> "BoundedDistribution":
        """Give the forecasts at `rows`, positions or a mask (n,)."""
        own = (
            values[rows] for values in (self.location, self.scale, self.table, self.deliverables)
        )
        ceilings = self.ceiling[rows], self.bound_ceiling[rows]
        return BoundedDistribution(
            *own, self.totals, self.bound[rows], self.rows[rows], self.upper, *ceilings
        )

    @cached_property
    def _free(self) -> PredictiveDistribution:
        """The bounded rows without their bound."""
        return super().__getitem__(self.rows)

    @cached_property
    def _bound(self) -> PredictiveDistribution:
        return replace(self.bound, deliverables=self.deliverables)[self.rows]

    @cached_property
    def _curves(self) -> tuple[np.ndarray, np.ndarray]:
        """The totals at GRID of the bounded rows, without and with the bound, (rows, len(GRID))
        each.
        """
        free = self._free.totals_at(_KNOTS)
        return free, self._nearer(free, self._bound.totals_at(_KNOTS))

    @cached_property
    def _curve(self) -> np.ndarray:
        found = self._total(self._log_mean(_KNOTS))
        found[self.rows] = self._curves[1]
        return found

    def _nearer(self, totals: np.ndarray, bound: np.ndarray) -> np.ndarray:
        return np.minimum(totals, bound) if self.upper else np.maximum(totals, bound)


def _held(forecast: PredictiveDistribution, ceiling: np.ndarray) -> np.ndarray:
    """Give the totals at GRID, (n, len(GRID)), none further above the location than the ceiling
    (n,).
    """
    most = forecast.deliverables * np.expm1(forecast.location + ceiling)
    return np.minimum(forecast.totals_at(_KNOTS), np.maximum(most, 0.0)[:, None])


def _share(curve: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Give the share of the area below each curve (n, len(GRID)) that lies where `at` (n,
    len(GRID)) says, (n,).
    """
    area = curve @ _WIDTHS
    return np.divide(
        np.where(at, curve, 0.0) @ _WIDTHS, area, out=np.zeros(len(area)), where=area > 0
    )


@dataclass(frozen=True)
class JointForecast:
    """Totals of n partnerships: `engagements` (n,), and `views` of those rows where they are
    `has_views` (mask, (n,)).

    `views` is None where no row has any. `shifts`: by count how far the level of the other one
    moves its ln(1 + count), (n,), 0 where it is known itself.
    """

    engagements: PredictiveDistribution
    views: PredictiveDistribution | None
    has_views: np.ndarray
    shifts: dict[str, np.ndarray]

    def warnings(self, probabilities: Collection[float] = ()) -> dict[str, np.ndarray]:
        """Say by name which rows, (n,), have what; `probabilities`: of quantiles that are told
        besides QUANTILES.
        """
        lowered, raised = np.zeros((2, len(self.has_views)), dtype=bool)
        if isinstance(self.engagements, BoundedDistribution):
            lowered = self.engagements.rows_moved_by_bound(probabilities)
        if isinstance(self.views, BoundedDistribution):
            raised[self.has_views] = self.views.rows_moved_by_bound(probabilities)
        return {
            "engagements_from_views": self.has_level_from_views,
            "engagements_lowered_to_views": lowered,
            "views_raised_to_engagements": raised,
        }

    @property
    def has_level_from_views(self) -> np.ndarray:
        """Mark the rows, (n,), whose engagements take their level from the views."""
        return self.shifts[ENGAGEMENTS] != 0

    def reasons(self) -> dict[str, np.ndarray]:
        """Give by words the ln factors (n,) that lead from the forecaster's engagements of a post
        to these.
        """
        found = {"its views": self.shifts[ENGAGEMENTS]}
        if isinstance(self.engagements, BoundedDistribution):
            found["no more than its views"] = self.engagements.median_log_ratio()
        return found


def joint_forecast(
    forecasters: dict[str, Forecaster],
    reference: Reference,
    x: np.ndarray | pd.DataFrame,
    deliverables: np.ndarray,
    in_part: np.ndarray | None = None,
) -> JointForecast:
    """Forecast engagements and views of derived columns x; `deliverables` (n,).

    `in_part` (mask, (n,)): rows of which less may be delivered, whose order must hold for any
    number of deliverables.
    """
    shown = rows_with_views(x, reference) if VIEWS in forecasters else np.zeros(len(x), dtype=bool)
    shifts = _shifts(x, reference)
    engagements = _moved(
        forecasters[ENGAGEMENTS].predict_distribution(x, deliverables), shifts[ENGAGEMENTS]
    )
    if not shown.any():
        return JointForecast(engagements, None, shown, shifts)
    rows = slice(None) if shown.all() else shown
    views = _moved(
        forecasters[VIEWS].predict_distribution(x[rows], deliverables[rows]), shifts[VIEWS][rows]
    )
    crossed = _crossed(engagements, views, shown)
    if in_part is not None:
        crossed = crossed | in_part[shown]
    surer = feature_column(x, f"{ENGAGEMENTS}_evidence_code") < feature_column(
        x, f"{VIEWS}_evidence_code"
    )
    ceilings = [forecasters[what].conformal_.ceiling for what in TARGETS]
    lower, higher = _ordered(engagements, views, shown, (crossed, surer[shown]), ceilings)
    return JointForecast(lower, higher, shown, shifts)


def _moved(forecast: PredictiveDistribution, shift: np.ndarray) -> PredictiveDistribution:
    return replace(forecast, location=forecast.location + shift) if shift.any() else forecast


def _shifts(x, reference: Reference) -> dict[str, np.ndarray]:
    """Give by count how far the other one's level lies from its prior, (n,), 0 where the count is
    known itself.
    """
    shifts, comparable = (
        {},
        reference.same_prior_scope[feature_column(x, "platform_code").astype(int)],
    )
    unknown = {what: feature_column(x, f"{what}_evidence_code") == PROFILE_ONLY for what in TARGETS}
    for what, other in (TARGETS, TARGETS[::-1]):
        lacking = comparable & unknown[what] & ~unknown[other]
        shifts[what] = np.where(lacking, feature_column(x, f"{other}_log_offset_by_prior"), 0.0)
    return shifts


def _crossed(
    engagements: PredictiveDistribution, views: PredictiveDistribution, shown: np.ndarray
) -> np.ndarray:
    """Mark those of the rows shown, (m,), whose engagements exceed their views: at some
    probability, or in the mean.

    Both curves ascend: between two knots nothing crosses where the engagements at the upper one do
    not exceed the views at the lower one. So of most rows some knots tell enough.
    """
    own = engagements if shown.all() else engagements[shown]
    lower = _outline(own, [values[shown] for values in engagements.quantiles_by_name.values()])
    crossed = (lower[1:] > _outline(views, list(views.quantiles_by_name.values()))[:-1]).any(axis=0)
    if crossed.any():
        near, other = own[crossed], views[crossed]
        above = (near.totals_at(_KNOTS) > other.totals_at(_KNOTS)).any(axis=1)
        crossed[crossed] = above | (near.mean() > other.mean())
    return crossed


def _outline(forecast: PredictiveDistribution, named: list[np.ndarray]) -> np.ndarray:
    """Give the totals at the ends of GRID and at QUANTILES, ascending, (knots, n)."""
    least, most = forecast.totals_at(_ENDS).T
    return np.array([least, *named, most])


def _ordered(
    engagements: PredictiveDistribution,
    views: PredictiveDistribution,
    shown: np.ndarray,
    rows: tuple,
    ceilings: list[np.ndarray],
) -> tuple[PredictiveDistribution, PredictiveDistribution]:
    """Give both in order; `rows`: of the rows shown those that cross, and those whose engagements
    are known better.

    `ceilings`: of engagements and views, by conformal table.
    """
    crossed, surer = rows
    most, most_views = ceilings[0][engagements.table], ceilings[1][views.table]
    lower, higher = engagements, views
    if (at := crossed & ~surer).any():
        place = np.maximum(np.cumsum(shown) - 1, 0)
        lowered = np.zeros(len(shown), dtype=bool)
        lowered[shown] = at
        lower = _bounded(engagements, views[place], lowered, True, (most, most_views[place]))
    if (at := crossed & surer).any():
        higher = _bounded(views, engagements[shown], at, False, (most_views, most[shown]))
    return lower, higher


def _bounded(
    forecast: PredictiveDistribution,
    bound: PredictiveDistribution,
    rows: np.ndarray,
    upper: bool,
    ceilings: tuple,
) -> BoundedDistribution:
    own = forecast.location, forecast.scale, forecast.table, forecast.deliverables, forecast.totals
    return BoundedDistribution(*own, bound, rows, upper, *ceilings)
