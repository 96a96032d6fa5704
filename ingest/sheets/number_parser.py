"""Numbers as people write them: decimal and thousands marks, k/m/b and their likes, percent, signs
of currencies.

Which mark is the decimal one is a property of a column, never of one value: `survey` counts what
each value proves, `read` obeys the decision. Where a value alone would be unclear ("1.234"),
nothing is guessed.
"""

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from features.niche.tokens import fold

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
#: Sign -> ISO 4217. A bare $ is taken as US dollars, and told.
CURRENCY_SIGNS = {
    "US$": "USD", "U$S": "USD", "R$": "BRL", "MX$": "MXN", "CA$": "CAD", "C$": "CAD", "AU$": "AUD", "A$": "AUD",
    "NZ$": "NZD", "S$": "SGD", "HK$": "HKD", "NT$": "TWD", "$": "USD", "€": "EUR", "£": "GBP", "Rp": "IDR",
    "RP": "IDR", "rp": "IDR", "₹": "INR", "Rs": "INR", "¥": "JPY", "₩": "KRW", "₺": "TRY", "zł": "PLN", "₦": "NGN",
    "₱": "PHP", "฿": "THB", "₫": "VND", "₽": "RUB", "₪": "ILS", "euro": "EUR", "euros": "EUR", "Euro": "EUR",
    "dollars": "USD", "dólares": "USD", "reais": "BRL",
}  # fmt: skip
#: Signs that several currencies have; they stand for that in CURRENCY_SIGNS only where nothing
#: names another of them.
SHARED_SIGNS = ("$", "¥", "Rs")
#: The currency that a sign alone is taken for -> those that have the same sign.
CURRENCIES_BY_SHARED_SIGN = {
    "USD": frozenset({"CAD", "AUD", "NZD", "SGD", "HKD", "TWD", "MXN", "ARS", "CLP", "COP", "UYU"}),
    "JPY": frozenset({"CNY"}),
    "INR": frozenset({"PKR", "LKR", "NPR"}),
}
_CODES = """
AED ARS AUD BGN BRL CAD CHF CLP CNY COP CZK DKK EGP EUR GBP HKD HRK HUF IDR ILS INR ISK JPY KES KRW KWD MAD MXN MYR NGN
NOK NZD PEN PHP PKR PLN QAR RON RSD RUB SAR SEK SGD THB TRY TWD UAH USD UYU VND ZAR
"""
CURRENCY_CODES = frozenset(_CODES.split())

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
#: What people write behind a number although the column says it.
_NOUNS = """
followers follower subscribers subs fans likes views posts comments seguidores suscriptores inscritos abonnes abonnenten
pengikut
"""
_APPROXIMATE = {"~", "≈", "ca", "approx", "about", "circa", "±", "+"}


def _decimal_pattern(mark: str, other: str) -> re.Pattern:
    indian = rf"[1-9]\d?(?:[{other}]\d{{2}})+[{other}]\d{{3}}"
    groups = rf"[1-9]\d{{0,2}}(?:[{other}]\d{{3}})+|[1-9]\d{{0,2}}(?:_\d{{3}})+|{indian}"
    return re.compile(rf"(?:(?:\d+|{groups})(?:[{mark}]\d*)?|[{mark}]\d+)")


_PATTERNS = {".": _decimal_pattern(".", ","), ",": _decimal_pattern(",", ".")}


