"""Reads spreadsheets into parts: `ingest.sheets` understands the columns, here their rows find
their tables.

A row gives a creator; besides, a post or a partnership where the sheet is one of those, and a
prospect where it has a vendor's averages or a fee, which no other table holds.
"""

from hashlib import sha256

import numpy as np
import pandas as pd

from features.tables.creator_ids import find_faulty_ids
from features.tables.schema import AVERAGE_COLUMNS, DEAL_COLUMNS, FEE_COLUMNS, TABLE_SPECS
from features.tables.validate import clean_table
from features.tables.vocabulary import ALL_ENGAGEMENT_PARTS
from ingest.exports.campaign_outcomes import add_outcomes
from ingest.exports.errors import SourceError
from ingest.exports.fees import convert_fees_to_usd
from ingest.exports.import_job import ImportJob
from ingest.exports.record_shapes import (
    AMBIGUOUS_ID,
    Rejection,
    add_caption_columns,
    find_row_fault,
)
from ingest.sheets.labels import is_missing
from ingest.sheets.reader import iter_sheet
from ingest.sheets.sheet_types import Guess, Sheet, SheetOptions

PROSPECT_COLUMNS = [column.name for column in (*AVERAGE_COLUMNS, *DEAL_COLUMNS, *FEE_COLUMNS)]
#: What the rows are -> the tables that a row of them gives.
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
UNDATED = "has a date of reading that is not read: say --day-first or --month-first, or write it as 2026-03-01"
REPEATED = (
    "repeats the partnership of an earlier row: give each its own partnership_id, if they are two"
)
NAME_ONE = "if all rows are of one, give --creator; else map the column that names them to handle or creator_id (--map)"
#: Numbers that count the rows of a list, and name nothing outside of it.
RUNNING = r"\d{1,6}"
#: Of posts without id, by creator and day -> what their rows say, and which post of the day that
#: is.
Days = dict[str, dict[str, int]]


def read(job: ImportJob) -> None:
    """Read a sheet's rows. Raises SheetError for what is no sheet, SourceError where its platform
    is not told.
    """
    options = job.options.sheet or SheetOptions(platform=job.options.platform)
    days: Days = {}
    for number, sheet in enumerate(iter_sheet(job.path, options)):
        if number == 0:
            _tell(job, sheet)
        job.report.items += len(sheet.rows) + sheet.blank_rows + len(sheet.left_out)
        if sheet.blank_rows:
            job.report.ignored_records["blank row"] += sheet.blank_rows
        for fault in sheet.left_out:
            job.reject(
                Rejection(job.place(f"line {fault.line}"), fault.reason, fault.column, fault.value)
            )
        for fault in sheet.faults:
            job.leave_unknown(
                Rejection(job.place(f"line {fault.line}"), fault.reason, fault.column, fault.value)
            )
        for remark in sheet.remarks:
            fault = remark.fault
            job.leave_unknown(
                Rejection(job.place(f"line {fault.line}"), fault.reason, fault.column, fault.value)
            )
        _take(job, sheet, days)
    if not any(job.parts.rows.values()) and not job.parts.has_pending_rows:
        if NO_CREATOR in job.report.rejected:
            raise SourceError(f"{str(job.path)!r} names no creator: {NAME_ONE}")
        reason, times = job.report.rejected.most_common(1)[0]
        first = job.report.first_rejected
        raise SourceError(
            f"{str(job.path)!r} has no row that can be read: {times:,} {reason} ({first})"
        )


def _tell(job: ImportJob, sheet: Sheet) -> None:
    """Tell what the sheet's columns were taken for; what is unclear comes first, with its remedy."""
    job.report.kind = f"spreadsheet of {sheet.table}"
    ordered = sorted(sheet.guesses, key=lambda one: one.ambiguous is None)
    job.report.columns = [_guess_line(guess, sheet.table) for guess in ordered]
    job.report.notes += sheet.notes


def _guess_line(guess: Guess, nature: str) -> str:
    if guess.ambiguous:
        return f"UNCLEAR column {guess.source!r}: {guess.ambiguous}"
    details = "; ".join(part for part in (guess.how, guess.note) if part)
    held = {
        name for table in TARGET_TABLES[nature] for name in TABLE_SPECS[table].names
    } | CONSUMED_MEANINGS.get(nature, set())
    if guess.column is not None and guess.column not in held:
        tables = " and ".join(TARGET_TABLES[nature])
        return f"column {guess.source!r} -> not read ({details}; it is {guess.column}, for which {tables} have no column)"
    return f"column {guess.source!r} -> {guess.column or 'not read'} ({details})"


