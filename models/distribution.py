"""The predictive distribution: location + scale x conformal quantiles, and totals over several
deliverables.

One deliverable's ln(1 + y) is location + scale z, z drawn from the conformal table of its platform
and evidence (models.conformal). Several deliverables of one partnership share a Gaussian copula
with one correlation for each table: the less is known of a creator, the more the deliverables err
together; the quantiles of ln(mean of exp(scale z)) are simulated once, when the table is made, and
looked up afterwards.

But: beyond the table's outermost probabilities the distribution ends; nothing is claimed there. The
mean takes no deliverable further above its location than the calibration scores support
(`ConformalTables.ceiling`).
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import ndtr, ndtri
from scipy.stats import qmc

from models.conformal import GRID, ConformalTables

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
#: Where those lie in GRID.
QUANTILE_KNOTS = np.searchsorted(GRID, list(QUANTILES.values()))
#: Rows up to which whole curves are made.
FEW_FORECASTS = 16
SCALE_GRID = np.geomspace(0.02, 3.0, 20)
DELIVERABLES_GRID = np.array([1, 2, 3, 4, 5, 7, 10, 15, 25, 50, 100])
DELIVERABLES_LOG = np.log(DELIVERABLES_GRID)
#: Positions in GRID at which a curve is searched: first every FINE-th, then each KNOTS from there
#: to the next.
FINE = 10
COARSE = np.append(np.arange(0, len(GRID) - 1, FINE), len(GRID) - 1)
KNOTS = np.minimum(COARSE[:-1, None] + np.arange(FINE + 1), len(GRID) - 1)
#: Rows in a row whose correlation is read, and how many such runs it takes.
RUN, ENOUGH_RUNS = 4, 30
#: Draws behind a table of totals; the standard error of its 10 % and 90 % quantiles is then about
#: 0.01 scale units.
DRAWS = 8192


@dataclass(frozen=True)
class TotalsTables:
    """ln of the mean of exp(scale z) over k deliverables.

    correlation: of the deliverables, by conformal table, (tables,);
    quantiles: (tables, len(SCALE_GRID), len(DELIVERABLES_GRID), len(GRID)); log_mean, of one:
    (tables, len(SCALE_GRID)).
    """

    correlation: np.ndarray
    quantiles: np.ndarray
    log_mean: np.ndarray

    @classmethod
    def fit(cls, conformal: ConformalTables, correlation, seed: int = 0) -> "TotalsTables":
        """Simulate the tables once from scrambled Sobol points.

        `correlation`: in 0 to 1 of the Gaussian copula, one or one a conformal table. In `log_mean`
        scale z is held at the table's ceiling; the quantiles are those of the table as it is.
        """
        correlation = np.broadcast_to(np.asarray(correlation, dtype=float), len(conformal.z))
        most = int(DELIVERABLES_GRID[-1])
        points = qmc.Sobol(most + 1, seed=seed).random(DRAWS)
        normal = ndtri(np.clip(points, 1e-9, 1 - 1e-9))
        quantiles = np.empty((len(conformal.z), len(SCALE_GRID), len(DELIVERABLES_GRID), len(GRID)))
        log_mean = np.empty((len(conformal.z), len(SCALE_GRID)))
        for number, table in enumerate(conformal.z):
            shared = correlation[number]
            together = np.sqrt(shared) * normal[:, :1] + np.sqrt(1 - shared) * normal[:, 1:]
            z = np.interp(ndtr(together), GRID, table)
            fine = np.interp((np.arange(4000) + 0.5) / 4000, GRID, table)
            for j, scale in enumerate(SCALE_GRID):
                means = (
                    np.cumsum(np.exp(scale * z), axis=1)[:, DELIVERABLES_GRID - 1]
                    / DELIVERABLES_GRID
                )
                quantiles[number, j] = np.quantile(np.log(means), GRID, axis=0).T
                quantiles[number, j, 0] = scale * table
                log_mean[number, j] = np.log(
                    np.exp(np.minimum(scale * fine, conformal.ceiling[number])).mean()
                )
        # six decimals lie far inside the simulation's error and keep the bundle small
        return cls(correlation, quantiles.round(6), log_mean.round(6))

    @cached_property
    def flat(self) -> np.ndarray:
        """`quantiles` as one row."""
        return self.quantiles.ravel()


@dataclass(frozen=True)
class PredictiveDistribution:
    """The distribution of each partnership's total, for n partnerships.

    `location`, `scale`: of ln(1 + y) of one deliverable, shape (n,); `table`: positions of
    conformal tables (n,); `deliverables`: (n,).
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

    def quantile(self, probability) -> np.ndarray:
        """Give the quantiles of the total, shape (n, len(probability)); never below 0, ascending in
        probability.
        """
        p = np.clip(np.atleast_1d(np.asarray(probability, dtype=float)), GRID[0], GRID[-1])
        low, share = between(GRID, p)
        log_mean = self._log_mean(low)
        if share.any():
            log_mean = log_mean * (1 - share) + self._log_mean(low + 1) * share
        return self._total(log_mean)

    def interval(self, coverage: float) -> np.ndarray:
        """Give the central interval that holds the total with probability `coverage`, shape (n, 2)."""
        return self.quantile([(1 - coverage) / 2, (1 + coverage) / 2])

    def cdf(self, x) -> np.ndarray:
        """Give the probability that each total is at most x; x is a number or of shape (n,)."""
        x = np.broadcast_to(np.asarray(x, dtype=float), self.location.shape)
        return np.where(
            x >= self.totals_at(COARSE[-1:])[:, 0], 1.0, self.interpolated_probability(x)
        )

    def totals_at(self, knot: np.ndarray) -> np.ndarray:
        """Give the totals at positions in GRID, (q,) or for each row its own (n, q); shape (n, q)."""
        if len(self.location) > FEW_FORECASTS:
            return self._total(self._log_mean(knot))
        return self._curve[:, knot] if knot.ndim == 1 else self._curve[self._rows, knot]

    def interpolated_quantile(self, probability) -> np.ndarray:
        """Give the totals at probabilities (q,), or for each row its own (n, q), linear in the
        total between GRID.
        """
        low, share = between(GRID, np.asarray(probability, dtype=float))
        return self.totals_at(low) * (1 - share) + self.totals_at(low + 1) * share

    def interpolated_probability(self, x: np.ndarray) -> np.ndarray:
        """Give the probability below x (n,), the inverse of `interpolated_quantile`: 0 below the
        first knot, 1 above the last.

        NaN where x is. The knots of many rows are searched in two steps, which reads a fifth of
        them.
        """
        if len(self.location) <= FEW_FORECASTS:
            return interpolate_level(self._curve, x, GRID)
        coarse = self.totals_at(COARSE)
        block = last_at_most(coarse, x, len(COARSE) - 2)
        knots = KNOTS[block]
        fine = self.totals_at(knots)
        at = last_at_most(fine, x, COARSE[block + 1] - COARSE[block] - 1)
        rows = np.arange(len(at))
        step = fine[rows, at], fine[rows, at + 1]
        return interpolate_level_between(
            x, step, GRID, knots[rows, at], (coarse[:, 0], coarse[:, -1])
        )

    def mean(self) -> np.ndarray:
        """Give the expected total, shape (n,), the upper tail of each deliverable held at the
        ceiling of its table.
        """
        low, share = self._scale_place
        means = self.totals.log_mean
        log_mean = means[self.table, low] * (1 - share) + means[self.table, low + 1] * share
        return np.maximum(self.deliverables * np.expm1(self.location + log_mean), 0.0)

    def sample(self, size: int, seed: int) -> np.ndarray:
        """Draw `size` totals of each partnership, shape (n, size), by inverting the quantile
        function.
        """
        u = np.random.default_rng(seed).random(size)
        return self.quantile(u)

    def __getitem__(self, rows: np.ndarray) -> "PredictiveDistribution":
        """Give the forecasts at `rows`, positions or a mask (n,)."""
        own = (
            values[rows] for values in (self.location, self.scale, self.table, self.deliverables)
        )
        return PredictiveDistribution(*own, self.totals)

    @cached_property
    def _curve(self) -> np.ndarray:
        """The totals at GRID, (n, len(GRID)): of few rows that takes no longer than at some of
        them.
        """
        return self._total(self._log_mean(np.arange(len(GRID))))

    @cached_property
    def _rows(self) -> np.ndarray:
        return np.arange(len(self.location))[:, None]

    @cached_property
    def _scale_place(self) -> tuple[np.ndarray, np.ndarray]:
        return between(SCALE_GRID, self.scale)

    @cached_property
    def _corners(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Where each row's curve lies in the table of totals: the starts of its neighbours, and
        their weights.

        Curves are linear in scale and in ln deliverables.
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
        """Quantiles of ln(mean of exp(scale z)) at positions in GRID, (q,) or (n, q); shape (n, q)."""
        table = self.totals.flat
        return sum(table.take(start + knot) * weight for start, weight in self._corners)

    def _total(self, log_mean: np.ndarray) -> np.ndarray:
        return np.maximum(
            self.deliverables[:, None] * np.expm1(self.location[:, None] + log_mean), 0.0
        )


def crps(location: np.ndarray, scale: np.ndarray, table: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Give the continuous ranked probability score of location + scale z against y, shape (n,), in
    units of y.

    `table`: quantiles of z at GRID, (n, len(GRID)) or (len(GRID),). The score is twice the pinball
    loss integrated over probability (Gneiting and Raftery 2007), by the trapezoid rule on GRID with
    the ends held.
    """
    quantiles = location[:, None] + scale[:, None] * table
    error = y[:, None] - quantiles
    pinball = np.maximum(GRID * error, (GRID - 1) * error)
    edges = np.concatenate([[0.0], (GRID[1:] + GRID[:-1]) / 2, [1.0]])
    return 2 * (pinball * np.diff(edges)).sum(axis=1)


def within_creator_correlation(score: np.ndarray, group: np.ndarray) -> float:
    """Give the correlation of normal scores of one group's rows that follow one another, in 0 to
    0.95.

    `score`: probability integral transforms in 0 to 1, shape (n,), rows of a group in order;
    `group`: the creator of each. The mean of k normal scores of correlation r has variance (1 + (k
    - 1) r) / k; it is read off the central 80 % of such means over runs of RUN rows, so that a few
    creators far off do not decide for all. 0.5 where there are fewer than ENOUGH_RUNS, or all
    scores are alike.
    """
    order = np.argsort(group, kind="stable")
    normal = ndtri(np.clip(score[order], 0.001, 0.999))
    _, first, size = np.unique(group[order], return_index=True, return_counts=True)
    place = np.arange(len(order)) - np.repeat(first, size)
    start = np.flatnonzero((place % RUN == 0) & (place + RUN <= np.repeat(size, size)))
    if len(start) < ENOUGH_RUNS:
        return 0.5
    low, high = np.quantile(normal, [0.1, 0.9])
    if high <= low:
        return 0.5
    run_low, run_high = np.quantile(
        normal[start[:, None] + np.arange(RUN)].mean(axis=1), [0.1, 0.9]
    )
    variance = ((run_high - run_low) / (high - low)) ** 2
    return float(np.clip((RUN * variance - 1) / (RUN - 1), 0.0, 0.95))


def last_at_most(ascending: np.ndarray, x: np.ndarray, most: int | np.ndarray) -> np.ndarray:
    """Give the last position in each row (n, q) that is at most x (n,), within 0 and `most`."""
    return np.minimum(np.maximum((ascending <= x[:, None]).sum(axis=1) - 1, 0), most)


def interpolate_level(curve: np.ndarray, x: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Give the level of x (n,) on curves (n, len(levels)), linear between; 0 below the first, 1
    above the last.

    NaN where x or the curve is unknown.

    >>> interpolate_level(np.array([[10.0, 20.0]] * 2), np.array([15.0, 5.0]), np.array([0.4, 0.6])).tolist()
    [0.5, 0.0]
    """
    low = last_at_most(curve, x, len(levels) - 2)
    rows = np.arange(len(low))
    step = curve[rows, low], curve[rows, low + 1]
    return interpolate_level_between(x, step, levels, low, (curve[:, 0], curve[:, -1]))


def interpolate_level_of_curve(
    curves: np.ndarray, curve: np.ndarray, x: np.ndarray, levels: np.ndarray
) -> np.ndarray:
    """As `interpolate_level`, of x (k,) on those of the curves (m, len(levels)) that stand at
    `curve` (k,), without a copy.

    >>> curves, levels = np.array([[10.0, 20.0], [0.0, 1.0]]), np.array([0.4, 0.6])
    >>> interpolate_level_of_curve(curves, np.array([1, 0]), np.array([0.5, 15.0]), levels).tolist()
    [0.5, 0.5]
    """
    flat, start, last = curves.ravel(), curve * len(levels), len(levels) - 1
    low = np.zeros(len(x), dtype=int)
    for step in (2**power for power in range(last.bit_length() - 1, -1, -1)):
        ahead = np.minimum(low + step, last - 1)
        low = np.where(flat.take(start + ahead) <= x, ahead, low)
    at = start + low
    return interpolate_level_between(
        x, (flat[at], flat[at + 1]), levels, low, (flat[start], flat[start + last])
    )


def interpolate_level_between(
    x: np.ndarray, step: tuple, levels: np.ndarray, low: np.ndarray, ends: tuple
) -> np.ndarray:
    """Give the level of x (n,) on a curve that is linear from levels[low] to the next, whose values
    are `step`.

    `low` (n,): positions in `levels`; 0 below the first of the curve's `ends`, 1 above the last,
    NaN where x or the curve is unknown.
    """
    below, above = step
    wide = above - below
    share = np.minimum(np.divide(x - below, wide, out=np.ones(len(x)), where=wide > 0), 1)
    found = levels[low] * (1 - share) + levels[low + 1] * share
    first, last = ends
    found[x < first] = 0.0
    found[x > last] = 1.0
    found[np.isnan(x) | np.isnan(first)] = np.nan
    return found


def between(knots: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    x = np.minimum(np.maximum(x, knots[0]), knots[-1])
    low = np.minimum(knots.searchsorted(x, "right"), len(knots) - 1) - 1
    return low, (x - knots[low]) / (knots[low + 1] - knots[low])
