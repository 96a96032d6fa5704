"""The criteria of a promotion as a table: each with figure, interval, threshold and verdict."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from training.backtest.report_tables import MIN_GROUP_ROWS
from training.promote.coverage_check import CELL, MIN_CELL_CREATORS, TOLERANCE

PASSED, FAILED, NOT_COMPARABLE, NOT_DECISIVE = "passed", "FAILED", "not comparable", "told only"
CRPS, CRPS_UNSEEN, COVERAGE = "CRPS", "CRPS, unseen creators", "coverage"
HEADER = (
    *("criterion", "where", "posts", "creators", "candidate", "champion"),
    *("figure (95 % interval)", "threshold", "verdict"),
)
#: Columns of the table whose cells stand at the right.
NUMERIC = {2, 3, 4, 5, 6}


@dataclass(frozen=True)
class Criterion:
    """One line of the table.

    - `name`: CRPS, CRPS_UNSEEN or COVERAGE with its level
    - `where`: platform and evidence, or the cell; "" where nothing could be compared
    - `candidate`, `champion`, `figure`: figures as texts, "" where there is none
    - `verdict`: PASSED, FAILED, NOT_COMPARABLE or NOT_DECISIVE
    - `note`: why it could not be compared
    """

    name: str
    where: str
    posts: int
    creators: int
    candidate: str
    champion: str
    figure: str
    threshold: str
    verdict: str
    note: str = ""

    def __str__(self) -> str:
        return f"{self.name}, {self.where}: {self.figure}, expected {self.threshold}"


def crps_criteria(name: str, table: pd.DataFrame, margin: float) -> list[Criterion]:
    """Return a criterion for each line of a comparison's table
    (training.promote.comparison.comparison_table).
    """
    return [_crps_criterion(name, row, margin) for row in table.itertuples()]


def not_comparable(name: str, reason: str) -> Criterion:
    """Return the criterion of a measure that could not be compared."""
    return Criterion(name, "", 0, 0, "", "", "", "", NOT_COMPARABLE, reason)


def coverage_criteria(cells: pd.DataFrame) -> list[Criterion]:
    """Return a criterion for each judged cell and level
    (training.promote.coverage_check.coverage_cells).
    """
    return [_coverage_criterion(row) for row in cells[cells["judged"]].itertuples()]


def failed_criteria(criteria: Iterable[Criterion]) -> list[str]:
    """Return the failed criteria as texts."""
    return [str(criterion) for criterion in criteria if criterion.verdict == FAILED]


def criteria_text(criteria: Iterable[Criterion]) -> list[str]:
    """Return the table as lines, and below it why criteria could not be compared."""
    criteria = list(criteria)
    rows = [HEADER, *(_cells(criterion) for criterion in criteria)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADER))]
    lines = ["  " + _line(row, widths) for row in rows]
    notes = [f"  {one.name}: {one.verdict}: {one.note}" for one in criteria if one.note]
    return [*lines, *notes]


def unjudged_text(cells: pd.DataFrame) -> str:
    """Return how many cells of coverage are too small to be judged, "" where none is."""
    small = cells[~cells["judged"].astype(bool)].drop_duplicates(CELL)
    if not len(small):
        return ""
    return (
        f"coverage: {len(small)} cells (platform, band, evidence), {small['rows'].sum():,} rows, "
        f"are not judged: under {MIN_GROUP_ROWS} rows or {MIN_CELL_CREATORS} creators each"
    )


def _crps_criterion(name: str, row: Any, margin: float) -> Criterion:
    known = np.isfinite(row.low)
    around = f"{row.low:+.1%} to {row.high:+.1%}" if known else "too few creators"
    failed = row.decides and known and row.low > margin
    verdict = FAILED if failed else PASSED if row.decides else NOT_DECISIVE
    return Criterion(
        name,
        f"{row.platform} {row.evidence}",
        row.posts,
        row.creators,
        f"{row.candidate:.4f}",
        f"{row.champion:.4f}",
        f"{row.change:+.1%} ({around})",
        f"interval not above {margin:+.1%}" if row.decides else "",
        verdict,
    )


def _coverage_criterion(row: Any) -> Criterion:
    split = "" if row.split == "seen" else f"{row.split} "
    paired = np.isfinite(row.champion)
    figure = f"{row.candidate:.1%} ({row.low:.1%} to {row.high:.1%})"
    threshold = f"{row.level - TOLERANCE:.0%} to {row.level + TOLERANCE:.0%}"
    if row.failed and not row.outside:
        figure = f"{row.farther:.1%} farther ({row.farther_low:.1%} to {row.farther_high:.1%})"
        threshold = f"{TOLERANCE:.0%} farther than the champion"
    verdict = FAILED if row.failed else PASSED
    if row.outside and not row.failed:
        verdict = f"{PASSED}: outside, as the champion" if paired else f"outside, {NOT_DECISIVE}"
    return Criterion(
        f"{COVERAGE} {row.level:.0%}",
        f"{split}{row.platform} {row.band} {row.evidence}",
        row.rows,
        row.creators,
        f"{row.candidate:.1%}",
        f"{row.champion:.1%}" if paired else "",
        figure,
        threshold,
        verdict,
    )


def _cells(criterion: Criterion) -> tuple[str, ...]:
    counts = (f"{n:,}" if n else "" for n in (criterion.posts, criterion.creators))
    return (
        criterion.name,
        criterion.where,
        *counts,
        criterion.candidate,
        criterion.champion,
        criterion.figure,
        criterion.threshold,
        criterion.verdict,
    )


def _line(row: tuple[str, ...], widths: list[int]) -> str:
    cells = [
        cell.rjust(width) if column in NUMERIC else cell.ljust(width)
        for column, (cell, width) in enumerate(zip(row, widths, strict=True))
    ]
    return "  ".join(cells).rstrip()
