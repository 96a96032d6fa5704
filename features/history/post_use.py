"""The use of each reading of a post: whether it counts for the engagements, and why not.

Every reading has exactly one use, so that the uses add up to the readings.
"""

from enum import IntEnum

import numpy as np

from features.history.arrays import DAY_US
from features.history.history import History
from features.history.post_readings import (
    WINDOW_POSTS,
    PostReadings,
    mature_rows,
    public_engagements,
    visible_counts,
)


class PostUse(IntEnum):
    """The uses of a reading; of those that hold the last one named here stands, but for COUNTS."""

    COUNTS = 0
    #: Its post counts by another reading that was brought, or that was known before.
    OTHER_READING = 1
    KNOWN_ALREADY = 2
    #: Engagements are read off the last WINDOW_POSTS posts.
    BEFORE_WINDOW = 3
    INCOMPLETE = 4
    HIDDEN_LIKES = 5
    #: Its counts were read before the horizon, and there is no later reading.
    READ_TOO_EARLY = 6
    TOO_YOUNG = 7
    AFTER_AS_OF = 8
    REPOST = 9


#: Uses by which nothing is lost.
LOSSLESS_USES = (PostUse.COUNTS, PostUse.OTHER_READING)


def classify_readings(
    readings: PostReadings,
    platform: np.ndarray,
    as_of: np.ndarray,
    horizon_days: int,
    brought: np.ndarray | None = None,
) -> np.ndarray:
    """Return the use of each reading for a forecast of its account, as positions in Use, (n,).

    `platform` and `as_of` (microseconds UTC): of each account; `brought` (mask, (n,)): the readings
    that are brought, where others are known besides; None for all.
    """
    account, posted = readings.account, readings.posted_at
    mature_at, moment = posted + horizon_days * DAY_US, as_of[account]
    order = mature_rows(readings, horizon_days)
    use = _by_reading(readings, order, brought)
    engaged = np.isfinite(public_engagements(visible_counts(readings), platform[account]))
    hidden = readings.columns.get("likes_hidden", np.zeros(len(account), dtype=bool))
    use[order] = np.where(
        engaged[order],
        PostUse.COUNTS,
        np.where(hidden[order], PostUse.HIDDEN_LIKES, PostUse.INCOMPLETE),
    )
    use[_before_window(account, order[engaged[order] & (mature_at <= moment)[order]])] = (
        PostUse.BEFORE_WINDOW
    )
    use[mature_at > moment] = PostUse.TOO_YOUNG
    use[posted > moment] = PostUse.AFTER_AS_OF
    if "repost" in readings.columns:
        use[readings.columns["repost"]] = PostUse.REPOST
    return use


def count_uses(use: np.ndarray, account: np.ndarray, accounts: int) -> np.ndarray:
    """Count the readings of each account and use, (accounts, len(Use)); `use`, `account`: of each
    reading.
    """
    return np.bincount(account * len(PostUse) + use, minlength=accounts * len(PostUse)).reshape(
        accounts, len(PostUse)
    )


def missing_post_reasons(
    history: History, account: np.ndarray, as_of: np.ndarray
) -> dict[str, np.ndarray]:
    """Say by warning why accounts (n,) without a post of known engagements at as_of (n,) have none,
    (n,) each.

    Whether likes are hidden or a count is missing is not told apart. Raises ValueError where the
    history keeps no details.
    """
    if history.details is None:
        raise ValueError(
            "the history keeps no details of its posts: make it by History.from_tables with "
            "details=True"
        )
    mature = as_of - history.horizon_days * DAY_US
    posts, rest = history.posts, history.details.excluded
    ends = (
        [panel.start[account] for panel in (posts, rest)],
        [panel.start[account + 1] for panel in (posts, rest)],
    )
    (first, first_rest), (last, last_rest) = ends
    grown, now = posts.end_row(account, mature), posts.end_row(account, as_of)
    grown_rest, now_rest = rest.end_row(account, mature), rest.end_row(account, as_of)
    reposts = np.concatenate([[0], np.cumsum(rest.columns["repost"])])
    own = np.concatenate([[0], np.cumsum(~rest.columns["repost"])])
    return {
        "posts_incomplete": grown > first,
        "posts_read_too_early": own[grown_rest] > own[first_rest],
        "posts_too_young": (now > grown) | (own[now_rest] > own[grown_rest]),
        "posts_after_as_of": (last > now) | (own[last_rest] > own[now_rest]),
        "posts_are_reposts": reposts[now_rest] > reposts[first_rest],
    }


def _by_reading(
    readings: PostReadings, order: np.ndarray, brought: np.ndarray | None
) -> np.ndarray:
    """Tell apart the readings whose post counts by another one, and those of posts that never do.

    `order`: the readings that count.
    """
    numbers: dict[tuple, int] = {}
    names = zip(
        readings.account.tolist(), readings.posted_at.tolist(), readings.post_id, strict=True
    )
    post = np.array([numbers.setdefault(name, len(numbers)) for name in names], dtype=np.int64)
    by = np.full(len(numbers), -1)
    by[post[order]] = order
    other = (
        PostUse.OTHER_READING
        if brought is None
        else np.where(brought[by[post]], PostUse.OTHER_READING, PostUse.KNOWN_ALREADY)
    )
    return np.where(by[post] < 0, PostUse.READ_TOO_EARLY, other)


def _before_window(account: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return those of `rows`, sorted by account and moment, after which their account has
    WINDOW_POSTS or more of them.
    """
    own = account[rows]
    after = np.searchsorted(own, own, side="right") - 1 - np.arange(len(own))
    return rows[after >= WINDOW_POSTS]
