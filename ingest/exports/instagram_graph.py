"""Instagram Graph API: business_discovery, users, media with their paging, and insights, as data."""

import re

from features.tables.schema import POSTS
from ingest.exports.coauthors import resolve_owner
from ingest.exports.record_paths import get_path
from ingest.exports.record_shapes import (
    CHILD,
    COMMENT,
    METRICS,
    READ_TIME_PATHS,
    VIEWS_METRIC,
    Context,
    RecordShape,
)
from ingest.exports.value_parsers import InvalidValue, parse_handle, parse_number, parse_value

KIND = "instagram-graph"
FORMATS = {
    "IMAGE": "image",
    "VIDEO": "video",
    "CAROUSEL_ALBUM": "carousel",
    "STORY": "story",
    "REELS": "short",
}
#: The fields of an account by the Graph API's reference of IG User: other networks have a
#: followers_count too.
USER_FIELDS = frozenset((
    "id", "user_id", "username", "name", "followers_count", "website", "profile_picture_url",
    "is_verified",
    "is_verified_user", "is_published", "is_user_follow_business", "is_business_follow_user",
    "has_profile_pic",
    "tags", "stories", "media", "live_media", "mentioned_media", "insights", "alt_text",
    *READ_TIME_PATHS,
))  # fmt: skip
#: Fields of accounts of other forms and networks that have a followers_count or a biography too.
OTHER_NETWORK_FIELDS = frozenset((
    "screen_name", "pk", "follower_count", "edge_followed_by", "statuses_count", "friends_count",
    "followings_count",
))  # fmt: skip
#: How other networks call what stands in a caption here.
OTHER_CAPTION_FIELDS = frozenset(("text", "title", "content", "message", "body"))
METRIC_ID = re.compile(r"(\d+)/insights/(\w+)(?:/(\w+))?")
#: Column -> metrics that tell it, the best first: plays and impressions stood for views until they
#: were replaced.
METRIC_COLUMNS = {
    "views": (
        "views",
        "ig_reels_aggregated_all_plays_count",
        "plays",
        "video_views",
        "impressions",
    ),
    "saves": ("saved", "saves"),
    "shares": ("shares",),
    "likes": ("likes",),
    "comments": ("comments",),
}


def _metric_rows(record: dict) -> list[dict]:
    """Give the metrics of one post that a page holds, or that a record is; none where several posts
    are mixed.
    """
    rows = record.get("data") if isinstance(record.get("data"), list) else [record]
    ids = {
        METRIC_ID.match(row["id"])
        for row in rows
        if isinstance(row, dict) and isinstance(row.get("id"), str)
    }
    posts = {found.group(1) for found in ids if found}
    return (
        [row for row in rows if isinstance(row, dict) and "name" in row]
        if len(posts) == 1 and None not in ids
        else []
    )


def _is_metrics(r: dict) -> bool:
    rows = _metric_rows(r)
    return bool(rows) and all(row.get("period", "lifetime") == "lifetime" for row in rows)


def metric_values(rows: list) -> dict[str, float]:
    """Give what metrics tell, by their names: counts that are known and not below 0."""
    told = {}
    for row in (one for one in rows if isinstance(one, dict) and isinstance(one.get("name"), str)):
        value = metric_value(
            row["total_value"] if "total_value" in row else get_path(row, "values.0.value")
        )
        if value is not None:
            told[row["name"]] = value
    return told


def _add_metrics(row: dict, rows: list) -> None:
    """Add what metrics tell of a post, where the row does not know it yet."""
    told = metric_values(rows)
    for column, names in METRIC_COLUMNS.items():
        name = next((name for name in names if name in told), None)
        if row.get(column) is None and name is not None:
            row[column] = told[name]
            if column == "views":
                row[VIEWS_METRIC] = name


def metric_value(value: object) -> float | None:
    """Give a count that is known and not below 0, of a metric's object too; else None."""
    value = value.get("value") if isinstance(value, dict) else value
    try:
        amount = None if value is None else parse_number(value)
    except InvalidValue:
        return None
    return amount if amount is not None and amount >= 0 else None


