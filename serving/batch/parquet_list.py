"""Lists in Parquet, one file or a folder of them, read batch by batch with Arrow."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from features.errors import short_text
from features.files.parquet import (
    MAX_BATCH_BYTES,
    ParquetError,
    check_texts,
    column_kind,
    decode_column,
    decoded_size,
    open_parquet,
)
from ingest.sheets.sheet_types import ColumnMapping
from serving.batch.chunks import Chunk
from serving.batch.errors import BatchError
from serving.batch.parquet_columns import (
    canonical_frame,
    canonical_names,
    holds_days,
    own_type,
    row_texts,
)
from serving.workbook.list_cells import NAME, NO_NUMBERS, POINT

#: Rows that a list may have.
MAX_ROWS = 100_000_000


class RowGroup(NamedTuple):
    """A row group of a file, with its number and its rows."""

    file: Path
    number: int
    rows: int


class ParquetList:
    """A Parquet list; `columns` maps names of the source to those of PROSPECTS.

    Columns that are not read are never decoded. Raises BatchError for what is no Parquet, has no
    known column, nests values in one, differs between files, or is too large to be decoded.
    """

    position_name = "row"
    #: Workers of a cluster see their own rows alone.
    tells_offers = False
    total: int | None

    def __init__(self, path: Path, columns: dict[str, str | ColumnMapping]):
        self.path = path
        self.notes: list[str] = []
        self.files = _parquet_files(path)
        try:
            self._open(columns)
        except ParquetError as error:
            raise BatchError(str(error)) from error

    def _open(self, columns: dict[str, str | ColumnMapping]) -> None:
        first = open_parquet(self.files[0])
        schema = first.schema_arrow
        self._source_names = list(schema.names)
        self.names = canonical_names(self.path, self._source_names, columns)
        self.header = [name for name in self._source_names if name in self.names]
        self.faulty_names = {name: place for place, name in enumerate(self.header)}
        self.faulty_names |= {self.names[name]: place for place, name in enumerate(self.header)}
        self.own_fields = _flat_fields(self.files[0], schema)
        #: Own columns that chunks give, and all columns that are decoded.
        self.kept: list[str] = []
        self.decoded = self.header
        self._add_notes(schema, columns)
        kinds = self._column_kinds(self.files[0], schema)
        self._groups: list[RowGroup] = []
        #: Rows of a file that are decoded at a time.
        self._batch_rows: dict[Path, int] = {}
        for number, file in enumerate(self.files):
            self._add_file(file, open_parquet(file) if number else first, kinds)
        rows = sum(group.rows for group in self._groups)
        if rows > MAX_ROWS:
            raise BatchError(
                f"{str(self.path)!r} has {rows:,} rows, at most {MAX_ROWS:,} are scored: split it"
            )
        self.total = rows

    def _add_notes(self, schema: pa.Schema, columns: dict[str, str | ColumnMapping]) -> None:
        unknown = [
            repr(name)
            for name in self._source_names
            if name not in self.names and name not in columns
        ]
        if unknown:
            self.notes.append(f"not read, because a list has no such columns: {', '.join(unknown)}")
        days = [repr(name) for name in self.header if holds_days(schema.field(name))]
        if days:
            self.notes.append(
                f"days without a time are taken as midnight in UTC: {', '.join(days)}"
            )

    def _add_file(self, file: Path, parquet: pq.ParquetFile, kinds: dict[str, str]) -> None:
        """Add the row groups of a file whose columns hold what those of the first file hold."""
        self._check_columns(file, parquet.schema_arrow, kinds)
        for number in range(parquet.num_row_groups):
            rows = parquet.metadata.row_group(number).num_rows
            self._groups.append(RowGroup(file, number, rows))
        self._batch_rows[file] = decoded_size(file, parquet, self.header).rows(MAX_ROWS)

    def _column_kinds(self, file: Path, schema: pa.Schema) -> dict[str, str]:
        """Return which kind of values each known column holds."""
        known = self.names.keys() & set(schema.names)
        return {source: column_kind(file, schema.field(source)) for source in known}

    def _check_columns(self, file: Path, schema: pa.Schema, kinds: dict[str, str]) -> None:
        """Raise BatchError where a file lacks a column, or has one of another kind."""
        own_kinds = self._column_kinds(file, schema)
        faults = [
            f"lacks the column {name!r}" for name in self._source_names if name not in schema.names
        ]
        for name, kind in kinds.items():
            own_kind = own_kinds.get(name, kind)
            if own_kind != kind and "nothing" not in (own_kind, kind):
                faults.append(f"{name!r} holds {own_kind}, not {kind}")
        if faults:
            raise BatchError(
                f"{str(file)!r} {'; '.join(faults)}: expected what {str(self.files[0])!r} has; "
                f"score it apart"
            )

    def keep_columns(self, names: Sequence[str]) -> None:
        """Have chunks give these own columns. Raises BatchError where a file's is of another kind,
        or unpacks to too much.
        """
        self.kept = list(names)
        self.decoded = list(dict.fromkeys([*self.header, *names]))
        if self.decoded == self.header:
            return
        try:
            wanted = {name: column_kind(self.files[0], self._own_field(name)) for name in names}
            for file in self.files:
                parquet = open_parquet(file)
                self._check_kinds(file, parquet.schema_arrow, wanted)
                self._batch_rows[file] = decoded_size(file, parquet, self.decoded).rows(MAX_ROWS)
        except ParquetError as error:
            raise BatchError(str(error)) from error

    def _own_field(self, name: str) -> pa.Field:
        return next(field for field in self.own_fields if field.name == name)

    def _check_kinds(self, file: Path, schema: pa.Schema, wanted: dict[str, str]) -> None:
        """Raise BatchError where a kept column of a file holds something else than in the first."""
        for name, kind in wanted.items():
            own_kind = column_kind(file, schema.field(name))
            if own_kind != kind:
                raise BatchError(
                    f"{str(file)!r} {name!r} holds {own_kind}, not {kind}: expected what "
                    f"{str(self.files[0])!r} has; score it apart, or leave it out of --columns"
                )

    def chunks(self, rows: int) -> Iterator[Chunk]:
        """Yield the rows, so many at a time."""
        first = 0
        for table in _tables_of(self._batches(rows, self.decoded), rows):
            yield self._chunk(table, first)
            first += len(table)

    def id_chunks(self, rows: int) -> Iterator[Chunk]:
        """Yield chunks as `chunks` does, with the column partnership_id alone, if there is one."""
        names = {source: name for source, name in self.names.items() if name == "partnership_id"}
        first = 0
        for table in _tables_of(self._batches(rows, list(names) or self.header[:1]), rows):
            positions = np.arange(first + 1, first + 1 + len(table))
            yield Chunk(canonical_frame(table, names), positions, lambda wanted: [])
            first += len(table)

    def chunk_at(self, first: int, rows: int) -> Chunk:
        """Return the chunk of so many rows after the `first` ones."""
        parts: list[pa.Table] = []
        before = 0
        for group in self._groups:
            if before < first + rows and before + group.rows > first:
                batches = self._decode(group, rows, self.decoded)
                parts += _slice_batches(batches, max(first - before, 0), first + rows - before)
            before += group.rows
        return self._chunk(pa.concat_tables(parts, promote_options="permissive"), first)

    def _chunk(self, table: pa.Table, first: int) -> Chunk:
        """Return a table as a chunk. `first`: rows of the list before it."""
        positions = np.arange(first + 1, first + 1 + len(table))
        try:
            check_texts(self.path, table)
            rows = canonical_frame(table, self.names)
        except ParquetError as error:
            raise BatchError(str(error)) from error
        except (pa.ArrowException, KeyError, OverflowError) as error:  # an unknown time zone, ...
            raise BatchError(f"{str(self.path)!r} cannot be read: {short_text(error)}") from error
        known = table.select(self.header)
        return Chunk(
            rows,
            positions,
            lambda wanted: row_texts(known, wanted),
            own=partial(_own_columns, table.select(self.kept), self._own_schema()),
        )

    def _own_schema(self) -> pa.Schema:
        return pa.schema([self._own_field(name) for name in self.kept])

    def _batches(self, rows: int, columns: list[str]) -> Iterator[pa.RecordBatch]:
        for group in self._groups:
            yield from self._decode(group, rows, columns)

    def _decode(self, group: RowGroup, rows: int, columns: list[str]) -> Iterator[pa.RecordBatch]:
        """Yield the rows of a row group, at most so many at a time."""
        rows = min(rows, self._batch_rows[group.file])
        try:
            # a reader of all row groups would keep the bytes of those that are done
            with open_parquet(group.file) as parquet:
                yield from parquet.iter_batches(
                    batch_size=rows, row_groups=[group.number], columns=columns
                )
        except (OSError, pa.ArrowException) as error:
            raise BatchError(f"{str(group.file)!r} cannot be read: {short_text(error)}") from error


def _own_columns(table: pa.Table, schema: pa.Schema, rows: np.ndarray) -> pa.Table:
    """Return the kept columns of some rows, in the types of the answers."""
    places = pa.array(rows, pa.int64())
    columns = [
        # not every type of Arrow can be taken from
        decode_column(column).cast(field.type, safe=False).take(places)
        for column, field in zip(table.columns, schema, strict=True)
    ]
    return pa.table(columns, schema=schema)


def _flat_fields(file: Path, schema: pa.Schema) -> list[pa.Field]:
    """Return the columns that hold plain values, of different names, as answers have them."""
    fields = []
    for field in schema:
        try:
            column_kind(file, field)
        except ParquetError:
            continue
        if schema.names.count(field.name) == 1:
            metadata = {NAME: field.name, POINT: NO_NUMBERS}
            fields.append(pa.field(field.name, own_type(field.type), metadata=metadata))
    return fields


def _parquet_files(path: Path) -> list[Path]:
    """Return the file, or those of a folder but for hidden ones, in order. Raises BatchError where
    there is none.
    """
    if not path.is_dir():
        return [path]
    files = [
        file
        for file in sorted(path.rglob("*.parquet"))
        if not file.is_dir()
        and not any(part.startswith((".", "_")) for part in file.relative_to(path).parts)
    ]
    if not files:
        raise BatchError(
            f"{str(path)!r} is a folder without a .parquet file: give a list, or a folder of "
            f"Parquet files"
        )
    return files


def _tables_of(batches: Iterator[pa.RecordBatch], rows: int) -> Iterator[pa.Table]:
    """Yield batches of any size as tables of so many rows, or of fewer where those would exceed
    MAX_BATCH_BYTES. Each column of a table is one chunk: work on many small ones takes long.
    """
    pending: list[pa.RecordBatch] = []
    pending_rows = pending_bytes = 0
    for batch in batches:
        if pending and pending_bytes + batch.nbytes > MAX_BATCH_BYTES:
            yield pa.Table.from_batches(pending).combine_chunks()
            pending, pending_rows, pending_bytes = [], 0, 0
        pending.append(batch)
        pending_rows += len(batch)
        pending_bytes += batch.nbytes
        while pending_rows >= rows:
            table = pa.Table.from_batches(pending)
            yield table.slice(0, rows).combine_chunks()
            rest = table.slice(rows)
            pending, pending_rows, pending_bytes = rest.to_batches(), len(rest), rest.nbytes
    if pending:
        yield pa.Table.from_batches(pending).combine_chunks()


def _slice_batches(batches: Iterator[pa.RecordBatch], start: int, end: int) -> Iterator[pa.Table]:
    """Yield the rows from `start` to before `end`; no batch after them is decoded."""
    before = 0
    for batch in batches:
        first, last = max(start - before, 0), min(end - before, len(batch))
        if first < last:
            yield pa.Table.from_batches([batch.slice(first, last - first)])
        before += len(batch)
        if before >= end:
            return
