"""Names of columns that are open by themselves: "Gebucht" is the number of deliverables in lists of
posts with their partnerships. tracked_columns.csv has them, and which of them are read in other
lists too (`elsewhere`), where the values and the other columns agree.
"""

from dataclasses import replace
from functools import cache

from features.niche.tokens import fold
from ingest.sheets.column_role import ColumnRole
from ingest.sheets.column_stats import ColumnStats
from ingest.sheets.header_meanings import (
    HeaderMeaning,
    column_kinds,
    header_meaning,
    header_tokens,
)
from ingest.sheets.word_lists import read_word_list

#: The table of lists to track: their rows are posts, whatever else their columns name.
PUBLISHED_POSTS = "published_posts"
#: The mark of a meaning that is one of lists to track alone.
_TRACKED = "tracked"


#: Columns that say that the rows of a list are partnerships.
_DEALS = {"partnership_id", "package", "fee", "fee_usd", "start_at", "engagements", "engagement"}


@cache
def _columns(elsewhere: bool) -> dict[tuple[str, ...], str]:
    """Return the tokens of each name -> its column; `elsewhere`: those of other lists alone."""
    return {
        tuple(header_tokens(fold(name))): row["column"]
        for row in read_word_list("tracked_columns.csv")
        for name in row["names"].split(" | ")
        if row["elsewhere"] or not elsewhere
    }


def meaning_in_tables(header: str, tables: tuple[str, ...]) -> HeaderMeaning | None:
    """Return what a header means where these tables are read, None where it is not recognised.

    >>> meaning_in_tables("Live seit", ("published_posts",)).column
    'posted_at'
    >>> meaning_in_tables("Live seit", ("posts",)) is None
    True
    """
    meaning = header_meaning(header)
    if meaning is not None:
        return meaning
    column = _columns(PUBLISHED_POSTS not in tables).get(tuple(header_tokens(header)))
    return None if column is None else HeaderMeaning(column, concepts=frozenset({_TRACKED}))


def settle_tracked_columns(
    roles: list[ColumnRole], stats: list[ColumnStats], tables: tuple[str, ...]
) -> list[ColumnRole]:
    """Return the roles with the columns of such names settled: unread where another column has the
    meaning, or where the values are not of its kind: a "Goal" may be "awareness", "Booked" a day.
    """
    others = {role.target: role.source for role in roles if not _is_tracked(role)}
    settled = [
        _settle(role, stats[role.index], others) if _is_tracked(role) else role for role in roles
    ]
    if PUBLISHED_POSTS in tables:
        return settled
    return [
        _settle_elsewhere(role, stats[role.index], settled, tables) if _is_tracked(role) else role
        for role in settled
    ]


def _settle_elsewhere(
    role: ColumnRole, stats: ColumnStats, roles: list[ColumnRole], tables: tuple[str, ...]
) -> ColumnRole:
    """Return the role of such a column in another list: it is read where the rows are partnerships,
    as those of a list to score are, and no posts. A name that several rows have is a campaign's.
    """
    targets = {other.target for other in roles if not _is_tracked(other)}
    if targets & {"posted_at", "post_id"} or not (tables == ("prospects",) or targets & _DEALS):
        return role.as_unread(f"may be {role.target}, but the rows need not be partnerships")
    if role.target == "partnership_id" and (stats.has_repeats or not stats.filled_count):
        return role.as_unread("several rows have the same: no id of a partnership")
    return role


def _is_tracked(role: ColumnRole) -> bool:
    return not role.is_mapped and role.target is not None and _TRACKED in role.concepts


def _settle(role: ColumnRole, stats: ColumnStats, others: dict[str | None, str]) -> ColumnRole:
    known = replace(role, how="known name in lists of partnerships")
    if role.target in others:
        return known.as_unread(f"means the same as {others[role.target]!r}, which is used")
    kind = column_kinds()[str(role.target)]
    dates = stats.dates.read + stats.moments + stats.numbers
    if kind == "time" and 2 * dates < stats.filled_count:
        return known.as_unread("holds no dates")
    if kind in ("count", "real") and stats.filled_count and stats.numeric_share < 0.5:
        return known.as_unread("holds no numbers")
    return known