def _finish_metrics(record: dict, row: dict, context: Context) -> None:
    rows = _metric_rows(record)
    row["post_id"] = METRIC_ID.match(rows[0]["id"]).group(1)
    _add_metrics(row, rows)


def _metrics_left(record: dict) -> list[str]:
    """Name the metrics that no column holds."""
    held = {name for names in METRIC_COLUMNS.values() for name in names}
    return [f"metric {row['name']}" for row in _metric_rows(record) if row["name"] not in held]


def _finish_media(record: dict, row: dict, context: Context) -> None:
    product = (
        FORMATS.get(record.get("media_product_type"))
        if isinstance(record.get("media_product_type"), str)
        else None
    )
    row["format"] = product or (
        FORMATS.get(record["media_type"]) if isinstance(record.get("media_type"), str) else None
    )
    if isinstance(insights := get_path(record, "insights.data"), list):
        _add_metrics(row, insights)
    if record.get("like_count") in (-1, "-1") and row.get("likes") is None:
        row["likes_hidden"] = True


def _likes(value: object) -> float | None:
    """Give the likes; -1 is how a hidden count is written."""
    return None if parse_number(value) == -1 else parse_value(value, POSTS["likes"])


def _is_business(account_type: object) -> bool | None:
    return (
        account_type == "BUSINESS"
        if account_type in ("BUSINESS", "MEDIA_CREATOR", "CREATOR", "PERSONAL")
        else None
    )


def _is_user(r: dict) -> bool:
    profile = ("follows_count", "media_count", "ig_id", "account_type", "biography")
    named = "id" in r or "username" in r or "user_id" in r
    holds = isinstance(r.get("media"), dict) and "data" in r["media"]
    ours = any(name in r for name in profile) or (
        "followers_count" in r and USER_FIELDS.issuperset(r)
    )
    return named and (ours or holds) and OTHER_NETWORK_FIELDS.isdisjoint(r)


def _is_media(r: dict) -> bool:
    told = (
        "like_count",
        "comments_count",
        "caption",
        "permalink",
        "media_product_type",
        "media_url",
    )
    typed = isinstance(r.get("media_type"), str) and r["media_type"] in FORMATS
    dated = isinstance(r.get("timestamp"), str) and any(name in r for name in told)
    counted = "like_count" in r and "comments_count" in r
    return "id" in r and (typed or dated or counted) and OTHER_CAPTION_FIELDS.isdisjoint(r)


SHAPES = (
    RecordShape(
        "Instagram metrics", KIND, "instagram", METRICS, _is_metrics, {},
        finish=_finish_metrics, list_unmapped=_metrics_left,
        finish_paths=("data", "id", "name", "period", "values", "total_value", "title",
            "description"),
    ),
    RecordShape(
        "Instagram user", KIND, "instagram", "creators", _is_user,
        {
            "creator_id": ("user_id", "id"),
            "handle": ("username",),
            "followers": ("followers_count",),
            "following": ("follows_count",),
            "posts_count": ("media_count",),
            "bio": ("biography",),
            "verified": ("is_verified", "is_verified_user"),
            "business": ("account_type",),
        },
        parsers={"handle": parse_handle, "business": _is_business},
        embedded_paths=("media", "stories"),
    ),
    RecordShape(
        "Instagram media", KIND, "instagram", "posts", _is_media,
        {
            "post_id": ("id",),
            "posted_at": ("timestamp",),
            "likes": ("like_count",),
            "comments": ("comments_count",),
            "shares": ("shares_count", "share_count"),
            "saves": ("saved_count", "save_count"),
            "views": ("view_count", "views"),
            "sponsored": ("is_paid_partnership", "is_branded_content"),
            "text": ("caption",),
        },
        {"creator_id": ("owner.id",), "handle": ("owner.username", "username")},
        parsers={"handle": parse_handle, "likes": _likes},
        finish=_finish_media,
        finish_paths=("media_type", "media_product_type", "insights"),
        remedy=": ask for the field timestamp",
        matches_bare=lambda r: "id" in r, resolve_owner=resolve_owner,
        ignored_paths={CHILD: ("children.data", "children"),
            COMMENT: ("comments.data", "comments")},
    ),
)  # fmt: skip
