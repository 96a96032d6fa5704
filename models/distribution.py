"""The predictive distribution of a partnership's total.

One deliverable's ln(1 + y) is location + scale z, where z has the quantiles of the conformal table
of its platform and evidence (models.conformal). The total over several deliverables is looked up in
tables that were simulated once (models.totals).

But: the distribution ends at the outermost probabilities of GRID; nothing is claimed beyond. The
mean takes no deliverable further above its location than the calibration scores support
(`ConformalTables.ceiling`).
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from models.conformal import GRID
from models.interpolation import (
    between,
    interpolate_level,
    interpolate_level_between,
    last_at_most,
)
from models.totals import DELIVERABLES_GRID, SCALE_GRID, TotalsTables

#: The quantiles that answers give, by name.
QUANTILES = {
    "p05": 0.05,
    "p10": 0.10,
    "p25": 0.25,
    "p50": 0.50,
    "p75": 0.75,
    "p90": 0.90,
    "p95": 0.95,
}
#: Positions of those in GRID.
QUANTILE_KNOTS = np.searchsorted(GRID, list(QUANTILES.values()))
DELIVERABLES_LOG = np.log(DELIVERABLES_GRID)
#: Up to so many rows whole curves are made: that takes no longer than some of their values.
FEW_FORECASTS = 16
#: Positions in GRID at which a curve is searched: first at every FINE-th (COARSE), then at those
#: from there to the next (a row of KNOTS).
FINE = 10
COARSE = np.append(np.arange(0, len(GRID) - 1, FINE), len(GRID) - 1)
KNOTS = np.minimum(COARSE[:-1, None] + np.arange(FINE + 1), len(GRID) - 1)
#: What selects rows: positions, a mask, or a slice.
Rows = np.ndarray | slice


@dataclass(frozen=True)
class PredictiveDistribution:
    """The distribution of each partnership's total, for n partnerships.

    `location`, `scale`: of ln(1 + y) of one deliverable, (n,); `table`: position of each row's
    conformal table, (n,); `deliverables`: (n,).
    """

    location: np.ndarray
    scale: np.ndarray
    table: np.ndarray
    deliverables: np.ndarray
    totals: TotalsTables

    @cached_property
    def quantiles_by_name(self) -> dict[str, np.ndarray]:
        """The QUANTILES of the total by name, (n,) each."""
        return dict(zip(QUANTILES, self.totals_at(QUANTILE_KNOTS).T, strict=True))

    def quantile(self, probability: ArrayLike) -> np.ndarray:
        """Return quantiles of the total, (n, len(probability)): never below 0, ascending in
        probability, and linear in ln(1 + total) between the probabilities of GRID.
        """
        p = np.clip(np.atleast_1d(np.asarray(probability, dtype=float)), GRID[0], GRID[-1])
        low, share = between(GRID, p)
        log_mean = self._log_mean(low)
        if share.any():
            log_mean = log_mean * (1 - share) + self._log_mean(low + 1) * share
        return self._total(log_mean)

    def interval(self, coverage: float) -> np.ndarray:
        """Return the central interval that holds the total with probability `coverage`, (n, 2)."""
        return self.quantile([(1 - coverage) / 2, (1 + coverage) / 2])

    def cdf(self, x: ArrayLike) -> np.ndarray:
        """Return the probability that each total is at most x, (n,); x is a number or (n,)."""
        x = np.broadcast_to(np.asarray(x, dtype=float), self.location.shape)
        largest = self.totals_at(COARSE[-1:])[:, 0]
        return np.where(x >= largest, 1.0, self.interpolated_probability(x))

    def totals_at(self, knot: np.ndarray) -> np.ndarray:
        """Return the totals at positions in GRID, (q,) or different ones for each row (n, q);
        (n, q).
        """
        if len(self.location) > FEW_FORECASTS:
            return self._total(self._log_mean(knot))
        return self._curve[:, knot] if knot.ndim == 1 else self._curve[self._rows, knot]

    def interpolated_quantile(self, probability: ArrayLike) -> np.ndarray:
        """Return the totals at probabilities (q,), or different ones for each row (n, q), linear in
        the total between those of GRID; (n, q).
        """
        low, share = between(GRID, np.asarray(probability, dtype=float))
        return self.totals_at(low) * (1 - share) + self.totals_at(low + 1) * share

    def interpolated_probability(self, x: np.ndarray) -> np.ndarray:
        """Return the probability below x (n,), the inverse of `interpolated_quantile`.

        0 below the first total of GRID, 1 above the last, NaN where x is NaN. Many rows are
        searched in two steps, which need a fifth of their totals.
        """
        if len(self.location) <= FEW_FORECASTS:
            return interpolate_level(self._curve, x, GRID)
        coarse = self.totals_at(COARSE)
        block = last_at_most(coarse, x)
        knots = KNOTS[block]
        fine = self.totals_at(knots)
        # the last knot of GRID stands several times in the last block
        at = np.minimum(last_at_most(fine, x), COARSE[block + 1] - COARSE[block] - 1)
        rows = np.arange(len(at))
        step = fine[rows, at], fine[rows, at + 1]
        ends = coarse[:, 0], coarse[:, -1]
        return interpolate_level_between(x, step, GRID, knots[rows, at], ends)

    def mean(self) -> np.ndarray:
        """Return the expected total, (n,), the upper tail of each deliverable held at the ceiling
        of its table.
        """
        low, share = self._scale_place
        means = self.totals.log_mean
        log_mean = means[self.table, low] * (1 - share) + means[self.table, low + 1] * share
        return np.maximum(self.deliverables * np.expm1(self.location + log_mean), 0.0)

    def __getitem__(self, rows: Rows) -> "PredictiveDistribution":
        """Return the forecasts at `rows`."""
        return PredictiveDistribution(
            self.location[rows],
            self.scale[rows],
            self.table[rows],
            self.deliverables[rows],
            self.totals,
        )

    @cached_property
    def _curve(self) -> np.ndarray:
        """The totals at GRID, (n, len(GRID))."""
        return self._total(self._log_mean(np.arange(len(GRID))))

    @cached_property
    def _rows(self) -> np.ndarray:
        return np.arange(len(self.location))[:, None]

    @cached_property
    def _scale_place(self) -> tuple[np.ndarray, np.ndarray]:
        return between(SCALE_GRID, self.scale)

    @cached_property
    def _corners(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Where the curves next to each row's start in `totals.flat`, and their weights, (n, 1)
        each: a row's curve is linear in scale and in ln deliverables.
        """
        j, s = self._scale_place
        k, t = between(DELIVERABLES_LOG, np.log(self.deliverables))
        _, scales, counts, knots = self.totals.quantiles.shape
        start = ((self.table * scales + j) * counts + k) * knots
        corners = [(start, (1 - s) * (1 - t)), (start + counts * knots, s * (1 - t))]
        if t.any():
            corners += [(start + knots, (1 - s) * t), (start + (counts + 1) * knots, s * t)]
        return [(at[:, None], weight[:, None]) for at, weight in corners]

    def _log_mean(self, knot: np.ndarray) -> np.ndarray:
        """Return quantiles of ln(mean of exp(scale z)) at positions in GRID, (q,) or (n, q);
        (n, q).
        """
        flat = self.totals.flat
        (start, weight), *others = self._corners
        log_mean = flat.take(start + knot) * weight
        for start, weight in others:
            log_mean += flat.take(start + knot) * weight
        return log_mean

    def _total(self, log_mean: np.ndarray) -> np.ndarray:
        mean = np.expm1(self.location[:, None] + log_mean)
        return np.maximum(self.deliverables[:, None] * mean, 0.0)


def crps(location: np.ndarray, scale: np.ndarray, table: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the continuous ranked probability score of location + scale z against y, (n,), in
    units of y.

    `table`: quantiles of z at GRID, (n, len(GRID)) or (len(GRID),). The score is twice the pinball
    loss integrated over probability (Gneiting and Raftery 2007), by the trapezoid rule on GRID;
    beyond its ends the loss is that of the end.
    """
    quantiles = location[:, None] + scale[:, None] * table
    error = y[:, None] - quantiles
    pinball = np.maximum(GRID * error, (GRID - 1) * error)
    edges = np.concatenate([[0.0], (GRID[1:] + GRID[:-1]) / 2, [1.0]])
    return 2 * (pinball * np.diff(edges)).sum(axis=1)
