"""The list's own cells in a workbook: a number or a date where the list has one, else its text."""

import re
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from serving.workbook.contents import DAY, GENERAL, MOMENT

#: A cell of a workbook: its text, and its number or moment where it is one; `shown_as`: "%" or the
#: code of a currency that the number is shown with.
CELL = pa.struct(
    [
        ("text", pa.string()),
        ("number", pa.float64()),
        ("time", pa.timestamp("us")),
        ("shown_as", pa.string()),
    ]
)
#: Keys of a field's metadata: the column's name as the file writes it, which need not be the only
#: one of that name; and what a point in the column's texts is, one of the values.
NAME, POINT = b"name", b"point"
DECIMAL, GROUPS, UNKNOWN, NO_NUMBERS = b"decimal", b"groups", b"unknown", b"no numbers"
_WHOLE = r"-?(?:0|[1-9]\d{0,14})"
#: Texts that are numbers in one way only, by what a point is; where that is unknown, one that could
#: group thousands is none.
_NUMBERS = {
    DECIMAL: re.compile(rf"{_WHOLE}(?:\.\d{{1,10}})?"),
    GROUPS: re.compile(_WHOLE),
    UNKNOWN: re.compile(rf"{_WHOLE}(?:\.(?:\d{{1,2}}|\d{{4,10}}))?|-?0\.\d{{1,10}}"),
}
_MOST_DIGITS = 15


class ListCell(NamedTuple):
    """A value for a cell, and the format of Excel in which it is shown as in the list."""

    value: Any
    number_format: str = GENERAL


def list_name(field: pa.Field) -> str:
    """Return the name of one of the list's own columns as the file writes it."""
    return (field.metadata or {}).get(NAME, b"").decode() or field.name


def holds_text(column: pa.ChunkedArray, field: pa.Field) -> bool:
    """Return whether a column of texts of the list has one that is no number."""
    metadata = field.metadata or {}
    if POINT not in metadata or not pa.types.is_string(field.type):
        return False
    pattern = _NUMBERS.get(metadata[POINT])
    if pattern is None:
        return True
    is_number = pc.match_substring_regex(column, f"^(?:{pattern.pattern})$")
    return not pc.all(is_number, min_count=0).as_py()


def list_cell(value: Any, field: pa.Field) -> ListCell:
    """Return the cell of a value of one of the list's own columns."""
    if isinstance(value, dict):
        return _workbook_cell(value)
    if isinstance(value, str):
        return text_cell(value, field)
    if pa.types.is_timestamp(field.type):
        return ListCell(value, MOMENT)
    return ListCell(value, DAY if pa.types.is_date(field.type) else GENERAL)


def text_cell(text: str, field: pa.Field | None) -> ListCell:
    """Return the cell of a text, as a number where the list can only mean that one.

    >>> text_cell("0.50", None), text_cell("1.234", None), text_cell("007", None)
    (ListCell(value=0.5, number_format='0.00'), ListCell(value='1.234', \
number_format='General'), ListCell(value='007', number_format='General'))
    """
    point = (field.metadata or {}).get(POINT, UNKNOWN) if field is not None else UNKNOWN
    pattern = _NUMBERS.get(point)
    if pattern is None or not pattern.fullmatch(text):
        return ListCell(text)
    _, _, decimals = text.partition(".")
    if sum(map(str.isdigit, text)) > _MOST_DIGITS:
        return ListCell(text)
    return ListCell(float(text), f"0.{'0' * len(decimals)}" if decimals else "0")


def _workbook_cell(cell: dict[str, Any]) -> ListCell:
    if cell["time"] is not None:
        moment = cell["time"]
        return ListCell(moment, DAY if moment.time() == moment.min.time() else MOMENT)
    number, shown_as = cell["number"], cell["shown_as"]
    if number is None:
        return ListCell(cell["text"])
    if shown_as == "%":
        return ListCell(number, "0.0#%")
    return ListCell(number, f'#,##0.00 "{shown_as}"' if shown_as else GENERAL)
