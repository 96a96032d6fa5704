"""Quantiles of the totals that a caller chooses: their names, columns and values."""

from collections.abc import Collection, Sequence
from decimal import Decimal
from functools import lru_cache

import numpy as np

from features.errors import CreatorcastError
from models.conformal import GRID
from models.distribution import QUANTILES, PredictiveDistribution
from serving.scoring.answer_table import ANSWER_COLUMNS

TOTALS = ("engagements", "views")
#: Which probabilities a quantile may have, for errors.
PROBABILITIES = (
    f"expected probabilities from {GRID[0]:g} to {GRID[-1]:g}, as 0.1,0.5,0.9 for the 10, 50 and "
    f"90 % ones"
)


class QuantileError(CreatorcastError):
    """A quantile that is asked for cannot be given."""


def check_quantiles(quantiles: Sequence[float]) -> None:
    """Raise QuantileError for a quantile that forecasts do not reach, or one that stands twice."""
    for number, quantile in enumerate(quantiles):
        if not GRID[0] <= quantile <= GRID[-1]:
            raise QuantileError(
                f"quantile {quantile!r} is beyond what is forecast: {PROBABILITIES}"
            )
        if quantile in quantiles[:number]:
            raise QuantileError(f"quantile {quantile!r} is wanted twice: name each once")


@lru_cache(1024)
def quantile_name(probability: float) -> str:
    """Return the name of a quantile: its percent in two digits, and decimals after _.

    >>> [quantile_name(probability) for probability in (0.05, 0.9, 0.025, 0.999)]
    ['p05', 'p90', 'p02_5', 'p99_9']
    """
    whole, _, part = f"{Decimal(repr(float(probability))) * 100:f}".partition(".")
    return f"p{whole:0>2}_{part}".rstrip("0").rstrip("_") if part else f"p{whole:0>2}"


def columns_with(quantiles: Collection[float]) -> tuple[str, ...]:
    """Return ANSWER_COLUMNS with these quantiles of the totals in place of QUANTILES."""
    columns, usual = list(ANSWER_COLUMNS), list(QUANTILES)
    names = [quantile_name(probability) for probability in quantiles]
    for target in TOTALS:
        start = columns.index(f"{target}_{usual[0]}")
        columns[start : start + len(usual)] = [f"{target}_{name}" for name in names]
    return tuple(columns)


def extra_quantile_columns(quantiles: Collection[float]) -> list[str]:
    """Return the columns of those quantiles that not every answer has."""
    return [f"{target}_{name}" for target in TOTALS for name in _extra_quantiles(quantiles)]


def distribution_columns(
    target: str, distribution: PredictiveDistribution, quantiles: Collection[float]
) -> dict[str, np.ndarray]:
    """Return the columns of a total, (n,) each: QUANTILES, its mean, and these quantiles.

    They are read off the same curve as probabilities, so that both agree.
    """
    columns = dict(distribution.quantiles_by_name)
    extra = _extra_quantiles(quantiles)
    if extra:
        values = distribution.interpolated_quantile(list(extra.values()))
        columns |= dict(zip(extra, values.T, strict=True))
    columns["mean"] = distribution.mean()
    return {f"{target}_{name}": values for name, values in columns.items()}


def _extra_quantiles(quantiles: Collection[float]) -> dict[str, float]:
    """Return the probabilities that are not of QUANTILES, by name."""
    usual = QUANTILES.values()
    return {quantile_name(value): value for value in quantiles if value not in usual}
