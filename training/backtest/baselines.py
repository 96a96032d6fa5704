"""The rules that people use, as forecasters of ln(1 + count) to beat in the same rows.

Every rule sees what the product sees: the history known at as_of and nothing later.
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
from features.derive.signals import WINDOW_POSTS, post_window
from features.history.arrays import DAY_US
from features.history.history import History
from features.history.profiles import profile_at

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


def rule_of_thumb_forecasts(
    history: History, what: str, questions: pd.DataFrame, x: pd.DataFrame
) -> dict[str, np.ndarray]:
    """Forecast by the rules of thumb, shape (n,) each; where a creator has no history a rule falls
    back on the offset.

    `x`: derived columns of the same questions, which lend the fallback.
    """
    track = history.panel(what)
    asked = Queries.from_frame(history, questions)
    past = post_window(track, f"{what}_log", asked.account, asked.as_of, history.horizon_days)
    fallback = x[f"{what}_log_offset"].to_numpy()
    followers = np.expm1(x["followers_log"].to_numpy())
    found = {
        "followers x trailing rate": np.log1p(
            followers * _trailing_rate(history, past, asked.account, track)
        ),
        "mean of last 12": past.mean_12,
        "median of last 12": window_stats.quantile(past.values[:, :12], 0.5),
        f"median of last {WINDOW_POSTS}": window_stats.quantile(past.values, 0.5),
        "creator's median": _median_of_all(history, what, asked),
        "offset alone": fallback,
    }
    return {name: np.where(np.isfinite(values), values, fallback) for name, values in found.items()}


def _median_of_all(history: History, what: str, asked: Queries) -> np.ndarray:
    """Median of every post known at as_of, however old, (n,); NaN where there is none."""
    track = history.panel(what)
    stop = track.end_row(asked.account, asked.as_of - history.horizon_days * DAY_US)
    posts, row = np.unique(
        np.column_stack([track.start[asked.account], stop]), axis=0, return_inverse=True
    )
    values = track.take(f"{what}_log", np.arange(len(track.time)))
    medians = [np.median(values[first:last]) if last > first else np.nan for first, last in posts]
    return np.array(medians)[row]


def _trailing_rate(history: History, past, account: np.ndarray, track) -> np.ndarray:
    """Mean of count / followers over the last 12 posts, followers as of each post."""
    rows = past.rows[:, :12]
    flat = np.repeat(account, rows.shape[1])
    followers = profile_at(history, flat, track.time[np.maximum(rows, 0)].ravel())[
        "followers"
    ].reshape(rows.shape)
    rate = np.expm1(past.values[:, :12]) / np.where(followers > 0, followers, np.nan)
    return window_stats.weighted_mean(np.where(rows >= 0, rate, np.nan), np.ones(rows.shape))


def fit_segment_baselines(
    what: str, train: pd.DataFrame, y: np.ndarray
) -> dict[str, Callable[[pd.DataFrame], np.ndarray]]:
    """Fit the segment rules on training rows: mean of the band, and followers times the band's
    median rate.
    """
    cell = _cell(train)
    means = pd.Series(y, index=train.index).groupby(cell).mean()
    rate = pd.Series(y, index=train.index) - train["followers_log"]
    rates = rate.groupby(cell).median()

    def band_mean(x: pd.DataFrame) -> np.ndarray:
        return _cell(x).map(means).fillna(y.mean()).to_numpy()

    def band_rate(x: pd.DataFrame) -> np.ndarray:
        forecast = x["followers_log"] + _cell(x).map(rates).fillna(rate.median())
        return np.where(forecast.notna(), forecast, band_mean(x))

    return {"mean of the band": band_mean, "followers x rate of the band": band_rate}


def fit_learned_baselines(
    train: pd.DataFrame, y: np.ndarray, weight: np.ndarray, seed: int, threads: int = 0
) -> dict[str, Callable]:
    """Fit ridge and LightGBM's defaults on all columns, and boosting on the profile alone, without
    history.
    """
    ridge = make_pipeline(
        SimpleImputer(keep_empty_features=True),
        StandardScaler(),
        RidgeCV(alphas=np.logspace(-1, 4, 11)),
    )
    ridge.fit(train.to_numpy(), y, ridgecv__sample_weight=weight)
    profile = list(PROFILE_COLUMNS)
    quiet = {"verbosity": -1, "num_threads": threads}
    parameters = {
        "objective": "l1",
        "learning_rate": 0.05,
        "seed": seed,
        "deterministic": True,
        **quiet,
    }
    data = lgb.Dataset(train[profile].to_numpy(), y, weight=weight, params=quiet)
    boosting = lgb.train(parameters, data, num_boost_round=200)
    plain = lgb.train(quiet, lgb.Dataset(train.to_numpy(), y, weight=weight, params=quiet))
    return {
        "LightGBM default": lambda x: plain.predict(x.to_numpy(), num_threads=threads),
        "ridge": lambda x: ridge.predict(x.to_numpy()),
        "boosting without history": lambda x: boosting.predict(
            x[profile].to_numpy(), num_threads=threads
        ),
    }


def _cell(x: pd.DataFrame) -> pd.Series:
    return x["platform_code"] * 100 + x["band_code"].fillna(99)
