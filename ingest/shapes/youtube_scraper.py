"""Apify's YouTube scrapers, as data."""

import re

from ingest.shapes.captions import join_hashtags
from ingest.shapes.record_shapes import Context, RecordShape
from ingest.shapes.value_parsers import parse_handle, parse_text

KIND = "youtube-scraper"
FORMATS = {
    "video": "video",
    "shorts": "short",
    "short": "short",
    "stream": "live",
    "streams": "live",
}
#: Fields of the channel, one of which a video has.
CHANNEL_FIELDS = ("numberOfSubscribers", "channelName", "channelUsername")
CHANNEL_ADDRESS = re.compile(r"youtube\.com/(?:channel/(UC[\w-]+)|@([\w.-]+))")


def _is_video(r: dict) -> bool:
    has_names = "id" in r and "channelUrl" in r and any(name in r for name in CHANNEL_FIELDS)
    return has_names and "date" in r and ("viewCount" in r or "likes" in r)


def _finish(record: dict, row: dict, context: Context) -> None:
    """Add the caption (title and text) and the format."""
    parts = [record[name] for name in ("title", "text") if isinstance(record.get(name), str)]
    row["text"] = parse_text("\n".join(parts))
    row["format"] = FORMATS.get(record["type"]) if isinstance(record.get("type"), str) else None


def _parse_channel_id(value: object) -> str | None:
    """Return a channel's id, also out of its address; None where it is told by its handle."""
    text = parse_text(value) or ""
    address = CHANNEL_ADDRESS.search(text)
    if address:
        return address[1]
    return text if str(value).startswith("UC") else None


def _parse_channel_handle(value: object) -> str | None:
    """Return a channel's handle, also out of its address."""
    address = CHANNEL_ADDRESS.search(parse_text(value) or "")
    if address and address[2]:
        return parse_handle(address[2])
    return None if "/" in str(value) else parse_handle(value)


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
        parsers={
            "creator_id": _parse_channel_id, "handle": _parse_channel_handle,
            "hashtags": join_hashtags,
        },
        finish=_finish, finish_paths=("title", "text", "type"),
    ),
)  # fmt: skip
