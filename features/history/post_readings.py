"""Readings of posts as plain arrays, and the sorted panel of posts that is made of them.

A post's counts are known at posted_at + MATURE_DAYS, from its first reading at that age or later,
whenever it was made; a reading without a moment counts as one of these. A younger post is known
from FRESH_DAYS on, by the newest reading made until then. Reposts never enter.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from features.history.arrays import (
    DAY_US,
    NAT_US,
    arrow_text,
    encode_categories,
    flag_array,
    positions_in,
    to_us,
)
from features.history.panel import EarlyReadings, Panel, PostPanel
from features.tables.vocabulary import (
    ENGAGEMENT_PARTS,
    FORMATS,
    FRESH_DAYS,
    MATURE_DAYS,
    NICHES,
    PLATFORMS,
)
from features.threads import MIN_THREADED_ROWS, map_threads, split_rows

COUNT_FIELDS = ("likes", "comments", "shares", "saves", "views")
#: Why a reading without any of them is none.
NO_COUNTS = (
    "has no count that is known: give likes and comments, or views; where numbers are unclear, say "
    "--decimal"
)
CONTENT_FIELDS = ("caption_words", "hashtags_count", "mentions_count", "has_location")
TEXT_FIELDS = ("text", "hashtags", "topic")
#: The last posts of an account that features look at; a multiple of 8, as every window width is.
WINDOW_POSTS = 96
#: Readings that are sorted at a time, in so many parts at most: each part looks at all accounts.
SORTED_ROWS, MAX_SORTED_PARTS = 250_000, 16


@dataclass(frozen=True)
class PostReadings:
    """Readings of posts, arrays of shape (n,); times in microseconds UTC, `observed_at` NAT_US
    where unknown.

    - `account`: the number of the account; `post_id`: distinguishes posts of one account and moment
    - `columns`: any of COUNT_FIELDS and CONTENT_FIELDS as float64, `format` and `brand` as
      positions in FORMATS and NICHES, `sponsored` 0 or 1, all NaN where unknown; `likes_hidden`
      and `repost` as bool. A column that is left out is unknown
    - `texts`: any of TEXT_FIELDS as Arrow arrays of text, null where nothing is written
    - `has_no_id` (n,): posts without an id, whose `post_id` is made up; None where
      there are none
    """

    account: np.ndarray
    posted_at: np.ndarray
    observed_at: np.ndarray
    post_id: "np.ndarray | pd.api.extensions.ExtensionArray"
    columns: dict[str, np.ndarray]
    texts: dict[str, pa.Array]
    has_no_id: np.ndarray | None = None

    @classmethod
    def from_frame(cls, posts: pd.DataFrame, account: np.ndarray) -> "PostReadings":
        """Read a clean table of posts, whose accounts are numbered (n,)."""
        columns = {name: posts[name].to_numpy(float) for name in COUNT_FIELDS}
        columns |= {
            name: posts[name].to_numpy(np.float32, na_value=np.nan)
            for name in ("sponsored", *CONTENT_FIELDS)
        }
        columns |= {
            "format": encode_categories(posts["format"], FORMATS),
            "brand": encode_categories(posts["brand_niche"], NICHES),
        }
        columns |= {name: flag_array(posts[name]) for name in ("likes_hidden", "repost")}
        texts = {name: arrow_text(posts[name]) for name in TEXT_FIELDS}
        return cls(
            account,
            to_us(posts["posted_at"]),
            to_us(posts["observed_at"]),
            posts["post_id"].array,
            columns,
            texts,
        )

    @cached_property
    def read_at(self) -> np.ndarray:
        """The moment of each reading, (n,); one of unknown moment counts from MATURE_DAYS on."""
        grown_up = self.posted_at + MATURE_DAYS * DAY_US
        return np.where(self.observed_at == NAT_US, grown_up, self.observed_at)

    @cached_property
    def by_post(self) -> "SortedReadings":
        """All readings but reposts, sorted by post and time of reading."""
        rows = np.arange(len(self.account))
        if "repost" in self.columns:
            rows = np.flatnonzero(~self.columns["repost"])
        return sort_by_post(self, rows)


@dataclass(frozen=True)
class SortedReadings:
    """Readings by account, moment of posting, id of the post and time of reading.

    `rows` (k,): rows of PostReadings; `post` (k,): the number of each one's post, rising from 1.
    """

    rows: np.ndarray
    post: np.ndarray


def empty_readings() -> PostReadings:
    """Return no readings."""
    nothing = np.empty(0, dtype=np.int64)
    return PostReadings(nothing, nothing, nothing, np.empty(0, dtype=object), {}, {})


@dataclass(frozen=True)
class CountingRows:
    """The readings by which posts count: rows of PostReadings, by account and moment of posting.

    Posts of one account and moment come in the order of their ids, readings of one post in that in
    which they were made.

    - `settled`: of each post that is no repost its first reading at MATURE_DAYS or later; else its
      last one at FRESH_DAYS or later
    - `early`: the readings at FRESH_DAYS to MATURE_DAYS
    - `settled_post`, `early_post`: the number of the post of each, rising
    """

    settled: np.ndarray
    settled_post: np.ndarray
    early: np.ndarray
    early_post: np.ndarray

    @cached_property
    def all(self) -> np.ndarray:
        """The settled rows, and the early ones behind them, as a PostPanel numbers them."""
        return np.concatenate([self.settled, self.early])


def counting_rows(readings: PostReadings) -> CountingRows:
    """Return the readings by which posts count."""
    age, by_post = readings.read_at - readings.posted_at, readings.by_post
    can_count = (age >= FRESH_DAYS * DAY_US)[by_post.rows]
    rows, post = by_post.rows[can_count], by_post.post[can_count]
    is_early = (age < MATURE_DAYS * DAY_US)[rows]
    is_settled = _settles(post, is_early)
    return CountingRows(rows[is_settled], post[is_settled], rows[is_early], post[is_early])


def sort_by_post(readings: PostReadings, rows: np.ndarray) -> SortedReadings:
    """Sort `rows` of the readings by post and time of reading."""
    if not len(rows):
        return SortedReadings(rows, rows)
    rows, is_again = _sort_by_time(rows, readings.account[rows], readings.posted_at[rows])
    if is_again.any():
        is_tied = is_again.copy()
        is_tied[:-1] |= is_again[1:]
        # rows of one account and moment have one number
        moment = np.cumsum(~is_again[is_tied])
        tied = rows[is_tied]
        name = pd.factorize(readings.post_id[tied], sort=True)[0]
        undated = readings.observed_at[tied] == NAT_US
        order = np.lexsort((undated, readings.read_at[tied], name, moment))
        rows[is_tied] = tied[order]
        is_again[is_tied] &= np.diff(name[order], prepend=-1) == 0
    return SortedReadings(rows, np.cumsum(~is_again, dtype=np.int32))


def _settles(post: np.ndarray, is_early: np.ndarray) -> np.ndarray:
    """Return by which readings posts count in the end (mask): the first that is not early, else the
    last.

    `post`: the number of each reading's post, rising; `is_early`: those before MATURE_DAYS, which
    come first.
    """
    is_other = post[1:] != post[:-1]
    is_first, is_last = np.append(True, is_other), np.append(is_other, True)
    follows_early = np.append(False, is_early[:-1])
    return np.where(is_early, is_last, is_first | follows_early)


def post_panel(
    readings: PostReadings, rows: CountingRows, platform: np.ndarray
) -> tuple[PostPanel, tuple[str, ...]]:
    """Return the readings that count as a panel, and the topics that its codes stand for.

    `platform` (accounts,): position in PLATFORMS of each account. The age at reading is NaN where
    it is unknown.
    """
    order, panel = rows.all, row_panel(readings, rows, len(platform))
    posted_at = np.concatenate([panel.time, panel.early.panel.time])
    observed_at = readings.observed_at[order]
    age = (observed_at - posted_at) / DAY_US
    age[observed_at == NAT_US] = np.nan
    topic, topics = _topics(readings, order)
    columns = _values(readings, order, panel.of_accounts(platform))
    return replace(panel, columns=columns | {"age_read_days": age, "topic": topic}), topics


def row_panel(readings: PostReadings, rows: CountingRows, accounts: int) -> PostPanel:
    """Return when the posts of the readings that count were posted, as a panel without columns."""
    settled = _row_panel(readings, rows.settled, accounts)
    early = _row_panel(readings, rows.early, accounts)
    return PostPanel(
        settled.start,
        settled.time,
        {},
        early=EarlyReadings(early, rows.early_post, readings.observed_at[rows.early]),
        post=rows.settled_post,
        read_at=readings.read_at[rows.settled],
    )


def _row_panel(readings: PostReadings, rows: np.ndarray, accounts: int) -> Panel:
    """Return the moments of posting of sorted rows as a panel without columns."""
    start = np.searchsorted(readings.account[rows], np.arange(accounts + 1))
    return Panel(start, readings.posted_at[rows], {})


def visible_counts(readings: PostReadings, rows: np.ndarray | None = None) -> dict[str, np.ndarray]:
    """Return the COUNT_FIELDS of `rows` of the readings, (k,), all by default; NaN where unknown,
    as hidden likes are.
    """
    names = [name for name in (*COUNT_FIELDS, "likes_hidden") if name in readings.columns]
    columns = {name: readings.columns[name] for name in names}
    if rows is not None:
        columns = _taken(columns, rows)
    unknown = np.full(len(readings.account) if rows is None else len(rows), np.nan)
    counts = {name: columns.get(name, unknown) for name in COUNT_FIELDS}
    if "likes_hidden" in columns:
        counts["likes"] = np.where(columns["likes_hidden"], np.nan, counts["likes"])
    return counts


def public_engagements(counts: dict[str, np.ndarray], platform: np.ndarray) -> np.ndarray:
    """Add up what the platform shows publicly; NaN where a part is unknown. `platform`: position in
    PLATFORMS.
    """
    total = np.full(len(platform), np.nan)
    for code, name in enumerate(PLATFORMS):
        at = platform == code
        if at.any():
            total[at] = sum(counts[part][at] for part in ENGAGEMENT_PARTS[name])
    return total


def _values(
    readings: PostReadings, rows: np.ndarray, platform: np.ndarray
) -> dict[str, np.ndarray]:
    """Return the columns of posts that queries read, of `rows` on their `platform`, (k,) each;
    those of few digits as float32, to spare memory.
    """
    counts = visible_counts(readings, rows)
    unknown = np.full(len(rows), np.nan, np.float32)
    names = ("format", "sponsored", "brand", *CONTENT_FIELDS)
    told = {name: readings.columns[name] for name in names if name in readings.columns}
    told = _taken({name: of.astype(np.float32, copy=False) for name, of in told.items()}, rows)
    return {
        **counts,
        **_log_counts(counts, platform),
        **{name: told.get(name, unknown) for name in names},
    }


def _log_counts(counts: dict[str, np.ndarray], platform: np.ndarray) -> dict[str, np.ndarray]:
    """Return ln(1 + count) as read of the engagements and views, (k,) each."""
    engagements, views = np.empty(len(platform)), np.empty(len(platform))

    def fill(rows: slice) -> None:
        of_rows = {name: values[rows] for name, values in counts.items()}
        np.log1p(public_engagements(of_rows, platform[rows]), out=engagements[rows])
        np.log1p(of_rows["views"], out=views[rows])

    map_threads(fill, split_rows(len(platform), MIN_THREADED_ROWS))
    return {"engagements_log_read": engagements, "views_log_read": views}


def _topics(readings: PostReadings, order: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return the position of each post's topic, NaN where unknown, in the list of all topics."""
    codes = np.full(len(order), np.nan, np.float32)
    names = readings.texts.get("topic")
    if names is None or names.null_count == len(names):
        return codes, ()
    topics = tuple(sorted(pc.unique(names).drop_null().to_pylist()))
    place = positions_in(names, pa.array(topics, pa.large_string()))[order]
    codes[place >= 0] = place[place >= 0]
    return codes, topics


