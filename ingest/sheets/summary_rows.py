"""Rows that sum up other rows of their sheet: a sum or a mean beside a word for one, or without any
name.

They are found by arithmetic, over all rows and over those since the summary row before, in bounded
memory.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from ingest.sheets.column_plan import ColumnPlan
from ingest.sheets.fee_text import ParsedFee
from ingest.sheets.labels import is_missing
from ingest.sheets.rows import (
    SUMMARY_REASON,
    is_summary_word,
    sort_into_rows,
    starts_with_summary_word,
)
from ingest.sheets.sheet_records import SheetSource
from ingest.sheets.workbook import Cell

ABOVE, BELOW = "sums up the rows above", "sums up the rows below"
#: Columns that name what a row is about.
_NAMING = {"creator_id", "handle", "link", "post_id", "partnership_id"}
#: How near a sum must come: of rounded figures such as 276k, and of others in units or this share.
_NEAR, _EXACT = 0.005, 0.51
_CHUNK = 20_000


@dataclass
class _Sum:
    """The sum and the mean of one column; zeros and unknown values do not count."""

    count: int = 0
    total: float = 0.0
    low: float = float("inf")
    high: float = float("-inf")

    def add(self, value: float) -> None:
        self.count += 1
        self.total += value
        self.low, self.high = min(self.low, value), max(self.high, value)

    def explains(self, value: float, fewest: int, near: float) -> str:
        """Return "sum" or "mean" where a value is that of at least `fewest` figures, else "".

        `near`: the share by which it may differ. A mean counts only where the figures differ.
        """
        if not self.count or self.count < fewest:
            return ""
        mean = self.total / self.count if self.low < self.high else 0.0
        for name, expected in (("sum", self.total), ("mean", mean)):
            if expected and abs(value - expected) <= max(near * abs(expected), 1e-9):
                return name
        return ""


@dataclass
class SummaryRowDetector:
    """The sums of a sheet so far.

    `naming_columns`: positions of the columns that name what a row is about; `figures`: the columns
    that are added up. `whole`, `block`: sums of all rows, and of those since the last summary row,
    by position. `first`: the figures of a first row without a name.
    """

    naming_columns: list[int]
    figures: list[ColumnPlan]
    whole: dict[int, _Sum] = field(default_factory=dict)
    block: dict[int, _Sum] = field(default_factory=dict)
    first: dict[int, float] | None = None

    def looks_like_summary(self, cells: list[Cell]) -> bool:
        """Return whether a row has no name, or a word for a sum."""
        names = [cells[k] for k in self.naming_columns]
        nameless = all(isinstance(name, str) and (not name or is_missing(name)) for name in names)
        return nameless or any(
            isinstance(name, str) and starts_with_summary_word(name) for name in names
        )

    def take(self, cells: list[Cell]) -> bool:
        """Return whether a row sums up the rows above, and add it to the sums where it does not."""
        values = {
            plan.index: value for plan in self.figures if (value := _value(plan, cells[plan.index]))
        }
        if self.looks_like_summary(cells):
            fewest = 1 if any(map(is_summary_word, cells)) else 2
            if any(_is_sum(values, sums, fewest) for sums in (self.whole, self.block)):
                self.block = {}
                return True
            if not self.whole and self.first is None:
                self.first = values
                return False
        for index, value in values.items():
            for sums in (self.whole, self.block):
                sums.setdefault(index, _Sum()).add(value)
        return False

    def is_first_row_summary(self) -> bool:
        """Return whether the first row, which had no name, sums up all others."""
        return self.first is not None and _is_sum(self.first, self.whole, 2)


def _value(plan: ColumnPlan, cell: Cell) -> float | None:
    """Return the number of a cell, of a fee its amount; None where it has none."""
    value, _ = plan.read(cell)
    return value.amount if isinstance(value, ParsedFee) else value


def _is_sum(values: dict[int, float], sums: dict[int, _Sum], fewest: int) -> bool:
    """Return whether half of a row's figures are sums or means, one of them exactly. A mean of two
    figures may be chance.
    """
    near, exact = [], []
    for index, value in values.items():
        column = sums.get(index, _Sum())
        near.append(column.explains(value, fewest, _NEAR))
        exact.append(column.explains(value, fewest, min(_NEAR, _EXACT / abs(value))))
    explained = [name for name in near if name]
    longest = max((column.count for column in sums.values()), default=0)
    no_chance = "sum" in explained or len(explained) > 1 or fewest == 1 or longest > 2
    return any(exact) and 2 * len(explained) >= len(near) and no_chance


def find_naming_columns(plans: list[ColumnPlan]) -> list[int]:
    """Return the positions of the columns that name what a row is about, or else of all that hold
    words.
    """
    names = [plan.index for plan in plans if plan.column in _NAMING]
    return names or [plan.index for plan in plans if plan.kind not in ("count", "real", "time")]


def find_summary_rows(source: SheetSource, plans: list[ColumnPlan]) -> dict[int, str]:
    """Find the rows that sum up others: line -> which ones they sum up. Reads the whole source once
    more.
    """
    figures = [
        p
        for p in plans
        if p.kind in ("count", "real") and not p.column.startswith("engagement_rate")
    ]
    detector = SummaryRowDetector(find_naming_columns(plans), figures)
    summary_rows: dict[int, str] = {}
    first_line: int | None = None
    for line, cells in _rows_and_totals(source):
        if cells is None:
            detector.block = {}
            continue
        if first_line is None:
            first_line = line
        if detector.take(cells):
            summary_rows[line] = ABOVE
    if first_line is not None and detector.is_first_row_summary():
        summary_rows[first_line] = BELOW
    return summary_rows


def _rows_and_totals(source: SheetSource) -> Iterator[tuple[int, list[Cell] | None]]:
    """Yield line and cells of every row, None in place of cells that sum up as their words say."""
    records = source.records()
    while chunk := list(islice(records, _CHUNK)):
        rows = sort_into_rows(chunk, source)
        ends = [(fault.line, None) for fault in rows.left_out if fault.reason == SUMMARY_REASON]
        yield from sorted(
            [*zip(rows.lines, rows.cells, strict=True), *ends], key=lambda row: row[0]
        )
