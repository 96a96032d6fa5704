"""yt-dlp's info JSON of YouTube, TikTok, Instagram and X, as data: the extractor says which.

The fields are those of yt-dlp's README (OUTPUT TEMPLATE); the day of `upload_date` is in UTC.
"""

from collections.abc import Callable
from datetime import UTC, datetime

from ingest.shapes.foreign_records import EXTRACTOR_FIELDS
from ingest.shapes.record_shapes import COMMENT, ColumnPaths, Context, RecordShape
from ingest.shapes.value_parsers import InvalidValue, parse_handle, parse_text, parse_time

KIND = "yt-dlp"
#: live_status of what is no post yet, or whose counts still run.
BROADCASTS = {
    "is_upcoming": "broadcast that has not begun", "is_live": "broadcast that still runs",
    "post_live": "broadcast that still runs",
}  # fmt: skip
VIDEO_TYPES = (None, "video", "url", "url_transparent")
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
#: Characters of a short code that are the post's number; more follow in private accounts.
CODE = 11


def extractor_name(record: dict) -> str | None:
    """Return the name of the extractor that made a record, in lower case, None of anything else."""
    for field in EXTRACTOR_FIELDS:
        name = record.get(field)
        if isinstance(name, str):
            return name.lower()
    return None


def _is_of(record: dict, network: str, types: tuple[str | None, ...] = VIDEO_TYPES) -> bool:
    """Return whether a record is of a network by its extractor, and of one of the types."""
    extractor = extractor_name(record) or ""
    return extractor.startswith(network) and record.get("_type") in types and "id" in record


def _video_of(network: str) -> Callable[[dict], bool]:
    return lambda record: _is_of(record, network)


def _is_channel(r: dict) -> bool:
    is_own_list = r.get("channel_id") is not None and r["channel_id"] == r.get("id")
    is_channel = is_own_list or r.get("channel_follower_count") is not None
    return is_channel and _is_of(r, "youtube", ("playlist",))


def _parse_time_or_day(value: object) -> datetime:
    """Return the moment of an epoch, or the beginning of a day such as 20260301."""
    if not (isinstance(value, str) and len(value) == 8 and value.isdigit()):
        return parse_time(value)
    try:
        return datetime.strptime(value, "%Y%m%d").replace(tzinfo=UTC)
    except ValueError:
        raise InvalidValue("is no day that exists") from None


def decode_short_code(code: object) -> str | None:
    """Return the number of an Instagram post, by which the other forms name it, from its short
    code.

    >>> decode_short_code("CKaOjxwBM_y")
    '2493369374954803186'
    """
    letters = (parse_text(code) or "")[:CODE]
    if not letters or any(letter not in LETTERS for letter in letters):
        raise InvalidValue("is no short code of a post")
    number = 0
    for letter in letters:
        number = number * len(LETTERS) + LETTERS.index(letter)
    return str(number)


def _broadcast(record: dict) -> str | None:
    return BROADCASTS.get(str(record.get("live_status")))


def _finish_youtube(record: dict, row: dict, context: Context) -> None:
    """Add the caption and the format: a Short where its address or kind says so."""
    row["text"] = _caption(record)
    row["format"] = _youtube_format(record)


def _youtube_format(record: dict) -> str:
    address = record.get("webpage_url")
    has_short_address = isinstance(address, str) and "/shorts/" in address
    if record.get("live_status") == "was_live":
        return "live"
    is_short = has_short_address or record.get("media_type") == "short"
    return "short" if is_short else "video"


def _caption(record: dict) -> str | None:
    parts = [record[name] for name in ("title", "description") if isinstance(record.get(name), str)]
    return parse_text("\n".join(parts))


def _finish(record: dict, row: dict, context: Context) -> None:
    row["format"] = "video"


COUNTS = {
    "posted_at": ("timestamp", "upload_date"),
    "likes": ("like_count",),
    "comments": ("comment_count",),
}
PARSERS = {"posted_at": _parse_time_or_day, "handle": parse_handle}
IGNORED_PATHS: ColumnPaths = {COMMENT: ("comments",)}
REMEDY = ": run yt-dlp without --flat-playlist"

SHAPES = (
    RecordShape(
        "yt-dlp YouTube channel", KIND, "youtube", "creators", _is_channel,
        {
            "creator_id": ("channel_id",),
            "handle": ("uploader_id",),
            "followers": ("channel_follower_count",),
            "verified": ("channel_is_verified",),
        },
        parsers=PARSERS, embedded_paths=("entries",), finish_paths=("_type", "id"),
    ),
    RecordShape(
        "yt-dlp YouTube video", KIND, "youtube", "posts", _video_of("youtube"),
        {"post_id": ("id",), "views": ("view_count",), **COUNTS},
        {
            "creator_id": ("channel_id",),
            "handle": ("uploader_id",),
            "followers": ("channel_follower_count",),
            "verified": ("channel_is_verified",),
        },
        parsers=PARSERS, finish=_finish_youtube, remedy=REMEDY, ignored_kind=_broadcast,
        ignored_paths=IGNORED_PATHS,
        finish_paths=("title", "description", "live_status", "media_type", "webpage_url"),
    ),
    RecordShape(
        "yt-dlp TikTok video", KIND, "tiktok", "posts", _video_of("tiktok"),
        {
            "post_id": ("id",), "views": ("view_count",), "shares": ("repost_count",),
            "saves": ("save_count",),
            "text": ("description", "title"), **COUNTS,
        },
        {"creator_id": ("uploader_id",), "handle": ("uploader",)},
        parsers=PARSERS, finish=_finish, remedy=REMEDY, ignored_paths=IGNORED_PATHS,
    ),
    RecordShape(
        "yt-dlp Instagram video", KIND, "instagram", "posts", _video_of("instagram"),
        {"post_id": ("id",), "text": ("description",), **COUNTS},
        {"creator_id": ("uploader_id",), "handle": ("channel",)},
        parsers={**PARSERS, "post_id": decode_short_code}, finish=_finish, remedy=REMEDY,
        ignored_paths=IGNORED_PATHS,
    ),
    RecordShape(
        "yt-dlp X video", KIND, "x", "posts", _video_of("twitter"),
        {"post_id": ("display_id",), "shares": ("repost_count",), "text": ("description",),
            **COUNTS},
        {"creator_id": ("channel_id",), "handle": ("uploader_id",)},
        parsers=PARSERS, finish=_finish, remedy=REMEDY, ignored_paths=IGNORED_PATHS,
    ),
)  # fmt: skip
