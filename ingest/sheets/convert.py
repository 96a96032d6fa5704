"""Records of a sheet converted into its canonical columns, by a plan that is already made."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from ingest.sheets.assemble_frame import HIDDEN_COUNT, ColumnValues, assemble_frame
from ingest.sheets.cell_readers import CLOSED_LIST_COLUMNS
from ingest.sheets.cell_results import UNCLEAR_REASONS
from ingest.sheets.cell_text import cell_text, label_texts, shown_text
from ingest.sheets.column_plan import ColumnPlan
from ingest.sheets.guess_lines import has_unclear_mark
from ingest.sheets.headers import Record
from ingest.sheets.rows import SheetRows, sort_into_rows
from ingest.sheets.sheet_plan import SheetPlan
from ingest.sheets.sheet_records import SheetSource
from ingest.sheets.sheet_types import Sheet, SheetFault
from ingest.sheets.workbook import Cell

#: Lines and labels that a note names.
MOST_LINES, MOST_LABELS = 10, 8


@dataclass
class _ConvertedColumns:
    """The columns of n rows.

    `values`: target column -> the source columns that give it. `labels`: the sheet's own words of
    columns with a closed list. `unread`: canonical column -> the rows (n,) with a value of it that
    was not read.
    """

    values: dict[str, list[ColumnValues]] = field(default_factory=dict)
    labels: dict[str, list[str | None]] = field(default_factory=dict)
    unread: dict[str, np.ndarray] = field(default_factory=dict)
    faults: list[SheetFault] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def convert_records(sheet_plan: SheetPlan, records: list[Record]) -> Sheet:
    """Convert records of the sheet's file into a Sheet."""
    source = sheet_plan.source
    rows = sort_into_rows(records, source, sheet_plan.sums)
    columns = _ConvertedColumns(unread=_mark_unclear_columns(sheet_plan, rows))
    for plan in sheet_plan.plans:
        _convert_column(plan, rows, columns)
    labels = pd.DataFrame(
        {name: pd.Series(words, dtype="str") for name, words in columns.labels.items()}
    )
    assembled = assemble_frame(columns.values, labels, sheet_plan, rows)
    fees = assembled.fees
    _mark_unread(columns.unread, "format", len(rows.cells), assembled.open_posts)
    faults = [*rows.faults, *columns.faults, *assembled.faults, *fees.faults]
    return Sheet(
        rows=assembled.rows,
        lines=np.array(rows.lines, dtype=np.int64),
        original=_original_texts(source, rows.cells),
        cells=rows.cells,
        guesses=list(sheet_plan.guesses),
        faults=sorted(faults, key=lambda fault: fault.line),
        notes=[
            *sheet_plan.notes,
            *columns.notes,
            *_row_notes(rows),
            *assembled.notes,
            *fees.notes,
        ],
        labels=labels,
        extra=assembled.extra,
        left_out=rows.left_out,
        blank_rows=rows.blank,
        table=sheet_plan.table,
        unread=columns.unread,
        remarks=fees.remarks,
    )


def _mark_unclear_columns(sheet_plan: SheetPlan, rows: SheetRows) -> dict[str, np.ndarray]:
    """Return the rows (n,) with a value in each column that stays unclear."""
    unread: dict[str, np.ndarray] = {}
    for index, name in sheet_plan.unread.items():
        texts = label_texts([row[index] for row in rows.cells])
        filled = (k for k, text in enumerate(texts) if text is not None)
        _mark_unread(unread, name, len(texts), filled)
    return unread


def _mark_unread(
    unread: dict[str, np.ndarray], column: str, row_count: int, positions: Iterable[int]
) -> None:
    """Add to `unread` the positions of rows whose value of a column was not read."""
    name = "fee_usd" if column == "fee" else column
    marks = np.zeros(row_count, dtype=bool)
    marks[list(positions)] = True
    if marks.any():
        unread[name] = unread[name] | marks if name in unread else marks


