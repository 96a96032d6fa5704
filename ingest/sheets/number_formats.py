"""Excel's number formats: how a stored number is shown in its cell, so that both can be compared.

The form is that of ECMA-376 part 1, 18.8.31: sections between `;`, literal text in quotes or behind
a backslash, `%` that multiplies by a hundred, commas behind the digits that divide by a thousand
each, `[$sign-locale]`.
"""

import locale
import operator
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from babel import Locale, UnknownLocaleError
from babel.numbers import get_currency_symbol, get_territory_currencies

from ingest.sheets.currency_signs import CURRENCY_CODES, CURRENCY_SIGNS, SHARED_SIGNS
from ingest.sheets.number_parser import parse_number_text

_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"?|\\(?P<escaped>.?)|(?P<skipped>[_*].?)|\[(?P<bracket>[^\]]*)\]?'
    r"|(?P<general>General)"
    r"|(?P<digit>[0#?])|(?P<mark>[.,])|(?P<percent>%)|(?P<exponent>E[+-])|(?P<other>.)",
    re.DOTALL | re.IGNORECASE,
)
_SECTION_END = re.compile(r'((?:"[^"]*"?|\\.|\[[^\]]*\]?|[^;"\\\[])*)(?:;|$)', re.DOTALL)
_CONDITION = re.compile(r"(<=|>=|<>|<|>|=)\s*(-?\d+(?:\.\d+)?)")
_CURRENCY = re.compile(r"\$(?P<sign>[^-]*)(?:-(?P<locale>.+))?")
_COMPARED = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "=": operator.eq,
    "<>": operator.ne,
}  # fmt: skip
#: Digits as whole ones in groups of three, then those behind the decimal point.
_USUAL_DIGITS = re.compile(r"0*(?:[\s'’.,]0{3})*(?:D[0\s]*)?")
#: Locales of English that Python's table names otherwise or not at all.
_LOCALES = {0x3C09: "en_HK", 0x4809: "en_SG"}


@dataclass(frozen=True, eq=False)
class NumberDisplay:
    """How a number is shown: `before` + the number times 10**`scale` + `after`.

    `suffix`: the power of ten that the text beside it stands for; `percent`: "%" where the sign
    multiplies, "literal" where it is only text; `sign`: the sign of the currency where several have
    it; `zeros`: to how many digits it is filled up; `odd`: the text changes what the digits say
    (`0"000"`); `digits` False: the number is not shown at all.
    """

    before: str = ""
    after: str = ""
    scale: int = 0
    suffix: int = 0
    percent: str = ""
    currency: str | None = None
    sign: str = ""
    zeros: int = 1
    odd: bool = False
    digits: bool = True

    def text(self, number: int | float) -> str:
        """Return the number as it is shown, but for rounding and marks."""
        if not self.digits:
            return self.before
        digits = Decimal(repr(number)).scaleb(self.scale + 2 * (self.percent == "%"))
        return f"{self.before}{digits.normalize():f}{self.after}".strip()


#: A number that is shown as it is stored.
SHOWN_AS_STORED = NumberDisplay()


def number_display(number_format: str, number: int | float) -> NumberDisplay:
    """Return how a format shows a number.

    >>> number_display("[$$-C09]#,##0", 450).currency, number_display('0.0"M"', 2.9).suffix
    ('AUD', 6)
    >>> number_display('0.0,"K"', 12500).text(12500)
    '12.5K'
    """
    sections = _sections(number_format)
    for condition, look in sections:
        if condition is not None and _COMPARED[condition[0]](number, condition[1]):
            return look
    if any(condition is not None for condition, _ in sections):
        free = [look for condition, look in sections if condition is None]
        return free[0] if free else SHOWN_AS_STORED
    looks = [look for _, look in sections]
    at = 1 if number < 0 else 2 if number == 0 else 0
    return looks[at if at < len(looks) else 0] if looks else SHOWN_AS_STORED


@lru_cache(maxsize=4096)
def _sections(number_format: str) -> list[tuple[tuple[str, float] | None, NumberDisplay]]:
    """Return the sections for numbers, each with its condition."""
    texts = [match[1] for match in _SECTION_END.finditer(number_format)][:3]
    if len(texts) > 1 and not texts[-1]:
        texts.pop()
    return [_section(text, at) for at, text in enumerate(texts)]


def _section(text: str, at: int) -> tuple[tuple[str, float] | None, NumberDisplay]:
    tokens, condition, currency = [], None, None
    for kind, value in _tokens(text):
        if kind != "bracket":
            tokens.append((kind, value))
            continue
        limit = _CONDITION.fullmatch(value)
        if limit:
            condition = limit[1], float(limit[2])
            continue
        money = _CURRENCY.fullmatch(value)
        if money and money["sign"].strip():
            sign = money["sign"]
            currency = currency or currency_of_format(sign, money["locale"] or "")
            is_currency = currency or sign.strip() in SHARED_SIGNS
            tokens.append(("currency" if is_currency else "literal", sign))
    return condition, _look(tokens, currency, at)


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    """Yield the kind and the text of each token that is shown or decides how numbers are shown."""
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or "other"  # one group of the pattern always matches
        if kind != "skipped":
            yield "literal" if kind in ("quoted", "escaped", "other") else kind, match[kind]


