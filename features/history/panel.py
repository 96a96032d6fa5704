"""Rows of one kind, sorted by account and time: what was known at a moment is one search."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from features.history.arrays import DAY_US
from features.tables.vocabulary import FRESH_DAYS, MATURE_DAYS

#: Accounts up to which searching one by one is faster than all at once.
MAX_ROWWISE_SEARCHES = 16
#: Widths of matrices are multiples of this, so that NumPy adds up a row alike at any width.
WIDTH_STEP = 8


@dataclass(frozen=True)
class Panel:
    """Rows of one kind, sorted by account and then time: account i owns rows start[i] to start[i +
    1].

    `index`, where it is given, says at which place of the columns each row stands: panels can share
    columns.
    """

    start: np.ndarray
    time: np.ndarray
    columns: dict[str, np.ndarray]
    index: np.ndarray | None = None

    def take(self, name: str, rows: np.ndarray) -> np.ndarray:
        """Return a column's values at `rows`, of any shape, as float64."""
        return self.columns[name][rows if self.index is None else self.index[rows]].astype(
            float, copy=False
        )

    def at(self, rows: np.ndarray) -> "PanelRows":
        """Return the rows of these numbers, of any shape, -1 for none, to read columns of."""
        place = np.maximum(rows, 0)
        if self.index is not None and len(self.index):
            place = self.index.take(place)
        return PanelRows(self.columns, place, rows < 0)

    def end_row(self, account: np.ndarray, moment: np.ndarray) -> np.ndarray:
        """Count from 0 the first row of each account (shape (n,)) that is later than `moment`
        (microseconds, UTC).
        """
        low, high = self.start[account].copy(), self.start[account + 1].copy()
        if len(account) <= MAX_ROWWISE_SEARCHES:
            ranges = zip(low, high, moment, strict=True)
            ends = [a + self.time[a:b].searchsorted(until, "right") for a, b, until in ranges]
            return np.array(ends, dtype=np.int64)
        # a binary search of all accounts at once
        while (is_open := low < high).any():
            middle = (low + high) // 2
            is_known = is_open & (self.time[np.where(is_open, middle, 0)] <= moment)
            low = np.where(is_known, middle + 1, low)
            high = np.where(is_open & ~is_known, middle, high)
        return low


@dataclass(frozen=True)
class PanelRows:
    """Some rows of a panel, of any shape: `place` in its `columns`, and which `is_missing`."""

    columns: dict[str, np.ndarray]
    place: np.ndarray
    is_missing: np.ndarray

    def __getitem__(self, name: str) -> np.ndarray:
        """Return a column's values as float64, NaN where there is no row."""
        column = self.columns[name]
        if not len(column):
            return np.full(self.place.shape, np.nan)
        values = column.take(self.place).astype(float, copy=False)
        np.copyto(values, np.nan, where=self.is_missing)
        return values


@dataclass(frozen=True)
class EarlyReadings:
    """The readings of posts at FRESH_DAYS to MATURE_DAYS, sorted by account and moment of posting.

    `panel`: `time` is when the post was posted; `post` (rows,): a number that tells posts apart,
    whose readings stand together in the order in which they were made; `known_from` (rows,): when
    each was made, microseconds UTC.
    """

    panel: Panel
    post: np.ndarray
    known_from: np.ndarray

    @cached_property
    def known_until(self) -> np.ndarray:
        """The moment from which each reading is not the one that counts, (rows,): its post has a
        newer one, or is MATURE_DAYS old.
        """
        until = self.panel.time + MATURE_DAYS * DAY_US
        has_newer = self.post[1:] == self.post[:-1]
        until[:-1][has_newer] = self.known_from[1:][has_newer]
        return until


