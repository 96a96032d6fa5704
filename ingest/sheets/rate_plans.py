"""How columns of engagement rates are read: percent or fraction, by followers or by views."""

from dataclasses import replace

import numpy as np

from ingest.sheets.cell_results import CellReader
from ingest.sheets.column_plan import ColumnPlan, SheetConventions, join_notes
from ingest.sheets.column_role import ColumnRole
from ingest.sheets.column_stats import ColumnStats
from ingest.sheets.engagement_rates import RateMatch, match_rate, rate_unit
from ingest.sheets.number_plans import column_power, decide_column_marks, display_contradiction
from ingest.sheets.number_readers import number_reader, rate_reader
from ingest.sheets.row_patterns import CellRows
from ingest.sheets.sheet_types import Guess, SheetOptions

#: Columns that a rate is made of -> their parts in `match_rate`.
_PARTS = {
    "avg_likes": "likes",
    "avg_comments": "comments",
    "followers": "followers",
    "avg_views": "views",
}
_RATE_UNITS = ("percent", "%", "fraction")


def plan_rate_column(
    role: ColumnRole,
    target: str,
    roles: list[ColumnRole],
    stats: list[ColumnStats],
    sample: CellRows,
    conventions: SheetConventions,
    options: SheetOptions,
) -> ColumnPlan | Guess:
    """Return how a column of engagement rates is read; a guess where its base is open.

    `roles`, `stats`: of all columns of the sheet. `sample`: cells of its first rows.
    """
    own_stats = stats[role.index]
    match = _match_sample(role, roles, stats, sample, conventions, options)
    percent, unit_note = _decide_percent(role, own_stats, match)
    if target == "engagement_rate" and match is None:
        basis_unclear = (
            f"by followers or by views? Map {role.source!r} to engagement_rate_by_followers or "
            f"_by_views"
        )
        return Guess(role.source, None, None, role.how, unit_note, basis_unclear)
    if match is not None:
        target = f"engagement_rate_by_{match.basis}" if target == "engagement_rate" else target
        unit_note = join_notes([unit_note, f"agrees with {match.matched_ratio}"])
    literal, literal_note = _decide_literal_percent(role, own_stats)
    unclear: str | None = None
    if literal is None:
        unclear = (
            f"the number format shows less than 0.1% everywhere: map {role.source!r} with unit "
            f"percent or fraction"
        )
    elif percent is None:
        unclear = f"percent or fraction? Map {role.source!r} with unit percent or fraction"
    guess = Guess(
        role.source,
        target,
        "real",
        role.how,
        join_notes([role.note, unit_note, literal_note]),
        unclear or display_contradiction(role, own_stats) or role.ambiguous,
        None if percent is None else "percent" if percent else "fraction",
    )
    return ColumnPlan(role.index, target, "real", rate_reader(percent, literal), guess)


def _decide_percent(
    role: ColumnRole, stats: ColumnStats, match: RateMatch | None
) -> tuple[bool | None, str]:
    """Return whether values without a sign are percentages, None where that is open, and why."""
    unit = role.mapped_unit
    if unit in _RATE_UNITS:
        return unit != "fraction", f"{unit}, as the map says"
    if match is not None and stats.sizes.total() - stats.sizes["zero"]:
        return match.percent, "percent" if match.percent else "fraction"
    signed = _signed_count(stats)
    header_percent = bool(role.meaning and role.meaning.percent)
    percent, note = rate_unit(stats.sizes, signed, header_percent)
    # by views a tenth and more is usual; by followers as much would rather be meant as percent
    canonical = role.source == role.target == "engagement_rate_by_views"
    if percent is None and canonical and not signed + stats.sizes["percent"]:
        return False, "fraction, as columns of that name are"
    return percent, note


def _signed_count(stats: ColumnStats) -> int:
    """Count the values that carry a percent sign."""
    return stats.figures.percents + stats.shown_percent


def _decide_literal_percent(role: ColumnRole, stats: ColumnStats) -> tuple[bool | None, str]:
    """Return whether values are percentages whose % is only text of the number format, None where
    that is open, and a note.
    """
    sizes = stats.literal_sizes
    if not sizes:
        return True, ""
    if role.mapped_unit in _RATE_UNITS:
        return role.mapped_unit != "fraction", ""
    if sizes["either"] + sizes["percent"] < sizes["fraction"]:
        return None, ""
    return True, "the % is only text of the number format: read as shown"


def _match_sample(
    role: ColumnRole,
    roles: list[ColumnRole],
    stats: list[ColumnStats],
    sample: CellRows,
    conventions: SheetConventions,
    options: SheetOptions,
) -> RateMatch | None:
    """Return what the rates of the sample agree with: engagements per follower or per view of the
    same rows, None where it is neither.
    """
    counts: dict[str, list[tuple[str, np.ndarray]]] = {}
    for other in roles:
        column = other.target if other.is_mapped or not other.meaning else other.header_column
        if column in _PARTS and (other.target or column == "avg_likes"):
            marks, _, _ = decide_column_marks(other, stats[other.index], conventions, options)
            read = number_reader(marks, column_power(other))
            values = _sample_values(sample, other.index, read)
            counts.setdefault(_PARTS[column], []).append((repr(other.source), values))
    rates = _sample_values(sample, role.index, rate_reader(percent=False))
    match = match_rate(rates, counts)
    if match and _signed_count(stats[role.index]):
        return replace(match, percent=True)
    return match


def _sample_values(sample: CellRows, index: int, read: CellReader) -> np.ndarray:
    """Return the values (n,) of a column in the sample, NaN where missing."""
    values = [read(row[index])[0] for row in sample]
    return np.array([np.nan if value is None else value for value in values], dtype=float)
