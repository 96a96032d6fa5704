"""The report of an import in words."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from features.tables.schema import TABLE_SPECS
from ingest.exports.merge_conflicts import MOST_CONFLICTS, Conflict
from ingest.exports.report import FileReport, ImportReport
from ingest.shapes.record_shapes import IDENTITY_COLUMNS

#: Lines of a kind that the text shows; the files hold all.
MAX_SHOWN_LINES = 8
#: Why a file counts as read at its moment.
READ_TIME_SOURCES = {
    "told": "as --observed-at says",
    "file": "when the file was last changed",
    "before": "as when it was first imported",
    "publisher": "as its publisher says",
}
READ_TIME_UNKNOWN = (
    "  read at a moment unknown: counts of its posts are taken as mature; tell it by --observed-at"
)


def format_report(report: ImportReport, out: Path, dry: bool = False) -> str:
    """Return the report as text; `dry` where nothing was written, with the first rows instead."""
    lines = [line for file in report.files for line in _file_lines(file)]
    lines += _conflict_lines(report.conflicts)
    lines += [f"note: {note}" for note in (*report.notes, *_view_notes(report))]
    if dry:
        lines += _first_row_lines(report)
    return "\n".join([*lines, _summary(report, out, dry)])


def _summary(report: ImportReport, out: Path, dry: bool) -> str:
    holds = f"nothing was written: without --dry-run {out} would hold" if dry else f"{out} holds"
    sizes = ", ".join(f"{count:,} {name}" for name, count in report.tables.items() if count)
    summary = f"{holds} {sizes or 'nothing'}"
    if report.stub_creators:
        summary += f" ({report.stub_creators:,} of the creators known by name only)"
    if report.reposts:
        summary += f"; {report.reposts:,} posts are reposts, kept out of every history"
    if report.repeated_readings:
        summary += (
            f"; {report.repeated_readings:,} readings of posts were there twice and are kept once"
        )
    return summary


def _first_row_lines(report: ImportReport) -> list[str]:
    lines: list[str] = []
    for name, frame in report.first_rows.items():
        known_columns = frame.dropna(axis=1, how="all")
        text = known_columns.to_string(index=False, max_colwidth=24)
        lines += ["", f"{name}, the first rows:", text]
    return lines


def _file_lines(file: FileReport) -> list[str]:
    lines = [f"{file.name}: {file.kind}, {_item_counts(file)}"]
    lines += [f"  {count:,} x {name}" for name, count in file.records.items() if count]
    lines += [f"  ignored: {count:,} x {name}" for name, count in file.ignored_records.items()]
    lines += read_time_lines(file)
    lines += [f"  {line}" for line in file.columns]
    for table, rows in file.rows.items():
        lines += _share_lines(table, rows, file.known.get(table, {}))
    lines += [f"  fees: {count:,} {outcome}" for outcome, count in file.fees.items()]
    lines += [f"  outcomes: of {count:,} the {source}" for source, count in file.outcomes.items()]
    lines += _reason_lines("rejected", file.rejected)
    lines += _reason_lines("not understood, left unknown", file.unread)
    lines += [f"    implausible: {doubt}" for doubt in file.doubts]
    lines += _ignored_field_lines(file.ignored)
    remarks = file.remarks.most_common(MAX_SHOWN_LINES)
    lines += [f"  note: {count:,} x {remark}" for remark, count in remarks]
    return lines + [f"  note: {note}" for note in file.notes]


def _item_counts(file: FileReport) -> str:
    """Return how many records a file has, and where not all are read, what became of them."""
    plural = "" if file.items == 1 else "s"
    total = f"{file.items:,} record{plural}"
    if file.items == file.records.total():
        return total
    outcomes = {"read": file.records, "rejected": file.rejected, "ignored": file.ignored_records}
    sums = {name: counts.total() for name, counts in outcomes.items()}
    return f"{total}: {', '.join(f'{count:,} {name}' for name, count in sums.items() if count)}"


def read_time_lines(file: FileReport) -> list[str]:
    """Return when a file was read, how that is known, and which columns may tell it otherwise."""
    if not file.moment:
        return [READ_TIME_UNKNOWN]
    lines = [f"  read at {file.moment}, {READ_TIME_SOURCES[file.how]}"]
    if file.how == "file" and file.unread_dates:
        named = ", ".join(map(repr, file.unread_dates))
        lines.append(
            f"  dates that are not read: {named}: if one says when counts were read, map it to "
            "observed_at (--map)"
        )
    return lines


def _share_lines(table: str, rows: int, known_counts: dict[str, int]) -> list[str]:
    """Return which columns are known, of which share of the rows, and which are not; but
    observed_at, which has a separate line.

    `known_counts`: column -> rows that have a value.
    """
    if table not in TABLE_SPECS or not rows:
        return []
    columns = [name for name in TABLE_SPECS[table].names if name != "observed_at"]
    known_columns = [name for name in columns if known_counts.get(name)]
    unknown_columns = [name for name in columns if not known_counts.get(name)]
    shares = ", ".join(_share(name, known_counts[name], rows) for name in known_columns)
    lines = [f"  {table}, {rows:,}: {shares}"]
    has_profiles = table == "creators" and not set(known_columns) <= set(IDENTITY_COLUMNS)
    if unknown_columns and (table == "posts" or has_profiles):
        lines.append(f"    nothing on {', '.join(unknown_columns)}")
    return lines


def _share(column: str, known_count: int, rows: int) -> str:
    return column if known_count == rows else f"{column} {_percent(known_count / rows)}"


def _percent(share: float) -> str:
    if share < 0.01:
        return "under 1%"
    return "over 99%" if share > 0.99 else f"{share:.0%}"


def _reason_lines(outcome: str, reasons: Counter[str]) -> list[str]:
    frequent = reasons.most_common(MAX_SHOWN_LINES)
    lines = [f"  {outcome}: {count:,} x {reason}" for reason, count in frequent]
    if len(reasons) > MAX_SHOWN_LINES:
        lines.append(f"  {outcome}: {len(reasons) - MAX_SHOWN_LINES} further reasons")
    return lines


def _ignored_field_lines(fields: Counter[str]) -> list[str]:
    if not fields:
        return []
    frequent = fields.most_common(MAX_SHOWN_LINES)
    line = f"  ignored fields: {', '.join(f'{name} ({count:,})' for name, count in frequent)}"
    if len(fields) > MAX_SHOWN_LINES:
        line += f" and {len(fields) - MAX_SHOWN_LINES} more"
    return [line]


def _view_notes(report: ImportReport) -> list[str]:
    """Return a note where views of Instagram are counted by several definitions."""
    posts: Counter[str] = sum((file.views for file in report.files), Counter())
    if len(posts) < 2:
        return []
    names = ", ".join(
        f"{name} ({count:,} post{'' if count == 1 else 's'})" for name, count in posts.most_common()
    )
    return [
        f"views of Instagram are of {len(posts)} definitions, which are not the same count: {names}"
    ]


def _conflict_lines(conflicts: Sequence[Conflict]) -> list[str]:
    lines = [_conflict_line(conflict) for conflict in conflicts[:MAX_SHOWN_LINES]]
    if len(conflicts) > MAX_SHOWN_LINES:
        most = "at least " if len(conflicts) >= MOST_CONFLICTS else ""
        lines.append(f"conflicts: {most}{len(conflicts):,} in all, see import.json")
    return lines


def _conflict_line(conflict: Conflict) -> str:
    first, second = conflict.values
    when = "" if conflict.table == "partnerships" else " at one moment"
    return (
        f"conflict: {conflict.table} {conflict.platform} {conflict.id}: "
        f"{conflict.field} is {first} and {second}{when}, kept {conflict.kept}"
    )
