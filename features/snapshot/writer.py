"""Writing a snapshot: the features of every account of a history, in the order in which
`features.snapshot.reader` finds them.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from features.derive.account_features import AccountFeatures, account_features_at
from features.derive.digest import reference_digest
from features.derive.feature_matrix import ACCOUNT_COLUMNS
from features.derive.reference import Reference
from features.derive.version import FEATURES_VERSION
from features.files.atomic import replace_file
from features.history.account_keys import account_key
from features.history.history import History
from features.history.post_readings import CONTENT_FIELDS, WINDOW_POSTS
from features.snapshot.snapshot_file import FORMAT_VERSION, SnapshotError, batch_digest
from features.tables.vocabulary import NICHES
from features.threads import map_threads, split_rows

#: Accounts described at a time, by each thread.
CHUNK = 1024


@dataclass(frozen=True)
class _Columns:
    """What is written, allocated whole: accounts in the order of their keys, posts account by
    account.
    """

    values: np.ndarray
    niches: np.ndarray | None
    start: np.ndarray
    posts: dict[str, np.ndarray]

    @classmethod
    def of(cls, history: History, count: np.ndarray) -> "_Columns":
        """Make room for accounts with `count` posts each."""
        start = np.concatenate([[0], np.cumsum(count)])
        kinds = {"residual": float, "weight": float, "format": np.int8}
        if history.topics:
            kinds["topic"] = np.int32
        columns = history.posts.columns
        kinds |= {name: np.float32 for name in CONTENT_FIELDS if not np.isnan(columns[name]).all()}
        wrote = history.captions is not None or history.bios is not None
        return cls(
            np.empty((len(count), len(ACCOUNT_COLUMNS))),
            np.empty((len(count), len(NICHES))) if wrote else None,
            start,
            {name: np.empty(start[-1], kind) for name, kind in kinds.items()},
        )

    def fill(self, rows: np.ndarray, state: AccountFeatures) -> None:
        """Write the state of the accounts at `rows`."""
        self.values[rows] = state.values
        if self.niches is not None:
            self.niches[rows] = state.niches
        past = state.posts
        if past is None:
            return
        exists = ~np.isnan(past.residual)
        place = (self.start[rows[past.rows]][:, None] + np.arange(exists.shape[1]))[exists]
        values = {
            "residual": past.residual,
            "weight": past.weights,
            "format": past.format,
            **past.content,
        }
        values["topic"] = np.where(np.isnan(past.topic), -1, past.topic)
        for name, column in self.posts.items():
            column[place] = values[name][exists]


def write_snapshot(
    history: History,
    reference: Reference,
    as_of: pd.Timestamp,
    path: Path | str,
    version: str,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> int:
    """Write the state of every account of `history` at `as_of`, a time with a zone; return their
    number.

    `version`: of the bundle that `reference` belongs to; `progress` hears of accounts done. The
    file appears whole or not at all. Raises SnapshotError where it cannot be written.
    """
    names = history.accounts.tolist()
    keys = np.array([account_key(name) for name in names], dtype=np.uint64)
    order = np.argsort(keys, kind="stable")
    moment = as_of.value // 1000
    columns = _described(history, reference, moment, order, progress)
    meta = {
        "format": FORMAT_VERSION,
        "version": version,
        "as_of": as_of.isoformat(),
        "horizon_days": reference.horizon_days,
        "topics": history.topics,
        "columns": ACCOUNT_COLUMNS,
        "features_version": FEATURES_VERSION,
        "reference": reference_digest(reference),
    }
    _write(_batch(columns, keys[order], [names[row] for row in order], meta), Path(path))
    return len(names)


def _described(
    history: History,
    reference: Reference,
    moment: int,
    order: np.ndarray,
    progress: Callable[[int, int], None],
) -> _Columns:
    history = reference.at_horizon(history)
    known = history.posts_with_engagements.known_count(order, np.full(len(order), moment))
    count = np.minimum(known, WINDOW_POSTS)
    columns = _Columns.of(history, count)
    done = 0

    def describe(part: slice) -> None:
        nonlocal done
        rows = alike[part]
        account = order[rows]
        as_of = np.full(len(rows), moment)
        columns.fill(
            rows, account_features_at(history, account, as_of, np.zeros(len(rows)), reference)
        )
        done += len(rows)
        progress(done, len(order))

    # accounts with about as many posts go together, so that their matrices are no wider than they
    # need
    alike = np.argsort(count, kind="stable")
    map_threads(describe, split_rows(len(alike), CHUNK))
    return columns


def _batch(columns: _Columns, keys: np.ndarray, names: list[str], meta: dict) -> pa.RecordBatch:
    post = pa.StructArray.from_arrays(
        [pa.array(values) for values in columns.posts.values()], list(columns.posts)
    )
    arrays = {
        "key": pa.array(keys),
        "account": pa.array(names, pa.large_string()),
        "state": _rows(columns.values),
        **({} if columns.niches is None else {"niches": _rows(columns.niches)}),
        "posts": pa.LargeListArray.from_arrays(pa.array(columns.start), post),
    }
    batch = pa.RecordBatch.from_pydict(arrays, metadata={"creatorcast": json.dumps(meta)})
    meta["sha256"] = batch_digest(batch)
    return batch.replace_schema_metadata({"creatorcast": json.dumps(meta)})


def _rows(matrix: np.ndarray) -> pa.FixedSizeListArray:
    return pa.FixedSizeListArray.from_arrays(pa.array(matrix.ravel()), matrix.shape[1])


def _write(batch: pa.RecordBatch, path: Path) -> None:
    def write(beside: Path) -> None:
        with pa.OSFile(str(beside), "wb") as sink, pa.ipc.new_file(sink, batch.schema) as writer:
            writer.write_batch(batch)

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SnapshotError(f"{str(path.parent)!r} cannot be made: {error.strerror}") from error
    try:
        replace_file(path, write)
    except OSError as error:
        raise SnapshotError(
            f"{str(path)!r} cannot be written: {error.strerror or error}"
        ) from error
