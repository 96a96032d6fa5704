"""Quantiles of the totals that a caller chooses: their names, the columns that they are in, and
their values.
"""

from collections.abc import Collection
from decimal import Decimal

import numpy as np

from models.distribution import QUANTILES, PredictiveDistribution
from serving.scoring.answer_table import ANSWER_COLUMNS

TOTALS = ("engagements", "views")


def quantile_name(probability: float) -> str:
    """Name a quantile by its percent: two digits, and after _ what lies between.

    >>> [quantile_name(probability) for probability in (0.05, 0.9, 0.025, 0.999)]
    ['p05', 'p90', 'p02_5', 'p99_9']
    """
    whole, _, part = f"{Decimal(repr(float(probability))) * 100:f}".partition(".")
    return f"p{whole:0>2}_{part}".rstrip("0").rstrip("_") if part else f"p{whole:0>2}"


def columns_with(quantiles: Collection[float]) -> tuple[str, ...]:
    """Give ANSWER_COLUMNS with these quantiles of the totals in place of QUANTILES."""
    columns, usual = list(ANSWER_COLUMNS), list(QUANTILES)
    for what in TOTALS:
        start = columns.index(f"{what}_{usual[0]}")
        columns[start : start + len(usual)] = [f"{what}_{quantile_name(one)}" for one in quantiles]
    return tuple(columns)


def extra_quantile_columns(quantiles: Collection[float]) -> list[str]:
    """Give the columns of those that not every answer has."""
    return [f"{what}_{name}" for what in TOTALS for name in _unusual(quantiles)]


def distribution_columns(
    what: str, predictive: PredictiveDistribution, quantiles: Collection[float]
) -> dict[str, np.ndarray]:
    """Give the columns of a total, (n,) each: QUANTILES, its mean, and these quantiles.

    They are read off the curve that probabilities are read off, so that both agree.
    """
    found, other = dict(predictive.quantiles_by_name), _unusual(quantiles)
    if other:
        found |= dict(
            zip(other, predictive.interpolated_quantile(list(other.values())).T, strict=True)
        )
    return {
        f"{what}_{name}": values for name, values in (found | {"mean": predictive.mean()}).items()
    }


def _unusual(quantiles: Collection[float]) -> dict[str, float]:
    """Give the probabilities, by name, that are not of QUANTILES."""
    return {quantile_name(one): one for one in quantiles if one not in QUANTILES.values()}
