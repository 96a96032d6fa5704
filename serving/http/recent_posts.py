"""The posts that partnerships of a request bring with them: read with their errors, and as
readings of the scorer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import compress

import numpy as np
import pyarrow as pa

from features.history.post_readings import CONTENT_FIELDS, COUNT_FIELDS, TEXT_FIELDS, PostReadings
from features.tables.vocabulary import FORMATS, NICHES
from serving.http.errors import (
    ErrorDetail,
    RequestRefused,
    field_path,
    shorten_value,
)
from serving.http.json_columns import ZONE_SLACK, ErrorsByRow, missing_value, read_objects
from serving.http.request_schema import MAX_RECENT_POSTS, POST_FIELDS
from serving.scoring.prospect_batch import microseconds
from serving.settings import Limits

_FORMATS, _NICHES = (
    {name: float(place) for place, name in enumerate(names)} for names in (FORMATS, NICHES)
)
(_POSTED_AT,) = (field for field in POST_FIELDS if field.name == "posted_at")


@dataclass(frozen=True)
class RecentPosts:
    """The k recent posts of a request, by partnership and in the order of their lists.

    `rows` (k,): positions of their partnerships; `numbers` (k,): positions in the lists of those;
    `columns`: clean values by field, None where unknown, fields that no post has left out.
    """

    rows: list[int]
    numbers: list[int]
    columns: dict[str, list]

    def column(self, name: str) -> list:
        """Return the values of a field, (k,)."""
        return self.columns.get(name) or [None] * len(self.rows)

    def path(self, post: int) -> str:
        """Return the place of a post in the request."""
        return _post_path(self.rows[post], self.numbers[post])

    def select(self, is_selected: Sequence[bool]) -> "RecentPosts":
        """Return some of the posts; `is_selected` (k,)."""
        return RecentPosts(
            list(compress(self.rows, is_selected)),
            list(compress(self.numbers, is_selected)),
            {name: list(compress(values, is_selected)) for name, values in self.columns.items()},
        )


def read_recent_posts(lists: Sequence[list | None], errors: ErrorsByRow) -> RecentPosts:
    """Read the recent_posts of each partnership, and add the errors of them to its own.

    Raises RequestRefused where all lists together are too long.
    """
    accepted = [_accepted(posts or [], errors, row) for row, posts in enumerate(lists)]
    _check_total(sum(map(len, accepted)))
    rows = [row for row, posts in enumerate(accepted) for _ in posts]
    numbers = [number for posts in accepted for number in range(len(posts))]
    objects = [post for posts in accepted for post in posts]
    columns, post_errors = read_objects(
        objects, POST_FIELDS, lambda post: _post_path(rows[post], numbers[post])
    )
    for post in sorted(post_errors):
        errors[rows[post]].extend(post_errors[post])
    return RecentPosts(rows, numbers, columns)


def check_recent_posts(posts: RecentPosts, errors: ErrorsByRow, now: datetime) -> None:
    """Add the errors across fields of the posts: impossible times, and posts that repeat."""
    posted, observed = posts.column("posted_at"), posts.column("observed_at")
    for post, row in enumerate(posts.rows):
        _check_times(posts.path(post), posted[post], observed[post], errors, row, now)
    _check_repeats(posts, errors)


def add_if_future(
    time: datetime | None, now: datetime, path: str, name: str, errors: ErrorsByRow, row: int
) -> None:
    """Add an error to a row where a time of it lies in the future, in whatever zone."""
    if time is None or time <= now + ZONE_SLACK:
        return
    rule = f"at most {now:%Y-%m-%dT%H:%M:%SZ}"
    words = "lies in the future"
    where = field_path(path, (name,))
    errors[row].add(partial(ErrorDetail, "in_future", where, words, rule, time.isoformat()))


def recent_post_readings(
    posts: RecentPosts, account: Sequence[int], now: datetime
) -> PostReadings | None:
    """Return the posts as readings of accounts, (k,); None where there are no posts.

    Posts without a post_id are numbered. Counts without observed_at are those of `now`: nobody can
    have read them later, and the older they were, the less they would have grown.
    """
    if not posts.rows:
        return None
    ids = posts.column("post_id")
    names = [name or f"recent-{n}" for name, n in zip(ids, posts.numbers, strict=True)]
    observed = posts.column("observed_at")
    return PostReadings(
        np.array(account),
        np.array([microseconds(time) for time in posts.column("posted_at")]),
        np.array([microseconds(now if time is None else time) for time in observed]),
        np.array(names, dtype=object),  # type: ignore[arg-type]  # an array is no Sequence
        _number_arrays(posts) | _flag_arrays(posts),
        _text_arrays(posts),
        np.array([name is None for name in ids]),
    )


def _post_path(row: int, number: int) -> str:
    return f"partnerships[{row}].recent_posts[{number}]"


def _accepted(posts: list, errors: ErrorsByRow, row: int) -> list:
    """Return the posts of a row; none, and an error, where there are too many."""
    if len(posts) <= MAX_RECENT_POSTS:
        return posts
    where, rule = f"{errors[row].where}.recent_posts", f"at most {MAX_RECENT_POSTS:,}"
    got = shorten_value(posts)
    errors[row].add(partial(ErrorDetail, "too_many", where, "is too long", rule, got))
    return []


def _check_total(count: int) -> None:
    if count > Limits.recent_posts:
        rule = f"at most {Limits.recent_posts:,} in one request: send fewer partnerships at a time"
        raise RequestRefused.for_error(
            413, ErrorDetail("too_large", "partnerships", f"bring {count:,} recent_posts", rule)
        )


def _check_times(
    path: str,
    posted: datetime | None,
    observed: datetime | None,
    errors: ErrorsByRow,
    row: int,
    now: datetime,
) -> None:
    add_if_future(posted, now, path, "posted_at", errors, row)
    add_if_future(observed, now, path, "observed_at", errors, row)
    if posted is None:
        errors[row].add(partial(missing_value, _POSTED_AT, path))
    elif observed is not None and observed < posted:
        where = field_path(path, ("observed_at",))
        words, rule = "is before posted_at", "a time at or after posted_at"
        got = observed.isoformat()
        errors[row].add(partial(ErrorDetail, "before_posted_at", where, words, rule, got))


def _check_repeats(posts: RecentPosts, errors: ErrorsByRow) -> None:
    """Add an error for each reading that stands twice, and for each that moves its post."""
    seen: set[tuple[int, str, datetime | None]] = set()
    first_posted: dict[tuple[int, str], datetime | None] = {}
    columns = (posts.column(name) for name in ("post_id", "posted_at", "observed_at"))
    for post, (post_id, posted, observed) in enumerate(zip(*columns, strict=True)):
        if post_id is None:
            continue
        row = posts.rows[post]
        first = first_posted.setdefault((row, post_id), posted)
        if (row, post_id, observed) in seen:
            errors[row].add(partial(_repeated_post, posts.path(post), post_id))
        if first is not None and posted is not None and posted != first:
            errors[row].add(partial(_moved_post, posts.path(post), posted, first))
        seen.add((row, post_id, observed))


def _repeated_post(path: str, post_id: str) -> ErrorDetail:
    return ErrorDetail(
        "repeated_post",
        field_path(path, ("post_id",)),
        "repeats an earlier post",
        "each post_id and observed_at once",
        shorten_value(post_id),
    )


def _moved_post(path: str, posted: datetime, first: datetime) -> ErrorDetail:
    return ErrorDetail(
        "two_posted_at",
        field_path(path, ("posted_at",)),
        "differs from an earlier reading of the post",
        f"{first.isoformat()}, as there",
        posted.isoformat(),
    )


def _number_arrays(posts: RecentPosts) -> dict[str, np.ndarray]:
    """Return numbers and codes of the posts, NaN where unknown; columns without a value are left
    out.
    """
    columns = {name: posts.column(name) for name in (*COUNT_FIELDS, "sponsored", *CONTENT_FIELDS)}
    columns["format"] = [_FORMATS.get(name) for name in posts.column("format")]
    columns["brand"] = [_NICHES.get(name) for name in posts.column("brand_niche")]
    return {
        name: np.array(values, dtype=float)
        for name, values in columns.items()
        if _has_value(values)
    }


def _flag_arrays(posts: RecentPosts) -> dict[str, np.ndarray]:
    """Return the flags that any post has; unknown ones are False."""
    columns = {name: posts.column(name) for name in ("likes_hidden", "repost")}
    return {name: np.array(values, dtype=bool) for name, values in columns.items() if any(values)}


def _text_arrays(posts: RecentPosts) -> dict[str, pa.Array]:
    columns = {name: posts.column(name) for name in TEXT_FIELDS}
    return {
        name: pa.array(values, pa.large_string())
        for name, values in columns.items()
        if _has_value(values)
    }


def _has_value(values: list) -> bool:
    return values.count(None) < len(values)
