"""The posts that partnerships of a request bring with them: as readings, and warnings of those that
do not count.
"""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from pydantic import BaseModel

from features.history.arrays import NAT_US
from features.history.post_readings import CONTENT_FIELDS, COUNT_FIELDS, TEXT_FIELDS, PostReadings
from features.history.post_use import LOSSLESS_USES, PostUse
from features.tables.vocabulary import FORMATS, NICHES
from serving.scoring.prospect_batch import microseconds

#: What is said where none of the posts counts.
_REASONS = {
    PostUse.INCOMPLETE: "recent_posts_incomplete",
    PostUse.HIDDEN_LIKES: "recent_posts_hidden_likes",
    PostUse.READ_TOO_EARLY: "recent_posts_read_too_early",
    PostUse.TOO_YOUNG: "recent_posts_too_young",
    PostUse.AFTER_AS_OF: "recent_posts_after_as_of",
    PostUse.REPOST: "recent_posts_are_reposts",
    PostUse.KNOWN_ALREADY: "recent_posts_known_already",
}
_FORMATS, _NICHES = (
    {name: float(place) for place, name in enumerate(names)} for names in (FORMATS, NICHES)
)


def recent_post_readings(brought: Sequence[Sequence[BaseModel] | None]) -> PostReadings | None:
    """Take the posts of each row, which is their account; None where no row brings any.

    Posts without a post_id are numbered.
    """
    posts = [post for own in brought for post in own or ()]
    if not posts:
        return None
    account = np.repeat(np.arange(len(brought)), [len(own or ()) for own in brought])
    numbers = (number for own in brought for number in range(len(own or ())))
    names = [
        post.post_id or f"recent-{number}" for post, number in zip(posts, numbers, strict=True)
    ]
    told = {
        name: [getattr(post, name) for post in posts]
        for name in (*COUNT_FIELDS, "sponsored", *CONTENT_FIELDS)
    }
    codes = {
        "format": [_FORMATS.get(post.format, np.nan) for post in posts],
        "brand": [_NICHES.get(post.brand_niche, np.nan) for post in posts],
    }
    flags = {
        name: [bool(getattr(post, name)) for post in posts] for name in ("likes_hidden", "repost")
    }
    written = {name: [getattr(post, name) for post in posts] for name in TEXT_FIELDS}
    return PostReadings(
        account,
        np.array([microseconds(post.posted_at) for post in posts]),
        np.array(
            [
                NAT_US if post.observed_at is None else microseconds(post.observed_at)
                for post in posts
            ]
        ),
        np.array(names, dtype=object),
        {
            name: np.array(values, dtype=float)
            for name, values in (told | codes).items()
            if _given(values)
        }
        | {name: np.array(values) for name, values in flags.items() if any(values)},
        {
            name: pa.array(values, pa.large_string())
            for name, values in written.items()
            if _given(values)
        },
        np.array([post.post_id is None for post in posts]),
    )


def recent_post_warnings(uses: np.ndarray) -> dict[str, np.ndarray]:
    """Say by name which rows, (n,), have what; `uses` (n, len(Use)): how many of their posts have
    which Use.

    Where some count and some do not, that; where none counts, each reason that there is.
    """
    counts = uses[:, PostUse.COUNTS] > 0
    lost = np.delete(uses, LOSSLESS_USES, axis=1).any(axis=1)
    reasons = {name: ~counts & (uses[:, use] > 0) for use, name in _REASONS.items()}
    return {"recent_posts_partly_used": counts & lost} | reasons


def _given(values: list) -> bool:
    return values.count(None) < len(values)
