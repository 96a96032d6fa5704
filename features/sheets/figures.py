"""Numbers as people write them: decimal and thousands marks, k/m/b and their likes, percent, signs of currencies.

Which mark is the decimal one is a property of a column, never of one value: `survey` counts what each value proves,
`read` obeys the decision. Where a value alone would be unclear ("1.234"), nothing is guessed.
"""

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from features.niche_words import fold

#: Suffix, folded -> the power of ten it stands for.
SUFFIXES = {
    **dict.fromkeys(("k", "mil", "tsd", "tausend", "rb", "ribu", "thousand", "miles", "mille", "тыс"), 3),
    **dict.fromkeys(("m", "mm", "mn", "mi", "mio", "mln", "mill", "million", "millions", "millones"), 6),
    **dict.fromkeys(("milhoes", "milhao", "millionen", "jt", "juta", "млн"), 6),
    **dict.fromkeys(("b", "bn", "billion", "billions", "mrd", "md", "milliarden", "miliar", "млрд"), 9),
    **dict.fromkeys(("lakh", "lakhs", "lac"), 5),
    **dict.fromkeys(("crore", "crores", "cr"), 7),
}
#: Suffixes that mean another power of ten in another language -> in which languages they are read, and both meanings.
LOCAL_SUFFIXES = {
    "mil": (frozenset({"es", "pt"}), "thousands or millions"),
    "billion": (frozenset({"en"}), "thousands of millions or millions of millions"),
    "billions": (frozenset({"en"}), "thousands of millions or millions of millions"),
}
#: Sign -> ISO 4217. A bare $ is taken as US dollars, and told.
SIGNS = {
    "US$": "USD", "U$S": "USD", "R$": "BRL", "MX$": "MXN", "CA$": "CAD", "C$": "CAD", "AU$": "AUD", "A$": "AUD",
    "NZ$": "NZD", "S$": "SGD", "HK$": "HKD", "NT$": "TWD", "$": "USD", "€": "EUR", "£": "GBP", "Rp": "IDR",
    "RP": "IDR", "rp": "IDR", "₹": "INR", "Rs": "INR", "¥": "JPY", "₩": "KRW", "₺": "TRY", "zł": "PLN", "₦": "NGN",
    "₱": "PHP", "฿": "THB", "₫": "VND", "₽": "RUB", "₪": "ILS", "euro": "EUR", "euros": "EUR", "Euro": "EUR",
    "dollars": "USD", "dólares": "USD", "reais": "BRL",
}  # fmt: skip
#: Signs that several currencies have; they stand for that in SIGNS only where nothing names another of them.
SHARED_SIGNS = ("$", "¥", "Rs")
#: The currency that a sign alone is taken for -> those that have the same sign.
SHARED = {
    "USD": frozenset({"CAD", "AUD", "NZD", "SGD", "HKD", "TWD", "MXN", "ARS", "CLP", "COP", "UYU"}),
    "JPY": frozenset({"CNY"}),
    "INR": frozenset({"PKR", "LKR", "NPR"}),
}
_CODES = """
AED ARS AUD BGN BRL CAD CHF CLP CNY COP CZK DKK EGP EUR GBP HKD HRK HUF IDR ILS INR ISK JPY KES KRW KWD MAD MXN MYR NGN
NOK NZD PEN PHP PKR PLN QAR RON RSD RUB SAR SEK SGD THB TRY TWD UAH USD UYU VND ZAR
"""
CODES = frozenset(_CODES.split())

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
#: What compatibility characters stand for that are no digits of the number beside them, such as a footnote's mark.
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


