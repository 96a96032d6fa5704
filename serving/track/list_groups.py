"""From the rows of a list to partnerships: which rows are of one partnership and of one post, and
which rows contradict an earlier one.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from features.tables.schema import AVERAGE_COLUMNS
from models.running_total import MOST_DELIVERABLES
from serving.track.known_posts import KnownPost, KnownPosts, microseconds_of, reading_of
from serving.track.list_keys import Key, ambiguous_rows, partnership_keys, partnership_names
from serving.track.list_reader import ReadingList
from serving.track.list_rules import FORECAST, Told, row_faults, with_known, with_remedy, worded
from serving.track.tracked import (
    GivenForecast,
    Reading,
    TrackedPartnership,
    TrackedPost,
)

#: What all rows of a partnership must agree on.
_TERMS = (
    *("creator_id", "platform", "horizon_days", "deliverables"),
    *("goal_engagements", "make_good_engagements", "fee_usd", *FORECAST),
)
#: How the list itself has the fee.
_FEE = ("fee", "currency")
#: What the model's forecast of before is made by: of the first row that gives it.
_PROSPECT = (
    *("creator_id", "followers", "niche", "brand_niche"),
    *(column.name for column in AVERAGE_COLUMNS),
)
#: Of those, what says whose posts they are.
_WHOSE = ("creator_id", "platform")
WITHOUT_TIME = "moments_without_time_of_day"
UNDATED = "readings_without_observed_at_not_used"


@dataclass
class _Post:
    posted_at: pd.Timestamp
    format: str | None
    known: KnownPost | None
    is_numbered: bool
    readings: dict[int, Reading] = field(default_factory=dict)

    def tracked(self, post_id: str) -> TrackedPost:
        """Return the post with the readings of the list, and those of the tables at other
        moments.
        """
        of_tables = () if self.known is None else self.known.readings
        readings = {one.observed_at: one for one in of_tables} | self.readings
        return TrackedPost(
            post_id,
            microseconds_of(self.posted_at),
            tuple(readings.values()),
            self.format,
            (UNDATED,) if self.known is not None and self.known.undated else (),
            self.is_numbered,
        )


@dataclass
class _Partnership:
    terms: dict[str, Any] = field(default_factory=dict)
    prospect: dict[str, Any] = field(default_factory=dict)
    posts: dict[str, _Post] = field(default_factory=dict)
    rows: list[int] = field(default_factory=list)
    warnings: dict[str, None] = field(default_factory=dict)


@dataclass(frozen=True)
class GroupedList:
    """Partnerships of a list; `rows`: the rows of each, in the same order; `reasons`: row -> why
    it is not used.
    """

    partnerships: list[TrackedPartnership]
    rows: list[list[int]]
    reasons: dict[int, list[str]]


def group_list(readings: ReadingList, known: KnownPosts, as_of: pd.Timestamp) -> GroupedList:
    """Return the partnerships of a list. A row that breaks a rule is not used, and its reasons are
    given; the other rows of its partnership are.
    """
    reasons = {row: list(faults) for row, faults in readings.reasons.items()}
    rows: dict[int, Told] = {}
    dates_alone: dict[int, list[str]] = {}
    for row, values in enumerate(readings.rows.to_dict("records")):
        if row in reasons:
            continue
        told: Told = {str(name): value for name, value in values.items() if pd.notna(value)}
        post = known.find(told.get("platform"), told.get("post_id"))
        without_time = [name for name, rows_ in readings.dates_alone.items() if rows_[row]]
        told, without_time = _with_known_time(told, post, without_time)
        told = with_known(told, post)
        if faults := row_faults(told, known, as_of, without_time):
            reasons[row] = [
                with_remedy(fault, readings.unread, readings.remedies, row) for fault in faults
            ]
            continue
        rows[row], dates_alone[row] = told, without_time
    keys = partnership_keys(rows)
    reasons |= {row: [why] for row, why in ambiguous_rows(rows, keys, dates_alone).items()}
    groups: dict[Key, _Partnership] = {}
    for row, told in rows.items():
        if row in reasons:
            continue
        group = groups.setdefault(keys[row], _Partnership())
        post = known.find(told.get("platform"), told.get("post_id"))
        if faults := _add(group, told, post, readings.rows.iloc[row]):
            reasons[row] = faults
            continue
        group.rows.append(row)
        group.warnings |= dict.fromkeys(_unread_warnings(readings.unread, row))
        if dates_alone[row]:
            group.warnings[WITHOUT_TIME] = None
    return _grouped(groups, readings, reasons)


def _grouped(
    groups: dict[Key, _Partnership], readings: ReadingList, reasons: dict[int, list[str]]
) -> GroupedList:
    """Return the groups that have rows as partnerships with their names."""
    used = {key: group for key, group in groups.items() if group.rows}
    names = partnership_names(used)
    partnerships = [_tracked(key, names[key], group) for key, group in used.items()]
    _warn_of_rejected(partnerships, readings, reasons)
    return GroupedList(partnerships, [group.rows for group in used.values()], reasons)


def _with_known_time(
    told: Told, post: KnownPost | None, dates_alone: list[str]
) -> tuple[Told, list[str]]:
    """Return a row without its posted_at where that is the day, without the time, of the
    tables.
    """
    day = told.get("posted_at")
    is_same = post is not None and day is not None and day == post.posted_at.normalize()
    if not (is_same and "posted_at" in dates_alone):
        return told, dates_alone
    without = {name: value for name, value in told.items() if name != "posted_at"}
    return without, [name for name in dates_alone if name != "posted_at"]


def _add(group: _Partnership, told: Told, known: KnownPost | None, row: pd.Series) -> list[str]:
    """Add a row to its partnership; return what contradicts earlier rows, and then add nothing."""
    differing = [
        name for name in _TERMS if name in told and group.terms.get(name, told[name]) != told[name]
    ]
    differences = [_difference(name, told, group.terms) for name in differing]
    if "partnership_id" in told and set(differing) & set(_WHOSE):
        whose = [one for name, one in zip(differing, differences, strict=True) if name in _WHOSE]
        remedy = "give each creator its own partnership_id, on each platform"
        return [f"{', '.join(whose)} of an earlier row of the partnership: {remedy}"]
    faults = [f"{one} of an earlier row of the partnership: keep one" for one in differences]
    post_id = str(told.get("post_id") or worded(told["posted_at"]))
    post = group.posts.get(post_id)
    if post is not None and post.posted_at != told["posted_at"]:
        faults.append(
            f"posted_at {worded(told['posted_at'])} differs from {worded(post.posted_at)} of an "
            "earlier row of the post: keep one"
        )
    if post is None and len(group.posts) == MOST_DELIVERABLES:
        faults.append(f"the partnership has more than {MOST_DELIVERABLES} posts: split it")
    reading = reading_of(row) if "observed_at" in told else None
    if reading and post and reading.observed_at in post.readings:
        faults.append("observed_at is that of an earlier row of the post: keep one")
    if faults:
        return faults
    group.terms |= {name: told[name] for name in (*_TERMS, *_FEE) if name in told}
    group.prospect = {name: told[name] for name in _PROSPECT if name in told} | group.prospect
    new = _Post(told["posted_at"], told.get("format"), known, is_numbered=not told.get("post_id"))
    post = group.posts.setdefault(post_id, new)
    post.format = post.format or told.get("format")
    if reading is not None:
        post.readings[reading.observed_at] = reading
    return []


def _difference(name: str, told: Told, terms: Told) -> str:
    """Word how a row differs from an earlier one of its partnership; a fee as the list has it."""
    if name == "fee_usd" and "fee" in told and "fee" in terms:
        fee, earlier = (f"{worded(row['fee'])} {row['currency']}" for row in (told, terms))
        return f"fee {fee} differs from {earlier}"
    return f"{name} {worded(told[name])} differs from {worded(terms[name])}"


def _tracked(key: Key, partnership_id: str, group: _Partnership) -> TrackedPartnership:
    terms = group.terms
    quantiles = [terms.get(name) for name in FORECAST]
    forecast = None if quantiles[0] is None else GivenForecast(*map(float, quantiles))  # type: ignore[arg-type]
    return TrackedPartnership(
        partnership_id=partnership_id,
        platform=terms.get("platform"),
        posts=tuple(post.tracked(post_id) for post_id, post in group.posts.items()),
        prospect=group.prospect,
        horizon_days=float(terms.get("horizon_days", math.nan)),
        deliverables=terms.get("deliverables"),
        goal_engagements=terms.get("goal_engagements"),
        make_good_engagements=terms.get("make_good_engagements"),
        fee_usd=terms.get("fee_usd"),
        forecast=forecast,
        warnings=tuple(group.warnings),
        fee=terms.get("fee"),
        currency=terms.get("currency"),
        is_numbered=key[0] != "partnership",
    )


def _unread_warnings(unread: dict[str, np.ndarray], row: int) -> Iterable[str]:
    return (f"{name}_not_used" for name, rows in unread.items() if rows[row])


def _warn_of_rejected(
    partnerships: list[TrackedPartnership], readings: ReadingList, reasons: dict[int, list[str]]
) -> None:
    """Add a warning to the partnerships of which a row is not used, where its id could be read."""
    ids = readings.rows["partnership_id"]
    named = {ids[row] for row in reasons if pd.notna(ids[row])}
    for place, partnership in enumerate(partnerships):
        if partnership.partnership_id in named:
            warnings = (*partnership.warnings, "rejected_rows_not_used")
            partnerships[place] = replace(partnership, warnings=warnings)
