"""Lists as people keep them, CSV and XLSX, read by `features.sheets`: what is decided of a sheet is told in notes.

A value that cannot be read rejects its row: a forecast without it would answer another question.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd

from features.sheets import Guess, Sheet, SheetOptions
from features.sheets.convert import convert
from features.sheets.marks import Marks
from features.sheets.readers import NOT_USD, Reader, fee_reader
from features.sheets.sheet import decide
from features.sheets.source import Source, open_source
from features.spreadsheet_text import literal
from serving.batch.faults import BatchError
from serving.batch.lots import Lot, Misfit

#: Stands for a currency that the row's own column tells.
_TOLD = "of the row"
#: Columns that are read together, by these very names.
_FEES = ("fee", "currency")


class Spreadsheet:
    """A CSV or XLSX list. Raises features.sheets.SheetError for what is none, BatchError for two fee columns."""

    place = "line"

    def __init__(self, path: Path, options: SheetOptions):
        self.path, self.total = path, lines_in(path)
        source = self._decided_from(opened := open_source(path, options))
        self._check(source.header)
        self.fees = with_currencies(source.header)
        self.options = replace(options, columns={"fee": "-", **options.columns}) if self.fees else options
        self.decided = replace(decide(source, self.options, ("prospects",)), source=opened)
        self.header = [literal(name) for name in convert(self.decided, []).original]
        guesses = [guess for guess in self.decided.guesses if not (self.fees and _key(guess.source) in _FEES)]
        self.notes = ["; ".join(self.decided.notes), *_guessed(guesses)]

    def _decided_from(self, source: Source) -> Source:
        """Give what is looked at to decide how columns are read."""
        return source

    def lots(self, rows: int) -> Iterator[Lot]:
        """Give the rows, so many records at a time."""
        records = self.decided.source.records()
        while chunk := list(islice(records, rows)):
            yield self._lot(convert(self.decided, chunk))

    def _lot(self, sheet: Sheet) -> Lot:
        rows, at = sheet.rows, {int(line): row for row, line in enumerate(sheet.lines)}
        reasons: dict[int, list[str]] = {}
        priced = "fee_amount" in sheet.extra
        for fault in sheet.faults:
            if not (priced and fault.reason.endswith(NOT_USD)):
                told = f"{fault.column} {fault.value!r}" if fault.column else "the line"
                reasons.setdefault(at[fault.line], []).append(f"{told} {fault.reason}")
        if priced:
            other = sheet.extra["fee_currency"].notna() & rows["fee_usd"].isna()
            rows = rows.assign(
                fee=sheet.extra["fee_amount"].where(other), currency=sheet.extra["fee_currency"].where(other)
            )
        if self.fees:
            rows = self._with_fees(rows, sheet.original, reasons)
        return Lot(
            named(rows),
            sheet.lines,
            lambda wanted: sheet.original.iloc[wanted].values.tolist(),
            reasons,
            [Misfit(fault.line, list(fault.cells), fault.reason) for fault in sheet.left_out],
            sheet.blank_rows,
            sheet.notes[len(self.decided.notes) :],
            sheet.unread,
        )

    def _with_fees(self, rows: pd.DataFrame, original: pd.DataFrame, reasons: dict[int, list[str]]) -> pd.DataFrame:
        """Read fees beside a column that names their currency."""
        fee, told = (next(name for name in original if _key(name) == which) for which in _FEES)
        read = self._amounts(_TOLD)
        amounts, currencies = np.full(len(rows), np.nan), []
        for row, (cell, code) in enumerate(zip(original[fee], original[told], strict=True)):
            code = code.strip().upper() or None
            value, wrong = read(cell)
            if wrong:
                reasons.setdefault(row, []).append(f"{fee} {cell!r} {wrong}")
            elif value is not None:
                amounts[row] = value[0]
                if value[1] not in (_TOLD, code) and code:
                    reasons.setdefault(row, []).append(f"{fee} {cell!r} is in {value[1]}, and {told} says {code}")
                code = code or (value[1] if value[1] != _TOLD else None)
            currencies.append(code)
        return rows.assign(fee=amounts, currency=pd.Series(currencies, index=rows.index, dtype="str"))

    def _amounts(self, currency: str) -> Reader:
        """Give what reads the fees; `currency`: of those that name none themselves."""
        mark = self.options.decimal or "."
        return fee_reader(Marks(mark, mark), currency)

    def _check(self, header: list[str]) -> None:
        names = [_key(name) for name in header]
        twice = next((name for name in _FEES if names.count(name) > 1), None)
        if twice is not None:
            raise BatchError(f"{str(self.path)!r} has the column {twice!r} twice: keep one, or rename the other")


def with_currencies(header: list[str]) -> bool:
    """Say whether fees stand beside a column that names their currency."""
    return {*_FEES} <= set(map(_key, header))


def _key(name: str) -> str:
    return name.strip().casefold()


def named(rows: pd.DataFrame) -> pd.DataFrame:
    """Name creators that have no id by their handle, as `creatorcast import` does."""
    if "handle" not in rows:
        return rows
    names = "@" + rows["handle"].str.removeprefix("@").str.lower()
    return rows.assign(creator_id=rows["creator_id"].fillna(names) if "creator_id" in rows else names)


def _guessed(guesses: list[Guess]) -> list[str]:
    """Tell what columns were taken for, first what is unclear.

    A column that has the canonical name is told only where its values are in another unit.
    """
    unclear = [f"UNCLEAR column {guess.source!r}: {guess.ambiguous}" for guess in guesses if guess.ambiguous]
    taken = [guess for guess in guesses if not guess.ambiguous and _needs_telling(guess)]
    details = ["; ".join(part for part in (guess.how, guess.note) if part) for guess in taken]
    told = [f"{guess.source!r} -> {guess.column or 'not read'}" for guess in taken]
    return unclear + [f"column {what} ({how})" for what, how in zip(told, details, strict=True)]


def _needs_telling(guess: Guess) -> bool:
    return guess.how != "exact name" or guess.unit not in (None, "fraction")


def lines_in(path: Path) -> int | None:
    """Count the lines of a text file, which are about its rows; None for what is packed."""
    with open(path, "rb") as file:
        if file.read(2) in (b"PK", b"\x1f\x8b"):
            return None
        file.seek(0)
        return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))
