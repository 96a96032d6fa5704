"""Rows on their way to the tables: kept in Parquet parts on disk, so that an export may be larger
than memory.
"""

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from features.tables.schema import CREATORS, FOLLOWERS, PARTNERSHIPS, POSTS, PROSPECTS, TableSpec
from ingest.exports.record_shapes import METRICS

#: Tables that records give. Metrics are counts of posts that other records give.
PART_SPECS = {
    "creators": CREATORS, "followers": FOLLOWERS, "posts": POSTS, METRICS: POSTS,
    "partnerships": PARTNERSHIPS,
    "prospects": PROSPECTS,
}  # fmt: skip
#: Where a row comes from: the number of its file, and of the row in it; which of two rows is the
#: later one.
FILE_COLUMN, ORDER_COLUMN = "_file", "_order"
TYPES = {
    "text": pa.string(), "count": pa.float64(), "real": pa.float64(), "flag": pa.bool_(),
    "time": pa.timestamp("us", tz="UTC"),
}  # fmt: skip
ROWS = 20_000


def part_columns(table: str) -> list[str]:
    """Give the columns that a table of parts has; prospects are told apart by when they were read
    too.
    """
    names = PART_SPECS[table].names
    return names if "observed_at" in names else [*names, "observed_at"]


def part_schema(table: str) -> pa.Schema:
    spec: TableSpec = PART_SPECS[table]
    kinds = {column.name: column.kind for column in spec.columns}
    fields = [(name, TYPES[kinds.get(name, "time")]) for name in part_columns(table)]
    return pa.schema([*fields, (FILE_COLUMN, pa.int32()), (ORDER_COLUMN, pa.int64())])


def to_arrow(frame: pd.DataFrame) -> pa.Table:
    """Give a frame as Arrow; times go without their zone and get it back: pandas 3.1 warns where
    Arrow takes it.
    """
    zoned = frame.select_dtypes("datetimetz").columns
    naive = pa.Table.from_pandas(
        frame.assign(**{name: frame[name].dt.tz_localize(None) for name in zoned}),
        preserve_index=False,
    )
    for name in zoned:
        naive = naive.set_column(
            naive.column_names.index(name), name, naive[name].cast(TYPES["time"])
        )
    return naive


class PartWriter:
    """Rows of one file after another, written to folder/table/N.parquet every ROWS rows."""

    def __init__(self, folder: Path):
        self._folder = folder
        self._rows: dict[str, list[dict]] = {table: [] for table in PART_SPECS}
        self._schemas = {table: part_schema(table) for table in PART_SPECS}
        self._seen: set[tuple] = set()
        self._file, self._order, self._written = 0, 0, 0
        #: Of the file begun last: rows, and rows that know each column, by table.
        self.rows: dict[str, int] = {}
        self.known: dict[str, dict[str, int]] = {}

    def begin_file(self, file: int) -> None:
        """Begin the rows of the next file."""
        self.flush()
        self._file, self.rows, self.known = file, {}, {}

    def add(self, table: str, row: dict) -> None:
        """Add a row; a creator that stands with many posts is kept once, as long as nothing is new
        of it.
        """
        if table == "creators":
            same = tuple(sorted((name, value) for name, value in row.items() if value is not None))
            if same in self._seen:
                return
            self._seen.add(same)
        self._order += 1
        self._rows[table].append({**row, FILE_COLUMN: self._file, ORDER_COLUMN: self._order})
        if len(self._rows[table]) >= ROWS:
            self._write(table)

    def add_frame(self, table: str, frame: pd.DataFrame) -> None:
        """Add the rows of a frame that is in the columns and dtypes of its table."""
        frame = frame.assign(
            **{
                FILE_COLUMN: self._file,
                ORDER_COLUMN: range(self._order + 1, self._order + 1 + len(frame)),
            }
        )
        self._order += len(frame)
        schema, given = self._schemas[table], to_arrow(frame)
        columns = [
            given[f.name].cast(f.type)
            if f.name in given.column_names
            else pa.nulls(len(frame), f.type)
            for f in schema
        ]
        self._store(table, pa.Table.from_arrays(columns, schema=schema))

    @property
    def has_pending_rows(self) -> bool:
        """Whether rows wait to be written."""
        return any(self._rows.values())

    def flush(self) -> None:
        """Write what is still held."""
        for table, rows in self._rows.items():
            if rows:
                self._write(table)
        self._seen.clear()

    def _write(self, table: str) -> None:
        rows, self._rows[table] = self._rows[table], []
        if table == "creators":
            self._seen.clear()
        self._store(table, pa.Table.from_pylist(rows, self._schemas[table]))

    def _store(self, table: str, rows: pa.Table) -> None:
        known = self.known.setdefault(table, {})
        self.rows[table] = self.rows.get(table, 0) + len(rows)
        for name in PART_SPECS[table].names:
            known[name] = known.get(name, 0) + len(rows) - rows[name].null_count
        folder = self._folder / table
        folder.mkdir(parents=True, exist_ok=True)
        self._written += 1
        pq.write_table(rows, folder / f"{self._written:06d}.parquet")
