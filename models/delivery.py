"""Totals of partnerships whose booked deliverables may not all appear.

With a completion rate c the number delivered of k booked is binomial, so nothing is delivered with
probability (1 - c)^k; without one every deliverable appears. Curves are linear between the
probabilities of GRID, so that `quantile` and `probability_at_least` are each other's inverse.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from models.conformal import GRID
from models.distribution import QUANTILES, PredictiveDistribution
from models.interpolation import between, interpolate_level, interpolate_level_of_curve

#: Numbers of deliverables less probable than this are left out.
LEAST_WEIGHT = 1e-9
#: Curves of a mixture that are made at once, of a kilobyte each.
CURVES_PER_CHUNK = 2**12
#: Mixtures with at most so many curves keep them in memory: those of a request, not of a long list.
CURVES_KEPT = 100_000
#: Accuracy of a quantile of a mixture: relative to itself, and in its probability.
ROOT_TOLERANCES = {"xatol": 0.0, "xrtol": 1e-9, "fatol": 1e-10, "frtol": 0.0}
#: By how much the bounds of the search lie outside of what they would be without rounding.
ROOM = 1e-9


@dataclass(frozen=True)
class DeliveredTotals:
    """Totals of n partnerships.

    `forecast`: totals if all deliverables appear; `mixed_rows`: positions of the partnerships with
    a completion rate below 1, (m,); `mixture`: the totals of these, over the number delivered.
    """

    forecast: PredictiveDistribution
    mixed_rows: np.ndarray
    mixture: "DeliveryMixture | None"

    @classmethod
    def of(
        cls, forecast: PredictiveDistribution, completion_rate: np.ndarray | None = None
    ) -> "DeliveredTotals":
        """Return the totals delivered, from a forecast of totals over all deliverables.

        `completion_rate`: 0 to 1, (n,), NaN where the user gives none.
        """
        no_rows = np.empty(0, dtype=int)
        if completion_rate is None:
            return cls(forecast, no_rows, None)
        unsure = completion_rate < 1
        if not unsure.any():
            return cls(forecast, no_rows, None)
        mixture = DeliveryMixture(forecast[unsure], completion_rate[unsure])
        return cls(forecast, np.flatnonzero(unsure), mixture)

    @property
    def probability_of_none(self) -> np.ndarray:
        """The probability that nothing is delivered, (n,)."""
        none = np.zeros(len(self.forecast.location))
        return self._with_mixture(none, lambda mixture: mixture.probability_of_none)

    def probability_at_least(self, total: np.ndarray) -> np.ndarray:
        """Return the probability that each partnership reaches `total` (n,): 1 for 0 or less, NaN
        for NaN.
        """
        total = np.asarray(total, dtype=float)
        if_all_appear = 1 - self.forecast.interpolated_probability(total)
        probability = self._with_mixture(
            if_all_appear, lambda mixture: mixture.probability_at_least(total[self.mixed_rows])
        )
        return np.where(total <= 0, 1.0, probability)

    def quantiles_by_name(self, names: Iterable[str]) -> dict[str, np.ndarray]:
        """Return quantiles of the totals by the names of QUANTILES, (n,) each."""
        quantiles = {name: self.forecast.quantiles_by_name[name] for name in names}
        if self.mixture is None:
            return quantiles
        probabilities = np.array([[QUANTILES[name] for name in quantiles]])
        of_mixture = self.mixture.quantile(probabilities)
        for column, (name, values) in enumerate(quantiles.items()):
            quantiles[name] = values.copy()
            quantiles[name][self.mixed_rows] = of_mixture[:, column]
        return quantiles

    def quantile(self, probability: ArrayLike) -> np.ndarray:
        """Return quantiles of the totals, (n, q).

        `probability`: (q,) for all partnerships, or (n, q) for each of them.
        """
        p = np.minimum(np.maximum(probability, GRID[0]), GRID[-1])
        quantiles = self.forecast.interpolated_quantile(p)
        return self._with_mixture(
            quantiles,
            lambda mixture: mixture.quantile(p[self.mixed_rows] if p.ndim == 2 else p[None]),
        )

    def _with_mixture(
        self, values: np.ndarray, of_mixture: Callable[["DeliveryMixture"], np.ndarray]
    ) -> np.ndarray:
        """Put the values of the mixture in its rows of `values`, in place; return `values`."""
        if self.mixture is not None:
            values[self.mixed_rows] = of_mixture(self.mixture)
        return values


@dataclass(frozen=True)
class DeliveryMixture:
    """Totals of n partnerships, each a mixture over the number delivered.

    `forecast`: totals if all deliverables appear; `rate`: completion rates below 1, (n,). A
    partnership of k deliverables has up to k curves. Curves are made for one chunk of partnerships
    at a time, and stay in memory for the next call where they are at most CURVES_KEPT.
    """

    forecast: PredictiveDistribution
    rate: np.ndarray

    @cached_property
    def deliverables_booked(self) -> np.ndarray:
        """Whole deliverables of each partnership, (n,)."""
        return np.maximum(np.rint(self.forecast.deliverables), 1).astype(int)

    @property
    def probability_of_none(self) -> np.ndarray:
        """The probability that nothing is delivered, (n,)."""
        return (1 - self.rate) ** self.deliverables_booked

    def probability_at_least(self, total: np.ndarray) -> np.ndarray:
        """Return the probability that each partnership reaches `total` (n,), NaN for NaN."""
        return self._by_chunks(DeliveryCurves.probability_at_least, total)

    def quantile(self, probability: np.ndarray) -> np.ndarray:
        """Return quantiles, (n, q), at probabilities (1, q) or (n, q)."""
        p = np.broadcast_to(probability, (len(self.rate), probability.shape[1]))
        return self._by_chunks(DeliveryCurves.quantile, p)

    def _by_chunks(
        self, method: Callable[["DeliveryCurves", np.ndarray], np.ndarray], values: np.ndarray
    ) -> np.ndarray:
        """Call a method of the curves for one chunk of partnerships after the other; return the
        results as one array.
        """
        are_few = self.deliverables_booked.sum() <= CURVES_KEPT
        chunks = self._chunks_in_memory if are_few else self._chunks()
        return np.concatenate([method(curves, values[rows]) for rows, curves in chunks])

    @cached_property
    def _chunks_in_memory(self) -> list[tuple[slice, "DeliveryCurves"]]:
        return list(self._chunks())

    def _chunks(self) -> Iterator[tuple[slice, "DeliveryCurves"]]:
        """Yield the partnerships of each chunk, with their curves, about CURVES_PER_CHUNK."""
        chunk = np.cumsum(self.deliverables_booked) // CURVES_PER_CHUNK
        starts = np.flatnonzero(np.diff(chunk, prepend=-1))
        ends = [*starts[1:], len(chunk)]
        for start, end in zip(starts, ends, strict=True):
            rows = slice(start, end)
            yield rows, DeliveryCurves.of(self, rows)


@dataclass(frozen=True)
class DeliveryCurves:
    """The totals of n partnerships at each number delivered.

    `curve`: quantiles at GRID, (m, len(GRID)); `row`: the partnership of each curve, ascending, and
    `weight`: its probability, (m,); `probability_of_none`: the probability that nothing is
    delivered, (n,).
    """

    curve: np.ndarray
    row: np.ndarray
    weight: np.ndarray
    probability_of_none: np.ndarray

    @classmethod
    def of(cls, mixture: DeliveryMixture, rows: slice) -> "DeliveryCurves":
        """Return the curves of some partnerships of a mixture."""
        forecast = mixture.forecast[rows]
        rate = mixture.rate[rows]
        booked = mixture.deliverables_booked[rows]
        row = np.repeat(np.arange(len(rate)), booked)
        number = np.arange(len(row)) - np.repeat(np.cumsum(booked) - booked, booked) + 1
        # a third of all that a worker would import, and few lists have completion rates
        from scipy.stats import binom

        weight = binom.pmf(number, booked[row], rate[row])
        likely = weight > LEAST_WEIGHT
        row, number, weight = row[likely], number[likely], weight[likely]
        delivered = forecast.deliverables[row] * number / booked[row]
        curve = replace(forecast[row], deliverables=delivered).totals_at(np.arange(len(GRID)))
        return cls(curve, row, weight, mixture.probability_of_none[rows])

    @cached_property
    def first(self) -> np.ndarray:
        """Where the curves of each partnership begin, and at last where they end, (n + 1,)."""
        return np.searchsorted(self.row, np.arange(len(self.probability_of_none) + 1))

    def probability_at_least(self, total: np.ndarray) -> np.ndarray:
        """Return the probability that each partnership reaches `total` (n,), NaN for NaN."""
        reached = self.weight * (1 - interpolate_level(self.curve, total[self.row], GRID))
        return np.where(np.isnan(total), np.nan, np.bincount(self.row, reached, len(total)))

    def quantile(self, probability: np.ndarray) -> np.ndarray:
        """Return quantiles of the totals, (n, q), at probabilities (n, q); 0 where nothing is
        delivered with at least that probability.

        The probability jumps a little where one of the curves ends. A quantile at such a jump is
        its lower side.
        """
        from scipy.optimize.elementwise import find_root  # late, as `binom` above

        row = np.repeat(np.arange(len(probability)), probability.shape[1])
        p = probability.ravel()
        root = find_root(
            self._excess, self._bounds(row, p), args=(row, p), tolerances=ROOT_TOLERANCES
        )
        is_exact = np.abs(root.f_x) <= ROOT_TOLERANCES["fatol"]
        total = np.where(is_exact, root.x, root.bracket[0])
        is_none = self._excess(np.zeros(len(p)), row, p) >= 0
        return np.where(is_none, 0.0, total).reshape(probability.shape)

    def _bounds(self, row: np.ndarray, p: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return bounds of the quantiles, (k,) each: the least and the most of any curve."""
        weight_of_row = np.add.reduceat(self.weight, self.first[:-1])
        share = (p - self.probability_of_none[row]) / weight_of_row[row]
        place, curve, start = self._curves(row)
        low, part = between(GRID, share[place])
        total = self.curve[curve, low] * (1 - part) + self.curve[curve, low + 1] * part
        least, most = (end.reduceat(total, start) for end in (np.minimum, np.maximum))
        return least * (1 - ROOM), most * (1 + ROOM)

    def _excess(self, total: np.ndarray, row: np.ndarray, p: np.ndarray) -> np.ndarray:
        """Return the probability below totals (k,) of the partnerships `row` (k,), less p (k,)."""
        place, curve, _ = self._curves(row)
        level = interpolate_level_of_curve(self.curve, curve, total[place], GRID)
        below = np.bincount(place, self.weight[curve] * level, len(row))
        return self.probability_of_none[row] + below - p

    def _curves(self, row: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return all curves of the partnerships `row` (k,), one after the other: for each curve its
        partnership's place in `row` and its own number, (c,) each, and where the curves of each
        partnership start, (k,).
        """
        count = self.first[row + 1] - self.first[row]
        start = np.cumsum(count) - count
        place = np.repeat(np.arange(len(row)), count)
        curve = np.arange(len(place)) + (self.first[row] - start)[place]
        return place, curve, start
