"""The answers of the scorer: a column for each figure, one value a prospect and in order, and the
rules that prospects without an answer break.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from models.cost import OPPOSITE_QUANTILE
from models.distribution import QUANTILES
from models.rate_card import FEE_RANGE
from serving.scoring.breaches import Breach

#: Amounts that answers have in the currency of the row's fee too: name -> name of the amount in
#: USD.
FEE_CURRENCY_COLUMNS = {
    name.replace("_usd", ""): name
    for name in (
        *(f"{cost}_usd_{name}" for cost in ("cpe", "cpm") for name in OPPOSITE_QUANTILE),
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
    "package",
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
        f"{cost}_usd_{name}"
        for cost in ("cpe", "cpm", "cost_per_view")
        for name in OPPOSITE_QUANTILE
    ),
    *(f"{cost}_{name}" for cost in ("cpe", "cpm") for name in OPPOSITE_QUANTILE),
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
    "maturation_source",
    "model_version",
    "trained_on",
    "warnings",
)
#: Only where asked for, in the order of serving.scoring.deal_terms.AnswerOptions.
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
            "package",
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
        *("verdict", "sentence", "definition", "maturation_source", "model_version", "trained_on"),
    }
)
#: Codes of breaches of rows whose creator nothing is known of.
LACKS_PROFILE = frozenset({"no_profile", "unknown_creator"})
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
        return {
            row: [breach.text for breach in breaches] for row, breaches in self.breaches.items()
        }

    def lacks_profile(self, row: int) -> bool:
        """Whether a row was not scored because nothing is known of its creator."""
        return any(breach.code in LACKS_PROFILE for breach in self.breaches[row])

    @property
    def is_scored(self) -> np.ndarray:
        """Which rows were scored, (n,)."""
        is_scored = np.ones(self.n, dtype=bool)
        is_scored[list(self.breaches)] = False
        return is_scored

    def frame(self) -> pd.DataFrame:
        """Return the columns as a frame, times with their zone."""
        frame = pd.DataFrame(self.columns)
        times = {name: frame[name].dt.tz_localize("UTC") for name in TIME_COLUMNS if name in frame}
        return frame.assign(**times)


def amounts_in_fee_currency(
    columns: dict[str, np.ndarray], usd_per_unit: np.ndarray | None
) -> dict[str, np.ndarray]:
    """Return the amounts of columns in the currency of each row's fee, (n,) each.

    `usd_per_unit` (n,): the rate of the currency, NaN where a row has none.
    """
    if usd_per_unit is None:
        return {}
    return {
        name: columns[usd_name] / usd_per_unit
        for name, usd_name in FEE_CURRENCY_COLUMNS.items()
        if usd_name in columns
    }


def completed(
    n: int, columns: dict[str, np.ndarray], names: Iterable[str]
) -> dict[str, np.ndarray]:
    """Return the named columns in their order, (n,) each; one that was not made is all unknown."""
    no_numbers, no_objects = np.full(n, np.nan), np.full(n, None)
    return {
        name: columns.get(name, no_objects if name in _OBJECTS else no_numbers) for name in names
    }


def scatter_columns(columns: dict[str, np.ndarray], mask: np.ndarray) -> dict[str, np.ndarray]:
    """Return columns of n rows from those of the rows that `mask` (n,) marks; unknown elsewhere."""
    if mask.all():
        return columns
    return {name: scatter_values(values, mask) for name, values in columns.items()}


def scatter_values(values: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Return values (n,) from those of the m rows that `mask` (n,) marks; unknown elsewhere."""
    if mask.all():
        return values
    scattered = np.full(len(mask), None if values.dtype == object else np.nan)
    scattered[mask] = values
    return scattered
