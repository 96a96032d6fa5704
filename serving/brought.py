"""The posts that partnerships of a request bring with them, as readings."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from pydantic import BaseModel

from features.history import ALWAYS
from features.readings import CONTENT, COUNTS, WRITTEN, Readings
from features.vocabulary import FORMATS, NICHES
from serving.asked import microseconds

_FORMATS, _NICHES = ({name: float(place) for place, name in enumerate(names)} for names in (FORMATS, NICHES))


def readings_of(brought: Sequence[Sequence[BaseModel] | None]) -> Readings | None:
    """Take the posts of each row, which is their account; None where no row brings any.

    Posts without a post_id are numbered.
    """
    posts = [post for own in brought for post in own or ()]
    if not posts:
        return None
    account = np.repeat(np.arange(len(brought)), [len(own or ()) for own in brought])
    numbers = (number for own in brought for number in range(len(own or ())))
    names = [post.post_id or f"recent-{number}" for post, number in zip(posts, numbers, strict=True)]
    told = {name: [getattr(post, name) for post in posts] for name in (*COUNTS, "sponsored", *CONTENT)}
    codes = {
        "format": [_FORMATS.get(post.format, np.nan) for post in posts],
        "brand": [_NICHES.get(post.brand_niche, np.nan) for post in posts],
    }
    flags = {name: [bool(getattr(post, name)) for post in posts] for name in ("likes_hidden", "repost")}
    written = {name: [getattr(post, name) for post in posts] for name in WRITTEN}
    return Readings(
        account,
        np.array([microseconds(post.posted_at) for post in posts]),
        np.array([ALWAYS if post.observed_at is None else microseconds(post.observed_at) for post in posts]),
        np.array(names, dtype=object),
        {name: np.array(values, dtype=float) for name, values in (told | codes).items() if _given(values)}
        | {name: np.array(values) for name, values in flags.items() if any(values)},
        {name: pa.array(values, pa.large_string()) for name, values in written.items() if _given(values)},
    )


def _given(values: list) -> bool:
    return values.count(None) < len(values)
