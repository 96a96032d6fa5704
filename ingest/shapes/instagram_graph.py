"""Instagram Graph API, as data: business_discovery, users, media and insights."""

import re

from features.tables.schema import POSTS
from ingest.shapes.coauthors import resolve_owner
from ingest.shapes.record_paths import get_path
from ingest.shapes.record_shapes import (
    CHILD,
    COMMENT,
    METRICS,
    READ_TIME_PATHS,
    VIEWS_METRIC,
    Context,
    RecordShape,
)
from ingest.shapes.value_parsers import InvalidValue, parse_handle, parse_number, parse_value

KIND = "instagram-graph"
FORMATS = {
    "IMAGE": "image",
    "VIDEO": "video",
    "CAROUSEL_ALBUM": "carousel",
    "STORY": "story",
    "REELS": "short",
}
#: Fields that name an account, and those that only accounts have.
ID_FIELDS = ("id", "username", "user_id")
PROFILE_FIELDS = ("follows_count", "media_count", "ig_id", "account_type", "biography")
#: Fields that posts have beside their time.
MEDIA_FIELDS = (
    "like_count", "comments_count", "caption", "permalink", "media_product_type", "media_url",
)  # fmt: skip
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
#: Names that other networks have for the text of a caption.
OTHER_CAPTION_FIELDS = frozenset(("text", "title", "content", "message", "body"))
ACCOUNT_TYPES = ("BUSINESS", "MEDIA_CREATOR", "CREATOR", "PERSONAL")
METRIC_ID = re.compile(r"(\d+)/insights/(\w+)(?:/(\w+))?")
#: Column -> metrics of it, the best first: plays and impressions stood for views until they
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
    """Return the metrics of one post that a page holds, or that a record is; none where several
    posts are mixed.
    """
    if _post_of_metrics(record) is None:
        return []
    return [row for row in _page_rows(record) if "name" in row]


def _post_of_metrics(record: dict) -> str | None:
    """Return the id of the post whose metrics a page holds, from ids such as
    17/insights/reach/lifetime; None where there are several.
    """
    ids = [row["id"] for row in _page_rows(record) if isinstance(row.get("id"), str)]
    matches = [METRIC_ID.match(text) for text in ids]
    posts = {match.group(1) if match else None for match in matches}
    return posts.pop() if len(posts) == 1 else None


def _page_rows(record: dict) -> list[dict]:
    """Return the objects in the `data` of a page, or the record itself where it is no page."""
    items = record.get("data")
    if not isinstance(items, list):
        return [record]
    return [item for item in items if isinstance(item, dict)]


def _is_metrics(r: dict) -> bool:
    rows = _metric_rows(r)
    return bool(rows) and all(row.get("period", "lifetime") == "lifetime" for row in rows)


def metric_values(rows: list) -> dict[str, float]:
    """Return the name of a metric -> its value, of those that are known and not below 0."""
    values: dict[str, float] = {}
    for row in rows:
        if not isinstance(row, dict) or not isinstance(row.get("name"), str):
            continue
        total = row["total_value"] if "total_value" in row else get_path(row, "values.0.value")
        value = metric_value(total)
        if value is not None:
            values[row["name"]] = value
    return values


def _add_metrics(row: dict, rows: list) -> None:
    """Add what metrics tell of a post, where the row does not know it yet."""
    values = metric_values(rows)
    for column, names in METRIC_COLUMNS.items():
        name = next((name for name in names if name in values), None)
        if row.get(column) is None and name is not None:
            row[column] = values[name]
            if column == "views":
                row[VIEWS_METRIC] = name


def metric_value(value: object) -> float | None:
    """Return a count that is known and not below 0, of a metric's object too; else None."""
    value = value.get("value") if isinstance(value, dict) else value
    if value is None:
        return None
    try:
        count = parse_number(value)
    except InvalidValue:
        return None
    return count if count is not None and count >= 0 else None


def _finish_metrics(record: dict, row: dict, context: Context) -> None:
    row["post_id"] = _post_of_metrics(record)
    _add_metrics(row, _metric_rows(record))


def _list_unmapped_metrics(record: dict) -> list[str]:
    """Return the metrics that no column holds."""
    mapped = {name for names in METRIC_COLUMNS.values() for name in names}
    return [f"metric {row['name']}" for row in _metric_rows(record) if row["name"] not in mapped]


def _finish_media(record: dict, row: dict, context: Context) -> None:
    """Add the format, metrics that stand in the record, and whether the likes are hidden."""
    row["format"] = _format_of(record.get("media_product_type")) or _format_of(
        record.get("media_type")
    )
    if isinstance(insights := get_path(record, "insights.data"), list):
        _add_metrics(row, insights)
    if record.get("like_count") in (-1, "-1") and row.get("likes") is None:
        row["likes_hidden"] = True


def _format_of(name: object) -> str | None:
    return FORMATS.get(name) if isinstance(name, str) else None


def _parse_likes(value: object) -> object:
    """Return the likes; -1 is how a hidden count is written."""
    return None if parse_number(value) == -1 else parse_value(value, POSTS["likes"])


def _is_business(account_type: object) -> bool | None:
    return account_type == "BUSINESS" if account_type in ACCOUNT_TYPES else None


def _is_user(r: dict) -> bool:
    has_id = any(name in r for name in ID_FIELDS)
    has_media = isinstance(r.get("media"), dict) and "data" in r["media"]
    has_profile = any(name in r for name in PROFILE_FIELDS)
    has_user_fields_alone = "followers_count" in r and USER_FIELDS.issuperset(r)
    is_account = has_profile or has_user_fields_alone or has_media
    return has_id and is_account and OTHER_NETWORK_FIELDS.isdisjoint(r)


def _is_media(r: dict) -> bool:
    has_type = _format_of(r.get("media_type")) is not None
    has_content = any(name in r for name in MEDIA_FIELDS)
    has_time = isinstance(r.get("timestamp"), str) and has_content
    has_counts = "like_count" in r and "comments_count" in r
    is_media = has_type or has_time or has_counts
    return "id" in r and is_media and OTHER_CAPTION_FIELDS.isdisjoint(r)


SHAPES = (
    RecordShape(
        "Instagram metrics", KIND, "instagram", METRICS, _is_metrics, {},
        finish=_finish_metrics, list_unmapped=_list_unmapped_metrics,
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
        parsers={"handle": parse_handle, "likes": _parse_likes},
        finish=_finish_media,
        finish_paths=("media_type", "media_product_type", "insights"),
        remedy=": ask for the field timestamp",
        matches_bare=lambda r: "id" in r, resolve_owner=resolve_owner,
        ignored_paths={CHILD: ("children.data", "children"),
            COMMENT: ("comments.data", "comments")},
    ),
)  # fmt: skip
