"""What is delivered of a partnership: its totals as curves, and the chance that booked deliverables
do not appear.

With a completion rate c the number delivered of k booked is binomial, so nothing is delivered with
probability (1 - c)^k; without one every deliverable is taken to appear. Between the probabilities
of GRID curves are linear, so that `quantile` and `probability_at_least` are each other's inverse.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize.elementwise import find_root
from scipy.stats import binom

from models.conformal import GRID
from models.distribution import QUANTILES, PredictiveDistribution
from models.interpolation import between, interpolate_level, interpolate_level_of_curve

#: Numbers of deliverables less probable than this are left out.
LEAST_WEIGHT = 1e-9
#: DeliveryCurves of a mixture that are made at once, of a kilobyte each.
CURVES_PER_CHUNK = 2**12
#: DeliveryCurves that are kept at most: those of a request, and not those of a long list.
CURVES_KEPT = 100_000
#: How near a quantile of a mixture is searched: relative to itself, and in its probability.
ROOT_TOLERANCES = {"xatol": 0.0, "xrtol": 1e-9, "fatol": 1e-10, "frtol": 0.0}
#: By how much the bounds of the search lie outside of what they would be without rounding.
ROOM = 1e-9


@dataclass(frozen=True)
class DeliveredTotals:
    """Totals of n partnerships, those of a completion rate a mixture over the number delivered.

    `forecast`: of all deliverables; `mixed_rows`: positions of the mixtures, (m,), and what they
    are.
    """

    forecast: PredictiveDistribution
    mixed_rows: np.ndarray
    mixture: "DeliveryMixture | None"

    @classmethod
    def of(
        cls, forecast: PredictiveDistribution, completion_rate: np.ndarray | None = None
    ) -> "DeliveredTotals":
        """Take a forecast of totals over all deliverables; `completion_rate`: in 0 to 1, (n,), NaN
        where not given.
        """
        if completion_rate is None or not (unsure := completion_rate < 1).any():
            return cls(forecast, np.empty(0, dtype=int), None)
        return cls(
            forecast,
            np.flatnonzero(unsure),
            DeliveryMixture(forecast[unsure], completion_rate[unsure]),
        )

    @property
    def probability_of_none(self) -> np.ndarray:
        """The probability that nothing is delivered, (n,)."""
        return self._mixed_in(
            np.zeros(len(self.forecast.location)), lambda mixture: mixture.probability_of_none
        )

    def probability_at_least(self, total: np.ndarray) -> np.ndarray:
        """Give the probability that each total reaches `total` (n,); 1 for 0 or less, NaN where it
        is not known.
        """
        total = np.asarray(total, dtype=float)
        reached = 1 - self.forecast.interpolated_probability(total)
        found = self._mixed_in(
            reached, lambda mixture: mixture.probability_at_least(total[self.mixed_rows])
        )
        return np.where(total <= 0, 1.0, found)

    def quantiles_by_name(self, names: Iterable[str]) -> dict[str, np.ndarray]:
        """Give quantiles of the totals by the names of QUANTILES, (n,) each."""
        found = {name: self.forecast.quantiles_by_name[name] for name in names}
        if self.mixture is None:
            return found
        mixed = self.mixture.quantile(np.array([[QUANTILES[name] for name in found]]))
        own = zip(found.items(), mixed.T, strict=True)
        return {
            name: self._mixed_in(values.copy(), lambda _, part=part: part)
            for (name, values), part in own
        }

    def quantile(self, probability: ArrayLike) -> np.ndarray:
        """Give quantiles of the totals, (n, q); `probability`: (q,), or (n, q) for each partnership
        its own.
        """
        p = np.minimum(np.maximum(probability, GRID[0]), GRID[-1])
        found = self.forecast.interpolated_quantile(p)
        return self._mixed_in(
            found, lambda mixture: mixture.quantile(p[self.mixed_rows] if p.ndim == 2 else p[None])
        )

    def _mixed_in(self, found: np.ndarray, of_mixture: Callable) -> np.ndarray:
        if self.mixture is not None:
            found[self.mixed_rows] = of_mixture(self.mixture)
        return found


@dataclass(frozen=True)
class DeliveryMixture:
    """Totals of n partnerships over the number delivered.

    `forecast`: of all deliverables; `rate`: completion rates below 1, (n,). Of k deliverables there
    are up to k curves: they are made for a run of partnerships at a time, and kept for the next
    question where they are few in all.
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
        """Give the probability that each total reaches `total` (n,), NaN where it is not known."""
        return self._by_runs(DeliveryCurves.probability_at_least, total)

    def quantile(self, probability: np.ndarray) -> np.ndarray:
        """Give quantiles, (n, q), at probabilities (1, q) or (n, q)."""
        p = np.broadcast_to(probability, (len(self.rate), probability.shape[1]))
        return self._by_runs(DeliveryCurves.quantile, p)

    def _by_runs(
        self, answer: Callable[["DeliveryCurves", np.ndarray], np.ndarray], values: np.ndarray
    ) -> np.ndarray:
        """Answer by the curves of one run of partnerships after the other, each of some
        CURVES_PER_CHUNK.
        """
        kept = self._kept if self.deliverables_booked.sum() <= CURVES_KEPT else self._curves()
        return np.concatenate([answer(curves, values[rows]) for rows, curves in kept])

    @cached_property
    def _kept(self) -> list[tuple[slice, "DeliveryCurves"]]:
        return list(self._curves())

    def _curves(self) -> Iterator[tuple[slice, "DeliveryCurves"]]:
        number = np.cumsum(self.deliverables_booked) // CURVES_PER_CHUNK
        starts = np.flatnonzero(np.diff(number, prepend=-1))
        for rows in map(slice, starts, [*starts[1:], len(number)]):
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
        """Make the curves of some partnerships of a mixture."""
        forecast, rate, booked = (
            mixture.forecast[rows],
            mixture.rate[rows],
            mixture.deliverables_booked[rows],
        )
        row = np.repeat(np.arange(len(rate)), booked)
        number = np.arange(len(row)) - np.repeat(np.cumsum(booked) - booked, booked) + 1
        weight = binom.pmf(number, booked[row], rate[row])
        keep = weight > LEAST_WEIGHT
        row, number, weight = row[keep], number[keep], weight[keep]
        delivered = forecast.deliverables[row] * number / booked[row]
        curve = replace(forecast[row], deliverables=delivered).totals_at(np.arange(len(GRID)))
        return cls(curve, row, weight, mixture.probability_of_none[rows])

    @cached_property
    def first(self) -> np.ndarray:
        """Where the curves of each partnership begin, and at last where they end, (n + 1,)."""
        return np.searchsorted(self.row, np.arange(len(self.probability_of_none) + 1))

    def probability_at_least(self, total: np.ndarray) -> np.ndarray:
        """Give the probability that each total reaches `total` (n,), NaN where it is not known."""
        reached = self.weight * (1 - interpolate_level(self.curve, total[self.row], GRID))
        return np.where(np.isnan(total), np.nan, np.bincount(self.row, reached, len(total)))

    def quantile(self, probability: np.ndarray) -> np.ndarray:
        """Give the totals, (n, q), that are not reached with probabilities (n, q); 0 where nothing
        comes as often.

        The mixture jumps a little where one of its curves ends: of both sides the one that is
        reached often enough.
        """
        row = np.repeat(np.arange(len(probability)), probability.shape[1])
        p = probability.ravel()
        found = find_root(
            self._excess, self._bounds(row, p), args=(row, p), tolerances=ROOT_TOLERANCES
        )
        total = np.where(np.abs(found.f_x) <= ROOT_TOLERANCES["fatol"], found.x, found.bracket[0])
        return np.where(self._excess(np.zeros(len(p)), row, p) >= 0, 0.0, total).reshape(
            probability.shape
        )

    def _bounds(self, row: np.ndarray, p: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return bounds of the quantiles, (k,) each: the least and the most of any curve."""
        share = (p - self.probability_of_none[row]) / np.add.reduceat(self.weight, self.first[:-1])[
            row
        ]
        own, curve, start = self._curves(row)
        low, part = between(GRID, share[own])
        total = self.curve[curve, low] * (1 - part) + self.curve[curve, low + 1] * part
        least, most = (end.reduceat(total, start) for end in (np.minimum, np.maximum))
        return least * (1 - ROOM), most * (1 + ROOM)

    def _excess(self, total: np.ndarray, row: np.ndarray, p: np.ndarray) -> np.ndarray:
        """Give the probability below totals (k,) of the partnerships `row` (k,), less p (k,)."""
        own, curve, _ = self._curves(row)
        level = interpolate_level_of_curve(self.curve, curve, total[own], GRID)
        return (
            self.probability_of_none[row]
            + np.bincount(own, self.weight[curve] * level, len(row))
            - p
        )

    def _curves(self, row: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Give all curves of the partnerships `row` (k,): whose place in `row` and which each is,
        and their starts.
        """
        count = self.first[row + 1] - self.first[row]
        start = np.cumsum(count) - count
        own = np.repeat(np.arange(len(row)), count)
        return own, np.arange(len(own)) + (self.first[row] - start)[own], start
