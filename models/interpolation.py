"""Linear interpolation of many curves at once, each with its own argument."""

import numpy as np


def between(knots: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return where x lies among ascending knots: the position of the knot below it, and the share
    of the way to the next one. Values beyond the ends are moved to the ends.

    >>> low, share = between(np.array([0.0, 10.0, 20.0]), np.array([12.5, 99.0]))
    >>> low.tolist(), share.tolist()
    ([1, 1], [0.25, 1.0])
    """
    x = np.minimum(np.maximum(x, knots[0]), knots[-1])
    low = knots[1:-1].searchsorted(x, "right")
    below = knots[low]
    return low, (x - below) / (knots[low + 1] - below)


def last_at_most(ascending: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Return the last position in each row (n, q) whose value is at most x (n,), of those that have
    a next one: 0 to q - 2.
    """
    return (ascending[:, 1:-1] <= x[:, None]).sum(axis=1)


def interpolate_level(curve: np.ndarray, x: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Return the level at which each curve (n, len(levels)) reaches x (n,), linear in between.

    0 below the first value of the curve, 1 above the last, NaN where x or the curve is unknown.

    >>> curves, levels = np.array([[10.0, 20.0]] * 2), np.array([0.4, 0.6])
    >>> interpolate_level(curves, np.array([15.0, 5.0]), levels).tolist()
    [0.5, 0.0]
    """
    low = last_at_most(curve, x)
    rows = np.arange(len(low))
    step = curve[rows, low], curve[rows, low + 1]
    return interpolate_level_between(x, step, levels, low, (curve[:, 0], curve[:, -1]))


def interpolate_level_of_curve(
    curves: np.ndarray, curve: np.ndarray, x: np.ndarray, levels: np.ndarray
) -> np.ndarray:
    """Return `interpolate_level` of x (k,) on the curves (m, len(levels)) at positions `curve`
    (k,), without a copy of the curves.

    >>> curves, levels = np.array([[10.0, 20.0], [0.0, 1.0]]), np.array([0.4, 0.6])
    >>> interpolate_level_of_curve(curves, np.array([1, 0]), np.array([0.5, 15.0]), levels).tolist()
    [0.5, 0.5]
    """
    flat = curves.ravel()
    start = curve * len(levels)
    last = len(levels) - 1
    low = np.zeros(len(x), dtype=int)
    # a binary search, of all rows at once
    for power in range(last.bit_length() - 1, -1, -1):
        ahead = np.minimum(low + 2**power, last - 1)
        low = np.where(flat.take(start + ahead) <= x, ahead, low)
    at = start + low
    step = flat[at], flat[at + 1]
    return interpolate_level_between(x, step, levels, low, (flat[start], flat[start + last]))


def interpolate_level_between(
    x: np.ndarray,
    step: tuple[np.ndarray, np.ndarray],
    levels: np.ndarray,
    low: np.ndarray,
    ends: tuple[np.ndarray, np.ndarray],
) -> np.ndarray:
    """Return the level of x (n,) on curves that are linear from levels[low] to the next level.

    `step`: the values of each curve at those two levels, (n,) each; `low`: positions in `levels`,
    (n,); `ends`: the first and the last value of each curve. 0 below the first, 1 above the last,
    NaN where x or the curve is unknown.
    """
    below, above = step
    width = above - below
    share = np.divide(x - below, width, out=np.ones(len(x)), where=width > 0)
    share = np.minimum(share, 1)
    level = levels[low] * (1 - share) + levels[low + 1] * share
    first, last = ends
    level[x < first] = 0.0
    level[x > last] = 1.0
    level[np.isnan(x) | np.isnan(first)] = np.nan
    return level