class ParsedNumber(NamedTuple):
    """A number as written: digits with their marks, sign, power of ten of its suffix, percent sign,
    currency.

    `word`: the suffix, folded, where it stands in a text of more than digits and one letter.
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
        """Give the digits read with that decimal mark, None where they cannot be."""
        if self.exact is not None or self.core.isdigit():
            return Decimal(self.core) if self.exact is None else self.exact
        if not _PATTERNS[decimal].fullmatch(self.core):
            return None
        other = "," if decimal == "." else "."
        return Decimal(
            self.core.replace("_", "").replace(other, "").replace(decimal, ".").rstrip(".") or "0"
        )

    @property
    def proven_mark(self) -> str:
        """Say which decimal mark the digits prove: ".", ",", "" (either reads the same), "?"
        (unclear), "!" (none).
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
    """Take a text apart as one number, None where it is none.

    >>> parse_number_text("R$ 1.234,5k") == ParsedNumber("1.234,5", power=3, currency="BRL")
    True
    """
    if common := _COMMON.fullmatch(text):  # nothing else than what the rest would find, sooner
        core, suffix = common.groups()
        return ParsedNumber(core, power=SUFFIXES.get(suffix.lower(), 0), percent=suffix == "%")
    return _figure(text) if len(text) <= LONGEST else None


@lru_cache(maxsize=1 << 16)
def _figure(text: str) -> ParsedNumber | None:
    if not text.isascii() and any(
        unicodedata.decomposition(sign).startswith(_BESIDE) for sign in text
    ):
        return None
    text = unicodedata.normalize("NFKC", text).replace("−", "-").replace("–", "-").strip()
    if _SCIENTIFIC.fullmatch(text):
        exact = Decimal(text.replace(",", "."))
        return ParsedNumber(text, exact=exact, negative=False)
    found = _SHAPE.fullmatch(_GROUP_MARK.sub("_", text))
    if not found or not any(map(str.isdigit, found["core"])):
        return None
    words = [*_words(found["before"]), *_words(found["between"]), *_words(found["after"])]
    if words and words[-1].endswith("+"):  # "10k+"
        words[-1:] = [*filter(None, [words[-1][:-1]]), "~"]
    core = found["core"]
    if core[-1] in ".," and words:  # "12,- €" and "mil." put their mark beside the digits
        core = core[:-1]
    return _with_words(core, found["sign"] == "-" or bool(_NEGATIVE.fullmatch(text)), words)


def _words(text: str) -> list[str]:
    return [word for word in re.split(r"[\s.:()\-]+|(?<=[$€£%])|(?=[€£%₹])", text) if word]


def _with_words(core: str, negative: bool, words: list[str]) -> ParsedNumber | None:
    power, percent, currency, approximate, suffix, sign = 0, False, None, False, "", ""
    for word in words:
        code = CURRENCY_SIGNS.get(word) or (
            word.upper() if word.upper() in CURRENCY_CODES and len(word) == 3 else None
        )
        closer = sign in SHARED_SIGNS and code in CURRENCIES_BY_SHARED_SIGN.get(
            currency, ()
        )  # "$12,000 MXN"
        if code and (currency in (None, code) or closer):
            currency, sign = code, word
        elif (
            code and word in SHARED_SIGNS and currency in CURRENCIES_BY_SHARED_SIGN.get(code, ())
        ):  # "MXN $12,000"
            continue
        elif word == "%" and not percent:
            percent = True
        elif fold(word) in SUFFIXES and not power:
            power, suffix = SUFFIXES[fold(word)], fold(word)
        elif fold(word) in _APPROXIMATE:
            approximate = True
        elif fold(word) in _NOUNS.split():
            continue
        elif (split := _glued(word)) and not power and currency is None:
            power, currency = split
        else:
            return None
    return ParsedNumber(
        core,
        negative,
        power,
        percent,
        currency,
        approximate,
        word=suffix if len(suffix) > 1 else "",
    )


def _glued(word: str) -> tuple[int, str] | None:
    """Split a suffix from a sign that follows it at once ("k€")."""
    return next(
        ((SUFFIXES[fold(word[: -len(sign)])], code) for sign, code in CURRENCY_SIGNS.items()
         if word.endswith(sign) and fold(word[: -len(sign)]) in SUFFIXES),
        None,
    )  # fmt: skip


