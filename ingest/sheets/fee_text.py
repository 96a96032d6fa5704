"""What people write in a fee cell: an amount, a range, the price of one post or of a package, or
that there is no fee.

`split_fee_text` takes a text apart and decides nothing about decimal marks; `fee_reader` makes a
ParsedFee of it.
"""

import re
import unicodedata
from collections import Counter
from functools import lru_cache
from typing import NamedTuple

from babel import Locale
from babel.numbers import get_currency_name

from features.niche.tokens import fold, fold_label
from features.tables.packages import (
    Package,
    PackageError,
    package_text,
    parse_package,
    total_deliverables,
)
from ingest.sheets.currency_signs import CURRENCIES_BY_SHARED_SIGN, CURRENCY_CODES, CURRENCY_SIGNS
from ingest.sheets.labels import fee_word_of, format_of, is_deliverable, is_missing
from ingest.sheets.number_parser import parse_number_text
from ingest.sheets.word_lists import LANGUAGES

#: Longer texts are no fee.
LONGEST = 80
_NAMED_SIGN = re.compile(r"us|u\$s|jpy|inr|yen|d[oó]l|₹", re.IGNORECASE)
GIFT = "gift"
#: Formats that people write for each other: on TikTok every video is a short one.
INTERCHANGEABLE = {"short", "video"}
#: Words that say something of an amount which does not change it.
_REMARKS = (
    r"(?:negotiable|nego|neg\.?|obo|vb|vhb|verhandelbar|negociable|negociável|négociable|fixed|flat"
    r"|fix)"
)
_ABOUT = (
    r"(?:ca|circa|approx|approximately|about|around|etwa|rund|aprox|environ|env|cerca de|sekitar)"
)
_LEAST = (
    r"(?:from|starting (?:at|from)|starts at|min(?:imum)?\.?|at least|ab|mind(?:estens|\.)?|desde"
    r"|a partir de|"
    r"à partir de|dès|mulai(?: dari)?|≥|>=?)"
)
_LEAST_AFTER = r"(?:\+|and up|and above|onwards|upwards|aufwärts|y más|et plus|e mais|ke atas)"
_MOST = (
    r"(?:up to|max(?:imum)?\.?|at most|bis(?: zu)?|hasta|até|jusqu'à|jusqu’à|hingga|maks\.?|≤|<=?)"
)
_BETWEEN = r"(?:between|from|zwischen|von|entre|de|desde|antara|dari)"
_TO = re.compile(
    r"\s*(?:[-–—−~]|\.\.+|…|s/d|(?<![^\W\d_])(?:to|bis|until|till|a|à|and|und|y|e|et|dan|sampai|hingga|hasta|até)"
    r"(?![^\W\d_]))\s*",
    re.IGNORECASE,
)
_PER = r"(?:/|(?<!\w)(?:per|pro|por|par|je|for|für|fuer|para|pour|untuk|@)(?!\w))"
_PRICED = re.compile(rf"(?P<money>.*\d.*?)\s*{_PER}\s*(?P<what>.+)", re.IGNORECASE)
_NAMED = re.compile(
    r"(?P<what>[^:=]+?)\s*(?:[:=]|(?<!\w)(?:for|für|fuer|para|pour|untuk)(?!\w))\s*(?P<money>.*\d.*)",
    re.I,
)
_BRACKETS = re.compile(r"(?P<money>.*\d.*?)\s*\((?P<what>[^()]+)\)")
_EACH = re.compile(
    r"(?P<money>.*\d.*?)\s*(?:each|apiece|c/u|cada un[oa]|cada|chacune?|je)", re.IGNORECASE
)
_PART = re.compile(r"(?:(?P<count>\d{1,3})\s*[x×]?\s*)?(?P<word>[^\W\d].*)", re.IGNORECASE)
_AND = re.compile(r"\s*(?:[+,&;]|(?<!\w)(?:and|und|y|e|et|dan)(?!\w))\s*", re.IGNORECASE)


