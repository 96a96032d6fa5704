"""The account as it was known at a moment: followers, growth, and the profile's fields."""

import numpy as np

from features.history.arrays import DAY_US, NAT_US
from features.history.history import PROFILE_FIELDS, History


def profile_at(history: History, account: np.ndarray, as_of: np.ndarray) -> dict[str, np.ndarray]:
    """Return followers and profile of each account (n,) as of `as_of` (microseconds, UTC); NaN
    where unknown.

    - followers: the newest reading at or before as_of; where there is none, the snapshot read after
      it, and `followers_late` is 1
    - other fields: the newest snapshot at or before as_of, else the first after it
    """
    row = history.profile_row(account, as_of)
    snapshot = {name: history.profiles.columns[name][row] for name in (*PROFILE_FIELDS, "niche")}
    created = history.profiles.columns["created_us"][row]
    followers, growth = _followers(history, account, as_of)
    late = np.isnan(followers) & ~np.isnan(snapshot["followers"])
    return {
        **snapshot,
        "platform": history.platform[account],
        "followers": np.where(late, snapshot["followers"], followers),
        "followers_late": late.astype(float),
        "followers_growth": growth,
        "age_days": _age_days(created, as_of),
    }


def profile_from_fields(
    platform: np.ndarray, as_of: np.ndarray, fields: dict[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """Return the columns of `profile_at`, (n,) each, of profiles read at the moment `as_of` itself,
    without any history.

    `platform`: positions in PLATFORMS; `fields`: any of PROFILE_FIELDS as float64, `niche` as
    positions in NICHES, NaN where unknown, and `created_us`, NAT_US where unknown. A field that is
    left out is unknown.
    """
    unknown = np.full(len(platform), np.nan)
    created = fields.get("created_us")
    return {
        **{name: fields.get(name, unknown) for name in (*PROFILE_FIELDS, "niche")},
        "platform": platform,
        "followers_late": np.zeros(len(platform)),
        "followers_growth": unknown,
        "age_days": unknown if created is None else _age_days(created, as_of),
    }


def _age_days(created: np.ndarray, as_of: np.ndarray) -> np.ndarray:
    return np.where(created == NAT_US, np.nan, (as_of - created) / DAY_US)


def _followers(
    history: History, account: np.ndarray, as_of: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the newest known follower count, and its ln growth per 90 days since the reading about
    90 days before, each (n,).
    """
    panel = history.followers
    start, stop = panel.start[account], panel.end_row(account, as_of)
    if not len(panel.time):
        return np.full(len(account), np.nan), np.full(len(account), np.nan)
    has_reading = stop > start
    last = np.maximum(stop - 1, 0)
    last_time = panel.time[last]
    has_time = has_reading & (last_time != NAT_US)
    earlier = panel.end_row(account, np.where(has_time, last_time - 90 * DAY_US, NAT_US))
    first = np.clip(earlier - 1, start, last)
    first_time = panel.time[first]
    days = np.where(first_time == NAT_US, 0.0, (last_time - first_time) / DAY_US)
    counts = panel.columns["followers"]
    growth = np.log((1 + counts[last]) / (1 + counts[first])) * 90 / np.maximum(days, 1)
    followers = np.where(has_reading, counts[last], np.nan)
    return followers, np.where(has_reading & (days >= 14), growth, np.nan)
