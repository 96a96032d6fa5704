"""Baselines: the rules that people use, and plain learners, as forecasters of ln(1 + count).

Each sees what our model sees: the history known at as_of and nothing later.
"""

from collections.abc import Callable

import lightgbm as lgb
import numpy as np
import pandas as pd
from sklearn.impute import SimpleImputer
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from features.derive import window_stats
from features.derive.queries import Queries
from features.derive.signals import WINDOW_POSTS, PostWindow, post_window
from features.history.arrays import DAY_US
from features.history.history import History
from features.history.panel import PostPanel
from features.history.profiles import profile_at
from features.tables.vocabulary import MATURE_DAYS

#: Columns that do not look at posts: what "boosting on profile fields" sees.
PROFILE_COLUMNS = (
    "platform_code",
    "format_code",
    "sponsored_flag",
    "followers_log",
    "niche_code",
    "following_ratio_log",
    "posts_count_log",
    "account_age_days",
    "verified_flag",
    "business_flag",
)


#: A fitted baseline: features (n, columns) -> forecasts of ln(1 + count), (n,).
Rule = Callable[[pd.DataFrame], np.ndarray]


def rule_of_thumb_forecasts(
    history: History, target: str, queries: Queries, x: pd.DataFrame
) -> dict[str, np.ndarray]:
    """Return the forecasts of the rules of thumb by name, (n,) each.

    `x`: features of the same queries; where a creator has no history, a rule falls back on their
    offset.
    """
    panel = history.panel(target)
    window = post_window(history, target, queries.account, queries.as_of)
    fallback = x[f"{target}_log_offset"].to_numpy()
    followers = np.expm1(x["followers_log"].to_numpy())
    trailing_rate = _trailing_rate(history, panel, window, queries.account)
    forecasts = {
        "followers x trailing rate": np.log1p(followers * trailing_rate),
        "mean of last 12": window.mean_12,
        "median of last 12": window_stats.quantile(window.values[:, :12], 0.5),
        f"median of last {WINDOW_POSTS}": window_stats.quantile(window.values, 0.5),
        "creator's median": _median_of_all(history, target, queries),
    }
    return {
        name: np.where(np.isfinite(values), values, fallback) for name, values in forecasts.items()
    }


def _median_of_all(history: History, target: str, queries: Queries) -> np.ndarray:
    """Return the median of all posts of at least MATURE_DAYS at as_of, (n,); NaN without one."""
    panel = history.panel(target)
    start = panel.start[queries.account]
    stop = panel.end_row(queries.account, queries.as_of - MATURE_DAYS * DAY_US)
    spans, row = np.unique(np.column_stack([start, stop]), axis=0, return_inverse=True)
    values = panel.take(f"{target}_log", np.arange(len(panel.time)))
    medians = [np.median(values[first:last]) if last > first else np.nan for first, last in spans]
    return np.array(medians)[row]


def _trailing_rate(
    history: History, panel: PostPanel, window: PostWindow, account: np.ndarray
) -> np.ndarray:
    """Return the mean of count / followers (as of the post) over the last 12 posts, (n,)."""
    rows = window.rows[:, :12]
    accounts = np.repeat(account, rows.shape[1])
    posted = panel.posted_at(np.maximum(rows, 0)).ravel()
    followers = profile_at(history, accounts, posted)["followers"].reshape(rows.shape)
    rate = np.expm1(window.values[:, :12]) / np.where(followers > 0, followers, np.nan)
    return window_stats.weighted_mean(np.where(rows >= 0, rate, np.nan), np.ones(rows.shape))


def fit_segment_baselines(target: str, x: pd.DataFrame, y: np.ndarray) -> dict[str, Rule]:
    """Fit the rules of a segment (platform and band): its mean, and followers x its median rate.

    `x`, `y`: features (n, columns) and ln(1 + count) (n,) of training rows.
    """
    segment = _segment(x)
    means = pd.Series(y, index=x.index).groupby(segment).mean()
    rate = pd.Series(y, index=x.index) - x["followers_log"]
    rates = rate.groupby(segment).median()

    def band_mean(x: pd.DataFrame) -> np.ndarray:
        return _segment(x).map(means).fillna(y.mean()).to_numpy()

    def band_rate(x: pd.DataFrame) -> np.ndarray:
        forecast = x["followers_log"] + _segment(x).map(rates).fillna(rate.median())
        return np.where(forecast.notna(), forecast, band_mean(x))

    return {"mean of the band": band_mean, "followers x rate of the band": band_rate}


def fit_learned_baselines(
    x: pd.DataFrame, y: np.ndarray, weight: np.ndarray, seed: int, threads: int = 0
) -> dict[str, Rule]:
    """Fit ridge and LightGBM's defaults to all columns, and boosting to PROFILE_COLUMNS.

    `x`, `y`, `weight`: features (n, columns), ln(1 + count) and weight (n,) of training rows.
    """
    ridge = make_pipeline(
        SimpleImputer(keep_empty_features=True),
        StandardScaler(),
        RidgeCV(alphas=np.logspace(-1, 4, 11)),
    )
    ridge.fit(x.to_numpy(), y, ridgecv__sample_weight=weight)
    profile = list(PROFILE_COLUMNS)
    quiet = {"verbosity": -1, "num_threads": threads}
    parameters = {"objective": "l1", "learning_rate": 0.05, "seed": seed, "deterministic": True}
    parameters |= quiet
    profile_data = lgb.Dataset(x[profile].to_numpy(), y, weight=weight, params=quiet)
    boosting = lgb.train(parameters, profile_data, num_boost_round=200)
    data = lgb.Dataset(x.to_numpy(), y, weight=weight, params=quiet)
    default = lgb.train(quiet, data)

    def profile_forecast(x: pd.DataFrame) -> np.ndarray:
        return np.asarray(boosting.predict(x[profile].to_numpy(), num_threads=threads))

    def default_forecast(x: pd.DataFrame) -> np.ndarray:
        return np.asarray(default.predict(x.to_numpy(), num_threads=threads))

    return {
        "LightGBM default": default_forecast,
        "ridge": lambda x: ridge.predict(x.to_numpy()),
        "boosting without history": profile_forecast,
    }


def _segment(x: pd.DataFrame) -> pd.Series:
    """Return a number for each row's platform and band."""
    return x["platform_code"] * 100 + x["band_code"].fillna(99)