class ParsedFee(NamedTuple):
    """What a fee cell says.

    `amount`: the fee, or the upper end of a range, None where `word` says that there is none;
    `currency`: as the cell or the header says, `bare` where only a sign of several does; `lower`:
    the other end of the range; `bound`: "least" or "most" where the text names one end only;
    `per_post`: the price of one post; `deliverables`, `format`, `package`: of what it is the price
    of, as in BookedDeliverables.
    """

    amount: float | None
    currency: str | None = None
    bare: bool = False
    lower: float | None = None
    bound: str = ""
    per_post: bool = False
    deliverables: int | None = None
    format: str | None = None
    package: str | None = None
    word: str = ""


class BookedDeliverables(NamedTuple):
    """What is booked: how many posts, None where no number is named, and their format where it is
    one alone. `package`: the canonical text of several formats, where all are named.
    """

    count: int | None  # type: ignore[assignment]  # hides tuple.count, which nobody needs here
    format: str | None
    package: str | None = None


class FeeText(NamedTuple):
    """The parts of a fee's text: one amount, or both ends of a range, as texts that
    `parse_number_text` reads.
    """

    amounts: tuple[str, ...]
    bound: str = ""
    package: BookedDeliverables | None = None


def no_fee_reason(text: str) -> str | None:
    """Return what a text in place of a fee means: "gift", "open" (on request and the like), None
    for any other text.

    >>> no_fee_reason("Gifted"), no_fee_reason("auf Anfrage"), no_fee_reason("450")
    ('gift', 'open', None)
    """
    whole = "open" if is_missing(text) else fee_word_of(text)
    parts = [part.strip() for part in re.split(r"[/,;()]|\s[-–]\s", text) if part.strip()]
    if whole or len(parts) < 2:
        return whole
    reasons = {no_fee_reason(part) for part in parts}
    if None in reasons:
        return None
    return "open" if "open" in reasons else GIFT


@lru_cache(maxsize=1 << 14)
def parse_deliverables(text: str) -> BookedDeliverables | None:
    """Return the deliverables that a text books, None where it is something else.

    >>> parse_deliverables("2x Reels + 3 Stories")
    BookedDeliverables(count=5, format=None, package='2 short + 3 story')
    >>> parse_deliverables("3 reels")[:2], parse_deliverables("post")[:2]
    ((3, 'short'), (None, None))
    """
    package = _package_of(text)
    if package is not None and (len(package) > 1 or any(map(str.isdigit, text))):
        name, count = package[0]
        if len(package) == 1:
            return BookedDeliverables(count, name)
        return BookedDeliverables(total_deliverables(package), None, package_text(package))
    counts: list[int | None] = []
    formats: set[str | None] = set()
    for part in _AND.split(text.strip()):
        match = _PART.fullmatch(part)
        word = fold_label(match["word"]) if match else ""
        if match is None or not (format_of(word) or is_deliverable(word)):
            return None
        counts.append(int(match["count"]) if match["count"] else None)
        formats.add(format_of(word))
    total = counts[0] if len(counts) == 1 else sum(count or 1 for count in counts)
    if total == 0:
        return None
    return BookedDeliverables(total, formats.pop() if len(formats) == 1 else None)


def _package_of(text: str) -> Package | None:
    """Return the formats that a text books, None where it is something else or not all of them are
    named.
    """
    try:
        return parse_package(text, format_of)
    except PackageError:
        return None


@lru_cache(maxsize=1 << 14)
def split_fee_text(text: str) -> FeeText | None:
    """Return the parts of a fee's text, None where the text is no fee.

    >>> split_fee_text("$300-500")
    FeeText(amounts=('$300', '500'), bound='', package=None)
    >>> split_fee_text("1,200 for 3 reels").package.count, split_fee_text("ab 500 €").bound
    (3, 'least')
    """
    if len(text) > LONGEST:
        return None
    text = unicodedata.normalize("NFKC", text).strip()
    text = re.sub(rf"^{_ABOUT}\.?\s+(?=\D{{0,3}}\d)", "", text, flags=re.IGNORECASE)
    text = re.sub(rf"\s*[(,]?\s*(?<!\w){_REMARKS}\)?$", "", text, flags=re.IGNORECASE)
    if each := _EACH.fullmatch(text):
        return _priced(each["money"], BookedDeliverables(None, None))
    for pattern in (_PRICED, _BRACKETS, _NAMED):
        match = pattern.fullmatch(text)
        package = parse_deliverables(match["what"]) if match else None
        if match and package:
            return _priced(match["money"], package)
    return _amounts(text)