def _look(tokens: list[tuple[str, str]], currency: str | None, at: int) -> NumberDisplay:
    places = [k for k, (kind, _) in enumerate(tokens) if kind in ("digit", "general")]
    if not places:
        text = _literals(tokens)
        is_zero = at == 2 and not text.strip(" -–—")  # shown as a dash or as nothing
        if text == "@" or is_zero:
            return SHOWN_AS_STORED
        return NumberDisplay(before=text, odd=True, digits=False)
    first, last = places[0], places[-1]
    before, after, inner = tokens[:first], tokens[last + 1 :], tokens[first : last + 1]
    if any(kind == "literal" and "/" in value for kind, value in inner):
        return SHOWN_AS_STORED  # a fraction
    literal_before, literal_after = _literals(before, "literal"), _literals(after, "literal")
    example = parse_number_text(f"{literal_before}1{literal_after}".strip())
    literal = literal_before + literal_after
    sign = next((sign for sign in SHARED_SIGNS if sign in literal.split() or literal == sign), "")
    percent = "%" if ("percent", "%") in tokens else "literal" if "%" in literal else ""
    leading = inner[: _point(inner)]
    zeros = [value for kind, value in leading if kind == "digit" and value == "0"]
    shows_minus = bool(example and example.negative and at == 0)
    return NumberDisplay(
        _literals(before),
        ("%" if percent == "%" else "") + _literals(after),
        -3 * _scaling_commas(tokens, last),
        example.power if example else 0,
        percent,
        currency or (example.currency if example else _sign_in(literal)),
        sign if currency is None else "",
        len(zeros),
        _is_odd(inner, literal, literal_after) or shows_minus,
    )


def _literals(tokens: list[tuple[str, str]], *kinds: str) -> str:
    return "".join(value for kind, value in tokens if kind in (kinds or ("literal", "currency")))


def _point(inner: list[tuple[str, str]]) -> int:
    return inner.index(("mark", ".")) if ("mark", ".") in inner else len(inner)


def _scaling_commas(tokens: list[tuple[str, str]], last: int) -> int:
    """Count the commas that divide by a thousand: those behind the digits, or just before the
    decimal point.
    """
    marks = "".join(
        "0" if kind == "digit" else value for kind, value in tokens if kind in ("digit", "mark")
    )
    return sum(len(run) for run in re.findall(r"(?<=0)(,+)(?=\.|$)", marks))


def _is_odd(inner: list[tuple[str, str]], literal: str, after: str) -> bool:
    """Return whether text stands among the digits, or adds digits to them."""
    if any(kind in ("general", "exponent") for kind, _ in inner):
        inner = []
    kinds = {"digit": "0", "mark": "D"}
    spread = "".join(
        kinds.get(kind, value) for kind, value in inner if (kind, value) != ("mark", ",")
    )
    return (
        "‰" in literal
        or bool(re.match(r"\s?[.,]?\d", after))
        or not _USUAL_DIGITS.fullmatch(spread)
    )


def _sign_in(literal: str) -> str | None:
    """Return the currency of a sign that stands among other text."""
    places = {
        sign: literal if not sign[0].isalpha() else literal.split() for sign in CURRENCY_SIGNS
    }
    return next(
        (
            CURRENCY_SIGNS[sign]
            for sign in sorted(CURRENCY_SIGNS, key=len, reverse=True)
            if sign in places[sign]
        ),
        None,
    )


@lru_cache(maxsize=1024)
def currency_of_format(sign: str, tag: str) -> str | None:
    """Return the currency of `[$sign-tag]`, None where nothing tells it.

    `tag`: a locale's number in Windows, or its name.

    >>> currency_of_format("$", "C09"), currency_of_format("$", "en-CA")
    ('AUD', 'CAD')
    >>> currency_of_format("kr", "41D"), currency_of_format("€", "409")
    ('SEK', 'EUR')
    """
    sign = unicodedata.normalize("NFKC", sign).strip(" .")
    if sign.upper() in CURRENCY_CODES:
        return sign.upper()
    if sign in CURRENCY_SIGNS and (sign not in SHARED_SIGNS or not tag):
        return CURRENCY_SIGNS[sign]
    place = _locale_of(tag)
    for code in get_territory_currencies(place.territory) if place and place.territory else ():
        symbol = unicodedata.normalize("NFKC", get_currency_symbol(code, place)).strip(" .")
        if sign == symbol or (sign == "$" and symbol.endswith("$")):
            return code
    return None


def _locale_of(tag: str) -> Locale | None:
    if re.fullmatch(r"[0-9A-Fa-f]{1,8}", tag):
        number = int(tag, 16) & 0xFFFF
        tag = _LOCALES.get(number) or locale.windows_locale.get(number, "")
    try:
        return Locale.parse(tag.replace("-", "_")) if tag else None
    except (ValueError, UnknownLocaleError):
        return None
