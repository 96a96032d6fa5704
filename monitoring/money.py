"""Money saved or lost by following the forecast and not the rule that planning tools use.

Both advise for or against a partnership at its fee. The *rule* takes deliverables times the average
of the creator's last 12 posts as the engagements to come, the *forecast* its median. Each advises
the partnership where these engagements, at the benchmark cost per engagement, are worth the fee or
more. What came decides: the *worth* of a partnership is its engagements times the benchmark cost
per engagement, and its *surplus* is the worth less the fee.

Where both advise the same they differ by nothing. Where the forecast advises it and the rule does
not, following the forecast brings the surplus: a gain made, or a loss made. Where the forecast
advises against it and the rule for it, it brings the surplus with its sign turned: a loss avoided,
or a gain missed. The sum of the four is the money saved, or lost where it is below 0.

Only partnerships that went ahead have outcomes: of those that nobody signed nothing is told.
"""

import numpy as np
import pandas as pd

#: What the difference between the two is, by its sign and by who advised for it.
KINDS = ("gains_made", "losses_made", "losses_avoided", "gains_missed")


def has_money(rows: pd.DataFrame) -> np.ndarray:
    """Return which forecasts can be told in money, (n,): a fee, a benchmark, and an average of the
    creator's posts are known.
    """
    columns = rows[["fee_usd", "benchmark_cpe_usd", "alternative_engagements"]].astype(float)
    return np.isfinite(columns).all(axis=1).to_numpy() & (columns["fee_usd"] > 0).to_numpy()


def signs(rows: pd.DataFrame, median: np.ndarray) -> np.ndarray:
    """Return 1 where only the forecast advises the partnership, -1 where only the rule does, else
    0, (n,). `median`: engagements.
    """
    known = has_money(rows)
    fee, benchmark, rule = (
        rows[name].astype(float).to_numpy()
        for name in ("fee_usd", "benchmark_cpe_usd", "alternative_engagements")
    )
    by_forecast, by_rule = median * benchmark >= fee, rule * benchmark >= fee
    return np.where(known, by_forecast.astype(int) - by_rule.astype(int), 0)


def surplus(rows: pd.DataFrame, engagements: np.ndarray) -> np.ndarray:
    """Return the worth of engagements less the fee in USD, (n,), NaN where one is unknown."""
    fee, benchmark = (
        rows[name].astype(float).to_numpy() for name in ("fee_usd", "benchmark_cpe_usd")
    )
    return engagements * benchmark - fee


def kinds(sign: np.ndarray, saved: np.ndarray) -> dict[str, float]:
    """Return the sums of money by KINDS, each at least 0 but for losses made and gains missed."""
    parts = (
        (sign > 0) & (saved >= 0),
        (sign > 0) & (saved < 0),
        (sign < 0) & (saved >= 0),
        (sign < 0) & (saved < 0),
    )
    return {name: float(saved[part].sum()) for name, part in zip(KINDS, parts, strict=True)}
