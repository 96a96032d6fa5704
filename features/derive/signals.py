"""Statistics of a creator's known posts: level, spread, trend, cadence, and the parts of their
engagements.

Pure functions from panels and accounts to named columns of shape (n,). Levels are of ln(1 +
count).
"""

from dataclasses import dataclass, fields

import numpy as np

from features.derive import window_stats
from features.history.arrays import DAY_US
from features.history.history import History
from features.history.panel import PanelRows
from features.history.post_readings import WINDOW_POSTS

HALF_LIFE_DAYS = 60.0
#: Posts that a creator's own effect is shrunk by.
SHRINKAGE_POSTS = 3.0
#: Standard deviation in ln of the posts of a creator of whom few are known, and the posts for which
#: it stands.
USUAL_SPREAD, USUAL_POSTS = 0.5, 5
SHARE_PARTS = ("like", "comment", "share", "save")
#: Medians of the posts with known engagements that are columns as they are.
POST_MEDIANS = (
    *(f"{part}_share_median" for part in SHARE_PARTS),
    "engagement_rate_log_median_by_views",
    "posts_gap_days_median",
)
#: Levels of each count, each minus the offset.
LEVEL_STATISTICS = (
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
class PostWindow:
    """The last posts of n accounts for one target, newest first, and their level.

    `values` ln(1 + count), `age` in days, `rows` in the panel and `weights` by recency, (n, w)
    each; `median`, `level`, `growth` (the part of the level that came after the readings, in ln),
    `n` known posts and their effective number `n_effective`, (n,) each.
    """

    values: np.ndarray
    age: np.ndarray
    rows: np.ndarray
    weights: np.ndarray
    median: np.ndarray
    level: np.ndarray
    growth: np.ndarray
    n: np.ndarray
    n_effective: np.ndarray

    @property
    def mean_12(self) -> np.ndarray:
        """ln(1 + the mean count of the last twelve), shape (n,)."""
        return mean_of_12(self.values)

    def __getitem__(self, rows: slice) -> "PostWindow":
        return PostWindow(*(getattr(self, field.name)[rows] for field in fields(self)))


@dataclass(frozen=True)
class GatheredPosts:
    """The last posts of n accounts for one target, (n, w) each, newest first, NaN where none.

    `values`: ln(1 + count) at the horizon, of which `growth` came after the reading, with a
    variance of `growth_variance` (0 where none); `age` in days; `rows` in the panel, -1 where none.
    """

    values: np.ndarray
    growth: np.ndarray
    growth_variance: np.ndarray
    age: np.ndarray
    rows: np.ndarray

    def __getitem__(self, rows: np.ndarray) -> "GatheredPosts":
        return GatheredPosts(*(getattr(self, field.name)[rows] for field in fields(self)))


def post_window(
    history: History, target: str, account: np.ndarray, as_of: np.ndarray
) -> PostWindow:
    """Summarise the last posts of each account (n,) with known counts of the target at `as_of`
    (microseconds, UTC); the history is at a horizon.
    """
    rows = history.panel(target).known_rows(account, as_of, WINDOW_POSTS)
    return summarise_window(gather_posts(history, target, account, rows, as_of))


def gather_posts(
    history: History, target: str, account: np.ndarray, rows: np.ndarray, as_of: np.ndarray
) -> GatheredPosts:
    """Return the posts at `rows` (n, w) of the target's panel, as its `known_rows` gives them, of
    each account (n,) at `as_of` (n,).
    """
    panel = history.panel(target)
    if not len(panel.time) + len(panel.early.known_from):
        unknown = np.full(rows.shape, np.nan)
        return GatheredPosts(unknown, unknown, np.zeros(rows.shape), unknown, rows)
    posts = panel.at(rows)
    age = (as_of[:, None] - panel.posted_at(np.maximum(rows, 0))) / DAY_US
    np.copyto(age, np.nan, where=posts.is_missing)
    growth = posts[f"{target}_growth"]
    variance = history.growth_variance(target, account, growth)
    return GatheredPosts(posts[f"{target}_log"], growth, variance, age, rows)


def summarise_window(posts: GatheredPosts) -> PostWindow:
    """Read the level off gathered posts: the mean of a recency-weighted median and an exponential
    mean of 20 posts, in which posts whose counts still grew after the reading weigh less.
    """
    values, age = posts.values, posts.age
    certainty = growth_certainty(values, posts.growth_variance)
    weights = np.where(np.isfinite(age), 0.5 ** ((age - age[:, :1]) / HALF_LIFE_DAYS), 0.0)
    fading = _fading(values, 20)
    if certainty is not None:
        weights, fading = weights * certainty, fading * certainty
    median = window_stats.weighted_median(values, weights)
    return PostWindow(
        values,
        age,
        posts.rows,
        weights,
        median=median,
        level=(median + window_stats.weighted_mean(values, fading)) / 2,
        growth=window_stats.weighted_mean(posts.growth, weights),
        n=window_stats.count_known(values),
        n_effective=window_stats.effective_count(weights, np.isfinite(values)),
    )


def growth_certainty(values: np.ndarray, growth_variance: np.ndarray) -> np.ndarray | None:
    """Return the weight of each post by what is unknown of its growth, (n, w): s^2 / (s^2 +
    variance), where s is the robust standard deviation of the account's posts.

    s is pulled to USUAL_SPREAD as if USUAL_POSTS posts more had it. None where all weigh 1.
    """
    if not (growth_variance > 0).any():
        return None
    known = window_stats.count_known(values)
    middle = _median(values, known)
    deviation = _median(np.abs(values - middle[:, None]), known)
    own = np.square(1.4826 * window_stats.nan_to_zero(deviation))
    spread = (known * own + USUAL_POSTS * USUAL_SPREAD**2) / (known + USUAL_POSTS)
    return spread[:, None] / (spread[:, None] + growth_variance)


def _median(values: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Return the median of each row (n,), of which `known` (n,) values are known."""
    return window_stats.quantiles_sorted(np.sort(values, axis=1), known, (0.5,))[0]


def mean_of_12(values: np.ndarray) -> np.ndarray:
    """Return ln(1 + mean count) of the first twelve columns, (n,), from ln(1 + count) (n, w)."""
    with np.errstate(over="ignore"):
        counts = np.expm1(values[:, :12])
        return np.log1p(window_stats.weighted_mean(counts, np.ones(counts.shape[1])))


def level_blocks(past: PostWindow) -> dict[str, np.ndarray]:
    """Return the values whose medians `level_columns` names, each (n, w) or narrower."""
    values = past.values
    return {
        **{f"median_{days}d": np.where(past.age <= days, values, np.nan) for days in (30, 90, 365)},
        **{f"median_{k}": values[:, :k] for k in (3, 5, 12, 20)},
        "log_mad": np.abs(values - past.median[:, None]),
    }


def level_columns(
    past: PostWindow, medians: dict[str, np.ndarray], offset: np.ndarray
) -> dict[str, np.ndarray]:
    """Return the statistics of one count, by their names without that of the count; levels are
    minus `offset`.

    `medians`: those of `level_blocks`.
    """
    values = past.values
    outer = window_stats.quantiles_sorted(
        np.sort(values, axis=1), past.n, (0.1, 0.25, 0.75, 0.9, 1.0)
    )
    levels = {
        **medians,
        **{f"ewm_{k}": window_stats.weighted_mean(values, _fading(values, k)) for k in (3, 10)},
        "ewm_30d": window_stats.weighted_mean(
            values, window_stats.nan_to_zero(past.weights ** (HALF_LIFE_DAYS / 30))
        ),
        **dict(zip(("p10", "p25", "p75", "p90", "max"), outer, strict=True)),
    }
    return {
        **{f"dev_{name}": levels[name] - offset for name in LEVEL_STATISTICS},
        "log_growth": past.growth,
        "log_sd": window_stats.standard_deviation(values),
        "log_mad": medians["log_mad"],
        "log_autocorrelation": window_stats.autocorrelation(values, past.median),
        "log_slope": 30 * window_stats.slope(values, past.age, shrink=60.0**2),
    }


def post_blocks(posts: PanelRows, past: PostWindow, sponsored: np.ndarray) -> dict[str, np.ndarray]:
    """Return the values whose medians `post_columns` names, each (n, w): shares, rates, gaps, paid
    posts and others.

    `posts`: those of `past`, with their columns.
    """
    engagements = np.maximum(np.expm1(posts["engagements_log_read"]), 1)
    gaps = np.full(past.age.shape, np.nan)
    gaps[:, :-1] = np.diff(past.age, axis=1)
    return {
        **{f"{part}_share_median": posts[f"{part}s"] / engagements for part in SHARE_PARTS},
        "engagement_rate_log_median_by_views": past.values - posts["views_log"],
        "posts_gap_days_median": gaps,
        "sponsored_median": np.where(sponsored == 1, past.values, np.nan),
        "organic_median": np.where(sponsored == 0, past.values, np.nan),
    }


def post_columns(
    posts: PanelRows, past: PostWindow, medians: dict[str, np.ndarray], offset: np.ndarray
) -> dict:
    """Return what the engagements are made of, and how often the creator posts.

    `posts`: those of `past`, with their columns; `medians`: among others those of `post_blocks`.
    Every row has a post.
    """
    late = posts["age_read_days"] > past.age
    known = np.isfinite(past.values)
    return {
        **{name: medians[name] for name in POST_MEDIANS},
        "sponsored_dev_median": medians["sponsored_median"] - offset,
        "organic_dev_median": medians["organic_median"] - offset,
        "hit_share": window_stats.share_of(past.values > past.median[:, None] + np.log(2), known),
        "readings_late_share": late.sum(axis=1) / past.n,
        "last_post_age_days": past.age[:, 0],
        "posts_count_30d": (past.age <= past.age[:, :1] + 30).sum(axis=1),
    }


def _fading(values: np.ndarray, posts: float) -> np.ndarray:
    """Return weights that fade from each column of `values` to the next, (w,)."""
    return np.exp(-np.arange(values.shape[1]) / posts)
