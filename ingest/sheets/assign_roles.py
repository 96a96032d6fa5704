"""The roles of all columns of a sheet together: what one column means depends on the others.

Nothing is picked silently: of two columns that mean the same figure neither is used, and the
guesses say so.
"""

from dataclasses import replace

from features.tables.schema import TABLE_SPECS
from ingest.sheets.account_columns import drop_row_number_ids, one_identity, one_platform
from ingest.sheets.booking_columns import (
    find_booking_column,
    mark_possible_bookings,
    mark_possible_counts,
)
from ingest.sheets.column_role import ColumnRole
from ingest.sheets.column_stats import ColumnStats
from ingest.sheets.export_layouts import ExportLayout
from ingest.sheets.header_roles import EXCLUSIVE_COLUMNS, header_roles
from ingest.sheets.row_kind import (
    AVERAGE_OF_COUNT,
    as_unclear_mean,
    detect_row_kind,
    drop_follower_gains_by_date,
    drop_period_column,
    drop_post_gains,
    has_follower_history,
    resolve_by_platform,
    resolve_by_row_kind,
)
from ingest.sheets.row_patterns import CellRows
from ingest.sheets.sheet_records import SheetSource
from ingest.sheets.sheet_types import SheetOptions
from ingest.sheets.tracked_columns import PUBLISHED_POSTS


def unread_column_name(role: ColumnRole) -> str:
    """Return the name of what an unclear column holds; "unclear_column" where no table has it.

    >>> from ingest.sheets.header_meanings import HeaderMeaning
    >>> unread_column_name(ColumnRole(0, "Likes", None, "known name", HeaderMeaning("likes")))
    'avg_likes'
    """
    column = {"fee": "fee_usd", **AVERAGE_OF_COUNT}.get(role.header_column, role.header_column)
    if column in TABLE_SPECS["prospects"].names or column == "engagement_rate":
        return column
    return "unclear_column"


def assign_roles(
    source: SheetSource,
    stats: list[ColumnStats],
    options: SheetOptions,
    tables: tuple[str, ...],
    layout: ExportLayout | None = None,
    sample: CellRows | None = None,
) -> tuple[list[ColumnRole], str]:
    """Return the role of every column, in order, and what the rows are (see `detect_row_kind`).

    `layout`: the known layout that the header has; `sample`: cells of the first rows. Raises
    SheetError for a map to a column that does not exist, and for figures of each day.
    """
    sample = sample or []
    roles = header_roles(source, stats, options, layout, tables)
    roles = drop_period_column(roles, sample)
    if "prospects" in tables and layout is None:
        roles = find_booking_column(roles, stats)
    filled = [role for role in roles if stats[role.index].filled_count]
    post_links = any(
        role.target == "link" and stats[role.index].words.share("posts") >= 0.5 for role in filled
    )
    row_kind = layout.table if layout else detect_row_kind(filled, post_links, sample)
    if PUBLISHED_POSTS in tables:
        row_kind = "posts"
    if row_kind != "posts" and "prospects" in tables and layout is None:
        roles = mark_possible_bookings(roles, stats)
        roles = mark_possible_counts(roles, stats)
    history = row_kind == "creators" and has_follower_history(filled, sample)
    if row_kind == "creators":
        roles = drop_follower_gains_by_date(roles, sample)
    roles = [resolve_by_row_kind(role, row_kind, roles, history) for role in roles]
    if row_kind == "posts":
        roles = drop_post_gains(roles, sample)
    roles = resolve_by_platform(roles, options, layout)
    roles = _match_fees_to_currencies(roles)
    roles = one_platform(roles, options)
    roles = drop_row_number_ids(roles, row_kind, stats, sample)
    roles = one_identity(roles, stats)
    roles = _drop_duplicates(roles)
    return [_restrict_to_tables(role, tables) for role in roles], row_kind


def _match_fees_to_currencies(roles: list[ColumnRole]) -> list[ColumnRole]:
    """Let a column of currencies belong to the fees that it is of: not to a column fee_usd, where
    there are others.
    """
    if not any(role.target == "currency" for role in roles):
        return roles
    fees = [role for role in roles if role.target == "fee"]
    if fees:
        in_usd = [role for role in fees if role.is_exact and role.currency]
        if len(fees) == len(in_usd):
            return roles
        return [replace(role, target="fee_usd") if role in in_usd else role for role in roles]
    rates = [role for role in roles if role.header_column == "rate" and role.target is None]
    if len(rates) == 1 and not rates[0].mapping:
        # "Rate" may be one of engagement, but a rate of engagement is in no currency
        return [replace(role, target="fee") if role is rates[0] else role for role in roles]
    return [
        role.as_unread("the currency of no fee") if role.target == "currency" else role
        for role in roles
    ]


def _drop_duplicates(roles: list[ColumnRole]) -> list[ColumnRole]:
    """Return the roles with one column of each meaning: the mapped one, else the one with the exact
    name, else the first; of figures none.
    """
    unique_roles = list(roles)
    for target in {role.target for role in roles} - {None, "link"}:
        rivals = [role for role in roles if role.target == target]
        if len(rivals) > 1:
            for role in _settle_rivals(str(target), rivals):
                unique_roles[role.index] = role
    return unique_roles


def _settle_rivals(target: str, rivals: list[ColumnRole]) -> list[ColumnRole]:
    """Return several columns of one target, all but one or all as unread."""
    mapped = [role for role in rivals if role.is_mapped]
    preferred = mapped or [role for role in rivals if role.is_exact]
    if len(preferred) == 1 or (target not in EXCLUSIVE_COLUMNS and not preferred):
        winner = (preferred or rivals)[0]
        note = f"means the same as {winner.source!r}, which is used"
        return [role if role is winner else role.as_unread(note) for role in rivals]
    unread = []
    for role in rivals:
        others = ", ".join(repr(other.source) for other in rivals if other is not role)
        remedy = f"map one of them to {target}, the other to -"
        unread.append(role.as_unread(ambiguous=f"means the same as {others}: {remedy}"))
    return unread


def _restrict_to_tables(role: ColumnRole, tables: tuple[str, ...]) -> ColumnRole:
    """Leave out a column that none of `tables` has."""
    if role.target is None:
        return role
    columns = {"link", "name", "total_likes"}
    for table in tables:
        columns |= set(TABLE_SPECS[table].names)
    if "creators" in tables:
        columns.add("followers_at_posting")
    stand_ins = {"fee": "fee_usd", "engagement_rate": "engagement_rate_by_views"}
    if stand_ins.get(role.target, role.target) in columns:
        return role
    has_average = AVERAGE_OF_COUNT.get(role.target) in columns
    if has_average and not role.is_mapped and "total" not in role.concepts:
        return as_unclear_mean(role)
    return role.as_unread(
        f"known as {role.target}, for which {' and '.join(tables)} have no column"
    )
