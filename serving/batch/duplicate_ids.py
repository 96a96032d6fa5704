"""Which partnership_id came before in a list, however long: 16 bytes an id.

Ids are known by two 64-bit SipHashes of different keys. That two different ids of a list of ten
million share both has odds of about 1 in 10^25.
"""

import numpy as np
import pandas as pd

#: Ids that one sorted run holds at most: a run is sorted again whenever a chunk comes to it.
LARGEST_RUN = 1 << 20
_KEYS = ("creatorcast-ids0", "creatorcast-ids1")


def ids_or_row_numbers(ids: pd.Series, first: int) -> pd.Series:
    """Give the id of each row, and its number in the list where it has none; `first`: rows before
    these.

    >>> ids_or_row_numbers(pd.Series(["a ", None, ""], dtype="str"), 5).tolist()
    ['a', 'row 7', 'row 8']
    """
    ids = ids.astype("str").str.strip()
    told = ids.notna() & (ids != "")
    if told.all():
        return ids
    numbers = pd.Series(range(first + 1, first + 1 + len(ids)), index=ids.index)
    return ids.where(told, "row " + numbers.astype(str))


class DuplicateIds:
    """The ids of a list so far.

    >>> seen = DuplicateIds()
    >>> seen.find_repeats(pd.Series(["a", None, " b", "a "], dtype="str")).tolist()
    [False, False, False, True]
    >>> seen.find_repeats(pd.Series(["b", "c"], dtype="str")).tolist()
    [True, False]
    """

    def __init__(self):
        #: (2, n) hashes, by the first in rising order; all but the last are full.
        self._runs: list[np.ndarray] = []

    def find_repeats(self, ids: pd.Series) -> np.ndarray:
        """Add ids; mark those that an earlier row had, shape (n,). Blanks around them do not count."""
        ids = ids.astype("str").str.strip()
        told = (ids.notna() & (ids != "")).to_numpy(dtype=bool)
        repeated = (ids.duplicated() & told).to_numpy(dtype=bool, copy=True)
        new = np.flatnonzero(told & ~repeated)
        values = ids.iloc[new].to_numpy(dtype=object)
        hashes = np.stack(
            [pd.util.hash_array(values, hash_key=key, categorize=False) for key in _KEYS]
        )
        order = np.argsort(hashes[0], kind="stable")
        hashes = hashes[:, order]
        before = np.zeros(len(new), dtype=bool)
        for run in self._runs:
            before |= _held(run, hashes)
        self._add(hashes[:, ~before])
        repeated[new[order[before]]] = True
        return repeated

    def _add(self, hashes: np.ndarray) -> None:
        if self._runs and self._runs[-1].shape[1] < LARGEST_RUN:
            hashes = np.concatenate([self._runs.pop(), hashes], axis=1)
        self._runs.append(hashes[:, np.argsort(hashes[0], kind="stable")])


def _held(run: np.ndarray, hashes: np.ndarray) -> np.ndarray:
    """Mark the hashes, (2, n), that a run holds; of several with the same first half there are two
    at most.
    """
    at = np.searchsorted(run[0], hashes[0])
    found = np.zeros(hashes.shape[1], dtype=bool)
    for place in (at, at + 1):
        inside = np.minimum(place, run.shape[1] - 1)
        found |= (run[:, inside] == hashes).all(axis=0) if run.shape[1] else False
    return found
