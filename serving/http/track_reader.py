"""The partnerships of POST /v1/track as the tracker takes them, and the errors of those that cannot
be answered.
"""

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property, partial
from typing import Any

from features.history.post_readings import COUNT_FIELDS
from features.tables.schema import Column
from serving.http.errors import (
    ErrorDetail,
    RequestRefused,
    shorten_value,
)
from serving.http.json_columns import ErrorsByRow, missing_value, read_objects
from serving.http.partnership_ids import repeated_ids
from serving.http.recent_posts import add_if_future
from serving.http.request_reader import partnership_names, word_errors
from serving.http.track_schema import (
    FORECAST_FIELDS,
    MAX_PUBLISHED,
    MAX_READINGS,
    POST_FIELDS,
    PROSPECT_FIELDS,
    READING_FIELDS,
    TERM_FIELDS,
    TRACK_FIELDS,
)
from serving.scoring.prospect_batch import microseconds
from serving.settings import Limits
from serving.track.tracked import (
    GivenForecast,
    Reading,
    TrackedPartnership,
    TrackedPost,
    forecast_fault,
)

_TERMS = tuple(field.name for field in TERM_FIELDS if field.name != "horizon_days")
_PROSPECT = tuple(field.name for field in PROSPECT_FIELDS if field.name != "partnership_id")
_OBSERVED_AT, _POSTED_AT = READING_FIELDS[0], POST_FIELDS[2]


@dataclass(frozen=True)
class TrackRequest:
    """The partnerships of a request, n in order.

    `names`: the partnership_id of each, as given, else numbered; `partnerships`: those without
    errors, which stand at `valid_positions`; `faults`: the errors of the others, by position.
    """

    names: list[str]
    valid_positions: list[int]
    partnerships: list[TrackedPartnership]
    faults: dict[int, tuple[ErrorDetail, ...]]


@dataclass(frozen=True)
class _Children:
    """Objects in lists of other objects: the parent of each, its number there, its columns."""

    parents: list[int]
    numbers: list[int]
    columns: dict[str, list]

    def value(self, name: str, child: int) -> Any:
        return self.columns[name][child] if name in self.columns else None

    def of_parents(self, count: int) -> list[list[int]]:
        """Return the children of each of `count` parents."""
        children: list[list[int]] = [[] for _ in range(count)]
        for child, parent in enumerate(self.parents):
            children[parent].append(child)
        return children


def read_tracked(objects: list, now: datetime) -> TrackRequest:
    """Read the partnerships of a request; nothing can have been read after `now`.

    Raises RequestRefused where they have too many readings together.
    """
    columns, errors = read_objects(objects, TRACK_FIELDS, _partnership_path)
    count = len(objects)
    forecasts = _read_forecasts(columns.pop("forecast", [None] * count), errors)
    lists = columns.pop("published", [None] * count)
    posts, readings = _read_posts(lists, errors)
    names = partnership_names(columns, count, errors)
    _check_times(posts, readings, errors, now)
    faults = word_errors(errors)
    for row, repeat in repeated_ids(names).items():
        faults[row] = (*faults.get(row, ()), repeat)
    valid = [row for row in range(count) if row not in faults]
    parts = _Parts(columns, forecasts, posts, readings)
    partnerships = [parts.partnership(row, names[row]) for row in valid]
    return TrackRequest(names, valid, partnerships, faults)


def _partnership_path(row: int) -> str:
    return f"partnerships[{row}]"


def _read_forecasts(values: list, errors: ErrorsByRow) -> list[GivenForecast | None]:
    """Return the given forecast of each partnership, None where there is none or it has errors."""
    rows = [row for row, value in enumerate(values) if value is not None]
    columns, own_errors = read_objects(
        [values[row] for row in rows],
        FORECAST_FIELDS,
        lambda place: f"{_partnership_path(rows[place])}.forecast",
    )
    forecasts: list[GivenForecast | None] = [None] * len(values)
    names = [field.name for field in FORECAST_FIELDS]
    for place, row in enumerate(rows):
        given = [columns[name][place] if name in columns else None for name in names]
        for field, value in zip(FORECAST_FIELDS, given, strict=True):
            if value is None and place not in own_errors:
                own_errors[place].add(partial(missing_value, field, own_errors[place].where))
        if place in own_errors:
            errors[row].extend(own_errors[place])
            continue
        forecast = GivenForecast(*(float(value) for value in given if value is not None))
        if forecast_fault(forecast.p10, forecast.p50, forecast.p90):
            where = f"{_partnership_path(row)}.forecast"
            errors[row].add(
                partial(ErrorDetail, "not_ascending", where, "does not ascend", "p10 < p50 < p90")
            )
        else:
            forecasts[row] = forecast
    return forecasts


def _read_posts(lists: list, errors: ErrorsByRow) -> tuple[_Children, _Children]:
    """Return the posts of all partnerships, and the readings of all posts."""
    posts, post_errors = _read_children(
        lists, POST_FIELDS, MAX_PUBLISHED, lambda row: f"{_partnership_path(row)}.published", errors
    )
    reading_lists = posts.columns.pop("readings", [None] * len(posts.parents))
    of_posts = ErrorsByRow(lambda post: _post_path(posts, post))
    readings, reading_errors = _read_children(
        reading_lists,
        READING_FIELDS,
        MAX_READINGS,
        lambda post: f"{_post_path(posts, post)}.readings",
        of_posts,
        set(post_errors),
    )
    _check_total(len(readings.parents))
    for reading in sorted(reading_errors):
        of_posts[readings.parents[reading]].extend(reading_errors[reading])
    for source in (post_errors, of_posts):
        for post in sorted(source):
            errors[posts.parents[post]].extend(source[post])
    return posts, readings


