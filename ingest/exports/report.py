"""What an import found, for people (`format_report`) and for programs (`report_json`)."""

import csv
import json
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path

import pandas as pd

from features.files.formula_escape import escape_formula
from features.tables.schema import TABLE_SPECS
from ingest.exports.merge_conflicts import MOST_CONFLICTS, Conflict
from ingest.exports.record_shapes import IDENTITY_COLUMNS
from ingest.exports.rejections import Rejection

REJECTED_COLUMNS = ("file", "record", "field", "value", "reason")
#: Lines of a kind that the text shows; the files hold all.
MAX_SHOWN_LINES = 8
#: Why a file counts as read at its moment.
READ_TIME_SOURCES = {
    "told": "as --observed-at says",
    "file": "when the file was last changed",
    "before": "as when it was first imported",
    "publisher": "as its publisher says",
    "": "unknown: counts of its posts are taken as mature; tell it by --observed-at",
}


@dataclass
class FileReport:
    """What one file held. `moment` is when it was read and `how` that is known: a key of HOW.

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
    #: Partnerships by where their engagements come from, where likes, comments or shares are told.
    outcomes: Counter = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)
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
    #: Readings of posts that the files and the tables give more than once.
    repeated_readings: int = 0
    conflicts: list[Conflict] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    first_rows: dict[str, pd.DataFrame] = field(default_factory=dict)

    @property
    def rejected(self) -> int:
        return sum(sum(file.rejected.values()) for file in self.files)


class RejectionWriter:
    """rejected.csv, written while files are read: records that gave no row, values that stayed
    unknown.
    """

    def __init__(self, path: Path):
        self._path = path
        self._stream = path.open("w", newline="", encoding="utf-8")
        self._writer = csv.writer(self._stream)
        self._writer.writerow(REJECTED_COLUMNS)
        self.rows = 0

    def add(self, rejection: Rejection) -> None:
        place = rejection.place
        cells = (place.file, place.record, rejection.field, rejection.value, rejection.reason)
        self._writer.writerow(
            [escape_formula(cell) if isinstance(cell, str) else cell for cell in cells]
        )
        self.rows += 1

    def __enter__(self) -> "RejectionWriter":
        return self

    def __exit__(self, *error) -> None:
        """Close the file, and take it away where nothing was rejected."""
        self._stream.close()
        if not self.rows:
            self._path.unlink()


def report_json(report: ImportReport) -> str:
    """Give the report as JSON: import.json, which also tells later imports when each file was read."""
    moments = report.moments | {file.digest: file.moment for file in report.files if file.moment}
    found = {
        "files": [vars(file) for file in report.files],
        "tables": report.tables,
        "creators_known_by_name_only": report.stub_creators,
        "reposts": report.reposts,
        "repeated_readings_of_posts": report.repeated_readings,
        "conflicts": [asdict(conflict) for conflict in report.conflicts],
        "notes": report.notes,
        "moments": moments,
    }
    return json.dumps(found, indent=2, ensure_ascii=False) + "\n"


def format_report(report: ImportReport, out: Path, dry: bool = False) -> str:
    """Give the report as text."""
    lines = [line for file in report.files for line in _file_lines(file)]
    notes = [*report.notes, *_views_notes(report)]
    lines += _conflict_lines(report.conflicts) + [f"note: {note}" for note in notes]
    if dry:
        for name, frame in report.first_rows.items():
            lines += [
                "",
                f"{name}, the first rows:",
                frame.dropna(axis=1, how="all").to_string(index=False, max_colwidth=24),
            ]
    sizes = ", ".join(f"{count:,} {name}" for name, count in report.tables.items() if count)
    stubs = (
        f" ({report.stub_creators:,} of the creators known by name only)"
        if report.stub_creators
        else ""
    )
    reposts = (
        f"; {report.reposts:,} posts are reposts, kept out of every history"
        if report.reposts
        else ""
    )
    reposts += (
        f"; {report.repeated_readings:,} readings of posts were there twice and are kept once"
        if report.repeated_readings
        else ""
    )
    ends = f"nothing was written: without --dry-run {out} would hold" if dry else f"{out} holds"
    return "\n".join([*lines, f"{ends} {sizes or 'nothing'}{stubs}{reposts}"])


def _file_lines(file: FileReport) -> list[str]:
    lines = [f"{file.name}: {file.kind}, {_items(file)}"]
    lines += [f"  {count:,} x {name}" for name, count in file.records.items() if count]
    lines += [f"  ignored: {count:,} x {name}" for name, count in file.ignored_records.items()]
    lines.append(
        f"  read at {file.moment}, {READ_TIME_SOURCES[file.how]}"
        if file.moment
        else f"  read at a moment {READ_TIME_SOURCES['']}"
    )
    lines += [f"  {line}" for line in file.columns]
    for table, rows in file.rows.items():
        lines += _share_lines(table, rows, file.known.get(table, {}))
    lines += [f"  fees: {count:,} {what}" for what, count in file.fees.items()]
    lines += [f"  outcomes: of {count:,} the {what}" for what, count in file.outcomes.items()]
    lines += _counted("rejected", file.rejected) + _counted(
        "not understood, left unknown", file.unread
    )
    lines += [f"    implausible: {doubt}" for doubt in file.doubts]
    if file.ignored:
        most = ", ".join(
            f"{name} ({count:,})" for name, count in file.ignored.most_common(MAX_SHOWN_LINES)
        )
        more = (
            f" and {len(file.ignored) - MAX_SHOWN_LINES} more"
            if len(file.ignored) > MAX_SHOWN_LINES
            else ""
        )
        lines.append(f"  ignored fields: {most}{more}")
    lines += [
        f"  note: {count:,} x {remark}"
        for remark, count in file.remarks.most_common(MAX_SHOWN_LINES)
    ]
    return lines + [f"  note: {note}" for note in file.notes]


def _items(file: FileReport) -> str:
    """Tell how many records a file has, and where not all are read, what became of them."""
    fates = {"read": file.records, "rejected": file.rejected, "ignored": file.ignored_records}
    told = ", ".join(
        f"{count:,} {fate}" for fate, kinds in fates.items() if (count := sum(kinds.values()))
    )
    plain = file.items == sum(file.records.values())
    return f"{file.items:,} record{'' if file.items == 1 else 's'}{'' if plain else f': {told}'}"


def _views_notes(report: ImportReport) -> list[str]:
    """Tell views of Instagram that are counted by several definitions."""
    posts = sum((file.views for file in report.files), Counter())
    if len(posts) < 2:
        return []
    names = ", ".join(
        f"{name} ({count:,} post{'' if count == 1 else 's'})" for name, count in posts.most_common()
    )
    return [
        f"views of Instagram are of {len(posts)} definitions, which are not the same count: {names}"
    ]


def _share_lines(table: str, rows: int, known: dict[str, int]) -> list[str]:
    """Tell which columns are known, of which share of the rows, and which are not; when it was read
    is told already.
    """
    spec = TABLE_SPECS.get(table)
    if spec is None or not rows:
        return []
    names = [name for name in spec.names if name != "observed_at"]
    found = [name for name in names if known.get(name)]
    missing = [name for name in names if not known.get(name)]
    shares = ", ".join(
        name if known[name] == rows else f"{name} {_percent(known[name], rows)}" for name in found
    )
    lines = [f"  {table}, {rows:,}: {shares}"]
    expected = table == "posts" or (table == "creators" and not set(found) <= set(IDENTITY_COLUMNS))
    return lines + ([f"    nothing on {', '.join(missing)}"] if missing and expected else [])


def _percent(count: int, rows: int) -> str:
    share = count / rows
    return "under 1%" if share < 0.01 else "over 99%" if share > 0.99 else f"{share:.0%}"


def _counted(what: str, reasons: Counter) -> list[str]:
    lines = [
        f"  {what}: {count:,} x {reason}" for reason, count in reasons.most_common(MAX_SHOWN_LINES)
    ]
    return lines + (
        [f"  {what}: {len(reasons) - MAX_SHOWN_LINES} further reasons"]
        if len(reasons) > MAX_SHOWN_LINES
        else []
    )


def _conflict_lines(conflicts: list[Conflict]) -> list[str]:
    lines = [
        f"conflict: {one.table} {one.platform} {one.id}: {one.field} is {one.values[0]} and {one.values[1]}"
        f"{'' if one.table == 'partnerships' else ' at one moment'}, kept {one.kept}"
        for one in conflicts[:MAX_SHOWN_LINES]
    ]
    most = "at least " if len(conflicts) >= MOST_CONFLICTS else ""
    return lines + (
        [f"conflicts: {most}{len(conflicts):,} in all, see import.json"]
        if len(conflicts) > MAX_SHOWN_LINES
        else []
    )
