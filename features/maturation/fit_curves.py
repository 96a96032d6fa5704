"""Fit the curves of growth to repeated readings of posts.

What is fitted is the mean of ln growth between two readings, not its median: growth is skewed and
goes on within a post, so that the median of a long growth is more than the medians of its parts
added up.
"""

import numpy as np
from scipy.optimize import least_squares
from scipy.special import gammainc

from features.maturation.curve import Curve
from features.maturation.growth_pairs import Cells, GrowthPairs, sort_by_cell
from features.maturation.maturation import (
    MEASURES,
    Maturation,
    MaturationCurve,
    published_maturation,
)
from features.tables.vocabulary import PLATFORMS

#: The sd of growth in a cell is taken as this plus the expected growth.
SD_FLOOR = 0.02
ROUNDS = 3
#: Bounds of tau, in days, and of gamma: at the lower gamma the share grows with ln(1 + age / tau).
TAU_BOUNDS, GAMMA_BOUNDS = (1e-3, 60.0), (0.01, 4.0)
START = (0.2, 0.1)
#: The published curve weighs as much as this many posts, spread evenly over its growth between
#: these ages, in days. Tried on half of the accounts of public TikTok readings, with 0 to 200: 30
#: served best for 15 to 125 posts where the published curve is nearly right, and gives way where
#: it is wrong.
PUBLISHED_POSTS = 30
PUBLISHED_AGES = np.array([1 / 24, 0.25, 1, 2, 4, 7, 14, 30, 60, 90])
#: Posts that a curve takes beside a published one, and where there is none.
MIN_POSTS, MIN_POSTS_ALONE = 10, 100
#: Theta where none is published, the bounds of a fitted one, and the posts that it takes.
DEFAULT_THETA, THETA_BOUNDS, MIN_THETA_POSTS = 0.25, (0.05, 1.0), 500
#: Posts whose expected growth is less tell little of theta; of more posts than so many, some serve.
MIN_THETA_GROWTH, MAX_THETA_POSTS = 0.1, 5000
#: The share of posts that the interval by which theta is fitted should hold.
THETA_COVERAGE = 0.8
#: Sources round counts: a growth so near to the interval is inside.
GROWTH_ROUNDING = 1e-3


def fit_maturation(
    pairs: dict[str, dict[str, GrowthPairs]], default: Maturation | None = None
) -> Maturation:
    """Return the curves: fitted where enough posts of a platform and measure were read several
    times, else those of `default`.

    `default`: what the fits are pulled to, published_maturation() if None. A curve takes MIN_POSTS
    posts, or MIN_POSTS_ALONE where `default` has none.
    """
    default = published_maturation() if default is None else default
    curves: dict[str, dict[str, MaturationCurve]] = {}
    for platform in PLATFORMS:
        for measure in MEASURES:
            found = pairs.get(platform, {}).get(measure)
            known = default.find(platform, measure)
            curve = known if found is None else fit_curve(found, known)
            if curve is not None:
                curves.setdefault(platform, {})[measure] = curve
    return Maturation(curves)


def fit_curve(pairs: GrowthPairs, default: MaturationCurve | None) -> MaturationCurve | None:
    """Fit a curve and its theta; return `default` where there are too few posts."""
    pairs = pairs.within_curve()
    posts = pairs.posts
    if posts < (MIN_POSTS_ALONE if default is None else MIN_POSTS):
        return default
    source = f"readings of {posts:,} posts"
    cells = sort_by_cell(pairs).means()
    if default is None:
        curve, theta = fit_cells(cells, Curve(*START)), DEFAULT_THETA
    else:
        source += f"; the published curve weighs as {PUBLISHED_POSTS} more: {default.source}"
        curve = fit_cells(cells.followed_by(published_cells(default.curve)), default.curve)
        theta = default.theta
    theta = fit_theta(pairs, curve, theta)
    return MaturationCurve(curve.tau_days, curve.gamma, theta, posts, source)


