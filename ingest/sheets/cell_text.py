"""Cells as text: for the original columns of a sheet, for labels, and for messages."""

from features.files.formula_escape import strip_apostrophe
from ingest.sheets.labels import is_missing
from ingest.sheets.workbook import UNCOMPUTED, Cell

LONGEST_SHOWN = 200


def cell_text(cell: Cell) -> str:
    """Return the whole text of a cell; "" for a formula whose value was not saved."""
    return "" if cell == UNCOMPUTED else strip_apostrophe(str(cell))


def shown_text(cell: Cell) -> str:
    """Return a cell as messages show it: without surrounding blanks, cut to 200 characters."""
    return "(formula)" if cell == UNCOMPUTED else str(cell).strip()[:LONGEST_SHOWN]


def shown_row(cells: list[Cell]) -> str:
    """Return a row as messages show it."""
    return " | ".join(str(cell) for cell in cells)[:LONGEST_SHOWN]


def label_texts(cells: list[Cell]) -> list[str | None]:
    """Return the sheet's own words (n,) of a column, None where a cell says nothing."""
    texts = ["" if cell == UNCOMPUTED else str(cell).strip() for cell in cells]
    return [None if is_missing(text) else text for text in texts]
