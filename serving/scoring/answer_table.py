"""What the scorer gives: the columns of answers, one value a prospect and in order, and why some
have none.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from models.cost import OPPOSITE_QUANTILE
from models.distribution import QUANTILES
from models.rate_card import FEE_RANGE
from serving.scoring.breaches import Breach

#: Amounts that answers give in the currency of the row's fee too, by name: own name -> that of the
#: amount in USD.
FEE_CURRENCY_COLUMNS = {
    name.replace("_usd", ""): name
    for name in (
        *(f"{what}_usd_{name}" for what in ("cpe", "cpm") for name in OPPOSITE_QUANTILE),
        *("benchmark_cpe_usd", "break_even_fee_usd", "offer_usd_open", "offer_usd_walk_away"),
        *(f"market_fee_usd_{name}" for name in FEE_RANGE),
    )
}
#: The columns of an answer, in order.
ANSWER_COLUMNS = (
    "partnership_id",
    "creator_id",
    "platform",
    "band",
    "niche",
    "evidence",
    "as_of",
    "start_at",
    "deliverables",
    *(f"engagements_{name}" for name in (*QUANTILES, "mean")),
    *(f"views_{name}" for name in (*QUANTILES, "mean")),
    "engagement_rate_by_followers_p50",
    "engagement_rate_by_views_p50",
    "goal_engagements",
    "probability_goal",
    "fee_usd",
    "fee",
    "currency",
    "usd_per_unit",
    "completion_rate",
    *(
        f"{what}_usd_{name}"
        for what in ("cpe", "cpm", "cost_per_view")
        for name in OPPOSITE_QUANTILE
    ),
    *(f"{what}_{name}" for what in ("cpe", "cpm") for name in OPPOSITE_QUANTILE),
    "cost_note",
    "target_cpe_usd",
    "probability_target",
    "benchmark_cell",
    "benchmark_creators",
    "benchmark_engagements_p50",
    "benchmark_engagement_rate_by_followers_p50",
    "benchmark_cpe_usd",
    "benchmark_cpe",
    "benchmark_cpe_source",
    "benchmark_cpe_cell",
    "benchmark_cpe_creators",
    "probability_benchmark",
    "cpe_index",
    "cheaper_than_share",
    "confidence",
    "break_even_fee_usd",
    "break_even_fee",
    "break_even_against",
    "offer_usd_open",
    "offer_usd_walk_away",
    "offer_open",
    "offer_walk_away",
    *(f"market_fee_usd_{name}" for name in FEE_RANGE),
    *(f"market_fee_{name}" for name in FEE_RANGE),
    "market_fee_source",
    *(f"emv_usd_{name}" for name in OPPOSITE_QUANTILE),
    "emv_source",
    "verdict",
    "sentence",
    "definition",
    "horizon_days",
    "model_version",
    "trained_on",
    "warnings",
)
#: Given only where asked for, in the order of serving.scoring.deal_terms.AnswerOptions.
EXTRA_COLUMNS = ("reasons", "comparables")
TIME_COLUMNS = ("as_of", "start_at")
#: Columns of texts; `warnings` holds tuples of them, and EXTRA_COLUMNS what JSON has.
TEXT_COLUMNS = frozenset(
    {
        *(
            "partnership_id",
            "creator_id",
            "platform",
            "band",
            "niche",
            "evidence",
            "currency",
            "cost_note",
        ),
        "benchmark_cell",
        *(
            "benchmark_cpe_source",
            "benchmark_cpe_cell",
            "break_even_against",
            "market_fee_source",
            "emv_source",
        ),
        *("verdict", "sentence", "definition", "model_version", "trained_on"),
    }
)
_OBJECTS = TEXT_COLUMNS | {"warnings", *EXTRA_COLUMNS}


@dataclass(frozen=True)
class AnswerTable:
    """`columns`: of n prospects, (n,) each, in the order of ANSWER_COLUMNS and EXTRA_COLUMNS;
    `breaches`: by row.

    Numbers are float64 with NaN where unknown, times datetime64[us] in UTC, all else objects with
    None. A row that has breaches could not be scored and has no figures.
    """

    n: int
    columns: dict[str, np.ndarray]
    breaches: dict[int, list[Breach]]

    @property
    def reasons(self) -> dict[int, list[str]]:
        """Why rows were not scored, in sentences, by row."""
        return {row: [breach.text for breach in own] for row, own in self.breaches.items()}

    @property
    def is_scored(self) -> np.ndarray:
        """Mark the rows that were scored, (n,)."""
        found = np.ones(self.n, dtype=bool)
        found[list(self.breaches)] = False
        return found

    def frame(self) -> pd.DataFrame:
        """Give the columns as a frame, times with their zone."""
        frame = pd.DataFrame(self.columns)
        times = {name: frame[name].dt.tz_localize("UTC") for name in TIME_COLUMNS if name in frame}
        return frame.assign(**times)


def amounts_in_fee_currency(
    found: dict[str, np.ndarray], usd_per_unit: np.ndarray | None
) -> dict[str, np.ndarray]:
    """Give amounts of the columns found in the currency of each row, by what a unit is worth (n,),
    NaN for none.
    """
    if usd_per_unit is None:
        return {}
    return {
        own: found[name] / usd_per_unit
        for own, name in FEE_CURRENCY_COLUMNS.items()
        if name in found
    }


def completed(n: int, found: dict[str, np.ndarray], wanted: Iterable[str]) -> dict[str, np.ndarray]:
    """Give the columns wanted in their order; those that were not made are unknown throughout."""
    numbers, objects = np.full(n, np.nan), np.full(n, None)
    return {name: found.get(name, objects if name in _OBJECTS else numbers) for name in wanted}


def scatter_columns(found: dict[str, np.ndarray], at: np.ndarray) -> dict[str, np.ndarray]:
    """Put the values of some rows at the places that `at` (n,) marks; unknown elsewhere."""
    return {name: scatter_values(values, at) for name, values in found.items()}


def scatter_values(values: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Put values (m,) at the m rows that `at` (n,) marks; unknown elsewhere."""
    if at.all():
        return values
    whole = np.full(len(at), None if values.dtype == object else np.nan)
    whole[at] = values
    return whole
