"""Reads spreadsheets into parts: `ingest.sheets` understands the columns, here their rows find
their tables.

A row gives a creator; besides, a post or a partnership where the sheet is one of those, and a
prospect where it has a vendor's averages or a fee, which no other table holds.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from features.tables.creator_ids import find_faulty_ids
from features.tables.schema import AVERAGE_COLUMNS, DEAL_COLUMNS, FEE_COLUMNS, TABLE_SPECS
from features.tables.vocabulary import ALL_ENGAGEMENT_PARTS
from ingest.exports.campaign_outcomes import add_outcomes
from ingest.exports.errors import SourceError
from ingest.exports.fees import convert_fees_to_usd
from ingest.exports.import_job import ImportJob
from ingest.exports.rejections import Rejection
from ingest.exports.row_faults import AMBIGUOUS_ID
from ingest.exports.sheet_row_ids import (
    PostsByDay,
    name_creators,
    name_partnerships,
    name_posts,
)
from ingest.exports.sheet_table_rows import SheetTableRows
from ingest.sheets.guess_lines import unclear_lines
from ingest.sheets.labels import is_missing
from ingest.sheets.reader import iter_sheet
from ingest.sheets.sheet_types import Guess, Sheet, SheetFault, SheetOptions
from ingest.sheets.unread_dates import columns_of_unread_dates

PROSPECT_COLUMNS = [
    *(column.name for column in (*AVERAGE_COLUMNS, *DEAL_COLUMNS, *FEE_COLUMNS)),
    "package",
]
#: What the rows are -> the tables that a row is added to.
TARGET_TABLES = {
    "creators": ("creators", "prospects"),
    "posts": ("creators", "posts"),
    "partnerships": ("creators", "partnerships"),
}
#: What the rows are -> meanings without a column of their own, of which columns of these tables are
#: made.
CONSUMED_MEANINGS = {
    "creators": {"link", "followers_at_posting"},
    "posts": {"link", "followers_at_posting"},
    "partnerships": {"link", *ALL_ENGAGEMENT_PARTS},
}
NO_CREATOR = "names no creator"
NO_PLATFORM = "names no platform"
UNREADABLE_DATE = (
    "has a date of reading that is not read: say --day-first or --month-first, "
    "or write it as 2026-03-01"
)
NAME_CREATOR = (
    "if all rows are of one, give --creator; else map the column that names them to handle or "
    "creator_id (--map)"
)


def read(job: ImportJob) -> None:
    """Read a sheet's rows into parts.

    Raises SheetError for what is no sheet, SourceError where its platform is unknown or no row can
    be read.
    """
    options = job.options.sheet or SheetOptions(platform=job.options.platform)
    posts_by_day: PostsByDay = {}
    for number, sheet in enumerate(iter_sheet(job.path, options)):
        if number == 0:
            _report_columns(job, sheet)
        _report_unread(job, sheet)
        _add_rows(job, sheet, posts_by_day)
    if not any(job.parts.rows.values()) and not job.parts.has_pending_rows:
        raise _no_rows(job)


def _no_rows(job: ImportJob) -> SourceError:
    if NO_CREATOR in job.report.rejected:
        return SourceError(f"{str(job.path)!r} names no creator: {NAME_CREATOR}")
    reason, times = job.report.rejected.most_common(1)[0]
    return SourceError(
        f"{str(job.path)!r} has no row that can be read: {times:,} {reason} "
        f"({job.report.first_rejected})"
    )


def _report_columns(job: ImportJob, sheet: Sheet) -> None:
    """Report what the sheet's columns are read as; what is unclear comes first, with its remedy."""
    job.report.kind = f"spreadsheet of {sheet.table}"
    job.report.unread_dates = columns_of_unread_dates(sheet)
    job.report.has_moments = any(guess.column == "observed_at" for guess in sheet.guesses)
    clear = [guess for guess in sheet.guesses if guess.ambiguous is None]
    job.report.columns = [
        *unclear_lines(sheet.guesses),
        *(_guess_line(guess, sheet.table) for guess in clear),
    ]


def _guess_line(guess: Guess, row_kind: str) -> str:
    details = "; ".join(part for part in (guess.how, guess.note) if part)
    tables = TARGET_TABLES[row_kind]
    stored = {name for table in tables for name in TABLE_SPECS[table].names}
    if guess.column is None or guess.column in stored | CONSUMED_MEANINGS[row_kind]:
        return f"column {guess.source!r} -> {guess.column or 'not read'} ({details})"
    return (
        f"column {guess.source!r} -> not read ({details}; it is {guess.column}, "
        f"for which {' and '.join(tables)} have no column)"
    )


def _report_unread(job: ImportJob, sheet: Sheet) -> None:
    """Count the rows of a chunk, and report its rows and values that were not read."""
    job.report.items += len(sheet.rows) + sheet.blank_rows + len(sheet.left_out)
    if sheet.blank_rows:
        job.report.ignored_records["blank row"] += sheet.blank_rows
    for fault in sheet.left_out:
        job.reject(_rejection(job, fault))
    for fault in (*sheet.faults, *(remark.fault for remark in sheet.remarks)):
        job.leave_unknown(_rejection(job, fault))


