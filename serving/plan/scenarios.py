"""Totals of options in jointly drawn scenarios.

In a scenario the total of an option is the quantile of its forecast at a probability that it shares
in part with others (models.joint_draws). How many of the booked deliverables appear is a draw of
its own where a completion rate is given.
"""

from collections.abc import Sequence

import numpy as np

from models.conformal import GRID
from models.delivery import DeliveredTotals, DeliveryCurves
from models.interpolation import between
from models.joint_draws import draw_by_name

#: Values of totals that are made at once.
VALUES_PER_BLOCK = 2**20
#: The quantile of an option's scenarios below which the mean does not change them.
LEAST_HELD = 0.9


def draw_totals(
    totals: DeliveredTotals,
    u: np.ndarray,
    creators: Sequence[str] = (),
    expected: np.ndarray | None = None,
    seed: int = 0,
) -> np.ndarray:
    """Return the totals of n options in scenarios, (draws, n), float32.

    - `u`: `models.joint_draws.draw_uniforms` of the options, (draws, n)
    - `creators`: their names, needed where some deliverables may not appear (a completion rate)
    - `expected`: their expected totals, (n,). The largest scenarios of an option are held at one
      total so that their mean is no more than that: the expectation holds the tail of the forecast
      at what was seen in calibration, its quantiles do not. Scenarios below the 90 % quantile stay
      as they are
    """
    draws, options = u.shape
    scenarios = np.empty((draws, options), dtype=np.float32)
    step = max(1, VALUES_PER_BLOCK // draws)
    for first in range(0, options, step):
        rows = slice(first, first + step)
        values = totals.forecast[rows].interpolated_quantile(u[:, rows].T)
        scenarios[:, rows] = values.T
    if totals.mixture is not None:
        appears = draw_by_name(
            "delivery", [creators[row] for row in totals.mixed_rows], draws, seed
        )
        for at, row in enumerate(totals.mixed_rows):
            curves = DeliveryCurves.of(totals.mixture, slice(at, at + 1))
            scenarios[:, row] = _delivered(curves, u[:, row], appears[:, at])
    if expected is not None:
        for first in range(0, options, step):
            rows = slice(first, first + step)
            _hold_tail(scenarios[:, rows], expected[rows])
    return scenarios


def _delivered(curves: DeliveryCurves, u: np.ndarray, appears: np.ndarray) -> np.ndarray:
    """Return the totals of one option at probabilities u (draws,), of as many deliverables as the
    probabilities `appears` (draws,) say.
    """
    reached = curves.probability_of_none[0] + np.cumsum(curves.weight)
    curve = np.minimum(np.searchsorted(reached, appears), len(reached) - 1)
    low, share = between(GRID, u)
    total = curves.curve[curve, low] * (1 - share) + curves.curve[curve, low + 1] * share
    return np.where(appears < curves.probability_of_none[0], 0.0, total)


def _hold_tail(scenarios: np.ndarray, expected: np.ndarray) -> None:
    """Hold the largest scenarios (draws, n), in place, so that means are at most `expected` (n,),
    or scenarios above LEAST_HELD are all the same.
    """
    draws = len(scenarios)
    ordered = np.sort(scenarios.astype(float), axis=0)
    held = np.cumsum(ordered, axis=0) + ordered * np.arange(draws - 1, -1, -1)[:, None]
    # held[i] / draws: the mean if all scenarios above the i-th smallest are held at it
    wanted = np.asarray(expected, dtype=float) * draws
    last = (held <= wanted).sum(axis=0) - 1
    last = np.maximum(last, int(LEAST_HELD * (draws - 1)))
    options = np.arange(scenarios.shape[1])
    above = draws - 1 - last
    room = np.maximum(wanted - held[last, options], 0) / np.maximum(above, 1)
    ceiling = np.where(above > 0, ordered[last, options] + room, np.inf)
    np.minimum(scenarios, ceiling.astype(np.float32), out=scenarios)
