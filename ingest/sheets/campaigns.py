"""Sheets of past campaigns: who was paid what, when, and what came of it. Their rows are
partnerships with outcomes.
"""

from collections.abc import Iterable
from dataclasses import replace

from ingest.sheets.column_role import ColumnRole

#: Counts that are the outcome of a partnership, where the rows are partnerships.
OUTCOMES = frozenset(
    {
        "likes",
        "comments",
        "shares",
        "views",
        "engagements",
        "engagement",
        "impressions",
        "total_likes",
    }
)
_DATES = frozenset({"date", "posted_at", "start_at"})
#: What no row of a campaign has: it would be a post of an account, or an account.
_OTHERS = frozenset({"post_id", "text", "hashtags", "posts_count"})
#: What a count of a campaign is called otherwise.
_SAME = {
    "total_likes": "likes",
    "engagement": "engagements",
    "impressions": "views",
    "posted_at": "start_at",
}


def is_campaign(targets: Iterable[str | None]) -> bool:
    """Return whether columns of these meanings tell a fee, a day and what came of it, and neither a
    post nor an account.

    >>> is_campaign(["handle", "date", "fee", "likes"]), is_campaign(["handle", "fee", "likes"])
    (True, False)
    """
    targets = set(targets)
    return (
        "fee" in targets and bool(targets & _DATES and targets & OUTCOMES) and not targets & _OTHERS
    )


def as_outcome(role: ColumnRole, roles: list[ColumnRole]) -> ColumnRole | None:
    """Return the role of a column of partnerships as an outcome, None where it is none or may be a
    mean of posts.

    A list that plans partnerships with its creators' followers may give their usual likes, without
    a word of it: then a column likes is an outcome only beside engagements or views.
    """
    targets = {other.target for other in roles if other.target}
    planned = {"followers", "start_at"} <= targets and not targets & {
        "engagements",
        "engagement",
        "views",
        "impressions",
    }
    if (
        role.target not in OUTCOMES | {"posted_at"}
        or planned
        or (role.target == "posted_at" and targets & {"date", "start_at"})
    ):
        return None
    target = _SAME.get(role.target, role.target)
    if target != role.target and target in targets:
        return role.as_unread(f"{role.target} beside {target}, which is used")
    note = "impressions are taken as views" if role.target == "impressions" else role.note
    return replace(role, target=target, note=note)
