"""Is the fee worth it: costs, benchmark, break-even, market fee and verdict of scored rows, as columns of an answer.

- the cost benchmark of a row is the median CPE of the user's own deals in its cell; where those are too few, what the
  rate card asks for a post over what creators of its cell usually get; else there is none, and no verdict on the cost
- everything is read off the forecast's distribution of what is delivered
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from features.benchmarks import LEVELS
from features.derive import HISTORY, PROFILE_ONLY
from features.schema import EMV_PARTS
from features.vocabulary import PLATFORMS
from models.bundle import Bundle
from models.cost import OPPOSITE, break_even_fee, chance_of_cost, cost_per, cost_quantiles
from models.delivery import Delivered, rank
from models.distribution import Predictive
from models.emv import earned_media_value
from models.fee import CARD, OWN_DEALS
from models.rate_card import FIGURES
from serving.verdict import PLATFORM_NAMES, categories

MEDIAN = int(np.searchsorted(LEVELS, 0.5))
#: Posts below which a history is short, and days since the last post from which it is old.
FEW_POSTS, OLD_DAYS = 5, 90
#: Why a quantile of a cost is missing although there is a fee.
NOTHING, ZERO = "with probability {:.2g} nothing is delivered", "the forecast's low quantile is 0"


@dataclass(frozen=True)
class Yardstick:
    """What the cost of rows is compared with, (n,) each: `cell` of the benchmarks, -1 where there is none."""

    cell: np.ndarray
    creators: np.ndarray
    source: np.ndarray
    cpe_usd: np.ndarray
    cheaper_than: np.ndarray


class Worth:
    """Prices rows for one bundle."""

    def __init__(self, bundle: Bundle):
        self.benchmarks, self.fees = bundle.benchmarks, bundle.market_fee
        self.part_shares = bundle.reference.part_shares

    def columns(
        self, x: pd.DataFrame, asked: pd.DataFrame, engagements: Predictive, views: Predictive | None, shown: np.ndarray
    ) -> dict[str, np.ndarray]:
        """Give the columns of rows: `x` derived, `asked` with their terms; `shown`: where views are shown, (n,)."""
        fee, rate = asked["fee_usd"].to_numpy(float), asked["completion_rate"].to_numpy(float)
        totals = Delivered.of(engagements, rate)
        costs = {f"cpe_usd_{name}": values for name, values in cost_quantiles(fee, totals).items()}
        if views is not None:
            costs |= _view_costs(np.where(shown, fee, np.nan), Delivered.of(views, rate))
        goal = asked["goal_engagements"].to_numpy(float)
        values = {part: asked[f"emv_{part}_usd"].to_numpy(float) for part in EMV_PARTS}
        platform = x["platform_code"].to_numpy()
        worth = earned_media_value(values, platform, self.part_shares, engagements, views, shown)
        found = {
            **costs,
            "probability_goal": totals.at_least(goal),
            "cost_note": _notes(costs, fee, totals.nothing),
            **{f"emv_usd_{name}": value for name, value in worth.items()},
        }
        return found if self.benchmarks is None else found | self._judged(x, asked, totals, costs["cpe_usd_p50"])

    def warnings(self, x: pd.DataFrame, asked: pd.DataFrame, columns: dict) -> dict[str, np.ndarray]:
        """Say by name which rows, (n,), lie where a forecast or a benchmark is less to be trusted."""
        history = x["engagements_evidence_code"].to_numpy() == HISTORY
        found = {
            "few_posts": history & (x["engagements_known_count"].to_numpy() < FEW_POSTS),
            "old_history": history & (x["last_post_age_days"].to_numpy() > OLD_DAYS),
        }
        if self.benchmarks is None:
            return found
        codes = {part: x[f"{part}_code"].to_numpy() for part in ("platform", "band")}
        place = self.benchmarks.find("engagements", codes)
        band = self.benchmarks.at("engagements", np.where(self._of_band[place], place, -1))
        level = np.expm1(x["engagements_log_offset"].to_numpy())
        own = x["engagements_evidence_code"].to_numpy() != PROFILE_ONLY
        least, most = np.array([self.benchmarks.followers.get(name, (0, np.inf)) for name in PLATFORMS]).T
        followers, platform = np.expm1(x["followers_log"].to_numpy()), codes["platform"].astype(int)
        # a count that came back through its logarithm may differ in the last digits
        outside = (followers < least[platform] * (1 - 1e-9)) | (followers > most[platform] * (1 + 1e-9))
        priced = asked["fee_usd"].notna().to_numpy()
        return {
            **found,
            "unusual_for_band": own & ((level < band[:, 0]) | (level > band[:, -1])),
            "followers_beyond_training": outside,
            "benchmark_from_rate_card": priced & (columns["benchmark_cpe_source"] == CARD),
            "market_above_break_even": priced & (columns["market_fee_usd_low"] > columns["break_even_fee_usd"]),
        }

    def _judged(self, x: pd.DataFrame, asked: pd.DataFrame, totals: Delivered, cpe: np.ndarray) -> dict:
        fee, confidence, target = (asked[name].to_numpy(float) for name in ("fee_usd", "confidence", "target_cpe_usd"))
        deliverables = asked["deliverables"].to_numpy(float)
        codes = {part: x[f"{part}_code"].to_numpy() for part in ("platform", "band", "niche", "format")}
        place = self.benchmarks.find("engagements", codes)
        usual = self.benchmarks.at("engagements", place)
        measure = self._yardstick(codes, place, usual, cpe)
        rates = self.benchmarks.at("engagement_rate_by_followers", place)
        market, market_source = self.fees.quote(x, deliverables)
        against = np.where(np.isnan(target), measure.cpe_usd, target)
        chances = {
            "probability_benchmark": chance_of_cost(measure.cpe_usd, fee, totals),
            "probability_target": chance_of_cost(target, fee, totals),
        }
        chance = np.where(np.isnan(target), chances["probability_benchmark"], chances["probability_target"])
        even = break_even_fee(against, confidence, totals)
        opening = np.fmin(break_even_fee(against, (1 + confidence) / 2, totals), market[:, 0])
        return {
            **chances,
            "benchmark_cell": self._cell_names[place],
            "benchmark_creators": self._creators("engagements", place),
            "benchmark_engagements_p50": usual[:, MEDIAN] * deliverables,
            "benchmark_engagement_rate_by_followers_p50": rates[:, MEDIAN],
            "benchmark_cpe_usd": measure.cpe_usd,
            "benchmark_cpe_source": measure.source,
            "benchmark_cpe_cell": self._cell_names[measure.cell],
            "benchmark_cpe_creators": measure.creators,
            "cpe_index": 100 * cost_per(cpe, measure.cpe_usd),
            "cheaper_than_share": measure.cheaper_than,
            "break_even_fee_usd": even,
            "break_even_against": np.where(np.isnan(even), None, np.where(np.isnan(target), "benchmark", "target")),
            "offer_usd_open": np.where(even > 0, np.where(opening > 0, opening, np.nan), np.nan),
            "offer_usd_walk_away": np.where(even > 0, even, np.nan),
            **{f"market_fee_usd_{name}": market[:, n] for n, name in enumerate(FIGURES)},
            "market_fee_source": market_source,
            "verdict": categories(chance),
        }

    def _yardstick(self, codes: dict, place: np.ndarray, usual: np.ndarray, cpe: np.ndarray) -> Yardstick:
        """Find what the cost of rows is compared with; `usual`: engagements of creators of each row's cell."""
        paid = self.benchmarks.find("cpe_usd", {part: codes[part] for part in ("platform", "band", "niche")})
        own, costs = paid >= 0, self.benchmarks.at("cpe_usd", paid)
        card = self.fees.card.of_post(codes)[:, 1]
        by_card = cost_per(card, usual[:, MEDIAN])
        creators = np.where(own, self._creators("cpe_usd", paid), self._creators("engagements", place))
        dearer = np.where(own, 1 - rank(cpe, costs, LEVELS), rank(cost_per(card, cpe), usual, LEVELS))
        value = np.where(own, costs[:, MEDIAN], by_card)
        source = np.where(np.isnan(value), None, np.where(own, OWN_DEALS, CARD))
        cell = np.where(np.isnan(value), -1, np.where(own, paid, place))
        creators = np.where(cell < 0, np.nan, creators)
        return Yardstick(cell, creators, source, value, np.clip(dearer, LEVELS[0], LEVELS[-1]))

    def _creators(self, measure: str, cell: np.ndarray) -> np.ndarray:
        return np.where(cell >= 0, self.benchmarks.creators[measure][np.maximum(cell, 0)], np.nan)

    @cached_property
    def _of_band(self) -> np.ndarray:
        """Tell the cells of one band; the last stands for none."""
        return np.array([*(cell[1] != "" for cell in self.benchmarks.cells), False])

    @cached_property
    def _cell_names(self) -> np.ndarray:
        """Name every cell in words; the last, which stands for none, is None."""
        return np.array([*(cell_name(cell) for cell in self.benchmarks.cells), None], dtype=object)


