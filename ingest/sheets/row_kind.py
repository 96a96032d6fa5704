"""What the rows of a sheet are, posts, partnerships or creators, and what follows for columns whose
name is open.

All evidence decides it: what posts have (an id, a link, a caption, a time), what partnerships have,
averages, and whether an account stands at many dates.
"""

from dataclasses import replace

from ingest.sheets.campaigns import as_outcome, is_campaign
from ingest.sheets.column_role import ColumnRole
from ingest.sheets.dates import parse_date
from ingest.sheets.export_layouts import ExportLayout
from ingest.sheets.header_meanings import header_tokens
from ingest.sheets.row_patterns import (
    AccountColumns,
    CellRows,
    has_many_dates,
    is_account_count,
    is_daily,
    is_follower_history,
)
from ingest.sheets.sheet_types import SheetError, SheetOptions

_POST_SIGNS = {"post_id", "posted_at", "text", "likes_hidden", "repost", "followers_at_posting"}
#: What lists of posts have, and lists of creators sometimes.
_POST_HINTS = {"hashtags", "sponsored", "saves"}
_DEAL_SIGNS = {"deliverables", "start_at", "brand_niche", "engagements"}
#: What the rows are, a meaning -> what it is then, where the name is not the canonical one.
_INSTEAD = {
    ("posts", "total_likes"): "likes",
    ("creators", "posted_at"): "created_at",
}
_OF_POSTS = {"likes", "comments", "shares", "saves", "views"}
_TOTALS = {*_OF_POSTS, "total_likes", "reposts", "impressions"}
_RATES = {"engagement_rate", "engagement_rate_by_followers", "engagement_rate_by_views"}
#: Words of a name that say that its figure is the account's.
_ACCOUNT = {"creator", "handle", "channel"}
_WORDS = {"title": "title", "content": "text", "bio": "description"}
_TIMES = {"posted_at", "date", "created_at"}
AVERAGE_OF_COUNT = {
    "likes": "avg_likes",
    "comments": "avg_comments",
    "shares": "avg_shares",
    "views": "avg_views",
}


def detect_row_kind(roles: list[ColumnRole], post_links: bool, sample: CellRows) -> str:
    """Say what the rows of a sheet are: posts, partnerships or creators. `post_links`: a column
    links to posts.

    Raises SheetError for figures of each day, which are of no post.
    """
    targets = {role.target for role in roles} - {None}
    averages = targets & {*AVERAGE_OF_COUNT.values(), *_RATES}
    if "partnership_id" in targets or is_campaign(targets):
        return "partnerships"
    if {"followers", "posts_count"} <= targets and not targets & {"post_id", "likes"}:
        return "creators"
    if (
        targets & _POST_SIGNS
        or (post_links and targets & _TOTALS)
        or (targets & _POST_HINTS and not averages)
    ):
        return "posts"
    if targets & _DEAL_SIGNS:
        return "partnerships"
    if averages or has_follower_history(roles, sample):
        return "creators"
    when = targets & {*_TIMES, "timestamp", "made", "format"}
    posts = bool(
        when
        and targets & _TOTALS - {"total_likes"}
        and not ("timestamp" in when and "fee" in targets)
    )
    if (
        posts
        and not _who(roles)
        and (day := _at(roles, "date")) is not None
        and is_daily(sample, day)
    ):
        raise SheetError(
            "holds figures of each day, and not of each post: give a list of posts or of creators"
        )
    return "posts" if posts else "creators"


def drop_period_column(roles: list[ColumnRole], sample: CellRows) -> list[ColumnRole]:
    """Leave out the column that tells of which time the counts are. Raises SheetError where that is
    a day.
    """
    period = _at(roles, "period")
    if period is not None and any(parse_date(str(row[period])) for row in sample):
        raise SheetError("holds the counts of each day: export those of the posts' whole lifetime")
    return [
        role.as_unread("the period of the counts") if role.index == period else role
        for role in roles
    ]


def _at(roles: list[ColumnRole], *targets: str) -> int | None:
    """Return the position of the first column that is one of these, in their order."""
    return next((role.index for target in targets for role in roles if role.target == target), None)


def _who(roles: list[ColumnRole]) -> AccountColumns:
    """Return the positions of the columns that say whose a row is."""
    own = _at(roles, "creator_id", "id", "handle", "name")
    platform = _at(roles, "platform")
    return tuple(index for index in (own, platform) if index is not None) if own is not None else ()


def _whose_history(roles: list[ColumnRole]) -> AccountColumns:
    """Return the same of a list of accounts, which links may name too."""
    link = _at(roles, "link")
    return _who(roles) or (() if link is None else (link,))


def drop_follower_gains_by_date(roles: list[ColumnRole], sample: CellRows) -> list[ColumnRole]:
    """Leave out followers of a list that has an account at many dates where they may be gained
    since the last one.
    """
    when, who = _at(roles, "date"), _whose_history(roles)
    if when is None or not has_many_dates(sample, when, who) or has_follower_history(roles, sample):
        return roles
    question = (
        "of the account, or gained since the last date? If of the account, map it to followers, "
        "the date to observed_at"
    )
    return [
        role.as_unread(ambiguous=question)
        if role.target == "followers" and not role.is_mapped
        else role
        for role in roles
    ]


def has_follower_history(roles: list[ColumnRole], sample: CellRows) -> bool:
    """Say whether the rows tell the followers of accounts at many dates."""
    when, followers = _at(roles, "date", "observed_at", "timestamp"), _at(roles, "followers")
    if when is None or followers is None:
        return False
    return is_follower_history(sample, when, _whose_history(roles), followers)


