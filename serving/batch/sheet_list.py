"""Lists in CSV and XLSX, read by `ingest.sheets`; what it decides of a sheet is told in notes.

A value that cannot be read rejects its row: a forecast without it would answer another question.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from features.files.formula_escape import strip_apostrophe
from ingest.sheets.convert import convert_records
from ingest.sheets.guess_lines import column_lines
from ingest.sheets.reader import plan_sheet
from ingest.sheets.sheet_plan import SheetPlan
from ingest.sheets.sheet_source import SheetSource, open_sheet
from ingest.sheets.sheet_types import Guess, Sheet, SheetOptions
from serving.batch.chunks import Chunk, InvalidLine
from serving.batch.own_cells import cell_column, own_fields, text_column


class SheetList:
    """A CSV or XLSX list. Raises ingest.sheets.SheetError for what is none."""

    position_name = "line"
    tells_offers = True

    def __init__(self, path: Path, options: SheetOptions):
        lines = count_lines(path)
        self.path, self.total = path, lines and lines - 1  # about: without the header
        source = open_sheet(path, options)
        plan = plan_sheet(self._sample(source), options, ("prospects",), whole=source)
        self.plan = replace(plan, source=source)
        names = convert_records(self.plan, []).original
        self.header = [strip_apostrophe(name) for name in names]
        self.own_fields = own_fields(self.header, self.plan)
        #: Places of the own columns that chunks give.
        self.kept: list[int] = []
        self.faulty_names = _faulty_names(self.plan.guesses, self.header)
        self.notes = ["; ".join(self.plan.notes), *column_lines(self.plan.guesses)]

    def _sample(self, source: SheetSource) -> SheetSource:
        """Return the source with the records that decide how its columns are read."""
        return source

    def keep_columns(self, names: Sequence[str]) -> None:
        """Have chunks give these own columns."""
        self.kept = [self.header.index(name) for name in names]

    def chunks(self, rows: int) -> Iterator[Chunk]:
        """Yield the rows, so many records at a time."""
        records = self.plan.source.records()
        while batch := list(islice(records, rows)):
            yield self._chunk(convert_records(self.plan, batch))

    def _chunk(self, sheet: Sheet) -> Chunk:
        """Return the converted records as a chunk."""
        rows = fill_creator_id(sheet.rows)
        invalid_lines = [
            InvalidLine(fault.line, list(fault.cells), fault.reason) for fault in sheet.left_out
        ]
        new_notes = sheet.notes[len(self.plan.notes) :]
        return Chunk(
            rows,
            sheet.lines,
            lambda wanted: sheet.original.iloc[wanted].values.tolist(),
            _reasons(sheet),
            invalid_lines,
            sheet.blank_rows,
            [*new_notes, *_nameless_note(rows, sheet.lines)],
            sheet.unread,
            _remarks(sheet),
            _unclear_columns(self.plan),
            partial(_own_columns, sheet, self.kept, self.plan.source.workbook),
        )


def _own_columns(sheet: Sheet, kept: list[int], workbook: bool, rows: np.ndarray) -> pa.Table:
    """Return the kept columns of some rows."""
    if workbook:
        cells = [sheet.cells[row] for row in rows.tolist()]
        columns = [cell_column([row[place] for row in cells]) for place in kept]
    else:
        columns = [text_column(sheet.original.iloc[:, place], rows) for place in kept]
    return pa.table(columns, names=[str(place) for place in kept])


def _faulty_names(guesses: list[Guess], header: list[str]) -> dict[str, int]:
    """Return what reasons call a column -> its place: its own name, or the canonical one."""
    names = {name: place for place, name in enumerate(header)}
    read_as = {
        guess.column: names[guess.source]
        for guess in guesses
        if guess.column and guess.source in names
    }
    return read_as | names


def _reasons(sheet: Sheet) -> dict[int, list[str]]:
    """Return row -> what could not be read of it."""
    row_of_line = {int(line): row for row, line in enumerate(sheet.lines)}
    reasons: dict[int, list[str]] = {}
    for fault in sheet.faults:
        place = f"{fault.column} {fault.value!r}" if fault.column else "the line"
        reasons.setdefault(row_of_line[fault.line], []).append(f"{place} {fault.reason}")
    return reasons


def _unclear_columns(plan: SheetPlan) -> dict[str, tuple[int, str, str]]:
    """Return what `Chunk.unclear` holds."""
    return {
        plan.unread.get(place) or str(guess.column): (place, guess.source, guess.ambiguous)
        for place, guess in enumerate(plan.guesses)
        if guess.ambiguous
    }


def _remarks(sheet: Sheet) -> dict[str, np.ndarray]:
    """Return warning -> the rows (n,) that get it."""
    remarks: dict[str, np.ndarray] = {}
    for remark in sheet.remarks:
        rows = remarks.setdefault(remark.code, np.zeros(len(sheet.rows), dtype=bool))
        rows[remark.row] = True
    return remarks


def _nameless_note(rows: pd.DataFrame, lines: np.ndarray) -> list[str]:
    """Return a note on the rows that name no creator, in a list that has a column for it."""
    if "creator_id" not in rows:
        return []
    nameless = np.flatnonzero(rows["creator_id"].isna())
    if not len(nameless):
        return []
    first = lines[nameless[0]]
    return [f"{len(nameless):,} row(s) name no creator, the first in line {first:,}"]


def fill_creator_id(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with the handle as creator_id where they have none, as tables have it that
    `creatorcast import` writes.
    """
    if "handle" not in rows:
        return rows
    handles = "@" + rows["handle"].str.removeprefix("@").str.lower()
    if "creator_id" not in rows:
        return rows.assign(creator_id=handles)
    return rows.assign(creator_id=rows["creator_id"].fillna(handles))


def count_lines(path: Path) -> int | None:
    """Return the lines of a text file, about as many as its rows; None for a compressed file."""
    with open(path, "rb") as file:
        if file.read(2) in (b"PK", b"\x1f\x8b"):
            return None
        file.seek(0)
        lines, last = 0, b"\n"
        for block in iter(lambda: file.read(1 << 20), b""):
            lines, last = lines + block.count(b"\n"), block[-1:]
        return lines + (last != b"\n")