def _priced(money: str, package: BookedDeliverables) -> FeeText | None:
    offer = _amounts(money.strip())
    return offer and offer._replace(package=package)


def _amounts(text: str) -> FeeText | None:
    """Return an amount, or both ends of a range, None where a text is neither."""
    for pattern, bound in (
        (rf"{_LEAST}\s*(.+)", "least"),
        (rf"(.+?)\s*{_LEAST_AFTER}", "least"),
        (rf"{_MOST}\s*(.+)", "most"),
    ):
        match = re.fullmatch(pattern, text, re.IGNORECASE)
        amount = match[1].strip() if match else ""
        if amount and parse_number_text(amount):
            return FeeText((amount,), bound)
    if parse_number_text(text):
        return FeeText((text,))
    inner = re.sub(rf"^{_BETWEEN}\s+", "", text, flags=re.IGNORECASE)
    for at in _TO.finditer(inner):
        ends = inner[: at.start()].strip(), inner[at.end() :].strip()
        numbers = map(parse_number_text, ends)
        if all(number and not number.negative and not number.percent for number in numbers):
            return FeeText(ends)
    return None


def amount_texts(texts: dict[str, int]) -> dict[str, int]:
    """Return the amounts in fee texts, both ends of a range, without other words.

    `texts`: distinct text -> how often; the result likewise.
    """
    amounts: Counter[str] = Counter()
    for text, times in texts.items():
        fee_text = None if no_fee_reason(text) else split_fee_text(text)
        for amount in fee_text.amounts if fee_text else (text,):
            amounts[amount] += times
    return amounts


def has_shared_sign(text: str) -> bool:
    """Return whether an amount may name its currency by a sign alone that several have.

    >>> has_shared_sign("$450"), has_shared_sign("US$450"), has_shared_sign("450 USD")
    (True, False, False)
    """
    return not _NAMED_SIGN.search(text)


def reconcile_currency(
    cell_currency: str | None, column_currency: str | None, bare: bool
) -> tuple[str | None, bool]:
    """Return the currency of an amount and whether its cell and its column contradict each other.

    `cell_currency`, `column_currency`: as each says, None where it says none; `bare`: the cell has
    only a sign that several currencies have.
    """
    if cell_currency is None or column_currency is None or cell_currency == column_currency:
        return cell_currency or column_currency, False
    if bare and column_currency in CURRENCIES_BY_SHARED_SIGN.get(cell_currency, ()):
        return column_currency, False
    return None, True


@lru_cache(maxsize=4096)
def currency_of(text: str) -> str | None:
    """Return the ISO 4217 code that a code, a sign or a name in six languages stands for, None for
    other texts.

    >>> currency_of("eur"), currency_of("€"), currency_of("US-Dollar"), currency_of("everything")
    ('EUR', 'EUR', 'USD', None)
    """
    text = text.strip()
    if (
        len(text) == 3
        and text.isascii()
        and text.isalpha()
        and text.upper() in CURRENCY_CODES | _english_names().keys()
    ):
        return text.upper()
    return CURRENCY_SIGNS.get(text) or _currency_names().get(fold_label(text))


@lru_cache(maxsize=1)
def _english_names() -> dict[str, str]:
    return dict(Locale.parse("en").currencies)


@lru_cache(maxsize=1)
def _currency_names() -> dict[str, str]:
    names: dict[str, set[str]] = {}
    for language in LANGUAGES:
        for code in map(str, Locale.parse(language).currencies):
            for count in (None, 1, 2):
                name = fold_label(get_currency_name(code, count, language))
                names.setdefault(name, set()).add(code)
    signs = {
        fold(sign): code
        for sign, code in CURRENCY_SIGNS.items()
        if sign.isalpha() and len(sign) > 3
    }
    return signs | {name: next(iter(codes)) for name, codes in names.items() if len(codes) == 1}
