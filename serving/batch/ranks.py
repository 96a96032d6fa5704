"""By what the best answers are chosen: the measures of POST /v1/rank, with the same direction."""

from collections.abc import Mapping

import numpy as np

from serving.ranking import MEASURES, RATIOS


def columns_of(measure: str) -> tuple[str, ...]:
    """Give the columns that a measure is made of."""
    return RATIOS.get(measure, (measure,))


def sorted_by(measure: str, columns: Mapping[str, np.ndarray]) -> np.ndarray:
    """Give the places of answers, best first, equals in their order; those without a figure come last."""
    values = [columns[name] for name in columns_of(measure)]
    with np.errstate(divide="ignore", invalid="ignore"):
        figure = values[0] if len(values) == 1 else values[0] / values[1]
    return np.argsort(-figure if MEASURES[measure].highest else figure, kind="stable")
