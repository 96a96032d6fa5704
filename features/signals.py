"""What a creator's posts known by as_of say: level, spread, trend, cadence and the posts like the one planned.

Pure functions from tracks and questions to named columns of shape (n,). Levels are of ln(1 + count).
"""

from dataclasses import dataclass

import numpy as np

from features import windows
from features.history import CONTENT, DAY_US, Track

#: Posts looked back on. A multiple of 8, so that NumPy adds up a row alike whatever the padding.
WINDOW = 96
HALF_LIFE_DAYS = 60.0
#: Posts that a creator's own effect is shrunk by.
POSTS_SHRINK = 3.0
#: Levels given for each count, each minus the offset.
LEVELS = (
    "median_30d",
    "median_90d",
    "median_365d",
    "median_3",
    "median_5",
    "median_12",
    "median_20",
    "ewm_3",
    "ewm_10",
    "ewm_30d",
    "p10",
    "p25",
    "p75",
    "p90",
    "max",
)


@dataclass(frozen=True)
class Level:
    """One count's past of each question: values (n, w) newest first with ages in days, level, spread of evidence."""

    values: np.ndarray
    age: np.ndarray
    rows: np.ndarray
    weights: np.ndarray
    median: np.ndarray
    level: np.ndarray
    n: np.ndarray
    n_effective: np.ndarray
    mean_12: np.ndarray


