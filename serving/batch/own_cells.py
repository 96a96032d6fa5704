"""The list's own columns, as they stand in the list, for the answers.

Cells of a text are texts. A workbook says what is a number or a date, so its cells keep that beside
their text, for a workbook of answers.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from features.files.formula_escape import strip_apostrophe
from ingest.sheets.cell_text import cell_text
from ingest.sheets.column_plans import ColumnPlan
from ingest.sheets.sheet_plan import SheetPlan
from ingest.sheets.workbook import Cell, NumberCell
from serving.batch.csv_columns import reads_as_written
from serving.workbook.list_cells import CELL, DECIMAL, GROUPS, NAME, NO_NUMBERS, POINT, UNKNOWN

_NUMBERS = ("count", "real")


def own_fields(names: Sequence[str], plan: SheetPlan) -> list[pa.Field]:
    """Return the fields of a sheet's columns, which are called `names`."""
    plans = {column.index: column for column in plan.plans}
    raw_names = [strip_apostrophe(name).strip() for name in plan.source.raw_header]
    dtype = CELL if plan.source.workbook else pa.string()
    return [
        pa.field(
            name,
            dtype,
            metadata={NAME: raw_name, POINT: _meaning_of_point(plans.get(index))},
        )
        for index, (name, raw_name) in enumerate(zip(names, raw_names, strict=True))
    ]


def _meaning_of_point(plan: ColumnPlan | None) -> bytes:
    if plan is None:
        return UNKNOWN
    if plan.kind not in _NUMBERS:
        return NO_NUMBERS
    # where the reader did not decide on the mark of a column, it reads "1234.567" but not "1.234"
    if reads_as_written(plan, "1234.567") and reads_as_written(plan, "1.234"):
        return DECIMAL
    # a count has no fraction but, as programs write it, .0
    is_decimal = reads_as_written(plan, "12.5") or reads_as_written(plan, "20000.0")
    return UNKNOWN if is_decimal else GROUPS


def text_column(texts: pd.Series, rows: np.ndarray) -> pa.Array:
    """Return the cells of some rows as text, null where they are empty."""
    values = [text or None for text in texts.iloc[rows].tolist()]
    return pa.array(values, pa.string())


def cell_column(cells: Sequence[Cell]) -> pa.Array:
    """Return the cells of a workbook (n,) as CELL, null where they are empty."""
    return pa.array([_cell(cell) for cell in cells], CELL)


def _cell(cell: Cell) -> dict | None:
    text = cell_text(cell)
    if not text:
        return None
    if isinstance(cell, NumberCell):
        shown_as = "%" if cell.display.percent else cell.currency
        return {"text": text, "number": float(cell.value), "shown_as": shown_as}
    if isinstance(cell, datetime):
        moment = cell.astimezone(UTC).replace(tzinfo=None) if cell.tzinfo else cell
        return {"text": text, "time": moment}
    return {"text": text}


def as_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return the texts of a column of CELL."""
    return pc.struct_field(column, "text")
