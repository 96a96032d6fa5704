"""Delimited text as records: quotes, line breaks within quotes, and quotes that are never closed.

One broken line never takes others with it: a quote that would swallow rows is read as an ordinary
character.
"""

import csv
from collections import deque
from collections.abc import Iterable, Iterator

from features.files.formula_escape import APOSTROPHE, unescape_cell

DELIMITERS = (",", ";", "\t", "|")
#: Lines and characters that one quoted field may span.
LONGEST_FIELD, LARGEST_FIELD = 200, 1 << 17
_SENTINEL = "\x00"

#: line number, cells, what is wrong with the quotes ("" where nothing is)
TextRecord = tuple[int, list[str], str]
OPEN = "opens a quote that is never closed: the quote was taken as a character"


def split_records(
    lines: Iterable[str], delimiter: str, width: int | None = None
) -> Iterator[TextRecord]:
    """Split lines into records; `width`: how many cells a record should have, where that is known.

    An apostrophe that guards a text against being run as a formula is taken off.
    """
    for number, cells, wrong in _records(lines, delimiter, width):
        yield (
            number,
            [unescape_cell(cell) if cell[:1] == APOSTROPHE else cell for cell in cells],
            wrong,
        )


def _records(lines: Iterable[str], delimiter: str, width: int | None) -> Iterator[TextRecord]:
    waiting, lines, number = deque(), iter(lines), 0

    def following() -> str | None:
        line = next(lines, None)
        if line is not None:
            waiting.append(line)
        return line

    while waiting or following() is not None:
        number += 1
        line = waiting.popleft()
        if '"' not in line:
            yield number, line.split(delimiter), ""
        elif (cells := _cells(line, delimiter)) is not None:
            yield number, cells, ""
        else:
            joined = _joined(line, waiting, following, delimiter, width)
            if joined is None:
                yield number, line.split(delimiter), OPEN
            else:
                cells, more = joined
                first = number
                for _ in range(more):
                    waiting.popleft()
                number += more
                yield first, cells, ""


def _cells(text: str, delimiter: str, strict: bool = False) -> list[str] | None:
    """Split one record, None where a quote stays open (or, if strict, is closed in mid-field)."""
    reader = csv.reader(iter((text, _SENTINEL)), delimiter=delimiter, strict=strict)
    try:
        cells = next(reader)
    except csv.Error:
        return None
    return cells if reader.line_num == 1 else None


def _joined(line, waiting, following, delimiter, width) -> tuple[list[str], int] | None:
    """Join a line whose quote stays open with those after it; give the cells and how many lines
    were added.
    """
    text, added = line, 0
    while added < LONGEST_FIELD and len(text) < LARGEST_FIELD:
        if added == len(waiting) and following() is None:
            return None
        text += "\n" + waiting[added]
        added += 1
        if '"' not in waiting[added - 1] or _cells(text, delimiter) is None:
            continue
        cells = _cells(text, delimiter, strict=True)
        apart = [line.split(delimiter), *(w.split(delimiter) for w in list(waiting)[:added])]
        whole_lines = width is not None and all(len(one) == width for one in apart)
        fits = cells is not None and (width is None or len(cells) == width) and not whole_lines
        return (cells, added) if fits else None
    return None
