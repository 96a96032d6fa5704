"""Readers of the cells of one column: cell -> (value, what is wrong with it).

`READERS` has those that need no decision; the others are made of what was decided of the column.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime

from features.files.formula_escape import strip_apostrophe
from features.niche.tokens import fold_label
from ingest.sheets.cell_results import CellReader, CellResult, read_filled
from ingest.sheets.dates import (
    NO_DATE,
    UNCLEAR_DATE,
    check_years,
    from_serial,
    read_date,
    swap_day_month,
)
from ingest.sheets.fee_text import currency_of
from ingest.sheets.hashtags import hashtags_in
from ingest.sheets.labels import (
    country_in,
    fix_mojibake,
    flag_of,
    format_of,
    language_of,
    niche_of,
    platform_of,
)
from ingest.sheets.links import Link, parse_link
from ingest.sheets.workbook import Cell, NumberCell

LOST_DIGITS = "has lost digits: it was kept as a number; export the column as text"
#: Longer texts are no label.
LONGEST_LABEL = 200
#: From here on a floating number stands for several whole ones.
LARGEST_EXACT = 2**53
_HANDLE = re.compile(r"@[\w.\-]+")
_ID_GUARD = re.compile(r'="([^"]*)"')
_SCIENTIFIC = re.compile(r"\d(?:[.,]\d+)?[eE]\+\d+")
_WHOLE_DECIMAL = re.compile(r"(\d+)\.0")


#: Numbers from this size on are no serial numbers of days, and from the second no moments.
_LEAST_EPOCH, _PAST_EPOCH = 10**6, 10**14


def mapped_value_reader(values: dict[str, str], read: CellReader) -> CellReader:
    """Return a reader of words that a map file explains; it reads other words as `read` does.

    `values`: a word of the sheet -> what it means.
    """
    meanings = {fold_label(word): meaning for word, meaning in values.items()}

    def read_meaning(cell: Cell) -> CellResult:
        return read(meanings.get(fold_label(_as_text(cell)), cell))

    return read_meaning


def read_currency(cell: Cell) -> CellResult:
    """Read a currency: its code, sign or name."""
    code = currency_of(_as_text(cell))
    return code, "" if code else "is no currency: write its ISO 4217 code, such as EUR"


def time_reader(day_first: bool | None, epoch: int, exchanged: bool | None = False) -> CellReader:
    """Return a reader of moments, which returns datetimes in UTC.

    `day_first`: whether 01/02/2026 is in February, None where that is open; `exchanged`: as in
    `read_date`.
    """

    def read(cell: Cell) -> CellResult:
        if isinstance(cell, str):
            return read_date(fix_mojibake(cell), day_first, epoch, exchanged)
        if isinstance(cell, NumberCell):
            if not 0 < cell.value < _PAST_EPOCH:
                return None, NO_DATE
            if cell.value >= _LEAST_EPOCH:
                return read_date(str(int(cell.value)), day_first, epoch)
            moment = from_serial(float(cell.value), epoch)
        else:
            moment = cell if cell.tzinfo else cell.replace(tzinfo=UTC)
        if exchanged is None:
            return None, UNCLEAR_DATE
        return check_years(swap_day_month(moment) if exchanged else moment)

    return read_filled(read)


def _as_text(cell: Cell) -> str:
    return cell.isoformat() if isinstance(cell, datetime) else str(cell)


def read_id(cell: Cell) -> CellResult:
    """Read an identifier, to the letter; one that went through a floating number is refused."""
    if isinstance(cell, NumberCell):
        exact = float(cell.value).is_integer() and abs(cell.value) < LARGEST_EXACT
        if not exact:
            return None, LOST_DIGITS
        return str(int(cell.value)).zfill(cell.display.zeros), ""
    text = _as_text(cell)
    unguarded = strip_apostrophe(text)
    if unguarded != text:
        return fix_mojibake(unguarded), ""
    if guard := _ID_GUARD.fullmatch(text):
        text = guard[1].strip()
    if _SCIENTIFIC.fullmatch(text):
        return None, LOST_DIGITS
    if text.startswith("="):
        return None, "is a formula, and formulas are not run"
    if whole := _WHOLE_DECIMAL.fullmatch(text):
        return (whole[1], "") if int(whole[1]) < LARGEST_EXACT else (None, LOST_DIGITS)
    return fix_mojibake(text), ""


def read_handle(cell: Cell) -> CellResult:
    """Read a handle without its @, also out of a link."""
    text, wrong = read_id(cell)
    if text is None:
        return None, wrong
    if text[:1] in "[{":
        return None, "is an object and no handle"
    link = parse_link(text)
    if link is None:
        return text.lstrip("@").strip() or None, ""
    account = link.handle or link.creator_id
    return account, "" if account else "is a link that names no account"


def read_text(cell: Cell) -> CellResult:
    """Read free text."""
    return fix_mojibake(strip_apostrophe(_as_text(cell))), ""


def read_hashtags(cell: Cell) -> CellResult:
    """Read hashtags, which are returned with spaces between them and without #."""
    text, _ = read_text(cell)
    return hashtags_in(text), ""


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


#: Column with a closed list -> what looks up its words, and what is wrong with an unknown one; an
#: unknown niche or country is reported in a note of the column instead.
_CLOSED_LISTS: dict[str, tuple[Callable[[str], str | None], str]] = {
    "niche": (niche_of, ""),
    "brand_niche": (niche_of, ""),
    "country": (country_in, ""),
    "language": (language_of, "is no language that is known by that name"),
    "format": (format_of, "is no format that is known by that name"),
}
CLOSED_LIST_COLUMNS = tuple(_CLOSED_LISTS)


def list_reader(column: str) -> CellReader:
    """Return a reader of words that stand for a value of one of CLOSED_LIST_COLUMNS."""
    look_up, wrong = _CLOSED_LISTS[column]

    def read(cell: Cell) -> CellResult:
        text = fix_mojibake(_as_text(cell))
        value = look_up(text) if len(text) <= LONGEST_LABEL else None
        return value, "" if value is not None else wrong

    return read_filled(read)


def link_reader(bare_handles: bool) -> CellReader:
    """Return a reader of addresses, which returns a Link.

    Other texts are handles where `bare_handles`, else only those with an @.
    """

    def read(cell: Cell) -> CellResult:
        text = _as_text(cell)
        link = parse_link(text)
        if link is not None:
            return link, ""
        if not (bare_handles or _HANDLE.fullmatch(text)):
            return None, "is no link"
        handle, wrong = read_handle(cell)
        return (Link("", handle), "") if handle else (None, wrong)

    return read_filled(read)


#: Kind or column -> reader, for those that need no decision.
READERS = {
    "flag": read_filled(read_flag),
    "platform": read_filled(read_platform),
    "currency": read_filled(read_currency),
    "handle": read_filled(read_handle),
    "creator_id": read_filled(read_id),
    "post_id": read_filled(read_id),
    "partnership_id": read_filled(read_id),
    "hashtags": read_filled(read_hashtags),
    "text": read_filled(read_text),
}
