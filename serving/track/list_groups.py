"""From the rows of a list to partnerships: which rows are of one partnership and of one post, and
which rows contradict an earlier one.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from features.tables.schema import AVERAGE_COLUMNS, format_exact
from models.running_total import MOST_DELIVERABLES
from serving.track.known_posts import COUNTS, KnownPost, KnownPosts, microseconds_of, reading_of
from serving.track.list_reader import ReadingList
from serving.track.tracked import (
    HORIZON_DAYS,
    GivenForecast,
    Reading,
    TrackedPartnership,
    TrackedPost,
    forecast_fault,
)

_FORECAST = ("forecast_p10", "forecast_p50", "forecast_p90")
#: What all rows of a partnership must agree on.
_TERMS = (
    *("creator_id", "platform", "horizon_days", "deliverables"),
    *("goal_engagements", "make_good_engagements", "fee_usd", *_FORECAST),
)
#: What the model's forecast of before is made by: of the first row that gives it.
_PROSPECT = (
    *("creator_id", "followers", "niche", "brand_niche"),
    *(column.name for column in AVERAGE_COLUMNS),
)
UNDATED = "readings_without_observed_at_not_used"


@dataclass
class _Post:
    posted_at: pd.Timestamp
    format: str | None
    known: KnownPost | None
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
    groups: dict[str, _Partnership] = {}
    for row, values in enumerate(readings.rows.to_dict("records")):
        if row in reasons:
            continue
        told: dict[str, Any] = {
            str(name): value for name, value in values.items() if pd.notna(value)
        }
        post = known.find(told.get("platform"), told.get("post_id"))
        told = _with_known(told, post)
        faults = _row_faults(told, post, as_of)
        if not faults:
            group = groups.setdefault(_partnership_id(told), _Partnership())
            faults = _add(group, told, post, readings.rows.iloc[row])
        if faults:
            reasons[row] = [_with_unread(fault, readings.unread, row) for fault in faults]
            continue
        group.rows.append(row)
        group.warnings |= dict.fromkeys(_unread_warnings(readings.unread, row))
    used = {name: group for name, group in groups.items() if group.rows}
    partnerships = [_tracked(name, group) for name, group in used.items()]
    _warn_of_rejected(partnerships, readings, reasons)
    return GroupedList(partnerships, [group.rows for group in used.values()], reasons)


def _with_known(told: dict[str, Any], post: KnownPost | None) -> dict[str, Any]:
    """Return a row with what the tables know of its post, where it does not say it itself."""
    if post is None:
        return told
    fields = ("platform", "creator_id", "posted_at", "format")
    known = {name: getattr(post, name) for name in fields}
    return {name: value for name, value in known.items() if value is not None} | told


def _row_faults(told: dict[str, Any], post: KnownPost | None, as_of: pd.Timestamp) -> list[str]:
    """Return what is wrong with one row by itself."""
    posted, observed = told.get("posted_at"), told.get("observed_at")
    has_counts = any(name in told for name in COUNTS)
    faults = []
    if posted is None:
        faults.append(
            "posted_at is missing: say when the post went online, or name a post_id of the tables "
            "(--data)"
        )
    elif post is not None and posted != post.posted_at:
        faults.append(
            f"posted_at {_worded(posted)} differs from {_worded(post.posted_at)} of the tables: "
            "keep one"
        )
    elif posted > as_of:
        faults.append(
            f"posted_at {_worded(posted)} is after {_worded(as_of)}, the moment of the forecast"
        )
    if observed is None and has_counts:
        faults.append("observed_at is missing: say when these counts were read")
    elif observed is not None and not has_counts:
        faults.append("observed_at stands without counts: give likes, comments, ... or views")
    if posted is not None and observed is not None and observed < posted:
        faults.append(
            f"observed_at {_worded(observed)} is before posted_at {_worded(posted)}: give both "
            "with their time"
        )
    if any(name in told for name in _FORECAST):
        fault = forecast_fault(*(told.get(name) for name in _FORECAST))
        faults += [fault] if fault else []
    return faults


def _partnership_id(told: dict[str, Any]) -> str:
    """Return the id of a row's partnership, that of its post where none is given."""
    if "partnership_id" in told:
        return str(told["partnership_id"])
    return str(
        told.get("post_id") or f"{told.get('creator_id', 'post')} {_worded(told['posted_at'])}"
    )


def _add(
    group: _Partnership, told: dict[str, Any], known: KnownPost | None, row: pd.Series
) -> list[str]:
    """Add a row to its partnership; return what contradicts earlier rows, and then add nothing."""
    post_id = str(told.get("post_id") or _worded(told["posted_at"]))
    post = group.posts.get(post_id)
    faults = [
        f"{name} {_worded(told[name])} differs from {_worded(group.terms[name])} of an earlier row "
        "of the partnership: keep one"
        for name in _TERMS
        if name in told and group.terms.get(name, told[name]) != told[name]
    ]
    if post is not None and post.posted_at != told["posted_at"]:
        faults.append(
            f"posted_at {_worded(told['posted_at'])} differs from {_worded(post.posted_at)} of an "
            "earlier row of the post: keep one"
        )
    if post is None and len(group.posts) == MOST_DELIVERABLES:
        faults.append(f"the partnership has more than {MOST_DELIVERABLES} posts: split it")
    reading = reading_of(row) if "observed_at" in told else None
    if reading and post and reading.observed_at in post.readings:
        faults.append("observed_at is that of an earlier row of the post: keep one")
    if faults:
        return faults
    group.terms |= {name: told[name] for name in _TERMS if name in told}
    group.prospect = {name: told[name] for name in _PROSPECT if name in told} | group.prospect
    post = group.posts.setdefault(post_id, _Post(told["posted_at"], told.get("format"), known))
    post.format = post.format or told.get("format")
    if reading is not None:
        post.readings[reading.observed_at] = reading
    return []


def _tracked(partnership_id: str, group: _Partnership) -> TrackedPartnership:
    terms = group.terms
    quantiles = [terms.get(name) for name in _FORECAST]
    forecast = None if quantiles[0] is None else GivenForecast(*map(float, quantiles))  # type: ignore[arg-type]
    return TrackedPartnership(
        partnership_id=partnership_id,
        platform=terms.get("platform"),
        posts=tuple(post.tracked(post_id) for post_id, post in group.posts.items()),
        prospect=group.prospect,
        horizon_days=float(terms.get("horizon_days", HORIZON_DAYS)),
        deliverables=terms.get("deliverables"),
        goal_engagements=terms.get("goal_engagements"),
        make_good_engagements=terms.get("make_good_engagements"),
        fee_usd=terms.get("fee_usd"),
        forecast=forecast,
        warnings=tuple(group.warnings),
    )


def _worded(value: Any) -> str:
    """Word a moment, a number or a text."""
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%dT%H:%M:%SZ}"
    return format_exact(value) if isinstance(value, float) else str(value)


def _with_unread(fault: str, unread: dict[str, np.ndarray], row: int) -> str:
    """Return a fault; that of a missing value which could not be read says so."""
    name = fault.partition(" is missing")[0]
    if name != fault and name in unread and unread[name][row]:
        return f"{name} could not be read: see what was said of its column"
    return fault


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
