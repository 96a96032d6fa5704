"""XLSX workbooks as records. Nothing in them is run: formulas give the value saved beside them, or none; no macros.

But: the old .xls and encrypted workbooks are refused.
"""

import re
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from features.sheets.figures import CODES, SIGNS
from features.sheets.result import SheetError

#: Bounds of what a workbook may unpack to: in all, and by which factor once it is large.
LARGEST, LARGEST_GROWTH, UNPACKED_FREE = 1 << 30, 300, 1 << 26
MOST_COLUMNS = 2_000
_CURRENCY = re.compile(r'\[\$([^\-\]]+)(?:-[^\]]*)?\]|"([^"]+)"|\\?([$€£¥₹])')


@dataclass(frozen=True)
class Typed:
    """A number that the workbook stores as one. `unit`: "%" where it is shown as percent (and is a fraction)."""

    value: int | float
    unit: str | None = None
    currency: str | None = None

    def __str__(self) -> str:
        whole = isinstance(self.value, float) and self.value.is_integer() and abs(self.value) < 2**53
        return str(int(self.value)) if whole else repr(self.value)


#: The text that stands for a formula whose value was never saved.
UNCOMPUTED = "\x00formula"
Cell = str | Typed | datetime


@contextmanager
def _opened(path: Path, values: bool = True) -> Iterator:
    """Open an XLSX workbook; `values` False gives formulas as written. Raises SheetError for what is none."""
    import openpyxl

    _check_archive(path)
    with open(path, "rb") as file:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                book = openpyxl.load_workbook(file, read_only=True, data_only=values, keep_links=False)
        except Exception as error:  # openpyxl lets through whatever its parsers raise on broken parts
            wrong = _short(error)
            raise SheetError(f"{str(path)!r} cannot be read as an XLSX workbook: {wrong}; save it anew") from error
        try:
            yield book
        finally:
            book.close()


def worksheets_of(path: Path) -> tuple[dict[str, str], int]:
    """Give the titles of the worksheets with their state (visible, hidden), and the date system, 1900 or 1904."""
    with _opened(path) as book:
        return {sheet.title: sheet.sheet_state for sheet in book.worksheets}, 1904 if book.epoch.year == 1904 else 1900


def _short(error: Exception) -> str:
    return (str(error).splitlines() or [""])[0][:200] or type(error).__name__


def _check_archive(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
            names = {part.filename for part in parts}
    except (zipfile.BadZipFile, OSError) as error:
        raise SheetError(f"{str(path)!r} is no whole XLSX workbook: {error}; get or save the file anew") from error
    if "xl/workbook.xml" not in names:
        kind = "an OpenDocument sheet" if "content.xml" in names else "another ZIP archive"
        raise SheetError(f"{str(path)!r} is {kind}, no XLSX workbook: save it as XLSX or CSV")
    if any(part.flag_bits & 1 for part in parts):
        raise SheetError(f"{str(path)!r} is encrypted: save it without a password")
    size, packed = sum(part.file_size for part in parts), sum(part.compress_size for part in parts)
    if size > LARGEST or (size > UNPACKED_FREE and size > packed * LARGEST_GROWTH):
        raise SheetError(
            f"{str(path)!r} would unpack to {size:,} bytes from {packed:,}: expected a workbook of at most "
            f"{LARGEST:,} bytes that is no archive bomb; save the worksheet as CSV"
        )


def cells_of(path: Path, title: str) -> Iterator[tuple[int, list[Cell]]]:
    """Give row number and cells of one worksheet, cells without a value as "". Raises SheetError."""
    with ExitStack() as stack:
        sheet = stack.enter_context(_opened(path))[title]
        sheet.reset_dimensions()
        formulas = None
        if _has_formulas(path, sheet._worksheet_path):
            written = stack.enter_context(_opened(path, values=False))[title]
            written.reset_dimensions()
            formulas = written.iter_rows(values_only=True)
        try:
            for number, row in enumerate(sheet.iter_rows(), 1):
                if len(row) > MOST_COLUMNS:
                    found = f"{len(row):,} columns in row {number:,}"
                    raise SheetError(f"{str(path)!r} has {found}: expected {MOST_COLUMNS:,} at most")
                written = next(formulas, ()) if formulas else ()
                yield number, [_cell(cell, written[k] if k < len(written) else None) for k, cell in enumerate(row)]
        except (SheetError, GeneratorExit):
            raise
        except Exception as error:  # see _opened
            raise SheetError(
                f"worksheet {title!r} of {str(path)!r} is broken: {_short(error)}; save it anew"
            ) from error


def _has_formulas(path: Path, part: str) -> bool:
    with zipfile.ZipFile(path) as archive, archive.open(part) as file:
        tail = b""
        while block := file.read(1 << 20):
            if b"<f>" in tail + block or b"<f " in tail + block:
                return True
            tail = block[-3:]
    return False


def _cell(cell, written: object) -> Cell:
    value = cell.value
    if value is None:
        return UNCOMPUTED if isinstance(written, str) and written.startswith("=") else ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        shown = cell.number_format or "General"
        return Typed(value) if shown == "General" else Typed(value, "%" if "%" in shown else None, currency_of(shown))
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)
    return str(value)


def currency_of(number_format: str) -> str | None:
    """Give the currency that an Excel number format shows.

    >>> currency_of('"$"#,##0.00'), currency_of("[$€-407]#,##0"), currency_of("0.00")
    ('USD', 'EUR', None)
    """
    for found in _CURRENCY.finditer(number_format):
        sign = next(filter(None, found.groups())).strip()
        if code := SIGNS.get(sign) or (sign if sign in CODES else None):
            return code
    return None
