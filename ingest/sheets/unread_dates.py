"""Columns of dates that are not read: one of them may say when the counts were read."""

import re
from datetime import datetime

from ingest.sheets.column_role import BY_MAP_FILE
from ingest.sheets.dates import parse_date
from ingest.sheets.labels import is_missing
from ingest.sheets.sheet_types import Guess, Sheet, SheetError
from ingest.sheets.workbook import Cell

#: Columns that a message names.
_MOST_NAMED = 5
_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)?")


def columns_of_unread_dates(sheet: Sheet) -> list[str]:
    """Return the columns most of whose values are dates, and which are not read although no map
    file leaves them out; none where the moment of reading has a column.
    """
    if any(guess.column == "observed_at" for guess in sheet.guesses):
        return []
    return [
        guess.source
        for place, guess in enumerate(sheet.guesses)
        if _is_open(guess) and _holds_dates([row[place] for row in sheet.cells])
    ]


def unread_dates_error(path: object, sources: list[str]) -> SheetError:
    """Return why the moment of reading of a file is not taken to be another one."""
    named = ", ".join(map(repr, sources[:_MOST_NAMED])) + ", ..." * (len(sources) > _MOST_NAMED)
    one = "this column" if len(sources) == 1 else "one of these columns"
    return SheetError(
        f"{str(path)!r} does not say when its counts were read, and has dates that are not read in "
        f"{named}: if {one} says it, name it observed_at or map it (--map), else map it to -; or "
        "say --observed-at"
    )


def _is_open(guess: Guess) -> bool:
    is_other = guess.how == BY_MAP_FILE or guess.note.startswith("known as ")
    return guess.column is None and not is_other


def _holds_dates(cells: list[Cell]) -> bool:
    filled = [cell for cell in cells if not (isinstance(cell, str) and is_missing(cell.strip()))]
    return 2 * sum(map(_is_date, filled)) > len(filled)


def _is_date(cell: Cell) -> bool:
    if isinstance(cell, str):
        text = cell.strip()
        return _NUMBER.fullmatch(text) is None and parse_date(text) is not None
    return isinstance(cell, datetime)
