"""The snapshot: what is known of every account at one moment, in one Arrow IPC file of which
workers map a copy.

One record batch, accounts in the order of a 64-bit hash of their names, so that a look-up is a
binary search; what a query needs of an account lies together, so that an answer touches few
pages. Numbers are kept as they are (float64): an answer from a snapshot equals the one from the
tables.

A service asks about known creators like this:

>>> snapshot = Snapshot.open("artifacts/snapshot.arrow")  # doctest: +SKIP
>>> snapshot.check(bundle.reference, bundle.version)  # doctest: +SKIP
>>> row = snapshot.find("instagram", "ana.cooks")  # doctest: +SKIP
>>> now, planned = np.array([snapshot.as_of_us]), {"format": np.array([2.0])}  # doctest: +SKIP
>>> queries = Queries.from_arrays(  # doctest: +SKIP
...     np.array([row]), now, start, planned, snapshot.topics
... )
>>> x = query_features(  # doctest: +SKIP
...     snapshot.account_features([row]), queries, bundle.reference
... )

`snapshot.features(row)` returns what is known of a creator without a query, for a page about it.
"""

import mmap
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from features.derive.account_features import AccountFeatures
from features.derive.catalog import QUERY_INDEPENDENT_COLUMNS
from features.derive.feature_matrix import COLUMN_INDEX
from features.derive.planned_post import PastPosts
from features.derive.reference import Reference
from features.history.account_keys import (
    account_key,
    account_name,
    creator_ids,
    split_account_name,
)
from features.history.panel import padded_width
from features.history.post_readings import CONTENT_FIELDS
from features.snapshot.snapshot_file import (
    REMEDY,
    SnapshotError,
    batch_digest,
    check_fits,
    map_batch,
    parse_metadata,
    private_copy,
    read_metadata,
)

#: Rows after whose reading the pages of the file are given back: the kernel maps some 64 kB about
#: each place read.
KEPT_ROWS = 200


