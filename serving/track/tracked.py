"""What is tracked: partnerships, their deliverables that are online, and the readings of those.

Values are valid: they were checked where they were read.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Reading:
    """Counts of a post at a moment, microseconds UTC; `counts` has those that are known."""

    observed_at: int
    counts: Mapping[str, float]
    likes_hidden: bool = False


@dataclass(frozen=True)
class TrackedPost:
    """A deliverable that is online: `posted_at` in microseconds UTC, `readings` in any order;
    `is_numbered`: it was given no id, and `post_id` is its number or moment.
    """

    post_id: str
    posted_at: int
    readings: tuple[Reading, ...]
    format: str | None = None
    warnings: tuple[str, ...] = ()
    is_numbered: bool = False


@dataclass(frozen=True)
class GivenForecast:
    """Quantiles of the engagements of one deliverable at the horizon, as they were forecast
    before.
    """

    p10: float
    p50: float
    p90: float


@dataclass(frozen=True)
class TrackedPartnership:
    """A partnership with at least one deliverable online.

    `platform`: None where only the model's tables know it; `prospect`: what a prospect may have
    (features.tables.schema.PROSPECTS), by which the model makes the forecast of before;
    `deliverables`: booked, None where only those online are known; `horizon_days`: NaN for that of
    the model; `fee` and its `currency`: where the fee was given so, `fee_usd` is the same in USD;
    `is_numbered`: it was given no id, and `partnership_id` is its number, or made of its posts.
    """

    partnership_id: str
    platform: str | None
    posts: tuple[TrackedPost, ...]
    prospect: Mapping[str, Any] = field(default_factory=dict)
    horizon_days: float = math.nan
    deliverables: float | None = None
    goal_engagements: float | None = None
    make_good_engagements: float | None = None
    fee_usd: float | None = None
    forecast: GivenForecast | None = None
    warnings: tuple[str, ...] = ()
    fee: float | None = None
    currency: str | None = None
    is_numbered: bool = False

    @property
    def first_posted_at(self) -> int:
        """The moment of the first deliverable, microseconds UTC."""
        return min(post.posted_at for post in self.posts)


def forecast_fault(p10: float | None, p50: float | None, p90: float | None) -> str | None:
    """Return what is wrong with the quantiles of a given forecast, None where nothing is.

    >>> forecast_fault(100, 200, 150)
    'forecast_p10, forecast_p50 and forecast_p90 must ascend'
    """
    if p10 is None or p50 is None or p90 is None:
        return "forecast_p10, forecast_p50 and forecast_p90 are given together or not at all"
    if not p10 <= p50 <= p90 or p90 == p10:
        return "forecast_p10, forecast_p50 and forecast_p90 must ascend"
    return None
