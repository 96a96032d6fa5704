"""Lists as people keep them, CSV and XLSX, read by `ingest.sheets`: what is decided of a sheet is
told in notes.

A value that cannot be read rejects its row: a forecast without it would answer another question.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd

from features.files.formula_escape import strip_apostrophe
from ingest.sheets.convert import convert_records
from ingest.sheets.reader import plan_sheet
from ingest.sheets.sheet_source import SheetSource, open_sheet
from ingest.sheets.sheet_types import Guess, Sheet, SheetOptions
from serving.batch.chunks import Chunk, InvalidLine


class SheetList:
    """A CSV or XLSX list. Raises ingest.sheets.SheetError for what is none."""

    position_name = "line"

    def __init__(self, path: Path, options: SheetOptions):
        self.path, self.total = path, count_lines(path)
        source = self._decided_from(opened := open_sheet(path, options))
        self.decided = replace(
            plan_sheet(source, options, ("prospects",), whole=opened), source=opened
        )
        self.header = [
            strip_apostrophe(name) for name in convert_records(self.decided, []).original
        ]
        self.notes = ["; ".join(self.decided.notes), *_guessed(self.decided.guesses)]

    def _decided_from(self, source: SheetSource) -> SheetSource:
        """Give what is looked at to decide how columns are read."""
        return source

    def chunks(self, rows: int) -> Iterator[Chunk]:
        """Give the rows, so many records at a time."""
        records = self.decided.source.records()
        while chunk := list(islice(records, rows)):
            yield self._lot(convert_records(self.decided, chunk))

    def _lot(self, sheet: Sheet) -> Chunk:
        at = {int(line): row for row, line in enumerate(sheet.lines)}
        reasons: dict[int, list[str]] = {}
        for fault in sheet.faults:
            told = f"{fault.column} {fault.value!r}" if fault.column else "the line"
            reasons.setdefault(at[fault.line], []).append(f"{told} {fault.reason}")
        remarks: dict[str, np.ndarray] = {}
        for remark in sheet.remarks:
            remarks.setdefault(remark.code, np.zeros(len(sheet.rows), dtype=bool))[remark.row] = (
                True
            )
        rows = fill_creator_id(sheet.rows)
        return Chunk(
            rows,
            sheet.lines,
            lambda wanted: sheet.original.iloc[wanted].values.tolist(),
            reasons,
            [InvalidLine(fault.line, list(fault.cells), fault.reason) for fault in sheet.left_out],
            sheet.blank_rows,
            [*sheet.notes[len(self.decided.notes) :], *_nameless(rows, sheet.lines)],
            sheet.unread,
            remarks,
        )


def _nameless(rows: pd.DataFrame, lines: np.ndarray) -> list[str]:
    """Tell how many rows name no creator, in a list that has a column for it."""
    if "creator_id" not in rows:
        return []
    at = np.flatnonzero(rows["creator_id"].isna())
    return (
        [f"{len(at):,} row(s) name no creator, the first in line {lines[at[0]]:,}"]
        if len(at)
        else []
    )


def fill_creator_id(rows: pd.DataFrame) -> pd.DataFrame:
    """Name creators that have no id by their handle, as `creatorcast import` does."""
    if "handle" not in rows:
        return rows
    names = "@" + rows["handle"].str.removeprefix("@").str.lower()
    return rows.assign(
        creator_id=rows["creator_id"].fillna(names) if "creator_id" in rows else names
    )


def _guessed(guesses: list[Guess]) -> list[str]:
    """Tell what columns were taken for, first what is unclear.

    A column that has the canonical name is told only where its values are in another unit.
    """
    unclear = [
        f"UNCLEAR column {guess.source!r}: {guess.ambiguous}"
        for guess in guesses
        if guess.ambiguous
    ]
    taken = [guess for guess in guesses if not guess.ambiguous and _needs_telling(guess)]
    details = ["; ".join(part for part in (guess.how, guess.note) if part) for guess in taken]
    told = [f"{guess.source!r} -> {guess.column or 'not read'}" for guess in taken]
    return unclear + [f"column {what} ({how})" for what, how in zip(told, details, strict=True)]


def _needs_telling(guess: Guess) -> bool:
    return guess.how != "exact name" or guess.unit not in (None, "fraction")


def count_lines(path: Path) -> int | None:
    """Count the lines of a text file, which are about its rows; None for what is packed."""
    with open(path, "rb") as file:
        if file.read(2) in (b"PK", b"\x1f\x8b"):
            return None
        file.seek(0)
        return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))
