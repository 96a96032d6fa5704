"""The partnerships of a request as a batch of prospects, and the errors of those that cannot be
scored.

All partnerships are read together, field by field. One with errors does not keep the others from
being scored; only a request that is malformed as a whole is refused.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import compress

import numpy as np

from features.history.post_readings import PostReadings
from features.tables.schema import Column
from serving.http.errors import (
    MAX_FAULTS,
    MAX_REQUEST_FAULTS,
    ErrorDetail,
    field_path,
    shorten_value,
)
from serving.http.json_columns import ErrorsByRow, read_objects
from serving.http.packages import read_packages
from serving.http.partnership_ids import fill_missing_ids, repeated_ids
from serving.http.recent_posts import (
    RecentPosts,
    add_if_future,
    check_recent_posts,
    read_recent_posts,
    recent_post_readings,
)
from serving.http.request_schema import PARTNERSHIP_FIELDS
from serving.scoring.prospect_batch import ProspectBatch, batch_from_columns


@dataclass(frozen=True)
class ParsedRequest:
    """The partnerships of a request, n in order.

    `names`: the partnership_id of each, as given, else numbered; `valid_positions`: positions of
    the m without errors, which `prospects` (m), `posts` and `extras` are of; `faults`: the errors
    of the others, by position; `extras`: values (m) of fields that no forecast uses.
    """

    names: list[str]
    valid_positions: list[int]
    prospects: ProspectBatch
    posts: PostReadings | None
    faults: dict[int, tuple[ErrorDetail, ...]]
    extras: dict[str, list] = field(default_factory=dict)


def read_partnerships(
    objects: list, now: datetime, extra_fields: Sequence[Column] = ()
) -> ParsedRequest:
    """Read the partnerships of a request; nothing can have been posted after `now`.

    `extra_fields`: those that they may have besides.

    Raises RequestRefused where they have too many recent_posts together.
    """
    columns, errors = read_objects(
        objects, (*PARTNERSHIP_FIELDS, *extra_fields), lambda row: f"partnerships[{row}]"
    )
    read_packages(columns, errors)
    posts = read_recent_posts(columns.pop("recent_posts", []), errors)
    names = partnership_names(columns, len(objects), errors)
    _check_across_fields(columns, posts, errors, len(objects), now)
    faults = word_errors(errors)
    for row, repeat in repeated_ids(names).items():
        faults[row] = (*faults.get(row, ()), repeat)
    is_valid = [row not in faults for row in range(len(objects))]
    valid_positions = list(compress(range(len(objects)), is_valid))
    given = columns.get("partnership_id") or [None] * len(objects)
    columns["partnership_id"] = names
    valid_columns = {name: list(compress(values, is_valid)) for name, values in columns.items()}
    extra_names = [column.name for column in extra_fields if column.name in valid_columns]
    extras = {name: valid_columns.pop(name) for name in extra_names}
    is_numbered = None
    if not all(given):
        is_numbered = np.array([not given[row] for row in valid_positions], dtype=bool)
    prospects = batch_from_columns(len(valid_positions), valid_columns, is_numbered)
    readings = _valid_readings(posts, valid_positions, now)
    return ParsedRequest(names, valid_positions, prospects, readings, faults, extras)


def partnership_names(columns: dict[str, list], count: int, errors: ErrorsByRow) -> list[str]:
    """Return the id of each partnership; one with errors may be cut short."""
    ids = columns.get("partnership_id") or [None] * count
    shown = [shorten_value(name) if row in errors else name for row, name in enumerate(ids)]
    return fill_missing_ids([name or "" for name in shown])


def _check_across_fields(
    columns: dict[str, list], posts: RecentPosts, errors: ErrorsByRow, count: int, now: datetime
) -> None:
    """Check what several fields of a partnership say together, where each is clean by itself."""
    is_clean = [row not in errors for row in range(count)]
    clean_posts = posts.select([is_clean[row] for row in posts.rows])
    _check_identity(columns, set(clean_posts.rows), is_clean, errors)
    for row, created_at in enumerate(columns.get("created_at", ())):
        if is_clean[row]:
            path = f"partnerships[{row}]"
            add_if_future(created_at, now, path, "created_at", errors, row)
    check_recent_posts(clean_posts, errors, now)


def _check_identity(
    columns: dict[str, list], rows_with_posts: set[int], is_clean: list[bool], errors: ErrorsByRow
) -> None:
    """Add an error to each clean partnership that neither a creator nor a platform is known of."""
    unknown = [None] * len(is_clean)
    platforms = columns.get("platform", unknown)
    creators = columns.get("creator_id", unknown)
    for row, platform in enumerate(platforms):
        if platform is not None or not is_clean[row]:
            continue
        where = field_path(f"partnerships[{row}]", ("platform",))
        if row in rows_with_posts:
            rule = "the platform of recent_posts"
            errors[row].add(partial(ErrorDetail, "missing", where, "is missing", rule))
        elif creators[row] is None:
            words = "is missing, and so is creator_id"
            rule = "a creator_id that the service knows, or a platform and the creator's profile"
            errors[row].add(partial(ErrorDetail, "missing", where, words, rule))


def word_errors(errors: ErrorsByRow) -> dict[int, tuple[ErrorDetail, ...]]:
    """Return the errors of each row; past MAX_REQUEST_FAULTS of all rows they are only counted."""
    worded, room = {}, MAX_REQUEST_FAULTS
    for row in sorted(errors):
        most = min(room, MAX_FAULTS)
        details = errors[row].faults(most)
        room -= min(most, len(details))
        worded[row] = tuple(details)
    return worded


def _valid_readings(
    posts: RecentPosts, valid_positions: list[int], now: datetime
) -> PostReadings | None:
    """Return the posts of the valid partnerships; an account is a position among those."""
    accounts = {row: account for account, row in enumerate(valid_positions)}
    valid_posts = posts.select([row in accounts for row in posts.rows])
    return recent_post_readings(valid_posts, [accounts[row] for row in valid_posts.rows], now)
