"""How cells of fees, and of what is booked for them, are read: cell -> (value, what is wrong with
it).
"""

from ingest.sheets.cell_readers import (
    FORMULA,
    NO_CURRENCY,
    UNCLEAR_DISPLAY,
    CellReader,
    CellResult,
    read_parsed_number,
    stored_value,
)
from ingest.sheets.decimal_marks import DecimalMarks
from ingest.sheets.fee_text import (
    ParsedFee,
    has_shared_sign,
    no_fee_reason,
    parse_deliverables,
    reconcile_currency,
    split_fee_text,
)
from ingest.sheets.number_parser import parse_number_text
from ingest.sheets.workbook import UNCOMPUTED, Cell, NumberCell

NO_FEE = "is no amount of money"


def fee_reader(
    marks: DecimalMarks,
    currency: str | None,
    power: int = 0,
    per_post: bool = False,
    beside: bool = False,
) -> CellReader:
    """Read fees as Fee; `currency` is the one that the column or the map says, None where neither
    does.

    `per_post`: the column holds the price of one post; `beside`: another column names the currency.
    """

    def read(cell: Cell) -> CellResult:
        if isinstance(cell, str) and not cell.strip():
            return None, ""
        if cell == UNCOMPUTED:
            return None, FORMULA
        if isinstance(cell, NumberCell):
            amount = stored_value(cell, power)
            if amount is None:
                return None, UNCLEAR_DISPLAY
            fee, wrong = (
                ParsedFee(amount, cell.currency, bare=bool(cell.display.sign), per_post=per_post),
                "",
            )
        else:
            fee, wrong = (
                _written_fee(cell.strip(), marks, power, per_post)
                if isinstance(cell, str)
                else (None, NO_FEE)
            )
        if fee is None or fee.word:
            return fee, wrong
        found, contradicted = reconcile_currency(fee.currency, currency, fee.bare)
        if contradicted:
            return None, f"is in {fee.currency}, and its column in {currency}: correct one of them"
        if fee.amount < 0:
            return None, "is below 0"
        if not found and fee.amount and not beside:
            return None, NO_CURRENCY
        return fee._replace(currency=found, bare=fee.bare and not currency), ""

    return read


def _written_fee(
    text: str, marks: DecimalMarks, power: int, per_post: bool
) -> tuple[ParsedFee | None, str]:
    """Read a fee that is written as text."""
    if no_fee_reason(text):
        return ParsedFee(None, word=text), ""
    offer = split_fee_text(text)
    found = [parse_number_text(amount) for amount in offer.amounts] if offer else [None]
    if any(one is None or one.percent for one in found):
        return None, NO_FEE
    if len(currencies := {one.currency for one in found} - {None}) > 1:
        return None, f"names two currencies, {' and '.join(sorted(currencies))}: keep one"
    numbers = []
    for one in found:
        number, wrong = read_parsed_number(one, marks)
        if number is None:
            return None, wrong
        numbers.append(float(number if one.power else number.scaleb(power)))
    lower, upper = numbers[0], numbers[-1]
    if found[-1].power and not found[0].power and lower < upper / 10 ** found[-1].power:
        lower *= 10 ** found[-1].power  # "1.5-2k"
    if lower > upper:
        return None, "is no range: its first amount is above its second"
    package = offer.package
    return ParsedFee(
        upper,
        next(iter(currencies), None),
        has_shared_sign(text),
        lower if len(numbers) > 1 else None,
        offer.bound,
        per_post if package is None else package.count is None,
        package and package.count,
        package and package.format,
    ), ""


def deliverables_reader(read_count: CellReader) -> CellReader:
    """Read how many deliverables are booked, as a number or in words ("2 Reels + 3 Stories")."""

    def read(cell: Cell) -> CellResult:
        package = parse_deliverables(cell) if isinstance(cell, str) else None
        return (float(package.count), "") if package and package.count else read_count(cell)

    return read
