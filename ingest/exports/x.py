"""X: API v2 (users, posts with their expansions) and v1.1, as data."""

from ingest.exports.captions import join_hashtags
from ingest.exports.record_paths import get_path
from ingest.exports.record_shapes import REFERENCED_POST, Context, RecordShape
from ingest.exports.value_parsers import parse_handle, parse_language

KIND = "x-api"
#: How v2 and v1.1 name media -> format; several pictures make a carousel.
MEDIA = {"photo": "image", "video": "video", "animated_gif": "video"}
ASK = ": ask for tweet.fields=created_at,author_id,public_metrics"


def finish(record: dict, row: dict, context: Context) -> None:
    referenced = record.get("referenced_tweets")
    referenced = referenced if isinstance(referenced, list) else []
    retweeted = any(
        isinstance(other, dict) and other.get("type") == "retweeted" for other in referenced
    )
    shared = retweeted or isinstance(record.get("retweeted_status"), dict)
    row["repost"] = shared or (row.get("text") or "").startswith("RT @")
    row["format"] = _format(record, context)
    if get_path(record, "geo.place_id") or record.get("place"):
        row["has_location"] = True


def _format(record: dict, context: Context) -> str | None:
    """Tell the format by the media attached; None where nothing is told of them: text alone has no
    format of ours.
    """
    media = (
        get_path(record, "attachments.media")
        or get_path(record, "extended_entities.media")
        or get_path(record, "entities.media")
    )
    if isinstance(media, list):
        kinds = [one.get("type") for one in media if isinstance(one, dict)]
    else:
        keys = get_path(record, "attachments.media_keys")
        kinds = [
            context.media.get(key)
            for key in (keys if isinstance(keys, list) else [])
            if isinstance(key, str)
        ]
    formats = [MEDIA.get(kind) for kind in kinds if isinstance(kind, str)]
    if not formats or None in formats:
        return None
    return "carousel" if len(formats) > 1 else formats[0]


def _tags(values: object) -> str | None:
    return join_hashtags(values, "tag") or join_hashtags(values, "text")


def _is_bare_post(r: dict) -> bool:
    """Tell a post of which a page gives no more than id and text, as v2 does where nothing is asked
    for.
    """
    return "id" in r and "text" in r and "user" not in r


def _is_post(r: dict) -> bool:
    """Tell a post by what only X has: id, text and created_at alone could be of any network."""
    ours = ("conversation_id", "edit_history_tweet_ids", "referenced_tweets", "public_metrics")
    return (
        _is_bare_post(r)
        and _is_number(r["id"])
        and (any(name in r for name in ours) or _has_author(r))
    )


def _has_author(r: dict) -> bool:
    return _is_number(r.get("author_id")) or isinstance(get_path(r, "author.public_metrics"), dict)


def _is_number(value: object) -> bool:
    """Tell what can be an id of X: digits; what is neither a text nor missing is told as no id
    later.
    """
    return value.isdigit() if isinstance(value, str) else value is not None


def _is_bare_user(r: dict) -> bool:
    return set(r) == {"id", "name", "username"}


def _is_user(r: dict) -> bool:
    told = ("public_metrics", "pinned_tweet_id", "profile_image_url", "verified_type", "protected")
    return "id" in r and "username" in r and "text" not in r and any(name in r for name in told)


def _is_old_post(r: dict) -> bool:
    return (
        "id_str" in r and ("full_text" in r or "text" in r) and ("user" in r or "created_at" in r)
    )


def _is_old_user(r: dict) -> bool:
    return (
        "screen_name" in r
        and ("id_str" in r or "id" in r)
        and ("followers_count" in r or "statuses_count" in r)
    )


PARSERS = {"handle": parse_handle, "hashtags": _tags, "language": parse_language}
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
        parsers=PARSERS, finish=finish, finish_paths=FINISH_PATHS, remedy=ASK,
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
