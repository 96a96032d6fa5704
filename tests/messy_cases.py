"""What an import makes of a file, in a form that can be compared and kept: its tables and report, or its error."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from ingest.exports.errors import SourceError
from ingest.exports.import_job import ImportOptions
from ingest.exports.importer import import_files
from ingest.exports.report_text import format_report
from ingest.sheets import SheetError, SheetOptions

MESSY = Path(__file__).parent / "messy"
READ_RIGHTLY = Path(__file__).parent / "messy_read_rightly"
OBSERVED = datetime(2026, 11, 1, tzinfo=UTC)
TABLES = ("creators", "followers", "posts", "partnerships", "prospects")


@dataclass
class Outcome:
    """`tables`: name -> rows, of which only what is known is kept; `error` where the import was refused."""

    tables: dict[str, list[dict]] = field(default_factory=dict)
    rejected: int = 0
    text: str = ""
    error: str = ""

    def __getitem__(self, table: str) -> list[dict]:
        return self.tables.get(table, [])

    def column(self, table: str, name: str) -> list:
        return [row.get(name) for row in self[table]]


def imported(
    *paths: Path, out: Path, platform=None, creator=None, observed_at=OBSERVED, rates=None, **sheet
) -> Outcome:
    """Import files as the command does, all read at one moment."""
    options = ImportOptions(
        None, platform, creator, observed_at, SheetOptions(platform=platform, **sheet), rates
    )
    try:
        report = import_files([Path(path) for path in paths], out, options)
    except (SheetError, SourceError) as error:
        return Outcome(error=str(error))
    tables = {
        name: [_known(row) for row in pd.read_parquet(out / f"{name}.parquet").to_dict("records")]
        for name in TABLES
        if (out / f"{name}.parquet").exists()
    }
    return Outcome(tables, report.rejected, format_report(report, out))


def _known(row: dict) -> dict:
    return {name: _plain(value) for name, value in row.items() if not pd.isna(value)}


def _plain(value):
    if isinstance(value, pd.Timestamp):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    value = value.item() if hasattr(value, "item") else value
    return int(value) if isinstance(value, float) and value.is_integer() else value