@dataclass(frozen=True)
class PostPanel(Panel):
    """One row for each post, by its reading at MATURE_DAYS or later, and early readings.

    The rows of `early` are numbered behind those of the posts; both share the columns, where
    `index`, if any, covers both. `post` (rows,): numbers of the posts, as in `early`; `read_at`
    (rows,): when each was read, microseconds UTC.
    """

    early: EarlyReadings = field(kw_only=True)
    post: np.ndarray = field(kw_only=True)
    read_at: np.ndarray = field(kw_only=True)

    def known_rows(self, account: np.ndarray, as_of: np.ndarray, most: int) -> np.ndarray:
        """Return the last `most` posts of each account (n,) known at `as_of` (n,), (n, w).

        Rows come newest first, -1 where there are no more; w is a multiple of 8, at least 8. A post
        of MATURE_DAYS counts by its own row, whenever that was read; but where it was read after
        `as_of`, by its newest early reading made until then, if there is one.
        """
        stop = self.end_row(account, as_of - MATURE_DAYS * DAY_US)
        count = stop - self.start[account]
        fresh = self.fresh_rows(account, as_of)
        if not fresh.shape[1]:
            return self._read_by(_last_rows(stop, np.minimum(count, most)), as_of)
        fresh = fresh[:, :most]
        found = (fresh >= 0).sum(axis=1)
        # the places of older posts start behind those of the fresh ones
        rows = _last_rows(stop + found, np.minimum(count + found, most))
        wide = np.full(rows.shape, -1)
        wide[:, : fresh.shape[1]] = fresh
        return self._read_by(np.where(wide >= 0, wide, rows), as_of)

    def _read_by(self, rows: np.ndarray, as_of: np.ndarray) -> np.ndarray:
        """Return `rows` (n, w) with the newest early reading made by `as_of` (n,) in place of those
        that were read later.
        """
        if not len(self.early.known_from):
            return rows
        own = (rows >= 0) & (rows < len(self.time))
        if not own.any():
            return rows
        late = own & (self.read_at[np.where(own, rows, 0)] > as_of[:, None])
        if not late.any():
            return rows
        row, moment = rows[late], as_of[np.nonzero(late)[0]]
        first, last = (
            self.early.post.searchsorted(self.post[row], side) for side in ("left", "right")
        )
        newest = np.full(len(row), -1)
        for place in range(int((last - first).max(initial=0))):
            at = np.minimum(first + place, len(self.early.known_from) - 1)
            is_known = (first + place < last) & (self.early.known_from[at] <= moment)
            newest = np.where(is_known, at, newest)
        rows = rows.copy()
        rows[late] = np.where(newest >= 0, newest + len(self.time), row)
        return rows

    def fresh_rows(self, account: np.ndarray, as_of: np.ndarray) -> np.ndarray:
        """Return the early readings of each account's posts that are the newest ones known at
        `as_of` (n,), (n, w): newest post first, -1 where there are no more.
        """
        early = self.early
        nothing = np.empty((len(account), 0), dtype=np.int64)
        if not len(early.known_from):
            return nothing
        if len(account) <= MAX_ROWWISE_SEARCHES:
            return self._fresh_rows_of_few(account, as_of)
        start = early.panel.end_row(account, as_of - MATURE_DAYS * DAY_US)
        stop = early.panel.end_row(account, as_of - FRESH_DAYS * DAY_US)
        if not (stop > start).any():
            return nothing
        rows = _last_rows(stop, stop - start)
        at = np.maximum(rows, 0)
        moment = as_of[:, None]
        is_known = (rows >= 0) & (early.known_from[at] <= moment) & (moment < early.known_until[at])
        most = int(is_known.sum(axis=1).max(initial=0))
        if not most:
            return nothing
        order = np.argsort(~is_known, axis=1, kind="stable")[:, :most]
        rows = np.where(is_known, rows + len(self.time), -1)
        return rows[np.arange(len(rows))[:, None], order]

    def _fresh_rows_of_few(self, account: np.ndarray, as_of: np.ndarray) -> np.ndarray:
        """As `fresh_rows`, account by account, which is faster for a few."""
        early, times, found = self.early, self.early.panel.time, []
        starts, stops = early.panel.start[account], early.panel.start[account + 1]
        for first, last, moment in zip(
            starts.tolist(), stops.tolist(), as_of.tolist(), strict=True
        ):
            start = first + int(
                times[first:last].searchsorted(moment - MATURE_DAYS * DAY_US, "right")
            )
            known = (early.known_from[start:last] <= moment) & (
                moment < early.known_until[start:last]
            )
            found.append(np.flatnonzero(known)[::-1] + start + len(self.time))
        width = max(map(len, found), default=0)
        rows = np.full((len(account), width), -1)
        for place, of_account in enumerate(found):
            rows[place, : len(of_account)] = of_account
        return rows

    def known_count(self, account: np.ndarray, as_of: np.ndarray) -> np.ndarray:
        """Return the number of posts of each account (n,) known at `as_of` (n,)."""
        stop = self.end_row(account, as_of - MATURE_DAYS * DAY_US)
        fresh = self.fresh_rows(account, as_of)
        return stop - self.start[account] + (fresh >= 0).sum(axis=1)

    @property
    def has_outcome(self) -> np.ndarray:
        """Whether each post was read at MATURE_DAYS or later, (posts,): an earlier reading tells
        too little of what came of it.
        """
        return ~(self.take("age_read_days", np.arange(len(self.time))) < MATURE_DAYS)

    def of_accounts(self, values: np.ndarray) -> np.ndarray:
        """Return the value of the account of each row and early reading from those of all accounts,
        (accounts,).
        """
        starts = self.start, self.early.panel.start
        return np.concatenate([np.repeat(values, np.diff(start)) for start in starts])

    def posted_at(self, rows: np.ndarray) -> np.ndarray:
        """Return when the posts of `rows`, of any shape, were posted (microseconds, UTC)."""
        early = rows >= len(self.time)
        if not early.any():
            return self.time[rows]
        times = np.empty(rows.shape, dtype=np.int64)
        times[~early] = self.time[rows[~early]]
        times[early] = self.early.panel.time[rows[early] - len(self.time)]
        return times


