"""The cost benchmark of each row, and what follows from it: probabilities, verdict, market fee and
break-even fee.

The benchmark is the median CPE of the user's own deals in the segment of the row. Where these are
too few, it is what the rate card asks for a post over the usual engagements of the segment; else
there is none, and no verdict on the cost.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from features.derive.catalog import feature_column
from features.segments import QUANTILE_LEVELS, SEGMENT_KEYS, SegmentBenchmarks
from features.tables.vocabulary import PLATFORM_NAMES, lookup_indexes
from models.cost import cost_per, cost_probability
from models.delivery import DeliveredTotals
from models.fee import OWN_DEALS, RATE_CARD, MarketFee
from models.interpolation import interpolate_level
from models.rate_card import FEE_RANGE
from serving.scoring.break_even import break_even_columns
from serving.scoring.deal_terms import DealTerms
from serving.scoring.package_market import quote_packages, usual_of_packages
from serving.scoring.package_rows import PackageRows
from serving.scoring.usual_posts import MEDIAN, UsualPosts, usual_posts
from serving.scoring.verdict import verdict_categories

_SOURCES = np.array([OWN_DEALS, RATE_CARD, None], dtype=object)


@dataclass(frozen=True)
class CostBenchmark:
    """The cost that rows are compared with, (n,) each.

    `segment`: position among the segments, -1 where there is no benchmark; `cheaper_than`: share of
    the segment's creators that cost more, None where no row has a fee.
    """

    segment: np.ndarray
    creators: np.ndarray
    source: np.ndarray
    cpe_usd: np.ndarray
    cheaper_than: np.ndarray | None

    def columns(
        self, cpe_usd: np.ndarray | None, segment_names: np.ndarray
    ) -> dict[str, np.ndarray]:
        """Return the columns of an answer; `cpe_usd` (n,): costs, None where no row has a fee."""
        columns = {
            "benchmark_cpe_usd": self.cpe_usd,
            "benchmark_cpe_source": self.source,
            "benchmark_cpe_cell": segment_names[self.segment],
            "benchmark_cpe_creators": self.creators,
        }
        if cpe_usd is None or self.cheaper_than is None:
            return columns
        return columns | {
            "cpe_index": 100 * cost_per(cpe_usd, self.cpe_usd),
            "cheaper_than_share": self.cheaper_than,
        }


class BenchmarkPricing:
    """Compares costs with the benchmarks of one bundle."""

    def __init__(self, benchmarks: SegmentBenchmarks, market_fee: MarketFee):
        self.benchmarks, self.market_fee = benchmarks, market_fee

    def columns(
        self,
        x: np.ndarray,
        terms: DealTerms,
        totals: DeliveredTotals,
        cpe_usd: np.ndarray | None,
        growth: np.ndarray | None = None,
        packages: PackageRows | None = None,
    ) -> dict[str, np.ndarray]:
        """Return the columns that need a benchmark, (n,) each; `cpe_usd`: median costs (n,).

        `growth` (n,): ln of the growth of engagements from the bundle's horizon to that of each
        row, to which the benchmarks are brought; None where no row asks for another one.
        `packages`: what the rows are made of, where they are packages.
        """
        indexes = segment_indexes(x)
        grown = 1.0 if growth is None else np.exp(growth)[:, None]
        if packages is None:
            usual = usual_posts(self.benchmarks, self.market_fee.card, indexes, grown)
            market_fee, market_fee_source = self.market_fee.quote(x, terms.deliverables)
        else:
            usual = self._usual_of_packages(packages, indexes, grown)
            market_fee, market_fee_source = quote_packages(self.market_fee, packages, x)
        segment, rates = usual.segment, usual.rates
        benchmark = self._cost_benchmark(indexes, usual, cpe_usd, grown)
        columns = benchmark.columns(cpe_usd, self._segment_names)
        if terms.fee_usd is not None:
            columns |= _probabilities(
                terms.fee_usd, benchmark.cpe_usd, terms.target_cpe_usd, totals
            )
        columns |= {
            "benchmark_cell": self._segment_names[segment.index],
            "benchmark_creators": segment.creators,
            "benchmark_engagements_p50": segment.quantiles[:, MEDIAN] * terms.deliverables,
            "benchmark_engagement_rate_by_followers_p50": rates[:, MEDIAN],
        }
        columns |= break_even_columns(benchmark.cpe_usd, terms, totals, market_fee[:, 0])
        columns |= {
            f"market_fee_usd_{name}": market_fee[:, position]
            for position, name in enumerate(FEE_RANGE)
        }
        return columns | {"market_fee_source": market_fee_source}

    def _usual_of_packages(
        self, packages: PackageRows, indexes: dict[str, np.ndarray], grown: np.ndarray | float
    ) -> UsualPosts:
        """Return what is usual for a counted deliverable of each package."""
        part_grown = grown if isinstance(grown, float) else grown[packages.package]
        of_parts = segment_indexes(packages.x)
        usual = usual_posts(self.benchmarks, self.market_fee.card, of_parts, part_grown)
        return usual_of_packages(packages, usual, self.benchmarks, indexes)

    def _cost_benchmark(
        self,
        indexes: dict[str, np.ndarray],
        usual: UsualPosts,
        cpe_usd: np.ndarray | None,
        grown: np.ndarray | float,
    ) -> CostBenchmark:
        """Return the benchmark of each row; `grown` (n, 1): by how much engagements are more than
        at the bundle's horizon.
        """
        deal_keys = {key: indexes[key] for key in SEGMENT_KEYS[:3]}
        deal_segment = self.benchmarks.find_segment("cpe_usd", deal_keys)
        has_deals = deal_segment >= 0
        deal_costs = self.benchmarks.quantiles_at("cpe_usd", deal_segment) / grown
        deal_creators = self.benchmarks.creator_counts("cpe_usd", deal_segment)
        segment, card_fee = usual.segment, usual.card_fee
        card_cost = cost_per(card_fee, segment.quantiles[:, MEDIAN])
        cost = np.where(has_deals, deal_costs[:, MEDIAN], card_cost)
        is_known = ~np.isnan(cost)
        cheaper_than = None
        if cpe_usd is not None:
            cheaper_than = _cheaper_than_share(
                cpe_usd, has_deals, deal_costs, card_fee, segment.quantiles
            )
        creators = np.where(has_deals, deal_creators, segment.creators)
        return CostBenchmark(
            segment=np.where(is_known, np.where(has_deals, deal_segment, segment.index), -1),
            creators=np.where(is_known, creators, np.nan),
            source=_SOURCES[np.where(is_known, np.where(has_deals, 0, 1), 2)],
            cpe_usd=cost,
            cheaper_than=cheaper_than,
        )

    @cached_property
    def _segment_names(self) -> np.ndarray:
        """The name of every segment; the last, which stands for none, is None."""
        names = [segment_name(segment) for segment in self.benchmarks.segments]
        return np.array([*names, None], dtype=object)


def segment_indexes(x: np.ndarray) -> dict[str, np.ndarray]:
    """Return the indexes (n,) of rows of the derived matrix, by the keys of segments."""
    return lookup_indexes({key: feature_column(x, f"{key}_code") for key in SEGMENT_KEYS})


def segment_name(segment: tuple[str, str, str, str]) -> str:
    """Return the name of a segment in words.

    >>> segment_name(("instagram", "micro", "food", ""))
    'micro food creators on Instagram'
    """
    platform, band, niche, post_format = segment
    words = (band.replace("_", " "), niche, "creators")
    creators = " ".join(word for word in words if word)
    posts = f" with {post_format} posts" if post_format else ""
    where = f" on {PLATFORM_NAMES[platform]}" if platform else ""
    return f"{creators}{posts}{where}"


def _probabilities(
    fee_usd: np.ndarray,
    benchmark_cpe_usd: np.ndarray,
    target_cpe_usd: np.ndarray | None,
    totals: DeliveredTotals,
) -> dict[str, np.ndarray]:
    """Return the probabilities that costs stay within benchmark and target, and the verdict."""
    probability = cost_probability(benchmark_cpe_usd, fee_usd, totals)
    columns = {"probability_benchmark": probability}
    if target_cpe_usd is not None:
        within_target = cost_probability(target_cpe_usd, fee_usd, totals)
        columns["probability_target"] = within_target
        probability = np.where(np.isnan(target_cpe_usd), probability, within_target)
    return columns | {"verdict": verdict_categories(probability)}


def _cheaper_than_share(
    cpe_usd: np.ndarray,
    has_deals: np.ndarray,
    deal_costs: np.ndarray,
    card_fee: np.ndarray,
    engagements: np.ndarray,
) -> np.ndarray:
    """Return the share of creators of the segment that cost more, (n,), within QUANTILE_LEVELS.

    Costs are those of the deals where there are any; else the fee of the rate card over the
    engagements of the creators. `deal_costs` and `engagements` (n, q) are at QUANTILE_LEVELS.
    """
    curve = np.where(has_deals[:, None], deal_costs, engagements)
    reached = np.where(has_deals, cpe_usd, cost_per(card_fee, cpe_usd))
    level = interpolate_level(curve, reached, QUANTILE_LEVELS)
    share = np.where(has_deals, 1 - level, level)
    return np.minimum(np.maximum(share, QUANTILE_LEVELS[0]), QUANTILE_LEVELS[-1])
