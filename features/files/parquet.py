"""Parquet as it comes from anybody: which columns can be read, and how much of them is decoded at a
time.

A few kilobytes can unpack to gigabytes: one large page, texts that share their beginnings, one long
text in every row. So the sizes that stand before each page are looked at before anything is
decoded, and fewer rows are decoded at a time where one of them may repeat much.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pyarrow.types as types

from features.errors import CreatorcastError
from features.files.regular import check_regular
from features.files.thrift_compact import (
    BINARY,
    BYTE,
    DOUBLE,
    FALSE,
    INTEGER_TYPES,
    LIST,
    SET,
    STRUCT,
    TRUE,
    list_header,
    read_fields,
    varint,
    zigzag,
)

#: Bytes that one page may unpack to: a writer that makes large ones (DuckDB) stays within 100
#: million.
MAX_PAGE_BYTES = 128 << 20
#: Bytes that the largest pages of all columns that are read may unpack to, as they are held
#: together.
MAX_TOTAL_PAGE_BYTES = 512 << 20
#: Bytes of the rows that are decoded at a time.
MAX_BATCH_BYTES = 256 << 20
#: Bytes of one text, as many as a line of CSV may have.
MAX_TEXT_BYTES = 1 << 20
#: Bytes of a file that are read ahead.
_AHEAD = 1 << 20
#: What a column may hold, by the test for it.
COLUMN_KINDS = {
    "texts": lambda kind: (
        types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind)
    ),
    "numbers": lambda kind: (
        types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind)
    ),
    "true or false": types.is_boolean,
    "times": lambda kind: types.is_timestamp(kind) or types.is_date(kind),
    "nothing": types.is_null,
}
#: Fields of a page's header (parquet-format, parquet.thrift).
_KIND, _UNPACKED, _PACKED, _ENCODINGS = (1,), (2,), (3,), ((5, 2), (8, 4))
#: The kind of a page that is a dictionary, and the encoding in which texts share their beginnings.
_DICTIONARY, _SHARED = 2, 7


class ParquetError(CreatorcastError):
    """A Parquet file cannot be read: it is none, is damaged, holds no plain values, or unpacks to
    too much.
    """


@dataclass(frozen=True)
class DecodedSize:
    """What the pages of some columns unpack to, bytes: all that are held together, and what one row
    may repeat.
    """

    pages: int
    repeated: int

    def rows(self, most: int) -> int:
        """Return how many rows can be decoded at a time, at most so many."""
        return max(1, min(most, MAX_BATCH_BYTES // self.repeated)) if self.repeated else most


def open_parquet(path: Path) -> pq.ParquetFile:
    """Open a Parquet file. Raises ParquetError, also for what is no regular file."""
    try:
        check_regular(path)
        return pq.ParquetFile(path, buffer_size=_AHEAD)
    except (OSError, pa.ArrowException, ValueError) as error:
        raise ParquetError(
            f"{str(path)!r} cannot be read as Parquet: {first_line(error)}"
        ) from error


def column_kind(path: Path, field: pa.Field) -> str:
    """Say which of COLUMN_KINDS a column holds. Raises ParquetError where it is none of them."""
    kind = field.type.value_type if types.is_dictionary(field.type) else field.type
    sort = next((sort for sort, test in COLUMN_KINDS.items() if test(kind)), None)
    if sort is None:
        raise ParquetError(
            f"column {field.name!r} of {str(path)!r} holds {kind}, no plain values: expected text, "
            "numbers, times or true and false"
        )
    return sort


def readable_columns(
    path: Path, parquet: pq.ParquetFile, names: Collection[str] | None
) -> list[str]:
    """Return those of some columns (all where None) that a file has. Raises ParquetError where one
    cannot be read.
    """
    schema = parquet.schema_arrow
    known = [name for name in dict.fromkeys(schema.names) if names is None or name in names]
    for name in known:
        column_kind(path, schema.field(name))
    decoded_size(path, parquet, known)
    return known


def decoded_size(path: Path, parquet: pq.ParquetFile, columns: Collection[str]) -> DecodedSize:
    """Return what the pages of plain columns unpack to, without unpacking them. Raises ParquetError
    where it is too much.

    Only the headers of pages are read.
    """
    largest, repeated = dict.fromkeys(columns, 0), 0
    with open(path, "rb") as file:
        for group in range(parquet.num_row_groups):
            for chunk in _chunks(
                parquet.metadata.row_group(group), columns
            ):  # none of a group without rows
                name = chunk.path_in_schema
                for size, repeats in _pages(path, file, chunk):
                    if size > MAX_PAGE_BYTES:
                        raise ParquetError(
                            _too_large(path, f"a page of column {name!r}", size, MAX_PAGE_BYTES)
                        )
                    largest[name] = max(largest[name], size)
                    repeated = max(
                        repeated, size if repeats and chunk.physical_type == "BYTE_ARRAY" else 0
                    )
    if sum(largest.values()) > MAX_TOTAL_PAGE_BYTES:
        raise ParquetError(
            _too_large(
                path, "pages that are read together", sum(largest.values()), MAX_TOTAL_PAGE_BYTES
            )
        )
    return DecodedSize(sum(largest.values()), repeated)


def check_texts(path: Path, table: pa.Table) -> None:
    """Raise ParquetError where a text is too long, or those of all rows are together."""
    total = 0
    for name, column in zip(table.column_names, table.columns, strict=True):
        for part in column.chunks:
            longest, size = _lengths(part)
            total += size
            if longest > MAX_TEXT_BYTES:
                raise ParquetError(
                    _too_large(path, f"a text in column {name!r}", longest, MAX_TEXT_BYTES)
                )
    if total > MAX_BATCH_BYTES:
        raise ParquetError(
            _too_large(path, f"texts in {len(table):,} rows", total, MAX_BATCH_BYTES)
        )


def decode_column(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a column without its dictionary, decimals as floating numbers."""
    if types.is_dictionary(values.type):
        values = values.cast(values.type.value_type)
    return values.cast(pa.float64()) if types.is_decimal(values.type) else values


