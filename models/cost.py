"""Engagements and fee to cost: no learning, only division.

Costs are conditional on delivery. A quantile of the cost per engagement is the fee over the opposite quantile of the
engagements; where that is 0 there is no finite cost, and the value is NaN.
"""

import numpy as np


def cost_per(fee_usd: np.ndarray, count: np.ndarray) -> np.ndarray:
    """Divide fees (n,) in USD by counts (n,) or (n, m); NaN where the fee is unknown or the count is 0.

    >>> cost_per(np.array([450.0]), np.array([3000.0])).tolist()
    [0.15]
    """
    fee = np.asarray(fee_usd, dtype=float)
    count = np.asarray(count, dtype=float)
    fee = np.broadcast_to(fee if count.ndim == 1 else fee[:, None], count.shape)
    return np.divide(fee, count, out=np.full(count.shape, np.nan), where=count > 0)
