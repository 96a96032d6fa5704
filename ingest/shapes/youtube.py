"""YouTube Data API v3: channels.list, videos.list, search.list and playlistItems.list, as data."""

import re
from html import unescape

from features.niche.category_labels import niche_for_label
from ingest.shapes.captions import find_hashtags
from ingest.shapes.record_paths import get_path
from ingest.shapes.record_shapes import ColumnPaths, Context, RecordShape
from ingest.shapes.value_parsers import parse_country, parse_handle, parse_language, parse_text

KIND = "youtube-api"
DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")
#: Seconds of a day, an hour, a minute and a second.
UNIT_SECONDS = (86_400, 3_600, 60, 1)
#: No Short is longer.
SHORT_SECONDS = 180
#: snippet.liveBroadcastContent of what is no post yet.
BROADCASTS = {"upcoming": "broadcast that has not begun", "live": "broadcast that still runs"}
CHANNEL_PARTS = ("statistics", "brandingSettings", "snippet")
REMEDY = ": ask for part=snippet"


def _parse_niche(topics: object) -> str | None:
    """Return the first niche that the addresses of a channel's topics stand for."""
    for topic in topics if isinstance(topics, list) else [topics]:
        if niche := niche_for_label(topic, "youtube"):
            return niche
    return None


def _parse_topic(category: object) -> str | None:
    return niche_for_label(category, "youtube")


def parse_duration(duration: object) -> int | None:
    """Return the seconds of an ISO 8601 duration, None where it is none.

    >>> parse_duration("PT21M7S"), parse_duration("PT1H")
    (1267, 3600)
    """
    match = DURATION.fullmatch(duration) if isinstance(duration, str) else None
    if match is None:
        return None
    numbers = [int(text or 0) for text in match.groups()]
    return sum(number * seconds for number, seconds in zip(numbers, UNIT_SECONDS, strict=True))


def _finish_channel(record: dict, row: dict, context: Context) -> None:
    if get_path(record, "statistics.hiddenSubscriberCount") is True:
        row["followers"] = None


def _finish_video(record: dict, row: dict, context: Context) -> None:
    """Add the caption (title and description), the format, hidden likes and the place."""
    texts = (get_path(record, "snippet.title"), get_path(record, "snippet.description"))
    caption = "\n".join(text for text in texts if isinstance(text, str) and text)
    row["text"] = parse_text(unescape(caption))
    row["format"] = "short" if _is_short(record, row["text"] or "") else "video"
    if get_path(record, "statistics.viewCount") is not None:
        row["likes_hidden"] = get_path(record, "statistics.likeCount") is None
    if isinstance(record.get("recordingDetails"), dict):
        row["has_location"] = bool(get_path(record, "recordingDetails.location"))


def _is_short(record: dict, caption: str) -> bool:
    """Return whether a video is a Short: it says so in a tag, and is short enough."""
    length = parse_duration(get_path(record, "contentDetails.duration"))
    if length is None or not 0 < length <= SHORT_SECONDS:
        return False
    tags = get_path(record, "snippet.tags")
    names = [*find_hashtags(caption), *(tags if isinstance(tags, list) else [])]
    return any(isinstance(name, str) and name.lower().lstrip("#") == "shorts" for name in names)


def _is_channel(r: dict) -> bool:
    kind = r.get("kind")
    if "kind" in r:
        is_result = kind == "youtube#searchResult" and get_path(r, "id.kind") == "youtube#channel"
        return kind == "youtube#channel" or is_result
    has_channel_id = isinstance(r.get("id"), str) and r["id"].startswith("UC")
    return has_channel_id and any(isinstance(r.get(part), dict) for part in CHANNEL_PARTS)


def _is_video(r: dict) -> bool:
    if "kind" in r:
        return r["kind"] == "youtube#video" and "videoId" not in r
    has_content = (
        get_path(r, "snippet.channelId")
        or get_path(r, "statistics.viewCount")
        or get_path(r, "contentDetails.duration")
    )
    return isinstance(r.get("id"), str) and bool(has_content)


def _broadcast(r: dict) -> str | None:
    """Return the kind of a broadcast that is announced, or whose counts still run; once it is over
    its video is a post.
    """
    return BROADCASTS.get(str(get_path(r, "snippet.liveBroadcastContent")))


def _is_search_result(r: dict) -> bool:
    return isinstance(get_path(r, "id.videoId"), str) and isinstance(r.get("snippet"), dict)


def _is_playlist_item(r: dict) -> bool:
    return r.get("kind") == "youtube#playlistItem"


CREATOR: ColumnPaths = {"creator_id": ("snippet.channelId",)}
VIDEO: ColumnPaths = {
    "post_id": ("id",),
    "posted_at": ("snippet.publishedAt", "snippet.publishTime"),
    "likes": ("statistics.likeCount",),
    "comments": ("statistics.commentCount",),
    "views": ("statistics.viewCount",),
    "sponsored": ("paidProductPlacementDetails.hasPaidProductPlacement",),
    "topic": ("snippet.categoryId",),
}
VIDEO_FINISH_PATHS = (
    "contentDetails.duration", "recordingDetails", "snippet.title", "snippet.description",
    "snippet.tags",
    "snippet.liveBroadcastContent",
)  # fmt: skip

SHAPES = (
    RecordShape(
        "YouTube channel", KIND, "youtube", "creators", _is_channel,
        {
            "creator_id": ("id", "id.channelId", "snippet.channelId"),
            "handle": ("snippet.customUrl",),
            "followers": ("statistics.subscriberCount",),
            "posts_count": ("statistics.videoCount",),
            "created_at": ("snippet.publishedAt",),
            "niche": ("topicDetails.topicCategories", "topicDetails.topicIds"),
            "bio": ("snippet.description", "brandingSettings.channel.description"),
            "language": ("snippet.defaultLanguage", "brandingSettings.channel.defaultLanguage"),
            "country": ("snippet.country", "brandingSettings.channel.country"),
        },
        parsers={
            "creator_id": lambda value: None if isinstance(value, dict) else parse_text(value),
            "handle": parse_handle, "niche": _parse_niche, "language": parse_language,
            "country": parse_country,
        },
        finish=_finish_channel, finish_paths=("statistics.hiddenSubscriberCount",),
    ),
    RecordShape(
        "YouTube video", KIND, "youtube", "posts", _is_video, VIDEO, CREATOR,
        parsers={"topic": _parse_topic}, finish=_finish_video, finish_paths=VIDEO_FINISH_PATHS,
        remedy=REMEDY,
        ignored_kind=_broadcast,
    ),
    RecordShape(
        "YouTube search result", KIND, "youtube", "posts", _is_search_result,
        {**VIDEO, "post_id": ("id.videoId",)}, CREATOR,
        parsers={"topic": _parse_topic}, finish=_finish_video, finish_paths=VIDEO_FINISH_PATHS,
        remedy=REMEDY,
        ignored_kind=_broadcast,
    ),
    RecordShape(
        "YouTube playlist item", KIND, "youtube", "posts", _is_playlist_item,
        {
            "post_id": ("contentDetails.videoId", "snippet.resourceId.videoId"),
            "posted_at": ("contentDetails.videoPublishedAt",),
        },
        {"creator_id": ("snippet.videoOwnerChannelId", "snippet.channelId")},
        finish=_finish_video, finish_paths=VIDEO_FINISH_PATHS,
        remedy=": ask for part=contentDetails",
    ),
)  # fmt: skip
