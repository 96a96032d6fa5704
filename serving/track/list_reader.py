"""A list of readings as a file: CSV and XLSX by `ingest.sheets`, Parquet with Arrow."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd

from features.errors import CreatorcastError
from features.tables.currency import CurrencyRates
from features.tables.frames import read_frame
from features.tables.schema import PUBLISHED_POSTS, format_exact
from features.tables.validate import TableFault, clean_table
from ingest.sheets.dates import lacks_time_of_day
from ingest.sheets.guess_lines import column_lines
from ingest.sheets.reader import read_sheet
from ingest.sheets.sheet_types import Guess, Sheet, SheetOptions
from serving.track.list_fees import fees_in_usd

#: The moments of a reading, whose difference is its age.
MOMENTS = ("posted_at", "observed_at")
_IDS = ("partnership_id", "post_id")
#: Columns that a remedy names.
MAX_NAMED = 10


class TrackError(CreatorcastError):
    """A list cannot be tracked at all."""


@dataclass(frozen=True)
class RejectedLine:
    """A line that was not used: its place in the source, its cells as written, all reasons."""

    line: int
    cells: list[str]
    reasons: list[str]


@dataclass(frozen=True)
class ReadingList:
    """The n rows of a list, clean.

    `rows`: all columns of PUBLISHED_POSTS; `lines` (n,): where they stand; `header` and `cells`
    (n, columns): as written; `reasons`: row -> what could not be read of it; `unread`: column ->
    rows (n,) with a value that is unclear and missing in `rows`; `dates_alone`: of MOMENTS the rows
    (n,) where it has no time of day; `remedies`: of MOMENTS that no column has, which columns were
    not read; `left_out`: lines that are no rows; `notes`: for the user; `guesses`: what each column
    was read as, none of a Parquet list; `blank`: lines without a value.
    """

    rows: pd.DataFrame
    lines: np.ndarray
    header: list[str]
    cells: list[list[str]]
    reasons: dict[int, list[str]]
    unread: dict[str, np.ndarray] = field(default_factory=dict)
    dates_alone: dict[str, np.ndarray] = field(default_factory=dict)
    remedies: dict[str, str] = field(default_factory=dict)
    left_out: list[RejectedLine] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    guesses: list[Guess] = field(default_factory=list)
    blank: int = 0


def check_list(path: Path) -> None:
    """Raise TrackError where a list is not there."""
    if not path.exists():
        raise TrackError(f"{str(path)!r} does not exist: give a CSV, XLSX or Parquet file")


def read_list(path: Path, options: SheetOptions, rates: CurrencyRates | None = None) -> ReadingList:
    """Read a list of readings; `rates`: of fees in other currencies than USD. Raises
    CreatorcastError for what is none.
    """
    check_list(path)
    if path.suffix == ".parquet":
        return _read_parquet(path, options, rates)
    sheet = read_sheet(path, options, (PUBLISHED_POSTS.name,))
    reasons: dict[int, list[str]] = {}
    row_of_line = {int(line): row for row, line in enumerate(sheet.lines)}
    for fault in sheet.faults:
        place = f"{fault.column} {fault.value!r}" if fault.column else "the line"
        reasons.setdefault(row_of_line[fault.line], []).append(f"{place} {fault.reason}")
    left_out = [RejectedLine(one.line, list(one.cells), [one.reason]) for one in sheet.left_out]
    sources = {guess.column: guess.source for guess in sheet.guesses if guess.column}
    clean = _clean(_with_ids(sheet, sources), reasons, sources)
    rows, unused_fees, fee_notes = fees_in_usd(clean, rates, reasons)
    dates_alone = {
        name: np.array([lacks_time_of_day(text) for text in sheet.original[sources[name]]], bool)
        for name in MOMENTS
        if name in sources
    }
    return ReadingList(
        rows,
        sheet.lines,
        list(sheet.original.columns),
        sheet.original.astype(object).where(sheet.original.notna(), "").to_numpy().tolist(),
        reasons,
        _with_mark(sheet.unread, "fee_usd", unused_fees),
        dates_alone,
        _remedies(sources, [guess.source for guess in sheet.guesses if guess.column is None]),
        left_out,
        [
            "; ".join(sheet.notes),
            *column_lines(sheet.guesses),
            *fee_notes,
            *_date_notes(dates_alone),
        ],
        sheet.guesses,
        sheet.blank_rows,
    )


def _with_ids(sheet: Sheet, sources: Mapping[str, str]) -> pd.DataFrame:
    """Return the rows of a sheet with ids to the letter: NA and null may be ids here, where other
    columns have them for what is not known.
    """
    rows = sheet.rows
    for name in _IDS:
        if name in sources and name in rows:
            texts = sheet.original[sources[name]].str.strip()
            rows = rows.assign(
                **{name: rows[name].where(rows[name].notna() | ~_is_word(texts), texts)}
            )
    return rows


def _is_word(texts: pd.Series) -> pd.Series:
    return texts.str.isalnum().fillna(False).astype(bool)


def _with_mark(unread: dict[str, np.ndarray], name: str, rows: np.ndarray) -> dict[str, np.ndarray]:
    """Return what was not read, with more rows (n,) of a column."""
    if not rows.any():
        return unread
    return {**unread, name: rows | unread[name] if name in unread else rows}


def _remedies(sources: Mapping[str, str], not_read: Sequence[str]) -> dict[str, str]:
    """Return for each moment that no column has what to do about it, where columns are left."""
    named = ", ".join(map(repr, not_read[:MAX_NAMED])) + ", ..." * (len(not_read) > MAX_NAMED)
    return {
        name: f"; not read: {named}: if one of them is {name}, name it in a map file (--map)"
        for name in MOMENTS
        if name not in sources and not_read
    }


def _date_notes(dates_alone: Mapping[str, np.ndarray]) -> list[str]:
    """Return a note of the rows with a moment that has no time of day."""
    rows = int(np.any([*dates_alone.values()], axis=0).sum()) if dates_alone else 0
    if not rows:
        return []
    return [
        (
            f"{rows:,} row(s) have no time of day in posted_at or observed_at: taken as 00:00 UTC, "
            "and the age may be wrong by a day"
        )
    ]


def _read_parquet(path: Path, options: SheetOptions, rates: CurrencyRates | None) -> ReadingList:
    """Read a Parquet list, whose columns have canonical names, or those that a map file gives."""
    names = {
        source: mapping if isinstance(mapping, str) else mapping.column
        for source, mapping in options.columns.items()
    }
    frame = read_frame(path)
    header = list(frame.columns)
    cells = frame.astype(object).where(frame.notna(), "").astype(str).to_numpy().tolist()
    frame = frame.rename(columns=names)
    wanted = [name for name in PUBLISHED_POSTS.names if name in frame]
    if not wanted:
        raise TrackError(
            f"{str(path)!r} has no column that is wanted: looked for "
            f"{', '.join(PUBLISHED_POSTS.names)}"
        )
    if twice := frame.columns[frame.columns.duplicated()].tolist():
        raise TrackError(f"{str(path)!r} has two columns for {twice[0]!r}: keep one")
    others = [repr(name) for name in frame if name not in wanted]
    notes = [f"not read, because a list has no such columns: {', '.join(others)}"] if others else []
    reasons: dict[int, list[str]] = {}
    clean = _clean(frame[wanted], reasons, dict(zip(frame.columns, header, strict=True)))
    clean = clean.assign(platform=clean["platform"].fillna(options.platform or np.nan))
    rows, unused_fees, fee_notes = fees_in_usd(clean, rates, reasons)
    return ReadingList(
        rows,
        np.arange(1, len(frame) + 1),
        header,
        cells,
        reasons,
        _with_mark({}, "fee_usd", unused_fees),
        {},  # times without a zone are faults, so that dates alone are
        _remedies({name: name for name in wanted}, [name for name in frame if name not in wanted]),
        notes=[*notes, *fee_notes],
    )


def _clean(
    rows: pd.DataFrame, reasons: dict[int, list[str]], sources: Mapping[str, str]
) -> pd.DataFrame:
    """Return the rows by the rules of PUBLISHED_POSTS; add what breaks one to the reasons.

    `sources`: column -> its name in the list.
    """
    clean, faults = clean_table(rows, PUBLISHED_POSTS)
    for fault in faults:
        reasons.setdefault(fault.row, []).append(_fault_text(fault, sources))
    handles = "@" + clean["handle"].str.removeprefix("@").str.lower()
    return clean.assign(creator_id=clean["creator_id"].fillna(handles))


def _fault_text(fault: TableFault, sources: Mapping[str, str]) -> str:
    """Return a fault with the column as the list names it, and numbers as people write them."""
    is_fee = fault.column in ("fee", "fee_usd")
    either = sources.get("fee_usd", sources.get("fee")) if is_fee else None
    name = sources.get(fault.column, either or fault.column)
    rule = fault.rule.partition(", or declare ")[0]  # what a folder of tables may declare
    if isinstance(fault.value, float) and abs(fault.value) <= 2.0**53:
        return f"{name} {format_exact(fault.value)} {rule}"
    return replace(fault, column=name, rule=rule).message
