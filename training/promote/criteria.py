"""The criteria of a promotion as a table: each with figure, interval, threshold and verdict."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from features.tables.vocabulary import EVIDENCE
from training.backtest.report_tables import MIN_GROUP_ROWS
from training.promote.coverage_check import ALL, CELL, MIN_CELL_CREATORS, TOLERANCE

PASSED, FAILED, NOT_COMPARABLE, NOT_DECISIVE = "passed", "FAILED", "not comparable", "told only"
OUTSIDE, OUTSIDE_AS_CHAMPION = f"outside, {NOT_DECISIVE}", f"{PASSED}: outside, as the champion"
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
    - `verdict`: PASSED, FAILED, NOT_COMPARABLE or NOT_DECISIVE, or what is said of intervals that
      hold too often or too seldom and do not count (OUTSIDE, OUTSIDE_AS_CHAMPION)
    - `note`: why it could not be compared
    - `is_headline`: whether it is of the most rows at the best evidence
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
    is_headline: bool = False

    @property
    def is_always_told(self) -> bool:
        """Return whether the short table has the line."""
        return self.is_headline or self.verdict in (FAILED, NOT_COMPARABLE)

    def __str__(self) -> str:
        return f"{self.name}, {self.where}: {self.figure}, expected {self.threshold}"


def crps_criteria(name: str, table: pd.DataFrame, margin: float) -> list[Criterion]:
    """Return a criterion for each line of a comparison's table
    (training.promote.comparison.comparison_table).
    """
    rows = enumerate(table.itertuples())
    return [replace(_crps_criterion(name, row, margin), is_headline=n == 0) for n, row in rows]


def not_comparable(name: str, reason: str) -> Criterion:
    """Return the criterion of a measure that could not be compared."""
    return Criterion(name, "", 0, 0, "", "", "", "", NOT_COMPARABLE, reason)


def coverage_criteria(cells: pd.DataFrame) -> list[Criterion]:
    """Return a criterion for each judged cell and level
    (training.promote.coverage_check.coverage_cells).
    """
    judged = cells[cells["judged"].astype(bool)]
    headlines = _headline_cells(judged)
    return [
        replace(_coverage_criterion(row), is_headline=row.Index in headlines)
        for row in judged.itertuples()
    ]


def _headline_cells(cells: pd.DataFrame) -> set[int]:
    """Return the positions of the largest cell of each split and level, at the best evidence."""
    whole = cells[cells["band"] == ALL]
    order = whole["evidence"].map(list(EVIDENCE).index).astype(int)
    whole = whole.assign(order=order).sort_values(["order", "rows"], ascending=[True, False])
    return set(whole.drop_duplicates(["split", "level"]).index)


def failed_criteria(criteria: Iterable[Criterion]) -> list[str]:
    """Return the failed criteria as texts."""
    return [str(criterion) for criterion in criteria if criterion.verdict == FAILED]


def criteria_text(criteria: Iterable[Criterion], all_cells: bool = False) -> list[str]:
    """Return the table as lines, failures first, and below it why criteria were not compared.

    Without `all_cells` it has the headline lines and what failed; the others are counted.
    """
    criteria = list(criteria)
    told = [one for one in criteria if all_cells or one.is_always_told]
    told = sorted(told, key=lambda one: one.verdict != FAILED)
    rows = [HEADER, *(_cells(criterion) for criterion in told)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADER))]
    lines = ["  " + _line(row, widths) for row in rows]
    notes = [f"  {one.name}: {one.verdict}: {one.note}" for one in criteria if one.note]
    others = [one for one in criteria if not (all_cells or one.is_always_told)]
    return [*lines, *_counted(others), *notes]


def _counted(criteria: list[Criterion]) -> list[str]:
    """Return a line for each name of criteria: how many there are, by verdict."""
    lines = []
    for name in dict.fromkeys(one.name for one in criteria):
        verdicts = Counter(one.verdict for one in criteria if one.name == name)
        passed, like_champion = verdicts.pop(PASSED, 0), verdicts.pop(OUTSIDE_AS_CHAMPION, 0)
        parts = [f"{passed + like_champion:,} more passed"] if passed + like_champion else []
        if like_champion:
            parts.append(f"{like_champion:,} of them outside, as the champion")
        parts += [f"{count:,} more {verdict}" for verdict, count in verdicts.items()]
        lines.append(f"  {name}: {', '.join(parts)}")
    return [*lines, "  --all-cells prints them"] if lines else []


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
    threshold = f"interval reaches {row.level - TOLERANCE:.0%} to {row.level + TOLERANCE:.0%}"
    if row.failed and not row.outside:
        figure = f"{row.farther:.1%} farther ({row.farther_low:.1%} to {row.farther_high:.1%})"
        threshold = f"{TOLERANCE:.0%} farther than the champion"
    verdict = FAILED if row.failed else PASSED
    if row.outside and not row.failed:
        verdict = OUTSIDE_AS_CHAMPION if paired else OUTSIDE
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