def resolve_by_row_kind(
    role: ColumnRole, row_kind: str, roles: list[ColumnRole], history: bool
) -> ColumnRole:
    """Settle what depends on whether the rows are posts, partnerships or creators."""
    if role.is_mapped or role.target is None:
        return role
    if row_kind == "partnerships" and (outcome := as_outcome(role, roles)):
        return outcome
    targets = {other.target for other in roles}
    if role.target == "id":
        return replace(
            role,
            target={"posts": "post_id", "partnerships": "partnership_id"}.get(
                row_kind, "creator_id"
            ),
        )
    if role.target in ("date", "timestamp", "made", "created_at"):
        return _moment(role, row_kind, targets, history)
    if role.target in ("title", "content") or (row_kind == "posts" and _describes(role)):
        known = row_kind == "posts" and not targets & (
            {"text"} if role.target == "bio" else {"text", "bio"}
        )
        return replace(role, target="text") if known else role.as_unread(f"a {_WORDS[role.target]}")
    if (
        row_kind == "posts"
        and role.target == "language"
        and not role.is_exact
        and not role.concepts & _ACCOUNT
    ):
        return role.as_unread("of the post, and not of the account")
    if (
        not role.is_exact
        and (target := _INSTEAD.get((row_kind, role.target)))
        and target not in targets
    ):
        return replace(role, target=target)
    if row_kind == "partnerships" and role.target == "posts_count" and not role.is_exact:
        return role.as_unread(
            ambiguous="posts booked, or posts of the account? Map it to deliverables or posts_count"
        )
    kept = {"creators": set(), "partnerships": {"views"}, "posts": _OF_POSTS}[row_kind]
    if role.target in _OF_POSTS - kept:
        if "total" in role.concepts:
            return role.as_unread("a total of all posts, for which there is no column")
        return as_unclear_mean(role)
    return role


def _describes(role: ColumnRole) -> bool:
    """Say whether a column describes what its row is, and not an account."""
    return role.target == "bio" and "description" in role.concepts and not role.concepts & _ACCOUNT


def _moment(role: ColumnRole, row_kind: str, targets: set[str | None], history: bool) -> ColumnRole:
    """Settle what a moment is of: the posting, the reading, the opening of the account, or the
    making of the row.
    """
    posted = row_kind == "posts" and not targets & ({*_TIMES} - {role.target})
    if role.target == "created_at":
        return (
            replace(role, target="posted_at")
            if row_kind == "posts" and not targets & {"posted_at", "date"}
            else role
        )
    if role.target == "made":
        return role.as_unread(
            ambiguous="when it was posted or opened, or when the row was made? Map it to a column, "
            "or to -"
        )
    if posted:
        return replace(role, target="posted_at")
    if (
        history or (row_kind == "posts" and role.target == "timestamp")
    ) and "observed_at" not in targets:
        return replace(role, target="observed_at", note="when the row was read")
    if role.target == "timestamp":
        return role.as_unread("when the row was made")
    if row_kind == "partnerships" and "start_at" not in targets:
        return replace(role, target="start_at")
    return role.as_unread(ambiguous="a date of what? Map it to a column")


def drop_post_gains(roles: list[ColumnRole], sample: CellRows) -> list[ColumnRole]:
    """Leave out what posts gained: followers count where the name or the values say that they are
    the account's.
    """
    who, counts = _who(roles), _at(roles, "likes", "views")

    def settled(role: ColumnRole) -> ColumnRole:
        if (
            role.target not in ("followers", "following")
            or role.is_mapped
            or role.concepts & _ACCOUNT
        ):
            return role
        if role.is_exact:
            return role
        if role.target == "followers" and is_account_count(sample, role.index, who, counts):
            return role
        if role.target == "following" and "follows" not in role.concepts:
            return role
        return role.as_unread(
            ambiguous="of the account, or gained by the post? If of the account, map it to "
            f"{role.target}"
        )

    return [settled(role) for role in roles]


def resolve_by_platform(
    roles: list[ColumnRole], options: SheetOptions, form: ExportLayout | None
) -> list[ColumnRole]:
    """Settle what X defines: there reposts are shares and impressions views; elsewhere impressions
    are no views.
    """
    tweets = any(
        {"retweet", "retweets", "tweet", "tweets"} & set(header_tokens(role.source))
        for role in roles
    )
    is_x = "x" in (options.platform, form.platform if form else None) or tweets
    shares, reposts = _at(roles, "shares"), _at(roles, "reposts")

    def settled(role: ColumnRole) -> ColumnRole:
        if (
            role.target in ("shares", "reposts")
            and None not in (shares, reposts)
            and not role.is_mapped
        ):
            if not is_x:
                return role.as_unread(
                    ambiguous="shares or reposts? Map one of the two to shares, the other to -"
                )
            return (
                role.as_unread("on X the shares are the reposts")
                if role.target == "shares"
                else replace(role, target="shares")
            )
        if role.target == "reposts":
            return replace(role, target="shares")
        if role.target == "impressions":
            known = is_x and _at(roles, "views") is None
            return (
                replace(role, target="views")
                if known
                else role.as_unread("impressions are no views: map it if they are meant")
            )
        return role

    return [settled(role) for role in roles]


def as_unclear_mean(role: ColumnRole) -> ColumnRole:
    """Return the role of a count that may be a mean of posts or a total, as unread."""
    mean = AVERAGE_OF_COUNT.get(role.target or "", role.target)
    return role.as_unread(
        ambiguous=f"a mean of posts, or a total? If it is the mean, map {role.source!r} to {mean}"
    )