def first_line(error: Exception) -> str:
    """Return the first line of what an error says."""
    return (str(error).splitlines() or [""])[0][:200] or type(error).__name__


def _too_large(path: Path, what: str, size: int, most: int) -> str:
    return (
        f"{str(path)!r} has {what} of {size:,} bytes, at most {most:,} are read: "
        "write it anew with shorter texts"
    )


def _lengths(part: pa.Array) -> tuple[int, int]:
    """Return the bytes of the longest text, and of all; 0 of what holds no texts."""
    texts = part.dictionary if types.is_dictionary(part.type) else part
    if not COLUMN_KINDS["texts"](texts.type):
        return 0, 0
    sizes = pc.binary_length(texts.cast(pa.large_string()))
    each = sizes.take(part.indices) if types.is_dictionary(part.type) else sizes
    return pc.max(each).as_py() or 0, pc.sum(each).as_py() or 0


def _chunks(
    group: pq.RowGroupMetaData, columns: Collection[str]
) -> Iterator[pq.ColumnChunkMetaData]:
    chunks = (group.column(at) for at in range(group.num_columns if group.num_rows else 0))
    return (chunk for chunk in chunks if chunk.path_in_schema in columns)


def _pages(path: Path, file: BinaryIO, chunk: pq.ColumnChunkMetaData) -> Iterator[tuple[int, bool]]:
    """Return of each page what it unpacks to, bytes, and whether a row may repeat all that it
    holds.
    """
    start = chunk.data_page_offset
    if chunk.has_dictionary_page and chunk.dictionary_page_offset:
        start = min(start, chunk.dictionary_page_offset)
    end = start + chunk.total_compressed_size
    file.seek(start)
    try:
        while file.tell() < end:
            header: dict[tuple, int] = {}
            _read_struct(file, (), header)
            shared = any(header.get(place) == _SHARED for place in _ENCODINGS)
            yield header[_UNPACKED], shared or header[_KIND] == _DICTIONARY
            if header[_PACKED] < 0:
                raise IndexError
            file.seek(header[_PACKED], 1)
    except (IndexError, KeyError, OverflowError, RecursionError, MemoryError) as error:
        raise ParquetError(
            f"{str(path)!r} is damaged in column {chunk.path_in_schema!r}: get the file anew"
        ) from error


def _read_struct(file: BinaryIO, path: tuple, numbers: dict[tuple, int]) -> None:
    """Read a struct; add the whole numbers in it by where they stand."""
    for field, kind in read_fields(file):
        _read_value(file, kind, (*path, field), numbers)


def _read_value(file: BinaryIO, kind: int, path: tuple, numbers: dict[tuple, int]) -> None:
    if kind in INTEGER_TYPES:
        numbers[path] = zigzag(varint(file))
    elif kind == BINARY:
        file.seek(varint(file), 1)
    elif kind == STRUCT:
        _read_struct(file, path, numbers)
    elif kind in (LIST, SET):
        size, inner = list_header(file)
        for _ in range(size):
            _read_value(file, inner, path, numbers)
    elif kind in (BYTE, DOUBLE):
        file.seek(1 if kind == BYTE else 8, 1)
    elif kind not in (TRUE, FALSE):
        raise IndexError
