"""Posts, followers and profiles of every account, sorted so that "what was known at a moment" is one search.

Built once a data set, then asked for any number of questions; a request's own profiles and posts are built alike.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from features.arrays import ALWAYS, DAY_US, account_keys, codes_of, places_of, strings, to_us
from features.readings import CONTENT, COUNTS, Readings, counting, engagements_of, nothing_read, post_track
from features.tables import Tables
from features.track import Track, sorted_track, subset
from features.vocabulary import HORIZON_DAYS, NICHES, PLATFORMS

__all__ = [
    "ALWAYS",
    "CONTENT",
    "COUNTS",
    "DAY_US",
    "PROFILE",
    "History",
    "Track",
    "codes_of",
    "engagements_of",
    "to_us",
]

PROFILE = ("followers", "following", "posts_count", "verified", "business")


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
    #: Caption, hashtags and topic of each row of `posts`, and the bio of each of `profiles`; None where nobody wrote.
    captions: pa.Array | None = None
    bios: pa.Array | None = None
    #: Kept where single posts are asked about; None where they are not.
    details: "PostDetails | None" = None

    @classmethod
    def of(cls, tables: Tables, horizon_days: int = HORIZON_DAYS, details: bool = False) -> "History":
        """Sort validated tables into tracks. Costs one sort of the posts, and another one where `details` are kept."""
        creators, keys = tables.creators, account_keys(tables.creators)
        accounts = pc.unique(keys)
        row = places_of(keys, accounts)
        platform = np.full(len(accounts), np.nan)
        platform[row] = codes_of(creators["platform"], PLATFORMS)
        profile = {name: creators[name].to_numpy(float, na_value=np.nan) for name in PROFILE}
        profile |= {"niche": codes_of(creators["niche"], NICHES), "created_us": to_us(creators["created_at"])}
        readings = (
            Readings.of(tables.posts, places_of(account_keys(tables.posts), accounts)) if len(tables.posts) else None
        )
        profiles = _profile_track(row, to_us(creators["observed_at"]), profile, len(accounts))
        made = cls._made(
            pd.Index(accounts.to_pandas(), dtype="str"),
            (platform, horizon_days, readings),
            _follower_track(tables, accounts, row),
            profiles,
            strings(creators["bio"]),
        )
        return replace(made, details=PostDetails.of(readings or nothing_read(), made)) if details else made

    @classmethod
    def inline(
        cls,
        platform: np.ndarray,
        observed: np.ndarray,
        profile: dict[str, np.ndarray],
        bios: Sequence[str | None] | None = None,
        readings: Readings | None = None,
        horizon_days: int = HORIZON_DAYS,
    ) -> "History":
        """Take one profile an account, (n,), and posts, as a request brings them: account i is row i.

        - `platform`: positions in PLATFORMS; `observed`: when the profile was read, microseconds UTC
        - `profile`: any of PROFILE as float64, `niche` as positions in NICHES, NaN where not told, and `created_us`,
          ALWAYS where not told; what is left out is not told
        - `readings`: the posts; `account` there is a row here
        """
        nothing = np.full(len(platform), np.nan)
        profile = {name: profile.get(name, nothing) for name in (*PROFILE, "niche")} | {
            "created_us": profile.get("created_us", np.full(len(platform), ALWAYS))
        }
        account, known = np.arange(len(platform)), ~np.isnan(profile["followers"])
        counts = profile["followers"][known]
        followers = sorted_track(account[known], observed[known], {"followers": counts}, len(platform), counts)
        return cls._made(
            pd.RangeIndex(len(platform)),
            (platform, horizon_days, readings),
            followers,
            _profile_track(account, observed, profile, len(platform)),
            pa.nulls(0, pa.large_string()) if bios is None else pa.array(bios, pa.large_string()),
        )

    @classmethod
    def _made(cls, index: pd.Index, of, followers: Track, profiles: Track, bios: pa.Array) -> "History":
        """Sort the posts; `of`: platform of the accounts, horizon, readings."""
        platform, horizon_days, readings = of
        readings = readings or nothing_read()
        posts, topics, captions = post_track(readings, platform, horizon_days)
        bios = bios.take(pa.array(profiles.columns["row"])) if bios.null_count < len(bios) else None
        return cls(
            index,
            platform,
            horizon_days,
            posts,
            **engaged_and_viewed(posts),
            followers=followers,
            profiles=profiles,
            topics=topics,
            captions=captions,
            bios=bios,
        )

    def track(self, what: str) -> Track:
        """Give the posts whose `engagements` or `views` are known."""
        return {"engagements": self.engaged, "views": self.viewed}[what]

    def profile_row(self, account: np.ndarray, as_of: np.ndarray) -> np.ndarray:
        """Give the row of `profiles` of each account (n,): the newest snapshot by `as_of`, else the first after it."""
        return np.maximum(self.profiles.until(account, as_of) - 1, self.profiles.start[account])

    def account_of(self, frame: pd.DataFrame) -> np.ndarray:
        """Give the account number of each row's creator_id and platform; raises KeyError naming those unknown."""
        codes = self.accounts.get_indexer(account_keys(frame).to_pylist())
        if (codes < 0).any():
            unknown = frame[["platform", "creator_id"]][codes < 0].drop_duplicates().head(5)
            named = ", ".join(f"{row.creator_id!r} on {row.platform}" for row in unknown.itertuples())
            raise KeyError(f"no creators row for {named}: add the creator to the creators table")
        return codes


