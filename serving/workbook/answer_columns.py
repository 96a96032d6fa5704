"""The list's own columns and all columns of answers, as columns of a worksheet."""

from typing import TYPE_CHECKING

import pyarrow as pa

from serving.scoring.answer_table import (
    EXTRA_COLUMNS,
    FEE_CURRENCY_COLUMNS,
    TEXT_COLUMNS,
    TIME_COLUMNS,
)
from serving.scoring.column_meanings import column_meaning
from serving.workbook.contents import GENERAL, MOMENT, WHOLE
from serving.workbook.list_cells import list_cells
from serving.workbook.sheet_rows import Cells
from serving.workbook.table_sheet import Block, SheetColumn

if TYPE_CHECKING:
    from serving.workbook.styles import Styles

_LONG_TEXTS = ("sentence", "reasons", "comparables", "warnings", "cost_note", "definition")
_LONG_WIDTH = 50
_SHARES = ("probability_", "cheaper_than_share", "confidence", "completion_rate")
#: Costs of one engagement or view, which are small.
_SMALL_AMOUNTS = ("cpe_", "cost_per_view_", "benchmark_cpe", "target_cpe_usd")
_COUNTS = ("engagements_", "views_", "benchmark_engagements", "goal_engagements")


def answer_format(name: str) -> str:
    """Return the format of Excel for the numbers of a column of answers.

    >>> [answer_format(name) for name in ("views_p90", "cpe_usd_p50", "fee", "confidence")]
    ['#,##0', '#,##0.0000', '#,##0.00', '0.0%']
    """
    if name in TIME_COLUMNS:
        return MOMENT
    if name.startswith(_SHARES):
        return "0.0%"
    if "engagement_rate" in name:
        return "0.00%"
    if name.startswith(_COUNTS) or name.endswith("_creators") or name == "cpe_index":
        return WHOLE
    if name == "usd_per_unit" or name.startswith(_SMALL_AMOUNTS):
        return "#,##0.0000"
    is_money = "_usd" in name or name == "fee" or name in FEE_CURRENCY_COLUMNS
    return "#,##0.00" if is_money else GENERAL


def own_column(
    field: pa.Field, styles: "Styles", is_text: bool, header: str | None = None
) -> SheetColumn:
    """Return one of the list's own columns. `is_text`: all its texts stay texts; `header`: its name
    where it is not that of the field.
    """

    def cells(block: Block) -> Cells:
        values = block.column(field.name)
        if is_text:
            return Cells(styles.text(), (values,))
        return list_cells(values, field, styles)

    return SheetColumn(header or field.name, cells, is_own=True)


def answer_column(name: str, styles: "Styles") -> SheetColumn:
    """Return a column of answers by its name."""
    is_text = name in TEXT_COLUMNS or name in ("warnings", *EXTRA_COLUMNS)
    style = styles.text() if is_text else styles.number(answer_format(name))
    return SheetColumn(
        name,
        lambda block: Cells(style, (block.column(name),)),
        _LONG_WIDTH if name in _LONG_TEXTS else None,
        meaning=column_meaning(name),
    )
