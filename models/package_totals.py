"""Totals of packages: several formats booked together, whose deliverables differ.

The deliverables of a package share the Gaussian copula of models.totals, with the correlation of
the creator's conformal table; each has the forecast of one deliverable of its format. The curve of
their sum is simulated, with the same draws for every package, so that a package has one answer,
alone or in a list.

With a number delivered below the number booked, any of the deliverables is as likely to appear as
any other: each draw takes them in a random order.
"""

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr

from models.conformal import GRID
from models.distribution import PredictiveDistribution, Rows
from models.interpolation import between
from models.totals import DRAWS, normal_draws

#: Of the draws, and of the order in which deliverables appear.
SEED = 0
#: Packages with at most so many deliverables share one array of draws.
_SIZES = (4, 8, 16, 32, 64, 100)
_KNOTS = np.arange(len(GRID))
#: Where the probabilities of GRID lie among sorted draws.
_LOW, _SHARE = between(np.arange(DRAWS), GRID * (DRAWS - 1))


@dataclass(frozen=True)
class PackageParts:
    """The forecasts of the formats of m packages, p parts in all.

    `forecast` (p,): of one deliverable of each part; of a package with one part alone, of all its
    deliverables. `package` (p,): the package of each, ascending from 0 to m - 1, none without a
    part; `count` (p,): how many are booked.
    """

    forecast: PredictiveDistribution
    package: np.ndarray
    count: np.ndarray

    @cached_property
    def first(self) -> np.ndarray:
        """Where the parts of each package begin, and at last where they end, (m + 1,)."""
        return np.append(np.flatnonzero(np.diff(self.package, prepend=-1)), len(self.package))

    def sums(self, values: np.ndarray) -> np.ndarray:
        """Return the sums over the parts of each package, (m, ...), of values (p, ...)."""
        return np.add.reduceat(values, self.first[:-1], axis=0)

    def any_part(self, rows: np.ndarray) -> np.ndarray:
        """Return which packages, (m,), have a part that is marked (p,)."""
        return np.logical_or.reduceat(rows, self.first[:-1])

    @cached_property
    def booked(self) -> np.ndarray:
        """The deliverables of each package, (m,)."""
        return self.sums(self.count)

    @cached_property
    def part_means(self) -> np.ndarray:
        """The expected total of all deliverables of each part, (p,)."""
        return self.forecast.mean() * self.count / self.forecast.deliverables

    @cached_property
    def means(self) -> np.ndarray:
        """The expected total of each package, (m,)."""
        return self.sums(self.part_means)

    @cached_property
    def main(self) -> np.ndarray:
        """The part of each package that brings most of its expected total, (m,)."""
        return np.array(
            [
                first + int(self.part_means[first:end].argmax())
                for first, end in zip(self.first[:-1], self.first[1:], strict=True)
            ],
            dtype=int,
        )

    @cached_property
    def is_single(self) -> np.ndarray:
        """Which packages have one part alone, (m,)."""
        return np.diff(self.first) == 1

    @cached_property
    def log_curves(self) -> np.ndarray:
        """ln(1 + count) of each forecast at GRID, (p, len(GRID))."""
        return np.log1p(self.forecast.totals_at(_KNOTS))

    def single_curves(self, package: np.ndarray, delivered: np.ndarray) -> np.ndarray:
        """Return the totals at GRID of packages (n,) with one part, of the deliverables (n,)."""
        forecast = self.forecast[self.first[package]]
        return replace(forecast, deliverables=delivered.astype(float)).totals_at(_KNOTS)

    def curves_at(self, package: np.ndarray, delivered: np.ndarray) -> np.ndarray:
        """Return the totals at GRID of packages (n,) with numbers delivered (n,), in 1 to those
        booked: (n, len(GRID)).
        """
        curves = np.empty((len(package), len(GRID)))
        is_single = self.is_single[package]
        if is_single.any():
            curves[is_single] = self.single_curves(package[is_single], delivered[is_single])
        is_whole = ~is_single & (delivered == self.booked[package])
        curves[is_whole] = self._booked[package[is_whole]]
        in_part = np.flatnonzero(~is_single & ~is_whole)
        for number in np.unique(package[in_part]).tolist():
            rows = in_part[package[in_part] == number]
            curves[rows] = self._curves_by_number(number)[delivered[rows] - 1]
        return curves

    @cached_property
    def _booked(self) -> np.ndarray:
        """The curves if all deliverables appear, (m, len(GRID)), of packages of several parts."""
        curves = np.full((len(self.booked), len(GRID)), np.nan)
        for number in np.flatnonzero(~self.is_single).tolist():
            curves[number] = _curve(self._draws(number).sum(axis=0))
        return curves

    def _curves_by_number(self, number: int) -> np.ndarray:
        """Return the curves of a package for each number delivered, from 1 up, (k, len(GRID))."""
        draws = self._draws(number)
        in_order = np.take_along_axis(draws, _orders(len(draws)), axis=0)
        return np.array([_curve(total) for total in np.cumsum(in_order, axis=0)])

    def _draws(self, number: int) -> np.ndarray:
        """Return joint draws of the counts of all deliverables of a package, (k, DRAWS)."""
        rows = slice(self.first[number], self.first[number + 1])
        forecast = self.forecast
        correlation = float(forecast.totals.correlation[forecast.table[rows.start]])
        booked = int(self.booked[number])
        low, share = _places(correlation, next(size for size in _SIZES if size >= booked))
        part = np.repeat(np.arange(rows.start, rows.stop), self.count[rows])
        log_curve = self.log_curves.ravel()
        at = low[:booked] + part[:, None] * len(GRID)
        below = log_curve.take(at)
        log_count = below + (log_curve.take(at + 1) - below) * share[:booked]
        return np.exp(log_count) - 1


