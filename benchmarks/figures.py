"""A figure of a benchmark beside that of another commit and its limit, as a line of JSON and of a table."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Figure:
    """`now` of this checkout and `base` of the other one, both medians of rounds in one run, in `unit`.

    `limit`: the figure wanted, the most where less is better, the least where `more_is_better`; None where none
    is set. `note`: what the limit comes from.
    """

    what: str
    unit: str
    now: float
    base: float | None = None
    limit: float | None = None
    more_is_better: bool = False
    note: str = ""

    @property
    def is_met(self) -> bool:
        """Whether the limit holds; True without one."""
        if self.limit is None:
            return True
        return self.now >= self.limit if self.more_is_better else self.now <= self.limit


def write_figures(path: Path | None, figures: Sequence[Figure]) -> None:
    """Write figures to a JSON file, where one is asked for."""
    if path is not None:
        path.write_text(json.dumps([asdict(figure) for figure in figures], indent=1))


def read_figures(path: Path) -> list[Figure]:
    """Read the figures that `write_figures` wrote."""
    return [Figure(**figure) for figure in json.loads(path.read_text())]


def markdown_table(figures: Sequence[Figure]) -> str:
    """Return figures as a table in Markdown, a line each."""
    lines = ["| what | before | now | now / before | limit | |", "|---|---|---|---|---|---|"]
    lines += [_line(figure) for figure in figures]
    return "\n".join(lines)


def _line(figure: Figure) -> str:
    ratio = "" if figure.base is None else f"{figure.now / figure.base:.2f}"
    limit, met = "", ""
    if figure.limit is not None:
        word = "at least" if figure.more_is_better else "at most"
        limit = f"{word} {_number(figure.limit)} {figure.unit}"
        met = "met" if figure.is_met else "**missed**"
    if figure.note:
        limit = f"{limit} ({figure.note})" if limit else figure.note
    base = "" if figure.base is None else f"{_number(figure.base)} {figure.unit}"
    return f"| {figure.what} | {base} | {_number(figure.now)} {figure.unit} | {ratio} | {limit} | {met} |"


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
