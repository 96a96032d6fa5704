"""Spreadsheets as people keep them, CSV and XLSX, read into the canonical tables' columns."""

from features.sheets.maps import read_map
from features.sheets.result import Fault, Guess, Mapped, Sheet, SheetError, SheetOptions
from features.sheets.sheet import iter_sheet, read_sheet

__all__ = [
    "Fault",
    "Guess",
    "Mapped",
    "Sheet",
    "SheetError",
    "SheetOptions",
    "iter_sheet",
    "read_map",
    "read_sheet",
]
