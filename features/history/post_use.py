"""The use of each reading of a post: whether it counts for the engagements, and why not.

Every reading has exactly one use, so that the uses add up to the readings.
"""

from enum import IntEnum

import numpy as np

from features.history.arrays import DAY_US
from features.history.history import History
from features.history.panel import PostPanel, select_posts
from features.history.post_readings import (
    WINDOW_POSTS,
    CountingRows,
    PostReadings,
    counting_rows,
    public_engagements,
    row_panel,
    visible_counts,
)
from features.tables.vocabulary import FRESH_DAYS, MATURE_DAYS


class PostUse(IntEnum):
    """The uses of a reading; where several apply, the last one in this list is returned."""

    COUNTS = 0
    #: Its post counts by another new reading, or by one that was known before.
    OTHER_READING = 1
    KNOWN_ALREADY = 2
    #: Only the last WINDOW_POSTS posts count.
    BEFORE_WINDOW = 3
    INCOMPLETE = 4
    HIDDEN_LIKES = 5
    #: Its counts were read before FRESH_DAYS, and there is no later reading.
    READ_TOO_EARLY = 6
    #: Its post is younger than MATURE_DAYS, and was not read from FRESH_DAYS on by as_of.
    TOO_YOUNG = 7
    AFTER_AS_OF = 8
    REPOST = 9


#: Uses by which nothing is lost.
LOSSLESS_USES = (PostUse.COUNTS, PostUse.OTHER_READING)


def classify_readings(
    readings: PostReadings,
    platform: np.ndarray,
    as_of: np.ndarray,
    is_new: np.ndarray | None = None,
    rows: CountingRows | None = None,
    panel: PostPanel | None = None,
) -> np.ndarray:
    """Return the use of each reading for a forecast of its account, as PostUse numbers, (n,).

    `platform` and `as_of` (microseconds UTC): of each account; `is_new` (mask, (n,)): the readings
    that are added to those of known posts; None where all are new; `rows` and `panel`: the
    readings by which posts count, and the panel of those with known engagements, where both are
    known already.
    """
    account, posted = readings.account, readings.posted_at
    moment = as_of[account]
    has_engagements = np.isfinite(public_engagements(visible_counts(readings), platform[account]))
    if rows is None or panel is None:
        rows = counting_rows(readings)
        panel = select_posts(row_panel(readings, rows, len(as_of)), has_engagements[rows.all])
    order = _rows_that_count(panel, rows, as_of)
    use = _use_by_other_readings(readings, order, is_new)
    has_no_reading = use == PostUse.READ_TOO_EARLY
    is_young = posted + MATURE_DAYS * DAY_US > moment
    use[has_no_reading & is_young] = PostUse.TOO_YOUNG
    hidden = readings.columns.get("likes_hidden", np.zeros(len(account), dtype=bool))
    reason = np.where(hidden, PostUse.HIDDEN_LIKES, PostUse.INCOMPLETE)
    read_at = readings.read_at
    can_count = (read_at >= posted + FRESH_DAYS * DAY_US) & (~is_young | (read_at <= moment))
    lacks_counts = has_no_reading & can_count
    use[lacks_counts] = reason[lacks_counts]
    use[order] = PostUse.COUNTS
    use[_before_window(account, order)] = PostUse.BEFORE_WINDOW
    use[posted > moment] = PostUse.AFTER_AS_OF
    if "repost" in readings.columns:
        use[readings.columns["repost"]] = PostUse.REPOST
    return use


def _rows_that_count(panel: PostPanel, rows: CountingRows, as_of: np.ndarray) -> np.ndarray:
    """Return the readings by which posts count at `as_of` (accounts,), by account and moment."""
    known = panel.known_rows(np.arange(len(as_of)), as_of, len(rows.all))[:, ::-1]
    known = known[known >= 0]
    return rows.all[known if panel.index is None else panel.index[known]]


def count_uses(use: np.ndarray, account: np.ndarray, accounts: int) -> np.ndarray:
    """Return the number of readings of each account and use, (accounts, len(PostUse)).

    `use`, `account`: of each reading.
    """
    pairs = account * len(PostUse) + use
    counts = np.bincount(pairs, minlength=accounts * len(PostUse))
    return counts.reshape(accounts, len(PostUse))


def missing_post_reasons(
    history: History, account: np.ndarray, as_of: np.ndarray
) -> dict[str, np.ndarray]:
    """Return by warning whether it says why an account without a post of known engagements at
    as_of has none, (n,) each.

    Hidden likes and missing counts have one warning. Raises ValueError where the history keeps no
    details.
    """
    if history.details is None:
        raise ValueError(
            "the history keeps no details of its posts: make it by History.from_tables with "
            "details=True"
        )
    mature = as_of - MATURE_DAYS * DAY_US
    posts, rest = history.posts, history.details.excluded
    first, last = posts.start[account], posts.start[account + 1]
    first_rest, last_rest = rest.start[account], rest.start[account + 1]
    mature_end, now_end = posts.end_row(account, mature), posts.end_row(account, as_of)
    mature_end_rest, now_end_rest = rest.end_row(account, mature), rest.end_row(account, as_of)
    reposts = np.concatenate([[0], np.cumsum(rest.columns["repost"])])
    originals = np.concatenate([[0], np.cumsum(~rest.columns["repost"])])
    has_early = originals[mature_end_rest] > originals[first_rest]
    has_young = originals[now_end_rest] > originals[mature_end_rest]
    has_later = originals[last_rest] > originals[now_end_rest]
    return {
        "posts_incomplete": mature_end > first,
        "posts_read_too_early": has_early,
        "posts_too_young": (now_end > mature_end) | has_young,
        "posts_after_as_of": (last > now_end) | has_later,
        "posts_are_reposts": reposts[now_end_rest] > reposts[first_rest],
    }


def _use_by_other_readings(
    readings: PostReadings, order: np.ndarray, is_new: np.ndarray | None
) -> np.ndarray:
    """Return the use (n,) of readings that do not count: their post counts by another reading, or
    by none.

    `order`: the readings that count.
    """
    numbers: dict[tuple, int] = {}
    keys = zip(
        readings.account.tolist(), readings.posted_at.tolist(), readings.post_id, strict=True
    )
    post = np.array([numbers.setdefault(key, len(numbers)) for key in keys], dtype=np.int64)
    counting_by_post = np.full(len(numbers), -1)
    counting_by_post[post[order]] = order
    counting = counting_by_post[post]
    use = np.full(len(post), PostUse.OTHER_READING)
    if is_new is not None:
        use[~is_new[counting]] = PostUse.KNOWN_ALREADY
    use[counting < 0] = PostUse.READ_TOO_EARLY
    return use


def _before_window(account: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return the `rows`, sorted by account and moment, that WINDOW_POSTS or more rows of the same
    account follow.
    """
    row_account = account[rows]
    last = np.searchsorted(row_account, row_account, side="right") - 1
    following = last - np.arange(len(rows))
    return rows[following >= WINDOW_POSTS]
