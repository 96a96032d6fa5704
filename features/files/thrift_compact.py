"""Reading Thrift's compact protocol, in which footers and page headers of Parquet are written.

Source: github.com/apache/thrift, doc/specs/thrift-compact-protocol.md.
"""

from collections.abc import Iterator
from typing import BinaryIO

STOP, TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, SET, MAP, STRUCT = range(13)
INTEGER_TYPES = frozenset({I16, I32, I64})


def read_fields(read: BinaryIO) -> Iterator[tuple[int, int]]:
    """Return id and type of each field of a struct; the value of one must be read before the next
    is asked for.
    """
    field = 0
    while (head := read.read(1)[0]) != STOP:
        field = field + (head >> 4) if head >> 4 else zigzag(varint(read))
        yield field, head & 15


def list_header(read: BinaryIO) -> tuple[int, int]:
    """Return the length of a list, and the type of its elements."""
    head = read.read(1)[0]
    return (varint(read) if head >> 4 == 15 else head >> 4), head & 15


def varint(read: BinaryIO) -> int:
    """Read a whole number as it is packed, seven bits a byte."""
    value = shift = 0
    while True:
        byte = read.read(1)[0]
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value


def zigzag(value: int) -> int:
    """Return the number that is packed with its sign in the last bit."""
    return (value >> 1) ^ -(value & 1)
