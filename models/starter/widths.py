"""How far a post lies from the location of its forecast, by what the forecast rests on.

- history: as single posts lie about their creator's own median (measured). Fewer posts and more
  uneven ones widen it by `models.corrections.history_scale`
- summary: the post's own spread; the error of an average of twelve posts as a sign of the median;
  the prior, for the part that it has in the level; and the drift since the average was made
- profile: the post's own spread, creators of one size that differ, and sources that differ

Distributions are held as VALUES equally probable values, so that everything is computed without
random numbers of its own.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from features.derive.market_priors import SUMMARY_POSTS
from features.tables.vocabulary import EVIDENCE
from models.conformal import GRID
from models.corrections import history_scale
from models.sobol import uniform_points
from models.starter.figures import PostSpread, post_spreads
from models.starter.levels import level_weight, prior_sd

VALUES = 512
PROBABILITIES = (np.arange(VALUES) + 0.5) / VALUES
#: Draws of twelve posts, by which the error of their average is found.
DRAWS = 4096
#: Sd of the drift of a creator's level, in ln, between a vendor's average and the planned post
#: [assumption: a quarter of a year at 40 % a year, the middle of the 30 to 50 % by which rates of
#: niches fell within a year (InfluencerDB 2019)].
DRIFT_SD = 0.13
#: Part of the variance of single posts that posts of the same weeks share: 0.075 of 0.64, measured
#: on an Instagram panel, 244 creators.
SHARED_BY_WEEKS = 0.12
#: MAD of a normal distribution of sd 1.
MAD_OF_SD = 0.6745
#: z of the 90 % quantile of a normal distribution.
Z90 = float(ndtri(0.9))


@dataclass(frozen=True)
class Width:
    """The distribution of y - location of one platform, target and evidence.

    `z` (len(GRID),): its quantiles in units of the scale; `ceiling`: where the upper tail of the
    mean ends; `correlation`: of deliverables of one partnership.
    """

    z: np.ndarray
    ceiling: float
    correlation: float


def starter_width(platform: str, target: str, evidence: str) -> Width:
    """Return the width of forecasts that rest on an evidence, one of EVIDENCE."""
    spread = post_spreads()[platform, target]
    posts = post_values(spread)
    level = _level_values(platform, target, evidence, posts)
    residual = np.quantile(_sum(posts, level), GRID)
    residual -= residual[GRID.searchsorted(0.5)]
    scale = _usual_scale(spread, evidence)
    level_sd = _sd(level)
    shared = level_sd**2 / (level_sd**2 + _sd(posts) ** 2)
    mean = spread.mean_over_median + level_sd**2 / 2
    return Width(
        z=residual / scale,
        ceiling=_ceiling(residual, mean),
        correlation=shared + (1 - shared) * SHARED_BY_WEEKS,
    )


def post_values(spread: PostSpread) -> np.ndarray:
    """Return equally probable residuals of a post, (VALUES,).

    Between the published quantiles, and beyond them, they are linear in the normal score.
    """
    known, wanted = ndtri(spread.levels), ndtri(PROBABILITIES)
    values = np.interp(wanted, known, spread.residuals)
    slopes = np.diff(spread.residuals)[[0, -1]] / np.diff(known)[[0, -1]]
    below, above = wanted < known[0], wanted > known[-1]
    values[below] = spread.residuals[0] + slopes[0] * (wanted[below] - known[0])
    values[above] = spread.residuals[-1] + slopes[1] * (wanted[above] - known[-1])
    return values


def average_error(posts: np.ndarray, robust_sd: float) -> np.ndarray:
    """Return equally probable errors of ln of the mean of SUMMARY_POSTS posts as a sign of their
    creator's median, (VALUES,), about their own median.

    `posts` (VALUES,): residuals of the posts of all creators; they are brought to the spread of the
    median creator, `robust_sd`, because a mean is over posts of one creator.
    """
    points = uniform_points(int(SUMMARY_POSTS), DRAWS)
    drawn = np.interp(points, PROBABILITIES, posts) * (robust_sd / _sd(posts))
    means = np.log(np.exp(drawn).mean(axis=1))
    return np.quantile(means - np.median(means), PROBABILITIES)


def _level_values(platform: str, target: str, evidence: str, posts: np.ndarray) -> np.ndarray:
    """Return equally probable errors of the location as a sign of the creator's level, (VALUES,).

    That of a history is part of the measured spread about the creator's own median.
    """
    normal = ndtri(PROBABILITIES)
    if evidence == "history":
        return np.zeros(VALUES)
    if evidence == "profile":
        return prior_sd(platform) * normal
    weight = level_weight(target)
    error = average_error(posts, post_spreads()[platform, target].robust_sd)
    rest = float(np.hypot((1 - weight) * prior_sd(platform), DRIFT_SD))
    return np.quantile(_sum(-weight * error, rest * normal), PROBABILITIES)


def _usual_scale(spread: PostSpread, evidence: str) -> float:
    """Return the scale that a forecast has where its creator is like those of the measured spread;
    without posts, where there is no history.
    """
    if evidence != EVIDENCE[0]:
        return float(history_scale(np.zeros(1), np.full(1, np.nan))[0])
    mad = MAD_OF_SD * spread.robust_sd
    return float(history_scale(np.array([spread.posts]), np.array([mad]))[0])


def _sum(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return all sums of two independent distributions' values, (VALUES squared,)."""
    return np.add.outer(first, second).ravel()


def _sd(values: np.ndarray) -> float:
    """Return the robust sd of values: half the central 80 % over that of a normal distribution."""
    low, high = np.quantile(values, [0.1, 0.9])
    return float((high - low) / (2 * Z90))


def _ceiling(residual: np.ndarray, mean: float) -> float:
    """Return the residual at which the upper tail ends so that ln of the mean of e^residual is as
    published; the largest one where the mean lies lower without an end.

    `residual`: quantiles at GRID.
    """
    values = np.interp(PROBABILITIES, GRID, residual)
    low, high = 0.0, float(values[-1])
    for _ in range(50):
        middle = (low + high) / 2
        if np.log(np.exp(np.minimum(values, middle)).mean()) < mean:
            low = middle
        else:
            high = middle
    return high