@dataclass(frozen=True)
class PackageCurves:
    """Curves of the totals of m packages, and the curves that bound them.

    `bound`: the parts of other totals of the same packages, `bound_package` (m,): the position of
    each package among them, -1 for none; `upper`: whether the bound is the most that a package may
    have, else it is the least.
    """

    parts: PackageParts
    bound: PackageParts | None = None
    bound_package: np.ndarray | None = None
    upper: bool = True

    def at(self, package: np.ndarray, delivered: np.ndarray) -> np.ndarray:
        """Return the totals at GRID, as PackageParts.curves_at does, kept within their bounds."""
        curves = self.parts.curves_at(package, delivered)
        if self.bound is None or self.bound_package is None:
            return curves
        place = self.bound_package[package]
        rows = np.flatnonzero(place >= 0)
        bound = self.bound.curves_at(place[rows], delivered[rows])
        curves[rows] = (np.minimum if self.upper else np.maximum)(curves[rows], bound)
        return curves


@dataclass(frozen=True)
class PackageTotals(PredictiveDistribution):
    """The totals of n packages.

    `package` (n,): the position of each in `curves`. `location` is ln(1 + expected count of a
    deliverable), `scale` is not known, `deliverables` are the counted ones.
    """

    package: np.ndarray
    curves: PackageCurves

    @classmethod
    def of(cls, curves: PackageCurves) -> "PackageTotals":
        """Return the totals of all packages of `curves`, in order."""
        parts = curves.parts
        booked = parts.booked.astype(float)
        return cls(
            np.log1p(parts.means / booked),
            np.full(len(booked), np.nan),
            parts.forecast.table[parts.first[:-1]],
            booked,
            parts.forecast.totals,
            np.arange(len(booked)),
            curves,
        )

    def totals_at(self, knot: np.ndarray) -> np.ndarray:
        """Return the totals at positions in GRID, as PredictiveDistribution does."""
        return self._curve[:, knot] if knot.ndim == 1 else self._curve[self._rows, knot]

    def quantile(self, probability: ArrayLike) -> np.ndarray:
        """Return quantiles of the total, as PredictiveDistribution does."""
        p = np.clip(np.atleast_1d(np.asarray(probability, dtype=float)), GRID[0], GRID[-1])
        low, share = between(GRID, p)
        log_curve = np.log1p(self._curve)
        return np.expm1(log_curve[:, low] * (1 - share) + log_curve[:, low + 1] * share)

    def mean(self) -> np.ndarray:
        """Return the expected total, (n,): the sum of those of the parts."""
        parts = self.curves.parts
        return parts.means[self.package] * self.deliverables / parts.booked[self.package]

    def __getitem__(self, rows: Rows) -> "PackageTotals":
        """Return the forecasts at `rows`."""
        return PackageTotals(
            self.location[rows],
            self.scale[rows],
            self.table[rows],
            self.deliverables[rows],
            self.totals,
            self.package[rows],
            self.curves,
        )

    @cached_property
    def _curve(self) -> np.ndarray:
        return self.curves.at(self.package, np.rint(self.deliverables).astype(int))


def _curve(totals: np.ndarray) -> np.ndarray:
    """Return the quantiles at GRID of draws (DRAWS,); never below 0."""
    ascending = np.sort(totals)
    return np.maximum(ascending[_LOW] * (1 - _SHARE) + ascending[_LOW + 1] * _SHARE, 0.0)


@lru_cache(maxsize=32)
def _places(correlation: float, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Return where the probabilities of `size` deliverables lie in GRID, as `between` does, (size,
    DRAWS) each.
    """
    normal = normal_draws(SEED)
    shared, single = normal[:, :1], normal[:, 1 : size + 1]
    together = np.sqrt(correlation) * shared + np.sqrt(1 - correlation) * single
    return between(GRID, ndtr(together).T.copy())


@lru_cache(maxsize=128)
def _orders(size: int) -> np.ndarray:
    """Return for each draw a random order of `size` deliverables, (size, DRAWS)."""
    return np.random.default_rng(SEED).random((size, DRAWS)).argsort(axis=0)
