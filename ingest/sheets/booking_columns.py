"""Columns that say by their values what rows book ("1 Reel + 3 Stories"), whatever their name.

Without one, every row would be one post, so that a package looks cheap: such a column is found, or
it is told that one may be there.
A column "Posts" of small numbers beside fees or formats may be one too.
"""

from dataclasses import replace

from ingest.sheets.column_role import ColumnRole
from ingest.sheets.column_stats import ColumnStats
from ingest.sheets.package_columns import BOOKING_COLUMNS

#: Statistics that such a column needs.
BOOKING_STATS = {"formats", "bookings"}
#: Names that leave open whether a column says what is booked; "" is no known name.
_OPEN_NAMES = ("", "content", "posts_count", "bio", "title", "text")
#: What is unclear of a column of posts that may say how many are booked.
BOOKED_OR_POSTED = "posts booked, or posts of the account? Map it to deliverables or posts_count"
#: More posts than these are not booked at once: they are posts of an account.
MOST_BOOKED = 20
#: From this share of bookings on, a column with other values is told to be unclear.
_FEW = 0.2


def may_name_bookings(column: str) -> bool:
    """Return whether the values of a column with this meaning may say what rows book."""
    return column in _OPEN_NAMES


def find_booking_column(roles: list[ColumnRole], stats: list[ColumnStats]) -> list[ColumnRole]:
    """Return the roles with a column of packages that is told by its values: more than half of them
    name formats, some with a number. Several such columns are unclear.
    """
    if _says_bookings(roles, stats):
        return roles
    sure = [role for role in roles if _is_open(role) and _is_sure(stats[role.index])]
    found = {role.index: _as_unclear(role, stats[role.index]) for role in sure}
    if len(sure) == 1:
        note = "read as package because of its values"
        found = {sure[0].index: replace(sure[0], target="package", how="values", note=note)}
    return [found.get(role.index, role) for role in roles]


def mark_possible_bookings(roles: list[ColumnRole], stats: list[ColumnStats]) -> list[ColumnRole]:
    """Return the roles with the columns as unclear that may say what rows book: some of their
    values name formats with a number, or most of them formats alone.
    """
    if _says_bookings(roles, stats):
        return roles
    return [
        _as_unclear(role, stats[role.index])
        if _is_open(role) and _is_possible(stats[role.index])
        else role
        for role in roles
    ]


def mark_possible_counts(roles: list[ColumnRole], stats: list[ColumnStats]) -> list[ColumnRole]:
    """Return the roles with a column "Posts" as unclear where it may say how many posts are booked:
    its numbers are small, the sheet has fees or formats, and nothing else says how many.
    """
    filled = {role.target for role in roles if stats[role.index].filled_count}
    if filled & {"deliverables", "package"} or not filled & {"fee", "fee_usd", "format"}:
        return roles
    return [
        role.as_unread(ambiguous=BOOKED_OR_POSTED)
        if _may_count_bookings(role, stats[role.index])
        else role
        for role in roles
    ]


def _may_count_bookings(role: ColumnRole, column: ColumnStats) -> bool:
    """Return whether a column called "Posts", and no more, has small numbers only."""
    is_open = not (role.is_mapped or role.is_exact) and role.concepts == {"posts"}
    return role.target == "posts_count" and is_open and column.is_all_up_to(MOST_BOOKED)


def _says_bookings(roles: list[ColumnRole], stats: list[ColumnStats]) -> bool:
    """Return whether a column says what rows book."""
    return any(role.target in BOOKING_COLUMNS and stats[role.index].filled_count for role in roles)


def _is_open(role: ColumnRole) -> bool:
    """Return whether the name of a column leaves open that it says what rows book."""
    return not (role.is_mapped or role.ambiguous) and may_name_bookings(role.header_column)


def _is_possible(column: ColumnStats) -> bool:
    """Return whether some values of a column read like what is booked."""
    return column.words.share("bookings") >= _FEW or column.words.share("formats") > 0.5


def _is_sure(column: ColumnStats) -> bool:
    """Return whether most values of a column name formats, and some of them their number."""
    return column.words.bookings > 0 and 2 * column.words.formats > column.filled_count


def _as_unclear(role: ColumnRole, column: ColumnStats) -> ColumnRole:
    """Return the role of a column that may say what rows book."""
    example = f" ({column.words.first_booking!r})" if column.words.first_booking else ""
    return role.as_unread(
        ambiguous=f"may say what each row books{example}; as it is, each row counts as one post: "
        f"if it does, map {role.source!r} to package, else to - (--map)"
    )