def fit_cells(cells: Cells, start: Curve, rounds: int = ROUNDS) -> Curve:
    """Return the curve of the least weighted squares of growth, beginning with `start`.

    The sd of each cell follows from the growth that the curve of the round before expects.
    """
    low, high = np.log([TAU_BOUNDS, GAMMA_BOUNDS]).T
    parameters = np.clip(np.log([start.tau_days, start.gamma]), low, high)
    for _ in range(rounds):
        precision = np.sqrt(cells.weight) / _growth_sd(cells, parameters)

        def residuals(tried: np.ndarray, precision: np.ndarray = precision) -> np.ndarray:
            return precision * (cells.expected(tried) - cells.growth)

        parameters = least_squares(residuals, parameters, bounds=(low, high)).x
    return Curve(*map(float, np.exp(parameters)))


def _growth_sd(cells: Cells, parameters: np.ndarray) -> np.ndarray:
    """Return the sd of growth in each cell, (cells,): SD_FLOOR plus the expected growth. Published
    growth that is larger than expected stands for it, so that a wrong curve does not pull hard.
    """
    expected = cells.expected(parameters)
    larger = np.maximum(expected, cells.growth)
    return SD_FLOOR + np.where(cells.age_class < 0, larger, expected)


def published_cells(curve: Curve) -> Cells:
    """Return the growth that a published curve tells, as if it had been read."""
    age_from, age_to = PUBLISHED_AGES[:-1], PUBLISHED_AGES[1:]
    n = len(age_from)
    weight = np.full(n, PUBLISHED_POSTS / n)
    return Cells(np.full(n, -1), age_from, age_to, curve.growth(age_from, age_to), weight)


def fit_theta(pairs: GrowthPairs, curve: Curve, default: float) -> float:
    """Return the theta of which the central 80 % interval of the growth of posts, from the first
    to the last reading, holds 80 % of them, pulled to `default` by their number.

    `default` stands for fewer than MIN_THETA_POSTS posts that should have grown.
    """
    growth, expected = _growth_of_posts(pairs, curve)
    if len(growth) < MIN_THETA_POSTS:
        return default
    low, high = np.log(THETA_BOUNDS)
    for _ in range(12):
        middle = (low + high) / 2
        held = _share_held(growth, expected, float(np.exp(middle)))
        low, high = (middle, high) if held < THETA_COVERAGE else (low, middle)
    weight = len(growth) / (len(growth) + PUBLISHED_POSTS)
    return float(np.exp(weight * (low + high) / 2 + (1 - weight) * np.log(default)))


def _growth_of_posts(pairs: GrowthPairs, curve: Curve) -> tuple[np.ndarray, np.ndarray]:
    """Return growth and expected growth over all pairs of each post, (posts,)."""
    order = np.argsort(pairs.post, kind="stable")
    start = np.flatnonzero(np.diff(pairs.post[order], prepend=pairs.post.min() - 1))
    growth = np.add.reduceat(pairs.growth[order], start)
    expected = curve.growth(pairs.age_from_days, pairs.age_to_days)[order]
    expected = np.add.reduceat(expected, start)
    rows = np.flatnonzero(expected >= MIN_THETA_GROWTH)
    if len(rows) > MAX_THETA_POSTS:
        rows = rows[np.linspace(0, len(rows) - 1, MAX_THETA_POSTS).astype(int)]
    return growth[rows], expected[rows]


def _share_held(growth: np.ndarray, expected: np.ndarray, theta: float) -> float:
    """Return the share of posts in the central interval of a Gamma distribution of growth with mean
    `expected` and variance theta times that.
    """
    shape, tail = expected / theta, (1 - THETA_COVERAGE) / 2
    above = gammainc(shape, np.maximum(growth + GROWTH_ROUNDING, 0) / theta) >= tail
    below = gammainc(shape, np.maximum(growth - GROWTH_ROUNDING, 0) / theta) <= 1 - tail
    return float(np.mean(above & below))
