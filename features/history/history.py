"""Posts, followers and profiles of every account, sorted so that what was known at a moment is
found by one search.

A history is built once a data set and serves any number of queries; the profiles and posts of a
request become a history of their own.
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
    text_array,
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
    #: Only where single posts are looked up; else None.
    details: "PostDetails | None" = None

    @classmethod
    def from_tables(
        cls, tables: Tables, horizon_days: int = HORIZON_DAYS, details: bool = False
    ) -> "History":
        """Sort validated tables into panels.

        It costs one sort of the posts, and another one where `details` are kept.
        """
        creators, keys = tables.creators, account_names(tables.creators)
        accounts = pc.unique(keys)
        row = positions_in(keys, accounts)
        platform = np.full(len(accounts), np.nan)
        platform[row] = encode_categories(creators["platform"], PLATFORMS)
        profile = {name: creators[name].to_numpy(float, na_value=np.nan) for name in PROFILE_FIELDS}
        profile["niche"] = encode_categories(creators["niche"], NICHES)
        profile["created_us"] = to_us(creators["created_at"])
        observed = to_us(creators["observed_at"])
        readings = empty_readings()
        if len(tables.posts):
            account = positions_in(account_names(tables.posts), accounts)
            readings = PostReadings.from_frame(tables.posts, account)
        history = cls._from_panels(
            pd.Index(accounts.to_pandas(), dtype="str"),
            platform,
            horizon_days,
            readings,
            followers=_follower_panel(tables, accounts, row),
            profiles=_profile_panel(row, observed, profile, len(accounts)),
            bios=arrow_text(creators["bio"]),
        )
        if not details:
            return history
        return replace(history, details=PostDetails.from_readings(readings, history))

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
        """Build a history of one profile an account, (n,), and posts, as a request brings them.

        - `platform`: positions in PLATFORMS; account i is row i
        - `observed`: when the profile was read, microseconds UTC
        - `profile`: any of PROFILE_FIELDS as float64, `niche` as positions in NICHES, NaN where
          unknown, and `created_us`, NAT_US where unknown; a field that is left out is unknown
        - `readings`: the posts; `account` there is a row here
        """
        n = len(platform)
        unknown = np.full(n, np.nan)
        fields = {name: profile.get(name, unknown) for name in (*PROFILE_FIELDS, "niche")}
        fields["created_us"] = profile.get("created_us", np.full(n, NAT_US))
        account, known = np.arange(n), ~np.isnan(fields["followers"])
        counts = fields["followers"][known]
        return cls._from_panels(
            pd.RangeIndex(n),
            platform,
            horizon_days,
            readings or empty_readings(),
            followers=sort_panel(
                account[known], observed[known], {"followers": counts}, n, tie=counts
            ),
            profiles=_profile_panel(account, observed, fields, n),
            bios=text_array(() if bios is None else bios),
        )

    @classmethod
    def _from_panels(
        cls,
        accounts: pd.Index,
        platform: np.ndarray,
        horizon_days: int,
        readings: PostReadings,
        followers: Panel,
        profiles: Panel,
        bios: pa.Array,
    ) -> "History":
        """Build a history of sorted panels; the posts are sorted here. `bios`: in the order that
        the profiles had before they were sorted.
        """
        posts, topics, captions = mature_post_panel(readings, platform, horizon_days)
        engaged, viewed = split_by_target(posts)
        has_bios = bios.null_count < len(bios)
        return cls(
            accounts,
            platform,
            horizon_days,
            posts,
            posts_with_engagements=engaged,
            posts_with_views=viewed,
            followers=followers,
            profiles=profiles,
            topics=topics,
            captions=captions,
            bios=bios.take(pa.array(profiles.columns["row"])) if has_bios else None,
        )

    def panel(self, target: str) -> Panel:
        """Return the posts whose `engagements` or `views` are known."""
        return {"engagements": self.posts_with_engagements, "views": self.posts_with_views}[target]

    def profile_row(self, account: np.ndarray, as_of: np.ndarray) -> np.ndarray:
        """Return the row of `profiles` of each account (n,): the newest snapshot by `as_of`, else
        the first after it.
        """
        return np.maximum(self.profiles.end_row(account, as_of) - 1, self.profiles.start[account])

    def account_indexes(self, frame: pd.DataFrame) -> np.ndarray:
        """Return the account number of each row's creator_id and platform; raises KeyError naming
        those unknown.
        """
        codes = self.accounts.get_indexer(account_names(frame).to_pylist())
        if (codes < 0).any():
            unknown = frame[["platform", "creator_id"]][codes < 0].drop_duplicates().head(5)
            names = ", ".join(
                f"{row.creator_id!r} on {row.platform}" for row in unknown.itertuples()
            )
            raise KeyError(f"no creators row for {names}: add the creator to the creators table")
        return codes


@dataclass(frozen=True)
class PostDetails:
    """The identity of the posts of a history, so that others can be added to them.

    `ids` and `observed_at` (microseconds UTC, NAT_US where unknown) of the reading of each row of
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
        ids = pa.array(readings.post_id, pa.large_string())
        ids = ids.combine_chunks() if isinstance(ids, pa.ChunkedArray) else ids
        excluded = sort_panel(
            readings.account[rest],
            readings.posted_at[rest],
            {"repost": repost},
            len(history.platform),
        )
        return cls(ids.take(pa.array(order)), readings.observed_at[order], excluded)


def split_by_target(posts: Panel) -> tuple[Panel, Panel]:
    """Return the posts whose engagements, and those whose views are known."""
    return (
        select_rows(posts, np.isfinite(posts.columns["engagements_log"])),
        select_rows(posts, np.isfinite(posts.columns["views_log"])),
    )


def _follower_panel(tables: Tables, accounts: pa.Array, creator_row: np.ndarray) -> Panel:
    """Return the follower counts of both tables; `creator_row`: the account of each creator."""
    creators, account = tables.creators, creator_row
    time, counts = to_us(creators["observed_at"]), creators["followers"].to_numpy(float)
    if len(tables.followers):
        account = np.concatenate([account, positions_in(account_names(tables.followers), accounts)])
        time = np.concatenate([time, to_us(tables.followers["observed_at"])])
        counts = np.concatenate([counts, tables.followers["followers"].to_numpy(float)])
    is_known = ~np.isnan(counts)
    account, time, counts = account[is_known], time[is_known], counts[is_known]
    return sort_panel(account, time, {"followers": counts}, len(accounts), counts)


def _profile_panel(
    account: np.ndarray, observed: np.ndarray, columns: dict, accounts: int
) -> Panel:
    return sort_panel(account, observed, {**columns, "row": np.arange(len(account))}, accounts)
