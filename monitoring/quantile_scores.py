"""Scores of forecasts that are kept as quantiles at ledger.forecast_entry.LEVELS.

The quantile function of ln(1 + total) is taken to be linear between the levels, and to stay at its
ends beyond them.
"""

import numpy as np

from ledger.forecast_entry import LEVELS

LEVEL = np.array(LEVELS)
MEDIAN = LEVELS.index(0.5)


def log_quantiles(totals: np.ndarray) -> np.ndarray:
    """Return quantiles of ln(1 + total), (n, len(LEVELS)), ascending; `totals`: as kept."""
    return np.maximum.accumulate(np.log1p(np.maximum(totals, 0.0)), axis=1)


def crps(quantiles: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the continuous ranked probability score of each outcome, (n,), in units of y.

    It is twice the pinball loss, integrated over probability (Gneiting and Raftery 2007), here
    exactly: on a segment where the outcome is not passed, the loss is a polynomial of degree 2,
    whose integral Simpson's rule gives; one where it is passed is cut there.
    """
    first, last = quantiles[:, 0], quantiles[:, -1]
    ends = _segment(0.0, LEVEL[0], first, first, y) + _segment(LEVEL[-1], 1.0, last, last, y)
    low, high = quantiles[:, :-1], quantiles[:, 1:]
    inner = _segment(LEVEL[:-1], LEVEL[1:], low, high, y[:, None])
    return 2 * (ends + inner.sum(axis=1))


def expected_crps(quantiles: np.ndarray) -> np.ndarray:
    """Return the mean of `crps` over outcomes drawn from the forecasts themselves, (n,).

    It is the integral of p (1 - p) over the quantile function.
    """
    integral = LEVEL**2 / 2 - LEVEL**3 / 3
    slope = np.diff(quantiles, axis=1) / np.diff(LEVEL)
    return slope @ np.diff(integral)


def probability_transform(quantiles: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the probability integral transform of each outcome, (n,).

    Beyond the outer quantiles it is the middle of what lies there. Where the forecast has one
    value for several levels, it is the middle of them.
    """
    below = _interpolated(quantiles, y, "left")
    above = _interpolated(quantiles, y, "right")
    return (below + above) / 2


def width(quantiles: np.ndarray, coverage: float) -> np.ndarray:
    """Return the width of the central interval in ln, (n,)."""
    low, high = (LEVELS.index(round((1 + side * coverage) / 2, 3)) for side in (-1, 1))
    return quantiles[:, high] - quantiles[:, low]


def _segment(
    begin: np.ndarray | float,
    end: np.ndarray | float,
    low: np.ndarray,
    high: np.ndarray,
    y: np.ndarray,
) -> np.ndarray:
    """Return the integral of the pinball loss from probability `begin` to `end`, where the
    quantile goes from `low` to `high`.
    """
    rise = high - low
    share = np.divide(y - low, rise, out=(y > low).astype(float) + 0 * rise, where=rise > 0)
    cut = np.clip(share, 0.0, 1.0)
    middle = begin + cut * (end - begin)
    at_cut = low + cut * rise
    # up to the cut the quantile is below the outcome: the loss is p (y - q)
    before = _simpson(begin, middle, low - y, at_cut - y, lambda p: -p)
    after = _simpson(middle, end, at_cut - y, high - y, lambda p: 1 - p)
    return before + after


def _simpson(begin, end, first, last, weight):  # type: ignore[no-untyped-def]
    """Return the integral of weight(p) times what goes from `first` to `last`, exactly."""
    middle = weight((begin + end) / 2) * (first + last) / 2
    total = weight(begin) * first + 4 * middle + weight(end) * last
    return (end - begin) / 6 * total


def _interpolated(quantiles: np.ndarray, y: np.ndarray, side: str) -> np.ndarray:
    """Return the level at which each forecast gets to y (side left), or leaves it (right)."""
    reached = quantiles < y[:, None] if side == "left" else quantiles <= y[:, None]
    after = reached.sum(axis=1)
    rows = np.arange(len(y))
    low, high = np.clip(after - 1, 0, None), np.clip(after, None, len(LEVEL) - 1)
    rise = quantiles[rows, high] - quantiles[rows, low]
    share = np.divide(y - quantiles[rows, low], rise, out=np.zeros(len(y)), where=rise > 0)
    level = LEVEL[low] + np.clip(share, 0, 1) * (LEVEL[high] - LEVEL[low])
    level = np.where(after == 0, LEVEL[0] / 2, level)
    return np.where(after == len(LEVEL), (1 + LEVEL[-1]) / 2, level)
