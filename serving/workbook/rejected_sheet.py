"""The sheet of rejected rows: the list's own cells, those at fault marked, and every reason."""

import csv
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from features.files.formula_escape import unescape_formula
from serving.workbook.cells import row_height, text_lines, write_cell
from serving.workbook.contents import MAX_SHEET_ROWS, RejectedList
from serving.workbook.list_cells import text_cell
from serving.workbook.table_sheet import LEAST_WIDTH, MOST_WIDTH, finish_table, write_header

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet

    from serving.workbook.styles import Styles

_REASONS_WIDTH = 80
#: A cell of a list may be as long as this.
_LONGEST_CELL = 1 << 24


def write_rejected(
    sheet: "Worksheet",
    path: Path,
    rejected: RejectedList,
    styles: "Styles",
    check: Callable[[], None] = lambda: None,
) -> None:
    """Write the rows of a CSV file as `creatorcast score` writes it; those beyond the last row of a
    worksheet are counted in that row.
    """
    header = [*rejected.header, rejected.position_name, "Reasons"]
    write_header(
        sheet, [(name, place < len(rejected.header)) for place, name in enumerate(header)], styles
    )
    widths = [max(len(name), LEAST_WIDTH) for name in header]
    row = left_out = 0
    for cells in _read_rows(path):
        check()
        if row == MAX_SHEET_ROWS - 2:
            left_out += 1
            continue
        row += 1
        _write_row(sheet, row, cells, rejected, styles)
        widths = [max(width, len(cell)) for width, cell in zip(widths, cells, strict=True)]
    if left_out:
        text = f"{left_out:,} more rows were rejected: they stand in the CSV file of rejected rows"
        write_cell(sheet, row + 1, 0, text, styles.text())
    shown = [min(width + 2, MOST_WIDTH) for width in widths[:-1]] + [_REASONS_WIDTH]
    for place, width in enumerate(shown):
        sheet.set_column(place, place, width)
    finish_table(sheet, row, shown, 1)


def _write_row(
    sheet: "Worksheet", row: int, cells: list[str], rejected: RejectedList, styles: "Styles"
) -> None:
    *own, position, reasons = cells
    sheet.set_row(row, row_height(text_lines(reasons, _REASONS_WIDTH)))
    faulty = faulty_places(reasons, rejected.faulty_names)
    for place, text in enumerate(own):
        value, number_format = text_cell(text, rejected.fields.get(rejected.header[place]))
        usual = styles.text() if isinstance(value, str) else styles.number(number_format)
        style = styles.faulty() if place in faulty else usual
        # a cell at fault is shown as it was written
        write_cell(sheet, row, place, (text or "(empty)") if place in faulty else value, style)
    write_cell(sheet, row, len(own), int(position), styles.number("0"))
    write_cell(sheet, row, len(own) + 1, reasons, styles.wrapped())


def _read_rows(path: Path) -> Iterator[list[str]]:
    """Yield the rows of the file without its header, as they were before they were guarded."""
    csv.field_size_limit(_LONGEST_CELL)
    with open(path, encoding="utf-8", errors="surrogatepass", newline="") as file:
        rows = csv.reader(file)
        next(rows, None)
        for row in rows:
            yield [unescape_formula(cell) for cell in row]


def faulty_places(reasons: str, names: Mapping[str, int]) -> set[int]:
    """Return the places of the columns that reasons begin with; `names`: what reasons call columns.

    >>> sorted(faulty_places("Follower 'x' is no number; start_at lies before", {"Follower": 2,
    ...     "start_at": 5, "Fee": 6}))
    [2, 5]
    """
    return {
        place
        for name, place in names.items()
        if re.search(rf"(?:^|; ){re.escape(name)}[ :]", reasons)
    }
