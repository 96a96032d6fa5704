"""YouTube Data API v3: channels.list, videos.list, search.list and playlistItems.list, as data."""

import re
from html import unescape

from features.niche.classifier import niche_for_label
from ingest.exports.captions import find_hashtags
from ingest.exports.record_paths import get_path
from ingest.exports.record_shapes import Context, RecordShape
from ingest.exports.value_parsers import parse_country, parse_handle, parse_language, parse_text

KIND = "youtube-api"
DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")
#: No Short is longer.
SHORT_SECONDS = 180
#: snippet.liveBroadcastContent of what is no post yet.
BROADCASTS = {"upcoming": "broadcast that has not begun", "live": "broadcast that still runs"}
ASK = ": ask for part=snippet"


def _niche(topics: object) -> str | None:
    """Give the first niche that the addresses of a channel's topics stand for."""
    found = (
        niche_for_label(topic, "youtube")
        for topic in (topics if isinstance(topics, list) else [topics])
    )
    return next((niche for niche in found if niche), None)


def _topic(category: object) -> str | None:
    return niche_for_label(category, "youtube")


def parse_duration(duration: object) -> float | None:
    """Give the seconds of an ISO 8601 duration, None where it is none.

    >>> parse_duration("PT21M7S"), parse_duration("PT1H")
    (1267, 3600)
    """
    found = DURATION.fullmatch(duration) if isinstance(duration, str) else None
    if found is None:
        return None
    return sum(
        int(n or 0) * unit for n, unit in zip(found.groups(), (86400, 3600, 60, 1), strict=True)
    )


def _finish_channel(record: dict, row: dict, context: Context) -> None:
    if get_path(record, "statistics.hiddenSubscriberCount") is True:
        row["followers"] = None


def _finish_video(record: dict, row: dict, context: Context) -> None:
    """Add the caption (title and description) and the format: a Short is only what says so and is
    short enough.
    """
    snippet = record.get("snippet") if isinstance(record.get("snippet"), dict) else {}
    parts = [
        snippet[name] for name in ("title", "description") if isinstance(snippet.get(name), str)
    ]
    row["text"] = parse_text(unescape("\n".join(part for part in parts if part)))
    length = parse_duration(get_path(record, "contentDetails.duration"))
    tags = snippet.get("tags") if isinstance(snippet.get("tags"), list) else []
    says_short = "shorts" in {
        tag.lower().lstrip("#")
        for tag in (*find_hashtags(row["text"] or ""), *tags)
        if isinstance(tag, str)
    }
    short = says_short and length is not None and 0 < length <= SHORT_SECONDS
    row["format"] = "short" if short else "video"
    if get_path(record, "statistics.viewCount") is not None:
        row["likes_hidden"] = get_path(record, "statistics.likeCount") is None
    if isinstance(record.get("recordingDetails"), dict):
        row["has_location"] = bool(get_path(record, "recordingDetails.location"))


def _is_channel(r: dict) -> bool:
    if "kind" in r:
        return r["kind"] == "youtube#channel" or (
            r["kind"] == "youtube#searchResult" and get_path(r, "id.kind") == "youtube#channel"
        )
    own_id = isinstance(r.get("id"), str) and r["id"].startswith("UC")
    return own_id and any(
        isinstance(r.get(part), dict) for part in ("statistics", "brandingSettings", "snippet")
    )


def _is_video(r: dict) -> bool:
    if "kind" in r:
        return r["kind"] == "youtube#video" and "videoId" not in r
    parts = [
        part
        for part in ("snippet", "statistics", "contentDetails")
        if isinstance(r.get(part), dict)
    ]
    shows = (
        get_path(r, "snippet.channelId")
        or get_path(r, "statistics.viewCount")
        or get_path(r, "contentDetails.duration")
    )
    return isinstance(r.get("id"), str) and bool(parts) and bool(shows)


def _broadcast(r: dict) -> str | None:
    """Tell a broadcast that is announced, or whose counts still run; once it is over its video is a
    post.
    """
    return BROADCASTS.get(str(get_path(r, "snippet.liveBroadcastContent")))


def _is_search_result(r: dict) -> bool:
    return isinstance(get_path(r, "id.videoId"), str) and isinstance(r.get("snippet"), dict)


def _is_playlist_item(r: dict) -> bool:
    return r.get("kind") == "youtube#playlistItem"


CREATOR = {"creator_id": ("snippet.channelId",)}
VIDEO = {
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
            "handle": parse_handle, "niche": _niche, "language": parse_language,
            "country": parse_country,
        },
        finish=_finish_channel, finish_paths=("statistics.hiddenSubscriberCount",),
    ),
    RecordShape(
        "YouTube video", KIND, "youtube", "posts", _is_video, VIDEO, CREATOR,
        parsers={"topic": _topic}, finish=_finish_video, finish_paths=VIDEO_FINISH_PATHS,
        remedy=ASK,
        ignored_kind=_broadcast,
    ),
    RecordShape(
        "YouTube search result", KIND, "youtube", "posts", _is_search_result,
        {**VIDEO, "post_id": ("id.videoId",)}, CREATOR,
        parsers={"topic": _topic}, finish=_finish_video, finish_paths=VIDEO_FINISH_PATHS,
        remedy=ASK,
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
