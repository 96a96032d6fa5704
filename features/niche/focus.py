"""How concentrated a creator is on one niche."""

import numpy as np

from features.tables.vocabulary import NICHES


def focus(distribution: np.ndarray) -> np.ndarray:
    """Return how concentrated each creator is, from 0 (all niches alike) to 1 (one niche), shape
    (n,).

    `distribution`: shape (n, niches + 1), the last column unknown, as
    `NicheClassifier.predict_proba` gives it. 1 - entropy / ln(niches) of the known part; NaN where
    nothing is known.

    >>> even, one = np.full(28, 1 / 28), np.eye(28)[0]
    >>> focus(np.array([[*even, 0], [*one * 0.5, 0.5], [*one * 0, 1]])).round(9).tolist()
    [0.0, 1.0, nan]
    """
    weights = _known_part(distribution)
    total = weights.sum(axis=1, keepdims=True)
    share = np.divide(weights, total, out=np.full_like(weights, np.nan), where=total > 0)
    entropy = -np.sum(share * np.log(np.where(share > 0, share, 1)), axis=1)
    return np.clip(1 - entropy / np.log(len(NICHES)), 0, 1)


def _known_part(distribution: np.ndarray) -> np.ndarray:
    """Return a distribution without its last column, (n, niches). Raises ValueError for another
    number of columns.
    """
    distribution = np.atleast_2d(np.asarray(distribution, dtype=float))
    if distribution.shape[1] != len(NICHES) + 1:
        raise ValueError(
            f"a niche distribution has {len(NICHES) + 1} columns, the last unknown, "
            f"not {distribution.shape[1]} columns"
        )
    return distribution[:, :-1]
