"""The rows of a list that a report could not use, each with its name, its line and why."""

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from features.number_text import pluralize
from serving.report.content import Section
from serving.report.words import shown_name

#: Rows that a report names.
MAX_NAMED = 10
#: Headers of columns that tell who a row is about, folded.
_NAME_HEADERS = (
    *("name", "creator", "influencer", "creator name", "full name", "handle", "username"),
    *("profil", "creator_id", "partnership_id"),
)
#: Reasons that readers who do not see fees do not read.
_ABOUT_MONEY = re.compile(r"\d|fee|cost|budget|price|currency|money", re.IGNORECASE)


@dataclass(frozen=True)
class UnusedRow:
    """A row: its line in the list, its name, empty where it has none, and the first reason."""

    line: int
    name: str
    reason: str


def unused_row(
    line: int, header: Sequence[str], cells: Sequence[str], reasons: Sequence[str]
) -> UnusedRow:
    """Return a row by its cells as they stand in the list.

    >>> unused_row(7, ["Creator", "Fee"], ["@anna", "x"], ["fee 'x' is no amount", "more"])
    UnusedRow(line=7, name='@anna', reason="fee 'x' is no amount")
    """
    named = {
        name.strip().casefold(): cell.strip()
        for name, cell in zip(header, cells, strict=False)
        if cell.strip()
    }
    name = next((named[one] for one in _NAME_HEADERS if one in named), "")
    return UnusedRow(line, name, reasons[0] if reasons else "")


def read_unused_rows(path: Path | None) -> tuple[UnusedRow, ...]:
    """Return the first rows of a file of rejected rows, which has the columns of the list, then
    line and reasons; none without a file.
    """
    if path is None:
        return ()
    with open(path, encoding="utf-8-sig", newline="") as file:
        lines = csv.reader(file)
        header = next(lines, [])
        return tuple(
            unused_row(
                int(cells[-2]),
                header[:-2],
                [cell.removeprefix("'") for cell in cells[:-2]],
                cells[-1].split("; "),
            )
            for cells in islice(lines, MAX_NAMED)
        )


def unused_section(rows: Sequence[UnusedRow], total: int, hide_fees: bool) -> tuple[Section, ...]:
    """Return a section that names the first of `total` rows that were not used, none without any;
    with `hide_fees` no reason that may tell an amount is in it.
    """
    named = rows[:MAX_NAMED]
    if not named:
        return ()
    more = total - len(named)
    closing = f"{pluralize(f'{more:,}', 'more row')} could not be used." if more > 0 else ""
    items = tuple(_row_text(row, hide_fees) for row in named)
    return (Section("Rows that could not be used", items=items, closing=closing),)


def _row_text(row: UnusedRow, hide_fees: bool) -> str:
    who = f", {shown_name(row.name)}" if row.name else ""
    reason = row.reason
    if hide_fees and _ABOUT_MONEY.search(reason):
        reason = "a value of it cannot be used"
    return f"Line {row.line}{who}: {reason.removesuffix('.')}."