class Figure(NamedTuple):
    """A number as written: digits with their marks, sign, power of ten of its suffix, percent sign, currency.

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

    def under(self, decimal: str) -> Decimal | None:
        """Give the digits read with that decimal mark, None where they cannot be."""
        if self.exact is not None or self.core.isdigit():
            return Decimal(self.core) if self.exact is None else self.exact
        if not _PATTERNS[decimal].fullmatch(self.core):
            return None
        other = "," if decimal == "." else "."
        return Decimal(self.core.replace("_", "").replace(other, "").replace(decimal, ".").rstrip(".") or "0")

    @property
    def proves(self) -> str:
        """Say which decimal mark the digits prove: ".", ",", "" (either reads the same), "?" (unclear), "!" (none)."""
        if self.exact is not None or self.core.isdigit():
            return ""
        if _PLAIN_DECIMAL.fullmatch(self.core):
            return self.core[-2] if self.core[-2] in ".," else self.core[-3]
        dot, comma = self.under("."), self.under(",")
        if dot is None and comma is None:
            return "!"
        if dot is None or comma is None:
            return "," if dot is None else "."
        return "" if dot == comma else "?"


def figure(text: str) -> Figure | None:
    """Take a text apart as one number, None where it is none.

    >>> figure("R$ 1.234,5k") == Figure("1.234,5", power=3, currency="BRL")
    True
    """
    if common := _COMMON.fullmatch(text):  # nothing else than what the rest would find, sooner
        core, suffix = common.groups()
        return Figure(core, power=SUFFIXES.get(suffix.lower(), 0), percent=suffix == "%")
    return _figure(text) if len(text) <= LONGEST else None


@lru_cache(maxsize=1 << 16)
def _figure(text: str) -> Figure | None:
    if not text.isascii() and any(unicodedata.decomposition(sign).startswith(_BESIDE) for sign in text):
        return None
    text = unicodedata.normalize("NFKC", text).replace("−", "-").replace("–", "-").strip()
    if _SCIENTIFIC.fullmatch(text):
        exact = Decimal(text.replace(",", "."))
        return Figure(text, exact=exact, negative=False)
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


def _with_words(core: str, negative: bool, words: list[str]) -> Figure | None:
    power, percent, currency, approximate, suffix, sign = 0, False, None, False, "", ""
    for word in words:
        code = SIGNS.get(word) or (word.upper() if word.upper() in CODES and len(word) == 3 else None)
        closer = sign in SHARED_SIGNS and code in SHARED.get(currency, ())  # "$12,000 MXN"
        if code and (currency in (None, code) or closer):
            currency, sign = code, word
        elif code and word in SHARED_SIGNS and currency in SHARED.get(code, ()):  # "MXN $12,000"
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
    return Figure(core, negative, power, percent, currency, approximate, word=suffix if len(suffix) > 1 else "")


def _glued(word: str) -> tuple[int, str] | None:
    """Split a suffix from a sign that follows it at once ("k€")."""
    return next(
        ((SUFFIXES[fold(word[: -len(sign)])], code) for sign, code in SIGNS.items()
         if word.endswith(sign) and fold(word[: -len(sign)]) in SUFFIXES),
        None,
    )  # fmt: skip


@dataclass
class FigureSurvey:
    """What the texts of one column prove about how its numbers are written; memory does not grow with the rows.

    `counted`: (currency, has a suffix, what it proves) -> how many; `firsts`: (currency, has a suffix, its mark) -> the
    first that is unclear; `words`: suffix of more than a letter -> the first text with it.
    """

    read: int = 0
    unread: int = 0
    counted: Counter = field(default_factory=Counter)
    firsts: dict[tuple[str | None, bool, str], tuple[str, Figure]] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)
    percents: int = 0
    suffixed: int = 0
    approximate: int = 0
    currencies: Counter = field(default_factory=Counter)
    sizes: Counter = field(default_factory=Counter)

    def add(self, texts: dict[str, int], rates: bool = False) -> None:
        """Count distinct texts, text -> how often; of `rates` the sizes of values without a percent sign too."""
        for text, times in texts.items():
            found = figure(text)
            if found is None:
                self.unread += times
                continue
            self.read += times
            proof = found.proves
            self.counted[found.currency, found.power > 0, proof] += times
            if proof == "?":
                self.firsts.setdefault((found.currency, found.power > 0, lone_mark(found.core)), (text, found))
            if found.word:
                self.words.setdefault(found.word, text)
            self.percents += times * found.percent
            self.suffixed += times * (found.power > 0)
            self.approximate += times * found.approximate
            self.currencies[found.currency] += times
            if rates and not found.percent and (value := found.under(lone_mark(found.core))) is not None:
                self.sizes[size_of(float(value))] += times

    @property
    def proofs(self) -> Counter:
        """Give (has a suffix, what it proves) -> how many."""
        found = Counter()
        for (_, *proof), times in self.counted.items():
            found[tuple(proof)] += times
        return found

    @property
    def unclear(self) -> dict[tuple[bool, str], tuple[str, Figure]]:
        """Give (has a suffix, its mark) -> the first that is unclear."""
        return {(suffixed, mark): first for (_, suffixed, mark), first in reversed(self.firsts.items())}

    def of(self, currency: str | None) -> "FigureSurvey":
        """Give what the amounts of one currency prove of their marks."""
        return FigureSurvey(
            counted=Counter({key: times for key, times in self.counted.items() if key[0] == currency}),
            firsts={key: first for key, first in self.firsts.items() if key[0] == currency},
        )

    def seen(self, suffixed: bool) -> bool:
        """Say whether a number, with a suffix or without, has a mark."""
        return any(times for (group, proof), times in self.proofs.items() if group == suffixed and proof)

    def mixed(self, suffixed: bool) -> bool:
        """Say whether numbers, with a suffix or without, prove both marks."""
        return bool(self.proofs[suffixed, "."] and self.proofs[suffixed, ","])

    @property
    def decimals(self) -> set[str]:
        """Give the decimal marks that plain numbers prove, or where they prove none those with a suffix."""
        proven = [{mark for mark in ".," if self.proofs[suffixed, mark]} for suffixed in (False, True)]
        return proven[0] or proven[1]


def size_of(value: float) -> str:
    """Sort a rate into the classes that tell fractions from percentages.

    >>> size_of(0.034), size_of(0.5), size_of(3.4)
    ('fraction', 'either', 'percent')
    """
    value = abs(value)
    return "zero" if value == 0 else "fraction" if value < 0.1 else "either" if value <= 1 else "percent"


def lone_mark(core: str) -> str:
    """Give the decimal mark of a number that cannot reach a thousand, such as a rate: the last mark in it."""
    return "," if core.rfind(",") > core.rfind(".") else "."


def value_of(found: Figure, decimal: str) -> Decimal | None:
    """Give the number under a decision; a suffix makes a count, which is whole."""
    digits = found.under(decimal)
    if digits is None:
        return None
    value = digits.scaleb(found.power)
    if found.power:
        value = value.to_integral_value()
    return -value if found.negative else value
