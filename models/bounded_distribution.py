"""A distribution of which some rows are kept on one side of another distribution."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from models.conformal import GRID
from models.distribution import FEW_FORECASTS, QUANTILES, PredictiveDistribution, Rows

#: Share of the mean by which the bound must move it to count where it moves no quantile: it may cut
#: the ends of the curve alone.
LEAST_MOVE = 0.01
_KNOTS = np.arange(len(GRID))
#: The probability that each position in GRID stands for in a mean.
_WIDTHS = np.diff(np.concatenate([[0.0], (GRID[1:] + GRID[:-1]) / 2, [1.0]]))


@dataclass(frozen=True)
class BoundedDistribution(PredictiveDistribution):
    """Forecasts of which some rows, the bounded ones, are kept on one side of `bound`.

    `bound`: a forecast of as many rows; `rows`: mask of the bounded rows, (n,); `upper`: whether
    the bound is the most that they may be, else the least; `ceiling` and `bound_ceiling`: how far
    above its location a deliverable counts in the mean of this forecast and of the bound, (n,). The
    bound is taken for the deliverables of this forecast.
    """

    bound: PredictiveDistribution
    rows: np.ndarray
    upper: bool
    ceiling: np.ndarray
    bound_ceiling: np.ndarray

    def totals_at(self, knot: np.ndarray) -> np.ndarray:
        """Return the totals at positions in GRID, as PredictiveDistribution does."""
        totals = super().totals_at(knot)
        if len(self.location) <= FEW_FORECASTS:
            return totals
        curve = self._bounded_curve
        if knot.ndim == 1:
            totals[self.rows] = curve[:, knot]
        else:
            totals[self.rows] = np.take_along_axis(curve, knot[self.rows], axis=1)
        return totals

    def quantile(self, probability: ArrayLike) -> np.ndarray:
        """Return quantiles of the total, as PredictiveDistribution does."""
        quantiles = super().quantile(probability)
        bound = self._bound.quantile(probability)
        quantiles[self.rows] = self._nearer(quantiles[self.rows], bound)
        return quantiles

    def mean(self) -> np.ndarray:
        """Return the expected total, (n,): of a bounded row each of the two distributions gives the
        part of the mean where its curve is the one in use.

        Both curves are held at their ceiling, the same for each of several deliverables.
        """
        means = super().mean()
        free_curve = _held_at_ceiling(self._free, self.ceiling[self.rows])
        bound_curve = _held_at_ceiling(self._bound, self.bound_ceiling[self.rows])
        free_in_use = self._nearer(free_curve, bound_curve) == free_curve
        bound_means = self._bound.mean()
        mixed = means[self.rows] * _area_share(free_curve, free_in_use)
        mixed = mixed + bound_means * _area_share(bound_curve, ~free_in_use)
        means[self.rows] = self._nearer(mixed, bound_means)
        return means

    def rows_moved_by_bound(self, probabilities: Collection[float] = ()) -> np.ndarray:
        """Return a mask, (n,), of the rows where the bound moves an answer: one of QUANTILES, a
        quantile at one of `probabilities`, or the mean.
        """
        levels = np.array([*QUANTILES.values(), *probabilities])
        bounded, free = self[self.rows], self._free
        free_mean = free.mean()
        mean_moved = np.abs(bounded.mean() - free_mean) > LEAST_MOVE * free_mean
        differs = bounded.interpolated_quantile(levels) != free.interpolated_quantile(levels)
        moved = self.rows.copy()
        moved[self.rows] = mean_moved | differs.any(axis=1)
        return moved

    def median_log_ratio(self) -> np.ndarray:
        """Return ln of (1 + median of one deliverable) over the same without the bound, (n,)."""
        single = replace(self, deliverables=np.ones(len(self.location)))
        bounded = single[self.rows].quantiles_by_name["p50"]
        free = single._free.quantiles_by_name["p50"]
        ratio = np.zeros(len(self.location))
        ratio[self.rows] = np.log1p(bounded) - np.log1p(free)
        return ratio

    def __getitem__(self, rows: Rows) -> "BoundedDistribution":
        """Return the forecasts at `rows`."""
        return BoundedDistribution(
            self.location[rows],
            self.scale[rows],
            self.table[rows],
            self.deliverables[rows],
            self.totals,
            self.bound[rows],
            self.rows[rows],
            self.upper,
            self.ceiling[rows],
            self.bound_ceiling[rows],
        )

    @cached_property
    def _free(self) -> PredictiveDistribution:
        """The bounded rows without their bound."""
        return super().__getitem__(self.rows)

    @cached_property
    def _bound(self) -> PredictiveDistribution:
        """The bound of the bounded rows."""
        return replace(self.bound, deliverables=self.deliverables)[self.rows]

    @cached_property
    def _bounded_curve(self) -> np.ndarray:
        """The totals at GRID of the bounded rows, (bounded rows, len(GRID))."""
        return self._nearer(self._free.totals_at(_KNOTS), self._bound.totals_at(_KNOTS))

    @cached_property
    def _curve(self) -> np.ndarray:
        curve = self._total(self._log_mean(_KNOTS))
        curve[self.rows] = self._bounded_curve
        return curve

    def _nearer(self, totals: np.ndarray, bound: np.ndarray) -> np.ndarray:
        """Return the totals, or the bound where they would pass it."""
        return np.minimum(totals, bound) if self.upper else np.maximum(totals, bound)


def _held_at_ceiling(forecast: PredictiveDistribution, ceiling: np.ndarray) -> np.ndarray:
    """Return the totals at GRID, (n, len(GRID)), none further above the location than the ceiling
    (n,).
    """
    most = forecast.deliverables * np.expm1(forecast.location + ceiling)
    return np.minimum(forecast.totals_at(_KNOTS), np.maximum(most, 0.0)[:, None])


def _area_share(curve: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Return the share, (n,), of the area below each curve (n, len(GRID)) where `mask` (n,
    len(GRID)) is set; 0 where there is no area.
    """
    area = curve @ _WIDTHS
    masked_area = np.where(mask, curve, 0.0) @ _WIDTHS
    return np.divide(masked_area, area, out=np.zeros(len(area)), where=area > 0)
