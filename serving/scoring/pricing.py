"""The price columns of answers: costs, earned media value, and what a benchmark adds.

Everything is read off the forecast distribution of what is delivered.
"""

import numpy as np

from features.derive.catalog import feature_column
from features.number_text import format_fraction
from models.bundle import Bundle
from models.cost import OPPOSITE_QUANTILE, cost_quantiles, cost_quantiles_from_counts
from models.delivery import DeliveredTotals
from models.distribution import PredictiveDistribution
from models.emv import earned_media_value
from models.joint import JointForecast
from serving.scoring.answer_table import scatter_columns
from serving.scoring.cost_benchmark import BenchmarkPricing
from serving.scoring.deal_terms import DealTerms
from serving.scoring.package_rows import PackageRows

#: Why a quantile of a cost is missing although there is a fee.
NOTHING, ZERO = "with probability {} nothing is delivered", "the forecast's low quantile is 0"


class Pricing:
    """Prices rows for one bundle; one without benchmarks says nothing that needs them."""

    def __init__(self, bundle: Bundle):
        self._platform_posts = bundle.reference.platform_posts
        self._benchmark_pricing: BenchmarkPricing | None = None
        if bundle.benchmarks is not None and bundle.market_fee is not None:
            self._benchmark_pricing = BenchmarkPricing(bundle.benchmarks, bundle.market_fee)

    def columns(
        self,
        x: np.ndarray,
        terms: DealTerms,
        joint: JointForecast,
        packages: PackageRows | None = None,
    ) -> dict[str, np.ndarray]:
        """Return the price columns of rows, (n,) each; those that no row asks for may be absent.

        `x` (n, columns): the derived matrix; `packages`: what the rows are made of, where they are
        packages. With a completion rate the quantiles of what is
        delivered are added: `delivered_p50` and so on.
        """
        engagements, views, has_views = joint.engagements, joint.views, joint.has_views
        totals = DeliveredTotals.of(engagements, terms.completion_rate)
        counts = totals.quantiles_by_name(OPPOSITE_QUANTILE.values())
        columns: dict[str, np.ndarray] = {}
        if terms.completion_rate is not None:
            columns |= {f"delivered_{name}": values for name, values in counts.items()}
        if terms.fee_usd is not None:
            columns |= _engagement_costs(terms.fee_usd, counts, totals)
            if views is not None:
                columns |= _view_costs(terms.fee_usd, terms.completion_rate, views, has_views)
        if terms.goal_engagements is not None:
            columns["probability_goal"] = totals.probability_at_least(terms.goal_engagements)
        if terms.values is not None:
            columns |= self._media_values(x, terms.values, engagements, views, has_views)
        if self._benchmark_pricing is not None:
            cpe_usd = columns.get("cpe_usd_p50")
            growth = joint.growths.get("engagements")
            columns |= self._benchmark_pricing.columns(x, terms, totals, cpe_usd, growth, packages)
        return columns

    def _media_values(
        self,
        x: np.ndarray,
        unit_values: dict[str, np.ndarray],
        engagements: PredictiveDistribution,
        views: PredictiveDistribution | None,
        has_views: np.ndarray,
    ) -> dict[str, np.ndarray]:
        """Return quantiles of the earned media value in USD; `unit_values`: USD a piece, (n,)."""
        view_counts = None
        if views is not None:
            view_counts = scatter_columns(views.quantiles_by_name, has_views)
        values = earned_media_value(
            unit_values,
            feature_column(x, "platform_code"),
            self._platform_posts.usual_shares,
            engagements.quantiles_by_name,
            view_counts,
            has_views,
        )
        return {f"emv_usd_{name}": quantile for name, quantile in values.items()}


def _engagement_costs(
    fee_usd: np.ndarray, counts: dict[str, np.ndarray], totals: DeliveredTotals
) -> dict[str, np.ndarray]:
    """Return quantiles of the cost per engagement, and a note where one has no finite value."""
    quantiles = cost_quantiles_from_counts(fee_usd, counts)
    costs = {f"cpe_usd_{name}": values for name, values in quantiles.items()}
    return costs | {"cost_note": _cost_notes(costs, fee_usd, totals)}


def _view_costs(
    fee_usd: np.ndarray,
    completion_rate: np.ndarray | None,
    views: PredictiveDistribution,
    has_views: np.ndarray,
) -> dict[str, np.ndarray]:
    """Return quantiles of the cost per 1,000 views and per view; NaN for rows without views."""
    rate = None if completion_rate is None else completion_rate[has_views]
    quantiles = cost_quantiles(fee_usd[has_views], DeliveredTotals.of(views, rate))
    costs = {f"cpm_usd_{name}": 1000 * values for name, values in quantiles.items()}
    costs |= {f"cost_per_view_usd_{name}": values for name, values in quantiles.items()}
    return scatter_columns(costs, has_views)


def _cost_notes(
    costs: dict[str, np.ndarray], fee_usd: np.ndarray, totals: DeliveredTotals
) -> np.ndarray:
    """Return a note for each row with a fee and a cost that has no finite value; None elsewhere."""
    notes = np.full(len(fee_usd), None, dtype=object)
    names = np.array(list(costs), dtype=object)
    is_missing = np.isnan(list(costs.values())) & ~np.isnan(fee_usd)
    probability_of_none = totals.probability_of_none
    for row in is_missing.any(axis=0).nonzero()[0].tolist():
        reason = ZERO
        if probability_of_none[row] > 0:
            reason = NOTHING.format(format_fraction(probability_of_none[row]))
        notes[row] = f"{', '.join(names[is_missing[:, row]])} has no finite value: {reason}"
    return notes
