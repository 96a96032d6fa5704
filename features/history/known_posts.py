"""The posts that a history knows of one account: their counts, and their use for a forecast."""

from dataclasses import dataclass

import numpy as np

from features.history.arrays import DAY_US, NAT_US
from features.history.extend import counting_posts, known_readings
from features.history.history import History, PostDetails
from features.history.post_use import PostUse, classify_readings
from features.tables.vocabulary import MATURE_DAYS


@dataclass(frozen=True)
class KnownPosts:
    """Posts of one account, newest first, arrays (n,); times in microseconds UTC.

    - `post_id`: None where the history keeps none, which is so of posts without a reading that
      can count; `format`: position in FORMATS
    - `observed_at`: when the counts were read, NAT_US where that is unknown
    - `counts`: by name `engagements_read`, `views_read`, as they were read, and `engagements`,
      `views`, brought to the horizon of the history; all NaN where unknown
    - `use`: whether and why not a post counts for a forecast, as PostUse numbers
    """

    post_id: np.ndarray
    posted_at: np.ndarray
    observed_at: np.ndarray
    format: np.ndarray
    counts: dict[str, np.ndarray]
    use: np.ndarray

    def __len__(self) -> int:
        return len(self.posted_at)

    def __getitem__(self, rows: slice | np.ndarray) -> "KnownPosts":
        """Return the posts of a slice, or at positions (m,)."""
        return KnownPosts(
            self.post_id[rows],
            self.posted_at[rows],
            self.observed_at[rows],
            self.format[rows],
            {name: values[rows] for name, values in self.counts.items()},
            self.use[rows],
        )


def known_posts(history: History, account: int, as_of: int) -> KnownPosts:
    """Return all posts known of an account, for a forecast made at `as_of`, microseconds UTC.

    The history is one at a horizon. Raises ValueError where it keeps no details of its posts.
    """
    if history.details is None:
        raise ValueError("the history keeps no details of its posts")
    accounts = np.array([account])
    readings, _ = known_readings(history, history.details, accounts)
    rows = counting_posts(history.posts, accounts)[2]
    use = classify_readings(readings, history.platform[accounts], np.array([as_of]))
    readable = KnownPosts(
        readings.post_id,
        readings.posted_at,
        readings.observed_at,
        readings.columns["format"],
        _counts(history, rows),
        use,
    )
    readable = readable[_one_reading_each(readable, readings.read_at)]
    unread = _posts_without_reading(history.details, account, as_of, readable.posted_at)
    posts = _join(readable, unread)
    return posts[np.argsort(-posts.posted_at, kind="stable")]


def _counts(history: History, rows: np.ndarray) -> dict[str, np.ndarray]:
    """Return the counts of KnownPosts of rows of the history's posts."""
    logs = {
        "engagements_read": "engagements_log_read",
        "views_read": "views_log_read",
        "engagements": "engagements_log",
        "views": "views_log",
    }
    columns = history.posts.columns
    return {name: np.expm1(columns[column][rows]) for name, column in logs.items()}


def _one_reading_each(posts: KnownPosts, read_at: np.ndarray) -> np.ndarray:
    """Return the place of one reading of each post: that by which it counts, else its newest.

    `read_at`: the moment of each reading, (n,).
    """
    is_other = posts.use == PostUse.OTHER_READING
    ids = np.unique(posts.post_id.astype(str), return_inverse=True)[1]
    order = np.lexsort((-read_at, is_other, ids, posts.posted_at))
    is_first = np.ones(len(order), dtype=bool)
    same_moment = np.diff(posts.posted_at[order]) == 0
    is_first[1:] = ~(same_moment & (np.diff(ids[order]) == 0))
    return order[is_first]


def _posts_without_reading(
    details: PostDetails, account: int, as_of: int, others: np.ndarray
) -> KnownPosts:
    """Return the posts of an account that have no reading that can count: those at other moments
    than `others`, the moments of the posts that have one.
    """
    excluded = details.excluded
    own = slice(excluded.start[account], excluded.start[account + 1])
    posted_at, first = np.unique(excluded.time[own], return_index=True)
    is_repost = excluded.columns["repost"][own][first]
    is_apart = ~np.isin(posted_at, others)
    posted_at, is_repost = posted_at[is_apart], is_repost[is_apart]
    is_young = posted_at + MATURE_DAYS * DAY_US > as_of
    use = np.where(is_young, PostUse.TOO_YOUNG, PostUse.READ_TOO_EARLY)
    use[posted_at > as_of] = PostUse.AFTER_AS_OF
    use[is_repost] = PostUse.REPOST
    n = len(posted_at)
    names = ("engagements_read", "views_read", "engagements", "views")
    unknown = {name: np.full(n, np.nan) for name in names}
    ids, moments = np.full(n, None), np.full(n, NAT_US)
    return KnownPosts(ids, posted_at, moments, np.full(n, np.nan), unknown, use)


def _join(first: KnownPosts, second: KnownPosts) -> KnownPosts:
    return KnownPosts(
        np.concatenate([first.post_id, second.post_id]),
        np.concatenate([first.posted_at, second.posted_at]),
        np.concatenate([first.observed_at, second.observed_at]),
        np.concatenate([first.format, second.format]),
        {
            name: np.concatenate([values, second.counts[name]])
            for name, values in first.counts.items()
        },
        np.concatenate([first.use, second.use]),
    )