def _taken(columns: dict[str, np.ndarray], order: np.ndarray) -> dict[str, np.ndarray]:
    """Put columns into order."""
    taken = map_threads(lambda values: values.take(order), list(columns.values()), len(order))
    return dict(zip(columns, taken, strict=True))


def _sort_by_time(
    rows: np.ndarray, account: np.ndarray, time: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Sort rows (k,) by their account and time, ties in any order; return also which of them have
    the account and time of the one before (mask).
    """
    first = int(time.min())
    span = int(time.max()) - first + 1
    is_again = np.zeros(len(rows), dtype=bool)
    if span * (int(account.max()) + 2) < 2**63:
        # both in one number, which sorts in a third of the time
        moment = account.astype(np.int64)
        moment *= span
        moment += time - first
        order = _argsort_by_account(moment, account)
        moment = moment[order]
        is_again[1:] = moment[1:] == moment[:-1]
    else:
        order = np.lexsort((time, account))
        account, time = account[order], time[order]
        is_again[1:] = (account[1:] == account[:-1]) & (time[1:] == time[:-1])
    return rows[order], is_again


def _argsort_by_account(moment: np.ndarray, account: np.ndarray) -> np.ndarray:
    """Return the order of `moment` (k,), which rises with the `account` (k,); ranges of accounts
    are sorted one by one, which takes less than all at once.
    """
    first, parts = int(account.min()), min(-(-len(account) // SORTED_ROWS), MAX_SORTED_PARTS)
    accounts = int(account.max()) + 1 - first

    def sort(part: slice) -> np.ndarray:
        is_inside = (account >= first + part.start) & (account < first + part.stop)
        rows = np.flatnonzero(is_inside)
        return rows[np.argsort(moment[rows])]

    return np.concatenate(map_threads(sort, split_rows(accounts, -(-accounts // parts))))
