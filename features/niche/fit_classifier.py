"""The fit of the niche classifier to the text of a data set's creators."""

import numpy as np

from features.history.history import History
from features.niche.classifier import NicheClassifier
from features.niche.text import documents
from features.tables.vocabulary import NICHES

#: Declared creators that the classifier is fitted on at most, evenly drawn: more change little and
#: cost minutes.
MAX_TRAINING_CREATORS = 10_000


def fit_classifier(
    history: History, account: np.ndarray, as_of: np.ndarray, declared: np.ndarray
) -> NicheClassifier:
    """Fit to the text and the declared niche (n,), a position in NICHES, of the accounts that have
    one.
    """
    rows = np.flatnonzero(~np.isnan(declared))
    rows = rows[:: max(1, -(-len(rows) // MAX_TRAINING_CREATORS))]
    texts, place = documents(history, account[rows], as_of[rows], np.ones(len(rows), dtype=bool))
    if texts is None or place is None:
        return NicheClassifier().fit()
    niches = [NICHES[int(code)] for code in declared[rows]]
    return NicheClassifier().fit([texts[at] for at in place], niches)
