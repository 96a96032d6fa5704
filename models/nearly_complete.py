"""The day by which most of the count at the horizon is there, of posts that are online."""

from collections.abc import Sequence

import numpy as np

from features.maturation.curve import YOUNGEST_DAYS
from features.maturation.maturation import Maturation
from models.running_post import RunningForecast

#: The share of the count at the horizon that `nearly_complete_days` is about.
NEARLY_COMPLETE = 0.9


def nearly_complete_days(
    forecast: RunningForecast,
    maturation: Maturation,
    measure: str,
    readings: Sequence[tuple[np.ndarray, np.ndarray]] | None = None,
) -> np.ndarray:
    """Return the day after posting by which NEARLY_COMPLETE of the median at the horizon are
    there, (n,), never after the horizon.

    Before that share is there it is the post's own growth to the median, spread over time as
    the curve has it; afterwards the curve back from the count. `readings`: ages and counts of
    each post, in order: the first that shows the share is the latest day, and the last one
    before it the earliest. NaN where the median is 0, and for a count of 0 without a forecast.
    """
    posts = forecast.posts
    reference = np.minimum(posts.age_days, posts.horizon_days)
    wanted = np.log1p(forecast.median) + np.log(NEARLY_COMPLETE)
    level = np.log1p(np.where(posts.is_over, forecast.median, posts.count))
    days = np.empty(len(level))
    for row in range(len(level)):
        is_there = level[row] >= wanted[row]
        ends = (
            (YOUNGEST_DAYS, reference[row])
            if is_there
            else (reference[row], posts.horizon_days[row])
        )
        grid = np.geomspace(max(ends[0], YOUNGEST_DAYS), max(ends[1], YOUNGEST_DAYS), 400)
        platform = np.full(len(grid), posts.platform[row])
        growth = maturation.growth(measure, platform, grid, ends[1])
        to_come = level[row] - wanted[row] if is_there else -np.log(NEARLY_COMPLETE)
        scale = 1.0
        if not is_there:
            scale = growth[0] / (np.log1p(forecast.median[row]) - level[row])
        days[row] = np.interp(-to_come * scale, -growth, grid)
    if readings is not None:
        limits = [
            _reached_between(*one, NEARLY_COMPLETE * median)
            for one, median in zip(readings, forecast.median, strict=True)
        ]
        days = np.clip(days, *np.array(limits).T)
    is_unknown = (forecast.median <= 0) | ((posts.count == 0) & (forecast.weight == 1))
    return np.where(is_unknown, np.nan, np.minimum(days, posts.horizon_days))


def _reached_between(age_days: np.ndarray, count: np.ndarray, least: float) -> tuple[float, float]:
    """Return between which ages a count was first at `least`, by readings in order: 0 and inf
    where none tells. A count above a later one was corrected, and stands as that.
    """
    corrected = np.minimum.accumulate(count[::-1])[::-1]
    reached = np.flatnonzero(corrected >= least)
    first = int(reached[0]) if len(reached) else len(count)
    earliest = float(age_days[first - 1]) if first else 0.0
    return earliest, float(age_days[first]) if len(reached) else np.inf
