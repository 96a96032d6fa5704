"""The posts that partnerships of a request bring with them, as readings."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from pydantic import BaseModel

from features.history.arrays import NAT_US
from features.history.post_readings import CONTENT_FIELDS, COUNT_FIELDS, TEXT_FIELDS, PostReadings
from features.tables.vocabulary import FORMATS, NICHES
from serving.scoring.prospect_batch import microseconds

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


def _given(values: list) -> bool:
    return values.count(None) < len(values)
