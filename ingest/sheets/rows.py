"""Records sorted into rows of the header's width, blank ones, and those that cannot be rows."""

import re
from dataclasses import dataclass, field

from features.files.formula_escape import strip_apostrophe
from ingest.sheets.headers import Record
from ingest.sheets.labels import is_missing
from ingest.sheets.number_parser import parse_number_text
from ingest.sheets.sheet_source import SheetSource
from ingest.sheets.sheet_types import SheetFault
from ingest.sheets.workbook import UNCOMPUTED, Cell, NumberCell

_SUMMARIES = """
total | totals | totales | totais | totaux | totale | grand total | subtotal | sub total | sum | summe | suma | soma
somme | gesamt | gesamtsumme | insgesamt | jumlah | average | averages | avg | durchschnitt | promedio | moyenne
rata-rata | total general | total geral | total général | total keseluruhan | sous-total | zwischensumme | summen
sum total | totalsumme | overall | mean | median | mittelwert | média | media | mediana | mittel | ø | σ
"""
#: First words of rows that are no row of their own.
SUMMARIES = frozenset(word.strip() for word in re.split(r"[|\n]", _SUMMARIES)) - {""}
SUMMARY_REASON = "sums up other rows"
_SUMMARY = re.compile(
    rf"\W*(?:{'|'.join(map(re.escape, sorted(SUMMARIES, key=len, reverse=True)))})(?!\w)", re.I
)


@dataclass
class SheetRows:
    """Records that became rows, and what became of the others; `summary_word_lines`: lines of rows
    that begin like a sum.
    """

    lines: list[int]
    cells: list[list[Cell]]
    faults: list[SheetFault]
    left_out: list[SheetFault]
    summary_word_lines: list[int] = field(default_factory=list)
    blank: int = 0
    short: int = 0
    surplus: int = 0


def is_summary_word(cell: Cell) -> bool:
    """Say whether a cell is a word for a sum or a mean, and nothing else."""
    return isinstance(cell, str) and cell.lower().strip(" :") in SUMMARIES


def _holds_only_sums(texts: list[Cell]) -> bool:
    """Say whether a row that begins with a word for a total goes on with figures alone."""
    _, *rest = [text for text in texts if text != ""]
    numbers = [
        isinstance(text, NumberCell)
        or (isinstance(text, str) and parse_number_text(text) is not None)
        for text in rest
    ]
    words = [
        text
        for text, number in zip(rest, numbers, strict=True)
        if isinstance(text, str) and not number
    ]
    return any(numbers) and all(
        is_missing(text) or text == UNCOMPUTED or starts_with_summary_word(text) for text in words
    )


def starts_with_summary_word(text: str) -> bool:
    """Say whether a text begins with a word for a sum or a mean."""
    return _SUMMARY.match(text) is not None


def _text(cells: list[Cell]) -> tuple[str, ...]:
    return tuple("" if cell == UNCOMPUTED else strip_apostrophe(str(cell)) for cell in cells)


def sort_into_rows(
    records: list[Record], source: SheetSource, sums: dict[int, str] | None = None
) -> SheetRows:
    """Sort records into rows of the header's width, blank ones, and those that cannot be rows.

    `sums`: lines of rows that sum up others, each with which ones.
    """
    rows, width = SheetRows([], [], [], []), len(source.header)
    header = [name.strip() for name in source.header]
    for line, cells, problem in records:
        texts = [cell.strip() if isinstance(cell, str) else cell for cell in cells]
        worded = is_summary_word(next((text for text in texts if text != ""), ""))
        if not any(texts):
            rows.blank += 1
        elif texts[:width] == header and not any(texts[width:]):
            rows.left_out.append(SheetFault(line, "", "", "repeats the header", _text(cells)))
        elif not source.workbook and any(texts[width:]):
            shown = " | ".join(str(cell) for cell in cells)[:200]
            reason = (
                f"has {len(cells)} cells for {width} columns: quote cells that hold the separator"
            )
            rows.left_out.append(SheetFault(line, "", shown, reason, _text(cells)))
        elif (sums and line in sums) or (worded and _holds_only_sums(texts)):
            shown = " | ".join(map(str, cells))[:200]
            rows.left_out.append(
                SheetFault(line, "", shown, (sums or {}).get(line, SUMMARY_REASON), _text(cells))
            )
        else:
            if problem:
                rows.faults.append(SheetFault(line, "", " | ".join(map(str, cells))[:200], problem))
            if worded:
                rows.summary_word_lines.append(line)
            rows.surplus += any(texts[width:])
            rows.short += len(cells) < width and not source.workbook
            rows.lines.append(line)
            rows.cells.append([*texts[:width], *[""] * (width - len(texts))])
    return rows
