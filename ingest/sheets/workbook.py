"""XLSX workbooks as records. Nothing in them is run: a formula has the value saved beside it, or
none; macros are not read.

But: the old .xls and encrypted workbooks are refused.
"""

import warnings
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from features.errors import short_text
from features.files.formula_escape import unescape_cell
from ingest.sheets.archive_limits import check_archive
from ingest.sheets.number_formats import SHOWN_AS_STORED, NumberDisplay, number_display
from ingest.sheets.sheet_types import SheetError

if TYPE_CHECKING:
    from openpyxl.cell.read_only import EmptyCell, ReadOnlyCell

#: Bounds of a worksheet; XLSX itself has this one of rows. Of more worksheets one must be named.
MOST_ROWS, MOST_COLUMNS, MOST_CELLS, MOST_WORKSHEETS = 1 << 20, 2_000, 12_000_000, 100


@dataclass(frozen=True)
class NumberCell:
    """A number that the workbook stores as one, and how it is shown. One that is shown with a % is
    a fraction.
    """

    value: int | float
    display: NumberDisplay = SHOWN_AS_STORED

    @property
    def unit(self) -> str | None:
        return "%" if self.display.percent else None

    @property
    def currency(self) -> str | None:
        return self.display.currency

    def __str__(self) -> str:
        whole = (
            isinstance(self.value, float) and self.value.is_integer() and abs(self.value) < 2**53
        )
        return str(int(self.value)) if whole else repr(self.value)


#: The text that stands for a formula whose value was never saved.
UNCOMPUTED = "\x00formula"
Cell = str | NumberCell | datetime


@contextmanager
def _opened(path: Path, values: bool = True) -> Iterator:
    """Open an XLSX workbook; `values` False gives formulas as written. Raises SheetError for what
    is none.
    """
    import openpyxl

    with open(path, "rb") as file:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                book = openpyxl.load_workbook(
                    file, read_only=True, data_only=values, keep_links=False
                )
        except (
            Exception
        ) as error:  # openpyxl lets through whatever its parsers raise on broken parts
            wrong = short_text(error).rstrip(".")
            raise SheetError(
                f"{str(path)!r} cannot be read as an XLSX workbook: {wrong}; save it anew"
            ) from error
        try:
            yield book
        finally:
            book.close()


def list_worksheets(path: Path) -> tuple[dict[str, str], int, dict[str, str]]:
    """Return the titles of the worksheets with their state (visible, hidden), the date system, 1900
    or 1904, and parts.

    The parts are the paths of the worksheets in the archive.
    """
    check_archive(path)
    with _opened(path) as book:
        states = {sheet.title: sheet.sheet_state for sheet in book.worksheets}
        parts = {sheet.title: sheet._worksheet_path for sheet in book.worksheets}
        return states, 1904 if book.epoch.year == 1904 else 1900, parts


def read_worksheet(path: Path, title: str) -> Iterator[tuple[int, list[Cell]]]:
    """Yield row number and cells of one worksheet, cells without a value as "". Raises
    SheetError.
    """
    with ExitStack() as stack:
        sheet = stack.enter_context(_opened(path))[title]
        sheet.reset_dimensions()
        formulas = None
        if _has_formulas(path, sheet._worksheet_path):
            formula_sheet = stack.enter_context(_opened(path, values=False))[title]
            formula_sheet.reset_dimensions()
            formulas = formula_sheet.iter_rows(values_only=True)
        cells = 0
        try:
            for number, row in enumerate(sheet.iter_rows(), 1):
                cells += len(row)
                _check_size(path, number, len(row), cells)
                row_formulas = next(formulas, ()) if formulas else ()
                values = [
                    _cell(cell, row_formulas[k] if k < len(row_formulas) else None)
                    for k, cell in enumerate(row)
                ]
                yield number, values
        except (SheetError, GeneratorExit):
            raise
        except Exception as error:  # see _opened
            wrong = short_text(error).rstrip(".")
            raise SheetError(
                f"worksheet {title!r} of {str(path)!r} is broken: {wrong}; save it anew"
            ) from error


def _check_size(path: Path, number: int, width: int, cells: int) -> None:
    """Raise SheetError where a worksheet is too large by its row `number`; `cells`: in all rows so
    far.
    """
    if width > MOST_COLUMNS:
        raise SheetError(
            f"{str(path)!r} has {width:,} columns in row {number:,}: expected {MOST_COLUMNS:,} at "
            f"most"
        )
    if number > MOST_ROWS or cells > MOST_CELLS:
        raise SheetError(
            f"{str(path)!r} has more than {number - 1:,} rows with {cells - width:,} cells: "
            f"expected {MOST_ROWS:,} "
            f"rows and {MOST_CELLS:,} cells at most; save the worksheet as CSV"
        )


def _has_formulas(path: Path, part: str) -> bool:
    with zipfile.ZipFile(path) as archive, archive.open(part) as file:
        tail = b""
        while block := file.read(1 << 20):
            if b"<f>" in tail + block or b"<f " in tail + block:
                return True
            tail = block[-3:]
    return False


def _cell(cell: "ReadOnlyCell | EmptyCell", formula: object) -> Cell:
    """Return the value of a cell; `formula`: what it holds instead, None without formulas."""
    value = cell.value
    if value is None:
        return UNCOMPUTED if isinstance(formula, str) and formula.startswith("=") else ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return _number(value, cell.number_format or "General")
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)
    return unescape_cell(str(value))


def _number(value: int | float, number_format: str) -> NumberCell:
    look = SHOWN_AS_STORED if number_format == "General" else number_display(number_format, value)
    # a % that is only text does not multiply: 2.9 is shown as 2.9%
    return NumberCell(
        float(Decimal(repr(value)) / 100) if look.percent == "literal" else value, look
    )
