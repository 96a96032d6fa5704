"""What packages usually get and cost, from what is usual for their parts.

- usual engagements of a package: those of its counted parts added up; a creator at a quantile of
  one format is taken to be at the same quantile of the others
- its market fee: the quotes of its parts added up, low, typical and high each. A format without
  public counts (a story) is in it where the rate card has a fee of that very format
"""

import numpy as np

from features.derive.catalog import feature_column
from features.segments import SEGMENT_KEYS, SegmentBenchmarks
from features.tables.vocabulary import lookup_indexes
from models.fee import RATE_CARD, MarketFee
from models.rate_card import RATE_CARD_KEY
from serving.scoring.package_rows import PackageRows
from serving.scoring.usual_posts import EngagementSegment, UsualPosts


def usual_of_packages(
    packages: PackageRows,
    usual: UsualPosts,
    benchmarks: SegmentBenchmarks,
    indexes: dict[str, np.ndarray],
) -> UsualPosts:
    """Return what is usual for a counted deliverable of each of m packages, from its p parts.

    The segment named is that of the parts, where it is one; else that of platform, band and niche.
    `usual`: of the parts; `indexes`: of the packages, (m,) each, as `lookup_indexes` gives them.
    """
    of_parts = usual.segment.index
    first = of_parts[packages.first]
    is_same = np.logical_and.reduceat(of_parts == first[packages.package], packages.first)
    is_known = np.logical_and.reduceat(of_parts >= 0, packages.first)
    common = benchmarks.find_segment("engagements", {key: indexes[key] for key in SEGMENT_KEYS[:3]})
    index = np.where(is_known, np.where(is_same, first, common), -1)
    segment = EngagementSegment(
        index,
        packages.means(usual.segment.quantiles),
        benchmarks.creator_counts("engagements", index),
    )
    return UsualPosts(segment, packages.means(usual.rates), packages.means(usual.card_fee))


def quote_packages(
    market_fee: MarketFee, packages: PackageRows, x: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the low, typical and high fee of m packages in USD, (m, 3), and the source of each,
    (m,).

    `x` (m, columns): derived columns of the main parts.
    """
    part_fees, part_source = market_fee.quote(packages.x, packages.count.astype(float))
    fees = packages.sums(part_fees)
    source = part_source[packages.first]
    source[np.isnan(fees[:, 0])] = None
    by_card = source == RATE_CARD
    for code in np.flatnonzero(packages.uncounted.any(axis=0)).tolist():
        fee, is_known = _fee_of_format(market_fee, x, code)
        rows = by_card & is_known
        fees[rows] += fee[rows] * packages.uncounted[rows, code][:, None]
    return fees, source


def fee_leaves_out_parts(
    market_fee: MarketFee, packages: PackageRows, x: np.ndarray, source: np.ndarray
) -> np.ndarray:
    """Return of which packages, (m,), the market fee is without the formats that show no counts;
    `source` (m,): of each market fee.
    """
    is_left_out = np.zeros(len(x), dtype=bool)
    for code in np.flatnonzero(packages.uncounted.any(axis=0)).tolist():
        _, is_known = _fee_of_format(market_fee, x, code)
        is_in = (source == RATE_CARD) & is_known
        is_left_out |= (packages.uncounted[:, code] > 0) & ~is_in
    return is_left_out & (source != None)  # noqa: E711  # an array of objects


def _fee_of_format(
    market_fee: MarketFee, x: np.ndarray, code: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the fee of one post of a format by the rate card, (m, 3), and whether the card has a
    fee of that very format, (m,).
    """
    codes = {part: feature_column(x, f"{part}_code") for part in RATE_CARD_KEY}
    codes["format"] = np.full(len(x), float(code))
    indexes = lookup_indexes(codes)
    return market_fee.card.fees_of_post(indexes), market_fee.card.names_format(indexes)
