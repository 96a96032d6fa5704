"""The break-even fee of each row, and the two fees to negotiate between.

The break-even fee is the highest fee at which the cost per engagement stays within a reference cost
(the target of the caller, else the benchmark) with the confidence asked for; models.cost has the
formula.
"""

import numpy as np

from models.cost import break_even_fees
from models.delivery import DeliveredTotals
from serving.scoring.deal_terms import DEFAULT_CONFIDENCE, DealTerms

#: What fees are held against: by whether a row has a target, and last, at _NOTHING, by none.
_AGAINST = np.array(["benchmark", "target", None], dtype=object)
_NOTHING = 2


def break_even_columns(
    benchmark_cpe_usd: np.ndarray,
    terms: DealTerms,
    totals: DeliveredTotals,
    market_fee_low_usd: np.ndarray,
) -> dict[str, np.ndarray]:
    """Return the break-even and offer columns of rows, (n,) each; NaN or None where unknown.

    The opening offer holds with half the remaining doubt, (1 + confidence) / 2, and is at most the
    low market fee. The walk-away offer is the break-even fee.
    """
    has_target = np.zeros(len(benchmark_cpe_usd), dtype=bool)
    reference_cpe_usd = benchmark_cpe_usd
    if terms.target_cpe_usd is not None:
        has_target = ~np.isnan(terms.target_cpe_usd)
        reference_cpe_usd = np.where(has_target, terms.target_cpe_usd, benchmark_cpe_usd)
    confidence = DEFAULT_CONFIDENCE if terms.confidence is None else terms.confidence
    confidences = [confidence, (1 + confidence) / 2]
    break_even, cautious = break_even_fees(reference_cpe_usd, confidences, totals)
    opening = np.fmin(cautious, market_fee_low_usd)
    against = np.where(np.isnan(break_even), _NOTHING, has_target)
    has_fee = break_even > 0
    return {
        "break_even_fee_usd": break_even,
        "break_even_against": _AGAINST[against],
        "offer_usd_open": np.where(has_fee & (opening > 0), opening, np.nan),
        "offer_usd_walk_away": np.where(has_fee, break_even, np.nan),
    }
