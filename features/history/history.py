"""Posts, followers and profiles of every account, sorted so that "what was known at a moment" is
one search.

Built once a data set, then asked for any number of questions; a request's own profiles and posts
are built alike.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from features.history.account_keys import account_names
from features.history.arrays import (
    NAT_US,
    arrow_text,
    encode_categories,
    positions_in,
    to_us,
)
from features.history.panel import Panel, select_rows, sort_panel
from features.history.post_readings import (
    PostReadings,
    empty_readings,
    mature_post_panel,
    mature_rows,
)
from features.tables.model import Tables
from features.tables.vocabulary import HORIZON_DAYS, NICHES, PLATFORMS

PROFILE_FIELDS = ("followers", "following", "posts_count", "verified", "business")


@dataclass(frozen=True)
class History:
    """Everything that derive reads of a data set: panels of posts, of follower counts and of
    profiles.
    """

    accounts: pd.Index
    platform: np.ndarray
    horizon_days: int
    posts: Panel
    posts_with_engagements: Panel
    posts_with_views: Panel
    followers: Panel
    profiles: Panel
    topics: tuple[str, ...]
    #: Caption, hashtags and topic of each row of `posts`, and the bio of each of `profiles`; None
    #: where nobody wrote.
    captions: pa.Array | None = None
    bios: pa.Array | None = None
    #: Kept where single posts are asked about; None where they are not.
    details: "PostDetails | None" = None

    @classmethod
    def from_tables(
        cls, tables: Tables, horizon_days: int = HORIZON_DAYS, details: bool = False
    ) -> "History":
        """Sort validated tables into panels. Costs one sort of the posts, and another one where
        `details` are kept.
        """
        creators, keys = tables.creators, account_names(tables.creators)
        accounts = pc.unique(keys)
        row = positions_in(keys, accounts)
        platform = np.full(len(accounts), np.nan)
        platform[row] = encode_categories(creators["platform"], PLATFORMS)
        profile = {name: creators[name].to_numpy(float, na_value=np.nan) for name in PROFILE_FIELDS}
        profile |= {
            "niche": encode_categories(creators["niche"], NICHES),
            "created_us": to_us(creators["created_at"]),
        }
        readings = (
            PostReadings.from_frame(
                tables.posts, positions_in(account_names(tables.posts), accounts)
            )
            if len(tables.posts)
            else None
        )
        profiles = _profile_panel(row, to_us(creators["observed_at"]), profile, len(accounts))
        made = cls._made(
            pd.Index(accounts.to_pandas(), dtype="str"),
            (platform, horizon_days, readings),
            _follower_panel(tables, accounts, row),
            profiles,
            arrow_text(creators["bio"]),
        )
        return (
            replace(made, details=PostDetails.from_readings(readings or empty_readings(), made))
            if details
            else made
        )

    @classmethod
    def from_profiles(
        cls,
        platform: np.ndarray,
        observed: np.ndarray,
        profile: dict[str, np.ndarray],
        bios: Sequence[str | None] | None = None,
        readings: PostReadings | None = None,
        horizon_days: int = HORIZON_DAYS,
    ) -> "History":
        """Take one profile an account, (n,), and posts, as a request brings them: account i is row
        i.

        - `platform`: positions in PLATFORMS; `observed_at`: when the profile was read, microseconds
          UTC
        - `profile`: any of PROFILE_FIELDS as float64, `niche` as positions in NICHES, NaN where not
          told, and `created_us`, NAT_US where not told; what is left out is not told
        - `readings`: the posts; `account` there is a row here
        """
        nothing = np.full(len(platform), np.nan)
        profile = {name: profile.get(name, nothing) for name in (*PROFILE_FIELDS, "niche")} | {
            "created_us": profile.get("created_us", np.full(len(platform), NAT_US))
        }
        account, known = np.arange(len(platform)), ~np.isnan(profile["followers"])
        counts = profile["followers"][known]
        followers = sort_panel(
            account[known], observed[known], {"followers": counts}, len(platform), counts
        )
        return cls._made(
            pd.RangeIndex(len(platform)),
            (platform, horizon_days, readings),
            followers,
            _profile_panel(account, observed, profile, len(platform)),
            pa.nulls(0, pa.large_string()) if bios is None else pa.array(bios, pa.large_string()),
        )

    @classmethod
    def _made(
        cls, index: pd.Index, of, followers: Panel, profiles: Panel, bios: pa.Array
    ) -> "History":
        """Sort the posts; `of`: platform of the accounts, horizon, readings."""
        platform, horizon_days, readings = of
        readings = readings or empty_readings()
        posts, topics, captions = mature_post_panel(readings, platform, horizon_days)
        bios = bios.take(pa.array(profiles.columns["row"])) if bios.null_count < len(bios) else None
        return cls(
            index,
            platform,
            horizon_days,
            posts,
            **panels_by_target(posts),
            followers=followers,
            profiles=profiles,
            topics=topics,
            captions=captions,
            bios=bios,
        )

    def panel(self, target: str) -> Panel:
        """Return the posts whose `engagements` or `views` are known."""
        return {"engagements": self.posts_with_engagements, "views": self.posts_with_views}[target]

    def profile_row(self, account: np.ndarray, as_of: np.ndarray) -> np.ndarray:
        """Return the row of `profiles` of each account (n,): the newest snapshot by `as_of`, else the
        first after it.
        """
        return np.maximum(self.profiles.end_row(account, as_of) - 1, self.profiles.start[account])

    def account_indexes(self, frame: pd.DataFrame) -> np.ndarray:
        """Return the account number of each row's creator_id and platform; raises KeyError naming
        those unknown.
        """
        codes = self.accounts.get_indexer(account_names(frame).to_pylist())
        if (codes < 0).any():
            unknown = frame[["platform", "creator_id"]][codes < 0].drop_duplicates().head(5)
            named = ", ".join(
                f"{row.creator_id!r} on {row.platform}" for row in unknown.itertuples()
            )
            raise KeyError(f"no creators row for {named}: add the creator to the creators table")
        return codes


@dataclass(frozen=True)
class PostDetails:
    """What tells the posts of a history apart, so that others can be put beside them.

    `ids` and `observed_at` (microseconds UTC, NAT_US where not told) of the reading of each row of
    History.posts; `excluded`: the readings that do not count, with their flag `repost`.
    """

    ids: pa.Array
    observed_at: np.ndarray
    excluded: Panel

    @classmethod
    def from_readings(cls, readings: PostReadings, history: History) -> "PostDetails":
        """Keep the details of the readings that a history was made of."""
        order = mature_rows(readings, history.horizon_days)
        rest = np.ones(len(readings.account), dtype=bool)
        rest[order] = False
        repost = readings.columns.get("repost", np.zeros(len(rest), dtype=bool))[rest]
        own, accounts = (readings.account[rest], readings.posted_at[rest]), len(history.platform)
        ids = pa.array(readings.post_id, pa.large_string())
        ids = ids.combine_chunks() if isinstance(ids, pa.ChunkedArray) else ids
        uncounted = sort_panel(*own, {"repost": repost}, accounts)
        return cls(ids.take(pa.array(order)), readings.observed_at[order], uncounted)


def panels_by_target(posts: Panel) -> dict[str, Panel]:
    """Return the posts whose engagements, and those whose views are known, by the names that History
    has for them.
    """
    columns = {"posts_with_engagements": "engagements_log", "posts_with_views": "views_log"}
    return {
        name: select_rows(posts, np.isfinite(posts.columns[column]))
        for name, column in columns.items()
    }


def _follower_panel(tables: Tables, accounts: pa.Array, creator_row: np.ndarray) -> Panel:
    """Return the follower counts of both tables; `creator_row`: the account of each row of creators."""
    creators, account = tables.creators, creator_row
    time, counts = to_us(creators["observed_at"]), creators["followers"].to_numpy(float)
    if len(tables.followers):
        account = np.concatenate([account, positions_in(account_names(tables.followers), accounts)])
        time = np.concatenate([time, to_us(tables.followers["observed_at"])])
        counts = np.concatenate([counts, tables.followers["followers"].to_numpy(float)])
    known = ~np.isnan(counts)
    account, time, counts = account[known], time[known], counts[known]
    return sort_panel(account, time, {"followers": counts}, len(accounts), counts)


def _profile_panel(
    account: np.ndarray, observed: np.ndarray, columns: dict, accounts: int
) -> Panel:
    return sort_panel(account, observed, {**columns, "row": np.arange(len(account))}, accounts)
