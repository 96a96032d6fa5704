"""Warnings about prices: where a forecast, a benchmark or a fee is less to be trusted."""

import numpy as np

from features.derive.catalog import feature_column
from features.derive.level_offset import HISTORY, PROFILE_ONLY
from features.segments import SegmentBenchmarks
from features.tables.vocabulary import PLATFORMS
from models.bundle import Bundle
from models.emv import COUNT_OF_PART
from models.fee import RATE_CARD
from models.starter import is_starter
from serving.scoring.cost_benchmark import segment_indexes
from serving.scoring.deal_terms import DealTerms

#: Posts below which a history is short, and days since the last post from which it is old.
FEW_POSTS, OLD_DAYS = 5, 90
#: Part of the low market fee below which a fee is far below what such deals cost.
FAR_BELOW = 0.1


class PricingWarnings:
    """Finds the rows of one bundle that have a warning about prices."""

    def __init__(self, bundle: Bundle):
        self._platform_posts = bundle.reference.platform_posts
        self._is_starter = is_starter(bundle.manifest)
        self._segments: _SegmentRanges | None = None
        if bundle.benchmarks is not None:
            self._segments = _SegmentRanges(bundle.benchmarks)

    def flags(
        self, x: np.ndarray, terms: DealTerms, columns: dict[str, np.ndarray]
    ) -> dict[str, np.ndarray]:
        """Return by warning the rows, (n,), that have it; `columns`: their price columns."""
        has_history = feature_column(x, "engagements_evidence_code") == HISTORY
        posts = feature_column(x, "engagements_known_count")
        age_days = feature_column(x, "last_post_age_days")
        flags = {
            "few_posts": has_history & (posts < FEW_POSTS),
            "old_history": has_history & (age_days > OLD_DAYS),
        }
        if terms.values is not None:
            flags["emv_shares_not_from_training"] = self._uses_default_shares(x, terms.values)
        if self._segments is None:
            return flags
        flags |= self._segments.flags(x)
        low, high = (columns[f"market_fee_usd_{name}"] for name in ("low", "high"))
        flags["break_even_above_market"] = columns["break_even_fee_usd"] > high
        if self._is_starter:
            is_youtube = _platform_positions(x) == PLATFORMS.index("youtube")
            is_judged = ~np.isnan(columns["benchmark_cpe_usd"])
            flags["youtube_benchmark_in_doubt"] = is_youtube & is_judged
        if terms.fee_usd is None:
            return flags
        has_fee = ~np.isnan(terms.fee_usd)
        by_card = columns["benchmark_cpe_source"] == RATE_CARD
        is_above = low > columns["break_even_fee_usd"]
        return flags | {
            "benchmark_from_rate_card": has_fee & by_card,
            "market_above_break_even": has_fee & is_above,
            "fee_far_below_market": terms.fee_usd < FAR_BELOW * low,
        }

    def _uses_default_shares(self, x: np.ndarray, unit_values: dict[str, np.ndarray]) -> np.ndarray:
        """Return which rows (n,) value a part whose share on the platform training did not fit."""
        values_part = ~np.isnan([unit_values[part] for part in COUNT_OF_PART]).all(axis=0)
        is_fitted = self._platform_posts.part_tables.is_fitted
        return values_part & ~is_fitted[_platform_positions(x)]


class _SegmentRanges:
    """The usual engagements of each band, and followers of each platform, in a bundle."""

    def __init__(self, benchmarks: SegmentBenchmarks):
        self._benchmarks = benchmarks
        # the last one stands for no segment
        self._has_band = np.array([*(segment[1] != "" for segment in benchmarks.segments), False])
        ranges = [benchmarks.followers.get(name, (0, np.inf)) for name in PLATFORMS]
        # a count that comes back through its logarithm may differ in the last digits
        self._least = np.array([least for least, _ in ranges]) * (1 - 1e-9)
        self._most = np.array([most for _, most in ranges]) * (1 + 1e-9)

    def flags(self, x: np.ndarray) -> dict[str, np.ndarray]:
        """Return which rows (n,) lie outside of what is usual, by warning."""
        quantiles = self._band_engagements(x)
        engagements = np.expm1(feature_column(x, "engagements_log_offset"))
        followers = np.expm1(feature_column(x, "followers_log"))
        has_evidence = feature_column(x, "engagements_evidence_code") != PROFILE_ONLY
        is_unusual = (engagements < quantiles[:, 0]) | (engagements > quantiles[:, -1])
        platform = _platform_positions(x)
        return {
            "unusual_for_band": has_evidence & is_unusual,
            "followers_beyond_training": (followers < self._least[platform])
            | (followers > self._most[platform]),
        }

    def _band_engagements(self, x: np.ndarray) -> np.ndarray:
        """Return quantiles (n, q) of engagements in the platform and band of rows, NaN for none."""
        indexes = segment_indexes(x)
        keys = {key: indexes[key] for key in ("platform", "band")}
        segment = self._benchmarks.find_segment("engagements", keys)
        in_band = np.where(self._has_band[segment], segment, -1)
        return self._benchmarks.quantiles_at("engagements", in_band)


def _platform_positions(x: np.ndarray) -> np.ndarray:
    return feature_column(x, "platform_code").astype(int)
