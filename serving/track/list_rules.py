"""What is wrong with one row of a list to track by itself, or beside the tables."""

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import pandas as pd

from features.history.post_readings import COUNT_FIELDS
from features.tables.schema import format_exact
from serving.track.known_posts import KnownPost, KnownPosts
from serving.track.tracked import forecast_fault

FORECAST = ("forecast_p10", "forecast_p50", "forecast_p90")
#: Days below which the age of a reading decides too much to be known to a day only.
LEAST_DAYS_BY_DATE = 2

#: The values of a row that are known, by column.
Told = Mapping[str, Any]


def row_faults(
    told: Told, known: KnownPosts, as_of: pd.Timestamp, dates_alone: Collection[str]
) -> list[str]:
    """Return what is wrong with one row. `dates_alone`: its moments without a time of day."""
    posted, observed = told.get("posted_at"), told.get("observed_at")
    has_counts = any(name in told for name in COUNT_FIELDS)
    faults = _known_post_faults(told, known)
    if posted is None and not faults:
        faults.append(
            "posted_at is missing: say when the post went online, or name a post_id of the tables "
            "(--data)"
        )
    elif posted is not None and posted > as_of:
        moment = f"{worded(as_of)}, the moment of the forecast"
        faults.append(f"posted_at {worded(posted)} is after {moment}")
    if observed is None and has_counts:
        faults.append("observed_at is missing: say when these counts were read")
    elif observed is not None and not has_counts:
        faults.append("observed_at stands without counts: give likes, comments, ... or views")
    if posted is not None and observed is not None:
        faults += _age_faults(posted, observed, dates_alone)
    if any(name in told for name in FORECAST):
        fault = forecast_fault(*(told.get(name) for name in FORECAST))
        faults += [fault] if fault else []
    return faults


def _known_post_faults(told: Told, known: KnownPosts) -> list[str]:
    """Return what contradicts the tables of a post that they know, or leaves open which it is."""
    posted, platform, post_id = (told.get(name) for name in ("posted_at", "platform", "post_id"))
    post = known.find(platform, post_id)
    if post is not None:
        if posted is None or posted == post.posted_at:
            return []
        known_at = worded(post.posted_at)
        return [f"posted_at {worded(posted)} differs from {known_at} of the tables: keep one"]
    namesakes = known.of_any_platform(post_id)
    if not namesakes or (posted is not None and posted not in [one.posted_at for one in namesakes]):
        return []
    names = " and ".join(one.platform for one in namesakes)
    if platform is None:
        return [f"platform is missing, and the tables have the post_id on {names}: name the one"]
    return [f"platform {platform} contradicts the tables, which have the post_id on {names}"]


def _age_faults(
    posted: pd.Timestamp, observed: pd.Timestamp, dates_alone: Collection[str]
) -> list[str]:
    if observed < posted:
        moments = f"observed_at {worded(observed)} is before posted_at {worded(posted)}"
        return [f"{moments}: give both with their time"]
    if dates_alone and observed - posted < pd.Timedelta(days=LEAST_DAYS_BY_DATE):
        names, days = " and ".join(dates_alone), LEAST_DAYS_BY_DATE
        why = f"the age, below {days} days, may be wrong by a day, which decides too much"
        return [f"{names} without a time of day: {why}: give the time of day"]
    return []


def with_known(told: Told, post: KnownPost | None) -> Told:
    """Return a row with what the tables know of its post, where it does not say it itself."""
    if post is None:
        return told
    fields = ("platform", "creator_id", "posted_at", "format")
    known = {name: getattr(post, name) for name in fields}
    return {name: value for name, value in known.items() if value is not None} | dict(told)


def worded(value: Any) -> str:
    """Word a moment, a number or a text."""
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%dT%H:%M:%SZ}"
    return format_exact(value) if isinstance(value, float) else str(value)


def with_remedy(
    fault: str, unread: Mapping[str, np.ndarray], remedies: Mapping[str, str], row: int
) -> str:
    """Return a fault; that of a missing value says which value or column could not be read."""
    name = fault.partition(" is missing")[0]
    if name == fault:
        return fault
    if name in unread and unread[name][row]:
        return f"{name} could not be read: see what was said of its column"
    return fault + remedies.get(name, "")
