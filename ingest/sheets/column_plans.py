"""How all columns of a sheet are read, by their roles and statistics, and the guesses that tell the
user so.
"""

from dataclasses import replace

from ingest.sheets import cell_readers
from ingest.sheets.cell_results import read_filled
from ingest.sheets.column_plan import ColumnPlan, SheetConventions
from ingest.sheets.column_role import ColumnRole
from ingest.sheets.column_stats import ColumnStats
from ingest.sheets.decimal_marks import OTHER_MARK, languages_of
from ingest.sheets.fee_plans import plan_fee_column
from ingest.sheets.header_meanings import column_kinds, header_tokens
from ingest.sheets.number_plans import is_whole_count, plan_number_column
from ingest.sheets.package_columns import read_package_cell, with_packages
from ingest.sheets.rate_plans import plan_rate_column
from ingest.sheets.row_patterns import CellRows
from ingest.sheets.sheet_types import Guess, SheetOptions
from ingest.sheets.time_plans import plan_time_column


def make_column_plans(
    roles: list[ColumnRole],
    stats: list[ColumnStats],
    sample: CellRows,
    options: SheetOptions,
    epoch: int,
) -> tuple[list[ColumnPlan], list[Guess]]:
    """Return the plans of the columns that are read, and a guess for every column, in order.

    `sample`: cells of the first rows; `epoch`: the date system of Excel, 1900 or 1904.
    """
    conventions = _sheet_conventions(roles, stats)
    has_currency_column = any(role.target == "currency" for role in roles)
    plans: dict[int, ColumnPlan] = {}
    guesses: dict[int, Guess] = {}
    rate_roles: list[tuple[ColumnRole, str]] = []
    for role in roles:
        target, index = role.target, role.index
        if target is None:
            guesses[index] = Guess(role.source, None, None, role.how, role.note, role.ambiguous)
        elif target.startswith("engagement_rate"):
            rate_roles.append((role, target))
        elif target in ("fee", "fee_usd"):
            by_column = has_currency_column and target == "fee"
            plans[index] = plan_fee_column(
                role, target, stats[index], conventions, options, by_column
            )
        else:
            plans[index] = _plan_column(role, target, stats[index], conventions, options, epoch)
    for role, target in rate_roles:
        plan = plan_rate_column(role, target, roles, stats, sample, conventions, options)
        if isinstance(plan, Guess):
            guesses[role.index] = plan
        elif any(plan.column == other.column for other in plans.values()):
            note = f"{plan.column} is there already"
            guesses[role.index] = replace(plan.guess, column=None, note=note)
        else:
            plans[role.index] = plan
    guesses |= {index: plan.guess for index, plan in plans.items()}
    return [plans[k] for k in sorted(plans)], [guesses[k] for k in sorted(guesses)]


def _sheet_conventions(roles: list[ColumnRole], stats: list[ColumnStats]) -> SheetConventions:
    """Return what all columns prove together."""
    decimals = _proven_marks(roles, stats)
    date_orders: dict[bool, str] = {}
    words: list[str] = []
    for role in roles:
        kind = column_kinds().get(role.target or "")
        column = stats[role.index]
        if kind == "time" and column.dates.day_first is not None:
            date_orders.setdefault(column.dates.day_first, role.source)
        words += [*header_tokens(role.source), *column.figures.words]
    return SheetConventions(decimals, date_orders, languages_of(words))


def _proven_marks(roles: list[ColumnRole], stats: list[ColumnStats]) -> dict[str, str]:
    """Return the decimal marks that columns prove, each with a column that does.

    Figures prove them, and counts whose marks all stand between thousands; where none does, the
    numbers in other texts.
    """
    proven: dict[str, str] = {}
    figures = [role for role in roles if column_kinds().get(role.target or "") in ("count", "real")]
    for role in figures:
        for mark in stats[role.index].figures.decimals:
            proven.setdefault(mark, role.source)
    for role in figures:
        group = stats[role.index].figures.grouping_mark(False) if is_whole_count(role) else None
        if group:
            proven.setdefault(OTHER_MARK[group], role.source)
    if not proven:
        for role in roles:
            for mark in stats[role.index].text_marks:
                proven.setdefault(mark, role.source)
    return proven


def _plan_column(
    role: ColumnRole,
    target: str,
    stats: ColumnStats,
    conventions: SheetConventions,
    options: SheetOptions,
    epoch: int,
) -> ColumnPlan:
    """Return how a column is read that holds neither fees nor rates."""
    kind = column_kinds()[target]
    if kind in ("count", "real"):
        return plan_number_column(role, target, stats, conventions, options)
    if kind == "time":
        return plan_time_column(role, target, stats, conventions, options, epoch)
    if target == "link":
        bare_handles = role.header_column in ("handle", "name", "platform_named")
        read = cell_readers.link_reader(bare_handles)
    elif target in cell_readers.CLOSED_LIST_COLUMNS:
        read = cell_readers.list_reader(target)
        if target == "format":
            read = with_packages(read)
    elif target == "package":
        read = read_filled(read_package_cell)
    else:
        read = cell_readers.READERS.get(target) or cell_readers.READERS[kind]
    if role.mapping and role.mapping.values:
        read = cell_readers.mapped_value_reader(role.mapping.values, read)
    guess = Guess(role.source, target, kind, role.how, role.note, role.ambiguous)
    return ColumnPlan(role.index, target, kind, read, guess)
