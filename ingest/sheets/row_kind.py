"""What the rows of a sheet are, posts, partnerships or creators, and what follows for columns whose
name is open.

All evidence decides it: what posts have (an id, a link, a caption, a time), what partnerships have,
averages, and whether an account stands at many dates.
"""

from dataclasses import replace

from ingest.sheets.booking_columns import BOOKED_OR_POSTED
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
_TWEET_WORDS = {"retweet", "retweets", "tweet", "tweets"}
#: What the rows are -> the column that an id without more of a name is of.
_ID_COLUMNS = {"posts": "post_id", "partnerships": "partnership_id", "creators": "creator_id"}
#: What the rows are -> the counts of _OF_POSTS that they have.
_COUNTS_BY_KIND: dict[str, set[str]] = {
    "posts": _OF_POSTS,
    "partnerships": {"views"},
    "creators": set(),
}
AVERAGE_OF_COUNT = {
    "likes": "avg_likes",
    "comments": "avg_comments",
    "shares": "avg_shares",
    "views": "avg_views",
}


def detect_row_kind(roles: list[ColumnRole], post_links: bool, sample: CellRows) -> str:
    """Return what the rows of a sheet are: posts, partnerships or creators. `post_links`: a column
    links to posts.

    Raises SheetError for figures of each day, which are of no post.
    """
    targets = {role.target for role in roles} - {None}
    averages = targets & {*AVERAGE_OF_COUNT.values(), *_RATES}
    if "partnership_id" in targets or is_campaign(targets):
        return "partnerships"
    if {"followers", "posts_count"} <= targets and not targets & {"post_id", "likes"}:
        return "creators"
    has_linked_totals = post_links and targets & _TOTALS
    if targets & _POST_SIGNS or has_linked_totals or (targets & _POST_HINTS and not averages):
        return "posts"
    if targets & _DEAL_SIGNS:
        return "partnerships"
    if averages or has_follower_history(roles, sample):
        return "creators"
    when = targets & {*_TIMES, "timestamp", "made", "format"}
    has_counts = targets & _TOTALS - {"total_likes"}
    if not when or not has_counts or {"timestamp", "fee"} <= targets:
        return "creators"
    day = _at(roles, "date")
    if not _who(roles) and day is not None and is_daily(sample, day):
        raise SheetError(
            "holds figures of each day, and not of each post: give a list of posts or of creators"
        )
    return "posts"


