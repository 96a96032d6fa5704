"""Spreadsheets as people keep them, CSV and XLSX, read into the canonical tables' columns."""

from ingest.sheets.mapping_file import read_mapping
from ingest.sheets.reader import iter_sheet, read_sheet
from ingest.sheets.sheet_types import (
    ColumnMapping,
    Guess,
    Sheet,
    SheetError,
    SheetFault,
    SheetOptions,
)

__all__ = [
    "ColumnMapping",
    "Guess",
    "Sheet",
    "SheetError",
    "SheetFault",
    "SheetOptions",
    "iter_sheet",
    "read_mapping",
    "read_sheet",
]
