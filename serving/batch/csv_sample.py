"""The records of a long CSV list that decide how its columns are read."""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice

from ingest.sheets.delimited import split_records
from ingest.sheets.headers import Record
from ingest.sheets.sheet_source import SheetSource
from ingest.sheets.text_files import LONGEST_LINE

#: Records from the beginning, and places all over the file with so many records each.
SAMPLE_HEAD_ROWS, SAMPLE_POSITIONS, SAMPLE_ROWS_EACH = 5_000, 200, 20
#: Bytes of the end of the file, where rows that sum up others stand.
SAMPLE_TAIL_BYTES = 4096


def sample_records(source: SheetSource) -> list[Record]:
    """Return the first records and, where there are more, some from all over the file and the last.

    Those that are not the first have the line number 0; whole records of one line alone count.
    """
    records = list(islice(source.records(), SAMPLE_HEAD_ROWS))
    if len(records) < SAMPLE_HEAD_ROWS:
        return records
    size = source.path.stat().st_size
    for number in range(1, SAMPLE_POSITIONS):
        records += _records_at(source, number * size // SAMPLE_POSITIONS, SAMPLE_ROWS_EACH)
    # a line has a byte at least, so that these are all lines of the tail
    return records + _records_at(source, max(size - SAMPLE_TAIL_BYTES, 0), SAMPLE_TAIL_BYTES)


def _records_at(source: SheetSource, position: int, most: int) -> list[Record]:
    """Return the records of `most` lines after the one at a position, bytes from the beginning."""
    with open(source.path, "rb") as file:
        file.seek(position)
        file.readline(LONGEST_LINE)
        read_line: Callable[[], bytes] = partial(file.readline, LONGEST_LINE)
        lines = [_decoded(line) for line in islice(iter(read_line, b""), most)]
    return list(_whole_records(lines, source))


def _whole_records(lines: list[str], source: SheetSource) -> Iterator[Record]:
    width = len(source.header)
    for _, cells, fault in split_records(lines, source.delimiter, width):
        if len(cells) == width and not fault:
            yield 0, list(cells), fault


def _decoded(line: bytes) -> str:
    return line.decode("utf-8", "replace").rstrip("\r\n")
