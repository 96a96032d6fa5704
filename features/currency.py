"""Money in other currencies: rates to USD from a file that the user names; nothing is assumed without one."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from features.schema import Column, TableSpec
from features.tables import read_frame

USD = "USD"
RATES = TableSpec(
    "rates",
    (
        Column("currency", "text", "ISO 4217 code, such as EUR", required=True),
        Column("usd_per_unit", "real", "USD that one unit is worth", required=True, minimum=1e-6, maximum=1e6),
    ),
    key=("currency",),
)


@dataclass(frozen=True)
class Rates:
    """USD that one unit of each currency is worth; USD itself is always known."""

    usd_per_unit: dict[str, float] = field(default_factory=lambda: {USD: 1.0})

    def of(self, currency: Iterable) -> np.ndarray:
        """Give the rate of each currency, shape (n,), NaN where it is unknown or not told."""
        return np.array([self.usd_per_unit.get(name, np.nan) for name in currency], dtype=float)


def read_rates(path: Path) -> Rates:
    """Read a rates file (.csv or .parquet; currency, usd_per_unit).

    Raises features.tables.DataFolderError where it cannot be read, features.validate.InvalidTables with every fault.
    """
    from features.validate import checked  # which imports this module

    frame = checked(read_frame(Path(path)), RATES)
    return Rates({USD: 1.0, **dict(zip(frame["currency"], frame["usd_per_unit"], strict=True))})


def fee_faults(
    fee_usd: np.ndarray, fee: np.ndarray, currency: Sequence, rates: Rates
) -> dict[tuple[str, str], np.ndarray]:
    """Give the rows (n,) that break each rule on fees, by the column that is at fault and the rule in words.

    `fee_usd` and `fee` (n,), NaN where not told; `currency`: text, anything else where not told.
    """
    paid, amount = ~np.isnan(fee_usd), ~np.isnan(fee)
    named = np.array([isinstance(name, str) for name in currency], dtype=bool)
    known = ", ".join(rates.usd_per_unit)
    return {
        ("fee", "is given beside fee_usd: give one of them"): paid & amount,
        ("fee", "has no currency: name it, or give fee_usd"): amount & ~named,
        ("currency", f"stands without a fee in it: give fee; fee_usd is always {USD}"): named & ~amount,
        ("currency", f"has no rate to {USD}, known is {known}: name a rates file that has it"): (
            amount & named & np.isnan(rates.of(currency))
        ),
    }


def in_usd(fee_usd: np.ndarray, fee: np.ndarray, currency: Sequence, rates: Rates) -> np.ndarray:
    """Give the fee of each row in USD, (n,), NaN where it has none."""
    return np.where(np.isnan(fee_usd), fee * rates.of(currency), fee_usd)
