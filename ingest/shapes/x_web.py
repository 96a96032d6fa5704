"""The JSON of X's web pages (GraphQL), as data: posts, accounts, and the entries of timelines that
are neither.
"""

from ingest.shapes import x
from ingest.shapes.record_paths import get_path
from ingest.shapes.record_shapes import REFERENCED_POST, Context, RecordShape
from ingest.shapes.x_scraper import KIND

ACCOUNT = "core.user_results.result"
PROMOTED, PAGING = "promoted post", "cursor or instruction of a page"
INSTRUCTIONS = ("TimelineClearCache", "TimelineTerminateTimeline", "TimelineShowAlert")


def _entry_kind(r: dict) -> str | None:
    """Return the kind of an entry of a timeline that is no post of it, None of a post; a promoted
    post shows it by its wrapper.
    """
    if isinstance(r.get("promotedMetadata"), dict):
        return PROMOTED
    return PAGING if "cursorType" in r or r.get("type") in INSTRUCTIONS else None


def _is_post(r: dict) -> bool:
    legacy = r.get("legacy")
    return "rest_id" in r and isinstance(legacy, dict) and "full_text" in legacy


def _is_user(r: dict) -> bool:
    handle = get_path(r, "legacy.screen_name") or get_path(r, "core.screen_name")
    has_followers = get_path(r, "legacy.followers_count") is not None
    return "rest_id" in r and isinstance(handle, str) and has_followers


def _finish(record: dict, row: dict, context: Context) -> None:
    x.finish(record["legacy"], row, context)
    row["repost"] = row["repost"] or isinstance(
        get_path(record, "legacy.retweeted_status_result"), dict
    )


def _account(place: str = "") -> dict[str, tuple[str, ...]]:
    """Return the columns of an account -> their paths, which begin with `place`; newer pages keep
    its name and its opening in `core`.
    """
    return {
        "creator_id": (f"{place}rest_id", f"{place}legacy.id_str"),
        "handle": (f"{place}core.screen_name", f"{place}legacy.screen_name"),
        "followers": (f"{place}legacy.followers_count",),
        "following": (f"{place}legacy.friends_count",),
        "posts_count": (f"{place}legacy.statuses_count",),
        "created_at": (f"{place}core.created_at", f"{place}legacy.created_at"),
        "bio": (f"{place}legacy.description",),
        "verified": (f"{place}verification.verified", f"{place}legacy.verified"),
    }


AUTHOR = _account(f"{ACCOUNT}.")

SHAPES = (
    RecordShape(
        "X web entry", KIND, "x", "posts", lambda r: _entry_kind(r) is not None,
        {"post_id": ("rest_id",)},
        ignored_kind=_entry_kind,
    ),
    RecordShape(
        "X web post", KIND, "x", "posts", _is_post,
        {
            "post_id": ("rest_id", "legacy.id_str"),
            "posted_at": ("legacy.created_at",),
            "likes": ("legacy.favorite_count",),
            "comments": ("legacy.reply_count",),
            "shares": ("legacy.retweet_count",),
            "saves": ("legacy.bookmark_count",),
            "views": ("views.count", "ext_views.count", "legacy.ext_views.count"),
            "text": ("note_tweet.note_tweet_results.result.text", "legacy.full_text"),
            "hashtags": ("legacy.entities.hashtags",),
        },
        AUTHOR | {"creator_id": (*AUTHOR["creator_id"], "legacy.user_id_str")},
        parsers=x.PARSERS, finish=_finish,
        finish_paths=("legacy.extended_entities", "legacy.place"),
        ignored_paths={REFERENCED_POST: ("legacy.retweeted_status_result.result",
            "quoted_status_result.result")},
    ),
    RecordShape(
        "X web user", KIND, "x", "creators", _is_user, _account(),
        parsers=x.PARSERS, embedded_paths=("timeline", "timeline_v2"),
    ),
)  # fmt: skip
