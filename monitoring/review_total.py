"""The outcomes of a campaign together, in the joint forecast of their sum."""

from collections.abc import Sequence

import numpy as np

from ledger.forecast_entry import LEVELS
from models.correlation import DEFAULT_CORRELATION
from models.joint_draws import draw_uniforms
from models.shared_shock import SharedShock
from monitoring.review_rows import HIGH, LOW, MIDDLE, Outcome, ReviewRow, engagements_of

#: Joint draws behind the range of a sum.
DRAWS = 4000


def total_outcome(
    rows: Sequence[ReviewRow], shock: SharedShock
) -> tuple[Outcome | None, tuple[float, float] | None]:
    """Return where the sum of the outcomes lies in its joint forecast, and the range of the sum if
    creators shared nothing.
    """
    if len(rows) < 2:
        return None, None
    deliverables = np.array([float(row.forecast["deliverables"]) for row in rows])
    shares = shock.shares(np.full(len(rows), DEFAULT_CORRELATION), deliverables)
    drawn = _draw_sums(rows, shares)
    alone = _draw_sums(rows, (0 * shares[0], 0 * shares[1]))
    came = sum(map(engagements_of, rows))
    low, middle, high = np.quantile(drawn, [LOW, MIDDLE, HIGH]).tolist()
    chance = float((drawn <= came).mean())
    first, last = np.quantile(alone, [LOW, HIGH]).tolist()
    return Outcome(came, low, middle, high, chance), (first, last)


def _draw_sums(rows: Sequence[ReviewRow], shares: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """Return drawn sums of the totals, (DRAWS,); `shares`: of their variance that is shared."""
    names = [
        str(row.forecast["creator_id"] or row.forecast["handle"] or row.forecast["forecast_id"])
        for row in rows
    ]
    platforms = [str(row.forecast["platform"]) for row in rows]
    niches = [str(row.forecast["niche"] or "") for row in rows]
    u = draw_uniforms(names, platforms, niches, shares, DRAWS)
    return sum(forecast_quantile(row, u[:, place]) for place, row in enumerate(rows))  # type: ignore[return-value]


def forecast_quantile(row: ReviewRow, probability: np.ndarray) -> np.ndarray:
    """Return quantiles of the total of a forecast, linear in ln(1 + count) between the LEVELS that
    the ledger keeps; beyond them the outermost.
    """
    logs = np.log1p(np.asarray(row.forecast["engagements"], dtype=float))
    return np.expm1(np.interp(probability, LEVELS, logs))
