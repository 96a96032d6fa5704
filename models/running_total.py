"""The total of a partnership of which some deliverables are online and the others are to come.

Simulated with the Gaussian copula of models.totals: the deliverables of one partnership share one
correlation r (models.correlation). A published deliverable has the marginal of its own growth
(models.running_post). Its count at the horizon has a place in the forecast made for it, and so a
normal score x. Given the scores of k published ones, the part that all deliverables share is normal
with mean sqrt(r) sum(x) / (1 - r + k r) and variance (1 - r) / (1 - r + k r): where the first posts
run ahead, the others are expected to. The growths of the published posts are given the same
correlation, as theirs is not known: the interval is then rather too wide than too narrow.
"""

from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr, ndtri

from models.conformal import GRID
from models.sobol import normal_points

#: Draws of a total, and deliverables that it may have.
DRAWS, MOST_DELIVERABLES = 2048, 100
#: Normal scores of published posts are held within those of these probabilities.
_ENDS = ndtri(GRID[[0, -1]])
#: Rows of the draws that are shared parts: that of the growths, and that of the level.
_GROWTHS, _LEVEL = 0, 1
#: The probability that each of the ascending draws stands for, (DRAWS,).
_LEVELS = (np.arange(DRAWS) + 0.5) / DRAWS


@dataclass(frozen=True)
class RunningTotal:
    """The distribution of one total: equally probable values, ascending, (DRAWS,)."""

    values: np.ndarray

    def quantile(self, probability: ArrayLike) -> np.ndarray:
        """Return quantiles of the total, of the shape of `probability`."""
        return np.interp(np.asarray(probability, dtype=float), _LEVELS, self.values)

    def probability_of(self, goal: float) -> float:
        """Return the probability that the total reaches a goal."""
        return 1 - self.probability_below(goal)

    def probability_below(self, line: float) -> float:
        """Return the probability that the total stays below a line."""
        return float(np.searchsorted(self.values, line, side="left") / len(self.values))

    def mean(self) -> float:
        """Return the expected total."""
        return float(self.values.mean())


def running_total(
    published: np.ndarray,
    published_forecasts: np.ndarray,
    to_come: np.ndarray,
    correlation: float,
) -> RunningTotal:
    """Return the total over published and coming deliverables.

    `published`: quantiles at GRID of ln(1 + count) of k posts that are online, (k, len(GRID));
    `published_forecasts`: the forecasts made for them, likewise, NaN where there was none;
    `to_come`: those of m deliverables that are not, (m, len(GRID)).
    """
    if len(published) + len(to_come) == 1:
        curve = [*published, *to_come][0]
        return RunningTotal(np.expm1(_EVEN_PLACES.read(curve)))
    total = np.zeros(DRAWS)
    scores = np.zeros(DRAWS)
    known = 0
    for number, curve in enumerate(published):
        count = _drawn_places(_GROWTHS, number, correlation).read(curve)
        total += np.expm1(count)
        forecast = published_forecasts[number]
        if not np.isnan(forecast).any():
            scores += np.clip(ndtri(np.interp(count, forecast, GRID)), *_ENDS)
            known += 1
    if known:
        precision = 1 - correlation + known * correlation
        shared = np.sqrt(correlation) * scores / precision
        shared += np.sqrt((1 - correlation) / precision) * _normal_draws()[_LEVEL]
    for number, curve in enumerate(to_come, len(published)):
        if known:
            places = _places_of(shared, number, correlation)
        else:
            places = _drawn_places(_LEVEL, number, correlation)
        total += np.expm1(places.read(curve))
    return RunningTotal(np.sort(total))


@dataclass(frozen=True)
class CurvePlaces:
    """Where draws of a probability lie in GRID: the position `low` at or below each, and how far
    `beyond` that it lies, (DRAWS,). Draws outside of GRID lie at its ends.
    """

    low: np.ndarray
    beyond: np.ndarray

    @classmethod
    def of(cls, level: np.ndarray) -> "CurvePlaces":
        """Return the places of probabilities."""
        level = np.minimum(np.maximum(level, GRID[0]), GRID[-1])
        low = GRID.searchsorted(level, "right") - 1
        return cls(low, level - GRID[low])

    def read(self, curve: np.ndarray) -> np.ndarray:
        """Return a curve at the places, (DRAWS,), linear between its values at GRID."""
        slope = np.append(np.diff(curve) / np.diff(GRID), 0.0)
        return slope.take(self.low) * self.beyond + curve.take(self.low)


_EVEN_PLACES = CurvePlaces.of(_LEVELS)


def _places_of(shared: np.ndarray, number: int, correlation: float) -> CurvePlaces:
    """Return the places of a deliverable's draws in its own distribution, by the draws of the part
    that it shares with the others, (DRAWS,).
    """
    single = _normal_draws()[2 + number]
    return CurvePlaces.of(ndtr(np.sqrt(correlation) * shared + np.sqrt(1 - correlation) * single))


@lru_cache(maxsize=64)
def _drawn_places(part: int, number: int, correlation: float) -> CurvePlaces:
    """Return the places of a deliverable's draws where nothing is known of the shared `part`,
    _GROWTHS or _LEVEL. They are a matter of the draws alone, as a model has few correlations.
    """
    return _places_of(_normal_draws()[part], number, correlation)


@cache
def _normal_draws() -> np.ndarray:
    """Return normal draws from scrambled Sobol points, (2 + MOST_DELIVERABLES, DRAWS): the first
    two rows are shared parts, _GROWTHS and _LEVEL.
    """
    return np.ascontiguousarray(normal_points(2 + MOST_DELIVERABLES, DRAWS).T)