def _convert_column(plan: ColumnPlan, rows: SheetRows, columns: _ConvertedColumns) -> None:
    """Convert one source column and add it to `columns`, with its faults and notes."""
    cells = [row[plan.index] for row in rows.cells]
    values, faults = _read_cells(cells, plan)
    if plan.guess.ambiguous:
        unclear = [k for k, reason in faults if reason in UNCLEAR_REASONS]
        faults = [(k, reason) for k, reason in faults if reason not in UNCLEAR_REASONS]
        if unclear:
            _mark_unread(columns.unread, plan.column, len(cells), unclear)
            why = plan.guess.ambiguous
            if has_unclear_mark(plan.guess):
                why = "which mark is the decimal one is unclear (--decimal , or --decimal .)"
            columns.notes.append(
                f"{plan.guess.source!r}: {len(unclear):,} value(s) left missing: {why}"
            )
    columns.faults += [
        SheetFault(rows.lines[k], plan.guess.source, shown_text(cells[k]), reason)
        for k, reason in faults
    ]
    columns.values.setdefault(plan.column, []).append((plan, values))
    if plan.column in (*CLOSED_LIST_COLUMNS, "platform"):
        labels = label_texts(cells)
        unknown = [k for k, label in enumerate(labels) if label is not None and values[k] is None]
        columns.labels[plan.column] = labels
        _mark_unread(columns.unread, plan.column, len(cells), unknown)
        columns.notes += _unknown_label_notes(plan, [str(labels[k]) for k in unknown])


def _read_cells(cells: list[Cell], plan: ColumnPlan) -> tuple[list, list[tuple[int, str]]]:
    """Read the cells of a column, each distinct one once.

    Returns the values (n,), and the row and the reason of each cell that could not be read.
    """
    results: dict[object, tuple[object, str]] = {}
    values: list[object] = []
    faults: list[tuple[int, str]] = []
    for row, cell in enumerate(cells):
        # a number and a date of another type may be equal, and are read differently
        key = cell if isinstance(cell, str) else (type(cell).__name__, cell)
        if key not in results:
            results[key] = plan.read(cell)
        value, reason = results[key]
        values.append(value)
        if reason and not (plan.column == "likes" and shown_text(cell) == HIDDEN_COUNT):
            faults.append((row, reason))
    return values, faults


def _unknown_label_notes(plan: ColumnPlan, labels: list[str]) -> list[str]:
    """Return a note of the most frequent labels that stand for no value of a closed list."""
    if not labels or plan.column in ("platform", "language", "format"):
        return []
    frequent = ", ".join(
        f"{label!r}" + (f" ({times})" if times > 1 else "")
        for label, times in Counter(labels).most_common(MOST_LABELS)
    )
    note = (
        f"{plan.guess.source!r}: {len(labels):,} value(s) stand for no {plan.column} that is "
        f"known: {frequent}"
    )
    return [note]


def _row_notes(rows: SheetRows) -> list[str]:
    """Return notes of how many rows are short, too long, begin like a sum, or are blank."""
    notes = []
    if rows.short:
        notes.append(
            f"{rows.short:,} row(s) have fewer cells than the header: the last columns are "
            f"missing there"
        )
    if rows.surplus:
        notes.append(
            f"{rows.surplus:,} row(s) have cells beyond the last column: those are not read"
        )
    if lines := rows.summary_word_lines:
        first_lines = ", ".join(f"{line:,}" for line in lines[:MOST_LINES])
        more = ", ..." if len(lines) > MOST_LINES else ""
        notes.append(
            f"{len(lines):,} row(s) begin like a sum, but are none, and are read: "
            f"line {first_lines}{more}"
        )
    if rows.blank:
        notes.append(f"{rows.blank:,} blank row(s)")
    return notes


def _original_texts(source: SheetSource, rows: list[list[Cell]]) -> pd.DataFrame:
    """Return the rows as the file has them, as text under the names of its columns."""
    return pd.DataFrame(
        {
            name: pd.Series([cell_text(row[k]) for row in rows], dtype="str")
            for k, name in enumerate(source.names)
        }
    )
