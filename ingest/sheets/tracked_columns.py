"""Names of columns that mean something in lists to track alone: "Gebucht" is there the number of
deliverables, and open elsewhere. tracked_columns.csv has them.
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


@cache
def _columns() -> dict[tuple[str, ...], str]:
    """Return the tokens of each name -> its column."""
    return {
        tuple(header_tokens(fold(name))): row["column"]
        for row in read_word_list("tracked_columns.csv")
        for name in row["names"].split(" | ")
    }


def meaning_in_tables(header: str, tables: tuple[str, ...]) -> HeaderMeaning | None:
    """Return what a header means where these tables are read, None where it is not recognised.

    >>> meaning_in_tables("Abgelesen am", ("published_posts",)).column
    'observed_at'
    >>> meaning_in_tables("Abgelesen am", ("posts",)) is None
    True
    """
    meaning = header_meaning(header)
    if meaning is not None or PUBLISHED_POSTS not in tables:
        return meaning
    column = _columns().get(tuple(header_tokens(header)))
    return None if column is None else HeaderMeaning(column, concepts=frozenset({_TRACKED}))


def settle_tracked_columns(roles: list[ColumnRole], stats: list[ColumnStats]) -> list[ColumnRole]:
    """Return the roles with the columns of such names settled: unread where another column has the
    meaning, or where the values are not of its kind: a "Goal" may be "awareness", "Booked" a day.
    """
    others = {role.target: role.source for role in roles if not _is_tracked(role)}
    return [
        _settle(role, stats[role.index], others) if _is_tracked(role) else role for role in roles
    ]


def _is_tracked(role: ColumnRole) -> bool:
    return not role.is_mapped and role.target is not None and _TRACKED in role.concepts


def _settle(role: ColumnRole, stats: ColumnStats, others: dict[str | None, str]) -> ColumnRole:
    known = replace(role, how="known name in lists to track")
    if role.target in others:
        return known.as_unread(f"means the same as {others[role.target]!r}, which is used")
    kind = column_kinds()[str(role.target)]
    dates = stats.dates.read + stats.moments + stats.numbers
    if kind == "time" and 2 * dates < stats.filled_count:
        return known.as_unread("holds no dates")
    if kind in ("count", "real") and stats.filled_count and stats.numeric_share < 0.5:
        return known.as_unread("holds no numbers")
    return known
