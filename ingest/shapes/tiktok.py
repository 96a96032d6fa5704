"""TikTok, as data: its Research and Display API, and scrapers' JSON (drawrowfly, Apify, the web
page's, the app's).
"""

import re
from datetime import datetime

from features.niche.category_labels import niche_for_label
from features.tables.schema import CREATORS
from ingest.shapes.captions import join_hashtags
from ingest.shapes.record_shapes import Context, RecordShape
from ingest.shapes.value_parsers import (
    InvalidValue,
    is_missing,
    parse_country,
    parse_flag,
    parse_handle,
    parse_language,
    parse_text,
    parse_time,
    parse_value,
)

API, SCRAPER = "tiktok-api", "tiktok-scraper"
#: A post is paid where one of these is true, unpaid where one is known and none is true.
PAID_FIELDS = (
    "isSponsored",
    "isAd",
    "is_ads",
    "is_paid_partnership",
    "isPaidPartnership",
    "brand_content_toggle",
)

#: The address of a video, which names its account; short addresses do not.
VIDEO_ADDRESS = re.compile(r"https?://(?:www\.|m\.)?tiktok\.com/@([\w.]+)(?:[/?#]|$)")
#: Fields of a video by TikTok's API, one of which is there beside its id and time.
VIDEO_FIELDS = (
    "view_count", "like_count", "comment_count", "share_count", "region_code", "hashtag_names",
    "video_description", "cover_image_url", "embed_link",
)  # fmt: skip
#: Fields of an account by TikTok's API, those of them that count, and fields that no account of it
#: has.
USER_COUNTS = frozenset(("follower_count", "following_count", "video_count", "likes_count"))
USER_FIELDS = USER_COUNTS | {"display_name", "bio_description", "open_id"}
NO_USER = frozenset(
    ("pk", "unique_id", "title", "message", "created_at", "text", "content", "caption")
)


def _finish(record: dict, row: dict, context: Context) -> None:
    """Add whether the post is paid, its format and its place."""
    values = [record[name] for name in PAID_FIELDS if not is_missing(record.get(name))]
    flags = [flag for flag in map(_flag, values) if flag is not None]
    if flags:
        row["sponsored"] = any(flags)
    has_pictures = (
        record.get("isSlideshow") is True
        or record.get("imagePost")
        or record.get("image_post_info")
    )
    row["format"] = "carousel" if has_pictures else "video"
    if "poi" in record or "locationMeta" in record:
        row["has_location"] = bool(record.get("poi") or record.get("locationMeta"))


def _flag(value: object) -> bool | None:
    """Return true or false, None for anything else."""
    try:
        return parse_flag(value)
    except InvalidValue:
        return None


def _parse_hashtags(values: object) -> str | None:
    """Return the hashtags of web pages and of the app, which name them in three ways."""
    return (
        join_hashtags(values, "hashtagName")
        or join_hashtags(values, "title")
        or join_hashtags(values, "hashtag_name")
    )


def _parse_niche(category: object) -> str | None:
    return niche_for_label(category, "tiktok")


def _parse_opening(value: object) -> datetime | None:
    """Return when an account was opened; 0 stands for unknown."""
    return None if value in (0, "0") else parse_time(value)


def _parse_author_count(value: object) -> object:
    """Return a count of a post's author; feeds give 0 where they do not tell it."""
    return parse_value(value, CREATORS["followers"]) or None


def _parse_handle(value: object) -> str | None:
    """Return a handle, from the address of a video too: https://www.tiktok.com/@name/video/7."""
    if not isinstance(value, str) or "/" not in value:
        return parse_handle(value)
    address = VIDEO_ADDRESS.match(value)
    return parse_handle(address[1]) if address else None


def _parse_handle_unless_object(value: object) -> str | None:
    return None if isinstance(value, dict) else parse_handle(value)


def _is_api_video(r: dict) -> bool:
    has_id = "video_id" in r or "id" in r
    has_time = "create_time" in r or "video_description" in r
    has_content = any(name in r for name in VIDEO_FIELDS)
    return has_id and has_time and has_content and "text" not in r


def _is_api_user(r: dict) -> bool:
    """Recognise an account by two of its fields: one alone, likes_count mostly, could be of any
    network.
    """
    names = r.keys()
    has_count = not USER_COUNTS.isdisjoint(names)
    return len(USER_FIELDS & names) >= 2 and has_count and NO_USER.isdisjoint(names)


def _is_item(r: dict) -> bool:
    return isinstance(r.get("authorMeta"), dict) and any(
        name in r for name in ("diggCount", "playCount", "createTime")
    )


def _is_web_item(r: dict) -> bool:
    counted = isinstance(r.get("stats"), dict) or isinstance(r.get("statsV2"), dict)
    return counted and "id" in r and ("desc" in r or "createTime" in r)


def _is_web_user(r: dict) -> bool:
    return isinstance(r.get("user"), dict) and "uniqueId" in r["user"] and "desc" not in r


def _is_app_item(r: dict) -> bool:
    return "aweme_id" in r and isinstance(r.get("statistics"), dict)


PARSERS = {
    "handle": parse_handle, "hashtags": _parse_hashtags, "niche": _parse_niche,
    "country": parse_country, "language": parse_language, "created_at": _parse_opening,
}  # fmt: skip
#: Of posts: what they say of their author.
AUTHOR_PARSERS = PARSERS | {"followers": _parse_author_count, "posts_count": _parse_author_count}
FINISH_PATHS = (*PAID_FIELDS, "isSlideshow", "imagePost", "image_post_info", "poi", "locationMeta")

