"""What becomes of one chunk: answers for the rows that can be scored, and the others with all their
reasons.
"""

from collections import Counter
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
import pyarrow as pa

from features.tables.currency import USD
from features.tables.schema import PROSPECTS
from features.tables.validate import clean_table
from serving.batch.arrow_answers import answers_to_arrow
from serving.batch.chunks import Chunk
from serving.batch.duplicate_ids import ids_or_row_numbers
from serving.batch.list_names import names_of_rows
from serving.batch.own_cells import as_text
from serving.batch.package_column import settle_packages
from serving.ledger_entries import AskedBy, ForecastCollector
from serving.scoring.answer_table import AnswerTable
from serving.scoring.deal_terms import AnswerOptions
from serving.scoring.prospect_batch import IS_NUMBERED, ProspectBatch, microseconds
from serving.scoring.scorer import Scorer
from serving.workbook.list_cells import CELL

#: Begins the note on an exchange rate.
_CONVERTED = "fee_usd from fee x currency"
#: Columns that say something of a creator to go by.
_PROFILE_COLUMNS = (
    "followers", "avg_likes", "avg_comments", "avg_shares", "avg_views", "engagement_rate",
    "engagement_rate_by_followers", "engagement_rate_by_views",
)  # fmt: skip


@dataclass(frozen=True)
class RejectedRow:
    """A row that was not scored: its position in the source, its cells as written, all reasons."""

    position: int
    cells: list[str]
    reasons: list[str]


@dataclass(frozen=True)
class ScoredChunk:
    """What became of a chunk: read = answers + rejected."""

    read: int
    answers: pa.Table
    rejected: list[RejectedRow] = field(default_factory=list)
    blank: int = 0
    notes: list[str] = field(default_factory=list)
    #: Currency -> rejected rows that have a fee in it and no rate.
    without_rate: dict[str, int] = field(default_factory=dict)
    #: Its forecasts for the ledger, where they are to be kept.
    forecasts: ForecastCollector | None = None

    @property
    def value_notes(self) -> list[str]:
        """The notes on values of its rows."""
        return [note for note in self.notes if not note.startswith(_CONVERTED)]


@dataclass(frozen=True)
class ChunkScorer:
    """How chunks are scored: by which scorer, as of which moment, with which columns and extras.

    `schema`: of the answers; `own`: those of its columns that the list gives, in the order in which
    chunks give them; `asked`: of the forecasts that go to the ledger, None where none do;
    `name_column`: of the source, which holds the names of creators that go there too.
    """

    scorer: Scorer
    as_of: pd.Timestamp
    schema: pa.Schema
    own: tuple[str, ...]
    extras: AnswerOptions
    asked: AskedBy | None = None
    name_column: int | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that the scorer gives."""
        return tuple(name for name in self.schema.names if name not in self.own)

    def score_chunk(self, chunk: Chunk, first: int, repeats: np.ndarray) -> ScoredChunk:
        """Score a chunk; `first`: rows of the list before it, `repeats` (n,): rows whose
        partnership_id came before.
        """
        clean, reasons = validate_chunk(chunk, first, repeats)
        valid = np.delete(np.arange(len(clean)), list(reasons))
        prospects = ProspectBatch.from_frame(clean.iloc[valid] if reasons else clean)
        forecasts = None
        if self.asked is not None:
            forecasts = ForecastCollector(self.asked, names=self._names(chunk, clean, valid))
        scored = self.scorer.score(
            prospects,
            microseconds(self.as_of),
            extras=self.extras,
            columns=self.columns,
            keep=forecasts,
        )
        for row, row_reasons in scored.reasons.items():
            place = int(valid[row])
            unread = unread_reasons(chunk, place) if scored.lacks_profile(row) else []
            reasons[place] = [*unread, *row_reasons]
        if "warnings" in scored.columns:
            _add_warnings(scored.columns["warnings"], unread_warnings(chunk), valid)
        rows = slice(None) if scored.is_scored.all() else scored.is_scored
        columns = {name: scored.columns[name][rows] for name in self.columns}
        own = self._own_columns(chunk, valid[rows])
        return ScoredChunk(
            len(clean) + len(chunk.invalid_lines),
            answers_to_arrow(columns, self.schema, own),
            _rejected_rows(chunk, reasons),
            chunk.blank,
            [*chunk.notes, *_conversion_notes(clean, self.scorer)],
            _count_without_rate(scored, prospects),
            forecasts,
        )

    def _names(self, chunk: Chunk, clean: pd.DataFrame, rows: np.ndarray) -> dict[str, str]:
        """Return partnership_id -> name of the creator, of the rows that have one."""
        if self.name_column is None:
            return {}
        names = names_of_rows(chunk, self.name_column, rows.tolist())
        ids = clean["partnership_id"].iloc[rows]
        return {key: name for key, name in zip(ids, names, strict=True) if name}

    def _own_columns(self, chunk: Chunk, rows: np.ndarray) -> dict[str, pa.ChunkedArray]:
        """Return the list's own columns of some rows of a chunk by their names in the answers."""
        if not self.own:
            return {}
        columns = dict(zip(self.own, chunk.own(rows).columns, strict=True))
        return {
            name: as_text(column)
            if column.type == CELL and self.schema.field(name).type != CELL
            else column
            for name, column in columns.items()
        }


