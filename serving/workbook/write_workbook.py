"""A workbook of answers: what to do, all columns, what was rejected, and what it all rests on."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from serving.workbook.about_sheet import about_lines, write_about
from serving.workbook.answer_columns import answer_column, own_column
from serving.workbook.contents import RowCounts, WorkbookPlan
from serving.workbook.decision_columns import DecisionColumns
from serving.workbook.file_errors import disk_errors
from serving.workbook.list_cells import list_name
from serving.workbook.ranked_rows import RankedRows
from serving.workbook.rejected_sheet import write_rejected
from serving.workbook.row_files import RowFiles
from serving.workbook.styles import Styles
from serving.workbook.table_sheet import Block, SheetColumn, write_table

#: Names of the sheets.
RECOMMENDATION, ALL_COLUMNS, REJECTED, ABOUT = (
    "Recommendation",
    "All columns",
    "Rejected rows",
    "About",
)
#: Columns of the first sheet that stay in view: the rank and the list's first one.
_FROZEN_COLUMNS = 2


def write_workbook(
    path: Path,
    plan: WorkbookPlan,
    schema: pa.Schema,
    answers: Iterable[pa.Table],
    rejected: Path,
    counts: RowCounts,
    notes: Sequence[str] = (),
) -> str:
    """Write a workbook of answers with a `schema`; return the measure that ranks them.

    `rejected`: the CSV file of the rejected rows; `notes`: on values of the list. Rows are written
    one after the other, and memory does not grow with them but for one measure. Files for a time
    lie in the folder of `path`. Raises OSError.
    """
    from xlsxwriter import Workbook

    ranked = RankedRows(answers, plan.measures, path.parent)
    frame, rows = path.with_name("frame"), RowFiles(path.parent)
    options = {"constant_memory": True, "tmpdir": str(path.parent), "nan_inf_to_errors": False}
    with disk_errors(), Workbook(str(frame), options) as book:
        # the same run gives the same bytes, also when it is resumed
        book.set_properties({"title": RECOMMENDATION, "created": plan.as_of})
        styles = Styles(book)
        first = _first_columns(plan, schema, styles, DecisionColumns(styles, ranked.facts))
        sheet = book.add_worksheet(RECOMMENDATION)
        blocks = _ranked_blocks(ranked, plan.check)
        with rows.open(sheet) as file:
            write_table(sheet, file, first, blocks, styles, _FROZEN_COLUMNS, True)
        shown = [(RECOMMENDATION, first)]
        if not plan.chosen:
            every = _every_column(plan, schema, styles, ranked.facts.texts)
            sheet = book.add_worksheet(ALL_COLUMNS)
            blocks = _list_blocks(ranked, plan.check)
            with rows.open(sheet) as file:
                write_table(sheet, file, every, blocks, styles, 1, False)
            shown.append((ALL_COLUMNS, every))
        if counts.rejected:
            sheet = book.add_worksheet(REJECTED)
            with rows.open(sheet) as file:
                write_rejected(sheet, file, rejected, plan.rejected, styles, plan.check)
        lines = about_lines(plan.facts, counts, ranked.measure, ranked.facts, notes, shown)
        write_about(book.add_worksheet(ABOUT), lines, styles)
    ranked.path.unlink(missing_ok=True)
    rows.insert(frame, path, plan.check)
    return ranked.measure


def _first_columns(
    plan: WorkbookPlan, schema: pa.Schema, styles: Styles, decisions: DecisionColumns
) -> list[SheetColumn]:
    """Return the columns of the first sheet: the list's own and the decision, or those that the
    user named.
    """
    if plan.chosen:
        return [decisions.rank(), *_every_column(plan, schema, styles, decisions.facts.texts)]
    texts = decisions.facts.texts
    own = [
        own_column(schema.field(name), styles, name in texts, list_name(schema.field(name)))
        for name in plan.own
    ]
    return [decisions.rank(), *own, *decisions.all()]


def _every_column(
    plan: WorkbookPlan, schema: pa.Schema, styles: Styles, texts: Collection[str]
) -> list[SheetColumn]:
    return [
        own_column(schema.field(name), styles, name in texts)
        if name in plan.own
        else answer_column(name, styles)
        for name in plan.columns
    ]


def _ranked_blocks(ranked: RankedRows, check: Callable[[], None]) -> Iterator[Block]:
    for ranks, rows in ranked.blocks():
        check()
        yield Block(ranks, rows)


def _list_blocks(ranked: RankedRows, check: Callable[[], None]) -> Iterator[Block]:
    for rows in ranked.in_list_order():
        check()
        yield Block(np.full(len(rows), np.nan), rows)
