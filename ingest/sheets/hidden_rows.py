"""Rows and columns that a worksheet hides, by hand or by a filter. They are read like all others,
and notes name them.
"""

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO
from xml.etree.ElementTree import Element

from defusedxml.ElementTree import iterparse

from ingest.sheets.sheet_types import SheetError

#: Rows that are named by their numbers.
NAMED = 10
#: Columns that a worksheet of Excel can have.
MOST_COLUMNS = 1 << 14
_YES = ("1", "true")


def hidden_notes(path: Path, part: str, header: list[str], header_line: int) -> list[str]:
    """Return notes of the hidden rows below the header that hold something, and of the hidden
    columns that have a name.

    `part`: the path of the worksheet in the archive. Raises SheetError for a broken worksheet.
    """
    try:
        rows, columns, filtered = _hidden(path, part, header_line)
    except (
        SyntaxError,
        ValueError,
        zipfile.BadZipFile,
        zlib.error,
    ) as error:  # SyntaxError: what the XML parser raises
        raise SheetError(
            f"{str(path)!r} has a worksheet that is broken: {error}; save it anew"
        ) from error
    notes = []
    if rows:
        numbers = ", ".join(f"{row:,}" for row in rows[:NAMED])
        if len(rows) > NAMED:
            numbers += ", ..."
        by = "by a filter or by hand" if filtered else "by hand"
        notes.append(
            f"{len(rows):,} row(s) are hidden {by}, and read like the others: row {numbers}"
        )
    names = [repr(header[k]) for k in sorted(columns) if k < len(header) and header[k].strip()]
    if names:
        notes.append(
            f"{len(names):,} column(s) are hidden, and read like the others: {', '.join(names)}"
        )
    return notes


def _hidden(path: Path, part: str, header_line: int) -> tuple[list[int], set[int], bool]:
    """Return the numbers of hidden rows, the positions of hidden columns, and whether the sheet has
    a filter.
    """
    rows: list[int] = []
    columns: set[int] = set()
    filtered, number = False, 0
    with _opened(path, part) as file:
        if not _names_hidden(file):
            return [], set(), False
    with _opened(path, part) as file:
        for name, element in _elements(file):
            if name == "col" and element.get("hidden") in _YES:
                first, last = int(element.get("min", 1)), int(element.get("max", 1))
                columns |= set(range(first - 1, min(last, MOST_COLUMNS)))
            elif name == "row":
                number = int(element.get("r", number + 1))
                if (
                    element.get("hidden") in _YES
                    and number > header_line
                    and "".join(element.itertext()).strip()
                ):
                    rows.append(number)
            filtered |= name in ("autoFilter", "tablePart")
    return rows, columns, filtered


@contextmanager
def _opened(path: Path, part: str) -> Iterator[IO[bytes]]:
    with zipfile.ZipFile(path) as archive, archive.open(part) as file:
        yield file


def _names_hidden(file: IO[bytes]) -> bool:
    """Return whether the attribute occurs at all, which is far faster than parsing the XML."""
    tail = b""
    while block := file.read(1 << 20):
        if b"hidden=" in tail + block:
            return True
        tail = block[-7:]
    return False


def _elements(file: IO[bytes]) -> Iterator[tuple[str, Element]]:
    """Yield the name and the element of each row, column and filter, and forget it afterwards."""
    parents: list[Element] = []
    for event, element in iterparse(file, events=("start", "end")):
        if event == "start":
            parents.append(element)
            continue
        parents.pop()
        name = element.tag.rpartition("}")[2]
        if name in ("row", "col", "autoFilter", "tablePart"):
            yield name, element
            parents[-1].clear()
