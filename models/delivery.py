"""What is delivered of a partnership: its totals as curves, and the chance that booked deliverables do not appear.

With a completion rate c the number delivered of k booked is binomial, so nothing is delivered with probability
(1 - c)^k; without one every deliverable is taken to appear. Between the probabilities of GRID curves are linear, so
that `quantile` and `at_least` are each other's inverse.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np
from scipy.stats import binom

from models.conformal import GRID
from models.distribution import QUANTILES, Predictive, level_on

#: Numbers of deliverables less probable than this are left out.
LEAST_WEIGHT = 1e-9
#: Halvings of the range in which a quantile of a mixture lies: relative to its ends 1e-12.
HALVINGS = 40


@dataclass(frozen=True)
class Delivered:
    """Totals of n partnerships, those of a completion rate a mixture over the number delivered.

    `forecast`: of all deliverables; `mixed`: positions of the mixtures, (m,), and what they are.
    """

    forecast: Predictive
    mixed: np.ndarray
    mixture: "Mixture | None"

    @classmethod
    def of(cls, forecast: Predictive, completion_rate: np.ndarray | None = None) -> "Delivered":
        """Take a forecast of totals over all deliverables; `completion_rate`: in 0 to 1, (n,), NaN where not given."""
        if completion_rate is None or not (unsure := completion_rate < 1).any():
            return cls(forecast, np.empty(0, dtype=int), None)
        return cls(forecast, np.flatnonzero(unsure), Mixture.of(forecast[unsure], completion_rate[unsure]))

    @property
    def nothing(self) -> np.ndarray:
        """The probability that nothing is delivered, (n,)."""
        return self._mixed_in(np.zeros(len(self.forecast.location)), lambda mixture: mixture.nothing)

    def at_least(self, total: np.ndarray) -> np.ndarray:
        """Give the probability that each total reaches `total` (n,); 1 for 0 or less, NaN where it is not known."""
        total = np.asarray(total, dtype=float)
        reached = 1 - self.forecast.rank(total)
        found = self._mixed_in(reached, lambda mixture: mixture.at_least(total[self.mixed]))
        return np.where(total <= 0, 1.0, found)

    def named(self, names: Iterable[str]) -> dict[str, np.ndarray]:
        """Give quantiles of the totals by the names of QUANTILES, (n,) each."""
        found = {name: self.forecast.named[name] for name in names}
        if self.mixture is None:
            return found
        mixed = self.mixture.quantile(np.array([[QUANTILES[name] for name in found]]))
        own = zip(found.items(), mixed.T, strict=True)
        return {name: self._mixed_in(values.copy(), lambda _, part=part: part) for (name, values), part in own}

    def quantile(self, probability) -> np.ndarray:
        """Give quantiles of the totals, (n, q); `probability`: (q,), or (n, q) for each partnership its own."""
        p = np.minimum(np.maximum(probability, GRID[0]), GRID[-1])
        found = self.forecast.along(p)
        return self._mixed_in(found, lambda mixture: mixture.quantile(p[self.mixed] if p.ndim == 2 else p[None]))

    def _mixed_in(self, found: np.ndarray, of_mixture: Callable) -> np.ndarray:
        if self.mixture is not None:
            found[self.mixed] = of_mixture(self.mixture)
        return found


@dataclass(frozen=True)
class Mixture:
    """Totals of n partnerships over the number delivered.

    `curve`: quantiles at GRID, (m, len(GRID)); `row`: the partnership of each curve, ascending, and `weight`: its
    probability, (m,); `nothing`: the probability that nothing is delivered, (n,).
    """

    curve: np.ndarray
    row: np.ndarray
    weight: np.ndarray
    nothing: np.ndarray

    @classmethod
    def of(cls, forecast: Predictive, rate: np.ndarray) -> "Mixture":
        """Take a forecast of totals over all deliverables, and completion rates below 1, (n,)."""
        booked = np.maximum(np.rint(forecast.deliverables), 1).astype(int)
        row = np.repeat(np.arange(len(rate)), booked)
        number = np.arange(len(row)) - np.repeat(np.cumsum(booked) - booked, booked) + 1
        weight = binom.pmf(number, booked[row], rate[row])
        keep = weight > LEAST_WEIGHT
        row, number, weight = row[keep], number[keep], weight[keep]
        delivered = forecast.deliverables[row] * number / booked[row]
        curve = replace(forecast[row], deliverables=delivered).totals_at(np.arange(len(GRID)))
        return cls(curve, row, weight, (1 - rate) ** booked)

    def at_least(self, total: np.ndarray) -> np.ndarray:
        """Give the probability that each total reaches `total` (n,), NaN where it is not known."""
        found = np.bincount(
            self.row, self.weight * (1 - level_on(self.curve, total[self.row], GRID)), len(self.nothing)
        )
        return np.where(np.isnan(total), np.nan, found)

    def quantile(self, probability: np.ndarray) -> np.ndarray:
        """Give quantiles, (n, q), at probabilities (1, q) or (n, q): halve their range until nothing is left of it."""
        p = np.broadcast_to(probability, (len(self.nothing), probability.shape[1]))
        low = np.zeros(p.shape)
        first = np.searchsorted(self.row, np.arange(len(p)))
        high = np.maximum.reduceat(self.curve[:, -1], first)[:, None] + low
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            for column in range(p.shape[1]):
                below = level_on(self.curve, middle[self.row, column], GRID)
                reached = self.nothing + np.bincount(self.row, self.weight * below, len(p)) >= p[:, column]
                high[reached, column] = middle[reached, column]
                low[~reached, column] = middle[~reached, column]
        # of both ends the one that is reached often enough: the mixture jumps a little where one of its curves ends
        return np.where(self.nothing[:, None] >= p, 0.0, low)
