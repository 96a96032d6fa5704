"""Lists in Parquet, one file or a folder of them, read batch by batch with Arrow."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.types as types

from features.schema import PROSPECTS
from features.sheets import Mapped
from serving.batch.faults import BatchError
from serving.batch.lots import Lot

#: What a column of a Parquet file may hold, by the test for it.
_SORTS = {
    "texts": lambda kind: types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind),
    "numbers": lambda kind: types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind),
    "true or false": types.is_boolean,
    "times": lambda kind: types.is_timestamp(kind) or types.is_date(kind),
    "nothing": types.is_null,
}


class Columnar:
    """A Parquet list; `columns` maps names of the source to those of PROSPECTS.

    Raises BatchError for what is no Parquet, has no known column, nests values in one, or differs between files.
    """

    place = "row"

    def __init__(self, path: Path, columns: dict[str, str | Mapped]):
        self.path, self.notes = path, []
        self.files = _files(path)
        first = _opened(self.files[0])
        self.header = list(first.schema_arrow.names)
        self.names = _names(path, self.header, columns)
        if unread := [repr(name) for name in self.header if name not in self.names and name not in columns]:
            self.notes.append(f"not read, because a list has no such columns: {', '.join(unread)}")
        sorts = self._sorts(self.files[0], first.schema_arrow)
        self._groups = _row_groups(self.files[0], first)
        for file in self.files[1:]:
            parquet = _opened(file)
            self._groups += _row_groups(file, parquet)
            self._compare(file, parquet.schema_arrow, sorts)
        self.total = sum(rows for _, _, rows in self._groups)

    def lots(self, rows: int) -> Iterator[Lot]:
        """Give the rows, so many at a time."""
        start = 0
        for table in _steady(self._batches(rows, self.header), rows):
            yield self._lot(table, start)
            start += len(table)

    def ids(self, rows: int) -> Iterator[Lot]:
        """As `lots`, but of the rows only their partnership_id, if they have one, is read."""
        start, names = 0, {source: name for source, name in self.names.items() if name == "partnership_id"}
        for table in _steady(self._batches(rows, list(names) or self.header[:1]), rows):
            yield Lot(_frame(table, names), np.arange(start + 1, start + 1 + len(table)), lambda wanted: [])
            start += len(table)

    def part(self, first: int, rows: int) -> Lot:
        """Give the lot of so many rows after the `first` ones, without reading those."""
        parts, before = [], 0
        for file, group, count in self._groups:
            if before < first + rows and before + count > first:
                start = max(first - before, 0)
                table = _opened(file).read_row_group(group, columns=self.header)
                parts.append(table.slice(start, first + rows - before - start))
            before += count
        return self._lot(pa.concat_tables(parts, promote_options="permissive"), first)

    def _lot(self, table: pa.Table, start: int) -> Lot:
        places = np.arange(start + 1, start + 1 + len(table))
        return Lot(_frame(table, self.names), places, lambda wanted: _text(table, wanted))

    def _batches(self, rows: int, columns: list[str]) -> Iterator[pa.RecordBatch]:
        for file in self.files:
            try:
                parquet = _opened(file)
                for group in range(parquet.num_row_groups):
                    # a reader of all row groups would keep the bytes of those that are done
                    yield from parquet.iter_batches(batch_size=rows, row_groups=[group], columns=columns)
            except (OSError, pa.ArrowException) as error:
                raise BatchError(f"{str(file)!r} cannot be read: {_short(error)}") from error

    def _sorts(self, file: Path, schema: pa.Schema) -> dict[str, str]:
        """Say what each known column holds."""
        found = {}
        for source in self.names.keys() & set(schema.names):
            kind = schema.field(source).type
            kind = kind.value_type if types.is_dictionary(kind) else kind
            sort = next((sort for sort, test in _SORTS.items() if test(kind)), None)
            if sort is None:
                raise BatchError(
                    f"column {source!r} of {str(file)!r} holds {kind}, no plain values: expected text, numbers, times "
                    f"or true and false"
                )
            found[source] = sort
        return found

    def _compare(self, file: Path, schema: pa.Schema, wanted: dict[str, str]) -> None:
        found = self._sorts(file, schema)
        absent = [name for name in self.header if name not in schema.names]
        other = [
            f"{name!r} holds {found[name]}, not {sort}"
            for name, sort in wanted.items()
            if name in found and found[name] != sort and "nothing" not in (found[name], sort)
        ]
        if absent or other:
            wrong = "; ".join([f"lacks the column {name!r}" for name in absent] + other)
            raise BatchError(f"{str(file)!r} {wrong}: expected what {str(self.files[0])!r} has; score it apart")


def _frame(table: pa.Table, names: dict[str, str]) -> pd.DataFrame:
    """Give the columns of `names`, source -> canonical name."""
    columns = {}
    for source, name in names.items():
        values = table[source]
        if types.is_dictionary(values.type):
            values = values.cast(values.type.value_type)
        if types.is_decimal(values.type):
            values = values.cast(pa.float64())
        columns[name] = values.to_pandas()
    return pd.DataFrame(columns, index=range(len(table)))


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    files = sorted(
        file
        for file in path.rglob("*.parquet")
        if file.is_file() and not any(part.startswith((".", "_")) for part in file.relative_to(path).parts)
    )
    if not files:
        raise BatchError(
            f"{str(path)!r} is a folder without a .parquet file: give a list, or a folder of Parquet files"
        )
    return files


def _opened(file: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(file)
    except (OSError, pa.ArrowException) as error:
        raise BatchError(f"{str(file)!r} cannot be read as Parquet: {_short(error)}") from error


def _row_groups(file: Path, parquet: pq.ParquetFile) -> list[tuple[Path, int, int]]:
    """Give file, number and rows of each row group."""
    return [(file, group, parquet.metadata.row_group(group).num_rows) for group in range(parquet.num_row_groups)]


def _names(path: Path, header: list[str], columns: dict[str, str | Mapped]) -> dict[str, str]:
    """Give source -> canonical name of the columns that are read."""
    said = {source: column if isinstance(column, Mapped) else Mapped(column) for source, column in columns.items()}
    written = [source for source, column in said.items() if column.unit or column.decimal]
    if written:
        raise BatchError(
            f"the map gives {written[0]!r} a unit or a decimal mark: the numbers of Parquet are taken as they are"
        )
    names = {source: said[source].column if source in said else source for source in header}
    read = {source: name for source, name in names.items() if name in PROSPECTS.names}
    unknown = [name for source, name in names.items() if source in said and name not in (*PROSPECTS.names, "", "-")]
    if unknown:
        raise BatchError(f"{unknown[0]!r} in the map is no column: expected one of {', '.join(PROSPECTS.names)}")
    for name in read.values():
        same = [source for source, other in read.items() if other == name]
        same += [same[0]] * (header.count(same[0]) - 1)
        if len(same) > 1:
            raise BatchError(f"{str(path)!r} has {name} twice, as {' and '.join(map(repr, same))}: keep one")
    if not read:
        raise BatchError(
            f"{str(path)!r} has none of the columns of a prospect list: found {', '.join(header) or 'none'}; expected "
            f"creator_id, or platform with followers and averages; a map file names them"
        )
    return read


def _steady(batches: Iterator[pa.RecordBatch], rows: int) -> Iterator[pa.Table]:
    """Cut batches of any size into tables of so many rows."""
    held, count = [], 0
    for batch in batches:
        held.append(batch)
        count += len(batch)
        while count >= rows:
            table = pa.Table.from_batches(held)
            yield table.slice(0, rows)
            held, count = table.slice(rows).to_batches(), count - rows
    if count:
        yield pa.Table.from_batches(held)


def _text(table: pa.Table, rows: list[int]) -> list[list[str]]:
    columns = [table.column(k).take(pa.array(rows, pa.int64())).to_pylist() for k in range(table.num_columns)]
    return [["" if value is None else _shown(value) for value in row] for row in zip(*columns, strict=True)]


def _shown(value: object) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _short(error: Exception) -> str:
    return (str(error).splitlines() or [""])[0][:200] or type(error).__name__
