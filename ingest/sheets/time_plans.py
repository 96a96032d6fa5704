"""How columns of dates and times are read: which of day and month comes first, and whether a
spreadsheet program exchanged them.
"""

from ingest.sheets.cell_readers import time_reader
from ingest.sheets.column_plan import ColumnPlan, SheetConventions, join_notes
from ingest.sheets.column_role import ColumnRole
from ingest.sheets.column_stats import ColumnStats
from ingest.sheets.sheet_types import Guess, SheetOptions

ORDER_REMEDY = "say --day-first or --month-first, or give it in the map file"


def plan_time_column(
    role: ColumnRole,
    target: str,
    stats: ColumnStats,
    conventions: SheetConventions,
    options: SheetOptions,
    epoch: int,
) -> ColumnPlan:
    """Return how a column of times is read; `epoch`: the date system of Excel, 1900 or 1904."""
    day_first_option = role.mapping.day_first if role.mapping else None
    if day_first_option is None:
        day_first_option = options.day_first
    day_first, order_note, unclear = _decide_order(stats, conventions, day_first_option)
    exchanged = _day_month_exchanged(stats, day_first_option)
    if exchanged is None:
        unclear = (
            f"all true dates are of the first 12 days of a month and all texts such as "
            f"{stats.dates.example!r} are not, as where a spreadsheet program exchanged day and "
            f"month: {ORDER_REMEDY}"
        )
    notes = [role.note, *_time_notes(stats, day_first, order_note, bool(exchanged))]
    unclear = unclear or role.ambiguous
    guess = Guess(role.source, target, "time", role.how, join_notes(notes), unclear)
    read = time_reader(day_first, epoch, exchanged)
    return ColumnPlan(role.index, target, "time", read, guess)


def _decide_order(
    stats: ColumnStats, conventions: SheetConventions, day_first_option: bool | None
) -> tuple[bool | None, str, str | None]:
    """Decide whether the day comes first; return that, what says so, and what is unclear."""
    dates = stats.dates
    if day_first_option is not None:
        return day_first_option, "as asked for", None
    if dates.day_first is not None or not dates.orders["?"]:
        return dates.day_first, "", None
    if dates.orders["day"] and dates.orders["month"]:
        unclear = f"some dates are day first, some month first; {dates.unclear!r} may be either"
    elif len(conventions.date_orders) == 1:
        ((day_first, source),) = conventions.date_orders.items()
        return day_first, f"as in {source!r}", None
    else:
        unclear = f"{dates.unclear!r} may be day first or month first"
    return None, "", f"{unclear}: {ORDER_REMEDY}"


def _day_month_exchanged(stats: ColumnStats, day_first_option: bool | None) -> bool | None:
    """Return whether day and month of true dates are exchanged, None where that is open."""
    if not stats.is_day_month_swapped:
        return False
    return None if day_first_option is None else day_first_option == stats.dates.day_first


def _time_notes(
    stats: ColumnStats, day_first: bool | None, order_note: str, exchanged: bool
) -> list[str]:
    """Return notes of how the dates of a column are read."""
    dates = stats.dates
    notes = ["day and month of true dates exchanged back"] if exchanged else []
    numeric = dates.orders["?"] + dates.orders["day"] + dates.orders["month"]
    if numeric and day_first is not None:
        first = "day first" if day_first else "month first"
        notes.append(join_notes([first, order_note], " "))
    notes += [kind for kind in ("epoch", "serial") if dates.kinds[kind]]
    if dates.short_years:
        notes.append("two-digit years are of this century")
    if dates.naive or stats.moments or stats.numbers:
        notes.append("no time zone: taken as UTC")
    return notes
