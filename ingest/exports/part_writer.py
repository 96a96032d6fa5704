"""Rows on their way to the tables: held in Parquet parts on disk, so that an export may be larger
than memory.
"""

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from features.tables.schema import CREATORS, FOLLOWERS, PARTNERSHIPS, POSTS, PROSPECTS
from ingest.shapes.record_shapes import METRICS

#: Tables of which there are records. Metrics are counts of posts that have other records.
PART_SPECS = {
    "creators": CREATORS,
    "followers": FOLLOWERS,
    "posts": POSTS,
    METRICS: POSTS,
    "partnerships": PARTNERSHIPS,
    "prospects": PROSPECTS,
}
#: Where a row comes from: the number of its file, and of the row among all; the higher is the
#: later one.
FILE_COLUMN, ORDER_COLUMN = "_file", "_order"
ARROW_TYPES = {
    "text": pa.string(),
    "count": pa.float64(),
    "real": pa.float64(),
    "flag": pa.bool_(),
    "time": pa.timestamp("us", tz="UTC"),
}
#: Rows of a table that are held before they are written.
PART_ROWS = 20_000


def part_columns(table: str) -> list[str]:
    """Return the columns of a table's parts: its own, and when a row was read where it has no
    column for it, as prospects.
    """
    names = PART_SPECS[table].names
    return names if "observed_at" in names else [*names, "observed_at"]


def part_schema(table: str) -> pa.Schema:
    """Return the Arrow schema of a table's parts."""
    kinds = {column.name: column.kind for column in PART_SPECS[table].columns}
    fields = [(name, ARROW_TYPES[kinds.get(name, "time")]) for name in part_columns(table)]
    return pa.schema([*fields, (FILE_COLUMN, pa.int32()), (ORDER_COLUMN, pa.int64())])


def to_arrow(frame: pd.DataFrame) -> pa.Table:
    """Return a frame as an Arrow table; its times are in UTC."""
    # times go without their zone and get it back: pandas 3.1 warns where Arrow takes it
    zoned = frame.select_dtypes("datetimetz").columns
    without_zone = {name: frame[name].dt.tz_localize(None) for name in zoned}
    table = pa.Table.from_pandas(frame.assign(**without_zone), preserve_index=False)
    for name in zoned:
        position = table.column_names.index(name)
        table = table.set_column(position, name, table[name].cast(ARROW_TYPES["time"]))
    return table


class PartWriter:
    """Writes the rows of one file after another to folder/table/N.parquet, every PART_ROWS rows.

    `rows`: rows of the file begun last, by table. `known`: of these, rows that know each column.
    """

    def __init__(self, folder: Path):
        self._folder = folder
        self._pending: dict[str, list[dict]] = {table: [] for table in PART_SPECS}
        self._schemas = {table: part_schema(table) for table in PART_SPECS}
        self._recent_creators: set[tuple] = set()
        self._file, self._order, self._written_parts = 0, 0, 0
        self.rows: dict[str, int] = {}
        self.known: dict[str, dict[str, int]] = {}

    def begin_file(self, file: int) -> None:
        """Begin the rows of the next file."""
        self.flush()
        self._file, self.rows, self.known = file, {}, {}

    def add(self, table: str, row: dict) -> None:
        """Add a row; a creator that stands with many posts is kept once, as long as its rows are
        the same.
        """
        if table == "creators":
            values = sorted((name, value) for name, value in row.items() if value is not None)
            content = tuple(values)
            if content in self._recent_creators:
                return
            self._recent_creators.add(content)
        self._order += 1
        self._pending[table].append({**row, FILE_COLUMN: self._file, ORDER_COLUMN: self._order})
        if len(self._pending[table]) >= PART_ROWS:
            self._write_pending(table)

    def add_frame(self, table: str, frame: pd.DataFrame) -> None:
        """Add the rows of a frame that is in the columns and dtypes of its table."""
        schema, rows = self._schemas[table], len(frame)
        first = self._order + 1
        order = {FILE_COLUMN: self._file, ORDER_COLUMN: range(first, first + rows)}
        self._order += rows
        columns = to_arrow(frame.assign(**order))
        arrays = [
            columns[field.name].cast(field.type)
            if field.name in columns.column_names
            else pa.nulls(rows, field.type)
            for field in schema
        ]
        self._write(table, pa.Table.from_arrays(arrays, schema=schema))

    @property
    def has_pending_rows(self) -> bool:
        """Whether rows wait to be written."""
        return any(self._pending.values())

    def flush(self) -> None:
        """Write what is still held."""
        for table, rows in self._pending.items():
            if rows:
                self._write_pending(table)
        self._recent_creators.clear()

    def _write_pending(self, table: str) -> None:
        rows, self._pending[table] = self._pending[table], []
        if table == "creators":
            self._recent_creators.clear()
        self._write(table, pa.Table.from_pylist(rows, self._schemas[table]))

    def _write(self, table: str, rows: pa.Table) -> None:
        self.rows[table] = self.rows.get(table, 0) + len(rows)
        counts = self.known.setdefault(table, {})
        for name in PART_SPECS[table].names:
            counts[name] = counts.get(name, 0) + len(rows) - rows[name].null_count
        folder = self._folder / table
        folder.mkdir(parents=True, exist_ok=True)
        self._written_parts += 1
        pq.write_table(rows, folder / f"{self._written_parts:06d}.parquet")