def drop_period_column(roles: list[ColumnRole], sample: CellRows) -> list[ColumnRole]:
    """Leave out the column of the period that counts are of. Raises SheetError where that is a
    day.
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
    account, platform = _at(roles, "creator_id", "id", "handle", "name"), _at(roles, "platform")
    if account is None:
        return ()
    return (account,) if platform is None else (account, platform)


def _whose_history(roles: list[ColumnRole]) -> AccountColumns:
    """Return the positions of the columns that say whose a row is, in a list of accounts; there a
    link may say it too.
    """
    link = _at(roles, "link")
    return _who(roles) or (() if link is None else (link,))


def drop_follower_gains_by_date(roles: list[ColumnRole], sample: CellRows) -> list[ColumnRole]:
    """Leave out the followers of a list with many dates of each account where they may be those
    gained since the date before.
    """
    when, who = _at(roles, "date"), _whose_history(roles)
    if when is None or not has_many_dates(sample, when, who) or has_follower_history(roles, sample):
        return roles
    ambiguity = (
        "of the account, or gained since the last date? If of the account, map it to followers, "
        "the date to observed_at"
    )

    def without_gains(role: ColumnRole) -> ColumnRole:
        if role.target == "followers" and not role.is_mapped:
            return role.as_unread(ambiguous=ambiguity)
        return role

    return [without_gains(role) for role in roles]


def has_follower_history(roles: list[ColumnRole], sample: CellRows) -> bool:
    """Return whether the rows are followers of accounts at many dates."""
    when, followers = _at(roles, "date", "observed_at", "timestamp"), _at(roles, "followers")
    if when is None or followers is None:
        return False
    return is_follower_history(sample, when, _whose_history(roles), followers)


def resolve_by_row_kind(
    role: ColumnRole, row_kind: str, roles: list[ColumnRole], history: bool
) -> ColumnRole:
    """Return the role that a column has in rows of this kind.

    `roles`: of all columns; `history`: whether the rows are followers of accounts at many dates.
    """
    if role.is_mapped or role.target is None:
        return role
    if row_kind == "partnerships" and (outcome := as_outcome(role, roles)):
        return outcome
    targets = {other.target for other in roles}
    if role.target == "id":
        return replace(role, target=_ID_COLUMNS[row_kind])
    if role.target in ("date", "timestamp", "made", "created_at"):
        return _moment(role, row_kind, targets, history)
    if role.target in ("title", "content") or (row_kind == "posts" and _describes(role)):
        return _as_caption(role, row_kind, targets)
    if not role.is_exact:
        target = _INSTEAD.get((row_kind, role.target))
        if target and target not in targets:
            return replace(role, target=target)
        if row_kind == "posts" and role.target == "language" and not role.concepts & _ACCOUNT:
            return role.as_unread("of the post, and not of the account")
        if row_kind == "partnerships" and role.target == "posts_count":
            return role.as_unread(ambiguous=BOOKED_OR_POSTED)
    if role.target in _OF_POSTS - _COUNTS_BY_KIND[row_kind]:
        if "total" in role.concepts:
            return role.as_unread("a total of all posts, for which there is no column")
        return as_unclear_mean(role)
    return role


def _as_caption(role: ColumnRole, row_kind: str, targets: set[str | None]) -> ColumnRole:
    """Return a title, content or description as the caption of posts that have no other, else as
    unread.
    """
    captions = {"text"} if role.target == "bio" else {"text", "bio"}
    if row_kind == "posts" and not targets & captions:
        return replace(role, target="text")
    return role.as_unread(f"a {_WORDS[str(role.target)]}")


def _describes(role: ColumnRole) -> bool:
    """Return whether a column describes what its row is, and not an account."""
    return role.target == "bio" and "description" in role.concepts and not role.concepts & _ACCOUNT


def _moment(role: ColumnRole, row_kind: str, targets: set[str | None], history: bool) -> ColumnRole:
    """Return the role of a moment: the posting, the reading, the opening of the account, or the
    making of the row.
    """
    is_only_time = not targets & (_TIMES - {role.target})
    if role.target == "created_at":
        is_posting = row_kind == "posts" and is_only_time
        return replace(role, target="posted_at") if is_posting else role
    if role.target == "made":
        return role.as_unread(
            ambiguous="when it was posted or opened, or when the row was made? Map it to a column, "
            "or to -"
        )
    if row_kind == "posts" and is_only_time:
        return replace(role, target="posted_at")
    may_be_reading = history or (row_kind == "posts" and role.target == "timestamp")
    if may_be_reading and "observed_at" not in targets:
        return replace(role, target="observed_at", note="when the row was read")
    if role.target == "timestamp":
        return role.as_unread("when the row was made")
    if row_kind == "partnerships" and "start_at" not in targets:
        return replace(role, target="start_at")
    return role.as_unread(ambiguous="a date of what? Map it to a column")


def drop_post_gains(roles: list[ColumnRole], sample: CellRows) -> list[ColumnRole]:
    """Leave out what posts gained: followers and following are read where the name or the values
    say that they are those of the account.
    """
    who, counts = _who(roles), _at(roles, "likes", "views")

    def without_gains(role: ColumnRole) -> ColumnRole:
        if role.target not in ("followers", "following"):
            return role
        if role.is_mapped or role.is_exact or role.concepts & _ACCOUNT:
            return role
        if role.target == "followers" and is_account_count(sample, role.index, who, counts):
            return role
        if role.target == "following" and "follows" not in role.concepts:
            return role
        return role.as_unread(
            ambiguous="of the account, or gained by the post? If of the account, map it to "
            f"{role.target}"
        )

    return [without_gains(role) for role in roles]


def resolve_by_platform(
    roles: list[ColumnRole], options: SheetOptions, form: ExportLayout | None
) -> list[ColumnRole]:
    """Return the roles with reposts and impressions settled: on X reposts are shares and
    impressions are views; elsewhere impressions are no views.
    """
    has_tweets = any(_TWEET_WORDS & set(header_tokens(role.source)) for role in roles)
    is_x = "x" in (options.platform, form.platform if form else None) or has_tweets
    has_shares_and_reposts = {"shares", "reposts"} <= {role.target for role in roles}
    has_views = _at(roles, "views") is not None

    def resolved(role: ColumnRole) -> ColumnRole:
        is_rival = role.target in ("shares", "reposts") and has_shares_and_reposts
        if is_rival and not role.is_mapped and not is_x:
            return role.as_unread(
                ambiguous="shares or reposts? Map one of the two to shares, the other to -"
            )
        if is_rival and not role.is_mapped and role.target == "shares":
            return role.as_unread("on X the shares are the reposts")
        if role.target == "reposts":
            return replace(role, target="shares")
        if role.target == "impressions" and is_x and not has_views:
            return replace(role, target="views")
        if role.target == "impressions":
            return role.as_unread("impressions are no views: map it if they are meant")
        return role

    return [resolved(role) for role in roles]


def as_unclear_mean(role: ColumnRole) -> ColumnRole:
    """Return the role of a count that may be a mean of posts or a total, as unread."""
    mean = AVERAGE_OF_COUNT.get(role.target or "", role.target)
    return role.as_unread(
        ambiguous=f"a mean of posts, or a total? If it is the mean, map {role.source!r} to {mean}"
    )
