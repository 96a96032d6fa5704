"""Scrapers' JSON of X, as data: snscrape and twscrape, which share their fields, and Apify's
actors.
"""

from ingest.shapes.captions import join_hashtags
from ingest.shapes.record_paths import get_path
from ingest.shapes.record_shapes import REFERENCED_POST, Context, RecordShape
from ingest.shapes.value_parsers import parse_handle, parse_language

KIND = "x-scraper"
#: Last word of snscrape's media types, and twscrape's lists of media -> format.
FORMATS = {
    "photo": "image",
    "video": "video",
    "gif": "video",
    "photos": "image",
    "videos": "video",
    "animated": "video",
}


def _finish(record: dict, row: dict, context: Context) -> None:
    """Add whether the post is a repost, its format and its place."""
    is_retweet = isinstance(record.get("retweetedTweet"), dict) or record.get("isRetweet") is True
    row["repost"] = is_retweet or (row.get("text") or "").startswith("RT @")
    formats = _formats(record.get("media"))
    if not formats or None in formats:
        row["format"] = None
    else:
        row["format"] = "carousel" if len(formats) > 1 else formats[0]
    if record.get("place"):
        row["has_location"] = True


def _formats(media: object) -> list[str | None]:
    """Return the format of each picture and video: of snscrape's list of typed objects, or
    twscrape's lists by kind.
    """
    if isinstance(media, dict):
        formats: list[str | None] = []
        for kind, items in media.items():
            formats += [FORMATS.get(kind)] * (len(items) if isinstance(items, list) else 0)
        return formats
    objects = [item for item in media if isinstance(item, dict)] if isinstance(media, list) else []
    types = [str(item.get("_type", item.get("type"))) for item in objects]
    return [FORMATS.get(type_.rpartition(".")[2].lower()) for type_ in types]


def _parse_hashtags(values: object) -> str | None:
    return join_hashtags(values, "text")


def _is_tweet(r: dict) -> bool:
    if "id" not in r or not isinstance(r.get("user"), dict):
        return False
    has_text = "rawContent" in r or "renderedContent" in r
    has_type = r.get("_type") == "snscrape.modules.twitter.Tweet"
    return has_type or (has_text and "retweetCount" in r)


def _is_user(r: dict) -> bool:
    has_type = r.get("_type") == "snscrape.modules.twitter.User"
    has_counts = "friendsCount" in r and "statusesCount" in r
    return "username" in r and "id" in r and (has_type or has_counts)


def _is_apify_tweet(r: dict) -> bool:
    has_author = isinstance(get_path(r, "author.userName"), str)
    return has_author and all(name in r for name in ("id", "createdAt", "retweetCount"))


PARSERS = {"handle": parse_handle, "hashtags": _parse_hashtags, "language": parse_language}

SHAPES = (
    RecordShape(
        "snscrape or twscrape X post", KIND, "x", "posts", _is_tweet,
        {
            "post_id": ("id_str", "id"),
            "posted_at": ("date",),
            "likes": ("likeCount",),
            "comments": ("replyCount",),
            "shares": ("retweetCount",),
            "saves": ("bookmarkCount", "bookmarkedCount"),
            "views": ("viewCount",),
            "text": ("rawContent", "content"),
            "hashtags": ("hashtags",),
        },
        {
            "creator_id": ("user.id_str", "user.id"),
            "handle": ("user.username",),
            "followers": ("user.followersCount",),
            "following": ("user.friendsCount",),
            "posts_count": ("user.statusesCount",),
            "created_at": ("user.created",),
            "bio": ("user.rawDescription", "user.description"),
            "verified": ("user.verified",),
        },
        parsers=PARSERS, finish=_finish,
        finish_paths=("media", "place", "retweetedTweet", "quotedTweet"),
        ignored_paths={REFERENCED_POST: ("retweetedTweet", "quotedTweet")},
    ),
    RecordShape(
        "snscrape or twscrape X user", KIND, "x", "creators", _is_user,
        {
            "creator_id": ("id_str", "id"),
            "handle": ("username",),
            "followers": ("followersCount",),
            "following": ("friendsCount",),
            "posts_count": ("statusesCount",),
            "created_at": ("created",),
            "bio": ("rawDescription", "description"),
            "verified": ("verified",),
        },
        parsers=PARSERS,
    ),
    RecordShape(
        "Apify X post", KIND, "x", "posts", _is_apify_tweet,
        {
            "post_id": ("id",),
            "posted_at": ("createdAt",),
            "likes": ("likeCount",),
            "comments": ("replyCount",),
            "shares": ("retweetCount",),
            "saves": ("bookmarkCount",),
            "views": ("viewCount",),
            "text": ("fullText", "text"),
            "hashtags": ("entities.hashtags",),
        },
        {
            "creator_id": ("author.id",),
            "handle": ("author.userName",),
            "followers": ("author.followers",),
            "following": ("author.following",),
            "posts_count": ("author.statusesCount",),
            "created_at": ("author.createdAt",),
            "bio": ("author.description",),
            "verified": ("author.isVerified",),
        },
        parsers=PARSERS, finish=_finish,
        finish_paths=("media", "place", "isRetweet", "quote", "retweet"),
        ignored_paths={REFERENCED_POST: ("retweet", "quote")},
    ),
)  # fmt: skip
