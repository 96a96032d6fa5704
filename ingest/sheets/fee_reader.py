"""Readers of fees, and of the deliverables that they buy."""

from datetime import datetime

from ingest.sheets.cell_results import (
    FORMULA,
    NO_CURRENCY,
    UNCLEAR_DISPLAY,
    CellReader,
    CellResult,
)
from ingest.sheets.decimal_marks import DecimalMarks
from ingest.sheets.fee_text import (
    FeeText,
    ParsedFee,
    has_shared_sign,
    no_fee_reason,
    parse_deliverables,
    reconcile_currency,
    split_fee_text,
)
from ingest.sheets.number_parser import ParsedNumber, parse_number_text
from ingest.sheets.number_readers import NEGATIVE, read_parsed_number, stored_value
from ingest.sheets.package_columns import count_deliverables
from ingest.sheets.workbook import UNCOMPUTED, Cell

NO_FEE = "is no amount of money"


def fee_reader(
    marks: DecimalMarks,
    currency: str | None,
    power: int = 0,
    per_post: bool = False,
    has_currency_column: bool = False,
) -> CellReader:
    """Return a reader of fees, which returns a ParsedFee.

    `currency`: as the header or the map file says, None where neither does. `per_post`: the column
    holds the price of one post. `has_currency_column`: another column names the currency.
    """

    def read(cell: Cell) -> CellResult:
        if isinstance(cell, str) and not cell.strip():
            return None, ""
        if cell == UNCOMPUTED:
            return None, FORMULA
        fee, wrong = _read_amount(cell, marks, power, per_post)
        if fee is None or fee.amount is None:
            return fee, wrong
        own_currency, contradicted = reconcile_currency(fee.currency, currency, fee.bare)
        if contradicted:
            return None, f"is in {fee.currency}, and its column in {currency}: correct one of them"
        if fee.amount < 0:
            return None, NEGATIVE
        if not own_currency and fee.amount and not has_currency_column:
            return None, NO_CURRENCY
        return fee._replace(currency=own_currency, bare=fee.bare and not currency), ""

    return read


def _read_amount(
    cell: Cell, marks: DecimalMarks, power: int, per_post: bool
) -> tuple[ParsedFee | None, str]:
    """Read the fee of a cell by what the cell alone says."""
    if isinstance(cell, datetime):
        return None, NO_FEE
    if isinstance(cell, str):
        return _read_fee_text(cell.strip(), marks, power, per_post)
    amount = stored_value(cell, power)
    if amount is None:
        return None, UNCLEAR_DISPLAY
    bare = bool(cell.display.sign)
    return ParsedFee(amount, cell.currency, bare=bare, per_post=per_post), ""


def _read_fee_text(
    text: str, marks: DecimalMarks, power: int, per_post: bool
) -> tuple[ParsedFee | None, str]:
    """Read a fee from a text."""
    if no_fee_reason(text):
        return ParsedFee(None, word=text), ""
    fee_text = split_fee_text(text)
    numbers = _numbers_of(fee_text) if fee_text else []
    if not fee_text or not numbers:
        return None, NO_FEE
    currencies = sorted({number.currency for number in numbers if number.currency})
    if len(currencies) > 1:
        return None, f"names two currencies, {' and '.join(currencies)}: keep one"
    amounts = []
    for number in numbers:
        value, wrong = read_parsed_number(number, marks)
        if value is None:
            return None, wrong
        amounts.append(float(value if number.power else value.scaleb(power)))
    lower, upper = amounts[0], amounts[-1]
    shared_power = numbers[-1].power if not numbers[0].power else 0
    if shared_power and lower < upper / 10**shared_power:  # "1.5-2k"
        lower *= 10**shared_power
    if lower > upper:
        return None, "is no range: its first amount is above its second"
    fee = ParsedFee(
        upper,
        next(iter(currencies), None),
        bare=has_shared_sign(text),
        lower=lower if len(amounts) > 1 else None,
        bound=fee_text.bound,
        per_post=per_post,
    )
    package = fee_text.package
    if package:
        fee = fee._replace(
            per_post=package.count is None,
            deliverables=package.count,
            format=package.format,
            package=package.package,
        )
    return fee, ""


def _numbers_of(fee_text: FeeText) -> list[ParsedNumber]:
    """Return the amounts of a fee as numbers, none where one is no amount."""
    numbers = []
    for amount in fee_text.amounts:
        number = parse_number_text(amount)
        if number is None or number.percent:
            return []
        numbers.append(number)
    return numbers


def deliverables_reader(read_count: CellReader) -> CellReader:
    """Return a reader of how many deliverables are booked, in words ("2 Reels + 3 Stories") or as a
    number, which `read_count` reads.
    """

    def read(cell: Cell) -> CellResult:
        package = parse_deliverables(cell) if isinstance(cell, str) else None
        if package and package.count:
            return float(package.count), ""
        count = count_deliverables(cell) if isinstance(cell, str) else None
        return read_count(cell) if count is None else (float(count), "")

    return read
