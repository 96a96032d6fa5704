"""X: API v2 (users, posts with their expansions) and v1.1, as data."""

from ingest.shapes.captions import join_hashtags
from ingest.shapes.record_paths import get_path
from ingest.shapes.record_shapes import REFERENCED_POST, Context, RecordShape
from ingest.shapes.value_parsers import parse_handle, parse_language

KIND = "x-api"
#: How v2 and v1.1 name media -> format; several pictures make a carousel.
FORMATS = {"photo": "image", "video": "video", "animated_gif": "video"}
#: Fields that only posts and accounts of X have.
POST_FIELDS = ("conversation_id", "edit_history_tweet_ids", "referenced_tweets", "public_metrics")
USER_FIELDS = (
    "public_metrics", "pinned_tweet_id", "profile_image_url", "verified_type", "protected",
)  # fmt: skip
REMEDY = ": ask for tweet.fields=created_at,author_id,public_metrics"


def finish(record: dict, row: dict, context: Context) -> None:
    """Add whether the post is a repost, its format and its place."""
    is_retweet = _refers_to_retweeted(record) or isinstance(record.get("retweeted_status"), dict)
    row["repost"] = is_retweet or (row.get("text") or "").startswith("RT @")
    row["format"] = _format(record, context)
    if get_path(record, "geo.place_id") or record.get("place"):
        row["has_location"] = True


def _refers_to_retweeted(record: dict) -> bool:
    posts = record.get("referenced_tweets")
    if not isinstance(posts, list):
        return False
    return any(isinstance(post, dict) and post.get("type") == "retweeted" for post in posts)


def _format(record: dict, context: Context) -> str | None:
    """Return the format by the media attached; None where the record does not say what they are.
    Text alone has no format either.
    """
    types = [type_ for type_ in _media_types(record, context) if isinstance(type_, str)]
    formats = [FORMATS.get(type_) for type_ in types]
    if not formats or None in formats:
        return None
    return "carousel" if len(formats) > 1 else formats[0]


def _media_types(record: dict, context: Context) -> list[object]:
    """Return the types of the media attached, as the record or its page gives them."""
    media = (
        get_path(record, "attachments.media")
        or get_path(record, "extended_entities.media")
        or get_path(record, "entities.media")
    )
    if isinstance(media, list):
        return [item.get("type") for item in media if isinstance(item, dict)]
    keys = get_path(record, "attachments.media_keys")
    if not isinstance(keys, list):
        return []
    return [context.media.get(key) for key in keys if isinstance(key, str)]


def _parse_hashtags(values: object) -> str | None:
    return join_hashtags(values, "tag") or join_hashtags(values, "text")


def _is_bare_post(r: dict) -> bool:
    """Recognise a post of which a page gives no more than id and text, as v2 does where no field is
    requested.
    """
    return "id" in r and "text" in r and "user" not in r


def _is_post(r: dict) -> bool:
    """Recognise a post by what only X has: any network has id, text and created_at."""
    if not _is_bare_post(r) or not _is_number(r["id"]):
        return False
    return any(name in r for name in POST_FIELDS) or _has_author(r)


def _has_author(r: dict) -> bool:
    return _is_number(r.get("author_id")) or isinstance(get_path(r, "author.public_metrics"), dict)


def _is_number(value: object) -> bool:
    """Return whether a value can be an id of X: digits; one that is neither text nor missing is
    reported as no id later.
    """
    return value.isdigit() if isinstance(value, str) else value is not None


def _is_bare_user(r: dict) -> bool:
    return set(r) == {"id", "name", "username"}


def _is_user(r: dict) -> bool:
    has_names = "id" in r and "username" in r
    return has_names and "text" not in r and any(name in r for name in USER_FIELDS)


def _is_old_post(r: dict) -> bool:
    has_text = "full_text" in r or "text" in r
    return "id_str" in r and has_text and ("user" in r or "created_at" in r)


def _is_old_user(r: dict) -> bool:
    has_id = "id_str" in r or "id" in r
    return "screen_name" in r and has_id and ("followers_count" in r or "statuses_count" in r)


PARSERS = {"handle": parse_handle, "hashtags": _parse_hashtags, "language": parse_language}
FINISH_PATHS = (
    "attachments",
    "geo",
    "place",
    "extended_entities",
    "referenced_tweets",
    "retweeted_status",
)

SHAPES = (
    RecordShape(
        "X v1.1 post", KIND, "x", "posts", _is_old_post,
        {
            "post_id": ("id_str",),
            "posted_at": ("created_at",),
            "likes": ("favorite_count",),
            "comments": ("reply_count",),
            "shares": ("retweet_count",),
            "saves": ("bookmark_count",),
            "views": ("views.count", "ext_views.count"),
            "text": ("full_text", "extended_tweet.full_text", "text"),
            "hashtags": ("entities.hashtags",),
        },
        {
            "creator_id": ("user.id_str", "user.id", "user_id_str"),
            "handle": ("user.screen_name",),
            "followers": ("user.followers_count",),
            "following": ("user.friends_count",),
            "posts_count": ("user.statuses_count",),
            "created_at": ("user.created_at",),
            "bio": ("user.description",),
            "language": ("user.lang",),
            "verified": ("user.verified",),
        },
        parsers=PARSERS, finish=finish, finish_paths=(*FINISH_PATHS, "quoted_status"),
        ignored_paths={REFERENCED_POST: ("retweeted_status", "quoted_status")},
    ),
    RecordShape(
        "X v1.1 user", KIND, "x", "creators", _is_old_user,
        {
            "creator_id": ("id_str", "id"),
            "handle": ("screen_name",),
            "followers": ("followers_count",),
            "following": ("friends_count",),
            "posts_count": ("statuses_count",),
            "created_at": ("created_at",),
            "bio": ("description",),
            "language": ("lang",),
            "verified": ("verified",),
        },
        parsers=PARSERS,
    ),
    RecordShape(
        "X post", KIND, "x", "posts", _is_post,
        {
            "post_id": ("id",),
            "posted_at": ("created_at",),
            "likes": ("public_metrics.like_count", "like_count"),
            "comments": ("public_metrics.reply_count", "reply_count"),
            "shares": ("public_metrics.retweet_count", "retweet_count"),
            "saves": ("public_metrics.bookmark_count", "bookmark_count"),
            "views": (
                "public_metrics.impression_count", "non_public_metrics.impression_count",
                "organic_metrics.impression_count", "impression_count",
            ),
            "text": ("note_tweet.text", "text"),
            "hashtags": ("entities.hashtags",),
        },
        {
            "creator_id": ("author_id", "author.id"),
            "handle": ("author.username",),
            "followers": ("author.public_metrics.followers_count",),
            "following": ("author.public_metrics.following_count",),
            "posts_count": ("author.public_metrics.tweet_count",),
            "created_at": ("author.created_at",),
            "bio": ("author.description",),
            "verified": ("author.verified",),
        },
        parsers=PARSERS, finish=finish, finish_paths=FINISH_PATHS, remedy=REMEDY,
        matches_bare=_is_bare_post,
    ),
    RecordShape(
        "X user", KIND, "x", "creators", _is_user,
        {
            "creator_id": ("id",),
            "handle": ("username",),
            "followers": ("public_metrics.followers_count",),
            "following": ("public_metrics.following_count",),
            "posts_count": ("public_metrics.tweet_count",),
            "created_at": ("created_at",),
            "bio": ("description",),
            "verified": ("verified",),
        },
        parsers=PARSERS, matches_bare=_is_bare_user,
    ),
)  # fmt: skip
