"""Posts, followers and profiles of every account, sorted so that "what was known at a moment" is one search.

A post's counts are known at posted_at + horizon, from its first reading at that age or later; a reading without a
moment counts as mature. Reposts never enter. Built once a data set, then asked for any number of questions.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from features.tables import Tables
from features.vocabulary import ENGAGEMENT_PARTS, FORMATS, HORIZON_DAYS, NICHES, PLATFORMS

DAY_US = 86_400_000_000
COUNTS = ("likes", "comments", "shares", "saves", "views")
CONTENT = ("caption_words", "hashtags_count", "mentions_count", "has_location")
PROFILE = ("followers", "following", "posts_count", "verified", "business")
#: Questions up to which searching one by one is faster than all at once.
FEW = 16
#: Posts from which on it pays to start threads.
MANY = 200_000
ALWAYS = np.iinfo(np.int64).min


@dataclass(frozen=True)
class Track:
    """Rows of one kind, sorted by account and then time: account i owns rows start[i] to start[i + 1].

    `index`, where it is given, says at which place of the columns each row stands: tracks can share columns.
    """

    start: np.ndarray
    time: np.ndarray
    columns: dict[str, np.ndarray]
    index: np.ndarray | None = None

    def take(self, name: str, rows: np.ndarray) -> np.ndarray:
        """Give a column's values at `rows`, of any shape, as float64."""
        return self.columns[name][rows if self.index is None else self.index[rows]].astype(float, copy=False)

    def window(self, name: str, rows: np.ndarray) -> np.ndarray:
        """As `take`, with NaN where a row is -1."""
        if not len(self.time):
            return np.full(rows.shape, np.nan)
        return np.where(rows >= 0, self.take(name, np.maximum(rows, 0)), np.nan)

    def until(self, account: np.ndarray, moment: np.ndarray) -> np.ndarray:
        """Count from 0 the first row of each account (shape (n,)) that is later than `moment` (microseconds, UTC)."""
        low, high = self.start[account].copy(), self.start[account + 1].copy()
        if len(account) <= FEW:
            own = zip(low, high, moment, strict=True)
            return np.array([a + self.time[a:b].searchsorted(until, "right") for a, b, until in own], dtype=np.int64)
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
    #: Caption, hashtags and topic of each row of `posts`, and the bio of each of `profiles`; None where nobody wrote.
    captions: pa.Array | None = None
    bios: pa.Array | None = None

    @classmethod
    def of(cls, tables: Tables, horizon_days: int = HORIZON_DAYS) -> "History":
        """Sort validated tables into tracks. Costs one sort of the posts."""
        keys = _account_keys(tables.creators)
        accounts = pc.unique(keys)
        posts, topics, captions = _post_track(tables.posts, accounts, horizon_days)
        engaged = _subset(posts, np.isfinite(posts.columns["engagements_log"]))
        viewed = _subset(posts, np.isfinite(posts.columns["views_log"]))
        row = places_of(keys, accounts)
        followers = _follower_track(tables, accounts, row)
        profiles, bios = _profile_track(tables.creators, row, len(accounts))
        platform = np.full(len(accounts), np.nan)
        platform[row] = codes_of(tables.creators["platform"], PLATFORMS)
        index = pd.Index(accounts.to_pandas(), dtype="str")
        tracks = (posts, engaged, viewed, followers, profiles)
        return cls(index, platform, horizon_days, *tracks, topics, captions, bios)

    def track(self, what: str) -> Track:
        """Give the posts whose `engagements` or `views` are known."""
        return {"engagements": self.engaged, "views": self.viewed}[what]

    def profile_row(self, account: np.ndarray, as_of: np.ndarray) -> np.ndarray:
        """Give the row of `profiles` of each account (n,): the newest snapshot by `as_of`, else the first after it."""
        return np.maximum(self.profiles.until(account, as_of) - 1, self.profiles.start[account])

    def account_of(self, frame: pd.DataFrame) -> np.ndarray:
        """Give the account number of each row's creator_id and platform; raises KeyError naming those unknown."""
        codes = self.accounts.get_indexer(_account_keys(frame).to_pylist())
        if (codes < 0).any():
            unknown = frame[["platform", "creator_id"]][codes < 0].drop_duplicates().head(5)
            named = ", ".join(f"{row.creator_id!r} on {row.platform}" for row in unknown.itertuples())
            raise KeyError(f"no creators row for {named}: add the creator to the creators table")
        return codes


