"""The count of a post that is online, at a horizon, from the counts that were read of it.

A post grows by ln N(h) - ln N(a) from its age a to the horizon h. That growth has a Gamma
distribution whose mean G is that of the curve of its platform and measure
(features.maturation). A post that grew faster than its curve between two readings goes on to.

Rules:
- **Velocity.** A post that grew by g since an earlier reading at age a0 grows by G times
  ((k + g) / (k + G(a0, a)))^rho, k = VELOCITY_FLOOR, rho = VELOCITY_POWER. The earlier reading is
  the last one that lies LEAST_GAP_DAYS back: over a shorter time the growth tells less than it
  costs. Once it is known, VELOCITY_THETA of theta is left. Powers of .3 to .5 and shares of .7 to
  .8 serve alike on half of the accounts of TikTok's readings.
- **Copies.** A large count that stands as it was less than COPY_DAYS before is a copy of that
  reading, which some sources give under a later time, and is left out.
- **Small counts.** A count c is uncertain by itself: its part of the variance of the growth is
  (1 - exp(-G)) / (1 + c), that of a Poisson count whose rate is known from c alone. It is added to
  theta G, and makes the velocity count less. With a forecast made before, the quantiles of
  ln(1 + count) are the weighted means of those by growth and those of the forecast: growth has the
  weight s^2 / (s^2 + v), s the forecast's standard deviation and v that part of the variance. So a
  few counts leave something to the forecast, and a count of 1,000 nothing.
- **More counts never tell less**: models.count_pooling.
- **Young posts.** Up to YOUNG_DAYS all of the variance counts in v: the level of the creator still
  says something. That part fades in proportion to the age until SETTLED_DAYS. After it, the
  forecast does not pull: a post that runs ahead keeps running.
- **Older than the horizon.** The count is the outcome, brought back by the curve from its age to
  the horizon, but not below an earlier count; it is certain. Of several such readings the first
  counts.
- **Counts that fall** are corrections of the platform: the later count stands, and higher ones
  before it tell no velocity.
- No forecast is below the count that was read.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammaincinv, ndtri

from features.history.arrays import DAY_US
from features.history.reading_pairs import MIN_REPEATED_COUNT, REPEAT_US
from features.maturation.maturation import Maturation
from models.conformal import GRID
from models.count_pooling import CountPooling, count_noise

#: k and rho of the velocity, and the share of theta that is left once it is known: measured on
#: posts of TikTok read many times.
VELOCITY_FLOOR, VELOCITY_POWER, VELOCITY_THETA = 0.01, 0.5, 0.7
#: Days between two readings from which on they tell a velocity.
LEAST_GAP_DAYS = 1.0
#: A count of LARGE_COUNT or more that is the same within COPY_DAYS is a copy of a reading.
COPY_DAYS, LARGE_COUNT = REPEAT_US / DAY_US, MIN_REPEATED_COUNT
#: The probability that each position in GRID stands for in a mean.
_WIDTHS = np.diff(np.concatenate([[0.0], (GRID[1:] + GRID[:-1]) / 2, [1.0]]))


@dataclass(frozen=True)
class RunningPosts:
    """Posts that are online, n of them, with one measure of each as it was read last.

    `platform`: positions in PLATFORMS; `count` and `age_days` of the last reading; `earlier_count`
    and `earlier_age_days` of a reading before, NaN where there is none; `horizon_days`: the age at
    which the count is forecast. All (n,).
    """

    platform: np.ndarray
    count: np.ndarray
    age_days: np.ndarray
    earlier_count: np.ndarray
    earlier_age_days: np.ndarray
    horizon_days: np.ndarray

    @property
    def is_over(self) -> np.ndarray:
        """Mask of the posts, (n,), that were read at their horizon or later."""
        return self.age_days >= self.horizon_days


@dataclass(frozen=True)
class ChosenReadings:
    """What is used of the readings of one post: the last count and its age, those of an earlier
    reading, NaN where there is none, and whether a count fell from one reading to the next.
    """

    count: float
    age_days: float
    earlier_count: float
    earlier_age_days: float
    fell: bool


def choose_readings(age_days: np.ndarray, count: np.ndarray, horizon_days: float) -> ChosenReadings:
    """Return what is used of the readings (k,) of one post, at least one, in the order of age."""
    is_copy = np.zeros(len(count), dtype=bool)
    is_copy[1:] = (np.diff(age_days) < COPY_DAYS) & (np.diff(count) == 0)
    is_copy &= count >= LARGE_COUNT
    age_days, count = age_days[~is_copy], count[~is_copy]
    over = np.flatnonzero(age_days >= horizon_days)
    last = int(over[0]) if len(over) else len(age_days) - 1
    fell = bool((np.diff(count[: last + 1]) < 0).any())
    least_gap = 0.0 if len(over) else LEAST_GAP_DAYS
    is_earlier = (age_days <= age_days[last] - least_gap) & (count <= count[last])
    is_earlier[last:] = False
    earlier = np.flatnonzero(is_earlier)
    if not len(earlier):
        return ChosenReadings(float(count[last]), float(age_days[last]), np.nan, np.nan, fell)
    at = int(earlier[-1])
    return ChosenReadings(
        float(count[last]), float(age_days[last]), float(count[at]), float(age_days[at]), fell
    )


@dataclass(frozen=True)
class RunningForecast:
    """The distribution of each post's count at its horizon, for n posts.

    `log_curve`: quantiles of ln(1 + count) at GRID, (n, len(GRID)); `posts`: what was read;
    `weight`: that of the growth against the forecast made before, (n,), 1 where it stands alone.
    """

    log_curve: np.ndarray
    posts: RunningPosts
    weight: np.ndarray

    def quantile(self, probability: ArrayLike) -> np.ndarray:
        """Return quantiles of the count, (n, len(probability)), linear in ln(1 + count) between the
        probabilities of GRID.
        """
        levels = np.clip(np.atleast_1d(np.asarray(probability, dtype=float)), GRID[0], GRID[-1])
        logs = np.array([np.interp(levels, GRID, curve) for curve in self.log_curve])
        return np.expm1(logs.reshape(-1, len(levels)))

    def cdf(self, x: ArrayLike) -> np.ndarray:
        """Return the probability that each count is at most x, (n,); x is a number or (n,)."""
        return probability_below(self.log_curve, np.log1p(np.asarray(x, dtype=float)))

    @cached_property
    def median(self) -> np.ndarray:
        """The median count, (n,)."""
        return self.quantile(0.5)[:, 0]

    def mean(self) -> np.ndarray:
        """Return the expected count within the probabilities of GRID, (n,)."""
        return curve_mean(self.log_curve)

    def share_reached(self) -> np.ndarray:
        """Return the present count over the median at the horizon, (n,): 1 for posts that are over,
        NaN where the median is 0.
        """
        with np.errstate(invalid="ignore", divide="ignore"):
            share = np.where(self.median > 0, self.posts.count / self.median, np.nan)
        return np.where(self.posts.is_over, 1.0, np.minimum(share, 1.0))


def running_forecast(
    posts: RunningPosts,
    maturation: Maturation,
    measure: str,
    forecast: np.ndarray | None = None,
) -> RunningForecast:
    """Return the forecast of running posts by their growth, and by a forecast made before.

    `forecast`: its quantiles of ln(1 + count) at GRID and at each post's horizon, (n, len(GRID)),
    NaN where there is none. There must be a curve of `measure` for each platform.
    """
    base = np.log1p(posts.count)
    curve_growth = maturation.growth(measure, posts.platform, posts.age_days, posts.horizon_days)
    theta = maturation.thetas(measure, posts.platform)
    plain_growth = np.where(posts.is_over, 0.0, np.maximum(curve_growth, 0.0))
    growth = plain_growth * _velocity(posts, maturation, measure, theta)
    pooling = CountPooling.of(posts.count, posts.age_days, plain_growth, theta, forecast)
    theta = np.where(np.isfinite(posts.earlier_count), VELOCITY_THETA * theta, theta)
    variance = theta * growth + count_noise(growth, pooling.count)
    lift = np.log1p(pooling.count) - base
    level = base[:, None] + lift[:, None] * np.minimum(2 * GRID, 1.0)
    log_curve = pooling.pool(level + _gamma_curve(growth, variance))
    log_curve = np.maximum(log_curve, base[:, None])
    # a count that was read after the horizon is brought back to it
    back = np.where(posts.is_over, np.minimum(curve_growth, 0.0), 0.0)
    least = np.where(posts.is_over, np.nan_to_num(np.log1p(posts.earlier_count)), 0.0)
    log_curve = np.maximum(log_curve + back[:, None], least[:, None])
    return RunningForecast(log_curve, posts, pooling.weight)


def curve_mean(log_curve: np.ndarray) -> np.ndarray:
    """Return the expected count within the probabilities of GRID, (n,), by quantiles of
    ln(1 + count) at GRID, (n, len(GRID)).
    """
    return np.expm1(log_curve) @ _WIDTHS


def move_forecast(
    log_curve: np.ndarray,
    maturation: Maturation,
    measure: str,
    platform: np.ndarray,
    from_days: ArrayLike,
    to_days: ArrayLike,
) -> np.ndarray:
    """Return a forecast's quantiles of ln(1 + count), (n, len(GRID)), moved from one age of the
    posts to another by the curve.
    """
    growth = maturation.growth(measure, platform, from_days, to_days)
    return np.maximum(log_curve + growth[:, None], 0.0)


def pace(
    posts: RunningPosts, maturation: Maturation, measure: str, forecast: np.ndarray
) -> np.ndarray:
    """Return the share of the forecast made before that lies below the present count, (n,).

    `forecast`: as in `running_forecast`; it is moved from the horizon to the age at the reading.
    """
    curve = move_forecast(
        forecast, maturation, measure, posts.platform, posts.horizon_days, posts.age_days
    )
    return probability_below(curve, np.log1p(posts.count))


def probability_below(log_curve: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Return the probability of at most x, a value of ln(1 + count), (n,) or a number, by quantiles
    at GRID, (n, len(GRID)): 0 below the first, 1 from the last on, NaN where either is unknown.
    """
    x = np.broadcast_to(x, len(log_curve))
    return np.array(
        [_interpolated_level(value, curve) for value, curve in zip(x, log_curve, strict=True)]
    )