class Snapshot:
    """What is known of every account as of `as_of`; made by `open`. Any number of threads may ask
    at once.

    `as_of` a UTC time, `as_of_us` the same in microseconds; `horizon_days`, `version` (of the
    bundle whose reference it rests on) and `topics` (those that the codes of posts stand for).
    """

    def __init__(self, batch: pa.RecordBatch, mapped: mmap.mmap):
        meta = parse_metadata(batch.schema)
        self._mapped, self._read = mapped, 0
        self.as_of = pd.Timestamp(meta["as_of"])
        self.as_of_us = self.as_of.value // 1000
        self.horizon_days: int = meta["horizon_days"]
        self.version: str = meta["version"]
        self.topics = tuple(meta["topics"])
        self._meta = meta
        self._keys = batch["key"].to_numpy()
        self._accounts = batch["account"]
        self._names = _Texts(self._accounts)
        self._known = _matrix(batch["state"])
        self._niches = _matrix(batch["niches"]) if "niches" in batch.schema.names else None
        self._start = np.frombuffer(batch["posts"].buffers()[1], np.int64, len(batch) + 1)
        posts = batch["posts"].values
        self._posts = {
            posts.type[i].name: posts.field(i).to_numpy() for i in range(posts.type.num_fields)
        }

    @classmethod
    def open(
        cls, path: Path | str, reference: Reference | None = None, version: str = ""
    ) -> "Snapshot":
        """Copy a snapshot, read the copy through once and map it, some seconds for 1 GB; hold it
        against a reference.

        What becomes of the file afterwards changes no answer: the copy, in the temporary folder,
        has no name by which anybody could open it. Raises SnapshotError where the file is missing,
        cut short, changed or of another format, where there is no room for the copy, and as `check`
        does where a `reference` is given, before it is copied.
        """
        meta = read_metadata(path)
        if reference is not None:
            check_fits(meta, reference, version)
        with private_copy(path) as copy:
            batch, _ = map_batch(copy, path)
            if batch_digest(batch) != meta["sha256"]:
                raise SnapshotError(f"{str(path)!r} was changed since it was written: {REMEDY}")
            # anew, so that what was read through does not stay resident
            return cls(*map_batch(copy, path))

    def check(self, reference: Reference, version: str) -> None:
        """Raise SnapshotError unless it rests on this reference and was written by this version of
        the features.
        """
        check_fits(self._meta, reference, version)

    def __len__(self) -> int:
        return len(self._keys)

    def find(self, platform: str, creator_id: str) -> int:
        """Return the row of an account, -1 where it is not known. Costs some microseconds."""
        name = account_name(platform, creator_id)
        key, text = account_key(name), name.encode()
        row = int(self._keys.searchsorted(key))
        # of two names with one hash the text tells which
        while row < len(self._keys) and self._keys[row] == key:
            if self._names[row] == text:
                return row
            row += 1
        return -1

    def account(self, row: int) -> tuple[str, str]:
        """Return platform and creator_id of a row."""
        return split_account_name(self._names[row].decode())

    def creator_ids(self) -> pa.Array:
        """Return the creator_id of every row as text, (accounts,); reads all names."""
        ids = creator_ids(self._accounts)
        self._release(len(self))
        return ids

    def account_features(self, rows: Sequence[int] | np.ndarray) -> AccountFeatures:
        """Return what is known of the accounts at `rows` (n,), for
        `features.derive.queries.query_features`.
        """
        rows = np.asarray(rows, dtype=np.int64)
        niches = None if self._niches is None else self._niches[rows]
        state = AccountFeatures(self._known[rows], niches, self._past(rows))
        self._release(len(rows))
        return state

    def features(self, row: int) -> dict[str, float | None]:
        """Return the features of one account that are the same for every query:
        `features.derive.catalog.QUERY_INDEPENDENT_COLUMNS`, None where unknown.
        """
        account = self._known[row].tolist()
        values = {name: account[COLUMN_INDEX[name]] for name in QUERY_INDEPENDENT_COLUMNS}
        return {name: None if value != value else value for name, value in values.items()}

    def columns(self, names: Sequence[str]) -> dict[str, np.ndarray]:
        """Return ACCOUNT_COLUMNS of all accounts, (accounts,) each; reads the file through."""
        columns = {name: self._known[:, COLUMN_INDEX[name]].copy() for name in names}
        self._release(len(self))
        return columns

    def _release(self, rows: int) -> None:
        """Release the mapped pages after every KEPT_ROWS rows: each row that is read loads its
        neighbours too, and in the end the whole file.
        """
        self._read += rows
        if self._read > KEPT_ROWS and hasattr(mmap, "MADV_DONTNEED"):
            self._read = 0
            # of a file that is only read, other threads find the pages again
            self._mapped.madvise(mmap.MADV_DONTNEED)

    def _past(self, rows: np.ndarray) -> PastPosts | None:
        start, count = self._start[rows], self._start[rows + 1] - self._start[rows]
        has = np.flatnonzero(count)
        if not len(has):
            return None
        place = np.arange(padded_width(int(count.max())))
        exists = place < count[has, None]
        index = np.where(exists, start[has, None] + place, 0)

        def gathered(name: str, nothing: float = np.nan) -> np.ndarray:
            return np.where(exists, self._posts[name][index], nothing)

        topic = gathered("topic", -1.0) if "topic" in self._posts else np.full(index.shape, -1.0)
        return PastPosts(
            has,
            gathered("residual"),
            gathered("weight", 0.0),
            gathered("format"),
            np.where(topic < 0, np.nan, topic),
            {
                name: gathered(name).astype(float)
                if name in self._posts
                else np.full(index.shape, np.nan)
                for name in CONTENT_FIELDS
            },
        )


class _Texts:
    """Texts of an Arrow array as bytes, one at a time and without a copy of the others."""

    def __init__(self, values: pa.Array):
        _, starts, content = values.buffers()
        self._starts = np.frombuffer(starts, np.int64, len(values) + 1)
        self._content = memoryview(content) if content is not None else memoryview(b"")

    def __getitem__(self, row: int) -> bytes:
        return bytes(self._content[self._starts[row] : self._starts[row + 1]])


def _matrix(column: pa.FixedSizeListArray) -> np.ndarray:
    return column.values.to_numpy().reshape(len(column), -1)