def to_us(times: pd.Series) -> np.ndarray:
    """Give UTC times as microseconds since 1970 (int64); NaT becomes the smallest int64."""
    if not isinstance(times.dtype, pd.DatetimeTZDtype):
        raise TypeError(f"times must be UTC times with their zone, not {times.dtype}")
    return times.array.as_unit("us").asi8


def codes_of(values: pd.Series, names: tuple[str, ...]) -> np.ndarray:
    """Give the position of each value in `names` as float; NaN where missing or not in it."""
    if not names or pd.api.types.is_numeric_dtype(values.dtype):
        return np.full(len(values), np.nan)
    codes = places_of(_strings(values), pa.array(names, pa.large_string())).astype(float)
    codes[codes < 0] = np.nan
    return codes


def _strings(values: pd.Series) -> pa.Array:
    """Give texts as an Arrow array; a missing value is null."""
    # of the values and not of the Series, which costs ten times as much for a few rows
    found = pa.array((values if values.dtype == "str" else values.astype("str")).array, pa.large_string())
    return found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found


def places_of(values: pa.Array, among: pa.Array) -> np.ndarray:
    """Give the position of each value in `among`, -1 where it is not there."""
    return pc.fill_null(pc.index_in(values, value_set=among, skip_nulls=True), -1).to_numpy(zero_copy_only=False)


def _account_keys(frame: pd.DataFrame) -> pa.Array:
    """Name each row's account, platform/creator_id."""
    parts = (_strings(frame[name]) for name in ("platform", "creator_id"))
    return pc.binary_join_element_wise(*parts, pa.scalar("/", pa.large_string()))


def _track(account: np.ndarray, time: np.ndarray, columns: dict, accounts: int, tie: np.ndarray | None = None) -> Track:
    order = np.lexsort((time, account) if tie is None else (tie, time, account))
    start = np.searchsorted(account[order], np.arange(accounts + 1))
    return Track(start, time[order], {name: values[order] for name, values in columns.items()})


def _subset(track: Track, keep: np.ndarray) -> Track:
    if keep.all():
        return track
    kept = np.concatenate([[0], np.cumsum(keep)])
    return Track(kept[track.start], track.time[keep], track.columns, np.flatnonzero(keep))


def _post_track(posts: pd.DataFrame, accounts: pa.Array, horizon_days: int):
    """Sort the posts; give the track, the topics that its codes stand for, and what was written."""
    if not len(posts):
        columns = {name: np.empty(0) for name in (*_values(posts), "topic", "age_read_days")}
        return Track(np.zeros(len(accounts) + 1, dtype=np.int64), np.empty(0, dtype=np.int64), columns), (), None
    posted, observed = to_us(posts["posted_at"]), to_us(posts["observed_at"])
    undated = observed == ALWAYS
    observed = np.where(undated, posted + horizon_days * DAY_US, observed)
    mature = (observed >= posted + horizon_days * DAY_US) & ~_flags(posts["repost"])
    account = places_of(_account_keys(posts), accounts)
    order = _sorted_by(account, posted)
    order = _first_readings(posts, order[mature[order]], account, posted, (observed, undated))
    columns = _taken(_values(posts), order)
    topics = tuple(sorted(pc.unique(_strings(posts["topic"])).drop_null().to_pylist()))
    columns["topic"] = codes_of(posts["topic"], topics)[order].astype(np.float32)
    columns["age_read_days"] = (observed[order] - posted[order]) / DAY_US
    start = np.searchsorted(account[order], np.arange(len(accounts) + 1))
    return Track(start, posted[order], columns), topics, _captions(posts, order)


def _taken(columns: dict[str, np.ndarray], order: np.ndarray) -> dict[str, np.ndarray]:
    """Put columns into order; many rows on all cores."""
    if len(order) < MANY:
        return {name: values.take(order) for name, values in columns.items()}
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return dict(zip(columns, pool.map(lambda values: values.take(order), columns.values()), strict=True))


def _captions(posts: pd.DataFrame, order: np.ndarray) -> pa.Array | None:
    """Join what each post says: caption, hashtags with their sign, and topic."""
    written = {name: _strings(posts[name]) for name in ("text", "hashtags", "topic")}
    written = {name: values for name, values in written.items() if values.null_count < len(values)}
    if not written:
        return None
    if "hashtags" in written:
        written["hashtags"] = pc.replace_substring_regex(written["hashtags"], r"[#\s,]*([^#\s,]+)", r"#\1 ")
    said = (pc.fill_null(values, "") for values in written.values())
    return pc.binary_join_element_wise(*said, pa.scalar("\n", pa.large_string())).take(pa.array(order))


