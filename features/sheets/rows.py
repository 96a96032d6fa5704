"""Records sorted into rows of the header's width, blank ones, and those that cannot be rows."""

import re
from dataclasses import dataclass, field

from features.sheets.figures import figure
from features.sheets.headers import Record
from features.sheets.labels import is_missing
from features.sheets.result import Fault
from features.sheets.source import Source
from features.sheets.workbook import UNCOMPUTED, Cell, Typed
from features.spreadsheet_text import literal

_SUMMARIES = """
total | totals | totales | totais | totaux | totale | grand total | subtotal | sub total | sum | summe | suma | soma
somme | gesamt | gesamtsumme | insgesamt | jumlah | average | averages | avg | durchschnitt | promedio | moyenne
rata-rata | total general | total geral | total général | total keseluruhan | sous-total | zwischensumme | summen
sum total | totalsumme | overall | mean | median | mittelwert | média | media | mediana | mittel | ø | σ
"""
#: First words of rows that are no row of their own.
SUMMARIES = frozenset(word.strip() for word in re.split(r"[|\n]", _SUMMARIES)) - {""}
SUMS_UP = "sums up other rows"
_SUMMARY = re.compile(rf"\W*(?:{'|'.join(map(re.escape, sorted(SUMMARIES, key=len, reverse=True)))})(?!\w)", re.I)


@dataclass
class Rows:
    """Records that became rows, and what became of the others; `worded`: lines of rows that begin like a sum."""

    lines: list[int]
    cells: list[list[Cell]]
    faults: list[Fault]
    left_out: list[Fault]
    worded: list[int] = field(default_factory=list)
    blank: int = 0
    short: int = 0
    surplus: int = 0


def is_summary_word(cell: Cell) -> bool:
    """Say whether a cell is a word for a sum or a mean, and nothing else."""
    return isinstance(cell, str) and cell.lower().strip(" :") in SUMMARIES


def _holds_only_sums(texts: list[Cell]) -> bool:
    """Say whether a row that begins with a word for a total goes on with figures alone."""
    _, *rest = [text for text in texts if text != ""]
    numbers = [isinstance(text, Typed) or (isinstance(text, str) and figure(text) is not None) for text in rest]
    words = [text for text, number in zip(rest, numbers, strict=True) if isinstance(text, str) and not number]
    return any(numbers) and all(is_missing(text) or text == UNCOMPUTED or names_sum(text) for text in words)


def names_sum(text: str) -> bool:
    """Say whether a text begins with a word for a sum or a mean."""
    return _SUMMARY.match(text) is not None


def _text(cells: list[Cell]) -> tuple[str, ...]:
    return tuple("" if cell == UNCOMPUTED else literal(str(cell)) for cell in cells)


def rows_of(records: list[Record], source: Source, sums: dict[int, str] | None = None) -> Rows:
    """Sort records into rows of the header's width, blank ones, and those that cannot be rows.

    `sums`: lines of rows that sum up others, each with which ones.
    """
    rows, width = Rows([], [], [], []), len(source.header)
    header = [name.strip() for name in source.header]
    for line, cells, problem in records:
        texts = [cell.strip() if isinstance(cell, str) else cell for cell in cells]
        worded = is_summary_word(next((text for text in texts if text != ""), ""))
        if not any(texts):
            rows.blank += 1
        elif texts[:width] == header and not any(texts[width:]):
            rows.left_out.append(Fault(line, "", "", "repeats the header", _text(cells)))
        elif not source.workbook and any(texts[width:]):
            shown = " | ".join(str(cell) for cell in cells)[:200]
            reason = f"has {len(cells)} cells for {width} columns: quote cells that hold the separator"
            rows.left_out.append(Fault(line, "", shown, reason, _text(cells)))
        elif (sums and line in sums) or (worded and _holds_only_sums(texts)):
            shown = " | ".join(map(str, cells))[:200]
            rows.left_out.append(Fault(line, "", shown, (sums or {}).get(line, SUMS_UP), _text(cells)))
        else:
            if problem:
                rows.faults.append(Fault(line, "", " | ".join(map(str, cells))[:200], problem))
            if worded:
                rows.worded.append(line)
            rows.surplus += any(texts[width:])
            rows.short += len(cells) < width and not source.workbook
            rows.lines.append(line)
            rows.cells.append([*texts[:width], *[""] * (width - len(texts))])
    return rows
