"""Which partnership_id came before in a list of any length, in 16 bytes an id.

An id is kept as two 64-bit SipHashes with different keys. The odds that two different ids of a list
of ten million share both are about 1 in 10^25.
"""

import numpy as np
import pandas as pd

from features.history.arrays import to_us

#: Ids of one sorted run, at most: a run is sorted again whenever a chunk is added to it.
LARGEST_RUN = 1 << 20
#: What is booked of a creator.
_OFFER_COLUMNS = ("platform", "format", "deliverables", "package", "start_at")
_BETWEEN = "\x1f"
_KEYS = ("creatorcast-ids0", "creatorcast-ids1")


def ids_or_row_numbers(ids: pd.Series, first: int) -> pd.Series:
    """Return the id of each row, (n,), and its number in the list where it has none; `first`: rows
    before these.

    >>> ids_or_row_numbers(pd.Series(["a ", None, ""], dtype="str"), 5).tolist()
    ['a', 'row 7', 'row 8']
    """
    ids = ids.astype("str").str.strip()
    has_id = ids.notna() & (ids != "")
    if has_id.all():
        return ids
    numbers = pd.Series(range(first + 1, first + 1 + len(ids)), index=ids.index)
    return ids.where(has_id, "row " + numbers.astype(str))


def offer_keys(rows: pd.DataFrame) -> pd.Series:
    """Return what makes two rows (n,) one offer: creator, platform and what is booked, not the fee;
    none for rows that name no creator.

    >>> rows = pd.DataFrame({"creator_id": ["a", None, "a"], "fee": [1, 2, 3]}, dtype="str")
    >>> keys = offer_keys(rows)
    >>> keys[0] == keys[2], keys.isna().tolist()
    (True, [False, True, False])
    """
    if "start_at" in rows:
        # microseconds become text in a fortieth of the time that dates take
        rows = rows.assign(start_at=to_us(rows["start_at"]))
    keys = rows["creator_id"].astype("str").str.strip()
    for name in _OFFER_COLUMNS:
        if name in rows:
            keys = keys + _BETWEEN + rows[name].astype("str").fillna("").str.strip()
    return keys


class DuplicateIds:
    """The ids of a list so far.

    >>> seen = DuplicateIds()
    >>> seen.find_repeats(pd.Series(["a", None, " b", "a "], dtype="str")).tolist()
    [False, False, False, True]
    >>> seen.find_repeats(pd.Series(["b", "c"], dtype="str")).tolist()
    [True, False]
    """

    def __init__(self) -> None:
        #: Hashes (2, n), sorted by the first; all runs but the last are full.
        self._runs: list[np.ndarray] = []

    def find_repeats(self, ids: pd.Series) -> np.ndarray:
        """Add ids; mark those that an earlier row has, (n,). Blanks around them do not count."""
        ids = ids.astype("str").str.strip()
        has_id = (ids.notna() & (ids != "")).to_numpy(dtype=bool)
        repeats = (ids.duplicated() & has_id).to_numpy(dtype=bool, copy=True)
        new = np.flatnonzero(has_id & ~repeats)
        values = ids.iloc[new].to_numpy(dtype=object)
        hashes = np.stack(
            [pd.util.hash_array(values, hash_key=key, categorize=False) for key in _KEYS]
        )
        order = np.argsort(hashes[0], kind="stable")
        hashes = hashes[:, order]
        came_before = np.zeros(len(new), dtype=bool)
        for run in self._runs:
            came_before |= _is_in_run(run, hashes)
        self._add(hashes[:, ~came_before])
        repeats[new[order[came_before]]] = True
        return repeats

    def _add(self, hashes: np.ndarray) -> None:
        if self._runs and self._runs[-1].shape[1] < LARGEST_RUN:
            hashes = np.concatenate([self._runs.pop(), hashes], axis=1)
        self._runs.append(hashes[:, np.argsort(hashes[0], kind="stable")])


def _is_in_run(run: np.ndarray, hashes: np.ndarray) -> np.ndarray:
    """Mark those of some hashes (2, n) that a run has; two of a run at most share the first."""
    is_in_run = np.zeros(hashes.shape[1], dtype=bool)
    if not run.shape[1]:
        return is_in_run
    positions = np.searchsorted(run[0], hashes[0])
    for candidates in (positions, positions + 1):
        inside = np.minimum(candidates, run.shape[1] - 1)
        is_in_run |= (run[:, inside] == hashes).all(axis=0)
    return is_in_run
