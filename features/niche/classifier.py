"""The classifier that learns the niches of a creator from text, as scikit-learn's estimators do."""

from collections import Counter
from collections.abc import Iterable
from typing import Self

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from features.niche.fitted_niches import FittedNiches
from features.niche.seed_regression import fit_around_seeds
from features.niche.term_weights import score_bags, term_columns, weigh_terms
from features.niche.tokens import tokenize
from features.tables.vocabulary import NICHES

_CODES = {niche: code for code, niche in enumerate(NICHES)}


def _niche_code(niche: object) -> int:
    """Return the position of a niche in NICHES, -1 where it is missing. Raises ValueError for other
    text.
    """
    if niche in _CODES:
        return _CODES[niche]
    if isinstance(niche, str):
        raise ValueError(f"{niche!r} is no niche: expected one of {', '.join(NICHES)}, or missing")
    return -1


class NicheClassifier(BaseEstimator, FittedNiches):
    """Learn the niches from declared creators; predict them as FittedNiches does.

    >>> NicheClassifier().fit().predict(["Vegan recipes and baking", "hello"]).tolist()
    ['food', 'unknown']
    """

    def fit(self, texts: Iterable[str | None] = (), niches: Iterable[str | None] = ()) -> Self:
        """Learn from one text and one declared niche a creator; where either is missing the creator
        is left out.

        Raises ValueError for texts and niches of different length, and for a niche that is not in
        NICHES.
        """
        texts, niches = list(texts), list(niches)
        if len(texts) != len(niches):
            raise ValueError(
                f"{len(texts):,} texts for {len(niches):,} niches: give one of each a creator"
            )
        self._start_from_seeds()
        bags, codes = [], []
        for text, niche in zip(texts, niches, strict=True):
            bag, code = Counter(tokenize(text, self._words)), _niche_code(niche)
            if bag and code >= 0:
                bags.append(bag)
                codes.append(code)
        self.n_creators_ = len(bags)
        self.learned_ = self.n_creators_ >= max(self.minimum, 1)
        if self.learned_:
            self._learn(bags, np.array(codes))
        return self

    def predict_proba(self, texts: Iterable[str | None]) -> np.ndarray:
        """Return what FittedNiches does. Raises NotFittedError before `fit`."""
        check_is_fitted(self)
        return super().predict_proba(texts)

    def to_json(self) -> str:
        """Return what FittedNiches does. Raises NotFittedError before `fit`."""
        check_is_fitted(self)
        return super().to_json()

    def _learn(self, bags: list[Counter[str]], niches: np.ndarray) -> None:
        creators_with_term = Counter(term for bag in bags for term in bag)
        ranked = sorted((-count, term) for term, count in creators_with_term.items() if count > 1)
        terms = sorted(term for _, term in ranked[: self.max_terms])
        rows, columns, values = weigh_terms(bags, term_columns(terms))
        bag = csr_matrix((values, (rows, columns)), shape=(len(bags), len(terms)))
        seeded = score_bags(weigh_terms(bags, self._seed_columns), self._seed_scores, len(bags))
        base = (np.bincount(niches, minlength=len(NICHES)) + 1) / (len(niches) + len(NICHES))
        scale, weights = fit_around_seeds(bag, seeded, np.log(base), niches, self.penalty)
        self._set_learned(base, round(scale, 4), terms, weights.round(3))
