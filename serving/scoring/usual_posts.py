"""What a post of a segment usually gets and costs."""

from dataclasses import dataclass

import numpy as np

from features.segments import QUANTILE_LEVELS, SegmentBenchmarks
from models.rate_card import RateCard

MEDIAN = int(np.searchsorted(QUANTILE_LEVELS, 0.5))


@dataclass(frozen=True)
class EngagementSegment:
    """The narrowest segment with a benchmark of engagements of each row.

    `index` (n,): position among the segments, -1 for none; `quantiles` (n, q): engagements a post
    of its creators at QUANTILE_LEVELS, at the horizon of the row; `creators` (n,): how many they
    are.
    """

    index: np.ndarray
    quantiles: np.ndarray
    creators: np.ndarray


@dataclass(frozen=True)
class UsualPosts:
    """What a post of each of n rows usually gets and costs.

    `segment`: its engagements; `rates` (n, q): engagements a post over followers at
    QUANTILE_LEVELS; `card_fee` (n,): the typical fee of the rate card in USD. NaN where unknown.
    """

    segment: EngagementSegment
    rates: np.ndarray
    card_fee: np.ndarray


def usual_posts(
    benchmarks: SegmentBenchmarks,
    card: RateCard,
    indexes: dict[str, np.ndarray],
    grown: np.ndarray | float,
) -> UsualPosts:
    """Return what is usual for a post of each row.

    `indexes`: of platform, band, niche and format, (n,) each, as `lookup_indexes` gives them;
    `grown` (n, 1): by how much engagements are more than at the bundle's horizon.
    """
    index = benchmarks.find_segment("engagements", indexes)
    segment = EngagementSegment(
        index,
        benchmarks.quantiles_at("engagements", index) * grown,
        benchmarks.creator_counts("engagements", index),
    )
    rates = benchmarks.quantiles_at("engagement_rate_by_followers", index) * grown
    return UsualPosts(segment, rates, card.fees_of_post(indexes)[:, 1])