def _take(job: ImportJob, sheet: Sheet, days: Days) -> None:
    rows = _named(job, sheet.rows)
    job.report.notes += [note for note in sheet.notes if note not in job.report.notes]
    if "platform" not in rows or rows["platform"].isna().all():
        raise SourceError(
            f"{str(job.path)!r} does not say of which platform it is: name it by --platform instagram, tiktok, "
            "youtube or x"
        )
    odd = {
        text: f"{AMBIGUOUS_ID}: it {wrong}"
        for text, wrong in find_faulty_ids(rows["creator_id"].dropna().unique()).items()
    }
    undated = _undated(sheet)
    given = (
        rows["creator_id"].notna()
        & rows["platform"].notna()
        & ~rows["creator_id"].isin(list(odd))
        & ~undated
    )
    for row in np.flatnonzero(~given):
        creator = rows["creator_id"].iloc[row]
        reason = (
            f"{NO_CREATOR}: {NAME_ONE}"
            if pd.isna(creator)
            else odd.get(creator, "names no platform")
        )
        reason = UNDATED if undated[row] and not pd.isna(creator) else reason
        job.reject(Rejection(job.place(f"line {sheet.lines[row]}"), reason))
    then = sheet.extra.get("followers_at_posting")
    creators = (
        rows
        if then is None
        else rows.assign(followers=then, observed_at=rows.get("posted_at", rows["observed_at"]))
    )
    rows, lines = rows[given].reset_index(drop=True), sheet.lines[given.to_numpy()]
    if rows.empty:
        return
    refused: set[int] = set()
    _add(job, "creators", creators[given].reset_index(drop=True), lines, refused)
    if sheet.table == "posts":
        _add(job, "posts", _with_post_ids(_with_counts(rows), days), lines, refused)
    if sheet.table == "partnerships":
        outcomes = add_outcomes(job, rows, lines)
        named, at = _with_partnership_ids(job, outcomes, lines, refused, sheet.guesses)
        _add(job, "partnerships", convert_fees_to_usd(job, named, at, "partnerships"), at, refused)
    elif sheet.table == "creators":
        rows = convert_fees_to_usd(job, rows, lines, "prospects")
        planned = [name for name in PROSPECT_COLUMNS if name in rows]
        telling = (
            rows[planned].notna().any(axis=1) if planned else pd.Series(False, index=rows.index)
        )
        prospects = rows[telling].reset_index(drop=True)
        if several := int(prospects.duplicated(["creator_id", "platform"], keep="last").sum()):
            job.report.notes.append(
                f"{several:,} row(s) are of a creator of a later row: of each creator one prospect is kept"
            )
        _add(job, "prospects", prospects, lines[telling.to_numpy()], refused)
    job.report.records[f"row of {sheet.table}"] += len(rows) - len(refused)


def _undated(sheet: Sheet) -> np.ndarray:
    """Mark the rows (n,) whose own date of reading cannot be read: their counts are of no moment
    that is known.
    """
    source = next((guess.source for guess in sheet.guesses if guess.column == "observed_at"), None)
    if source is None or sheet.table != "creators":
        return np.zeros(len(sheet.rows), dtype=bool)
    written = ~sheet.original[source].map(
        lambda text: is_missing(text.strip()) or not text.strip()
    ).to_numpy(dtype=bool)
    return written & sheet.rows["observed_at"].isna().to_numpy()


def _named(job: ImportJob, rows: pd.DataFrame) -> pd.DataFrame:
    """Name every row's creator: its id, else its handle, else the one that the user names."""
    absent = pd.Series(None, index=rows.index, dtype="str")
    ids, handles = (
        rows.get("creator_id", absent),
        rows.get("handle", absent).str.removeprefix("@").str.lower(),
    )
    owner = job.options.owner
    ids = ids.fillna("@" + handles).fillna(owner.get("creator_id", np.nan))
    platforms = rows.get("platform", absent).fillna(job.options.platform or np.nan)
    observed = rows.get(
        "observed_at", pd.Series(pd.NaT, index=rows.index, dtype="datetime64[us, UTC]")
    )
    observed = observed.fillna(pd.NaT if job.moment is None else pd.Timestamp(job.moment))
    return rows.assign(creator_id=ids, handle=handles, platform=platforms, observed_at=observed)


def _with_counts(rows: pd.DataFrame) -> pd.DataFrame:
    """Count the hashtags of a column of their own, which posts without a caption may have too; none
    is 0.
    """
    if "hashtags" not in rows:
        return rows
    counts = rows["hashtags"].str.split().str.len().astype("float64")
    return rows.assign(hashtags_count=rows.get("hashtags_count", counts).fillna(counts))


