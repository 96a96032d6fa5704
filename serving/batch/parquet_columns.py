"""Columns of a Parquet list: what each is called, and its values as a frame or as text."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.types as types

from features.files.parquet import decode_column
from features.tables.schema import PROSPECTS
from ingest.sheets.sheet_types import ColumnMapping
from serving.batch.errors import BatchError


def canonical_names(
    path: Path, header: list[str], mapping: dict[str, str | ColumnMapping]
) -> dict[str, str]:
    """Return source -> canonical name of the columns that are read.

    Raises BatchError where the mapping cannot be used for Parquet, two columns have one name, or
    none is known.
    """
    mapped = {
        source: column if isinstance(column, ColumnMapping) else ColumnMapping(column)
        for source, column in mapping.items()
    }
    _check_mapping(mapped)
    names: dict[str, str] = {}
    for source in header:
        name = mapped[source].column if source in mapped else source
        if name in PROSPECTS.names:
            names[source] = name
        elif source in mapped and name not in ("", "-"):
            raise BatchError(
                f"{name!r} in the map is no column: expected one of {', '.join(PROSPECTS.names)}"
            )
    _check_unique(path, header, names)
    if not names:
        raise BatchError(
            f"{str(path)!r} has none of the columns of a prospect list: found "
            f"{', '.join(header) or 'none'}; expected creator_id, or platform with followers and "
            f"averages; a map file names them"
        )
    return names


def _check_mapping(mapped: dict[str, ColumnMapping]) -> None:
    """Raise BatchError where the mapping says how text is read, which Parquet has no need of."""
    for source, column in mapped.items():
        if column.unit or column.decimal:
            raise BatchError(
                f"the map gives {source!r} a unit or a decimal mark: the numbers of Parquet are "
                f"taken as they are"
            )
    for source, column in mapped.items():
        if column.values:
            raise BatchError(
                f"the map explains values of {source!r}: those of Parquet are taken as they are"
            )


def _check_unique(path: Path, header: list[str], names: dict[str, str]) -> None:
    """Raise BatchError where two columns of a file have one canonical name."""
    for name in names.values():
        sources = [source for source in names if names[source] == name]
        sources += [sources[0]] * (header.count(sources[0]) - 1)
        if len(sources) > 1:
            raise BatchError(
                f"{str(path)!r} has {name} twice, as {' and '.join(map(repr, sources))}: keep one"
            )


def own_type(dtype: pa.DataType) -> pa.DataType:
    """Return the type that a plain column of the list has in the answers."""
    if types.is_dictionary(dtype):
        dtype = dtype.value_type
    if types.is_decimal(dtype) or types.is_floating(dtype):
        return pa.float64()
    if types.is_date(dtype):
        return pa.date32()
    if types.is_timestamp(dtype):
        return pa.timestamp("us", "UTC" if dtype.tz else None)
    return dtype if types.is_integer(dtype) or types.is_boolean(dtype) else pa.string()


def canonical_frame(table: pa.Table, names: dict[str, str]) -> pd.DataFrame:
    """Return the columns of `names`, source -> canonical name; days are midnight in UTC."""
    columns = {}
    for source, name in names.items():
        values = decode_column(table[source])
        column = values.to_pandas(date_as_object=False)
        columns[name] = column.dt.tz_localize("UTC") if types.is_date(values.type) else column
    return pd.DataFrame(columns, index=range(len(table)))


def holds_days(field: pa.Field) -> bool:
    """Tell whether a column holds days without a time."""
    return types.is_date(field.type.value_type if types.is_dictionary(field.type) else field.type)


def row_texts(table: pa.Table, rows: list[int]) -> list[list[str]]:
    """Return the cells of some rows as text, unknown ones empty."""
    columns = [_column_texts(column.take(pa.array(rows, pa.int64()))) for column in table.columns]
    return list(map(list, zip(*columns, strict=True)))


def _column_texts(values: pa.ChunkedArray) -> list[str]:
    if types.is_dictionary(values.type):
        values = values.cast(values.type.value_type)
    if types.is_date(values.type):
        days = values.cast(pa.date32()).cast(pa.int32())
        return [_moment_text(day, "D") for day in days.to_pylist()]
    if types.is_timestamp(values.type):
        zone = "Z" if values.type.tz else ""
        numbers = values.cast(pa.int64()).to_pylist()
        return [_moment_text(number, values.type.unit, zone) for number in numbers]
    return ["" if value is None else str(value) for value in values.to_pylist()]


def _moment_text(number: int | None, unit: str, zone: str = "") -> str:
    """Return a moment in ISO form, also of a year that no datetime has. `number`: of units since
    1970.
    """
    if number is None:
        return ""
    return f"{np.datetime_as_string(np.array(number, dtype=f'datetime64[{unit}]'))}{zone}"
