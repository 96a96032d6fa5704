"""What a workbook of answers is made of."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

import pyarrow as pa

#: Rows of a worksheet, the header among them, its columns, and characters of a cell: limits of
#: Excel.
MAX_SHEET_ROWS, MAX_SHEET_COLUMNS, MAX_CELL_CHARACTERS = 1 << 20, 1 << 14, 32_767
#: Formats of Excel.
DAY, MOMENT, GENERAL, WHOLE = "yyyy-mm-dd", "yyyy-mm-dd hh:mm", "General", "#,##0"


#: What a forecast rests on, in words.
EVIDENCE_WORDS = {"history": "past posts", "summary": "averages", "profile": "profile alone"}
#: What a reader asks who sees a good rank beside a bad verdict.
RANK_AND_VERDICT = (
    "Rank and verdict answer two questions. The rank: who is best in this list, by the measure "
    "named on the sheet About. The verdict: whether the fee is good for creators of the same "
    "platform, size and niche. A creator may be high in one and low in the other."
)


class AboutLine(NamedTuple):
    """A line of the sheet that says what the answers rest on; `label` "" goes on with the line
    before, `text` "" begins a section.
    """

    label: str
    text: str


@dataclass(frozen=True)
class RejectedList:
    """How rejected rows are written: `header`: the list's columns; `position_name`: line or row;
    `faulty_names`: what a reason calls a column -> its place in the header; `fields`: those of the
    own columns by name, with what their texts mean.
    """

    header: tuple[str, ...] = ()
    position_name: str = "line"
    faulty_names: Mapping[str, int] = field(default_factory=dict)
    fields: Mapping[str, pa.Field] = field(default_factory=dict)


@dataclass(frozen=True)
class WorkbookPlan:
    """What is known of a workbook before the list is read.

    `own`: columns of the answers that are the list's; `columns`: those of all answers, in order;
    `chosen`: whether the user named them, so that the first sheet has them alone; `measures`: of
    serving.scoring.measures, of which the first that any row has ranks them; `most_rows`: how many
    of the best alone are written, None for all; `as_of`: the moment of the forecasts, UTC;
    `facts`: about list and model; `check`: called after every few rows, what it raises ends the
    writing.
    """

    own: tuple[str, ...]
    columns: tuple[str, ...]
    chosen: bool
    measures: tuple[str, ...]
    most_rows: int | None
    rejected: RejectedList
    as_of: datetime
    facts: tuple[AboutLine, ...] = ()
    check: Callable[[], None] = lambda: None


class RowCounts(NamedTuple):
    """What became of the rows of a list: read = scored + rejected; `blank`: blank lines besides."""

    read: int
    scored: int
    rejected: int
    blank: int
