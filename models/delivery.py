"""What is delivered of a partnership: its totals as curves, and the chance that booked deliverables do not appear.

With a completion rate c the number delivered of k booked is binomial, so nothing is delivered with probability
(1 - c)^k; without one every deliverable is taken to appear. Between the probabilities of GRID curves are linear, so
that `quantile` and `at_least` are each other's inverse.
"""

from dataclasses import dataclass, fields, replace

import numpy as np
from scipy.stats import binom

from models.distribution import GRID, Predictive

#: Numbers of deliverables less probable than this are left out.
LEAST_WEIGHT = 1e-9
#: Halvings of the range in which a quantile of a mixture lies: relative to its ends 1e-12.
HALVINGS = 40


@dataclass(frozen=True)
class Delivered:
    """Totals of n partnerships, each a mixture over the number delivered.

    `curve`: quantiles at GRID, (m, len(GRID)); `row`: the partnership of each curve, ascending, and `weight`: its
    probability, (m,); `nothing`: the probability that nothing is delivered, (n,).
    """

    curve: np.ndarray
    row: np.ndarray
    weight: np.ndarray
    nothing: np.ndarray

    @classmethod
    def of(cls, forecast: Predictive, completion_rate: np.ndarray | None = None) -> "Delivered":
        """Take a forecast of totals over all deliverables; `completion_rate`: in 0 to 1, (n,), NaN where not given."""
        n = len(forecast.location)
        rate = np.ones(n) if completion_rate is None else np.where(np.isnan(completion_rate), 1.0, completion_rate)
        booked = np.where(rate < 1, np.maximum(np.rint(forecast.deliverables), 1), 1).astype(int)
        row = np.repeat(np.arange(n), booked)
        number = np.arange(len(row)) - np.repeat(np.cumsum(booked) - booked, booked) + 1
        weight = np.where(rate[row] < 1, binom.pmf(number, booked[row], rate[row]), 1.0)
        keep = weight > LEAST_WEIGHT
        row, number, weight = row[keep], number[keep], weight[keep]
        delivered = forecast.deliverables[row] * number / booked[row]
        curve = _at(forecast, row, delivered).quantile(GRID)
        return cls(curve, row, weight, np.where(rate < 1, (1 - rate) ** booked, 0.0))

    def at_least(self, total: np.ndarray) -> np.ndarray:
        """Give the probability that each total reaches `total` (n,); 1 for 0 or less, NaN where it is not known."""
        total = np.asarray(total, dtype=float)
        reached = 1 - rank(total[self.row], self.curve, GRID)
        found = np.bincount(self.row, self.weight * reached, len(self.nothing))
        return np.where(np.isnan(total), np.nan, np.where(total <= 0, 1.0, found))

    def quantile(self, probability) -> np.ndarray:
        """Give quantiles of the totals, (n, q); `probability`: (q,), or (n, q) for each partnership its own."""
        p = np.broadcast_to(np.clip(probability, GRID[0], GRID[-1]), (len(self.nothing), np.shape(probability)[-1]))
        single = np.bincount(self.row, minlength=len(self.nothing)) == 1
        single &= self.nothing == 0
        found = np.empty(p.shape)
        found[single] = along(p[single], self.curve[single[self.row]])
        if not single.all():
            found[~single] = self._mixture(~single, p[~single])
        return found

    def _mixture(self, chosen: np.ndarray, p: np.ndarray) -> np.ndarray:
        """Halve the range of each quantile until nothing is left of it."""
        mine = chosen[self.row]
        curve, weight = self.curve[mine], self.weight[mine]
        row = (np.cumsum(chosen) - 1)[self.row[mine]]
        low = np.zeros(p.shape)
        high = np.maximum.reduceat(curve[:, -1], np.searchsorted(row, np.arange(len(p))))[:, None] + low
        nothing = self.nothing[chosen]
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            for column in range(p.shape[1]):
                below = rank(middle[row, column], curve, GRID)
                reached = nothing + np.bincount(row, weight * below, len(p)) >= p[:, column]
                high[reached, column] = middle[reached, column]
                low[~reached, column] = middle[~reached, column]
        # of both ends the one that is reached often enough: the mixture jumps a little where one of its curves ends
        return np.where(nothing[:, None] >= p, 0.0, low)


def rank(x: np.ndarray, curve: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Give the probability below x (n,) on quantile curves (n, len(levels)); 0 below the first, 1 above the last.

    NaN where x or the curve is unknown.

    >>> rank(np.array([15.0, 5.0]), np.array([[10.0, 20.0]] * 2), np.array([0.4, 0.6])).tolist()
    [0.5, 0.0]
    """
    low = np.clip((curve <= x[:, None]).sum(axis=1) - 1, 0, len(levels) - 2)[:, None]
    below, above = (np.take_along_axis(curve, at, axis=1)[:, 0] for at in (low, low + 1))
    step = above - below
    share = np.clip(np.divide(x - below, step, out=np.ones(len(x)), where=step > 0), 0, 1)
    inside = levels[low[:, 0]] * (1 - share) + levels[low[:, 0] + 1] * share
    found = np.where(x < curve[:, 0], 0.0, np.where(x > curve[:, -1], 1.0, inside))
    return np.where(np.isnan(x) | np.isnan(curve[:, 0]), np.nan, found)


def along(p: np.ndarray, curve: np.ndarray) -> np.ndarray:
    """Give the values (n, q) at probabilities p (n, q) of quantile curves at GRID (n, len(GRID))."""
    low = np.clip(np.searchsorted(GRID, p, side="right") - 1, 0, len(GRID) - 2)
    share = (p - GRID[low]) / (GRID[low + 1] - GRID[low])
    return np.take_along_axis(curve, low, axis=1) * (1 - share) + np.take_along_axis(curve, low + 1, axis=1) * share


def _at(forecast: Predictive, row: np.ndarray, deliverables: np.ndarray) -> Predictive:
    """Give the forecasts at `row`, of other numbers of deliverables."""
    n = len(forecast.location)
    own = {f.name: getattr(forecast, f.name) for f in fields(forecast)}
    rows = {name: values[row] for name, values in own.items() if isinstance(values, np.ndarray) and len(values) == n}
    return replace(forecast, **{**rows, "deliverables": deliverables})
