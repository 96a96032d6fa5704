"""A file of rates to USD (currency, usd_per_unit): one table, checked like every other."""

from pathlib import Path

from features.tables.currency import USD, CurrencyRates
from features.tables.frames import read_frame
from features.tables.schema import Column, TableSpec
from features.tables.validate import validate_table

RATES_SPEC = TableSpec(
    "rates",
    (
        Column("currency", "text", "ISO 4217 code, such as EUR", required=True),
        Column(
            "usd_per_unit",
            "real",
            "USD that one unit is worth",
            required=True,
            minimum=1e-6,
            maximum=1e6,
        ),
    ),
    key=("currency",),
)


def read_rates(path: Path) -> CurrencyRates:
    """Read a rates file (.csv or .parquet; currency, usd_per_unit).

    Raises features.tables.frames.DataFolderError where it cannot be read,
    features.tables.validate.InvalidTables with every fault.
    """
    frame = validate_table(read_frame(Path(path), RATES_SPEC.names), RATES_SPEC)
    return CurrencyRates(
        {USD: 1.0, **dict(zip(frame["currency"], frame["usd_per_unit"], strict=True))}
    )
