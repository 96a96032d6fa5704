"""Numbers as people write them: decimal and thousands marks, k/m/b and their likes, percent, signs
of currencies.

Which mark is the decimal one is a property of a column, never of one value: `NumberStats` counts
what each value proves, `number_value` obeys the decision. Where a value alone would be unclear
("1.234"), nothing is guessed.
"""

import re
import unicodedata
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from features.niche.tokens import fold
from ingest.sheets.currency_signs import (
    CURRENCIES_BY_SHARED_SIGN,
    CURRENCY_CODES,
    CURRENCY_SIGNS,
    SHARED_SIGNS,
)

#: Suffix, folded -> the power of ten it stands for.
SUFFIXES = {
    **dict.fromkeys(
        ("k", "mil", "tsd", "tausend", "rb", "ribu", "thousand", "miles", "mille", "тыс"), 3
    ),
    **dict.fromkeys(
        ("m", "mm", "mn", "mi", "mio", "mln", "mill", "million", "millions", "millones"), 6
    ),
    **dict.fromkeys(("milhoes", "milhao", "millionen", "jt", "juta", "млн"), 6),
    **dict.fromkeys(
        ("b", "bn", "billion", "billions", "mrd", "md", "milliarden", "miliar", "млрд"), 9
    ),
    **dict.fromkeys(("lakh", "lakhs", "lac"), 5),
    **dict.fromkeys(("crore", "crores", "cr"), 7),
}
#: Suffixes that mean another power of ten in another language -> in which languages they are read,
#: and both meanings.
LOCAL_SUFFIXES = {
    "mil": (frozenset({"es", "pt"}), "thousands or millions"),
    "billion": (frozenset({"en"}), "thousands of millions or millions of millions"),
    "billions": (frozenset({"en"}), "thousands of millions or millions of millions"),
}
_COMMON = re.compile(r"(\d{1,30}(?:[.,]\d{1,2})?)([kKmMbB%]?)", re.ASCII)
_PLAIN_DECIMAL = re.compile(r"\d+[.,]\d\d?", re.ASCII)
#: Longer texts are no number.
LONGEST = 40
_SHAPE = re.compile(
    r"(?P<before>[^\d.,+\-]*)(?P<sign>[+\-]?)(?P<between>[^\d.,+\-]*)(?P<core>[\d.,][\d.,_]*)(?P<after>[^\d_]*)"
)
_SCIENTIFIC = re.compile(r"[+-]?\d+(?:[.,]\d+)?[eE][+-]?\d{1,2}")
#: A negative amount of accounting, and one that ends in its minus.
_NEGATIVE = re.compile(r"[^\d(]*\([^\d()]*[\d.,' _]*\d[.,]?[^\d()]*\)[^\d()]*|.*\d ?-", re.DOTALL)
#: What compatibility characters stand for that are no digits of the number beside them, such as a
#: footnote's mark.
_BESIDE = ("<super>", "<sub>", "<circle>", "<fraction>")
_GROUP_MARK = re.compile(r"(?<=\d)[\s'’`´٬](?=\d{3}(?!\d))")
#: What people write behind a number although the header says it.
_NOUN_WORDS = """
followers follower subscribers subs fans likes views posts comments seguidores suscriptores
inscritos abonnes abonnenten pengikut
"""
_NOUNS = frozenset(_NOUN_WORDS.split())
_APPROXIMATE = {"~", "≈", "ca", "approx", "about", "circa", "±", "+"}


def _decimal_pattern(mark: str, other: str) -> re.Pattern[str]:
    indian = rf"[1-9]\d?(?:[{other}]\d{{2}})+[{other}]\d{{3}}"
    groups = rf"[1-9]\d{{0,2}}(?:[{other}]\d{{3}})+|[1-9]\d{{0,2}}(?:_\d{{3}})+|{indian}"
    return re.compile(rf"(?:(?:\d+|{groups})(?:[{mark}]\d*)?|[{mark}]\d+)")


_PATTERNS = {".": _decimal_pattern(".", ","), ",": _decimal_pattern(",", ".")}


class ParsedNumber(NamedTuple):
    """A number as written.

    `core`: its digits with their marks; `power`: the power of ten of its suffix; `exact`: the value
    of scientific notation; `word`: the suffix, folded, where it has more than one letter.
    """

    core: str
    negative: bool = False
    power: int = 0
    percent: bool = False
    currency: str | None = None
    approximate: bool = False
    exact: Decimal | None = None
    word: str = ""

    def value_with_mark(self, decimal: str) -> Decimal | None:
        """Return the digits read with that decimal mark, None where they cannot be."""
        if self.exact is not None:
            return self.exact
        if self.core.isdigit():
            return Decimal(self.core)
        if not _PATTERNS[decimal].fullmatch(self.core):
            return None
        other = "," if decimal == "." else "."
        digits = self.core.replace("_", "").replace(other, "").replace(decimal, ".").rstrip(".")
        return Decimal(digits or "0")

    @property
    def proven_mark(self) -> str:
        """The decimal mark that the digits prove: "." or ","; "" where both read the same, "?"
        where it is unclear, "!" where neither reads them.
        """
        if self.exact is not None or self.core.isdigit():
            return ""
        if _PLAIN_DECIMAL.fullmatch(self.core):
            return self.core[-2] if self.core[-2] in ".," else self.core[-3]
        dot, comma = self.value_with_mark("."), self.value_with_mark(",")
        if dot is None and comma is None:
            return "!"
        if dot is None or comma is None:
            return "," if dot is None else "."
        return "" if dot == comma else "?"


