"""A worksheet that is a table: names of columns, rows, and what makes it readable and printable."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from serving.workbook.cells import text_lines, write_cell
from serving.workbook.sheet_rows import Cells, rows_xml

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet

    from serving.workbook.styles import Styles

#: Widths, in characters, of columns that take theirs from what they hold.
LEAST_WIDTH, MOST_WIDTH = 9, 34
#: Rows that decide a width.
_MEASURED_ROWS = 2_000
#: Width that the name of a column asks for, at most: longer ones go on in the next line.
_HEADER_WIDTH = 18
#: Height of the row of names, in points, and characters that a printed page holds side by side.
_HEADER_HEIGHT, _PAGE_WIDTH = 48, 330
_A4 = 9


class Block(NamedTuple):
    """Rows of answers, m of them. `ranks` (m,): from 1, NaN where a row has none."""

    ranks: np.ndarray
    rows: pa.Table

    def column(self, name: str) -> pa.Array:
        """Return a column (m,), null where unknown, or where there is no such one."""
        if name not in self.rows.column_names:
            return pa.nulls(len(self.rows))
        return self.rows[name].combine_chunks()

    def values(self, name: str) -> list:
        """Return the values of a column (m,), None where they are null."""
        return self.column(name).to_pylist()

    def numbers(self, name: str) -> np.ndarray:
        """Return the numbers of a column (m,), NaN where they are null."""
        return self.column(name).cast(pa.float64()).to_numpy(zero_copy_only=False)

    def map_texts(self, name: str, words: Callable[[str], str]) -> pa.Array:
        """Return the words for the texts of a column (m,), null where they are null."""
        encoded = self.column(name).dictionary_encode()
        texts = [words(text) for text in encoded.dictionary.to_pylist()]
        return pa.array(texts, pa.string()).take(encoded.indices)


@dataclass(frozen=True)
class SheetColumn:
    """A column of a worksheet. `cells`: makes its cells of a block; `width`: in characters, None
    takes it from what the column holds; `is_own`: it is the list's; `meaning`: for the sheet that
    explains; `wraps`: its texts take several lines, for which it needs a `width`; `note`: a comment
    on its name.
    """

    header: str
    cells: Callable[[Block], Cells]
    width: float | None = None
    is_own: bool = False
    meaning: str = ""
    wraps: bool = False
    note: str = ""


def write_table(
    sheet: "Worksheet",
    rows_file: BinaryIO,
    columns: Sequence[SheetColumn],
    blocks: Iterable[Block],
    styles: "Styles",
    frozen_columns: int,
    draws_empty: bool,
) -> None:
    """Write a sheet that has the names of the columns, and the XML of its rows to `rows_file`.
    `draws_empty`: empty cells have lines as well, which takes time.
    """
    write_header(sheet, [(column.header, column.is_own) for column in columns], styles)
    for place, column in enumerate(columns):
        if column.note:
            sheet.write_comment(0, place, column.note, {"x_scale": 2.5, "y_scale": 1.5})
    widths = [min(len(column.header) + 3, _HEADER_WIDTH) for column in columns]
    rows = 0
    for block in blocks:
        cells = [column.cells(block) for column in columns]
        if rows < _MEASURED_ROWS:
            widths = [max(pair) for pair in zip(widths, map(_longest, cells), strict=True)]
        lines = _lines_of_rows(columns, cells, len(block.rows))
        rows_file.write(rows_xml(cells, rows + 1, lines, draws_empty))
        rows += len(block.rows)
    shown = [column.width or _clamped(width) for column, width in zip(columns, widths, strict=True)]
    finish_table(sheet, rows, shown, frozen_columns)


def _lines_of_rows(columns: Sequence[SheetColumn], cells: Sequence[Cells], rows: int) -> np.ndarray:
    """Return how many lines each row (m,) needs."""
    lines = np.ones(rows, dtype=int)
    for column, its_cells in zip(columns, cells, strict=True):
        if column.wraps and column.width:
            [texts] = its_cells.values
            needed = [text_lines(text, column.width) for text in texts.to_pylist()]
            lines = np.maximum(lines, needed)
    return lines


def write_header(sheet: "Worksheet", names: Sequence[tuple[str, bool]], styles: "Styles") -> None:
    """Write the names of columns, each with whether it is the list's own."""
    sheet.set_row(0, _HEADER_HEIGHT)
    for place, (name, is_own) in enumerate(names):
        write_cell(sheet, 0, place, name, styles.header(is_own))


def finish_table(
    sheet: "Worksheet", rows: int, widths: Sequence[float], frozen_columns: int
) -> None:
    """Set the size of the table, what stays in view, the filter, and how it is printed."""
    for place, width in enumerate(widths):
        sheet.set_column(place, place, width)
    # rows that stand in a file of their own do not count by themselves
    sheet.dim_rowmax = rows
    sheet.freeze_panes(1, frozen_columns)
    sheet.autofilter(0, 0, rows, len(widths) - 1)
    sheet.set_landscape()
    sheet.set_paper(_A4)
    sheet.print_across()
    sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
    sheet.fit_to_pages(max(1, math.ceil(sum(widths) / _PAGE_WIDTH)), 0)
    sheet.repeat_rows(0)
    if sum(widths) > _PAGE_WIDTH and frozen_columns:
        sheet.repeat_columns(0, frozen_columns - 1)
    sheet.set_footer("&L&A&RPage &P of &N")


def _clamped(width: float) -> float:
    return min(max(width, LEAST_WIDTH), MOST_WIDTH)


def _longest(cells: Cells) -> int:
    """Return about how many characters the longest cell of a column takes."""
    return max(_length(value) for values in cells.values for value in _extremes(values))


def _extremes(values: pa.Array) -> list:
    """Return values among which the longest is: of numbers the least and the largest."""
    if pa.types.is_floating(values.type) or pa.types.is_integer(values.type):
        return list(pc.min_max(values).as_py().values())
    return values.unique().to_pylist()


def _length(value: Any) -> int:
    """Return about how many characters a value takes."""
    if value is None:
        return 0
    if isinstance(value, float):
        return len(f"{value:,.2f}") if value < 1e15 else 18
    if isinstance(value, str):
        return max(map(len, value.splitlines()), default=0) + 2
    return len(str(value)) + 1
