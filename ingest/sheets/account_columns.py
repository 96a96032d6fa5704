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
    roles: list[ColumnRole], nature: str, surveys: list[ColumnStats], sample: list[list[Cell]]
) -> list[ColumnRole]:
    """Leave out ids that are running numbers.

    An id by its canonical name stays one, and so do numbers that come back as the authors of posts,
    unless they stand for several names among the sampled rows; and numbers that come back where
    nothing else names the creator.
    """
    return [
        _checked(role, roles, nature, surveys, sample)
        if role.target in ("creator_id", "post_id", "partnership_id") and role.how != "map file"
        else role
        for role in roles
    ]


def _checked(
    role: ColumnRole,
    roles: list[ColumnRole],
    nature: str,
    surveys: list[ColumnStats],
    sample: list[list[Cell]],
) -> ColumnRole:
    survey = surveys[role.index]
    if not survey.may_number_rows:
        return role
    if role.target != "creator_id":
        kept = role.name.exact or (role.target == "partnership_id" and role.name.column != "id")
        return role if kept else role.as_unread("a row number")
    others = [
        one
        for one in roles
        if one is not role and (one.target == "name" or _names_account(one, surveys[one.index]))
    ]
    others = [one for one in others if one.target != "creator_id"]
    comes_back = role.name.column != "id" and survey.repeats
    if role.name.exact or (comes_back and nature == "posts"):
        told = "a row number: the same number stands for several names"
        return role.as_unread(told) if _contradicted(role, others, roles, sample) else role
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
    """Say whether most of the ids that come back come back with another name on the same platform."""
    platforms = [one.index for one in roles if one.target == "platform"]
    for other in others:
        names: dict[tuple, list[str]] = {}
        for row in sample:
            if name := str(row[other.index]).strip().casefold():
                names.setdefault(
                    (str(row[role.index]), *(str(row[k]) for k in platforms)), []
                ).append(name)
        again = [found for found in names.values() if len(found) > 1]
        if again and sum(len(set(found)) > 1 for found in again) > len(again) / 2:
            return True
    return False


def one_platform(roles: list[ColumnRole], options: SheetOptions) -> list[ColumnRole]:
    """Keep the columns of the platform that is asked for, else of the only one that columns name."""
    roles = [
        role.as_unread("of another platform or site") if role.platform == "elsewhere" else role
        for role in roles
    ]
    named_ones = [role for role in roles if role.target is not None and role.platform]
    platforms = sorted({role.platform for role in named_ones})
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
    told = f"columns of {side} stand side by side: name one by --platform, and read the sheet once for each"
    return [role.as_unread(ambiguous=told) if role in named_ones else role for role in roles]


def is_other_account(role: ColumnRole, options: SheetOptions) -> bool:
    """Say whether a column names accounts of another platform of ours than the one that is asked
    for.
    """
    other = (
        options.platform
        and role.target is None
        and role.platform not in (None, "elsewhere", options.platform)
    )
    return bool(other) and role.name.column in ("platform_named", "handle", "link", "channel")


def one_identity(roles: list[ColumnRole], surveys: list[ColumnStats]) -> list[ColumnRole]:
    """Let a name stand in for the handle only where nothing else, or nothing but small numbers,
    names the creator.
    """
    names = [role for role in roles if role.target == "name"]
    telling = [role for role in roles if _names_account(role, surveys[role.index])]
    telling = [
        role
        for role in telling
        if role.target != "creator_id" or not surveys[role.index].may_number_rows
    ]
    if not names:
        return roles
    if telling:
        told = f"a name; {telling[0].source!r} tells who it is"
        return [role.as_unread(told) if role.target == "name" else role for role in roles]
    best = min(names, key=lambda role: (surveys[role.index].words.share("spaced"), role.index))
    used = replace(best, target="handle", note="stands in for the handle, which the sheet has not")
    return [
        used if r is best else r.as_unread(f"a name; {best.source!r} is used") if r in names else r
        for r in roles
    ]


def _names_account(role: ColumnRole, survey: ColumnStats) -> bool:
    """Say whether a column names accounts: links of posts, of media or of other sites name none."""
    if role.target != "link" or role.how == "map file":
        return role.target in ("handle", "link", "creator_id") and bool(survey.filled_count)
    return survey.words.accounts > 0 or survey.words.texts > survey.words.links
