"""Money in other currencies: rates to USD from a file that the user names; nothing is assumed
without one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

USD = "USD"


@dataclass(frozen=True)
class CurrencyRates:
    """USD that one unit of each currency is worth; USD itself is always known."""

    usd_per_unit: dict[str, float] = field(default_factory=lambda: {USD: 1.0})

    def of(self, currency: Iterable) -> np.ndarray:
        """Return the rate of each currency, shape (n,), NaN where it is unknown or not told."""
        return np.array([self.usd_per_unit.get(name, np.nan) for name in currency], dtype=float)


@dataclass(frozen=True)
class FeeRule:
    """A rule on fees: a code, the column at fault where it is broken, and in words what is wrong
    and what is right.

    `remedy`: what to do about it in a table.
    """

    code: str
    column: str
    what: str
    expected: str
    remedy: str

    @property
    def message(self) -> str:
        """What is wrong, and what to do."""
        return f"{self.what}{self.remedy}"


def check_fees(
    fee_usd: np.ndarray, fee: np.ndarray, currency: Sequence, rates: CurrencyRates
) -> dict[FeeRule, np.ndarray]:
    """Return for each rule on fees the rows (n,) that break it.

    `fee_usd` and `fee` (n,), NaN where unknown; `currency`: text, anything else where unknown.
    """
    paid, amount = ~np.isnan(fee_usd), ~np.isnan(fee)
    named = np.array([isinstance(name, str) for name in currency], dtype=bool)
    known = ", ".join(rates.usd_per_unit)
    return {
        FeeRule(
            "two_fees", "fee", "is given beside fee_usd", "one of fee and fee_usd",
            ": give one of them",
        ): paid & amount,
        FeeRule(
            "fee_without_currency", "fee", "has no currency",
            "currency beside it, or fee_usd in its place", ": name it, or give fee_usd",
        ): amount & ~named,
        FeeRule(
            "currency_without_fee", "currency", "stands without a fee in it",
            f"fee beside it; fee_usd is always {USD}", f": give fee; fee_usd is always {USD}",
        ): named & ~amount,
        FeeRule(
            "currency_without_rate", "currency", f"has no rate to {USD}", f"one of {known}",
            f", known is {known}: name a rates file that has it",
        ): amount & named & np.isnan(rates.of(currency)),
    }  # fmt: skip


def convert_fee(
    fee_usd: np.ndarray, fee: np.ndarray, currency: Sequence, rates: CurrencyRates
) -> np.ndarray:
    """Return the fee of each row in USD, (n,), NaN where it has none."""
    return np.where(np.isnan(fee_usd), fee * rates.of(currency), fee_usd)
