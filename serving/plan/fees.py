"""Parts of a fee beside what buys engagement: usage rights, whitelisting, exclusivity, an agency's
share; each a percentage of the fee for engagement, or an amount, added to it.

How a percentage and an amount are told apart: "20 %" is a percentage; "150 EUR" is an amount. A
number alone is a share below 1, as spreadsheets keep percentages (0.2 is 20 %), an amount above
LARGEST_PERCENT, and is refused between them, since 20 may be either.
An amount is for one purchase: where a quote for one deliverable is bought three times, three times.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from features.tables.currency import CurrencyRates

PART_NAMES = ("usage_rights", "whitelisting", "exclusivity", "agency")
#: Numbers alone up to this may be percentages, and are refused.
LARGEST_PERCENT = 100.0
#: The most that a part may be, as a percentage and as an amount.
MOST_PERCENT, MOST_AMOUNT = 300.0, 1e9
_NOTHING = {"", "-", "–", "0", "0 %", "0%", "no", "none", "included", "nan"}
_SIGNS = {"€": "EUR", "$": "USD", "£": "GBP"}
_NUMBER = r"(?P<number>\d[\d.,\s]*)"
_PERCENT = re.compile(rf"{_NUMBER}\s*(?:%|percent|per cent|pct)", re.IGNORECASE)
_AMOUNT = re.compile(rf"(?P<before>[A-Z]{{3}}|[€$£])?\s*{_NUMBER}\s*(?P<after>[A-Z]{{3}}|[€$£])?")
_GROUPED = re.compile(r"\d{1,3}(?:([.,\s])\d{3})(?:\1\d{3})*")


class FeePartError(ValueError):
    """A part of a fee that cannot be read; the message says what is wrong and what to write."""


@dataclass(frozen=True)
class FeePart:
    """One part: `share` of the fee for engagement, or `amount` in `currency`, which is None where
    it is that of the fee.
    """

    name: str
    share: float | None = None
    amount: float | None = None
    currency: str | None = None

    def as_text(self) -> str:
        """Return the part as it can be read again."""
        if self.share is not None:
            return f"{self.share * 100:.10g} %"
        return f"{self.amount:.10g} {self.currency or ''}".strip()


def parse_fee_part(name: str, value: object, currency: str | None = None) -> FeePart | None:
    """Return the part that a text or a number means, None for nothing; `currency`: of amounts that
    name none. Raises FeePartError.

    >>> parse_fee_part("agency", "15 %").share, parse_fee_part("agency", "EUR 150").amount
    (0.15, 150.0)
    """
    text = "" if value is None else str(value).strip()
    if isinstance(value, bool) or len(text) > 40:
        raise _unreadable(name, text)
    if text.lower() in _NOTHING:
        return None
    if match := _PERCENT.fullmatch(text):
        percent = _number(name, text, match["number"])
        if percent > MOST_PERCENT:
            raise FeePartError(
                f"{name} {text!r} is above {MOST_PERCENT:.0f} % of the fee, the most accepted"
            )
        return FeePart(name, share=percent / 100) if percent else None
    match = _AMOUNT.fullmatch(text)
    if match is None or (match["before"] and match["after"]):
        raise _unreadable(name, text)
    named = match["before"] or match["after"]
    amount = _number(name, text, match["number"])
    if named is None and 0 < amount < 1:
        return FeePart(name, share=amount)
    if named is None and 1 <= amount <= LARGEST_PERCENT:
        raise FeePartError(
            f"{name} {text!r} may be a percentage or an amount: write '{text} %', or the amount "
            f"with its currency, such as '{text} {currency or 'USD'}'"
        )
    if amount > MOST_AMOUNT:
        raise FeePartError(f"{name} {text!r} is above {MOST_AMOUNT:,.0f}, the most accepted")
    code = currency if named is None else _SIGNS.get(named, named)
    return FeePart(name, amount=amount, currency=code) if amount else None


def merge_parts(own: Sequence[FeePart], for_all: Sequence[FeePart]) -> tuple[FeePart, ...]:
    """Return the parts of a row: its own, and those for all that it does not name itself, in the
    order of PART_NAMES.
    """
    by_name = {part.name: part for part in (*for_all, *own)}
    return tuple(by_name[name] for name in PART_NAMES if name in by_name)


def part_amounts(
    fee: float, times: float, parts: Sequence[FeePart], currency: str, rates: CurrencyRates
) -> list[tuple[str, float]]:
    """Return name and amount of each part, in `currency`, of a fee for engagement in it.

    `times`: how often an amount is paid. Raises FeePartError for a currency without a rate.
    """
    return [(part.name, _amount(fee, times, part, currency, rates)) for part in parts]


def _amount(fee: float, times: float, part: FeePart, currency: str, rates: CurrencyRates) -> float:
    if part.amount is None:
        return fee * (part.share or 0.0)
    code = part.currency or currency
    rate, own_rate = rates.of([code, currency]).tolist()
    if code != currency and np.isnan(rate):
        raise FeePartError(
            f"{part.name} {part.as_text()!r}: {code} has no rate to USD: name a rates file that "
            "has it"
        )
    return part.amount * times * (1.0 if code == currency else rate / own_rate)


def _number(name: str, text: str, digits: str) -> float:
    """Return the number of a text; one whose mark may be decimal or of thousands is refused."""
    digits = digits.strip()
    if re.fullmatch(r"0[.,]\d+|\d+(?:[.,]\d{1,2})?", digits):
        return float(digits.replace(",", "."))
    grouped = _GROUPED.fullmatch(digits)
    if grouped and (digits.count(grouped[1]) > 1 or grouped[1] == " "):
        return float(digits.replace(grouped[1], ""))
    plain = digits.replace(" ", "").replace(",", "").replace(".", "")
    raise FeePartError(
        f"{name} {text!r} can be read in two ways: write it without marks, such as {plain}"
    )


def _unreadable(name: str, text: str) -> FeePartError:
    return FeePartError(
        f"{name} {text[:40]!r} is no part of a fee: write a percentage of the fee, such as "
        "'20 %', or an amount with its currency, such as '150 EUR'"
    )