def parse_number_text(text: str) -> ParsedNumber | None:
    """Parse a text as one number, None where it is none.

    >>> parse_number_text("R$ 1.234,5k") == ParsedNumber("1.234,5", power=3, currency="BRL")
    True
    """
    if common := _COMMON.fullmatch(text):  # the same result as below, sooner
        core, suffix = common.groups()
        return ParsedNumber(core, power=SUFFIXES.get(suffix.lower(), 0), percent=suffix == "%")
    return _parse_uncommon(text) if len(text) <= LONGEST else None


@lru_cache(maxsize=1 << 16)
def _parse_uncommon(text: str) -> ParsedNumber | None:
    if not text.isascii() and any(
        unicodedata.decomposition(character).startswith(_BESIDE) for character in text
    ):
        return None
    text = unicodedata.normalize("NFKC", text).replace("−", "-").replace("–", "-").strip()
    if _SCIENTIFIC.fullmatch(text):
        return ParsedNumber(text, exact=Decimal(text.replace(",", ".")))
    match = _SHAPE.fullmatch(_GROUP_MARK.sub("_", text))
    if not match or not any(map(str.isdigit, match["core"])):
        return None
    words = [*_words(match["before"]), *_words(match["between"]), *_words(match["after"])]
    if words and words[-1].endswith("+"):  # "10k+"
        before_plus = words.pop()[:-1]
        words += [before_plus, "~"] if before_plus else ["~"]
    core = match["core"]
    if core[-1] in ".," and words:  # "12,- €" and "mil." put their mark beside the digits
        core = core[:-1]
    negative = match["sign"] == "-" or bool(_NEGATIVE.fullmatch(text))
    return _with_words(core, negative, words)


def _words(text: str) -> list[str]:
    """Split the text beside the digits into words and signs of currencies."""
    return [word for word in re.split(r"[\s.:()\-]+|(?<=[$€£%])|(?=[€£%₹])", text) if word]


def _with_words(core: str, negative: bool, words: list[str]) -> ParsedNumber | None:
    """Return the number with what the words beside it say, None where one is not understood."""
    power, percent, approximate, suffix = 0, False, False, ""
    currency: str | None = None
    currency_word = ""
    for word in words:
        code, folded = _currency_code(word), fold(word)
        if code and (currency in (None, code) or _is_closer(code, currency, currency_word)):
            currency, currency_word = code, word
        elif code and currency and _is_closer(currency, code, word):  # "MXN $12,000"
            continue
        elif word == "%" and not percent:
            percent = True
        elif folded in SUFFIXES and not power:
            power, suffix = SUFFIXES[folded], folded
        elif folded in _APPROXIMATE:
            approximate = True
        elif folded in _NOUNS:
            continue
        elif (glued := _suffix_and_sign(word)) and not power and currency is None:
            power, currency = glued
        else:
            return None
    word = suffix if len(suffix) > 1 else ""
    return ParsedNumber(core, negative, power, percent, currency, approximate, word=word)


def _currency_code(word: str) -> str | None:
    """Return the ISO 4217 code that a word or sign stands for."""
    if word in CURRENCY_SIGNS:
        return CURRENCY_SIGNS[word]
    code = word.upper()
    return code if code in CURRENCY_CODES and len(word) == 3 else None


def _is_closer(code: str, currency: str | None, word: str) -> bool:
    """Return whether `code` names more closely the currency that a shared sign was read as.

    >>> _is_closer("MXN", "USD", "$"), _is_closer("EUR", "USD", "$")
    (True, False)
    """
    return word in SHARED_SIGNS and code in CURRENCIES_BY_SHARED_SIGN.get(currency or "", ())


def _suffix_and_sign(word: str) -> tuple[int, str] | None:
    """Split a suffix from a sign of a currency that follows it at once ("k€")."""
    for sign, code in CURRENCY_SIGNS.items():
        if word.endswith(sign):
            suffix = fold(word.removesuffix(sign))
            if suffix in SUFFIXES:
                return SUFFIXES[suffix], code
    return None


def last_mark(core: str) -> str:
    """Return the decimal mark of a number that cannot reach a thousand, such as a rate: the last
    mark in it.
    """
    return "," if core.rfind(",") > core.rfind(".") else "."


def number_value(number: ParsedNumber, decimal: str) -> Decimal | None:
    """Return the value under a decimal mark, None where it cannot be; a suffix makes it whole."""
    digits = number.value_with_mark(decimal)
    if digits is None:
        return None
    value = digits.scaleb(number.power)
    if number.power:
        value = value.to_integral_value()
    return -value if number.negative else value