def _rejection(job: ImportJob, fault: SheetFault) -> Rejection:
    return Rejection(job.place(f"line {fault.line}"), fault.reason, fault.column, fault.value)


def _add_rows(job: ImportJob, sheet: Sheet, posts_by_day: PostsByDay) -> None:
    """Add the rows of a chunk to their tables; those without a creator that can be told apart are
    rejected.
    """
    rows = name_creators(job, sheet.rows)
    job.report.notes += [note for note in sheet.notes if note not in job.report.notes]
    if rows["platform"].isna().all():
        raise SourceError(
            f"{str(job.path)!r} does not say of which platform it is: name it by "
            "--platform instagram, tiktok, youtube or x"
        )
    accepted = np.ones(len(rows), dtype=bool)
    for row, reason in _rejected_rows(sheet, rows):
        accepted[row] = False
        job.reject(Rejection(job.place(f"line {sheet.lines[row]}"), reason))
    if not accepted.any():
        return
    creators = _dated_creators(sheet, rows)[accepted].reset_index(drop=True)
    rows = rows[accepted].reset_index(drop=True)
    target = SheetTableRows(job)
    target.add("creators", creators, sheet.lines[accepted])
    _add_to_own_table(job, target, sheet, rows, sheet.lines[accepted], posts_by_day)
    job.report.records[f"row of {sheet.table}"] += len(rows) - len(target.refused_lines)


def _add_to_own_table(
    job: ImportJob,
    target: SheetTableRows,
    sheet: Sheet,
    rows: pd.DataFrame,
    lines: np.ndarray,
    posts_by_day: PostsByDay,
) -> None:
    """Add rows to the table that the sheet is of; `lines` (n,): where they stand in the file."""
    if sheet.table == "posts":
        target.add("posts", name_posts(_count_hashtags(rows), posts_by_day), lines)
    elif sheet.table == "partnerships":
        outcomes = add_outcomes(job, rows, lines)
        deals, lines = name_partnerships(job, target, outcomes, lines, sheet.guesses)
        target.add("partnerships", convert_fees_to_usd(job, deals, lines, "partnerships"), lines)
    elif sheet.table == "creators":
        _add_prospects(job, target, rows, lines)


def _add_prospects(
    job: ImportJob, target: SheetTableRows, rows: pd.DataFrame, lines: np.ndarray
) -> None:
    """Add the creators that have averages, a deal or a fee to the prospects."""
    rows = convert_fees_to_usd(job, rows, lines, "prospects")
    columns = [name for name in PROSPECT_COLUMNS if name in rows]
    has_value = rows[columns].notna().any(axis=1).to_numpy(dtype=bool)
    prospects = rows[has_value].reset_index(drop=True)
    repeated = int(prospects.duplicated(["creator_id", "platform"], keep="last").sum())
    if repeated:
        job.report.notes.append(
            f"{repeated:,} row(s) are of a creator of a later row: of each creator one prospect is "
            "kept"
        )
    target.add("prospects", prospects, lines[has_value])


def _rejected_rows(sheet: Sheet, rows: pd.DataFrame) -> Iterator[tuple[int, str]]:
    """Yield the position of each row whose creator or date of reading is not known, and why."""
    faulty_ids = find_faulty_ids(rows["creator_id"].dropna().unique())
    creators, platforms = rows["creator_id"], rows["platform"]
    unreadable_dates = _unreadable_dates(sheet)
    accepted = creators.notna() & platforms.notna() & ~creators.isin(list(faulty_ids))
    for row in np.flatnonzero(~accepted | unreadable_dates).tolist():
        creator_id = creators.iloc[row]
        if pd.isna(creator_id):
            yield row, f"{NO_CREATOR}: {NAME_CREATOR}"
        elif unreadable_dates[row]:
            yield row, UNREADABLE_DATE
        elif creator_id in faulty_ids:
            yield row, f"{AMBIGUOUS_ID}: it {faulty_ids[creator_id]}"
        else:
            yield row, NO_PLATFORM


def _unreadable_dates(sheet: Sheet) -> np.ndarray:
    """Return the rows (n,) whose own date of reading cannot be read: the moment of their counts is
    not known.
    """
    source = next((guess.source for guess in sheet.guesses if guess.column == "observed_at"), None)
    if source is None or sheet.table != "creators":
        return np.zeros(len(sheet.rows), dtype=bool)
    texts = sheet.original[source].str.strip()
    blank = texts.map(lambda text: not text or is_missing(text)).to_numpy(dtype=bool)
    return ~blank & sheet.rows["observed_at"].isna().to_numpy()


def _dated_creators(sheet: Sheet, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows as creators; where a sheet of posts has the followers at posting, those are
    of the moment of posting.
    """
    followers = sheet.extra.get("followers_at_posting")
    if followers is None:
        return rows
    observed_at = rows.get("posted_at", rows["observed_at"])
    return rows.assign(followers=followers, observed_at=observed_at)


def _count_hashtags(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with hashtags_count, counted in a column of hashtags where the sheet has one
    and does not count them itself: posts without a caption may have hashtags too.
    """
    if "hashtags" not in rows:
        return rows
    counts = rows["hashtags"].str.split().str.len().astype("float64")
    return rows.assign(hashtags_count=rows.get("hashtags_count", counts).fillna(counts))
