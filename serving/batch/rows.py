"""What becomes of one lot: answers of the rows that can be scored, and the others with all their reasons."""

from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
import pyarrow as pa

from features.tables.currency import USD
from features.tables.schema import PROSPECTS
from features.tables.validate import clean_table
from serving.asked import Asked, microseconds
from serving.batch.ids import row_names
from serving.batch.lots import Lot
from serving.batch.table import schema_of, table_of
from serving.scoring import Scorer
from serving.terms import Extras


@dataclass(frozen=True)
class Rejected:
    """A row that was not scored: where it stands, its own text and all reasons."""

    place: int
    cells: list[str]
    reasons: list[str]


@dataclass(frozen=True)
class Outcome:
    """What became of a lot: read = answers + rejected."""

    read: int
    answers: pa.Table
    rejected: list[Rejected] = field(default_factory=list)
    blank: int = 0
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Asking:
    """How lots are scored: by what, as of which moment, with which columns and extras."""

    scorer: Scorer
    as_of: pd.Timestamp
    columns: tuple[str, ...]
    extras: Extras

    def outcome(self, lot: Lot, first: int, repeats: np.ndarray) -> Outcome:
        """Score a lot; `first`: rows of the list before it, `repeats` (n,): rows whose partnership_id came before."""
        clean, reasons = checked(lot, first, repeats)
        passed = np.array([row for row in range(len(clean)) if row not in reasons], dtype=int)
        asked = Asked.of_frame(clean.iloc[passed] if reasons else clean)
        scored = self.scorer.score(asked, microseconds(self.as_of), extras=self.extras, columns=self.columns)
        for row, found in scored.reasons.items():
            reasons[int(passed[row])] = found
        if "warnings" in scored.columns:
            _add_warnings(scored.columns["warnings"], warnings_of(lot), passed)
        answered = scored.scored
        rows = slice(None) if answered.all() else answered
        table = table_of({name: scored.columns[name][rows] for name in self.columns}, schema_of(self.columns))
        notes = [*lot.notes, *_conversions(clean, self.scorer)]
        return Outcome(len(clean) + len(lot.misfits), table, _rejected(lot, reasons), lot.blank, notes)


def checked(lot: Lot, first: int, repeats: np.ndarray) -> tuple[pd.DataFrame, dict[int, list[str]]]:
    """Give the rows of a lot clean, each with an id, and row -> reasons of those that break a rule."""
    rows, reasons = lot.rows, {row: list(found) for row, found in lot.reasons.items()}
    clean, faults = clean_table(rows, PROSPECTS, whole=False)
    ids = clean.get("partnership_id", pd.Series(None, index=clean.index, dtype="str"))
    if ids.isna().any():
        clean["partnership_id"] = row_names(ids, first)
    for fault in faults:
        reasons.setdefault(fault.row, []).append(fault.message)
    for row in np.flatnonzero(repeats).tolist():
        told = f"partnership_id {clean['partnership_id'][row]!r} repeats an earlier row: each once"
        reasons.setdefault(row, []).append(told)
    return clean, reasons


def _conversions(rows: pd.DataFrame, scorer: Scorer) -> list[str]:
    """Tell at which rates fees in other currencies become fee_usd."""
    codes = sorted(set(rows["currency"].dropna()) - {USD}) if "currency" in rows else []
    known = scorer.rates.usd_per_unit
    return [f"fee_usd from fee x currency: fees in {code} at {known[code]:g} USD" for code in codes if code in known]


def warnings_of(lot: Lot) -> dict[str, np.ndarray]:
    """Give the warnings that rows (n,) of a lot get for what could not be read of them, or only in part."""
    return {f"{name}_not_used": rows for name, rows in lot.unread.items()} | lot.remarks


def _add_warnings(warnings: np.ndarray, found: dict[str, np.ndarray], passed: np.ndarray) -> None:
    """Add warnings to those of the rows of a lot that were asked about, `passed`."""
    for name, rows in found.items():
        for row in np.flatnonzero(rows[passed]).tolist():
            if warnings[row] is not None:
                warnings[row] = (*warnings[row], name)


def _rejected(lot: Lot, reasons: dict[int, list[str]]) -> list[Rejected]:
    """Give the rows with reasons and what is no row, as they stand in the source."""
    rows = sorted(reasons)
    texts = lot.text(rows) if rows else []
    found = [Rejected(int(lot.places[row]), cells, reasons[row]) for row, cells in zip(rows, texts, strict=True)]
    found += [Rejected(misfit.place, misfit.cells, [misfit.reason]) for misfit in lot.misfits]
    return sorted(found, key=lambda one: one.place)


def fitted(rejected: Rejected, width: int) -> Rejected:
    """Bring a row's cells to the number of columns; what is beyond the last one is kept in it."""
    cells = rejected.cells
    if len(cells) > width:
        cells = [*cells[: width - 1], " | ".join(cells[width - 1 :])]
    return replace(rejected, cells=[*cells, *[""] * (width - len(cells))])