def _read_children(
    lists: Sequence[list | None],
    fields: Sequence[Column],
    most: int,
    path: Callable[[int], str],
    errors: ErrorsByRow,
    without_check: Collection[int] = (),
) -> tuple[_Children, ErrorsByRow]:
    """Read the objects in the list of each parent, of which there must be 1 to `most`; add an error
    to the parents with fewer, but for those `without_check`, and to those with more.
    """
    parents: list[int] = []
    numbers: list[int] = []
    objects: list[object] = []
    for parent, children in enumerate(lists):
        where, rule = path(parent), f"a list of 1 to {most:,}"
        if not children:
            if parent not in without_check:
                what = "is empty or missing"
                errors[parent].add(partial(ErrorDetail, "too_few", where, what, rule))
        elif len(children) > most:
            got = shorten_value(children)
            errors[parent].add(partial(ErrorDetail, "too_many", where, "is too long", rule, got))
        else:
            parents += [parent] * len(children)
            numbers += range(len(children))
            objects += children
    columns, own_errors = read_objects(
        objects, fields, lambda child: f"{path(parents[child])}[{numbers[child]}]"
    )
    return _Children(parents, numbers, columns), own_errors


def _post_path(posts: _Children, post: int) -> str:
    return f"{_partnership_path(posts.parents[post])}.published[{posts.numbers[post]}]"


def _check_total(count: int) -> None:
    if count > Limits.recent_posts:
        rule = f"at most {Limits.recent_posts:,} in one request: send fewer partnerships at a time"
        raise RequestRefused.for_error(
            413, ErrorDetail("too_large", "partnerships", f"bring {count:,} readings", rule)
        )


def _check_times(posts: _Children, readings: _Children, errors: ErrorsByRow, now: datetime) -> None:
    """Add the errors across fields of posts and readings: impossible times, repeats."""
    without_errors = {row for row in posts.parents if row not in errors}
    seen: set[tuple[int, object]] = set()
    for post, row in enumerate(posts.parents):
        path, posted = _post_path(posts, post), posts.value("posted_at", post)
        if posted is None and row in without_errors:
            errors[row].add(partial(missing_value, _POSTED_AT, path))
        add_if_future(posted, now, path, "posted_at", errors, row)
        post_id = posts.value("post_id", post)
        if post_id is not None and (row, post_id) in seen:
            errors[row].add(partial(_repeated_post, path, post_id))
        seen.add((row, post_id))
    seen = set()
    for reading, post in enumerate(readings.parents):
        row, observed = posts.parents[post], readings.value("observed_at", reading)
        path = f"{_post_path(posts, post)}.readings[{readings.numbers[reading]}]"
        if observed is None and row in without_errors:
            errors[row].add(partial(missing_value, _OBSERVED_AT, path))
        add_if_future(observed, now, path, "observed_at", errors, row)
        _check_observed(observed, posts.value("posted_at", post), path, errors, row)
        if observed is not None and (post, observed) in seen:
            errors[row].add(partial(_repeated_reading, path))
        seen.add((post, observed))


def _repeated_post(path: str, post_id: str) -> ErrorDetail:
    rule, got = "each post once, with all its readings", shorten_value(post_id)
    return ErrorDetail("repeated_post", f"{path}.post_id", "repeats an earlier post", rule, got)


def _repeated_reading(path: str) -> ErrorDetail:
    what = "is the moment of an earlier reading of the post"
    return ErrorDetail("repeated_reading", f"{path}.observed_at", what, "each moment once")


def _check_observed(
    observed: datetime | None, posted: datetime | None, path: str, errors: ErrorsByRow, row: int
) -> None:
    if observed is not None and posted is not None and observed < posted:
        where, rule = f"{path}.observed_at", "a time at or after posted_at"
        got = observed.isoformat()
        errors[row].add(
            partial(ErrorDetail, "before_posted_at", where, "is before posted_at", rule, got)
        )


@dataclass(frozen=True)
class _Parts:
    """The valid values of a request: of partnerships, of their posts, and of the readings."""

    columns: dict[str, list]
    forecasts: list[GivenForecast | None]
    posts: _Children
    readings: _Children

    @cached_property
    def _posts_of(self) -> list[list[int]]:
        return self.posts.of_parents(len(self.forecasts))

    @cached_property
    def _readings_of(self) -> list[list[int]]:
        return self.readings.of_parents(len(self.posts.parents))

    def partnership(self, row: int, name: str) -> TrackedPartnership:
        """Return the partnership at a position, which has no errors."""
        told = {
            field: values[row] for field, values in self.columns.items() if values[row] is not None
        }
        prospect = {field: told[field] for field in _PROSPECT if field in told}
        partnership = TrackedPartnership(
            name,
            prospect.get("platform"),
            tuple(map(self._post, self._posts_of[row])),
            prospect,
            float(told.get("horizon_days", math.nan)),
            forecast=self.forecasts[row],
            is_numbered="partnership_id" not in told,
        )
        return replace(partnership, **{field: told[field] for field in _TERMS if field in told})

    def _post(self, post: int) -> TrackedPost:
        given = self.posts.value("post_id", post)
        return TrackedPost(
            given or str(self.posts.numbers[post] + 1),
            microseconds(self.posts.value("posted_at", post)),
            tuple(map(self._reading, self._readings_of[post])),
            self.posts.value("format", post),
            is_numbered=not given,
        )

    def _reading(self, reading: int) -> Reading:
        value = self.readings.value
        hidden = bool(value("likes_hidden", reading))
        counts = {name: value(name, reading) for name in COUNT_FIELDS}
        known = {
            name: float(count)
            for name, count in counts.items()
            if count is not None and not (name == "likes" and hidden)
        }
        return Reading(microseconds(value("observed_at", reading)), known, hidden)
