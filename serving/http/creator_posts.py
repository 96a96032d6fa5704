"""The posts that the service knows of a creator: for GET /v1/creators/{creator_id}?posts=."""

from datetime import datetime, timedelta

import numpy as np
from pydantic import BaseModel, Field

from features.history.arrays import NAT_US
from features.history.known_posts import KnownPosts
from features.history.post_readings import WINDOW_POSTS
from features.history.post_use import PostUse
from features.tables.vocabulary import FORMATS
from serving.scoring.prospect_batch import EPOCH

#: Most posts of one answer: no forecast looks at more.
MAX_POSTS = WINDOW_POSTS
#: The fields of an answer that was asked for no posts.
NO_POSTS = {"posts": None, "posts_known": None, "posts_note": None}
_NONE_IN_SNAPSHOT = (
    "This service knows its creators by a snapshot, which holds no posts. A service that reads the "
    "tables shows them."
)
#: Why a post does not count for a forecast, in words.
_REASONS = {
    PostUse.OTHER_READING: "It counts by another reading.",
    PostUse.KNOWN_ALREADY: "It counts by another reading.",
    PostUse.BEFORE_WINDOW: f"Only the last {WINDOW_POSTS} posts count.",
    PostUse.INCOMPLETE: "Its likes are hidden, or one of its counts is missing.",
    PostUse.HIDDEN_LIKES: "Its likes are hidden.",
    PostUse.READ_TOO_EARLY: "Its counts were read less than a day after posting, and not again.",
    PostUse.TOO_YOUNG: "It is younger than 7 days, and was not read after its first day.",
    PostUse.AFTER_AS_OF: "It was posted after the moment of the forecast.",
    PostUse.REPOST: "It repeats a post of somebody else.",
}


class CreatorPost(BaseModel):
    """A post that the service knows, with its counts as they were read and at the horizon."""

    post_id: str | None = Field(description="null where no reading of it can count")
    posted_at: datetime = Field(description="moment of posting, UTC")
    format: str | None = Field(description="null where it is not known")
    observed_at: datetime | None = Field(
        description="when its counts were read; null where that is not known"
    )
    engagements_read: float | None = Field(description="as they were read; null where unknown")
    engagements: float | None = Field(description="the same, brought to horizon_days")
    views_read: float | None = Field(description="as they were read; null where unknown")
    views: float | None = Field(description="the same, brought to horizon_days")
    counts: bool = Field(description="whether the forecast of engagements rests on it too")
    reason: str | None = Field(description="why it does not count, in a sentence")


def creator_posts(posts: KnownPosts | None, most: int) -> dict:
    """Return the fields of NO_POSTS for the last `most` posts; `posts`: all, newest first, None
    where the service holds none.
    """
    if posts is None:
        return {"posts": None, "posts_known": None, "posts_note": _NONE_IN_SNAPSHOT}
    last = posts[:most]
    return {
        "posts": [_post_json(last, row) for row in range(len(last))],
        "posts_known": len(posts),
        "posts_note": None,
    }


def _post_json(posts: KnownPosts, row: int) -> dict:
    use = PostUse(int(posts.use[row]))
    code = posts.format[row]
    counts = {name: _count(values[row]) for name, values in posts.counts.items()}
    return {
        "post_id": posts.post_id[row],
        "posted_at": _iso_text(posts.posted_at[row]),
        "format": None if np.isnan(code) else FORMATS[int(code)],
        "observed_at": _iso_text(posts.observed_at[row]),
        **counts,
        "counts": use == PostUse.COUNTS,
        "reason": _REASONS.get(use),
    }


def _count(value: float) -> float | None:
    """Return a count without the traces of its logarithm, None for NaN."""
    return None if np.isnan(value) else round(float(value), 2)


def _iso_text(moment: int) -> str | None:
    """Return a moment, microseconds UTC, as ISO text; None for NAT_US."""
    if moment == NAT_US:
        return None
    return (EPOCH + timedelta(microseconds=int(moment))).isoformat().replace("+00:00", "Z")
