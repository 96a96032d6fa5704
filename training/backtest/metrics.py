"""Scores of forecasts, and bootstrap intervals over creators.

Posts of one creator are not independent, so whole creators are drawn.
"""

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

BOOTSTRAP_ROUNDS = 500


def bootstrap_means(
    values: np.ndarray, group: np.ndarray, seed: int = 0, rounds: int = BOOTSTRAP_ROUNDS
) -> np.ndarray:
    """Return bootstrap means of `values` (n,) or (n, m), creators drawn with replacement: (rounds,)
    or (rounds, m).
    """
    # creators in the order of their first rows: the same intervals by their names as by numbers
    code, _ = pd.factorize(group)
    size = np.bincount(code).astype(float)
    columns = values if values.ndim == 2 else values[:, None]
    sums = np.column_stack([np.bincount(code, column) for column in columns.T])
    draws = np.random.default_rng(seed).multinomial(
        len(size), np.full(len(size), 1 / len(size)), size=rounds
    )
    means = (draws @ sums) / (draws @ size)[:, None]
    return means if values.ndim == 2 else means[:, 0]


def interval(draws: np.ndarray, coverage: float = 0.95) -> tuple[float, float]:
    """Return the central interval of bootstrap draws."""
    low, high = np.quantile(draws, [(1 - coverage) / 2, (1 + coverage) / 2])
    return float(low), float(high)


def spearman(forecast: np.ndarray, y: np.ndarray) -> float:
    """Return Spearman's rank correlation; NaN where either is constant or has under 3 values."""
    if len(y) < 3 or np.ptp(forecast) == 0 or np.ptp(y) == 0:
        return float("nan")
    return float(spearmanr(forecast, y).statistic)


def spearman_within(forecast: np.ndarray, y: np.ndarray, segment: np.ndarray) -> float:
    """Return Spearman's correlation within segments, averaged with their rows as weights.

    Correlation over all segments together mostly measures the size of accounts.
    """
    total, rows = 0.0, 0
    for name in np.unique(segment):
        is_segment = segment == name
        value = spearman(forecast[is_segment], y[is_segment])
        if np.isfinite(value):
            size = is_segment.sum()
            total, rows = total + value * size, rows + size
    return total / rows if rows else float("nan")
