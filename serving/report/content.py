"""What a report holds, before it is a page: plain texts and figures, no markup.

All texts are as they are read; amounts of money are in them only where the report shows amounts.
"""

from dataclasses import dataclass

from models.model_record import CoverageCheck


@dataclass(frozen=True)
class Interval:
    """A range: `low` and `high` are the quantiles of 10 and 90 %, `middle` is the median."""

    low: float
    middle: float
    high: float


@dataclass(frozen=True)
class Figure:
    """A figure with what it is; `note`: what stands below it, such as its range."""

    label: str
    value: str
    note: str = ""


@dataclass(frozen=True)
class Verdict:
    """A verdict in words; `mark`: its symbol, read without colour too; `tone`: one of good, fair,
    even, poor, bad.
    """

    mark: str
    text: str
    tone: str


@dataclass(frozen=True)
class Entry:
    """One creator or partnership.

    `facts`: platform, size and the like; `interval`: of what the section's scale counts; `now`: a
    count that is there already; `cautions`: why the forecast is less to be trusted.
    """

    name: str
    facts: tuple[str, ...]
    sentence: str
    figures: tuple[Figure, ...] = ()
    interval: Interval | None = None
    now: float | None = None
    verdict: Verdict | None = None
    cautions: tuple[str, ...] = ()
    items: tuple[str, ...] = ()


@dataclass(frozen=True)
class RangeRow:
    """A line of a picture of ranges; `is_total`: of all lines below it together; `now`: what is
    there already; `before`: the range that was forecast before.
    """

    label: str
    interval: Interval
    is_total: bool = False
    now: float | None = None
    before: Interval | None = None


@dataclass(frozen=True)
class RangeChart:
    """A picture of ranges, one below the other. `key`: its name in the page, letters alone;
    `unit`: what is counted; `goal`: where a line is drawn.
    """

    key: str
    title: str
    unit: str
    rows: tuple[RangeRow, ...]
    caption: str
    goal: float | None = None


@dataclass(frozen=True)
class FrontierChart:
    """A picture of what budgets bring; `intervals`: one a budget; `budget`: the one of the plan."""

    key: str
    title: str
    unit: str
    currency: str
    budgets: tuple[float, ...]
    intervals: tuple[Interval, ...]
    budget: float
    caption: str


@dataclass(frozen=True)
class CoverageChart:
    """A picture of how often ranges held."""

    key: str
    title: str
    checks: tuple[CoverageCheck, ...]
    caption: str


Chart = RangeChart | FrontierChart | CoverageChart


@dataclass(frozen=True)
class Table:
    """A table; all columns but the first `texts` hold numbers."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    texts: int = 1


@dataclass(frozen=True)
class Section:
    """A part of a report, in the order in which it is read."""

    title: str
    paragraphs: tuple[str, ...] = ()
    charts: tuple[Chart, ...] = ()
    entries: tuple[Entry, ...] = ()
    table: Table | None = None
    items: tuple[str, ...] = ()
    closing: str = ""


@dataclass(frozen=True)
class Report:
    """A report for the client. `lead`: its one sentence; `figures`: the large ones at its head;
    `notices`: what must be read first, as that the model is of a simulated market.
    """

    title: str
    subtitle: str
    lead: str
    figures: tuple[Figure, ...]
    notices: tuple[str, ...]
    sections: tuple[Section, ...]
    footer: str