SHAPES = (
    RecordShape(
        "TikTok API video", API, "tiktok", "posts", _is_api_video,
        {
            "post_id": ("video_id", "id"),
            "posted_at": ("create_time",),
            "likes": ("like_count",),
            "comments": ("comment_count",),
            "shares": ("share_count",),
            "saves": ("favorites_count", "favorite_count", "favourites_count"),
            "views": ("view_count",),
            "text": ("video_description", "title"),
            "hashtags": ("hashtag_names",),
        },
        {"creator_id": ("open_id",), "handle": ("username", "share_url")},
        parsers={**PARSERS, "handle": _parse_handle}, finish=_finish, finish_paths=FINISH_PATHS,
        remedy=": ask for the field create_time",
    ),
    RecordShape(
        "TikTok API user", API, "tiktok", "creators", _is_api_user,
        {
            "creator_id": ("open_id", "user_id", "id"),
            "handle": ("username",),
            "followers": ("follower_count",),
            "following": ("following_count",),
            "posts_count": ("video_count",),
            "bio": ("bio_description",),
            "verified": ("is_verified",),
            "business": ("is_business_account",),
        },
        parsers=PARSERS,
    ),
    RecordShape(
        "TikTok scraper item", SCRAPER, "tiktok", "posts", _is_item,
        {
            "post_id": ("id",),
            "posted_at": ("createTime", "createTimeISO"),
            "likes": ("diggCount",),
            "comments": ("commentCount",),
            "shares": ("shareCount",),
            "saves": ("collectCount",),
            "views": ("playCount",),
            "text": ("text",),
            "hashtags": ("hashtags",),
        },
        {
            "creator_id": ("authorMeta.id",),
            "handle": ("authorMeta.name", "authorMeta.uniqueId"),
            "followers": ("authorMeta.fans", "authorMeta.followers"),
            "following": ("authorMeta.following",),
            "posts_count": ("authorMeta.video",),
            "niche": ("authorMeta.commerceUserInfo.category",),
            "bio": ("authorMeta.signature",),
            "country": ("authorMeta.region",),
            "verified": ("authorMeta.verified",),
            "business": ("authorMeta.commerceUserInfo.commerceUser",),
        },
        parsers={**AUTHOR_PARSERS, "hashtags": join_hashtags}, finish=_finish,
        finish_paths=FINISH_PATHS,
    ),
    RecordShape(
        "TikTok web item", SCRAPER, "tiktok", "posts", _is_web_item,
        {
            "post_id": ("id",),
            "posted_at": ("createTime",),
            "likes": ("statsV2.diggCount", "stats.diggCount"),
            "comments": ("statsV2.commentCount", "stats.commentCount"),
            "shares": ("statsV2.shareCount", "stats.shareCount"),
            "saves": ("statsV2.collectCount", "stats.collectCount"),
            "views": ("statsV2.playCount", "stats.playCount"),
            "text": ("desc",),
            "hashtags": ("textExtra", "challenges"),
        },
        {
            "creator_id": ("author.id", "authorId"),
            "handle": ("author.uniqueId", "author", "authorUniqueId"),
            "followers": ("authorStatsV2.followerCount", "authorStats.followerCount"),
            "following": ("authorStatsV2.followingCount", "authorStats.followingCount"),
            "posts_count": ("authorStatsV2.videoCount", "authorStats.videoCount"),
            "niche": ("author.commerceUserInfo.category",),
            "bio": ("author.signature",),
            "created_at": ("author.createTime",),
            "verified": ("author.verified",),
            "business": ("author.commerceUserInfo.commerceUser",),
        },
        parsers={**AUTHOR_PARSERS, "handle": _parse_handle_unless_object},
        finish=_finish, finish_paths=FINISH_PATHS,
    ),
    RecordShape(
        "TikTok web user", SCRAPER, "tiktok", "creators", _is_web_user,
        {
            "creator_id": ("user.id",),
            "handle": ("user.uniqueId",),
            "followers": ("statsV2.followerCount", "stats.followerCount"),
            "following": ("statsV2.followingCount", "stats.followingCount"),
            "posts_count": ("statsV2.videoCount", "stats.videoCount"),
            "created_at": ("user.createTime",),
            "niche": ("user.commerceUserInfo.category",),
            "bio": ("user.signature",),
            "language": ("user.language",),
            "country": ("user.region",),
            "verified": ("user.verified",),
            "business": ("user.commerceUserInfo.commerceUser",),
        },
        parsers=PARSERS, embedded_paths=("itemList", "items"),
    ),
    RecordShape(
        "TikTok app item", SCRAPER, "tiktok", "posts", _is_app_item,
        {
            "post_id": ("aweme_id",),
            "posted_at": ("create_time",),
            "likes": ("statistics.digg_count",),
            "comments": ("statistics.comment_count",),
            "shares": ("statistics.share_count",),
            "saves": ("statistics.collect_count",),
            "views": ("statistics.play_count",),
            "text": ("desc",),
            "hashtags": ("text_extra",),
        },
        {
            "creator_id": ("author.uid", "author_user_id"),
            "handle": ("author.unique_id",),
            "followers": ("author.follower_count",),
            "following": ("author.following_count",),
            "posts_count": ("author.aweme_count",),
            "bio": ("author.signature",),
            "country": ("author.region",),
        },
        parsers={**AUTHOR_PARSERS, "text": parse_text, "following": _parse_author_count},
        finish=_finish,
        finish_paths=FINISH_PATHS,
    ),
)  # fmt: skip
