"""What an import found, as it is counted, and for programs (`report_json`); `report_text` words it
for people.
"""

import csv
import json
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path

import pandas as pd

from features.files.formula_escape import escape_formula
from ingest.exports.merge_conflicts import Conflict
from ingest.exports.rejections import Rejection

REJECTED_COLUMNS = ("file", "record", "field", "value", "reason")


@dataclass
class FileReport:
    """What one file held.

    `moment` is when it was read, and `how` says how that is known: a key of
    `report_text.READ_TIME_SOURCES`.
    Each of its `items` (an object of JSON that is a record, a row of a sheet) is read (`records`,
    by its form), `rejected` (by the reason) or ignored (`ignored_records`, by its kind): `items` is
    the sum of all three. `ignored` counts fields of records that are read.
    """

    name: str
    digest: str
    kind: str = ""
    moment: str | None = None
    how: str = ""
    items: int = 0
    records: Counter = field(default_factory=Counter)
    ignored_records: Counter = field(default_factory=Counter)
    rows: dict[str, int] = field(default_factory=dict)
    known: dict[str, dict[str, int]] = field(default_factory=dict)
    ignored: Counter = field(default_factory=Counter)
    rejected: Counter = field(default_factory=Counter)
    unread: Counter = field(default_factory=Counter)
    #: What is worth a word of records that are read; posts by what a view of them is, on Instagram.
    remarks: Counter = field(default_factory=Counter)
    views: Counter = field(default_factory=Counter)
    #: Posts with a count that cannot be, the first ones.
    doubts: list[str] = field(default_factory=list)
    #: Fees in other currencies than USD, by what became of them.
    fees: Counter = field(default_factory=Counter)
    #: Partnerships by where their engagements come from, where likes, comments or shares are known.
    outcomes: Counter = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)
    #: Columns of dates of a sheet that are not read, where no column tells the moment of reading;
    #: whether one does.
    unread_dates: list[str] = field(default_factory=list)
    has_moments: bool = False
    #: The first record rejected, for messages; whether the creator that the user names is given to
    #: an account.
    first_rejected: str = ""
    named_by_user: bool = False


@dataclass
class ImportReport:
    """What an import found in all its files, and what the tables then hold."""

    files: list[FileReport] = field(default_factory=list)
    #: When each file ever imported into the tables was read, by its SHA-256, so that it is read
    #: alike again.
    moments: dict[str, str] = field(default_factory=dict)
    tables: dict[str, int] = field(default_factory=dict)
    stub_creators: int = 0
    reposts: int = 0
    #: Readings of posts that the files and the tables hold more than once.
    repeated_readings: int = 0
    conflicts: list[Conflict] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    first_rows: dict[str, pd.DataFrame] = field(default_factory=dict)

    @property
    def rejected(self) -> int:
        return sum(sum(file.rejected.values()) for file in self.files)


class RejectionWriter:
    """Writes rejected.csv while files are read: records that gave no row, values that stayed
    unknown.
    """

    def __init__(self, path: Path):
        self._path = path
        self._stream = path.open("w", newline="", encoding="utf-8")
        self._writer = csv.writer(self._stream)
        self._writer.writerow(REJECTED_COLUMNS)
        self._rows = 0

    def add(self, rejection: Rejection) -> None:
        """Write one row; text that a spreadsheet would take for a formula is escaped."""
        place = rejection.place
        texts = (place.file, place.record, rejection.field, rejection.value, rejection.reason)
        self._writer.writerow([escape_formula(text) for text in texts])
        self._rows += 1

    def __enter__(self) -> "RejectionWriter":
        return self

    def __exit__(self, *error: object) -> None:
        """Close the file, and delete it where nothing was rejected."""
        self._stream.close()
        if not self._rows:
            self._path.unlink()


def report_json(report: ImportReport) -> str:
    """Return the report as JSON: import.json, from which later imports also know when each file was
    read.
    """
    moments = report.moments | {file.digest: file.moment for file in report.files if file.moment}
    content = {
        "files": [vars(file) for file in report.files],
        "tables": report.tables,
        "creators_known_by_name_only": report.stub_creators,
        "reposts": report.reposts,
        "repeated_readings_of_posts": report.repeated_readings,
        "conflicts": [asdict(conflict) for conflict in report.conflicts],
        "notes": report.notes,
        "moments": moments,
    }
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"
