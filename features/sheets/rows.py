"""Records sorted into rows of the header's width, blank ones, and those that cannot be rows."""

import re
from dataclasses import dataclass

from features.sheets.figures import figure
from features.sheets.result import Fault
from features.sheets.source import Record, Source
from features.sheets.workbook import UNCOMPUTED, Cell, Typed
from features.spreadsheet_text import literal

_SUMMARIES = """
total | totals | totales | totais | totaux | totale | grand total | subtotal | sub total | sum | summe | suma | soma
somme | gesamt | gesamtsumme | insgesamt | jumlah | average | averages | avg | durchschnitt | promedio | moyenne
rata-rata
"""
#: First words of rows that are no row of their own.
SUMMARIES = frozenset(word.strip() for word in re.split(r"[|\n]", _SUMMARIES)) - {""}


@dataclass
class Rows:
    """Records that became rows, and what became of the others."""

    lines: list[int]
    cells: list[list[Cell]]
    faults: list[Fault]
    left_out: list[Fault]
    blank: int = 0
    short: int = 0
    surplus: int = 0


def _is_summary(texts: list[Cell]) -> bool:
    """Say whether a row begins with a word for a total and goes on with figures."""
    first = next((text for text in texts if text != ""), "")
    if not isinstance(first, str) or len(first) > 20 or first.lower().rstrip(" :") not in SUMMARIES:
        return False
    return any(isinstance(text, Typed) or (isinstance(text, str) and figure(text) is not None) for text in texts)


def _text(cells: list[Cell]) -> tuple[str, ...]:
    return tuple("" if cell == UNCOMPUTED else literal(str(cell)) for cell in cells)


def rows_of(records: list[Record], source: Source) -> Rows:
    """Sort records into rows of the header's width, blank ones, and those that cannot be rows."""
    rows, width = Rows([], [], [], []), len(source.header)
    header = [name.strip() for name in source.header]
    for line, cells, problem in records:
        texts = [cell.strip() if isinstance(cell, str) else cell for cell in cells]
        if not any(texts):
            rows.blank += 1
        elif texts[:width] == header and not any(texts[width:]):
            rows.left_out.append(Fault(line, "", "", "repeats the header", _text(cells)))
        elif not source.workbook and any(texts[width:]):
            shown = " | ".join(str(cell) for cell in cells)[:200]
            reason = f"has {len(cells)} cells for {width} columns: quote cells that hold the separator"
            rows.left_out.append(Fault(line, "", shown, reason, _text(cells)))
        elif _is_summary(texts):
            shown = " | ".join(map(str, cells))[:200]
            rows.left_out.append(Fault(line, "", shown, "sums up other rows", _text(cells)))
        else:
            if problem:
                rows.faults.append(Fault(line, "", " | ".join(map(str, cells))[:200], problem))
            rows.surplus += any(texts[width:])
            rows.short += len(cells) < width and not source.workbook
            rows.lines.append(line)
            rows.cells.append([*texts[:width], *[""] * (width - len(texts))])
    return rows
