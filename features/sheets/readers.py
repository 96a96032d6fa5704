"""How the cells of one column are read once everything is decided: cell -> (value, what is wrong with it)."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

from features.niche_words import fold_label
from features.schema import EARLIEST, LATEST
from features.sheets.dates import NO_DATE, OUT_OF_RANGE, UNCLEAR_DATE, exchanged_back, from_serial, read_date
from features.sheets.figures import Figure, figure, lone_mark, value_of
from features.sheets.hashtags import hashtags_in
from features.sheets.labels import (
    country_in,
    flag_of,
    format_of,
    is_missing,
    language_of,
    niche_of,
    platform_of,
    unscrambled,
)
from features.sheets.links import Link, link_of
from features.sheets.marks import Marks
from features.sheets.money import currency_of
from features.sheets.workbook import UNCOMPUTED, Cell, Typed
from features.spreadsheet_text import literal

#: Value (None where missing) and what is wrong ("" where nothing is).
Read = tuple[object, str]
Reader = Callable[[Cell], Read]

FORMULA = "is a formula whose value was not saved: open the file in a spreadsheet program and save it"
NO_NUMBER = "is no number"
UNCLEAR_MARK = "may be a decimal number or have a thousands mark: tell which mark is the decimal one"
UNCLEAR_RATE = "may be a percentage or a fraction: tell which"
NO_CURRENCY = "names no currency: tell which"
UNCLEAR_LOOK = "is shown as another number than is stored: correct the number format"
UNCLEAR_WORD = "means another number in another language: write it with k or m"
DATE = "is a date, no number: the spreadsheet program may have made it of a number such as 1.2"
MONEY = "is an amount of money, no count"
#: What is told once, of the column, and not of each value.
UNCLEAR = frozenset({UNCLEAR_MARK, UNCLEAR_RATE, NO_CURRENCY, UNCLEAR_DATE, UNCLEAR_LOOK, UNCLEAR_WORD})
LOST = "has lost digits: it was kept as a number; export the column as text"
#: Longer texts are no label.
LONGEST_LABEL = 200
#: From here on a floating number stands for several whole ones.
LARGEST_EXACT = 2**53
_AT = re.compile(r"@[\w.\-]+")
_ID_GUARD = re.compile(r'="([^"]*)"')
_AS_NUMBER = re.compile(r"\d(?:[.,]\d+)?[eE]\+\d+")
_WITH_ZERO = re.compile(r"(\d+)\.0")


def _given(reader: Reader) -> Reader:
    """Let a reader see only cells that say something."""

    def read(cell: Cell) -> Read:
        if isinstance(cell, str):
            cell = cell.strip()
            if cell == UNCOMPUTED:
                return None, FORMULA
            if is_missing(cell):
                return None, ""
        return reader(cell)

    return read


def stored(cell: Typed, power: int, mapped: bool = False) -> float | None:
    """Give a number that the workbook stores; None where it is shown as another one.

    `power`: that of the header, or with `mapped` that of the map, which decides.
    """
    look = cell.look
    shown = look.scale + (look.suffix or power)
    if not look.odd and shown in (0, power):
        return float(cell.value) * 10**shown
    if mapped or not (look.odd or look.suffix or power):
        return float(cell.value) * 10**power
    return None


def number_reader(marks: Marks, power: int = 0, whole: bool = False, mapped: bool = False) -> Reader:
    """Read counts and means; `power` is that of the header, or with `mapped` that of the map."""

    def read(cell: Cell) -> Read:
        if isinstance(cell, Typed):
            if cell.unit or cell.currency:
                return None, "is a percentage, no count" if cell.unit else MONEY
            value = stored(cell, power, mapped)
            return (None, UNCLEAR_LOOK) if value is None else _checked(value, whole)
        if isinstance(cell, datetime):
            return None, DATE
        if isinstance(cell, str) and cell.isdigit() and cell.isascii() and len(cell) < 16:
            return float(int(cell) * 10**power), ""
        found = figure(cell) if isinstance(cell, str) else None
        if found is None:
            return None, NO_NUMBER
        if found.percent or found.currency:
            return None, "is a percentage, no count" if found.percent else MONEY
        value, wrong = read_figure(found, marks)
        if value is None:
            return None, wrong
        return _checked(float(value if found.power else value.scaleb(power)), whole)

    return _given(read)


def _checked(value: float, whole: bool) -> Read:
    if value < 0:
        return None, "is below 0"
    value = round(value) if abs(value - round(value)) < 1e-6 else value
    if whole and value != round(value):
        return (
            None,
            "is no whole number: if the column is in thousands or millions, give the unit k or m in a map file (--map)",
        )
    return float(value), ""


def read_figure(found: Figure, marks: Marks) -> tuple:
    """Give a number as Decimal under a decision, or None and why not."""
    if marks.powers and found.word in marks.powers:
        found = found._replace(power=marks.powers[found.word])
        if found.power is None:
            return None, UNCLEAR_WORD
    decimal = marks.of(found)
    if not decimal:
        return None, UNCLEAR_MARK
    value = value_of(found, decimal)
    return (value, "") if value is not None else (None, f"is no number with the decimal mark {decimal!r}")


def rate_reader(percent: bool | None, literal: bool | None = True) -> Reader:
    """Read rates as fractions; `percent`: what a value without a sign is, None where that is open.

    `literal`: whether a % that is only text of a number format is meant, None where that is open.
    """

    def read(cell: Cell) -> Read:
        if isinstance(cell, Typed):
            if cell.look.odd or cell.look.suffix or cell.look.scale:
                return None, UNCLEAR_LOOK
            number, signed, divisor = Decimal(repr(cell.value)), cell.unit == "%", 1
            if cell.look.percent == "literal" and not literal:
                return (None, UNCLEAR_RATE) if literal is None else (float(number * 100), "")
        else:
            found = figure(cell) if isinstance(cell, str) else None
            if found is None or found.currency or found.power:
                return None, "is no rate"
            number = value_of(found, lone_mark(found.core))
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


def meant(values: dict[str, str], read: Reader) -> Reader:
    """Read the words that a map file explains as what they mean, others as before."""
    known = {fold_label(word): means for word, means in values.items()}

    def read_meant(cell: Cell) -> Read:
        return read(known.get(fold_label(_as_text(cell)), cell))

    return read_meant


def read_currency(cell: Cell) -> Read:
    """Read a currency: its code, sign or name."""
    code = currency_of(_as_text(cell))
    return code, "" if code else "is no currency: write its ISO 4217 code, such as EUR"


def time_reader(day_first: bool | None, epoch: int, exchanged: bool | None = False) -> Reader:
    """Read moments as UTC datetimes; `exchanged` is that of `read_date`."""

    def read(cell: Cell) -> Read:
        if isinstance(cell, datetime):
            moment = cell if cell.tzinfo else cell.replace(tzinfo=UTC)
        elif isinstance(cell, Typed):
            if not 0 < cell.value < 10**14:
                return None, NO_DATE
            if cell.value < 10**6:
                moment = from_serial(float(cell.value), epoch)
            else:
                return read_date(str(int(cell.value)), day_first, epoch)
        else:
            return read_date(unscrambled(cell), day_first, epoch, exchanged)
        if exchanged is None:
            return None, UNCLEAR_DATE
        moment = exchanged_back(moment) if exchanged else moment
        return (moment, "") if EARLIEST <= moment < LATEST else (None, OUT_OF_RANGE)

    return _given(read)


def _as_text(cell: Cell) -> str:
    return cell.isoformat() if isinstance(cell, datetime) else str(cell)


def read_id(cell: Cell) -> Read:
    """Read an identifier, to the letter; one that went through a floating number is refused."""
    if isinstance(cell, Typed):
        exact = float(cell.value).is_integer() and abs(cell.value) < LARGEST_EXACT
        return (str(int(cell.value)).zfill(cell.look.zeros), "") if exact else (None, LOST)
    text = _as_text(cell)
    if (exact := literal(text)) != text:
        return unscrambled(exact), ""
    text = guarded[1].strip() if (guarded := _ID_GUARD.fullmatch(text)) else text
    if _AS_NUMBER.fullmatch(text):
        return None, LOST
    if text.startswith("="):
        return None, "is a formula, and formulas are not run"
    if zero := _WITH_ZERO.fullmatch(text):
        return (zero[1], "") if int(zero[1]) < LARGEST_EXACT else (None, LOST)
    return unscrambled(text), ""


def read_handle(cell: Cell) -> Read:
    """Read a handle without its @, also out of a link."""
    value, wrong = read_id(cell)
    if value is None:
        return None, wrong
    if value[:1] in "[{":
        return None, "is an object and no handle"
    if link := link_of(value):
        return (
            link.handle or link.creator_id,
            "" if link.handle or link.creator_id else "is a link that names no account",
        )
    return value.lstrip("@").strip() or None, ""


def read_text(cell: Cell) -> Read:
    """Read free text."""
    return unscrambled(literal(_as_text(cell))), ""


def read_flag(cell: Cell) -> Read:
    """Read yes or no."""
    flag = flag_of(_as_text(cell))
    return flag, "" if flag is not None else "is neither yes nor no"


def read_platform(cell: Cell) -> Read:
    """Read a platform."""
    text = _as_text(cell)
    link = link_of(text)
    platform = link.platform if link else platform_of(text)
    if platform in (None, "elsewhere"):
        return None, "is no platform of ours: expected instagram, tiktok, youtube or x"
    return platform, ""


def list_reader(target: str) -> Reader:
    """Read words that stand for a value of a closed list: niche, brand_niche, country, language, format."""
    look, wrong = {
        "country": (country_in, ""),
        "language": (language_of, "is no language that is known by that name"),
        "format": (format_of, "is no format that is known by that name"),
    }.get(target, (niche_of, ""))

    def read(cell: Cell) -> Read:
        text = unscrambled(_as_text(cell))
        value = look(text) if len(text) <= LONGEST_LABEL else None
        return value, "" if value is not None else wrong

    return _given(read)


def link_reader(bare: bool) -> Reader:
    """Read addresses as a Link; of `bare` columns other texts are handles, of others those with an @."""

    def read(cell: Cell) -> Read:
        text = _as_text(cell)
        link = link_of(text)
        if link is not None or not (bare or _AT.fullmatch(text)):
            return link, "" if link is not None else "is no link"
        handle, wrong = read_handle(cell)
        return (Link("", handle), "") if handle else (None, wrong)

    return _given(read)


#: Kind or target -> reader, for those that need no decision.
PLAIN = {
    "flag": _given(read_flag),
    "platform": _given(read_platform),
    "currency": _given(read_currency),
    "handle": _given(read_handle),
    "creator_id": _given(read_id),
    "post_id": _given(read_id),
    "partnership_id": _given(read_id),
    "hashtags": _given(lambda cell: (hashtags_in(unscrambled(literal(_as_text(cell)))), "")),
    "text": _given(read_text),
}
LISTED = ("niche", "brand_niche", "country", "language", "format")
