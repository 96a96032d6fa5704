"""Moments of a data set, one for each platform: panels of different years may stand in one folder.

A moment is an int64 array (platforms,) of microseconds since 1970, UTC, by position in PLATFORMS.
Cuts are taken within each platform's own times, so that every platform has posts on both sides of
each.
"""

import numpy as np
import pandas as pd

from features.history.arrays import DAY_US
from features.history.history import History
from features.tables.vocabulary import MATURE_DAYS, PLATFORMS


def times_by_platform(until: int | np.ndarray) -> np.ndarray:
    """Return one moment for all platforms, or those given, as an array (platforms,)."""
    return np.broadcast_to(np.asarray(until, dtype=np.int64), len(PLATFORMS))


def time_of_post_share(
    history: History, target: str, until: np.ndarray, share: float
) -> np.ndarray:
    """Return the moments (platforms,) before which `share` of each platform's known posts lie.

    Known are the posts with counts of the target that were read at MATURE_DAYS or later, and have
    that age at `until` (platforms,). A platform without any takes the latest moment of the others;
    -1 for all where no platform has any.
    """
    panel = history.panel(target)
    platform = platform_of_posts(history, target)
    is_known = panel.has_outcome & (panel.time <= until[platform] - MATURE_DAYS * DAY_US)
    moments = np.full(len(PLATFORMS), -1, dtype=np.int64)
    for code in np.unique(platform[is_known]):
        moments[code] = np.quantile(panel.time[is_known & (platform == code)], share)
    return np.where(moments < 0, moments.max(), moments)


def latest_mature_times(history: History, target: str, now: int) -> np.ndarray:
    """Return the moments (platforms,) at which the last post of each platform that was read at
    MATURE_DAYS or later had that age, at most `now`.

    A platform without such posts has the latest moment of the others; 0 for all where there are
    none.
    """
    panel = history.panel(target)
    known = panel.has_outcome
    moments = np.zeros(len(PLATFORMS), dtype=np.int64)
    np.maximum.at(
        moments,
        platform_of_posts(history, target)[known],
        panel.time[known] + MATURE_DAYS * DAY_US,
    )
    return np.minimum(now, np.where(moments == 0, moments.max(), moments))


def platform_of_posts(history: History, target: str) -> np.ndarray:
    """Return the position in PLATFORMS of the account of each post with counts of the target,
    (posts,).
    """
    start = history.panel(target).start
    return np.repeat(history.platform.astype(int), np.diff(start))


def times_of_accounts(history: History, moments: np.ndarray, account: np.ndarray) -> np.ndarray:
    """Return the moment (n,) of the platform of each account (n,) by `moments` (platforms,)."""
    return moments[history.platform[account].astype(int)]


def to_timestamp(microseconds: int) -> pd.Timestamp:
    """Return microseconds since 1970 as a UTC time."""
    return pd.Timestamp(int(microseconds), unit="us", tz="UTC")


def timestamps_by_platform(history: History, moments: np.ndarray) -> dict[str, pd.Timestamp]:
    """Return the moment of each platform that has accounts, by name."""
    codes_present = np.unique(history.platform).astype(int)
    return {PLATFORMS[code]: to_timestamp(moments[code]) for code in codes_present}


def days_text(moments: dict[str, pd.Timestamp]) -> str:
    """Return the day of each platform as text; where all are the same, that day alone.

    >>> days_text({"instagram": pd.Timestamp("2023-01-05"), "tiktok": pd.Timestamp("2025-03-01")})
    'instagram 2023-01-05, tiktok 2025-03-01'
    """
    days = {name: f"{at:%Y-%m-%d}" for name, at in moments.items()}
    if len(set(days.values())) == 1:
        return next(iter(days.values()))
    return ", ".join(f"{name} {day}" for name, day in days.items())
