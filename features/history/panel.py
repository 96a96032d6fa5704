"""Rows of one kind, sorted by account and time: what was known at a moment is one search."""

from dataclasses import dataclass

import numpy as np

#: Accounts up to which searching one by one is faster than all at once.
MAX_ROWWISE_SEARCHES = 16


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

    def take_or_nan(self, name: str, rows: np.ndarray) -> np.ndarray:
        """Return the same as `take`, with NaN where a row is -1."""
        if not len(self.time):
            return np.full(rows.shape, np.nan)
        return np.where(rows >= 0, self.take(name, np.maximum(rows, 0)), np.nan)

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


def select_rows(panel: Panel, keep: np.ndarray) -> Panel:
    """Return the rows of a mask as a new panel, which shares the columns."""
    if keep.all():
        return panel
    kept_before = np.concatenate([[0], np.cumsum(keep)])
    return Panel(kept_before[panel.start], panel.time[keep], panel.columns, np.flatnonzero(keep))
