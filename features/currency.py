"""Money in other currencies: rates to USD from a file that the user names; nothing is assumed without one."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

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

    def of(self, currency: pd.Series) -> np.ndarray:
        """Give the rate of each row's currency, shape (n,), NaN where it is unknown or not told."""
        return currency.map(self.usd_per_unit).to_numpy(float)


def read_rates(path: Path) -> Rates:
    """Read a rates file (.csv or .parquet; currency, usd_per_unit).

    Raises features.tables.DataFolderError where it cannot be read, features.validate.InvalidTables with every fault.
    """
    from features.validate import checked  # pandera takes a second to import: only where there is a file

    frame = checked(read_frame(Path(path)), RATES)
    return Rates({USD: 1.0, **dict(zip(frame["currency"], frame["usd_per_unit"], strict=True))})


def fee_faults(frame: pd.DataFrame, rates: Rates) -> dict[tuple[str, str], np.ndarray]:
    """Give the rows (n,) that break each rule on fees, by the column that is at fault and the rule in words."""
    paid, amount, currency = (frame[name].notna().to_numpy() for name in ("fee_usd", "fee", "currency"))
    known = ", ".join(rates.usd_per_unit)
    return {
        ("fee", "is given beside fee_usd: give one of them"): paid & amount,
        ("fee", "has no currency: name it, or give fee_usd"): amount & ~currency,
        ("currency", f"stands without a fee in it: give fee; fee_usd is always {USD}"): currency & ~amount,
        ("currency", f"has no rate to {USD}, known is {known}: name a rates file that has it"): (
            amount & currency & np.isnan(rates.of(frame["currency"]))
        ),
    }


def in_usd(frame: pd.DataFrame, rates: Rates) -> pd.Series:
    """Give the fee of each row in USD, NaN where it has none."""
    return frame["fee_usd"].fillna(frame["fee"] * rates.of(frame["currency"]))