def validate_chunk(
    chunk: Chunk, first: int, repeats: np.ndarray
) -> tuple[pd.DataFrame, dict[int, list[str]]]:
    """Return the rows of a chunk in the types of PROSPECTS, each with an id, and IS_NUMBERED; and
    row -> reasons of those that break a rule.
    """
    reasons = {row: list(row_reasons) for row, row_reasons in chunk.reasons.items()}
    clean, faults = clean_table(chunk.rows, PROSPECTS, whole=False)
    ids = clean.get("partnership_id", pd.Series(None, index=clean.index, dtype="str"))
    clean[IS_NUMBERED] = ids.isna() | (ids == "")
    if ids.isna().any():
        clean["partnership_id"] = ids_or_row_numbers(ids, first)
    for fault in faults:
        reasons.setdefault(fault.row, []).append(fault.message)
    clean, wrong_packages = settle_packages(clean)
    for row, reason in wrong_packages.items():
        reasons.setdefault(row, []).append(reason)
    for row in np.flatnonzero(repeats).tolist():
        reasons.setdefault(row, []).append(
            f"partnership_id {clean['partnership_id'][row]!r} repeats an earlier row: each once"
        )
    return clean, reasons


def _count_without_rate(scored: AnswerTable, prospects: ProspectBatch) -> dict[str, int]:
    """Return the currencies of fees that have no rate, with the rows that were rejected for it."""
    codes = prospects.text("currency")
    return dict(
        Counter(
            str(codes[row])
            for row, breaches in scored.breaches.items()
            if any(breach.code == "currency_without_rate" for breach in breaches)
        )
    )


def _conversion_notes(rows: pd.DataFrame, scorer: Scorer) -> list[str]:
    """Return the rates at which fees in other currencies become fee_usd."""
    if "currency" not in rows:
        return []
    rates = scorer.rates.usd_per_unit
    return [
        f"{_CONVERTED}: fees in {code} at {rates[code]:g} USD"
        for code in sorted(set(rows["currency"].dropna()) - {USD})
        if code in rates
    ]


def unread_warnings(chunk: Chunk) -> dict[str, np.ndarray]:
    """Return the warnings that rows (n,) of a chunk get for what could not be read of them, or only
    in part.
    """
    return {f"{name}_not_used": rows for name, rows in chunk.unread.items()} | chunk.remarks


def unread_reasons(chunk: Chunk, row: int) -> list[str]:
    """Return what could not be read of a creator in a row that cannot be scored without it."""
    return [
        f"{source} {chunk.text([row])[0][place]!r} could not be read: {why}"
        for name, (place, source, why) in chunk.unclear.items()
        if name in _PROFILE_COLUMNS and name in chunk.unread and chunk.unread[name][row]
    ]


def _add_warnings(warnings: np.ndarray, marks: dict[str, np.ndarray], valid: np.ndarray) -> None:
    """Add warnings to those of the valid rows (m,). `marks`: warning -> rows (n,) of the chunk;
    `valid` (m,): which rows of the chunk were scored.
    """
    for name, rows in marks.items():
        for row in np.flatnonzero(rows[valid]).tolist():
            if warnings[row] is not None:
                warnings[row] = (*warnings[row], name)


def _rejected_rows(chunk: Chunk, reasons: dict[int, list[str]]) -> list[RejectedRow]:
    """Return the rows with reasons and the lines that are no rows, in the order of the source."""
    rows = sorted(reasons)
    texts = chunk.text(rows) if rows else []
    rejected = [
        RejectedRow(int(chunk.positions[row]), cells, reasons[row])
        for row, cells in zip(rows, texts, strict=True)
    ]
    rejected += [
        RejectedRow(line.position, line.cells, [line.reason]) for line in chunk.invalid_lines
    ]
    return sorted(rejected, key=lambda row: row.position)


def fit_to_width(rejected: RejectedRow, width: int) -> RejectedRow:
    """Return the row with `width` cells; what is beyond the last column is joined to it."""
    cells = rejected.cells
    if len(cells) > width:
        cells = [*cells[: width - 1], " | ".join(cells[width - 1 :])]
    return replace(rejected, cells=[*cells, *[""] * (width - len(cells))])
