"""A worksheet of few rows, made of items of any kind: each column says what its cell is of an item.

Long lists of answers have serving.workbook.table_sheet.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from serving.workbook.cells import row_height, text_lines, write_cell
from serving.workbook.styles import Styles

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.worksheet import Worksheet

#: A value of a cell and its format of Excel; texts have the format "".
Cell = tuple[Any, str]


@dataclass(frozen=True)
class ItemColumn:
    """A column of a table: head, width in characters, and what it says of an item; `is_bar`: it is
    a bar made of characters.
    """

    head: str
    width: float
    cell: Callable[[Any], Cell]
    is_wrapped: bool = False
    is_bar: bool = False


def landscape_sheet(book: "Workbook", name: str) -> "Worksheet":
    """Return a new worksheet that prints on A4, as wide as a page."""
    sheet = book.add_worksheet(name)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.set_footer("&L&A&RPage &P of &N")
    return sheet


def text_column(head: str, width: float, name: str, is_wrapped: bool = False) -> ItemColumn:
    """Return a column of what an item has under a name."""
    return ItemColumn(head, width, lambda one: (one[name], ""), is_wrapped)


def write_items(
    sheet: "Worksheet",
    styles: Styles,
    columns: Sequence[ItemColumn],
    items: Sequence,
    first: int = 0,
) -> int:
    """Write a table from the row `first` on; return the row below it."""
    for place, column in enumerate(columns):
        sheet.set_column(place, place, column.width)
        write_cell(sheet, first, place, column.head, styles.header(own=False))
    sheet.set_row(first, row_height(2))
    sheet.freeze_panes(first + 1, 1)
    sheet.repeat_rows(first)
    for row, item in enumerate(items, start=first + 1):
        cells = [column.cell(item) for column in columns]
        lines = [
            text_lines(value, column.width)
            for column, (value, _) in zip(columns, cells, strict=True)
            if column.is_wrapped
        ]
        sheet.set_row(row, row_height(max([1, *lines])))
        for place, (value, number_format) in enumerate(cells):
            style = styles.number(number_format) if number_format else styles.text()
            if columns[place].is_wrapped:
                style = styles.wrapped()
            elif columns[place].is_bar:
                style = styles.bar()
            write_cell(sheet, row, place, value, style)
    if items:
        sheet.autofilter(first, 0, first + len(items), len(columns) - 1)
    return first + len(items) + 1


def write_labelled(sheet: "Worksheet", styles: Styles, lines: Mapping[str, str]) -> None:
    """Write a sheet of lines, each a label and a text."""
    sheet.set_column(0, 0, 18)
    sheet.set_column(1, 1, 110)
    for row, (label, text) in enumerate(lines.items()):
        write_cell(sheet, row, 0, label, styles.label())
        write_cell(sheet, row, 1, text, styles.wrapped())
        sheet.set_row(row, row_height(text_lines(text, 110)))
