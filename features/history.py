"""Posts, followers and profiles of every account, sorted so that "what was known at a moment" is one search.

A post's counts are known at posted_at + horizon, from its first reading at that age or later; a reading without a
moment counts as mature. Reposts never enter. Built once a data set, then asked for any number of questions.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.tables import Tables
from features.vocabulary import ENGAGEMENT_PARTS, FORMATS, HORIZON_DAYS, NICHES, PLATFORMS

DAY_US = 86_400_000_000
COUNTS = ("likes", "comments", "shares", "saves", "views")
CONTENT = ("caption_words", "hashtags_count", "mentions_count", "has_location")
PROFILE = ("followers", "following", "posts_count", "verified", "business")
ALWAYS = np.iinfo(np.int64).min


@dataclass(frozen=True)
class Track:
    """Rows of one kind, sorted by account and then time: account i owns rows start[i] to start[i + 1]."""

    start: np.ndarray
    time: np.ndarray
    columns: dict[str, np.ndarray]

    def until(self, account: np.ndarray, moment: np.ndarray) -> np.ndarray:
        """Count from 0 the first row of each account (shape (n,)) that is later than `moment` (microseconds, UTC)."""
        low, high = self.start[account].copy(), self.start[account + 1].copy()
        while (open_ := low < high).any():
            middle = (low + high) // 2
            known = open_ & (self.time[np.where(open_, middle, 0)] <= moment) if len(self.time) else open_
            low = np.where(known, middle + 1, low)
            high = np.where(open_ & ~known, middle, high)
        return low


@dataclass(frozen=True)
class History:
    """Everything that derive reads of a data set: tracks of posts, of follower counts and of profiles."""

    accounts: pd.Index
    platform: np.ndarray
    horizon_days: int
    posts: Track
    engaged: Track
    viewed: Track
    followers: Track
    profiles: Track
    topics: tuple[str, ...]

    @classmethod
    def of(cls, tables: Tables, horizon_days: int = HORIZON_DAYS) -> "History":
        """Sort validated tables into tracks. Costs one sort of the posts."""
        accounts = pd.Index(_account_key(tables.creators).unique())
        posts, topics = _post_track(tables.posts, accounts, horizon_days)
        engaged = _subset(posts, np.isfinite(posts.columns["engagements_log"]))
        viewed = _subset(posts, np.isfinite(posts.columns["views_log"]))
        followers = _follower_track(tables, accounts)
        profiles = _profile_track(tables.creators, accounts)
        platform = codes_of(pd.Series(accounts.str.split("/", n=1).str[0]), PLATFORMS)
        return cls(accounts, platform, horizon_days, posts, engaged, viewed, followers, profiles, topics)

    def track(self, what: str) -> Track:
        """Give the posts whose `engagements` or `views` are known."""
        return {"engagements": self.engaged, "views": self.viewed}[what]

    def account_of(self, frame: pd.DataFrame) -> np.ndarray:
        """Give the account number of each row's creator_id and platform; raises KeyError naming those unknown."""
        codes = self.accounts.get_indexer(_account_key(frame))
        if (codes < 0).any():
            unknown = frame[["platform", "creator_id"]][codes < 0].drop_duplicates().head(5)
            named = ", ".join(f"{row.creator_id!r} on {row.platform}" for row in unknown.itertuples())
            raise KeyError(f"no creators row for {named}: add the creator to the creators table")
        return codes


def to_us(times: pd.Series) -> np.ndarray:
    """Give UTC times as microseconds since 1970 (int64); NaT becomes the smallest int64."""
    return times.astype("datetime64[us, UTC]").to_numpy("datetime64[us]").astype(np.int64)


def codes_of(values: pd.Series, names: tuple[str, ...]) -> np.ndarray:
    """Give the position of each value in `names` as float; NaN where missing or not in it."""
    codes = pd.Index(names).get_indexer(values).astype(float)
    return np.where(codes < 0, np.nan, codes)


def _account_key(frame: pd.DataFrame) -> pd.Series:
    return frame["platform"].astype("str") + "/" + frame["creator_id"].astype("str")


def _track(account: np.ndarray, time: np.ndarray, columns: dict, accounts: int, tie: np.ndarray | None = None) -> Track:
    order = np.lexsort((time, account) if tie is None else (tie, time, account))
    start = np.searchsorted(account[order], np.arange(accounts + 1))
    return Track(start, time[order], {name: values[order] for name, values in columns.items()})


