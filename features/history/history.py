"""Posts, followers and profiles of every account, sorted so that what was known at a moment is
found by one search.

A history is built once a data set and serves any number of queries; the profiles and posts of a
request become a history of their own.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from features.history.account_keys import account_names, join_account_names
from features.history.arrays import (
    NAT_US,
    arrow_text,
    encode_categories,
    positions_in,
    text_array,
    to_us,
)
from features.history.captions import Captions
from features.history.panel import Panel, PostPanel, select_posts, sort_panel
from features.history.post_readings import (
    CountingRows,
    PostReadings,
    counting_rows,
    empty_readings,
    post_panel,
)
from features.history.reading_pairs import ReadingPairs
from features.maturation.maturation import Maturation
from features.tables.model import Tables
from features.tables.vocabulary import NICHES, PLATFORMS, TARGETS
from features.threads import MIN_THREADED_ROWS, map_threads, split_rows

#: Posts whose accounts are looked up at a time: each time all accounts are put into a table.
NAMED_ROWS = 1_000_000
PROFILE_FIELDS = ("followers", "following", "posts_count", "verified", "business")


@dataclass(frozen=True)
class History:
    """Everything that derive reads of a data set: panels of posts, of follower counts and of
    profiles.

    Posts have their counts as they were read (`engagements_log_read`, `views_log_read`);
    `at_horizon` adds those at a horizon.
    """

    accounts: pd.Index
    platform: np.ndarray
    posts: PostPanel
    posts_with_engagements: PostPanel
    posts_with_views: PostPanel
    followers: Panel
    profiles: Panel
    topics: tuple[str, ...]
    #: Caption, hashtags and topic of each row of `posts` and of the early readings behind them, and
    #: the bio of each of `profiles`; None where nobody wrote.
    captions: Captions | None = None
    bios: pa.Array | None = None
    #: Only where single posts are looked up; else None.
    details: "PostDetails | None" = None
    #: How the counts of posts grew between readings; None where nobody reads it.
    reading_pairs: ReadingPairs | None = None
    #: By which the counts were brought to a horizon; None where they were not.
    horizon: "Horizon | None" = None

    @classmethod
    def from_tables(cls, tables: Tables, details: bool = False) -> "History":
        """Sort validated tables into panels.

        It costs one sort of the posts, and another one where `details` are kept: those are for
        answers, to which nothing is fitted, so that the growth between readings is left out.
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
            account = _account_positions(tables.posts, accounts)
            readings = PostReadings.from_frame(tables.posts, account)
        history = cls._from_panels(
            pd.Index(accounts.to_pandas(), dtype="str"),
            platform,
            readings,
            followers=_follower_panel(tables, accounts, row),
            profiles=_profile_panel(row, observed, profile, len(accounts)),
            bios=arrow_text(creators["bio"]),
        )
        if details:
            return replace(history, details=PostDetails.from_readings(readings, history))
        return replace(history, reading_pairs=ReadingPairs.from_readings(readings, platform))

    @classmethod
    def from_profiles(
        cls,
        platform: np.ndarray,
        observed: np.ndarray,
        profile: dict[str, np.ndarray],
        bios: Sequence[str | None] | None = None,
        readings: PostReadings | None = None,
        rows: CountingRows | None = None,
    ) -> "History":
        """Build a history of one profile an account, (n,), and posts, as a request brings them.

        - `platform`: positions in PLATFORMS; account i is row i
        - `observed`: when the profile was read, microseconds UTC
        - `profile`: any of PROFILE_FIELDS as float64, `niche` as positions in NICHES, NaN where
          unknown, and `created_us`, NAT_US where unknown; a field that is left out is unknown
        - `readings`: the posts; `account` there is a row here
        - `rows`: the readings by which they count, where these are known already
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
            readings or empty_readings(),
            followers=sort_panel(
                account[known], observed[known], {"followers": counts}, n, tie=counts
            ),
            profiles=_profile_panel(account, observed, fields, n),
            bios=None if bios is None else text_array(bios),
            rows=rows,
        )

    @classmethod
    def _from_panels(
        cls,
        accounts: pd.Index,
        platform: np.ndarray,
        readings: PostReadings,
        followers: Panel,
        profiles: Panel,
        bios: pa.Array | None,
        rows: CountingRows | None = None,
    ) -> "History":
        """Build a history of sorted panels; the posts are sorted here. `bios`: in the order that
        the profiles had before they were sorted, None where there are none.
        """
        rows = rows or counting_rows(readings)
        posts, topics = post_panel(readings, rows, platform)
        captions = Captions.from_texts(readings.texts, rows.all)
        engaged, viewed = split_by_target(posts)
        if bios is not None:
            has_bios = bios.null_count < len(bios)
            bios = bios.take(pa.array(profiles.columns["row"])) if has_bios else None
        return cls(
            accounts,
            platform,
            posts,
            posts_with_engagements=engaged,
            posts_with_views=viewed,
            followers=followers,
            profiles=profiles,
            topics=topics,
            captions=captions,
            bios=bios,
        )

    def at_horizon(self, maturation: Maturation, horizon_days: float) -> "History":
        """Return the history with the counts of its posts brought from their age at reading to
        `horizon_days` after posting.

        Added are, by target, the columns `{target}_log`, ln(1 + count) at the horizon, and
        `{target}_growth`, ln of the growth from the reading to it (below 0 where the reading is
        older).
        """
        horizon = Horizon(maturation, horizon_days)
        if self.horizon is not None and self.horizon == horizon:
            return self
        columns = {**self.posts.columns, **self._columns_at(horizon)}
        names = ("posts", "posts_with_engagements", "posts_with_views")
        panels = {id(panel): panel for panel in (getattr(self, name) for name in names)}
        # those that are one panel stay so
        grown = {key: replace(panel, columns=columns) for key, panel in panels.items()}
        return replace(
            self, horizon=horizon, **{name: grown[id(getattr(self, name))] for name in names}
        )

    def _columns_at(self, horizon: "Horizon") -> dict[str, np.ndarray]:
        read, platform = self.posts.columns, self.posts.of_accounts(self.platform)
        names = [f"{target}_{name}" for target in TARGETS for name in ("log", "growth")]
        columns = {name: np.empty(len(platform)) for name in names}

        def fill(rows: slice) -> None:
            for target in TARGETS:
                growth = horizon.growth(target, platform[rows], read["age_read_days"][rows])
                brought = read[f"{target}_log_read"][rows] + growth
                np.maximum(brought, 0.0, out=columns[f"{target}_log"][rows])
                columns[f"{target}_growth"][rows] = growth

        map_threads(fill, split_rows(len(platform), MIN_THREADED_ROWS))
        return columns

    def growth_variance(self, target: str, account: np.ndarray, growth: np.ndarray) -> np.ndarray:
        """Return the variance of the `growth` (n, w) of posts of each account (n,), 0 where it is
        not above 0; raises ValueError where counts are as they were read.
        """
        if self.horizon is None:
            raise ValueError(
                "the counts are as they were read: bring them to a horizon by History.at_horizon"
            )
        theta = self.horizon.maturation.thetas(target, self.platform[account])
        return np.where(growth > 0, theta[:, None] * growth, 0.0)

    def panel(self, target: str) -> PostPanel:
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
        numbers = self._numbers
        codes = np.array([numbers.get(name, -1) for name in account_names(frame).to_pylist()], int)
        if (codes < 0).any():
            unknown = frame[["platform", "creator_id"]][codes < 0].drop_duplicates().head(5)
            names = ", ".join(
                f"{row.creator_id!r} on {row.platform}" for row in unknown.itertuples()
            )
            raise KeyError(f"no creators row for {names}: add the creator to the creators table")
        return codes

    @cached_property
    def _numbers(self) -> dict[str, int]:
        """The number of each account by its name."""
        return {name: number for number, name in enumerate(self.accounts.tolist())}


@dataclass(frozen=True)
class Horizon:
    """The days after posting that counts are brought to, and the curves by which they are."""

    maturation: Maturation
    days: float

    def growth(self, target: str, platform: np.ndarray, age_days: np.ndarray) -> np.ndarray:
        """Return ln of the growth of counts from the age at reading to the horizon, (n,); 0 without
        a curve.
        """
        return self.maturation.growth(target, platform, age_days, self.days)


@dataclass(frozen=True)
class PostDetails:
    """The identity of the posts of a history, so that others can be added to them.

    `ids` and `observed_at` (microseconds UTC, NAT_US where unknown) of the reading of each row of
    History.posts and of the early readings behind them; `excluded`: the readings that never count,
    with their flag `repost`.
    """

    ids: pa.Array
    observed_at: np.ndarray
    excluded: Panel

    @classmethod
    def from_readings(cls, readings: PostReadings, history: History) -> "PostDetails":
        """Keep the details of the readings that a history was made of."""
        order = counting_rows(readings).all
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


def _account_positions(posts: pd.DataFrame, accounts: pa.Array) -> np.ndarray:
    """Return the position of each post's account in the names of all `accounts`, -1 where none."""
    platform, creator_id = arrow_text(posts["platform"]), arrow_text(posts["creator_id"])

    def find(rows: slice) -> np.ndarray:
        return positions_in(join_account_names(platform[rows], creator_id[rows]), accounts)

    return np.concatenate(map_threads(find, split_rows(len(posts), NAMED_ROWS)))


def split_by_target(posts: PostPanel) -> tuple[PostPanel, PostPanel]:
    """Return the posts whose engagements, and those whose views are known."""
    return (
        select_posts(posts, np.isfinite(posts.columns["engagements_log_read"])),
        select_posts(posts, np.isfinite(posts.columns["views_log_read"])),
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
