"""Parquet files of any origin: which columns can be read, and how many rows are decoded at a time.

A few kilobytes can unpack to gigabytes: one large page, texts that share their beginnings, one long
text in every row. So the sizes in the page headers are checked before anything is decoded, and
fewer rows are decoded at a time where one of them may repeat much.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pyarrow.types as types

from features.errors import CreatorcastError, short_text
from features.files.parquet_pages import DamagedPage, PageSize, page_sizes
from features.files.regular import check_regular

#: Bytes that one page may unpack to: a writer that makes large ones (DuckDB) stays within 100
#: million.
MAX_PAGE_BYTES = 128 << 20
#: Bytes that the largest pages of all columns may unpack to together, as they are in memory
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


class ParquetError(CreatorcastError):
    """A file is no Parquet, is damaged, holds no plain values, or unpacks to too much."""


@dataclass(frozen=True)
class DecodedSize:
    """Bytes that the pages of some columns unpack to.

    `pages`: of the pages that are in memory together; `repeated`: what one row may repeat, 0 where
    none does.
    """

    pages: int
    repeated: int

    def rows(self, most: int) -> int:
        """Return how many rows can be decoded at a time, `most` at most."""
        if not self.repeated:
            return most
        return max(1, min(most, MAX_BATCH_BYTES // self.repeated))


def open_parquet(path: Path) -> pq.ParquetFile:
    """Open a Parquet file. Raises ParquetError, also for what is no regular file."""
    try:
        check_regular(path)
        return pq.ParquetFile(path, buffer_size=_AHEAD)
    except (OSError, pa.ArrowException, ValueError) as error:
        raise ParquetError(
            f"{str(path)!r} cannot be read as Parquet: {short_text(error)}"
        ) from error


def column_kind(path: Path, field: pa.Field) -> str:
    """Return which of COLUMN_KINDS a column holds. Raises ParquetError where it is none of them."""
    dtype = field.type.value_type if types.is_dictionary(field.type) else field.type
    for kind, is_kind in COLUMN_KINDS.items():
        if is_kind(dtype):
            return kind
    raise ParquetError(
        f"column {field.name!r} of {str(path)!r} holds {dtype}, no plain values: expected text, "
        f"numbers, times or true and false"
    )


def readable_columns(
    path: Path, parquet: pq.ParquetFile, names: Collection[str] | None
) -> list[str]:
    """Return which of the columns `names` (None: all) a file has. Raises ParquetError where one
    cannot be read.
    """
    schema = parquet.schema_arrow
    columns = [name for name in dict.fromkeys(schema.names) if names is None or name in names]
    for name in columns:
        column_kind(path, schema.field(name))
    decoded_size(path, parquet, columns)
    return columns


def decoded_size(path: Path, parquet: pq.ParquetFile, columns: Collection[str]) -> DecodedSize:
    """Return what the pages of plain columns unpack to; only their headers are read.

    Raises ParquetError where a page, or all that are held together, unpack to too much.
    """
    largest, repeated = dict.fromkeys(columns, 0), 0
    with open(path, "rb") as file:
        for chunk in _column_chunks(parquet, columns):
            name = chunk.path_in_schema
            for page in _checked_pages(path, file, chunk):
                largest[name] = max(largest[name], page.unpacked)
                if page.may_repeat and chunk.physical_type == "BYTE_ARRAY":
                    repeated = max(repeated, page.unpacked)
    total = sum(largest.values())
    if total > MAX_TOTAL_PAGE_BYTES:
        raise ParquetError(
            _too_large(path, "pages that are read together", total, MAX_TOTAL_PAGE_BYTES)
        )
    return DecodedSize(total, repeated)


def _checked_pages(path: Path, file: BinaryIO, chunk: pq.ColumnChunkMetaData) -> Iterator[PageSize]:
    """Yield the sizes of a column's pages. Raises ParquetError for one that is damaged or too
    large.
    """
    name = chunk.path_in_schema
    try:
        for page in page_sizes(file, chunk):
            if page.unpacked > MAX_PAGE_BYTES:
                raise ParquetError(
                    _too_large(path, f"a page of column {name!r}", page.unpacked, MAX_PAGE_BYTES)
                )
            yield page
    except DamagedPage as error:
        raise ParquetError(
            f"{str(path)!r} is damaged in column {name!r}: get the file anew"
        ) from error


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
    """Return a column without its dictionary, decimals as floating-point numbers."""
    if types.is_dictionary(values.type):
        values = values.cast(values.type.value_type)
    return values.cast(pa.float64()) if types.is_decimal(values.type) else values


def _too_large(path: Path, what: str, size: int, most: int) -> str:
    return (
        f"{str(path)!r} has {what} of {size:,} bytes, at most {most:,} are read: write it "
        f"anew with shorter texts"
    )


def _lengths(part: pa.Array) -> tuple[int, int]:
    """Return the bytes of the longest text, and of all texts; 0 of a column without texts."""
    texts = part.dictionary if types.is_dictionary(part.type) else part
    if not COLUMN_KINDS["texts"](texts.type):
        return 0, 0
    sizes = pc.binary_length(texts.cast(pa.large_string()))
    each = sizes.take(part.indices) if types.is_dictionary(part.type) else sizes
    return pc.max(each).as_py() or 0, pc.sum(each).as_py() or 0


def _column_chunks(
    parquet: pq.ParquetFile, columns: Collection[str]
) -> Iterator[pq.ColumnChunkMetaData]:
    """Yield the chunks of some columns of all row groups that have rows."""
    for number in range(parquet.num_row_groups):
        group = parquet.metadata.row_group(number)
        for position in range(group.num_columns if group.num_rows else 0):
            chunk = group.column(position)
            if chunk.path_in_schema in columns:
                yield chunk
