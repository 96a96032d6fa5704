"""Which niches are close to which, for brand fit: a table of judgements, to be replaced where a
user knows better.
"""

from functools import cache

import numpy as np

from features.tables.vocabulary import NICHES

#: How much an audience that came for one niche is worth to a brand of another, 0-1; unlisted pairs
#: 0, a niche itself 1.
#: A judgement, not a measurement: 0.6 the same shopper, 0.4 a common occasion, 0.2 a common mood.
RELATED_NICHES = {
    ("art", "diy"): 0.6,
    ("art", "photography"): 0.6,
    ("art", "home"): 0.2,
    ("automotive", "sports"): 0.2,
    ("automotive", "technology"): 0.4,
    ("beauty", "fashion"): 0.6,
    ("beauty", "health"): 0.4,
    ("beauty", "lifestyle"): 0.6,
    ("books", "education"): 0.6,
    ("books", "entertainment"): 0.4,
    ("business", "education"): 0.4,
    ("business", "finance"): 0.6,
    ("business", "motivation"): 0.6,
    ("business", "technology"): 0.4,
    ("comedy", "entertainment"): 0.6,
    ("dance", "entertainment"): 0.4,
    ("dance", "fitness"): 0.4,
    ("dance", "music"): 0.6,
    ("diy", "home"): 0.6,
    ("diy", "lifestyle"): 0.2,
    ("education", "family"): 0.2,
    ("education", "news"): 0.2,
    ("education", "technology"): 0.4,
    ("entertainment", "gaming"): 0.4,
    ("entertainment", "lifestyle"): 0.2,
    ("entertainment", "music"): 0.6,
    ("family", "food"): 0.4,
    ("family", "health"): 0.2,
    ("family", "home"): 0.6,
    ("family", "lifestyle"): 0.6,
    ("family", "pets"): 0.2,
    ("fashion", "lifestyle"): 0.6,
    ("fashion", "photography"): 0.2,
    ("finance", "news"): 0.2,
    ("finance", "technology"): 0.2,
    ("fitness", "food"): 0.2,
    ("fitness", "health"): 0.6,
    ("fitness", "lifestyle"): 0.4,
    ("fitness", "motivation"): 0.4,
    ("fitness", "sports"): 0.6,
    ("food", "health"): 0.4,
    ("food", "home"): 0.4,
    ("food", "lifestyle"): 0.4,
    ("food", "travel"): 0.4,
    ("gaming", "technology"): 0.6,
    ("health", "lifestyle"): 0.4,
    ("health", "motivation"): 0.4,
    ("home", "lifestyle"): 0.6,
    ("lifestyle", "motivation"): 0.2,
    ("lifestyle", "pets"): 0.2,
    ("lifestyle", "travel"): 0.6,
    ("motivation", "religion"): 0.4,
    ("photography", "travel"): 0.6,
    ("photography", "technology"): 0.2,
    ("sports", "travel"): 0.2,
}


@cache
def relatedness() -> np.ndarray:
    """Return RELATED_NICHES as a symmetric matrix, shape (niches, niches), 1 on the diagonal; it
    cannot be written to.
    """
    matrix = np.eye(len(NICHES))
    for (one, other), weight in RELATED_NICHES.items():
        row, column = NICHES.index(one), NICHES.index(other)
        matrix[row, column] = weight
        matrix[column, row] = weight
    matrix.setflags(write=False)
    return matrix
