"""Engagements and views forecast together: nobody engages with a post without a view of it.

- level: where one of the two counts is not known of an account, its forecast is moved as far as the
  level of the other count lies from its prior. So both keep the usual ratio of that platform, size
  and niche
- horizon: where counts of another day than the bundle's are asked for, each is moved by the growth
  of counts of its platform from the bundle's day to that one. Views of a platform without a curve
  of views are then not known
- order: engagements exceed views at no probability. Where their curves cross, the one with the
  weaker evidence is bounded by the other; with the same evidence that is the engagements. The whole
  distribution is bounded, so that quantiles, mean, probabilities and costs still agree

But: views are forecast, and compared with, only where the platform shows them for the planned
format.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from features.derive.catalog import feature_column
from features.derive.level_offset import PROFILE_ONLY
from features.derive.reference import Reference
from features.maturation.maturation import NO_CURVE
from features.tables.vocabulary import TARGETS
from models.bounded_distribution import BoundedDistribution
from models.conformal import GRID
from models.distribution import PredictiveDistribution, Rows
from models.fitted_forecaster import FittedForecaster
from models.reasons import OTHER_HORIZON
from models.views_shown import rows_with_views

ENGAGEMENTS, VIEWS = "engagements", "views"
_KNOTS = np.arange(len(GRID))
_ENDS = _KNOTS[[0, -1]]


@dataclass(frozen=True)
class JointForecast:
    """Totals of n partnerships: `engagements` of all, and `views` of the rows `has_views` (mask,
    (n,)), None where no row has any.

    `shifts`: by target how far the level of the other target moves its ln(1 + count), (n,), 0 where
    its own level is known; `growths`: by target how far the horizon that is asked for moves it,
    (n,), empty where no row asks for another one than the bundle's; `lacks_views_curve`: mask,
    (n,), of rows whose views are not known at theirs.
    """

    engagements: PredictiveDistribution
    views: PredictiveDistribution | None
    has_views: np.ndarray
    shifts: dict[str, np.ndarray]
    growths: dict[str, np.ndarray]
    lacks_views_curve: np.ndarray

    def warnings(self, probabilities: Collection[float] = ()) -> dict[str, np.ndarray]:
        """Return by code of the warning a mask of the rows that it is about, (n,).

        `probabilities`: of the quantiles in the answer besides QUANTILES.
        """
        lowered = np.zeros(len(self.has_views), dtype=bool)
        raised = np.zeros(len(self.has_views), dtype=bool)
        if isinstance(self.engagements, BoundedDistribution):
            lowered = self.engagements.rows_moved_by_bound(probabilities)
        if isinstance(self.views, BoundedDistribution):
            raised[self.has_views] = self.views.rows_moved_by_bound(probabilities)
        return {
            "engagements_from_views": self.has_level_from_views,
            "engagements_lowered_to_views": lowered,
            "views_raised_to_engagements": raised,
            "views_without_curve": self.lacks_views_curve,
        }

    @property
    def has_level_from_views(self) -> np.ndarray:
        """Mask of the rows, (n,), whose engagements take their level from the views."""
        return self.shifts[ENGAGEMENTS] != 0

    def reasons(self) -> dict[str, np.ndarray]:
        """Return by name of the reason the ln factors, (n,), between the forecaster's engagements
        of one post and these.
        """
        log_factors = {"its views": self.shifts[ENGAGEMENTS]}
        if self.growths:
            log_factors[OTHER_HORIZON] = self.growths[ENGAGEMENTS]
        if isinstance(self.engagements, BoundedDistribution):
            log_factors["no more than its views"] = self.engagements.median_log_ratio()
        return log_factors


@dataclass(frozen=True)
class _Crossing:
    """Which of the m rows with views cross, and which of them have better evidence of engagements
    than of views; masks, (m,).
    """

    crossed: np.ndarray
    engagements_better_known: np.ndarray


def joint_forecast(
    forecasters: Mapping[str, FittedForecaster],
    reference: Reference,
    x: np.ndarray | pd.DataFrame,
    deliverables: np.ndarray,
    in_part: np.ndarray | None = None,
    horizon_days: np.ndarray | None = None,
) -> JointForecast:
    """Return the joint forecast of engagements and views of derived columns x; `deliverables` (n,).

    `in_part`: mask, (n,), of rows of which less may be delivered: their order must hold for any
    number of deliverables. `horizon_days`: whole days after posting at which counts are asked for,
    (n,), NaN for the bundle's horizon; its engagements must have a curve (`lacks_curve`).
    """
    shifts, growths = _shifts(x, reference), _growths(x, reference, horizon_days)
    moves = {target: shifts[target] + growths.get(target, 0.0) for target in TARGETS}
    engagements = forecasters[ENGAGEMENTS].predict_distribution(x, deliverables)
    engagements = _shifted(engagements, moves[ENGAGEMENTS])
    shown = rows_with_views(x, reference) if VIEWS in forecasters else np.zeros(len(x), dtype=bool)
    platform = feature_column(x, "platform_code")
    lacks_views_curve = shown & lacks_curve(VIEWS, platform, horizon_days, reference)
    shown = shown & ~lacks_views_curve
    if not shown.any():
        return JointForecast(engagements, None, shown, shifts, growths, lacks_views_curve)
    rows: Rows = slice(None) if shown.all() else shown
    views = forecasters[VIEWS].predict_distribution(x[rows], deliverables[rows])
    views = _shifted(views, moves[VIEWS][rows])
    crossed = _crossed(engagements, views, shown)
    if in_part is not None:
        crossed = crossed | in_part[shown]
    evidence_code, views_code = (
        feature_column(x, f"{target}_evidence_code") for target in (ENGAGEMENTS, VIEWS)
    )
    crossing = _Crossing(crossed, (evidence_code < views_code)[shown])
    ceilings = {target: forecasters[target].conformal_.ceiling for target in TARGETS}
    engagements, views = _ordered(engagements, views, shown, crossing, ceilings)
    return JointForecast(engagements, views, shown, shifts, growths, lacks_views_curve)


def lacks_curve(
    target: str, platform: np.ndarray, horizon_days: np.ndarray | None, reference: Reference
) -> np.ndarray:
    """Return which rows, (n,), ask for a horizon that no curve of their platform leads to.

    `platform` (n,): positions in PLATFORMS, NaN where unknown; `horizon_days`: as in
    `joint_forecast`.
    """
    if horizon_days is None:
        return np.zeros(len(platform), dtype=bool)
    has_no_curve = reference.maturation.bases(target, platform) == NO_CURVE
    is_other = ~np.isnan(horizon_days) & (horizon_days != reference.horizon_days)
    return is_other & has_no_curve & ~np.isnan(platform)


def _growths(
    x: np.ndarray | pd.DataFrame, reference: Reference, horizon_days: np.ndarray | None
) -> dict[str, np.ndarray]:
    """Return by target ln of the growth of counts from the bundle's horizon to that of each row,
    (n,); nothing where none asks for another one.
    """
    if horizon_days is None:
        return {}
    own, platform = reference.horizon_days, feature_column(x, "platform_code")
    days = np.where(np.isnan(horizon_days), own, horizon_days)
    if (days == own).all():
        return {}
    return {target: reference.maturation.growth(target, platform, own, days) for target in TARGETS}


def _shifted(forecast: PredictiveDistribution, shift: np.ndarray) -> PredictiveDistribution:
    return replace(forecast, location=forecast.location + shift) if shift.any() else forecast


def _shifts(x: np.ndarray | pd.DataFrame, reference: Reference) -> dict[str, np.ndarray]:
    """Return by target how far the other target's level lies from its prior, (n,), 0 where the
    target's own level is known.
    """
    if reference.views is None:
        return dict.fromkeys(TARGETS, np.zeros(len(x)))
    platform = feature_column(x, "platform_code").astype(int)
    comparable = reference.same_prior_scope[platform]
    unknown = {
        target: feature_column(x, f"{target}_evidence_code") == PROFILE_ONLY for target in TARGETS
    }
    shifts = {}
    for target, other in (TARGETS, TARGETS[::-1]):
        lacking = comparable & unknown[target] & ~unknown[other]
        other_deviation = feature_column(x, f"{other}_log_offset_by_prior")
        shifts[target] = np.where(lacking, other_deviation, 0.0)
    return shifts


def _crossed(
    engagements: PredictiveDistribution, views: PredictiveDistribution, shown: np.ndarray
) -> np.ndarray:
    """Return a mask of those of the m rows with views, (m,), whose engagements exceed their views:
    at some probability, or in the mean.

    Both curves ascend. So nothing crosses between two knots where the engagements at the upper knot
    do not exceed the views at the lower knot: for most rows a few knots are enough to see it.
    """
    engagements_shown = engagements if shown.all() else engagements[shown]
    named = [values[shown] for values in engagements.quantiles_by_name.values()]
    lower = _outline(engagements_shown, named)
    upper = _outline(views, list(views.quantiles_by_name.values()))
    crossed = np.asarray((lower[1:] > upper[:-1]).any(axis=0))
    if crossed.any():
        near, near_views = engagements_shown[crossed], views[crossed]
        above = (near.totals_at(_KNOTS) > near_views.totals_at(_KNOTS)).any(axis=1)
        crossed[np.flatnonzero(crossed)] = above | (near.mean() > near_views.mean())
    return crossed


def _outline(forecast: PredictiveDistribution, named: list[np.ndarray]) -> np.ndarray:
    """Return the totals at the ends of GRID and at QUANTILES (`named`), ascending, (knots, n)."""
    least, most = forecast.totals_at(_ENDS).T
    return np.array([least, *named, most])


def _ordered(
    engagements: PredictiveDistribution,
    views: PredictiveDistribution,
    shown: np.ndarray,
    crossing: _Crossing,
    ceilings: dict[str, np.ndarray],
) -> tuple[PredictiveDistribution, PredictiveDistribution]:
    """Return engagements and views of which none cross; `ceilings`: by target, of each conformal
    table.
    """
    ceiling = ceilings[ENGAGEMENTS][engagements.table]
    views_ceiling = ceilings[VIEWS][views.table]
    lower, higher = engagements, views
    lowered = crossing.crossed & ~crossing.engagements_better_known
    raised = crossing.crossed & crossing.engagements_better_known
    if lowered.any():
        # the row of the views that stands for each row of the engagements
        place = np.maximum(np.cumsum(shown) - 1, 0)
        rows = np.zeros(len(shown), dtype=bool)
        rows[shown] = lowered
        lower = _bounded(engagements, views[place], rows, True, ceiling, views_ceiling[place])
    if raised.any():
        bound = engagements[shown]
        higher = _bounded(views, bound, raised, False, views_ceiling, ceiling[shown])
    return lower, higher


def _bounded(
    forecast: PredictiveDistribution,
    bound: PredictiveDistribution,
    rows: np.ndarray,
    upper: bool,
    ceiling: np.ndarray,
    bound_ceiling: np.ndarray,
) -> BoundedDistribution:
    return BoundedDistribution(
        forecast.location,
        forecast.scale,
        forecast.table,
        forecast.deliverables,
        forecast.totals,
        bound,
        rows,
        upper,
        ceiling,
        bound_ceiling,
    )
