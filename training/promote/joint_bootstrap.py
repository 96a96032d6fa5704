"""Means of several groups of rows by one bootstrap over creators, and simultaneous intervals.

One creator may have rows in several groups, so all of them are drawn at once. A simultaneous
interval holds for all groups together in 95 of 100 cases: its width is the quantile of the largest
studentised deviation (Romano and Wolf 2005), so many groups do not refuse a good model by chance.
"""

from collections.abc import Sequence

import numpy as np

ROUNDS, ROUNDS_AT_ONCE = 2000, 50
#: Standard errors up to this one are none: both models forecast alike.
NO_ERROR = 1e-9


def joint_means(
    values: np.ndarray, creator: np.ndarray, groups: Sequence[np.ndarray], seed: int = 0
) -> np.ndarray:
    """Return bootstrap means of `values` (n, m) in each group, creators drawn with replacement,
    (ROUNDS, groups, m).

    `creator` (n,): whose row it is; `groups`: positions of the rows of each.
    """
    _, code = np.unique(creator, return_inverse=True)
    creators = int(code.max()) + 1
    count = np.zeros((creators, len(groups)))
    sums = np.zeros((creators, len(groups), values.shape[1]))
    for number, rows in enumerate(groups):
        count[:, number] = np.bincount(code[rows], minlength=creators)
        for column in range(values.shape[1]):
            weights = values[rows, column]
            sums[:, number, column] = np.bincount(code[rows], weights, minlength=creators)
    random = np.random.default_rng(seed)
    flat, parts = sums.reshape(creators, -1), []
    for _ in range(ROUNDS // ROUNDS_AT_ONCE):
        drawn = random.multinomial(creators, np.full(creators, 1 / creators), ROUNDS_AT_ONCE)
        rows_drawn = np.maximum(drawn @ count, 1)
        parts.append((drawn @ flat).reshape(-1, *sums.shape[1:]) / rows_drawn[..., None])
    return np.concatenate(parts)


def simultaneous_intervals(draws: np.ndarray, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return 95 % intervals (groups,) about `points` (groups,), by draws (ROUNDS, groups)."""
    error = draws.std(axis=0, ddof=1)
    deviation = np.divide(
        np.abs(draws - points), error, out=np.zeros_like(draws), where=error > NO_ERROR
    )
    width = np.quantile(deviation.max(axis=1), 0.95) * error
    return points - width, points + width
