"""Values written to the cells of a worksheet, each as what it is: no text is run as a formula."""

import math
import re
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from serving.workbook.contents import MAX_CELL_CHARACTERS

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

#: Characters that XML, and so a worksheet, cannot hold.
_IMPOSSIBLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
#: Whole numbers beyond it are not told apart by Excel: they are written as text.
LARGEST_WHOLE = 10**15
#: Height of a line and of the highest row, points, and the share of its width that a line fills.
LINE_HEIGHT, _LARGEST_HEIGHT, _FILLED_SHARE = 15.0, 405.0, 0.9
#: The first year that Excel can show.
FIRST_YEAR = 1900


def clean_text(text: str) -> str:
    """Return a text as a cell can hold it."""
    text = _IMPOSSIBLE.sub("", text)
    # a cell counts characters beyond the basic plane twice
    if len(text) > MAX_CELL_CHARACTERS // 2:
        cut = text.encode("utf-16-le")[: 2 * MAX_CELL_CHARACTERS]
        text = cut.decode("utf-16-le", "ignore")
    return text


def text_lines(text: str | None, width: float) -> int:
    """Return about how many lines a text takes in a column of so many characters."""
    if not text:
        return 1
    per_line = _FILLED_SHARE * width
    return sum(max(1, math.ceil(len(line) / per_line)) for line in text.splitlines())


def row_height(lines: int) -> float:
    """Return the height of a row of so many lines, points."""
    return min(LINE_HEIGHT * lines, _LARGEST_HEIGHT)


def write_cell(sheet: "Worksheet", row: int, column: int, value: Any, style: "Format") -> None:
    """Write a text, number, truth value or moment, UTC; None is a blank cell."""
    if isinstance(value, str):
        text = clean_text(value)
        if text:
            sheet.write_string(row, column, text, style)
        else:
            sheet.write_blank(row, column, None, style)
    elif isinstance(value, bool):
        sheet.write_boolean(row, column, value, style)
    elif isinstance(value, int | float):
        _write_number(sheet, row, column, value, style)
    elif isinstance(value, date):
        _write_moment(sheet, row, column, value, style)
    else:
        sheet.write_blank(row, column, None, style)


def _write_number(
    sheet: "Worksheet", row: int, column: int, value: int | float, style: "Format"
) -> None:
    if not math.isfinite(value):
        sheet.write_blank(row, column, None, style)
    elif isinstance(value, int) and abs(value) >= LARGEST_WHOLE:
        sheet.write_string(row, column, str(value), style)
    else:
        sheet.write_number(row, column, value, style)


def _write_moment(sheet: "Worksheet", row: int, column: int, value: date, style: "Format") -> None:
    if value.year < FIRST_YEAR:
        sheet.write_string(row, column, value.isoformat(), style)
        return
    if isinstance(value, datetime) and value.tzinfo is not None:
        value = value.astimezone(UTC).replace(tzinfo=None)
    sheet.write_datetime(row, column, value, style)
