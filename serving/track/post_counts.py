"""Which counts of a post are used: by measure, of the readings that tell something."""

from dataclasses import dataclass, field

import numpy as np

from features.history.arrays import DAY_US
from features.maturation.curve import YOUNGEST_DAYS
from features.tables.vocabulary import ENGAGEMENT_PARTS, TARGETS
from models.running_post import ChosenReadings, choose_readings
from serving.track.tracked import Reading, TrackedPartnership, TrackedPost

MEASURES = TARGETS
LATE = "readings_after_as_of_not_used"
EARLY = "readings_of_the_first_hour_not_used"
FELL = "counts_fell_later_one_used"
HIDDEN = "likes_hidden"
PARTS_UNKNOWN = "engagements_unknown_at_some_readings"
UNKNOWN = "engagements_unknown"
READ_LATE = "read_after_horizon"
LAPSED = "horizon_passed_since_reading"
IMPLAUSIBLE = "implausible_counts"


@dataclass(frozen=True)
class PostCounts:
    """What is used of the readings of a post.

    `chosen`: by measure; `warnings`: what was not used, and why; `fault`: why there is no usable
    reading, None where there is one; `points`: by measure the ages and counts (k,) of all usable
    readings, in order.
    """

    chosen: dict[str, ChosenReadings]
    warnings: tuple[str, ...]
    fault: str | None = None
    points: dict[str, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)


def post_counts(partnership: TrackedPartnership, post: TrackedPost, as_of: int) -> PostCounts:
    """Return what is used of a post's readings as of a moment, microseconds UTC. The platform of
    the partnership must be known.
    """
    platform = partnership.platform or ""
    readings = sorted(post.readings, key=lambda one: one.observed_at)
    by_now = [one for one in readings if one.observed_at <= as_of]
    warnings = [*post.warnings, *_named(LATE, len(by_now) < len(readings))]
    used = [one for one in by_now if _age(post, one) >= YOUNGEST_DAYS]
    warnings += _named(EARLY, len(used) < len(by_now))
    chosen: dict[str, ChosenReadings] = {}
    usable: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    for measure in MEASURES:
        known = [(_age(post, one), _count(one, measure, platform)) for one in used]
        points = [(age, count) for age, count in known if count is not None]
        if measure == "engagements" and points:
            warnings += _named(PARTS_UNKNOWN, len(points) < len(known))
        if points:
            ages, counts = np.array(points, dtype=float).T
            usable[measure] = (ages, counts)
            chosen[measure] = choose_readings(ages, counts, partnership.horizon_days)
    warnings += _named(HIDDEN, any(one.likes_hidden for one in used))
    warnings += _named(UNKNOWN, bool(used) and "engagements" not in chosen)
    warnings += _named(IMPLAUSIBLE, any(_is_implausible(one, platform) for one in used))
    warnings += _named(FELL, any(one.fell for one in chosen.values()))
    is_late = any(one.age_days > partnership.horizon_days for one in chosen.values())
    warnings += _named(READ_LATE, is_late)
    lapsed = (as_of - post.posted_at) / DAY_US > partnership.horizon_days
    is_over = any(one.age_days >= partnership.horizon_days for one in chosen.values())
    warnings += _named(LAPSED, bool(chosen) and lapsed and not is_over)
    fault = None if chosen else _fault(readings, by_now, used, platform)
    return PostCounts(chosen, tuple(warnings), fault, usable)


def _age(post: TrackedPost, reading: Reading) -> float:
    return (reading.observed_at - post.posted_at) / DAY_US


def _count(reading: Reading, measure: str, platform: str) -> float | None:
    """Return a count of a reading, None where it or a part of it is unknown."""
    if measure != "engagements":
        return reading.counts.get(measure)
    parts = ENGAGEMENT_PARTS[platform]
    if any(part not in reading.counts for part in parts):
        return None
    return sum(reading.counts[part] for part in parts)


def _is_implausible(reading: Reading, platform: str) -> bool:
    """Return whether a reading has more engagements, of the parts that are known, than views."""
    views = reading.counts.get("views")
    known = sum(reading.counts.get(part, 0.0) for part in ENGAGEMENT_PARTS[platform])
    return views is not None and known > views


def _fault(
    readings: list[Reading], by_now: list[Reading], used: list[Reading], platform: str
) -> str:
    if not readings:
        return "has no reading: give observed_at and the counts that were read then"
    if not by_now:
        return "was read after as_of only: give an earlier reading, or a later as_of"
    if not used:
        return "was read in its first hour only, which tells too little: read it again later"
    if any(one.likes_hidden for one in used):
        return "was read with hidden likes, and its views are not given: give them"
    parts = " and ".join(ENGAGEMENT_PARTS[platform])
    return f"has no reading with {parts} or with views: give them"


def _named(name: str, applies: bool) -> list[str]:
    return [name] if applies else []
