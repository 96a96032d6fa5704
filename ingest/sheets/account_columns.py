"""Which columns say whose account a row is: of one platform, and of ids, handles, links and names
those that tell it.

A running number is no id: it counts rows, and another list has the same numbers for other people.
"""

from dataclasses import replace

from ingest.sheets.column_role import ColumnRole
from ingest.sheets.column_stats import ColumnStats
from ingest.sheets.sheet_types import SheetOptions
from ingest.sheets.workbook import Cell


def drop_row_number_ids(
    roles: list[ColumnRole], row_kind: str, stats: list[ColumnStats], sample: list[list[Cell]]
) -> list[ColumnRole]:
    """Leave out ids that are running numbers.

    An id by its canonical name stays one, and so do numbers that come back as the authors of posts,
    unless they stand for several names among the sampled rows; and numbers that come back where
    nothing else names the creator.
    """
    return [
        _drop_row_number_id(role, roles, row_kind, stats, sample)
        if role.target in ("creator_id", "post_id", "partnership_id") and not role.is_mapped
        else role
        for role in roles
    ]


def _drop_row_number_id(
    role: ColumnRole,
    roles: list[ColumnRole],
    row_kind: str,
    stats: list[ColumnStats],
    sample: list[list[Cell]],
) -> ColumnRole:
    if not stats[role.index].may_number_rows:
        return role
    if role.target != "creator_id":
        is_named_id = role.target == "partnership_id" and role.header_column != "id"
        return role if role.is_exact or is_named_id else role.as_unread("a row number")
    others = [
        one
        for one in roles
        if one is not role and (one.target == "name" or _names_account(one, stats[one.index]))
    ]
    others = [one for one in others if one.target != "creator_id"]
    comes_back = role.header_column != "id" and stats[role.index].repeats
    if role.is_exact or (comes_back and row_kind == "posts"):
        note = "a row number: the same number stands for several names"
        return role.as_unread(note) if _contradicted(role, others, roles, sample) else role
    if others:
        return role.as_unread(f"a row number; {others[0].source!r} tells who it is")
    if comes_back:
        return role
    return role.as_unread(
        "a row number; if it is the id of the account, map it to creator_id (--map)"
    )


def _contradicted(
    role: ColumnRole, others: list[ColumnRole], roles: list[ColumnRole], sample: list[list[Cell]]
) -> bool:
    """Return whether most ids that come back stand for several names on one platform."""
    platforms = [one.index for one in roles if one.target == "platform"]
    for other in others:
        names: dict[tuple, list[str]] = {}
        for row in sample:
            if name := str(row[other.index]).strip().casefold():
                names.setdefault(
                    (str(row[role.index]), *(str(row[k]) for k in platforms)), []
                ).append(name)
        recurring = [group for group in names.values() if len(group) > 1]
        contradicted = [group for group in recurring if len(set(group)) > 1]
        if recurring and len(contradicted) > len(recurring) / 2:
            return True
    return False


def one_platform(roles: list[ColumnRole], options: SheetOptions) -> list[ColumnRole]:
    """Keep the columns of the platform of the options, else of the only one that columns name."""
    roles = [
        role.as_unread("of another platform or site") if role.platform == "elsewhere" else role
        for role in roles
    ]
    named_ones = [role for role in roles if role.target is not None and role.platform]
    platforms = sorted({role.platform for role in named_ones if role.platform})
    chosen = options.platform
    if chosen:
        other = {role.index for role in named_ones if role.platform != chosen}
        return [
            r.as_unread(f"of {r.platform}; {chosen} is asked for") if r.index in other else r
            for r in roles
        ]
    if len(platforms) < 2:
        return roles
    side = " and ".join(platforms)
    unclear = (
        f"columns of {side} stand side by side: name one by --platform, and read the sheet once "
        f"for each"
    )
    return [role.as_unread(ambiguous=unclear) if role in named_ones else role for role in roles]


def is_other_account(role: ColumnRole, options: SheetOptions) -> bool:
    """Return whether a column names accounts of one of our platforms, but not of the requested
    one.
    """
    if not options.platform or role.target is not None:
        return False
    if role.platform in (None, "elsewhere", options.platform):
        return False
    return role.header_column in ("platform_named", "handle", "link", "channel")


def one_identity(roles: list[ColumnRole], stats: list[ColumnStats]) -> list[ColumnRole]:
    """Return the roles with a name as the handle only where nothing else, or nothing but small
    numbers, names the creator. Names such as @someone are handles, where nothing but links of posts
    names the creator: not every link of a post does.
    """
    names = [role for role in roles if role.target == "name"]
    if not names:
        return roles
    identities = [
        role
        for role in roles
        if _names_account(role, stats[role.index])
        and (role.target != "creator_id" or not stats[role.index].may_number_rows)
    ]
    if all(_links_posts(role, stats[role.index]) for role in identities):
        handles = [role for role in names if stats[role.index].words.share("mentions") >= 0.5]
        names, identities = handles or names, [] if handles else identities
    if identities:
        note = f"a name; {identities[0].source!r} tells who it is"
        return [role.as_unread(note) if role.target == "name" else role for role in roles]
    best = min(names, key=lambda role: (stats[role.index].words.share("spaced"), role.index))
    handle = replace(
        best, target="handle", note="stands in for the handle, which the sheet has not"
    )
    note = f"a name; {best.source!r} is used"

    def with_one_name(role: ColumnRole) -> ColumnRole:
        if role is best:
            return handle
        return role.as_unread(note) if role.target == "name" else role

    return [with_one_name(role) for role in roles]


def _links_posts(role: ColumnRole, stats: ColumnStats) -> bool:
    """Return whether a column links to posts."""
    return role.target == "link" and not role.is_mapped and stats.words.share("posts") >= 0.5


def _names_account(role: ColumnRole, stats: ColumnStats) -> bool:
    """Return whether a column names accounts; links of posts, media or other sites name none."""
    if role.target != "link" or role.is_mapped:
        return role.target in ("handle", "link", "creator_id") and bool(stats.filled_count)
    return stats.words.accounts > 0 or stats.words.texts > stats.words.links
