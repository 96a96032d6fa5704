"""By what the best answers are chosen: the measures of POST /v1/rank, with the same direction."""

from collections.abc import Mapping

import numpy as np

from serving.batch.faults import BatchError
from serving.ranking import MEASURES

#: A measure that is no column itself -> the columns whose ratio it is.
_RATIOS = {"fee_headroom": ("break_even_fee_usd", "fee_usd")}


def check_measure(measure: str | None, top: int) -> None:
    """Raise BatchError where the best are wanted without a measure, or by one that there is not."""
    if top and measure is None:
        raise BatchError(f"the best by what? name a measure by --rank-by: one of {', '.join(MEASURES)}")
    if measure is not None and not top:
        raise BatchError(f"--rank-by {measure} puts the best in order: say how many by --top")
    if measure is not None and measure not in MEASURES:
        from serving.batch.options import nearest

        raise BatchError(f"measure {measure!r} is unknown: {nearest(measure, MEASURES)}")


def columns_of(measure: str) -> tuple[str, ...]:
    """Give the columns that a measure is made of."""
    return _RATIOS.get(measure, (measure,))


def sorted_by(measure: str, columns: Mapping[str, np.ndarray]) -> np.ndarray:
    """Give the places of answers, best first, equals in their order; those without a figure come last."""
    values = [columns[name] for name in columns_of(measure)]
    with np.errstate(divide="ignore", invalid="ignore"):
        figure = values[0] if len(values) == 1 else values[0] / values[1]
    return np.argsort(-figure if MEASURES[measure].highest else figure, kind="stable")
