"""How much the posts of one creator err together: the correlation of the Gaussian copula."""

import numpy as np
from scipy.special import ndtri

from models.corrections import ENOUGH_ROWS

#: Rows of a run, and runs that an estimate needs at least.
RUN, ENOUGH_RUNS = 4, 30
#: The correlation where there are too few runs.
DEFAULT_CORRELATION = 0.5


def within_creator_correlation(score: np.ndarray, group: np.ndarray) -> float:
    """Return the correlation of the normal scores of rows of one creator that follow one another,
    in 0 to 0.95.

    `score`: probability integral transforms in 0 to 1, (n,), rows of a creator in their order;
    `group`: the creator of each row. The mean of k normal scores of correlation r has the variance
    (1 + (k - 1) r) / k. It is estimated from the central 80 % of the means of runs of RUN rows, so
    that a few creators far off do not decide for all. DEFAULT_CORRELATION where there are fewer
    than ENOUGH_RUNS runs, or all scores are the same.
    """
    order = np.argsort(group, kind="stable")
    normal = ndtri(np.clip(score[order], 0.001, 0.999))
    start = _run_starts(group[order])
    if len(start) < ENOUGH_RUNS:
        return DEFAULT_CORRELATION
    low, high = np.quantile(normal, [0.1, 0.9])
    if high <= low:
        return DEFAULT_CORRELATION
    means = normal[start[:, None] + np.arange(RUN)].mean(axis=1)
    run_low, run_high = np.quantile(means, [0.1, 0.9])
    variance = ((run_high - run_low) / (high - low)) ** 2
    return float(np.clip((RUN * variance - 1) / (RUN - 1), 0.0, 0.95))


def correlation_by_table(
    score: np.ndarray, table: np.ndarray, tables: int, evidence: np.ndarray, creator: np.ndarray
) -> np.ndarray:
    """Return the correlation of one creator's posts in each conformal table, (tables,); where a
    table has few scores, that of all scores.

    `score`: as in `within_creator_correlation`, (n,); `table`, `evidence`, `creator`: the codes of
    each score, (n,).
    """
    creator_and_evidence = np.unique([creator, evidence], axis=1, return_inverse=True)[1]
    pooled = within_creator_correlation(score, creator_and_evidence)
    correlations = np.full(tables, pooled)
    for number in range(tables):
        rows = table == number
        if rows.sum() >= ENOUGH_ROWS:
            correlations[number] = within_creator_correlation(score[rows], creator[rows])
    return correlations


def _run_starts(group: np.ndarray) -> np.ndarray:
    """Return where runs of RUN rows of one group begin; `group`: (n,), ascending."""
    _, first, size = np.unique(group, return_index=True, return_counts=True)
    place = np.arange(len(group)) - np.repeat(first, size)
    whole = place + RUN <= np.repeat(size, size)
    return np.flatnonzero((place % RUN == 0) & whole)
