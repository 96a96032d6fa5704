"""What the pages of a Parquet column unpack to, read from their headers without unpacking them.

A page header is a struct in Thrift's compact protocol.
Sources: github.com/apache/parquet-format, parquet.thrift (PageHeader); github.com/apache/thrift,
doc/specs/thrift-compact-protocol.md.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import pyarrow.parquet as pq

#: Types of the compact protocol.
STOP, TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, SET, _MAP, STRUCT = range(13)
INTEGER_TYPES = frozenset({I16, I32, I64})
#: Ids of fields, from the page header down.
FieldPath = tuple[int, ...]
_PAGE_TYPE: FieldPath = (1,)
_UNPACKED_SIZE: FieldPath = (2,)
_PACKED_SIZE: FieldPath = (3,)
#: The encoding of a data page, and that of one in the second version of the format.
_ENCODINGS: tuple[FieldPath, ...] = ((5, 2), (8, 4))
#: The type of a dictionary page, and the encoding in which texts share their beginnings.
_DICTIONARY_PAGE, _DELTA_BYTE_ARRAY = 2, 7


class DamagedPage(Exception):
    """A page header cannot be read."""


@dataclass(frozen=True)
class PageSize:
    """What a page unpacks to, bytes. `may_repeat`: one row may repeat all that the page holds."""

    unpacked: int
    may_repeat: bool


def page_sizes(file: BinaryIO, chunk: pq.ColumnChunkMetaData) -> Iterator[PageSize]:
    """Yield the sizes of the pages of a column chunk. Raises DamagedPage."""
    start = chunk.data_page_offset
    if chunk.has_dictionary_page and chunk.dictionary_page_offset:
        start = min(start, chunk.dictionary_page_offset)
    end = start + chunk.total_compressed_size
    file.seek(start)
    try:
        while file.tell() < end:
            yield _read_page_size(file)
    except (IndexError, KeyError, OverflowError, RecursionError, MemoryError) as error:
        raise DamagedPage(chunk.path_in_schema) from error


def _read_page_size(file: BinaryIO) -> PageSize:
    """Read a page header and go to the end of its page."""
    header: dict[FieldPath, int] = {}
    _read_struct(file, (), header)
    shares_text = any(header.get(path) == _DELTA_BYTE_ARRAY for path in _ENCODINGS)
    size = PageSize(header[_UNPACKED_SIZE], shares_text or header[_PAGE_TYPE] == _DICTIONARY_PAGE)
    if header[_PACKED_SIZE] < 0:
        raise IndexError
    file.seek(header[_PACKED_SIZE], 1)
    return size


def _read_struct(file: BinaryIO, path: FieldPath, integers: dict[FieldPath, int]) -> None:
    """Read a struct; add the integers in it by their paths."""
    field = 0
    while (head := file.read(1)[0]) != STOP:
        step = head >> 4
        field = field + step if step else _zigzag(_read_varint(file))
        _read_value(file, head & 15, (*path, field), integers)


def _read_value(file: BinaryIO, kind: int, path: FieldPath, integers: dict[FieldPath, int]) -> None:
    if kind in INTEGER_TYPES:
        integers[path] = _zigzag(_read_varint(file))
    elif kind == BINARY:
        file.seek(_read_varint(file), 1)
    elif kind == STRUCT:
        _read_struct(file, path, integers)
    elif kind in (LIST, SET):
        head = file.read(1)[0]
        length = _read_varint(file) if head >> 4 == 15 else head >> 4
        for _ in range(length):
            _read_value(file, head & 15, path, integers)
    elif kind in (BYTE, DOUBLE):
        file.seek(1 if kind == BYTE else 8, 1)
    elif kind not in (TRUE, FALSE):
        raise IndexError


def _read_varint(file: BinaryIO) -> int:
    """Read an unsigned integer, seven bits a byte, the lowest first."""
    value = shift = 0
    while True:
        byte = file.read(1)[0]
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value


def _zigzag(value: int) -> int:
    """Return the integer that is packed with its sign in the last bit."""
    return (value >> 1) ^ -(value & 1)
