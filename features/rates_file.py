"""A file of rates to USD (currency, usd_per_unit): one table, checked like every other."""

from pathlib import Path

from features.currency import USD, Rates
from features.frames import read_frame
from features.schema import Column, TableSpec
from features.validate import checked

RATES = TableSpec(
    "rates",
    (
        Column("currency", "text", "ISO 4217 code, such as EUR", required=True),
        Column("usd_per_unit", "real", "USD that one unit is worth", required=True, minimum=1e-6, maximum=1e6),
    ),
    key=("currency",),
)


def read_rates(path: Path) -> Rates:
    """Read a rates file (.csv or .parquet; currency, usd_per_unit).

    Raises features.frames.DataFolderError where it cannot be read, features.validate.InvalidTables with every fault.
    """
    frame = checked(read_frame(Path(path), RATES.names), RATES)
    return Rates({USD: 1.0, **dict(zip(frame["currency"], frame["usd_per_unit"], strict=True))})