def cell_name(cell: tuple[str, str, str, str]) -> str:
    """Word a cell.

    >>> cell_name(("instagram", "micro", "food", ""))
    'micro food creators on Instagram'
    """
    platform, band, niche, shape = cell
    who = " ".join(part for part in (band.replace("_", " "), niche, "creators") if part)
    posting = f" with {shape} posts" if shape else ""
    return f"{who}{posting}{f' on {PLATFORM_NAMES[platform]}' if platform else ''}"


def _view_costs(fee: np.ndarray, totals: Delivered) -> dict[str, np.ndarray]:
    each = cost_quantiles(fee, totals)
    return {
        **{f"cpm_usd_{name}": 1000 * values for name, values in each.items()},
        **{f"cost_per_view_usd_{name}": values for name, values in each.items()},
    }


def _notes(costs: dict[str, np.ndarray], fee: np.ndarray, nothing: np.ndarray) -> np.ndarray:
    """Say of each row with a fee which engagement cost has no finite value and why; None where all have one."""
    notes = np.full(len(fee), None, dtype=object)
    lacking = np.column_stack([np.isnan(costs[f"cpe_usd_{name}"]) & ~np.isnan(fee) for name in OPPOSITE])
    names = np.array([f"cpe_usd_{name}" for name in OPPOSITE], dtype=object)
    for row in np.flatnonzero(lacking.any(axis=1)):
        why = NOTHING.format(nothing[row]) if nothing[row] > 0 else ZERO
        notes[row] = f"{', '.join(names[lacking[row]])} has no finite value: {why}"
    return notes
