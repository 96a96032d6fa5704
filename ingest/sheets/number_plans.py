"""How columns of counts and means are read: decimal marks, units, and numbers that are shown
otherwise than they are stored.
"""

from ingest.sheets.column_plan import ColumnPlan, SheetConventions, join_notes
from ingest.sheets.column_role import ColumnRole
from ingest.sheets.column_stats import ColumnStats
from ingest.sheets.decimal_marks import (
    MARK_NAMES,
    DecimalMarks,
    decide_marks,
    decide_marks_by_currency,
    suffix_powers,
)
from ingest.sheets.fee_reader import deliverables_reader
from ingest.sheets.header_meanings import column_kinds
from ingest.sheets.number_parser import LOCAL_SUFFIXES
from ingest.sheets.number_readers import NOT_WHOLE, NOT_WHOLE_OF, number_reader, stored_value
from ingest.sheets.row_kind import AVERAGE_OF_COUNT
from ingest.sheets.sheet_types import Guess, SheetOptions

#: Units of a map file -> power of ten.
_POWERS = {
    "k": 3, "thousand": 3, "thousands": 3,
    "m": 6, "million": 6, "millions": 6,
    "b": 9, "billion": 9,
}  # fmt: skip
_UNITS = {3: "k", 6: "m", 9: "b"}
_POWER_NOTES = {3: "in thousands", 6: "in millions", 9: "in billions"}
#: Characters of a shown number in a message.
LONGEST_SHOWN = 40

#: Decimal marks of a column, a note of them, and what is unclear of them (None: nothing).
MarksDecision = tuple[DecimalMarks, str, str | None]


def plan_number_column(
    role: ColumnRole,
    target: str,
    stats: ColumnStats,
    conventions: SheetConventions,
    options: SheetOptions,
) -> ColumnPlan:
    """Return how a column of counts or of real numbers is read."""
    kind = column_kinds()[target]
    marks, marks_note, unclear = decide_column_marks(role, stats, conventions, options)
    power = column_power(role)
    notes = [role.note, marks_note]
    if power:
        notes.append(_POWER_NOTES[power])
    if stats.figures.suffixed:
        notes.append("k/m/b suffixes, rounded")
    if stats.figures.approximate:
        notes.append("marked as approximate")
    if any(display.scale for display in stats.displays):
        notes.append("shown in thousands or millions by the number format, read as stored")
    unclear = unclear or display_contradiction(role, stats) or role.ambiguous
    unit = _UNITS.get(power)
    guess = Guess(role.source, target, kind, role.how, join_notes(notes), unclear, unit)
    not_whole = NOT_WHOLE_OF.get(target, NOT_WHOLE)
    read = number_reader(marks, power, kind == "count", _has_mapped_power(role), not_whole)
    if target == "deliverables":
        read = deliverables_reader(read)
    return ColumnPlan(role.index, target, kind, read, guess)


def decide_column_marks(
    role: ColumnRole, stats: ColumnStats, conventions: SheetConventions, options: SheetOptions
) -> MarksDecision:
    """Decide a column's decimal marks, and what suffixes with several meanings stand for."""
    marks, note, unclear = _decide_decimals(role, stats, conventions, options)
    mapped_power = column_power(role) if _has_mapped_power(role) else None
    powers = suffix_powers(stats.figures, conventions.languages, mapped_power)
    open_suffix = next((suffix for suffix, power in powers.items() if power is None), None)
    if open_suffix and not unclear:
        example = stats.figures.words[open_suffix]
        unclear = (
            f"{example!r} may mean {LOCAL_SUFFIXES[open_suffix][1]}: write it with k, m or b, or "
            f"map {role.source!r} with the unit that is meant"
        )
    return marks._replace(powers=powers), note, unclear


def _decide_decimals(
    role: ColumnRole, stats: ColumnStats, conventions: SheetConventions, options: SheetOptions
) -> MarksDecision:
    """Decide a column's decimal marks: by the map file or the options, else by its values."""
    mark = (role.mapping.decimal if role.mapping else None) or options.decimal
    if mark:
        return DecimalMarks(mark, mark), f"{MARK_NAMES[mark]}, as asked for", None
    currencies = stats.figures.currencies.keys() - {None}
    if role.target in ("fee", "fee_usd") and len(currencies) > 1:
        others = {
            mark: source for mark, source in conventions.decimals.items() if source != role.source
        }
        return decide_marks_by_currency(stats.figures, others)
    whole = is_whole_count(role)
    means = role.target in AVERAGE_OF_COUNT.values() and not column_power(role)
    return decide_marks(stats.figures, whole, conventions.decimals, means)


def is_whole_count(role: ColumnRole) -> bool:
    """Return whether a column counts, and not in thousands or millions."""
    kind = column_kinds()[role.target] if role.target else "real"
    return kind == "count" and not column_power(role)


def column_power(role: ColumnRole) -> int:
    """Return the power of ten of a column's numbers: as the map file says, else as the header."""
    if _has_mapped_power(role):
        return _POWERS[role.mapped_unit]
    return role.meaning.power if role.meaning else 0


def _has_mapped_power(role: ColumnRole) -> bool:
    """Return whether the map file gives the power of ten of a column's numbers."""
    return role.mapped_unit in _POWERS


def display_contradiction(role: ColumnRole, stats: ColumnStats) -> str | None:
    """Return that a column shows other numbers than it stores, None where it does not."""
    power, has_mapped_power = column_power(role), _has_mapped_power(role)
    contradicted = (
        cell
        for cell in stats.displays.values()
        if stored_value(cell, power, has_mapped_power) is None
    )
    cell = next(contradicted, None)
    if cell is None:
        return None
    display = cell.display
    unit = _UNITS.get(display.suffix)
    by_map = ""
    if unit and not display.odd:
        by_map = f"map {role.source!r} with the unit {unit} if that is meant, or "
    shown = display.text(cell.value)[:LONGEST_SHOWN]
    return (
        f"the number format shows {cell} as {shown!r}, and does not scale it: {by_map}correct the "
        f"number format"
    )
