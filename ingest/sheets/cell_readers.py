"""How the cells of one column are read once everything is decided: cell -> (value, what is wrong
with it).
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

from features.files.formula_escape import strip_apostrophe
from features.niche.tokens import fold_label
from features.tables.schema import EARLIEST, LATEST
from ingest.sheets.dates import (
    NO_DATE,
    OUT_OF_RANGE,
    UNCLEAR_DATE,
    from_serial,
    read_date,
    swap_day_month,
)
from ingest.sheets.decimal_marks import DecimalMarks
from ingest.sheets.fee_text import currency_of
from ingest.sheets.hashtags import hashtags_in
from ingest.sheets.labels import (
    country_in,
    fix_mojibake,
    flag_of,
    format_of,
    is_missing,
    language_of,
    niche_of,
    platform_of,
)
from ingest.sheets.links import Link, parse_link
from ingest.sheets.number_parser import ParsedNumber, last_mark, number_value, parse_number_text
from ingest.sheets.workbook import UNCOMPUTED, Cell, NumberCell

#: Value (None where missing) and what is wrong ("" where nothing is).
CellResult = tuple[object, str]
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
#: What is told once, of the column, and not of each value.
UNCLEAR_REASONS = frozenset(
    {UNCLEAR_MARK, UNCLEAR_RATE, NO_CURRENCY, UNCLEAR_DATE, UNCLEAR_DISPLAY, UNCLEAR_WORD}
)
LOST_DIGITS = "has lost digits: it was kept as a number; export the column as text"
#: Longer texts are no label.
LONGEST_LABEL = 200
#: From here on a floating number stands for several whole ones.
LARGEST_EXACT = 2**53
_AT = re.compile(r"@[\w.\-]+")
_ID_GUARD = re.compile(r'="([^"]*)"')
_AS_NUMBER = re.compile(r"\d(?:[.,]\d+)?[eE]\+\d+")
_WITH_ZERO = re.compile(r"(\d+)\.0")


def _given(reader: CellReader) -> CellReader:
    """Let a reader see only cells that say something."""

    def read(cell: Cell) -> CellResult:
        if isinstance(cell, str):
            cell = cell.strip()
            if cell == UNCOMPUTED:
                return None, FORMULA
            if is_missing(cell):
                return None, ""
        return reader(cell)

    return read


def stored_value(cell: NumberCell, power: int, mapped: bool = False) -> float | None:
    """Give a number that the workbook stores; None where it is shown as another one.

    `power`: that of the header, or with `mapped` that of the map, which decides.
    """
    look = cell.display
    shown = look.scale + (look.suffix or power)
    if not look.odd and shown in (0, power):
        return float(cell.value) * 10**shown
    if mapped or not (look.odd or look.suffix or power):
        return float(cell.value) * 10**power
    return None


def number_reader(
    marks: DecimalMarks, power: int = 0, whole: bool = False, mapped: bool = False
) -> CellReader:
    """Read counts and means; `power` is that of the header, or with `mapped` that of the map."""

    def read(cell: Cell) -> CellResult:
        if isinstance(cell, NumberCell):
            if cell.unit or cell.currency:
                return None, "is a percentage, no count" if cell.unit else MONEY
            value = stored_value(cell, power, mapped)
            return (None, UNCLEAR_DISPLAY) if value is None else _checked(value, whole)
        if isinstance(cell, datetime):
            return None, DATE
        if isinstance(cell, str) and cell.isdigit() and cell.isascii() and len(cell) < 16:
            return float(int(cell) * 10**power), ""
        found = parse_number_text(cell) if isinstance(cell, str) else None
        if found is None:
            return None, NO_NUMBER
        if found.percent or found.currency:
            return None, "is a percentage, no count" if found.percent else MONEY
        value, wrong = read_parsed_number(found, marks)
        if value is None:
            return None, wrong
        return _checked(float(value if found.power else value.scaleb(power)), whole)

    return _given(read)


def _checked(value: float, whole: bool) -> CellResult:
    if value < 0:
        return None, "is below 0"
    value = round(value) if abs(value - round(value)) < 1e-6 else value
    if whole and value != round(value):
        return (
            None,
            "is no whole number: if the column is in thousands or millions, give the unit k or m in a map file (--map)",
        )
    return float(value), ""


def read_parsed_number(found: ParsedNumber, marks: DecimalMarks) -> tuple:
    """Give a number as Decimal under a decision, or None and why not."""
    if marks.powers and found.word in marks.powers:
        found = found._replace(power=marks.powers[found.word])
        if found.power is None:
            return None, UNCLEAR_WORD
    decimal = marks.of(found)
    if not decimal:
        return None, UNCLEAR_MARK
    value = number_value(found, decimal)
    return (
        (value, "")
        if value is not None
        else (None, f"is no number with the decimal mark {decimal!r}")
    )


def rate_reader(percent: bool | None, literal: bool | None = True) -> CellReader:
    """Read rates as fractions; `percent`: what a value without a sign is, None where that is open.

    `strip_apostrophe`: whether a % that is only text of a number format is meant, None where that
    is open.
    """

    def read(cell: Cell) -> CellResult:
        if isinstance(cell, NumberCell):
            if cell.display.odd or cell.display.suffix or cell.display.scale:
                return None, UNCLEAR_DISPLAY
            number, signed, divisor = Decimal(repr(cell.value)), cell.unit == "%", 1
            if cell.display.percent == "literal" and not literal:
                return (None, UNCLEAR_RATE) if literal is None else (float(number * 100), "")
        else:
            found = parse_number_text(cell) if isinstance(cell, str) else None
            if found is None or found.currency or found.power:
                return None, "is no rate"
            number = number_value(found, last_mark(found.core))
            if number is None:
                return None, "is no rate"
            signed, divisor = found.percent, 100 if found.percent else 1
        if number == 0:
            return 0.0, ""
        if number < 0:
            return None, "is below 0"
        if not signed:
            if percent is None:
                return None, UNCLEAR_RATE
            divisor = 100 if percent else 1
        return float(number / divisor), ""

    return _given(read)


def mapped_value_reader(values: dict[str, str], read: CellReader) -> CellReader:
    """Read the words that a map file explains as what they mean, others as before."""
    known = {fold_label(word): means for word, means in values.items()}

    def read_meant(cell: Cell) -> CellResult:
        return read(known.get(fold_label(_as_text(cell)), cell))

    return read_meant


def read_currency(cell: Cell) -> CellResult:
    """Read a currency: its code, sign or name."""
    code = currency_of(_as_text(cell))
    return code, "" if code else "is no currency: write its ISO 4217 code, such as EUR"


def time_reader(day_first: bool | None, epoch: int, exchanged: bool | None = False) -> CellReader:
    """Read moments as UTC datetimes; `exchanged` is that of `read_date`."""

    def read(cell: Cell) -> CellResult:
        if isinstance(cell, datetime):
            moment = cell if cell.tzinfo else cell.replace(tzinfo=UTC)
        elif isinstance(cell, NumberCell):
            if not 0 < cell.value < 10**14:
                return None, NO_DATE
            if cell.value < 10**6:
                moment = from_serial(float(cell.value), epoch)
            else:
                return read_date(str(int(cell.value)), day_first, epoch)
        else:
            return read_date(fix_mojibake(cell), day_first, epoch, exchanged)
        if exchanged is None:
            return None, UNCLEAR_DATE
        moment = swap_day_month(moment) if exchanged else moment
        return (moment, "") if EARLIEST <= moment < LATEST else (None, OUT_OF_RANGE)

    return _given(read)


def _as_text(cell: Cell) -> str:
    return cell.isoformat() if isinstance(cell, datetime) else str(cell)


def read_id(cell: Cell) -> CellResult:
    """Read an identifier, to the letter; one that went through a floating number is refused."""
    if isinstance(cell, NumberCell):
        exact = float(cell.value).is_integer() and abs(cell.value) < LARGEST_EXACT
        return (
            (str(int(cell.value)).zfill(cell.display.zeros), "") if exact else (None, LOST_DIGITS)
        )
    text = _as_text(cell)
    if (exact := strip_apostrophe(text)) != text:
        return fix_mojibake(exact), ""
    text = guarded[1].strip() if (guarded := _ID_GUARD.fullmatch(text)) else text
    if _AS_NUMBER.fullmatch(text):
        return None, LOST_DIGITS
    if text.startswith("="):
        return None, "is a formula, and formulas are not run"
    if zero := _WITH_ZERO.fullmatch(text):
        return (zero[1], "") if int(zero[1]) < LARGEST_EXACT else (None, LOST_DIGITS)
    return fix_mojibake(text), ""


def read_handle(cell: Cell) -> CellResult:
    """Read a handle without its @, also out of a link."""
    value, wrong = read_id(cell)
    if value is None:
        return None, wrong
    if value[:1] in "[{":
        return None, "is an object and no handle"
    if link := parse_link(value):
        return (
            link.handle or link.creator_id,
            "" if link.handle or link.creator_id else "is a link that names no account",
        )
    return value.lstrip("@").strip() or None, ""


def read_text(cell: Cell) -> CellResult:
    """Read free text."""
    return fix_mojibake(strip_apostrophe(_as_text(cell))), ""


def read_flag(cell: Cell) -> CellResult:
    """Read yes or no."""
    flag = flag_of(_as_text(cell))
    return flag, "" if flag is not None else "is neither yes nor no"


def read_platform(cell: Cell) -> CellResult:
    """Read a platform."""
    text = _as_text(cell)
    link = parse_link(text)
    platform = link.platform if link else platform_of(text)
    if platform in (None, "elsewhere"):
        return None, "is no platform of ours: expected instagram, tiktok, youtube or x"
    return platform, ""


def list_reader(target: str) -> CellReader:
    """Read words that stand for a value of a closed list: niche, brand_niche, country, language,
    format.
    """
    look, wrong = {
        "country": (country_in, ""),
        "language": (language_of, "is no language that is known by that name"),
        "format": (format_of, "is no format that is known by that name"),
    }.get(target, (niche_of, ""))

    def read(cell: Cell) -> CellResult:
        text = fix_mojibake(_as_text(cell))
        value = look(text) if len(text) <= LONGEST_LABEL else None
        return value, "" if value is not None else wrong

    return _given(read)


def link_reader(bare: bool) -> CellReader:
    """Read addresses as a Link; of `bare` columns other texts are handles, of others those with an
    @.
    """

    def read(cell: Cell) -> CellResult:
        text = _as_text(cell)
        link = parse_link(text)
        if link is not None or not (bare or _AT.fullmatch(text)):
            return link, "" if link is not None else "is no link"
        handle, wrong = read_handle(cell)
        return (Link("", handle), "") if handle else (None, wrong)

    return _given(read)


#: Kind or target -> reader, for those that need no decision.
READERS = {
    "flag": _given(read_flag),
    "platform": _given(read_platform),
    "currency": _given(read_currency),
    "handle": _given(read_handle),
    "creator_id": _given(read_id),
    "post_id": _given(read_id),
    "partnership_id": _given(read_id),
    "hashtags": _given(
        lambda cell: (hashtags_in(fix_mojibake(strip_apostrophe(_as_text(cell)))), "")
    ),
    "text": _given(read_text),
}
CLOSED_LIST_COLUMNS = ("niche", "brand_niche", "country", "language", "format")
