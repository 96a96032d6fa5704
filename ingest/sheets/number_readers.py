"""Readers of counts, means and rates."""

from datetime import datetime
from decimal import Decimal

from ingest.sheets.cell_results import (
    DATE,
    MONEY,
    NO_NUMBER,
    UNCLEAR_DISPLAY,
    UNCLEAR_MARK,
    UNCLEAR_RATE,
    UNCLEAR_WORD,
    CellReader,
    CellResult,
    read_filled,
)
from ingest.sheets.decimal_marks import DecimalMarks
from ingest.sheets.number_parser import ParsedNumber, last_mark, number_value, parse_number_text
from ingest.sheets.workbook import Cell, NumberCell

PERCENTAGE = "is a percentage, no count"
NO_RATE = "is no rate"
NEGATIVE = "is below 0"
NOT_WHOLE = (
    "is no whole number: if the column is in thousands or millions, give the unit k or m in a map "
    "file (--map)"
)
#: Whole numbers that are never in thousands -> what is wrong with another one.
NOT_WHOLE_OF = {
    "deliverables": "is no whole number: give a whole number of deliverables",
    "horizon_days": "is no whole number: give whole days",
}
#: Rounding errors of floating numbers stay below this.
_ROUNDING = 1e-6


def stored_value(cell: NumberCell, power: int, mapped: bool = False) -> float | None:
    """Return a number that the workbook stores, None where it is shown as another one.

    `power`: that of the header, or with `mapped` that of the map file, which decides.
    """
    display = cell.display
    shown_power = display.scale + (display.suffix or power)
    if not display.odd and shown_power in (0, power):
        return float(cell.value) * 10**shown_power
    if mapped or not (display.odd or display.suffix or power):
        return float(cell.value) * 10**power
    return None


def number_reader(
    marks: DecimalMarks,
    power: int = 0,
    whole: bool = False,
    mapped: bool = False,
    not_whole: str = NOT_WHOLE,
) -> CellReader:
    """Return a reader of counts (`whole`) or means.

    `power`: that of the header, or with `mapped` that of the map file; `not_whole`: what is wrong
    with a count that is no whole number.
    """
    reason = not_whole if whole else ""

    def read(cell: Cell) -> CellResult:
        if isinstance(cell, NumberCell):
            if cell.unit or cell.currency:
                return None, PERCENTAGE if cell.unit else MONEY
            value = stored_value(cell, power, mapped)
            return (None, UNCLEAR_DISPLAY) if value is None else _check_count(value, reason)
        if isinstance(cell, datetime):
            return None, DATE
        if cell.isdigit() and cell.isascii() and len(cell) < 16:
            return float(int(cell) * 10**power), ""
        return _read_number_text(cell, marks, power, reason)

    return read_filled(read)


def _read_number_text(text: str, marks: DecimalMarks, power: int, not_whole: str) -> CellResult:
    """Read a count or a mean from a text; `not_whole`: as in `_check_count`."""
    number = parse_number_text(text)
    if number is None:
        return None, NO_NUMBER
    if number.percent or number.currency:
        return None, PERCENTAGE if number.percent else MONEY
    value, wrong = read_parsed_number(number, marks)
    if value is None:
        return None, wrong
    return _check_count(float(value if number.power else value.scaleb(power)), not_whole)


def _check_count(value: float, not_whole: str) -> CellResult:
    """Check a count or a mean; `not_whole`: what is wrong where it must be whole, "" for a mean."""
    if value < 0:
        return None, NEGATIVE
    nearest = round(value)
    if abs(value - nearest) < _ROUNDING:
        return float(nearest), ""
    return (None, not_whole) if not_whole else (float(value), "")


def read_parsed_number(number: ParsedNumber, marks: DecimalMarks) -> tuple[Decimal | None, str]:
    """Return the value of a number under the marks of its column, or None and why not."""
    if marks.powers and number.word in marks.powers:
        power = marks.powers[number.word]
        if power is None:
            return None, UNCLEAR_WORD
        number = number._replace(power=power)
    decimal = marks.of(number)
    if not decimal:
        return None, UNCLEAR_MARK
    value = number_value(number, decimal)
    if value is None:
        return None, f"is no number with the decimal mark {decimal!r}"
    return value, ""


def rate_reader(percent: bool | None, literal: bool | None = True) -> CellReader:
    """Return a reader of rates, which returns fractions.

    `percent`: whether a value without a sign is a percentage, None where that is open. `literal`:
    whether a % that is only text of a number format is meant, None where that is open.
    """

    def read(cell: Cell) -> CellResult:
        if isinstance(cell, NumberCell):
            display = cell.display
            if display.odd or display.suffix or display.scale:
                return None, UNCLEAR_DISPLAY
            value = Decimal(repr(cell.value))
            if display.percent == "literal" and not literal:
                return (None, UNCLEAR_RATE) if literal is None else (float(value * 100), "")
            # a cell that is shown with a % stores a fraction
            return _as_fraction(value, False if cell.unit == "%" else percent)
        number = parse_number_text(cell) if isinstance(cell, str) else None
        if number is None or number.currency or number.power:
            return None, NO_RATE
        rate = number_value(number, last_mark(number.core))
        if rate is None:
            return None, NO_RATE
        return _as_fraction(rate, True if number.percent else percent)

    return read_filled(read)


def _as_fraction(value: Decimal, percent: bool | None) -> CellResult:
    if value == 0:
        return 0.0, ""
    if value < 0:
        return None, NEGATIVE
    if percent is None:
        return None, UNCLEAR_RATE
    return float(value / (100 if percent else 1)), ""
