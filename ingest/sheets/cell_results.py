"""What the reader of a cell returns, and the reasons why it returns no value."""

from collections.abc import Callable
from typing import Any

from ingest.sheets.dates import UNCLEAR_DATE
from ingest.sheets.labels import is_missing
from ingest.sheets.workbook import UNCOMPUTED, Cell

#: Value, None where missing, and what is wrong with the cell, "" where nothing is. The type of the
#: value is that of the column's kind.
CellResult = tuple[Any, str]
CellReader = Callable[[Cell], CellResult]

FORMULA = (
    "is a formula whose value was not saved: open the file in a spreadsheet program and save it"
)
NO_NUMBER = "is no number"
UNCLEAR_MARK = (
    "may be a decimal number or have a thousands mark: tell which mark is the decimal one"
)
UNCLEAR_RATE = "may be a percentage or a fraction: tell which"
NO_CURRENCY = "names no currency: tell which"
UNCLEAR_DISPLAY = "is shown as another number than is stored: correct the number format"
UNCLEAR_WORD = "means another number in another language: write it with k or m"
DATE = "is a date, no number: the spreadsheet program may have made it of a number such as 1.2"
MONEY = "is an amount of money, no count"
#: Reasons that are reported once for the column, and not for each value.
UNCLEAR_REASONS = frozenset(
    {UNCLEAR_MARK, UNCLEAR_RATE, NO_CURRENCY, UNCLEAR_DATE, UNCLEAR_DISPLAY, UNCLEAR_WORD}
)


def read_filled(reader: CellReader) -> CellReader:
    """Return a reader that passes on only cells that say something, without surrounding blanks."""

    def read(cell: Cell) -> CellResult:
        if isinstance(cell, str):
            cell = cell.strip()
            if cell == UNCOMPUTED:
                return None, FORMULA
            if is_missing(cell):
                return None, ""
        return reader(cell)

    return read