def look_back(track: Track, name: str, account: np.ndarray, as_of: np.ndarray, horizon_days: int) -> Level:
    """Gather the last posts of each account (n,) whose column `name` is known at `as_of` (microseconds, UTC)."""
    start = track.start[account]
    stop = track.until(account, as_of - horizon_days * DAY_US)
    longest = int(np.max(stop - start, initial=0))
    rows, exists = windows.gather(start, stop, min(WINDOW, max(8, -(-longest // 8) * 8)))
    if not len(track.time):
        return summarise(*np.full((2, *rows.shape), np.nan), np.full(rows.shape, -1))
    age = np.where(exists, (as_of[:, None] - track.time[rows]) / DAY_US, np.nan)
    rows = np.where(exists, rows, -1)
    return summarise(track.window(name, rows), age, rows)


def summarise(values: np.ndarray, age: np.ndarray, rows: np.ndarray) -> Level:
    """Read the level off gathered values: the mean of a recency-weighted median and an exponential mean of 20 posts."""
    weights = np.where(np.isfinite(age), 0.5 ** ((age - age[:, :1]) / HALF_LIFE_DAYS), 0.0)
    median = windows.weighted_median(values, weights)
    with np.errstate(over="ignore"):
        mean_12 = np.log1p(windows.weighted_mean(np.expm1(values[:, :12]), np.ones_like(values[:, :12])))
    return Level(
        values,
        age,
        rows,
        weights,
        median=median,
        level=(median + windows.weighted_mean(values, _fading(values, 20))) / 2,
        n=windows.count(values),
        n_effective=windows.effective_count(weights, np.isfinite(values)),
        mean_12=mean_12,
    )


def level_columns(what: str, past: Level, offset: np.ndarray, mean_12: np.ndarray) -> dict[str, np.ndarray]:
    """Name the statistics of one count; levels are given minus `offset`. `mean_12`: ln(1 + mean), also of a summary."""
    values = past.values
    outer = windows.quantiles_sorted(np.sort(values, axis=1), past.n, (0.1, 0.25, 0.75, 0.9, 1.0))
    recent = {days: np.where(past.age <= days, values, np.nan) for days in (30, 90, 365)}
    levels = {
        **{f"median_{days}d": windows.quantile(within, 0.5) for days, within in recent.items()},
        **{f"median_{k}": windows.quantile(values[:, :k], 0.5) for k in (3, 5, 12, 20)},
        **{f"ewm_{k}": windows.weighted_mean(values, _fading(values, k)) for k in (3, 10)},
        "ewm_30d": windows.weighted_mean(values, windows.or_zero(past.weights ** (HALF_LIFE_DAYS / 30))),
        **dict(zip(("p10", "p25", "p75", "p90", "max"), outer, strict=True)),
    }
    return {
        **{f"{what}_dev_{name}": levels[name] - offset for name in LEVELS},
        f"{what}_dev_mean_12": mean_12 - offset,
        f"{what}_known_count": past.n,
        f"{what}_effective_count": past.n_effective,
        f"{what}_log_sd": windows.spread(values),
        f"{what}_log_mad": windows.deviation(values, past.median),
        f"{what}_log_autocorrelation": windows.autocorrelation(values, past.median),
        f"{what}_log_slope": 30 * windows.slope(values, past.age, shrink=60.0**2),
    }


def cadence_columns(track: Track, past: Level, lead_days: np.ndarray) -> dict[str, np.ndarray]:
    """Say how often the creator posts, how long ago the last known post was, and how many were read after as_of."""
    late = track.window("age_read_days", past.rows) > past.age
    return {
        "readings_late_share": np.where(past.n > 0, late.sum(axis=1) / np.maximum(past.n, 1), np.nan),
        "posts_gap_days_median": windows.quantile(np.diff(past.age, axis=1), 0.5),
        "last_post_age_days": past.age[:, 0],
        "start_gap_days": past.age[:, 0] + lead_days,
        "posts_count_30d": np.where(past.n > 0, (past.age <= past.age[:, :1] + 30).sum(axis=1), np.nan),
    }


def ratio_columns(track: Track, past: Level) -> dict[str, np.ndarray]:
    """Say what the engagements are made of, how they stand to the views, and how often a post is a hit."""
    engagements = np.maximum(np.expm1(past.values), 1)
    shares = {part: track.window(f"{part}s", past.rows) / engagements for part in ("like", "comment", "share", "save")}
    by_views = past.values - track.window("views_log", past.rows)
    return {
        **{f"{part}_share_median": windows.quantile(values, 0.5) for part, values in shares.items()},
        "hit_share": windows.share_of(past.values > past.median[:, None] + np.log(2), np.isfinite(past.values)),
        "engagement_rate_log_median_by_views": windows.quantile(by_views, 0.5),
    }


def plan_columns(track: Track, past: Level, residual: np.ndarray, planned: dict[str, np.ndarray]) -> dict:
    """Set the planned content beside the creator's own: minus the own mean, and the residual of similar posts."""
    content = {name: content_scale(name, track.window(name, past.rows)) for name in CONTENT}
    # a format not told is a format of its own: where a source tells only albums, the rest are alike
    of = {
        "format": _told(track.window("format", past.rows)),
        "topic": track.window("topic", past.rows),
    }
    planned = {**planned, "format": _told(planned["format"])}
    same = {name: (past.rows >= 0) & (values == planned[name][:, None]) for name, values in of.items()}
    return {
        "engagements_dev_mean_by_topic": own_effect(residual, same["topic"], planned["topic"]),
        "engagements_dev_similar": similar_residual(past, residual, content, same, planned),
        **{
            f"{name}_planned_by_own_mean": planned[name] - windows.weighted_mean(values, past.weights)
            for name, values in content.items()
        },
    }


def content_scale(name: str, values: np.ndarray) -> np.ndarray:
    """Put a content count on the scale on which posts are compared: ln(1 + count); flags stay 0 or 1."""
    return values if name == "has_location" else np.log1p(values)


def own_effect(residual: np.ndarray, match: np.ndarray, planned: np.ndarray) -> np.ndarray:
    """Mean residual of the posts that match the plan, shrunk to 0; NaN where the plan is not told or nothing known."""
    told = ~np.isnan(planned) & np.isfinite(residual).any(axis=1)
    hits = match & np.isfinite(residual)
    total = np.where(hits, residual, 0.0).sum(axis=1)
    return np.where(told, total / (hits.sum(axis=1) + POSTS_SHRINK), np.nan)


def similar_residual(past: Level, residual, content, same, planned) -> np.ndarray:
    """Kernel regression of the residual on the planned content, shrunk to 0 (Nadaraya 1964, Watson 1964).

    A post weighs by recency times a Gaussian of its distance in content, halved where format or topic differ.
    """
    distance = sum(windows.or_zero((values - planned[name][:, None]) ** 2) for name, values in content.items())
    weight = past.weights * np.exp(-distance / 2)
    for name in ("format", "topic"):
        weight = weight * np.where(same[name] | np.isnan(planned[name])[:, None], 1.0, 0.5)
    weight = np.where(np.isfinite(residual), weight, 0.0)
    total = (weight * windows.or_zero(residual)).sum(axis=1)
    return np.where(past.n > 0, total / (weight.sum(axis=1) + 1.0), np.nan)


def _fading(values: np.ndarray, posts: float) -> np.ndarray:
    return np.broadcast_to(np.exp(-np.arange(values.shape[1]) / posts), values.shape)


def _told(formats: np.ndarray) -> np.ndarray:
    return np.where(np.isnan(formats), -1.0, formats)