def padded_width(posts: int) -> int:
    """Return the width of a matrix of so many posts, a multiple of WIDTH_STEP."""
    return max(1, -(-posts // WIDTH_STEP)) * WIDTH_STEP


def _last_rows(stop: np.ndarray, count: np.ndarray) -> np.ndarray:
    """Return the `count` (n,) row numbers before each `stop` (n,), newest first, -1 where there are
    no more: (n, w), w padded.
    """
    place = np.arange(padded_width(int(np.max(count, initial=0))))
    return np.where(place < count[:, None], stop[:, None] - 1 - place, -1)


def sort_panel(
    account: np.ndarray,
    time: np.ndarray,
    columns: dict,
    accounts: int,
    tie: np.ndarray | None = None,
) -> Panel:
    """Sort rows by account, time and `tie`, where it is given."""
    if (np.diff(account) > 0).all():
        return Panel(np.searchsorted(account, np.arange(accounts + 1)), time, columns)
    order = np.lexsort((time, account) if tie is None else (tie, time, account))
    start = np.searchsorted(account[order], np.arange(accounts + 1))
    return Panel(start, time[order], {name: values[order] for name, values in columns.items()})


def select_posts(posts: PostPanel, keep: np.ndarray) -> PostPanel:
    """Return the rows of a mask, over the posts and the early readings behind them, as a new panel
    that shares the columns.

    A reading that is left out does not stand in the way of an earlier one of its post: the last of
    these takes its place.
    """
    if keep.all():
        return posts
    n, early = len(posts.time), posts.early
    kept, kept_early = keep[:n].copy(), np.flatnonzero(keep[n:])
    lost = np.flatnonzero(~kept)
    last = early.post[kept_early].searchsorted(posts.post[lost], "right") - 1
    instead = np.append(kept_early, -1)[last]
    has_other = instead >= 0
    has_other[has_other] = early.post[instead[has_other]] == posts.post[lost[has_other]]
    lost, instead = lost[has_other], instead[has_other]
    kept[lost] = True
    rows = np.flatnonzero(kept)
    index = np.concatenate([rows, n + kept_early])
    read_at, place = posts.read_at[rows], rows.searchsorted(lost)
    index[place] = n + instead
    read_at[place] = early.known_from[instead]
    return PostPanel(
        rows.searchsorted(posts.start),
        posts.time[rows],
        posts.columns,
        index,
        early=EarlyReadings(
            Panel(kept_early.searchsorted(early.panel.start), early.panel.time[kept_early], {}),
            early.post[kept_early],
            early.known_from[kept_early],
        ),
        post=posts.post[rows],
        read_at=read_at,
    )
