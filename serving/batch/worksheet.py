"""Answers as the one worksheet of an XLSX file."""

from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from serving.batch.errors import BatchError

#: Rows of a worksheet, the header among them, and characters of a cell: limits of Excel.
MAX_SHEET_ROWS, MAX_CELL_CHARACTERS = 1 << 20, 32_767


def write_worksheet(names: list[str], answers: Iterable[pa.Table], path: Path) -> None:
    """Write tables with the columns `names`, one after the other, under one header.

    `answers` is iterated over twice. Raises BatchError where they have more rows than a worksheet.
    """
    rows = sum(len(table) for table in answers)
    if rows >= MAX_SHEET_ROWS:
        raise BatchError(
            f"{rows:,} answers are more than a worksheet holds ({MAX_SHEET_ROWS - 1:,}): write "
            f".csv or .parquet"
        )
    book = Workbook(write_only=True)
    sheet = book.create_sheet("answers")

    def cell(value: object) -> object:
        if not isinstance(value, str):
            return value
        text = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("", value)[:MAX_CELL_CHARACTERS])
        text.data_type = "s"  # a text that begins with = is no formula
        return text

    sheet.append(names)
    for table in answers:
        columns = [_cell_values(column) for column in table.columns]
        for row in zip(*columns, strict=True):
            sheet.append([cell(value) for value in row])
    book.save(path)


def _cell_values(column: pa.ChunkedArray) -> list:
    """Return the values of a column, times as text in ISO form."""
    if pa.types.is_timestamp(column.type):
        seconds = column.cast(pa.timestamp("s", "UTC"), safe=False)
        column = pc.strftime(seconds, "%Y-%m-%dT%H:%M:%SZ")
    return column.to_pylist()
