"""Records sorted into rows of the header's width, blank ones, and those that cannot be rows."""

import re
from dataclasses import dataclass, field

from ingest.sheets.cell_text import cell_text, shown_row
from ingest.sheets.headers import Record
from ingest.sheets.labels import is_missing
from ingest.sheets.number_parser import parse_number_text
from ingest.sheets.sheet_records import SheetSource
from ingest.sheets.sheet_types import SheetFault
from ingest.sheets.workbook import UNCOMPUTED, Cell, NumberCell

_SUMMARIES = """
total | totals | totales | totais | totaux | totale | grand total | subtotal | sub total | sum
summe | suma | soma | somme | gesamt | gesamtsumme | insgesamt | jumlah | average | averages | avg
durchschnitt | promedio | moyenne | rata-rata | total general | total geral | total général
total keseluruhan | sous-total | zwischensumme | summen | sum total | totalsumme | overall | mean
median | mittelwert | média | media | mediana | mittel | ø | σ
"""
#: First words of rows that sum up others.
SUMMARIES = frozenset(word.strip() for word in re.split(r"[|\n]", _SUMMARIES)) - {""}
SUMMARY_REASON = "sums up other rows"
_SUMMARY = re.compile(
    rf"\W*(?:{'|'.join(map(re.escape, sorted(SUMMARIES, key=len, reverse=True)))})(?!\w)", re.I
)


@dataclass
class SheetRows:
    """Records sorted into rows.

    `lines` and `cells` (n,): the rows, each with the header's width. `faults`: broken quotes in
    rows. `left_out`: records that are no rows. `summary_word_lines`: lines of rows that begin like
    a sum. `short`, `surplus`: how many rows have fewer, or more filled, cells than the header.
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
    """Return whether a cell is a word for a sum or a mean, and nothing else."""
    return isinstance(cell, str) and cell.lower().strip(" :") in SUMMARIES


def _holds_only_sums(cells: list[Cell]) -> bool:
    """Return whether a row that begins with a word for a total goes on with figures alone."""
    _, *rest = [cell for cell in cells if cell != ""]
    words = [cell for cell in rest if isinstance(cell, str) and parse_number_text(cell) is None]
    numbers = [
        cell
        for cell in rest
        if isinstance(cell, NumberCell)
        or (isinstance(cell, str) and parse_number_text(cell) is not None)
    ]
    return bool(numbers) and all(
        is_missing(word) or word == UNCOMPUTED or starts_with_summary_word(word) for word in words
    )


def starts_with_summary_word(text: str) -> bool:
    """Return whether a text begins with a word for a sum or a mean."""
    return _SUMMARY.match(text) is not None


def sort_into_rows(
    records: list[Record], source: SheetSource, sums: dict[int, str] | None = None
) -> SheetRows:
    """Sort records into rows of the header's width, blank ones, and those that cannot be rows.

    `sums`: line of a row that sums up others -> which ones.
    """
    rows = SheetRows([], [], [], [])
    width = len(source.header)
    header = [name.strip() for name in source.header]
    for line, cells, problem in records:
        stripped = [cell.strip() if isinstance(cell, str) else cell for cell in cells]
        if not any(stripped):
            rows.blank += 1
            continue
        first = next((cell for cell in stripped if cell != ""), "")
        summary_word = is_summary_word(first)
        surplus = any(stripped[width:])
        if stripped[:width] == header and not surplus:
            rows.left_out.append(_left_out(line, cells, "repeats the header", shown=""))
        elif surplus and not source.workbook:
            reason = (
                f"has {len(cells)} cells for {width} columns: quote cells that hold the separator"
            )
            rows.left_out.append(_left_out(line, cells, reason))
        elif (sums and line in sums) or (summary_word and _holds_only_sums(stripped)):
            reason = (sums or {}).get(line, SUMMARY_REASON)
            rows.left_out.append(_left_out(line, cells, reason))
        else:
            if problem:
                rows.faults.append(SheetFault(line, "", shown_row(cells), problem))
            if summary_word:
                rows.summary_word_lines.append(line)
            rows.surplus += surplus
            rows.short += len(cells) < width and not source.workbook
            rows.lines.append(line)
            rows.cells.append([*stripped[:width], *[""] * (width - len(stripped))])
    return rows


def _left_out(line: int, cells: list[Cell], reason: str, shown: str | None = None) -> SheetFault:
    """Return the fault of a record that is no row."""
    value = shown_row(cells) if shown is None else shown
    return SheetFault(line, "", value, reason, tuple(map(cell_text, cells)))
