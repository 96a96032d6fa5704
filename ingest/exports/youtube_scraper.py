"""Apify's YouTube scrapers, as data."""

import re

from ingest.exports.captions import join_hashtags
from ingest.exports.record_shapes import Context, RecordShape
from ingest.exports.value_parsers import parse_handle, parse_text

KIND = "youtube-scraper"
FORMATS = {
    "video": "video",
    "shorts": "short",
    "short": "short",
    "stream": "live",
    "streams": "live",
}
CHANNEL = re.compile(r"youtube\.com/(?:channel/(UC[\w-]+)|@([\w.-]+))")


def _is_video(r: dict) -> bool:
    ours = ("numberOfSubscribers", "channelName", "channelUsername")
    dated = "date" in r and ("viewCount" in r or "likes" in r)
    return "id" in r and "channelUrl" in r and dated and any(name in r for name in ours)


def _finish(record: dict, row: dict, context: Context) -> None:
    parts = [record[name] for name in ("title", "text") if isinstance(record.get(name), str)]
    row["text"] = parse_text("\n".join(parts))
    row["format"] = FORMATS.get(record["type"]) if isinstance(record.get("type"), str) else None


def _channel(value: object) -> str | None:
    """Give a channel's id, also out of its address."""
    found = CHANNEL.search(parse_text(value) or "")
    return found[1] if found else parse_text(value) if str(value).startswith("UC") else None


def _name(value: object) -> str | None:
    """Give a channel's handle, also out of its address."""
    found = CHANNEL.search(parse_text(value) or "")
    return (
        parse_handle(found[2])
        if found and found[2]
        else None
        if "/" in str(value)
        else parse_handle(value)
    )


SHAPES = (
    RecordShape(
        "Apify YouTube video", KIND, "youtube", "posts", _is_video,
        {
            "post_id": ("id",),
            "posted_at": ("date",),
            "likes": ("likes",),
            "comments": ("commentsCount",),
            "views": ("viewCount",),
            "sponsored": ("isPaidContent",),
            "hashtags": ("hashtags",),
        },
        {
            "creator_id": ("channelId", "channelUrl"),
            "handle": ("channelUsername", "channelUrl"),
            "followers": ("numberOfSubscribers",),
            "posts_count": ("channelTotalVideos",),
            "bio": ("channelDescription",),
            "verified": ("isChannelVerified",),
        },
        parsers={"creator_id": _channel, "handle": _name, "hashtags": join_hashtags},
        finish=_finish, finish_paths=("title", "text", "type"),
    ),
)  # fmt: skip
