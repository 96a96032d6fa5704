"""What becomes of one lot: answers of the rows that can be scored, and the others with all their
reasons.
"""

from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
import pyarrow as pa

from features.tables.currency import USD
from features.tables.schema import PROSPECTS
from features.tables.validate import clean_table
from serving.batch.arrow_answers import answer_schema, answers_to_arrow
from serving.batch.chunks import Chunk
from serving.batch.duplicate_ids import ids_or_row_numbers
from serving.scoring.deal_terms import AnswerOptions
from serving.scoring.prospect_batch import ProspectBatch, microseconds
from serving.scoring.scorer import Scorer


@dataclass(frozen=True)
class RejectedRow:
    """A row that was not scored: where it stands, its own text and all reasons."""

    position: int
    cells: list[str]
    reasons: list[str]


@dataclass(frozen=True)
class ScoredChunk:
    """What became of a lot: read = answers + rejected."""

    read: int
    answers: pa.Table
    rejected: list[RejectedRow] = field(default_factory=list)
    blank: int = 0
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class ChunkScorer:
    """How lots are scored: by what, as of which moment, with which columns and extras."""

    scorer: Scorer
    as_of: pd.Timestamp
    columns: tuple[str, ...]
    extras: AnswerOptions

    def score_chunk(self, lot: Chunk, first: int, repeats: np.ndarray) -> ScoredChunk:
        """Score a lot; `first`: rows of the list before it, `repeats` (n,): rows whose
        partnership_id came before.
        """
        clean, reasons = validate_chunk(lot, first, repeats)
        passed = np.array([row for row in range(len(clean)) if row not in reasons], dtype=int)
        asked = ProspectBatch.from_frame(clean.iloc[passed] if reasons else clean)
        scored = self.scorer.score(
            asked, microseconds(self.as_of), extras=self.extras, columns=self.columns
        )
        for row, found in scored.reasons.items():
            reasons[int(passed[row])] = found
        if "warnings" in scored.columns:
            _add_warnings(scored.columns["warnings"], unread_warnings(lot), passed)
        answered = scored.is_scored
        rows = slice(None) if answered.all() else answered
        table = answers_to_arrow(
            {name: scored.columns[name][rows] for name in self.columns}, answer_schema(self.columns)
        )
        notes = [*lot.notes, *_conversions(clean, self.scorer)]
        return ScoredChunk(
            len(clean) + len(lot.invalid_lines), table, _rejected(lot, reasons), lot.blank, notes
        )


def validate_chunk(
    lot: Chunk, first: int, repeats: np.ndarray
) -> tuple[pd.DataFrame, dict[int, list[str]]]:
    """Give the rows of a lot clean, each with an id, and row -> reasons of those that break a rule."""
    rows, reasons = lot.rows, {row: list(found) for row, found in lot.reasons.items()}
    clean, faults = clean_table(rows, PROSPECTS, whole=False)
    ids = clean.get("partnership_id", pd.Series(None, index=clean.index, dtype="str"))
    if ids.isna().any():
        clean["partnership_id"] = ids_or_row_numbers(ids, first)
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
    return [
        f"fee_usd from fee x currency: fees in {code} at {known[code]:g} USD"
        for code in codes
        if code in known
    ]


def unread_warnings(lot: Chunk) -> dict[str, np.ndarray]:
    """Give the warnings that rows (n,) of a lot get for what could not be read of them, or only in
    part.
    """
    return {f"{name}_not_used": rows for name, rows in lot.unread.items()} | lot.remarks


def _add_warnings(warnings: np.ndarray, found: dict[str, np.ndarray], passed: np.ndarray) -> None:
    """Add warnings to those of the rows of a lot that were asked about, `passed`."""
    for name, rows in found.items():
        for row in np.flatnonzero(rows[passed]).tolist():
            if warnings[row] is not None:
                warnings[row] = (*warnings[row], name)


def _rejected(lot: Chunk, reasons: dict[int, list[str]]) -> list[RejectedRow]:
    """Give the rows with reasons and what is no row, as they stand in the source."""
    rows = sorted(reasons)
    texts = lot.text(rows) if rows else []
    found = [
        RejectedRow(int(lot.positions[row]), cells, reasons[row])
        for row, cells in zip(rows, texts, strict=True)
    ]
    found += [
        RejectedRow(misfit.position, misfit.cells, [misfit.reason]) for misfit in lot.invalid_lines
    ]
    return sorted(found, key=lambda one: one.position)


def fit_to_width(rejected: RejectedRow, width: int) -> RejectedRow:
    """Bring a row's cells to the number of columns; what is beyond the last one is kept in it."""
    cells = rejected.cells
    if len(cells) > width:
        cells = [*cells[: width - 1], " | ".join(cells[width - 1 :])]
    return replace(rejected, cells=[*cells, *[""] * (width - len(cells))])
