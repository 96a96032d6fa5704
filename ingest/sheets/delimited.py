"""Delimited text as records: quotes, line breaks within quotes, and quotes that are never closed.

One broken line never takes others with it: a quote that would swallow rows is read as an ordinary
character.
"""

import csv
from collections import deque
from collections.abc import Iterable, Iterator

from features.files.formula_escape import APOSTROPHE, unescape_cell
from ingest.sheets.workbook import Cell

DELIMITERS = (",", ";", "\t", "|")
#: Lines and characters that one quoted field may span.
LONGEST_FIELD, LARGEST_FIELD = 200, 1 << 17
_SENTINEL = "\x00"

#: line number, cells, what is wrong with the quotes ("" where nothing is)
TextRecord = tuple[int, list[Cell], str]
OPEN = "opens a quote that is never closed: the quote was taken as a character"


def split_records(
    lines: Iterable[str], delimiter: str, width: int | None = None
) -> Iterator[TextRecord]:
    """Split lines into records; `width`: how many cells a record should have, where that is known.

    An apostrophe that guards a text against being run as a formula is removed.
    """
    for number, texts, wrong in _split(lines, delimiter, width):
        cells: list[Cell] = [
            unescape_cell(text) if text[:1] == APOSTROPHE else text for text in texts
        ]
        yield number, cells, wrong


class _Lines:
    """Lines that can be looked at before they are consumed."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self._ahead: deque[str] = deque()

    def look(self, position: int) -> str | None:
        """Return the line so many after the next one, None past the end."""
        while len(self._ahead) <= position:
            line = next(self._lines, None)
            if line is None:
                return None
            self._ahead.append(line)
        return self._ahead[position]

    def skip(self, count: int) -> None:
        """Go on behind the next lines, which were looked at."""
        for _ in range(count):
            self._ahead.popleft()


def _split(
    lines: Iterable[str], delimiter: str, width: int | None
) -> Iterator[tuple[int, list[str], str]]:
    """Split lines into line number, cells, and what is wrong with the quotes."""
    waiting = _Lines(lines)
    number = 1
    while (line := waiting.look(0)) is not None:
        line_count = 1
        if '"' not in line:
            yield number, line.split(delimiter), ""
        elif (cells := _cells(line, delimiter)) is not None:
            yield number, cells, ""
        elif joined := _join_lines(waiting, delimiter, width):
            cells, line_count = joined
            yield number, cells, ""
        else:
            yield number, line.split(delimiter), OPEN
        waiting.skip(line_count)
        number += line_count


def _cells(text: str, delimiter: str, strict: bool = False) -> list[str] | None:
    """Split one record, None where a quote stays open (or, if strict, is closed in mid-field)."""
    reader = csv.reader(iter((text, _SENTINEL)), delimiter=delimiter, strict=strict)
    try:
        cells = next(reader)
    except csv.Error:
        return None
    return cells if reader.line_num == 1 else None


def _join_lines(waiting: _Lines, delimiter: str, width: int | None) -> tuple[list[str], int] | None:
    """Join the next line, whose quote stays open, with those after it.

    Returns the cells and how many lines they take, None where the quote is never closed, or where
    each of the lines would be a record by itself.
    """
    text = waiting.look(0) or ""
    lines = [text]
    while len(lines) <= LONGEST_FIELD and len(text) < LARGEST_FIELD:
        line = waiting.look(len(lines))
        if line is None:
            return None
        lines.append(line)
        text += "\n" + line
        if '"' not in line or _cells(text, delimiter) is None:
            continue
        cells = _cells(text, delimiter, strict=True)
        if cells is None or (width is not None and len(cells) != width):
            return None
        whole_lines = width is not None and all(len(one.split(delimiter)) == width for one in lines)
        return None if whole_lines else (cells, len(lines))
    return None
