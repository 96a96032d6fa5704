"""Lists in Parquet, one file or a folder of them, read batch by batch with Arrow."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.types as types

from features.files.parquet import (
    MAX_BATCH_BYTES,
    ParquetError,
    check_texts,
    column_kind,
    decode_column,
    decoded_size,
    first_line,
    open_parquet,
)
from features.tables.schema import PROSPECTS
from ingest.sheets.sheet_types import ColumnMapping
from serving.batch.chunks import Chunk
from serving.batch.errors import BatchError

#: Rows that a list may have.
MOST_ROWS = 100_000_000


class ParquetList:
    """A Parquet list; `columns` maps names of the source to those of PROSPECTS.

    Columns that are not read are never decoded. Raises BatchError for what is no Parquet, has no
    known column, nests values in one, differs between files, or is too large to be decoded.
    """

    position_name = "row"

    def __init__(self, path: Path, columns: dict[str, str | ColumnMapping]):
        self.path, self.notes = path, []
        self.files = _files(path)
        try:
            self._open(columns)
        except ParquetError as error:
            raise BatchError(str(error)) from error

    def _open(self, columns: dict[str, str | ColumnMapping]) -> None:
        path = self.path
        first = open_parquet(self.files[0])
        self._all = list(first.schema_arrow.names)
        self.names = _names(path, self._all, columns)
        self.header = [name for name in self._all if name in self.names]
        if unread := [
            repr(name) for name in self._all if name not in self.names and name not in columns
        ]:
            self.notes.append(f"not read, because a list has no such columns: {', '.join(unread)}")
        sorts = self._sorts(self.files[0], first.schema_arrow)
        if days := [
            repr(name) for name in self.header if _holds_days(first.schema_arrow.field(name))
        ]:
            self.notes.append(
                f"days without a time are taken as midnight in UTC: {', '.join(days)}"
            )
        self._groups: list[tuple[Path, int, int]] = []
        self._rows: dict[Path, int] = {}
        for number, file in enumerate(self.files):
            self._take(file, open_parquet(file) if number else first, sorts)
        self.total = sum(rows for _, _, rows in self._groups)
        if self.total > MOST_ROWS:
            raise BatchError(
                f"{str(path)!r} has {self.total:,} rows, at most {MOST_ROWS:,} are scored: split it"
            )

    def _take(self, file: Path, parquet: pq.ParquetFile, sorts: dict[str, str]) -> None:
        """Take up a file: its row groups, and how many rows of it are decoded at a time."""
        self._compare(file, parquet.schema_arrow, sorts)
        self._groups += _row_groups(file, parquet)
        self._rows[file] = decoded_size(file, parquet, self.header).rows(MOST_ROWS)

    def chunks(self, rows: int) -> Iterator[Chunk]:
        """Give the rows, so many at a time."""
        start = 0
        for table in _steady(self._batches(rows, self.header), rows):
            yield self._lot(table, start)
            start += len(table)

    def id_chunks(self, rows: int) -> Iterator[Chunk]:
        """As `chunks`, but of the rows only their partnership_id, if they have one, is read."""
        start, names = (
            0,
            {source: name for source, name in self.names.items() if name == "partnership_id"},
        )
        for table in _steady(self._batches(rows, list(names) or self.header[:1]), rows):
            yield Chunk(
                _frame(table, names),
                np.arange(start + 1, start + 1 + len(table)),
                lambda wanted: [],
            )
            start += len(table)

    def chunk_at(self, first: int, rows: int) -> Chunk:
        """Give the lot of so many rows after the `first` ones."""
        parts, before = [], 0
        for file, group, count in self._groups:
            if before < first + rows and before + count > first:
                start = max(first - before, 0)
                parts += _within(
                    self._decoded(file, group, rows, self.header), start, first + rows - before
                )
            before += count
        return self._lot(pa.concat_tables(parts, promote_options="permissive"), first)

    def _lot(self, table: pa.Table, start: int) -> Chunk:
        places = np.arange(start + 1, start + 1 + len(table))
        try:
            check_texts(self.path, table)
            return Chunk(_frame(table, self.names), places, lambda wanted: _text(table, wanted))
        except ParquetError as error:
            raise BatchError(str(error)) from error
        except (
            pa.ArrowException,
            KeyError,
            OverflowError,
        ) as error:  # a time zone that there is not, among others
            raise BatchError(f"{str(self.path)!r} cannot be read: {first_line(error)}") from error

    def _batches(self, rows: int, columns: list[str]) -> Iterator[pa.RecordBatch]:
        for file, group, _ in self._groups:
            yield from self._decoded(file, group, rows, columns)

    def _decoded(
        self, file: Path, group: int, rows: int, columns: list[str]
    ) -> Iterator[pa.RecordBatch]:
        """Decode a row group, a few rows at a time."""
        rows = min(rows, self._rows[file])
        try:
            with open_parquet(file) as parquet:
                # a reader of all row groups would keep the bytes of those that are done
                yield from parquet.iter_batches(
                    batch_size=rows, row_groups=[group], columns=columns
                )
        except (OSError, pa.ArrowException) as error:
            raise BatchError(f"{str(file)!r} cannot be read: {first_line(error)}") from error

    def _sorts(self, file: Path, schema: pa.Schema) -> dict[str, str]:
        """Say what each known column holds."""
        known = self.names.keys() & set(schema.names)
        return {source: column_kind(file, schema.field(source)) for source in known}

    def _compare(self, file: Path, schema: pa.Schema, wanted: dict[str, str]) -> None:
        found = self._sorts(file, schema)
        absent = [name for name in self._all if name not in schema.names]
        other = [
            f"{name!r} holds {found[name]}, not {sort}"
            for name, sort in wanted.items()
            if name in found and found[name] != sort and "nothing" not in (found[name], sort)
        ]
        if absent or other:
            wrong = "; ".join([f"lacks the column {name!r}" for name in absent] + other)
            raise BatchError(
                f"{str(file)!r} {wrong}: expected what {str(self.files[0])!r} has; score it apart"
            )


def _frame(table: pa.Table, names: dict[str, str]) -> pd.DataFrame:
    """Give the columns of `names`, source -> canonical name."""
    columns = {}
    for source, name in names.items():
        values = decode_column(table[source])
        column = values.to_pandas(date_as_object=False)
        columns[name] = column.dt.tz_localize("UTC") if types.is_date(values.type) else column
    return pd.DataFrame(columns, index=range(len(table)))


def _holds_days(field: pa.Field) -> bool:
    return types.is_date(field.type.value_type if types.is_dictionary(field.type) else field.type)


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    files = sorted(
        file
        for file in path.rglob("*.parquet")
        if not file.is_dir()
        and not any(part.startswith((".", "_")) for part in file.relative_to(path).parts)
    )
    if not files:
        raise BatchError(
            f"{str(path)!r} is a folder without a .parquet file: give a list, or a folder of Parquet files"
        )
    return files


def _row_groups(file: Path, parquet: pq.ParquetFile) -> list[tuple[Path, int, int]]:
    """Give file, number and rows of each row group."""
    return [
        (file, group, parquet.metadata.row_group(group).num_rows)
        for group in range(parquet.num_row_groups)
    ]


def _names(
    path: Path, header: list[str], columns: dict[str, str | ColumnMapping]
) -> dict[str, str]:
    """Give source -> canonical name of the columns that are read."""
    said = {
        source: column if isinstance(column, ColumnMapping) else ColumnMapping(column)
        for source, column in columns.items()
    }
    written = [source for source, column in said.items() if column.unit or column.decimal]
    if written:
        raise BatchError(
            f"the map gives {written[0]!r} a unit or a decimal mark: the numbers of Parquet are taken as they are"
        )
    if explained := [source for source, column in said.items() if column.values]:
        raise BatchError(
            f"the map explains values of {explained[0]!r}: those of Parquet are taken as they are"
        )
    names = {source: said[source].column if source in said else source for source in header}
    read = {source: name for source, name in names.items() if name in PROSPECTS.names}
    unknown = [
        name
        for source, name in names.items()
        if source in said and name not in (*PROSPECTS.names, "", "-")
    ]
    if unknown:
        raise BatchError(
            f"{unknown[0]!r} in the map is no column: expected one of {', '.join(PROSPECTS.names)}"
        )
    for name in read.values():
        same = [source for source, other in read.items() if other == name]
        same += [same[0]] * (header.count(same[0]) - 1)
        if len(same) > 1:
            raise BatchError(
                f"{str(path)!r} has {name} twice, as {' and '.join(map(repr, same))}: keep one"
            )
    if not read:
        raise BatchError(
            f"{str(path)!r} has none of the columns of a prospect list: found {', '.join(header) or 'none'}; expected "
            f"creator_id, or platform with followers and averages; a map file names them"
        )
    return read


def _steady(batches: Iterator[pa.RecordBatch], rows: int) -> Iterator[pa.Table]:
    """Cut batches of any size into tables of so many rows, or of fewer where those would be too
    large.
    """
    held: list[pa.RecordBatch] = []
    for batch in batches:
        if held and _bytes(held) + batch.nbytes > MAX_BATCH_BYTES:
            yield pa.Table.from_batches(held)
            held = []
        held.append(batch)
        while sum(map(len, held)) >= rows:
            table = pa.Table.from_batches(held)
            yield table.slice(0, rows)
            held = table.slice(rows).to_batches()
    if held:
        yield pa.Table.from_batches(held)


def _bytes(batches: list[pa.RecordBatch]) -> int:
    return sum(batch.nbytes for batch in batches)


def _within(batches: Iterator[pa.RecordBatch], start: int, end: int) -> Iterator[pa.Table]:
    """Give the rows from `start` to before `end` of batches; those after it are not decoded."""
    before = 0
    for batch in batches:
        first, last = max(start - before, 0), min(end - before, len(batch))
        if first < last:
            yield pa.Table.from_batches([batch.slice(first, last - first)])
        before += len(batch)
        if before >= end:
            return


def _text(table: pa.Table, rows: list[int]) -> list[list[str]]:
    columns = [_texts(column.take(pa.array(rows, pa.int64()))) for column in table.columns]
    return list(map(list, zip(*columns, strict=True)))


def _texts(values: pa.ChunkedArray) -> list[str]:
    """Give values as text, moments in ISO form, also those of years that no datetime has; null is
    empty.
    """
    values = values.cast(values.type.value_type) if types.is_dictionary(values.type) else values
    if types.is_date(values.type) or types.is_timestamp(values.type):
        return _moments(values)
    return ["" if value is None else str(value) for value in values.to_pylist()]


def _moments(values: pa.ChunkedArray) -> list[str]:
    zone = "Z" if getattr(values.type, "tz", None) else ""
    if types.is_date(values.type):
        values = values.cast(pa.date32())
    unit = "D" if types.is_date(values.type) else values.type.unit
    numbers = values.cast(pa.int32() if unit == "D" else pa.int64()).to_pylist()
    moments = (None if number is None else np.datetime64(number, unit) for number in numbers)
    return [
        "" if moment is None else f"{np.datetime_as_string(moment)}{zone}" for moment in moments
    ]