@dataclass
class NumberStats:
    """What the texts of one column prove about how its numbers are written; memory does not grow
    with the rows.

    `mark_counts`: (currency, has a suffix, what it proves) -> how many; `first_unclear`: (currency,
    has a suffix, its mark) -> the first that is unclear; `words`: suffix of more than a letter ->
    the first text with it.
    """

    read: int = 0
    unread: int = 0
    mark_counts: Counter = field(default_factory=Counter)
    first_unclear: dict[tuple[str | None, bool, str], tuple[str, ParsedNumber]] = field(
        default_factory=dict
    )
    words: dict[str, str] = field(default_factory=dict)
    percents: int = 0
    suffixed: int = 0
    approximate: int = 0
    currencies: Counter = field(default_factory=Counter)
    sizes: Counter = field(default_factory=Counter)

    def add(self, texts: dict[str, int], rates: bool = False) -> None:
        """Count distinct texts, text -> how often; of `rates` the sizes of values without a percent
        sign too.
        """
        for text, times in texts.items():
            found = parse_number_text(text)
            if found is None:
                self.unread += times
                continue
            self.read += times
            proof = found.proven_mark
            self.mark_counts[found.currency, found.power > 0, proof] += times
            if proof == "?":
                self.first_unclear.setdefault(
                    (found.currency, found.power > 0, last_mark(found.core)), (text, found)
                )
            if found.word:
                self.words.setdefault(found.word, text)
            self.percents += times * found.percent
            self.suffixed += times * (found.power > 0)
            self.approximate += times * found.approximate
            self.currencies[found.currency] += times
            if (
                rates
                and not found.percent
                and (value := found.value_with_mark(last_mark(found.core))) is not None
            ):
                self.sizes[rate_size(float(value))] += times

    @property
    def proofs(self) -> Counter:
        """Give (has a suffix, what it proves) -> how many."""
        found = Counter()
        for (_, *proof), times in self.mark_counts.items():
            found[tuple(proof)] += times
        return found

    @property
    def unclear(self) -> dict[tuple[bool, str], tuple[str, ParsedNumber]]:
        """Give (has a suffix, its mark) -> the first that is unclear."""
        return {
            (suffixed, mark): first
            for (_, suffixed, mark), first in reversed(self.first_unclear.items())
        }

    def of(self, currency: str | None) -> "NumberStats":
        """Give what the amounts of one currency prove of their marks."""
        return NumberStats(
            mark_counts=Counter(
                {key: times for key, times in self.mark_counts.items() if key[0] == currency}
            ),
            first_unclear={
                key: first for key, first in self.first_unclear.items() if key[0] == currency
            },
        )

    def has_marks(self, suffixed: bool) -> bool:
        """Say whether a number, with a suffix or without, has a mark."""
        return any(
            times for (group, proof), times in self.proofs.items() if group == suffixed and proof
        )

    def has_both_marks(self, suffixed: bool) -> bool:
        """Say whether numbers, with a suffix or without, prove both marks."""
        return bool(self.proofs[suffixed, "."] and self.proofs[suffixed, ","])

    @property
    def decimals(self) -> set[str]:
        """Give the decimal marks that plain numbers prove, or where they prove none those with a
        suffix.
        """
        proven = [
            {mark for mark in ".," if self.proofs[suffixed, mark]} for suffixed in (False, True)
        ]
        return proven[0] or proven[1]


def rate_size(value: float) -> str:
    """Sort a rate into the classes that tell fractions from percentages.

    >>> rate_size(0.034), rate_size(0.5), rate_size(3.4)
    ('fraction', 'either', 'percent')
    """
    value = abs(value)
    return (
        "zero"
        if value == 0
        else "fraction"
        if value < 0.1
        else "either"
        if value <= 1
        else "percent"
    )


def last_mark(core: str) -> str:
    """Give the decimal mark of a number that cannot reach a thousand, such as a rate: the last mark
    in it.
    """
    return "," if core.rfind(",") > core.rfind(".") else "."


def number_value(found: ParsedNumber, decimal: str) -> Decimal | None:
    """Give the number under a decision; a suffix makes a count, which is whole."""
    digits = found.value_with_mark(decimal)
    if digits is None:
        return None
    value = digits.scaleb(found.power)
    if found.power:
        value = value.to_integral_value()
    return -value if found.negative else value