@dataclass(frozen=True)
class PostDetails:
    """What tells the posts of a history apart, so that others can be put beside them.

    `ids` and `observed` (microseconds UTC, ALWAYS where not told) of the reading of each row of History.posts;
    `uncounted`: the readings that do not count, with their flag `repost`.
    """

    ids: pa.Array
    observed: np.ndarray
    uncounted: Track

    @classmethod
    def of(cls, readings: Readings, history: History) -> "PostDetails":
        """Keep the details of the readings that a history was made of."""
        order = counting(readings, history.horizon_days)
        rest = np.ones(len(readings.account), dtype=bool)
        rest[order] = False
        repost = readings.told.get("repost", np.zeros(len(rest), dtype=bool))[rest]
        own, accounts = (readings.account[rest], readings.posted[rest]), len(history.platform)
        ids = pa.array(readings.post_id, pa.large_string())
        ids = ids.combine_chunks() if isinstance(ids, pa.ChunkedArray) else ids
        uncounted = sorted_track(*own, {"repost": repost}, accounts)
        return cls(ids.take(pa.array(order)), readings.observed[order], uncounted)


def engaged_and_viewed(posts: Track) -> dict[str, Track]:
    """Give the posts whose engagements, and those whose views are known, by the names that History has for them."""
    columns = {"engaged": "engagements_log", "viewed": "views_log"}
    return {name: subset(posts, np.isfinite(posts.columns[column])) for name, column in columns.items()}


def _follower_track(tables: Tables, accounts: pa.Array, creator_row: np.ndarray) -> Track:
    """Give the follower counts of both tables; `creator_row`: the account of each row of creators."""
    creators, account = tables.creators, creator_row
    time, counts = to_us(creators["observed_at"]), creators["followers"].to_numpy(float)
    if len(tables.followers):
        account = np.concatenate([account, places_of(account_keys(tables.followers), accounts)])
        time = np.concatenate([time, to_us(tables.followers["observed_at"])])
        counts = np.concatenate([counts, tables.followers["followers"].to_numpy(float)])
    known = ~np.isnan(counts)
    account, time, counts = account[known], time[known], counts[known]
    return sorted_track(account, time, {"followers": counts}, len(accounts), counts)


def _profile_track(account: np.ndarray, observed: np.ndarray, columns: dict, accounts: int) -> Track:
    return sorted_track(account, observed, {**columns, "row": np.arange(len(account))}, accounts)
