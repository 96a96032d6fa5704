"""A list of readings as a file: CSV and XLSX by `ingest.sheets`, Parquet with Arrow."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from features.errors import CreatorcastError
from features.tables.frames import read_frame
from features.tables.schema import PUBLISHED_POSTS
from features.tables.validate import clean_table
from ingest.sheets.reader import read_sheet
from ingest.sheets.sheet_types import Guess, Sheet, SheetOptions


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
    rows (n,) with a value that is unclear and missing in `rows`; `left_out`: lines that are no
    rows; `notes`: for the user.
    """

    rows: pd.DataFrame
    lines: np.ndarray
    header: list[str]
    cells: list[list[str]]
    reasons: dict[int, list[str]]
    unread: dict[str, np.ndarray] = field(default_factory=dict)
    left_out: list[RejectedLine] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def check_list(path: Path) -> None:
    """Raise TrackError where a list is not there."""
    if not path.exists():
        raise TrackError(f"{str(path)!r} does not exist: give a CSV, XLSX or Parquet file")


def read_list(path: Path, options: SheetOptions) -> ReadingList:
    """Read a list of readings. Raises CreatorcastError for what is none."""
    check_list(path)
    if path.suffix == ".parquet":
        return _read_parquet(path, options)
    sheet = read_sheet(path, options, (PUBLISHED_POSTS.name,))
    reasons: dict[int, list[str]] = {}
    row_of_line = {int(line): row for row, line in enumerate(sheet.lines)}
    for fault in sheet.faults:
        place = f"{fault.column} {fault.value!r}" if fault.column else "the line"
        reasons.setdefault(row_of_line[fault.line], []).append(f"{place} {fault.reason}")
    left_out = [RejectedLine(one.line, list(one.cells), [one.reason]) for one in sheet.left_out]
    return ReadingList(
        _clean(sheet.rows, reasons),
        sheet.lines,
        list(sheet.original.columns),
        sheet.original.astype(object).where(sheet.original.notna(), "").to_numpy().tolist(),
        reasons,
        sheet.unread,
        left_out,
        ["; ".join(sheet.notes), *_column_notes(sheet)],
    )


def _read_parquet(path: Path, options: SheetOptions) -> ReadingList:
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
    rows = _clean(frame[wanted], reasons)
    rows = rows.assign(platform=rows["platform"].fillna(options.platform or np.nan))
    return ReadingList(rows, np.arange(1, len(frame) + 1), header, cells, reasons, notes=notes)


def _clean(rows: pd.DataFrame, reasons: dict[int, list[str]]) -> pd.DataFrame:
    """Return the rows by the rules of PUBLISHED_POSTS; add what breaks one to the reasons."""
    clean, faults = clean_table(rows, PUBLISHED_POSTS)
    for fault in faults:
        reasons.setdefault(fault.row, []).append(fault.message)
    handles = "@" + clean["handle"].str.removeprefix("@").str.lower()
    return clean.assign(creator_id=clean["creator_id"].fillna(handles))


def _column_notes(sheet: Sheet) -> list[str]:
    """Return what columns were taken for that have no canonical name, first those unclear."""
    return [*map(_unclear, _guesses(sheet, True)), *map(_clear, _guesses(sheet, False))]


def _guesses(sheet: Sheet, ambiguous: bool) -> list[Guess]:
    return [
        guess
        for guess in sheet.guesses
        if bool(guess.ambiguous) is ambiguous and (ambiguous or guess.how != "exact name")
    ]


def _unclear(guess: Guess) -> str:
    return f"UNCLEAR column {guess.source!r}: {guess.ambiguous}"


def _clear(guess: Guess) -> str:
    details = "; ".join(part for part in (guess.how, guess.note) if part)
    return f"column {guess.source!r} -> {guess.column or 'not read'} ({details})"