def _sorted_by(account: np.ndarray, time: np.ndarray) -> np.ndarray:
    """Give the order of rows by account, then time; ties in any order."""
    first = int(time.min())
    span = int(time.max()) - first + 1
    if span * (int(account.max()) + 2) < 2**63:
        # both in one number, which sorts in a third of the time
        return np.argsort(account.astype(np.int64) * span + (time - first))
    return np.lexsort((time, account))


def _first_readings(
    posts: pd.DataFrame, order: np.ndarray, account: np.ndarray, posted: np.ndarray, read
) -> np.ndarray:
    """Keep the first reading of each post; posts of one account and moment come in the order of their ids.

    `order`: rows sorted by account and posted_at; `read`: moment of each reading, and whether it is only supposed.
    """
    same = (np.diff(account[order]) == 0) & (np.diff(posted[order]) == 0)
    if not same.any():
        return order
    tied = np.zeros(len(order), dtype=bool)
    tied[1:] |= same
    tied[:-1] |= same
    rows = order[tied]
    name = pd.factorize(posts["post_id"].iloc[rows], sort=True)[0]
    observed, undated = read
    by_name = np.lexsort((undated[rows], observed[rows], name, posted[rows], account[rows]))
    rows, name = rows[by_name], name[by_name]
    again = (np.diff(account[rows]) == 0) & (np.diff(posted[rows]) == 0) & (np.diff(name) == 0)
    order, keep = order.copy(), np.ones(len(order), dtype=bool)
    order[tied] = rows
    keep[np.flatnonzero(tied)[1:][again]] = False
    return order[keep]


def _values(posts: pd.DataFrame) -> dict[str, np.ndarray]:
    """Give the columns of posts that questions read; those of few digits as float32, to spare memory."""
    counts = {name: posts[name].to_numpy(float) for name in COUNTS}
    counts["likes"] = np.where(_flags(posts["likes_hidden"]), np.nan, counts["likes"])
    return {
        **counts,
        "engagements_log": np.log1p(engagements_of(counts, codes_of(posts["platform"], PLATFORMS))),
        "views_log": np.log1p(counts["views"]),
        "format": codes_of(posts["format"], FORMATS).astype(np.float32),
        "sponsored": posts["sponsored"].to_numpy(np.float32, na_value=np.nan),
        "brand": codes_of(posts["brand_niche"], NICHES).astype(np.float32),
        **{name: posts[name].to_numpy(np.float32, na_value=np.nan) for name in CONTENT},
    }


def _flags(values: pd.Series) -> np.ndarray:
    """Give a flag column as bool, missing as False."""
    return values.to_numpy(bool, na_value=False)


def engagements_of(counts: dict[str, np.ndarray], platform: np.ndarray) -> np.ndarray:
    """Add up what the platform shows publicly; NaN where a part is unknown. `platform`: position in PLATFORMS."""
    total = np.full(len(platform), np.nan)
    for code, name in enumerate(PLATFORMS):
        at = platform == code
        total[at] = sum(counts[part][at] for part in ENGAGEMENT_PARTS[name])
    return total


def _follower_track(tables: Tables, accounts: pa.Array, creator_row: np.ndarray) -> Track:
    """Give the follower counts of both tables; `creator_row`: the account of each row of creators."""
    creators, account = tables.creators, creator_row
    time, counts = to_us(creators["observed_at"]), creators["followers"].to_numpy(float)
    if len(tables.followers):
        account = np.concatenate([account, places_of(_account_keys(tables.followers), accounts)])
        time = np.concatenate([time, to_us(tables.followers["observed_at"])])
        counts = np.concatenate([counts, tables.followers["followers"].to_numpy(float)])
    known = ~np.isnan(counts)
    account, time, counts = account[known], time[known], counts[known]
    return _track(account, time, {"followers": counts}, len(accounts), counts)


def _profile_track(creators: pd.DataFrame, account: np.ndarray, accounts: int) -> tuple[Track, pa.Array | None]:
    columns = {name: creators[name].to_numpy(float, na_value=np.nan) for name in PROFILE}
    columns["niche"] = codes_of(creators["niche"], NICHES)
    columns["created_us"] = to_us(creators["created_at"])
    columns["row"] = np.arange(len(creators))
    track = _track(account, to_us(creators["observed_at"]), columns, accounts)
    bios = _strings(creators["bio"])
    return track, bios.take(pa.array(track.columns["row"])) if bios.null_count < len(bios) else None
