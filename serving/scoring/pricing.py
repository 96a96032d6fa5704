"""Is the fee worth it: costs, benchmark, break-even, market fee and verdict of scored rows, as
columns of an answer.

- the cost benchmark of a row is the median CPE of the user's own deals in its cell; where those are
  too few, what the rate card asks for a post over what creators of its cell usually get; else there
  is none, and no verdict on the cost
- everything is read off the forecast's distribution of what is delivered
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from features.derive.catalog import feature_column
from features.derive.level_offset import HISTORY, PROFILE_ONLY
from features.number_text import format_fraction
from features.segments import QUANTILE_LEVELS, SEGMENT_KEYS
from features.tables.vocabulary import PLATFORMS, lookup_indexes
from models.bundle import Bundle
from models.cost import (
    OPPOSITE_QUANTILE,
    break_even_fees,
    cost_per,
    cost_probability,
    cost_quantiles,
    cost_quantiles_from_counts,
)
from models.delivery import DeliveredTotals
from models.distribution import PredictiveDistribution
from models.emv import COUNT_OF_PART, earned_media_value
from models.fee import OWN_DEALS, RATE_CARD
from models.interpolation import interpolate_level
from models.rate_card import FEE_RANGE
from serving.scoring.answer_table import scatter_values
from serving.scoring.deal_terms import DEFAULT_CONFIDENCE, DealTerms
from serving.scoring.verdict import verdict_categories

MEDIAN = int(np.searchsorted(QUANTILE_LEVELS, 0.5))
#: Posts below which a history is short, and days since the last post from which it is old.
FEW_POSTS, OLD_DAYS = 5, 90
PLATFORM_NAMES = {"instagram": "Instagram", "tiktok": "TikTok", "youtube": "YouTube", "x": "X"}
_SOURCES = np.array([OWN_DEALS, RATE_CARD, None], dtype=object)
#: Why a quantile of a cost is missing although there is a fee.
NOTHING, ZERO = "with probability {} nothing is delivered", "the forecast's low quantile is 0"


@dataclass(frozen=True)
class CostBenchmark:
    """What the cost of rows is compared with, (n,) each: `cell` of the benchmarks, -1 where there
    is none.
    """

    cell: np.ndarray
    creators: np.ndarray
    source: np.ndarray
    cpe_usd: np.ndarray
    cheaper_than: np.ndarray | None

    def columns(self, cpe: np.ndarray | None, names: np.ndarray) -> dict[str, np.ndarray]:
        """Give the columns of an answer; `cpe`: costs (n,) where there are fees; `names` of the
        cells.
        """
        found = {
            "benchmark_cpe_usd": self.cpe_usd,
            "benchmark_cpe_source": self.source,
            "benchmark_cpe_cell": names[self.cell],
            "benchmark_cpe_creators": self.creators,
        }
        if cpe is None:
            return found
        return found | {
            "cpe_index": 100 * cost_per(cpe, self.cpe_usd),
            "cheaper_than_share": self.cheaper_than,
        }


class Pricing:
    """Prices rows for one bundle."""

    def __init__(self, bundle: Bundle):
        self.benchmarks, self.fees = bundle.benchmarks, bundle.market_fee
        self._platform_posts = bundle.reference.platform_posts

    def columns(
        self,
        x: np.ndarray,
        terms: DealTerms,
        engagements: PredictiveDistribution,
        views: PredictiveDistribution | None,
        shown: np.ndarray,
    ) -> dict[str, np.ndarray]:
        """Give the columns of rows; those that no row asks for may be absent.

        `x`: the derived matrix; `views`: of the rows where `shown` (n,) says that views are shown.
        With a completion rate the quantiles of what is delivered are given too, as `delivered_p50`
        and the like.
        """
        totals = DeliveredTotals.of(engagements, terms.completion_rate)
        counts, found, fee = totals.quantiles_by_name(OPPOSITE_QUANTILE.values()), {}, terms.fee_usd
        if terms.completion_rate is not None:
            found |= {f"delivered_{name}": values for name, values in counts.items()}
        if fee is not None:
            found |= {
                f"cpe_usd_{name}": values
                for name, values in cost_quantiles_from_counts(fee, counts).items()
            }
            found["cost_note"] = _notes(found, fee, totals)
        if fee is not None and views is not None:
            rate = None if terms.completion_rate is None else terms.completion_rate[shown]
            each = _view_costs(fee[shown], DeliveredTotals.of(views, rate))
            found |= {name: scatter_values(values, shown) for name, values in each.items()}
        if terms.goal_engagements is not None:
            found["probability_goal"] = totals.probability_at_least(terms.goal_engagements)
        if terms.values is not None:
            counts = (
                None
                if views is None
                else {
                    name: scatter_values(values, shown)
                    for name, values in views.quantiles_by_name.items()
                }
            )
            platform = feature_column(x, "platform_code")
            worth = earned_media_value(
                terms.values,
                platform,
                self._platform_posts.usual_shares,
                engagements.quantiles_by_name,
                counts,
                shown,
            )
            found |= {f"emv_usd_{name}": value for name, value in worth.items()}
        return (
            found
            if self.benchmarks is None
            else found | self._judged(x, terms, totals, found.get("cpe_usd_p50"))
        )

    def warnings(self, x: np.ndarray, terms: DealTerms, columns: dict) -> dict[str, np.ndarray]:
        """Say by name which rows, (n,), lie where a forecast or a benchmark is less to be trusted."""
        evidence = feature_column(x, "engagements_evidence_code")
        history = evidence == HISTORY
        found = {
            "few_posts": history & (feature_column(x, "engagements_known_count") < FEW_POSTS),
            "old_history": history & (feature_column(x, "last_post_age_days") > OLD_DAYS),
        }
        if terms.values is not None:
            split = ~np.isnan([terms.values[part] for part in COUNT_OF_PART]).all(axis=0)
            learned = self._platform_posts.part_tables.is_fitted[
                feature_column(x, "platform_code").astype(int)
            ]
            found["emv_shares_not_from_training"] = split & ~learned
        if self.benchmarks is None:
            return found
        places = _places(x)
        place = self.benchmarks.find_segment(
            "engagements", {part: places[part] for part in ("platform", "band")}
        )
        band = self.benchmarks.quantiles_at(
            "engagements", np.where(self._of_band[place], place, -1)
        )
        level = np.expm1(feature_column(x, "engagements_log_offset"))
        followers = np.expm1(feature_column(x, "followers_log"))
        least, most = self._followers[:, feature_column(x, "platform_code").astype(int)]
        found |= {
            "unusual_for_band": (evidence != PROFILE_ONLY)
            & ((level < band[:, 0]) | (level > band[:, -1])),
            "followers_beyond_training": (followers < least) | (followers > most),
        }
        if terms.fee_usd is None:
            return found
        priced = ~np.isnan(terms.fee_usd)
        return found | {
            "benchmark_from_rate_card": priced & (columns["benchmark_cpe_source"] == RATE_CARD),
            "market_above_break_even": priced
            & (columns["market_fee_usd_low"] > columns["break_even_fee_usd"]),
        }

    def _judged(
        self, x: np.ndarray, terms: DealTerms, totals: DeliveredTotals, cpe: np.ndarray | None
    ) -> dict:
        fee, target, deliverables = terms.fee_usd, terms.target_cpe_usd, terms.deliverables
        places = _places(x)
        place = self.benchmarks.find_segment("engagements", places)
        usual = self.benchmarks.quantiles_at("engagements", place)
        rates = self.benchmarks.quantiles_at("engagement_rate_by_followers", place)
        measure = self._yardstick(places, place, usual, cpe)
        market, market_source = self.fees.quote(x, deliverables)
        chances = {} if fee is None else self._chances(terms, measure, totals)
        against, by_target = measure.cpe_usd, np.zeros(len(x), dtype=bool)
        if target is not None:
            by_target = ~np.isnan(target)
            against = np.where(by_target, target, against)
        confidence = DEFAULT_CONFIDENCE if terms.confidence is None else terms.confidence
        even, surer = break_even_fees(against, [confidence, (1 + confidence) / 2], totals)
        opening = np.fmin(surer, market[:, 0])
        return {
            **chances,
            **measure.columns(cpe, self._cell_names),
            "benchmark_cell": self._cell_names[place],
            "benchmark_creators": self.benchmarks.creator_counts("engagements", place),
            "benchmark_engagements_p50": usual[:, MEDIAN] * deliverables,
            "benchmark_engagement_rate_by_followers_p50": rates[:, MEDIAN],
            "break_even_fee_usd": even,
            "break_even_against": np.where(
                np.isnan(even), None, np.where(by_target, "target", "benchmark")
            ),
            "offer_usd_open": np.where((even > 0) & (opening > 0), opening, np.nan),
            "offer_usd_walk_away": np.where(even > 0, even, np.nan),
            **{f"market_fee_usd_{name}": market[:, n] for n, name in enumerate(FEE_RANGE)},
            "market_fee_source": market_source,
        }

    def _chances(
        self, terms: DealTerms, measure: "CostBenchmark", totals: DeliveredTotals
    ) -> dict[str, np.ndarray]:
        """Give the chances that fees stay within the benchmark and the target, and the verdict on
        them.
        """
        chance = cost_probability(measure.cpe_usd, terms.fee_usd, totals)
        found = {"probability_benchmark": chance}
        if terms.target_cpe_usd is not None:
            found["probability_target"] = cost_probability(
                terms.target_cpe_usd, terms.fee_usd, totals
            )
            chance = np.where(np.isnan(terms.target_cpe_usd), chance, found["probability_target"])
        return found | {"verdict": verdict_categories(chance)}

    def _yardstick(
        self, places: dict, place: np.ndarray, usual: np.ndarray, cpe: np.ndarray | None
    ) -> CostBenchmark:
        """Find what the cost of rows is compared with; `usual`: engagements of creators of each
        row's cell.
        """
        paid = self.benchmarks.find_segment(
            "cpe_usd", {part: places[part] for part in SEGMENT_KEYS[:3]}
        )
        own, costs = paid >= 0, self.benchmarks.quantiles_at("cpe_usd", paid)
        card = self.fees.card.fees_of_post(places)[:, 1]
        value = np.where(own, costs[:, MEDIAN], cost_per(card, usual[:, MEDIAN]))
        known = ~np.isnan(value)
        cell = np.where(known, np.where(own, paid, place), -1)
        creators = np.where(
            own,
            self.benchmarks.creator_counts("cpe_usd", paid),
            self.benchmarks.creator_counts("engagements", place),
        )
        source = _SOURCES[np.where(known, np.where(own, 0, 1), 2)]
        cheaper = None if cpe is None else _cheaper(cpe, own, costs, card, usual)
        return CostBenchmark(cell, np.where(known, creators, np.nan), source, value, cheaper)

    @cached_property
    def _followers(self) -> np.ndarray:
        """Least and most followers by platform, shape (2, platforms).

        A count that came back through its logarithm may differ in the last digits.
        """
        edges = np.array([self.benchmarks.followers.get(name, (0, np.inf)) for name in PLATFORMS]).T
        return edges * np.array([[1 - 1e-9], [1 + 1e-9]])

    @cached_property
    def _of_band(self) -> np.ndarray:
        """Tell the cells of one band; the last stands for none."""
        return np.array([*(cell[1] != "" for cell in self.benchmarks.segments), False])

    @cached_property
    def _cell_names(self) -> np.ndarray:
        """Name every cell in words; the last, which stands for none, is None."""
        return np.array(
            [*(segment_name(cell) for cell in self.benchmarks.segments), None], dtype=object
        )


def _places(x: np.ndarray) -> dict[str, np.ndarray]:
    return lookup_indexes({part: feature_column(x, f"{part}_code") for part in SEGMENT_KEYS})


def segment_name(cell: tuple[str, str, str, str]) -> str:
    """Word a cell.

    >>> segment_name(("instagram", "micro", "food", ""))
    'micro food creators on Instagram'
    """
    platform, band, niche, shape = cell
    who = " ".join(part for part in (band.replace("_", " "), niche, "creators") if part)
    posting = f" with {shape} posts" if shape else ""
    return f"{who}{posting}{f' on {PLATFORM_NAMES[platform]}' if platform else ''}"


def _cheaper(
    cpe: np.ndarray, own: np.ndarray, costs: np.ndarray, card: np.ndarray, usual: np.ndarray
) -> np.ndarray:
    """Give the share of creators that cost more, (n,), within QUANTILE_LEVELS.

    `costs` of the creators of a cell where there are `own` deals; else a fee of the `card` over
    their engagements.
    """
    dearer = np.empty(len(cpe))
    if own.any():
        dearer[own] = 1 - interpolate_level(costs[own], cpe[own], QUANTILE_LEVELS)
    if not own.all():
        dearer[~own] = interpolate_level(
            usual[~own], cost_per(card[~own], cpe[~own]), QUANTILE_LEVELS
        )
    return np.minimum(np.maximum(dearer, QUANTILE_LEVELS[0]), QUANTILE_LEVELS[-1])


def _view_costs(fee: np.ndarray, totals: DeliveredTotals) -> dict[str, np.ndarray]:
    each = cost_quantiles(fee, totals)
    return {
        **{f"cpm_usd_{name}": 1000 * values for name, values in each.items()},
        **{f"cost_per_view_usd_{name}": values for name, values in each.items()},
    }


def _notes(costs: dict[str, np.ndarray], fee: np.ndarray, totals: DeliveredTotals) -> np.ndarray:
    """Say of each row with a fee which engagement cost has no finite value and why; None where all
    have one.
    """
    notes = np.full(len(fee), None, dtype=object)
    lacking = (
        np.column_stack([np.isnan(costs[f"cpe_usd_{name}"]) for name in OPPOSITE_QUANTILE])
        & ~np.isnan(fee)[:, None]
    )
    names, nothing = (
        np.array([f"cpe_usd_{name}" for name in OPPOSITE_QUANTILE], dtype=object),
        totals.probability_of_none,
    )
    for row in np.flatnonzero(lacking.any(axis=1)):
        why = NOTHING.format(format_fraction(nothing[row])) if nothing[row] > 0 else ZERO
        notes[row] = f"{', '.join(names[lacking[row]])} has no finite value: {why}"
    return notes