def curve_of_quantiles(p10: np.ndarray, p50: np.ndarray, p90: np.ndarray) -> np.ndarray:
    """Return quantiles of ln(1 + count) at GRID, (n, len(GRID)), from three quantiles of a count,
    (n,) each: normal on both sides of the median, with the spread of that side.

    NaN where one is unknown.
    """
    low, middle, high = (np.log1p(values)[:, None] for values in (p10, p50, p90))
    z = ndtri(GRID)
    spread = np.where(z < 0, middle - low, high - middle) / ndtri(0.9)
    return np.maximum(middle + spread * z, 0.0)


def _velocity(
    posts: RunningPosts, maturation: Maturation, measure: str, theta: np.ndarray
) -> np.ndarray:
    """Return what the growth to come is multiplied by, (n,): 1 where there is no earlier
    reading.
    """
    known = np.isfinite(posts.earlier_count)
    earlier_age = np.where(known, posts.earlier_age_days, posts.age_days)
    earlier_count = np.where(known, posts.earlier_count, posts.count)
    grew = np.maximum(np.log1p(posts.count) - np.log1p(earlier_count), 0.0)
    expected = maturation.growth(measure, posts.platform, earlier_age, posts.age_days)
    expected = np.maximum(expected, 0.0)
    noise = count_noise(expected, earlier_count)
    own = theta * expected
    reliability = np.divide(own, own + noise, out=np.zeros(len(own)), where=own > 0)
    ratio = (VELOCITY_FLOOR + grew) / (VELOCITY_FLOOR + expected)
    return np.where(known, ratio ** (VELOCITY_POWER * reliability), 1.0)


def _gamma_curve(mean: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """Return quantiles at GRID of Gamma distributions, (n, len(GRID)); 0 where the mean is 0."""
    curve = np.zeros((len(mean), len(GRID)))
    grows = (mean > 0) & (variance > 0)
    scale = variance[grows] / mean[grows]
    shape = mean[grows] / scale
    curve[grows] = gammaincinv(shape[:, None], GRID) * scale[:, None]
    return curve


def _interpolated_level(x: float, curve: np.ndarray) -> float:
    if np.isnan(x) or np.isnan(curve).any():
        return np.nan
    return float(np.interp(x, curve, GRID, left=0.0, right=1.0))
