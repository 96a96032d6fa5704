"""The verdict on a fee: a category with stated cut-offs.

The category is read off the probability that the cost per engagement stays within the target of the
caller, or within the benchmark where there is no target.
"""

import numpy as np

#: Category and the least probability that makes it, highest first.
CUT_OFFS = {
    "worth_it": 0.8,
    "probably_worth_it": 0.6,
    "even": 0.4,
    "probably_overpriced": 0.2,
    "overpriced": 0.0,
}
_LEAST_PROBABILITIES = frozenset(CUT_OFFS.values())

# the last name is that of an unknown probability
_CATEGORIES = np.array([*CUT_OFFS, None], dtype=object)
_LEAST = np.array(list(CUT_OFFS.values()))

#: Category -> its symbol, which is told apart without colour, and its words.
VERDICT_WORDS = {
    "worth_it": ("▲▲", "Worth the fee"),
    "probably_worth_it": ("▲", "Probably worth the fee"),
    "even": ("=", "About even"),
    "probably_overpriced": ("▼", "Probably overpriced"),
    "overpriced": ("▼▼", "Overpriced"),
}


def percent_decimals(probability: float) -> int:
    """Return the decimals of a percentage that keep a probability on its side of all CUT_OFFS.

    >>> percent_decimals(0.563), percent_decimals(0.597), percent_decimals(0.7999)
    (0, 1, 2)
    """
    for decimals in range(6):
        rounded = round(probability, decimals + 2)
        if rounded not in _LEAST_PROBABILITIES or rounded <= probability:
            return decimals
    return 6


def verdict_categories(probability: np.ndarray) -> np.ndarray:
    """Return the category of each probability (n,), None where the probability is unknown.

    >>> verdict_categories(np.array([0.81, 0.5, 0.0, np.nan])).tolist()
    ['worth_it', 'even', 'overpriced', None]
    """
    # NaN reaches no cut-off
    return _CATEGORIES[(~(probability[:, None] >= _LEAST)).sum(axis=1)]