def _subset(track: Track, keep: np.ndarray) -> Track:
    kept = np.concatenate([[0], np.cumsum(keep)])
    return Track(kept[track.start], track.time[keep], {name: values[keep] for name, values in track.columns.items()})


def _post_track(posts: pd.DataFrame, accounts: pd.Index, horizon_days: int) -> tuple[Track, tuple[str, ...]]:
    posted, observed = to_us(posts["posted_at"]), to_us(posts["observed_at"])
    observed = np.where(observed == ALWAYS, posted + horizon_days * DAY_US, observed)
    repost = posts["repost"].fillna(False).to_numpy(bool)
    mature = np.flatnonzero((observed >= posted + horizon_days * DAY_US) & ~repost)
    account = accounts.get_indexer(_account_key(posts.iloc[mature]))
    keep, tie = _first_readings(posts, mature, account, posted, observed)
    posts, account = posts.iloc[mature[keep]], account[keep]
    columns = _values(posts)
    topics = tuple(sorted(posts["topic"].dropna().unique()))
    columns["topic"] = codes_of(posts["topic"], topics)
    columns["age_read_days"] = (observed[mature[keep]] - posted[mature[keep]]) / DAY_US
    columns["row"] = mature[keep]
    return _track(account, posted[mature[keep]], columns, len(accounts), tie), topics


def _first_readings(posts, mature, account, posted, observed) -> tuple[np.ndarray, np.ndarray]:
    """Among mature readings keep the first of each post; give also the order of posts of one account and moment."""
    # a reading with a moment goes before one taken as mature for want of it
    undated = posts["observed_at"].isna().to_numpy()[mature]
    order = np.lexsort((undated, observed[mature], posted[mature], account))
    same = (np.diff(account[order]) == 0) & (np.diff(posted[mature][order]) == 0)
    tied = np.zeros(len(order), dtype=bool)
    tied[1:] |= same
    tied[:-1] |= same
    names = posts["post_id"].iloc[mature[order[tied]]]
    tie = np.zeros(len(order), dtype=np.int64)
    tie[order[tied]] = pd.factorize(names, sort=True)[0]
    keep = np.ones(len(order), dtype=bool)
    keep[order[tied]] = ~names.groupby(account[order[tied]]).transform(lambda ids: ids.duplicated()).to_numpy(bool)
    return keep, tie[keep]


def _values(posts: pd.DataFrame) -> dict[str, np.ndarray]:
    counts = {name: posts[name].to_numpy(float) for name in COUNTS}
    hidden = posts["likes_hidden"].fillna(False).to_numpy(bool)
    counts["likes"] = np.where(hidden, np.nan, counts["likes"])
    platform = codes_of(posts["platform"], PLATFORMS)
    return {
        **counts,
        "engagements_log": np.log1p(engagements_of(counts, platform)),
        "views_log": np.log1p(counts["views"]),
        "format": codes_of(posts["format"], FORMATS),
        "sponsored": posts["sponsored"].astype("float64").to_numpy(),
        **{name: posts[name].astype("float64").to_numpy() for name in CONTENT},
    }


def engagements_of(counts: dict[str, np.ndarray], platform: np.ndarray) -> np.ndarray:
    """Add up what the platform shows publicly; NaN where a part is unknown. `platform`: position in PLATFORMS."""
    total = np.full(len(platform), np.nan)
    for code, name in enumerate(PLATFORMS):
        at = platform == code
        total[at] = sum(counts[part][at] for part in ENGAGEMENT_PARTS[name])
    return total


def _follower_track(tables: Tables, accounts: pd.Index) -> Track:
    names = ["creator_id", "platform", "observed_at", "followers"]
    both = pd.concat([tables.creators[names], tables.followers[names]], ignore_index=True)
    both = both[both["followers"].notna()]
    counts = both["followers"].to_numpy(float)
    return _track(
        accounts.get_indexer(_account_key(both)),
        to_us(both["observed_at"]),
        {"followers": counts},
        len(accounts),
        counts,
    )


def _profile_track(creators: pd.DataFrame, accounts: pd.Index) -> Track:
    columns = {name: creators[name].astype("float64").to_numpy() for name in PROFILE}
    columns["niche"] = codes_of(creators["niche"], NICHES)
    columns["created_us"] = to_us(creators["created_at"])
    return _track(accounts.get_indexer(_account_key(creators)), to_us(creators["observed_at"]), columns, len(accounts))
