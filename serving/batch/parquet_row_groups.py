"""Parquet files of one schema joined by their row groups as they are: nothing is decoded or encoded
anew.

A footer says where in the file each column of each row group begins; in the joined file that is
further on. Footers are structs of Thrift's compact protocol; the fields are those of
parquet-format, parquet.thrift. Only the places, the rows and the list of row groups change; all
else is copied.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from io import BytesIO

import pyarrow as pa
import pyarrow.parquet as pq

from features.files.thrift_compact import (
    BINARY,
    BYTE,
    DOUBLE,
    FALSE,
    INTEGER_TYPES,
    LIST,
    MAP,
    SET,
    STOP,
    STRUCT,
    TRUE,
    list_header,
    read_fields,
    varint,
    zigzag,
)

MAGIC = b"PAR1"
#: Fields that hold a place in the file, by where they stand below the footer: row_groups 4, columns
#: 1, meta_data 3.
_PLACES = {
    (4, 5),
    (4, 1, 2),
    (4, 1, 4),
    (4, 1, 6),
    (4, 1, 3, 9),
    (4, 1, 3, 10),
    (4, 1, 3, 11),
    (4, 1, 3, 14),
}
_ROWS, _GROUPS = (3,), (4,)

FieldPath = tuple[int, ...]


def encode_row_group(table: pa.Table, repeated: Collection[str] = ()) -> tuple[bytes, bytes]:
    """Encode a table as one row group; give its bytes without what stands around them, and its
    footer.

    `repeated`: columns of few distinct values besides those of a dictionary type: the others take
    half the time so.
    """
    sink = pa.BufferOutputStream()
    few = [
        field.name
        for field in table.schema
        if field.name in repeated or pa.types.is_dictionary(field.type)
    ]
    pq.write_table(
        table, sink, row_group_size=max(len(table), 1), store_schema=False, use_dictionary=few
    )
    whole = sink.getvalue().to_pybytes()
    size = int.from_bytes(whole[-8:-4], "little")
    return whole[len(MAGIC) : -8 - size], whole[-8 - size : -8]


def join_row_groups(schema: pa.Schema, parts: Iterable[tuple[int, bytes]]) -> bytes:
    """Give what ends a file that begins with MAGIC and holds the bytes of parts: the footer over
    all of them.

    `parts`: where in the file each part's bytes begin, and its own footer.
    """
    rows, groups = 0, []
    for start, footer in parts:
        for found, count in shift_row_groups(footer, start - len(MAGIC)):
            groups.append(found)
            rows += count
    _, frame = encode_row_group(schema.empty_table())
    whole = _with_groups(frame, groups, rows)
    return whole + len(whole).to_bytes(4, "little") + MAGIC


def shift_row_groups(footer: bytes, shift: int) -> Iterator[tuple[bytes, int]]:
    """Give each row group of a footer as a struct whose places lie `shift` bytes further on, and
    its rows.
    """
    read = BytesIO(footer)
    for field, kind in read_fields(read):
        if (field,) != _GROUPS:
            _copied(read, BytesIO(), kind, (field,), lambda path, value: value)
            continue
        for _ in range(list_header(read)[0]):
            rows = []

            def change(path: FieldPath, value: int, rows: list[int] = rows) -> int:
                if path == (4, 3):
                    rows.append(value)
                return value + shift if path in _PLACES and value else value

            out = BytesIO()
            _copied(read, out, STRUCT, _GROUPS, change)
            yield out.getvalue(), rows[0]


def _with_groups(footer: bytes, groups: list[bytes], rows: int) -> bytes:
    """Give a footer with other row groups and their number of rows."""
    read, out, last = BytesIO(footer), BytesIO(), 0
    for field, kind in read_fields(read):
        last = _write_field(out, field, kind, last)
        if (field,) == _GROUPS:
            _copied(read, BytesIO(), kind, (field,), lambda path, value: value)
            _write_list(out, len(groups), STRUCT)
            out.write(b"".join(groups))
        else:
            _copied(read, out, kind, (field,), lambda path, value: rows if path == _ROWS else value)
    out.write(bytes([STOP]))
    return out.getvalue()


def _copied(
    read: BytesIO, out: BytesIO, kind: int, path: FieldPath, change: Callable[[FieldPath, int], int]
) -> None:
    """Copy one value, each whole number in it as `change` gives it."""
    if kind in INTEGER_TYPES:
        _write_varint(out, _unsigned(change(path, zigzag(varint(read)))))
    elif kind == BINARY:
        size = varint(read)
        _write_varint(out, size)
        out.write(read.read(size))
    elif kind in (LIST, SET):
        size, inner = list_header(read)
        _write_list(out, size, inner)
        for _ in range(size):
            if inner in (TRUE, FALSE):
                out.write(read.read(1))
            else:
                _copied(read, out, inner, path, change)
    elif kind == STRUCT:
        last = 0
        for field, inner in read_fields(read):
            last = _write_field(out, field, inner, last)
            _copied(read, out, inner, (*path, field), change)
        out.write(bytes([STOP]))
    elif kind in (BYTE, DOUBLE):
        out.write(read.read(1 if kind == BYTE else 8))
    elif kind == MAP:
        raise ValueError("a Parquet footer holds no map")


def _write_list(out: BytesIO, size: int, kind: int) -> None:
    out.write(bytes([min(size, 15) << 4 | kind]))
    if size >= 15:
        _write_varint(out, size)


def _write_field(out: BytesIO, field: int, kind: int, last: int) -> int:
    if 0 < field - last <= 15:
        out.write(bytes([(field - last) << 4 | kind]))
    else:
        out.write(bytes([kind]))
        _write_varint(out, _unsigned(field))
    return field


def _write_varint(out: BytesIO, value: int) -> None:
    while value > 127:
        out.write(bytes([value & 127 | 128]))
        value >>= 7
    out.write(bytes([value]))


def _unsigned(value: int) -> int:
    return value << 1 if value >= 0 else (-value << 1) - 1
