"""The cost per engagement or view: the fee over the distribution of the total.

The p10 of the cost per engagement is the fee over the p90 of the engagements delivered, and so on.
Where that is 0 there is no finite cost, and the value is NaN. The whole fee is taken to be paid
whatever is delivered.
"""

from collections.abc import Sequence

import numpy as np

from models.delivery import DeliveredTotals

#: The quantiles of costs that answers give, and the quantile of the count that each lies at.
OPPOSITE_QUANTILE = {"p10": "p90", "p50": "p50", "p90": "p10"}


def cost_per(fee_usd: np.ndarray, count: np.ndarray) -> np.ndarray:
    """Divide fees (n,) in USD by counts (n,); NaN where the fee is unknown or the count is 0.

    >>> cost_per(np.array([450.0]), np.array([3000.0])).tolist()
    [0.15]
    """
    return np.where(count > 0, fee_usd, np.nan) / count


def cost_quantiles(fee_usd: np.ndarray, totals: DeliveredTotals) -> dict[str, np.ndarray]:
    """Return quantiles of the fee (n,) over each total by name (the keys of OPPOSITE_QUANTILE),
    (n,) each; NaN where not finite or without a fee.
    """
    return cost_quantiles_from_counts(fee_usd, totals.quantiles_by_name(OPPOSITE_QUANTILE.values()))


def cost_quantiles_from_counts(
    fee_usd: np.ndarray, counts: dict[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """Return the same as `cost_quantiles`, from quantiles of each total by name, (n,) each."""
    return {name: cost_per(fee_usd, counts[other]) for name, other in OPPOSITE_QUANTILE.items()}


def cost_probability(
    cost_usd: np.ndarray, fee_usd: np.ndarray, totals: DeliveredTotals
) -> np.ndarray:
    """Return P(fee / total <= cost), (n,); NaN where the cost (n,) or the fee (n,) is unknown."""
    return totals.probability_at_least(cost_per(fee_usd, cost_usd))


def break_even_fee(
    cost_usd: np.ndarray, confidence: np.ndarray | float, totals: DeliveredTotals
) -> np.ndarray:
    """Return the highest fee, (n,), at which the cost is at most `cost_usd` (n,) with the
    probability `confidence`.

    P(fee / total <= cost) = P(total >= fee / cost) falls as the fee grows, and is the confidence
    where fee / cost is the quantile 1 - confidence of the total. It is 0 where the probability that
    nothing is delivered is too large for any fee.
    """
    return break_even_fees(cost_usd, [confidence], totals)[0]


def break_even_fees(
    cost_usd: np.ndarray, confidences: Sequence[np.ndarray | float], totals: DeliveredTotals
) -> np.ndarray:
    """Return `break_even_fee` at several confidences, (q, n)."""
    return cost_usd * totals.quantile(1 - np.array(confidences).T).T