def _with_post_ids(rows: pd.DataFrame, days: Days) -> pd.DataFrame:
    """Name posts that have no id by their creator and moment; of a day without a time the second is
    numbered 2.
    """
    ids = rows.get("post_id", pd.Series(None, index=rows.index, dtype="str"))
    if "posted_at" not in rows:
        return rows.assign(post_id=ids)
    posted = rows["posted_at"]
    named = rows["creator_id"] + " " + posted.dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    by_day = ids.isna() & (posted == posted.dt.normalize())
    for row in np.flatnonzero(by_day):
        same_day = days.setdefault(named[row], {})
        number = same_day.setdefault("|".join(map(str, rows.iloc[row])), len(same_day) + 1)
        named[row] += f" {number}" if number > 1 else ""
    return rows.assign(post_id=ids.fillna(named))


def _with_partnership_ids(
    job: ImportJob, rows: pd.DataFrame, lines: np.ndarray, refused: set[int], guesses: list[Guess]
) -> tuple[pd.DataFrame, np.ndarray]:
    """Name partnerships that have no id by what they are: the same row has the same name whenever
    it is read.

    A fee counts as it is written, before any rate. A running number and an id of several
    partnerships, such as that of a campaign, name none of them. Rows that agree in all but their
    outcome are numbered; what repeats an earlier row is rejected.
    """
    told = [
        "creator_id",
        "platform",
        *(column.name for column in DEAL_COLUMNS if column.name in rows),
    ]
    texts = rows[told].astype("str").fillna("").agg("|".join, axis=1)
    if "fee" in rows:
        texts = texts.mask(
            rows["fee"].notna(),
            texts + "|" + rows["fee"].astype("str") + rows["currency"].fillna(""),
        )
    ids = rows.get("partnership_id", pd.Series(None, index=rows.index, dtype="str"))
    exact = any(guess.column == "partnership_id" and guess.how == "exact name" for guess in guesses)
    shared = texts.groupby(ids).transform("nunique") > 1
    if shared.any():
        job.report.notes.append(
            f"{ids[shared].nunique():,} id(s) are of several partnerships each and name none of them"
        )
    shared |= ids.str.fullmatch(RUNNING).fillna(False).astype(bool) & (not exact)
    texts, ids = texts.mask(shared, ids + "|" + texts), ids.mask(shared)
    whole = pd.DataFrame(
        {"text": texts, **{name: rows[name] for name in ("engagements", "views") if name in rows}}
    )
    repeats = whole.duplicated().where(ids.isna(), ids.duplicated())
    for row in np.flatnonzero(repeats):
        _reject(job, Rejection(job.place(f"line {lines[row]}"), REPEATED), lines[row], refused)
    rows, texts, ids, lines = (
        rows[~repeats],
        texts[~repeats],
        ids[~repeats],
        lines[~repeats.to_numpy()],
    )
    number = texts.groupby(texts).cumcount()
    texts = texts.mask(number > 0, texts + "|" + number.astype("str"))
    named = texts.map(lambda row: f"p{sha256(row.encode()).hexdigest()[:12]}").astype("str")
    return rows.assign(partnership_id=ids.fillna(named)).reset_index(drop=True), lines


def _add(
    job: ImportJob, table: str, rows: pd.DataFrame, lines: np.ndarray, refused: set[int]
) -> None:
    """Add rows to a table, those that break one of its rules apart; `refused` are the lines of
    rejected rows.
    """
    spec = TABLE_SPECS[table]
    names = [name for name in spec.names if name in rows]
    clean, faults = clean_table(rows[names], spec)
    absent = next((fault for fault in faults if fault.row < 0), None)
    wrong = {fault.row: fault for fault in reversed(faults) if fault.row >= 0}
    observed = rows["observed_at"]
    for row, record in enumerate(clean[names].to_dict("records")):
        known = {name: _plain(value) for name, value in record.items() if not pd.isna(value)}
        known["observed_at"] = None if pd.isna(observed[row]) else observed[row].to_pydatetime()
        if table == "posts":
            add_caption_columns(known)
        place = job.place(f"line {lines[row]}")
        if row in wrong:
            fault = wrong[row]
            _reject(
                job,
                Rejection(place, fault.rule, fault.column, str(fault.value)),
                lines[row],
                refused,
            )
        elif reason := find_row_fault(table, known, job.now) or (
            absent and f"has no {absent.column}"
        ):
            _reject(job, Rejection(place, reason), lines[row], refused)
        else:
            job.add(table, known, place)


def _reject(job: ImportJob, rejection: Rejection, line: int, refused: set[int]) -> None:
    """Reject a row; what a second table has against it is written down, and the row not counted
    twice.
    """
    job.reject(rejection, counted=line not in refused)
    refused.add(line)


def _plain(value: object) -> object:
    return value.to_pydatetime() if isinstance(value, pd.Timestamp) else value
