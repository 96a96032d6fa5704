"""The measures that prospects can be ranked by, each read from the columns of their answers."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

NO_BENCHMARK = "there is no cost benchmark for such creators"


@dataclass(frozen=True)
class RankingMeasure:
    """What answers can be ordered by: what it tells, and which end is best.

    `required_columns`: fields of the request without which it is missing; `missing_reason`: why
    else it may be.
    """

    meaning: str
    is_highest_best: bool = True
    required_columns: tuple[str, ...] = ()
    missing_reason: str = "the forecast does not give it"

    @property
    def order(self) -> str:
        """Which end comes first, in words."""
        return "highest first" if self.is_highest_best else "lowest first"


_NO_VIEWS = "views are not forecast for that platform and format"
_FEE = ("fee_usd",)
_NO_COST = "the cost has no finite value, see cost_note"
#: By name, which is that of the figure in answers with its place: engagements_p50 is
#: engagements.p50.
RANKING_MEASURES = {
    "fee_headroom": RankingMeasure(
        "break-even fee over fee, above 1 the fee pays: the best fee for such a creator",
        required_columns=_FEE,
        missing_reason=NO_BENCHMARK,
    ),
    "break_even_fee_usd": RankingMeasure("the highest fee that pays", missing_reason=NO_BENCHMARK),
    "probability_benchmark": RankingMeasure(
        "that the cost beats the benchmark", required_columns=_FEE, missing_reason=NO_BENCHMARK
    ),
    "probability_target": RankingMeasure(
        "that the cost stays within the target", required_columns=("fee_usd", "target_cpe_usd")
    ),
    "probability_goal": RankingMeasure(
        "that the engagements reach the goal", required_columns=("goal_engagements",)
    ),
    "cpe_usd_p50": RankingMeasure(
        "cost per engagement: the most for the money", False, _FEE, _NO_COST
    ),
    "cpe_usd_p90": RankingMeasure("cost per engagement if it goes badly", False, _FEE, _NO_COST),
    "cpm_usd_p50": RankingMeasure("cost per 1,000 views", False, _FEE, _NO_VIEWS),
    "cpe_index": RankingMeasure(
        "cost per engagement against the benchmark's", False, _FEE, NO_BENCHMARK
    ),
    "fee_usd": RankingMeasure("the fee", False, _FEE),
    "engagements_p50": RankingMeasure("engagements"),
    "engagements_p10": RankingMeasure("engagements if it goes badly"),
    "views_p50": RankingMeasure("views", missing_reason=_NO_VIEWS),
    "engagement_rate_by_followers_p50": RankingMeasure(
        "engagements per follower", missing_reason="the followers are not known"
    ),
    "engagement_rate_by_views_p50": RankingMeasure(
        "engagements per view", missing_reason=_NO_VIEWS
    ),
    "emv_usd_p50": RankingMeasure(
        "earned media value", missing_reason="no value of a like, comment, share or view is given"
    ),
}
#: A measure that is no figure of answers itself -> those whose ratio it is.
RATIOS = {"fee_headroom": ("break_even_fee_usd", "fee_usd")}
#: What is taken where none is named, the first that any partnership has: what brings the most
#: engagements for the money (docs/ranking.md), and without any fee the most engagements.
DEFAULT_MEASURES = ("cpe_usd_p50", "engagements_p50")


def measure_values(by: str, columns: Mapping[str, np.ndarray]) -> np.ndarray:
    """Give a measure of answers, (n,), from their columns; not finite where there is none.

    >>> columns = {"break_even_fee_usd": np.array([900.0]), "fee_usd": np.array([600.0])}
    >>> measure_values("fee_headroom", columns).tolist()
    [1.5]
    """
    values = [columns[name] for name in measure_columns(by)]
    with np.errstate(divide="ignore", invalid="ignore"):
        return values[0] if len(values) == 1 else values[0] / values[1]


def measure_columns(by: str) -> tuple[str, ...]:
    """Give the columns that a measure is made of."""
    return RATIOS.get(by, (by,))


def best_first(by: str, values: np.ndarray) -> np.ndarray:
    """Give the places of values of a measure, best first, equals in their order; what is unknown
    comes last.
    """
    known = np.where(np.isfinite(values), values, np.nan)
    return np.argsort(-known if RANKING_MEASURES[by].is_highest_best else known, kind="stable")
