"""The niches of a creator, from text.

The taxonomy is `features.tables.vocabulary.NICHES`; every creator has one main niche or none, and a
distribution over them.
"""

import json
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from features.niche.seed_regression import fit_around_seeds, softmax
from features.niche.term_weights import score_bags, term_columns, weigh_terms
from features.niche.tokens import seed_words, tokenize
from features.tables.vocabulary import NICHES, UNKNOWN

#: Texts read at a time, which bounds memory.
TEXTS_PER_BLOCK = 1024
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


@lru_cache(maxsize=8)
def _interned(words: frozenset[str]) -> frozenset[str]:
    """Return one and the same set for equal sets, which keeps the cache of `split_hashtag` from
    comparing them.
    """
    return words


class NicheClassifier(BaseEstimator):
    """Predict the niches of a creator from its text (bio, captions, hashtags).

    - without data it uses the seed vocabulary, some 3,800 words in nine languages: each term of a
      text counts for the niches that list it, and the scores are `strength` x the term weights,
      which are 1 + ln(count), scaled to unit length
    - with declared creators it is multinomial logistic regression whose Gaussian prior is centred
      on that seed model: scores = ln(base rates) + seed_scale x seed scores + learned weights x all
      terms that two creators or more share
    - the last column is how much the text leaves open, (1 - d)^2, where d is the distance from the
      base rates: 0 for a text that says nothing, 1 for one that is certain; a text without a known
      term is wholly unknown

    Parameters:

    - `minimum`: declared creators with usable text below which nothing is learned from them
      (measured on creators held out: accuracy is better from some 20 on, macro F1 from some 100 on)
    - `strength`: the score of a single seed word
    - `penalty`: inverse variance of the prior
    - `max_terms`: terms that are learned at most

    Attributes: `learned_` (False where the seed model alone answers), `n_creators_` (usable ones),
    `seeds_`, `seed_scale_`, `base_` (niches,) rates, `terms_`, `weights_` (terms, niches), rounded
    so that a JSON round trip changes nothing.

    >>> NicheClassifier().fit().predict(["Vegan recipes and baking", "hello"]).tolist()
    ['food', 'unknown']
    """

    def __init__(
        self,
        minimum: int = 100,
        strength: float = 5.0,
        penalty: float = 0.2,
        max_terms: int = 4_000,
    ):
        self.minimum = minimum
        self.strength = strength
        self.penalty = penalty
        self.max_terms = max_terms

    def fit(
        self, texts: Iterable[str | None] = (), niches: Iterable[str | None] = ()
    ) -> "NicheClassifier":
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
        self._set_seeds(seed_words())
        self._set_learned(
            np.full(len(NICHES), 1 / len(NICHES)), 1.0, [], np.zeros((0, len(NICHES)))
        )
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
        """Return the distribution over NICHES and unknown (the last column) of each text, shape (n,
        niches + 1).
        """
        check_is_fitted(self)
        texts = list(texts)
        starts = range(0, max(len(texts), 1), TEXTS_PER_BLOCK)
        return np.concatenate([self._share(texts[k : k + TEXTS_PER_BLOCK]) for k in starts])

    def _share(self, texts: list[str | None]) -> np.ndarray:
        bags = [Counter(tokenize(text, self._words)) for text in texts]
        seeded = weigh_terms(bags, self._seed_columns)
        learned = weigh_terms(bags, self._term_columns)
        scores = self.seed_scale_ * score_bags(seeded, self._seed_scores, len(bags))
        scores += score_bags(learned, self.weights_, len(bags))
        known = softmax(np.log(self.base_) + scores)
        furthest = 1 - self.base_[known.argmax(axis=1)]
        distance = np.minimum(0.5 * np.abs(known - self.base_).sum(axis=1) / furthest, 1)
        terms = np.bincount(np.concatenate([seeded.bag, learned.bag]), minlength=len(bags))
        distance[terms == 0] = 0
        unknown = (1 - distance) ** 2
        return np.column_stack([known * (1 - unknown)[:, np.newaxis], unknown])

    def predict(self, texts: Iterable[str | None]) -> np.ndarray:
        """Return the likeliest niche of each text, or `unknown`, shape (n,), object."""
        return np.array([*NICHES, UNKNOWN], dtype=object)[self.predict_proba(texts).argmax(axis=1)]

    def to_json(self) -> str:
        """Write the fitted classifier as JSON text, well under 2 MB."""
        check_is_fitted(self)
        state = {
            "niches": NICHES,
            "settings": self.get_params(),
            "learned": self.learned_,
            "n_creators": self.n_creators_,
            "seeds": self.seeds_,
            "seed_scale": self.seed_scale_,
            "base": self.base_.tolist(),
            "weights": dict(zip(self.terms_, self.weights_.tolist(), strict=True)),
        }
        return json.dumps(state, allow_nan=False, ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> "NicheClassifier":
        """Read back what `to_json` wrote. Raises ValueError for other text, and for another
        taxonomy.
        """
        try:
            state = json.loads(text)
            if tuple(state["niches"]) != NICHES:
                raise ValueError("its niches are not those of features.vocabulary: train again")
            self = cls(**state["settings"])
            self.learned_, self.n_creators_ = state["learned"], state["n_creators"]
            self._set_seeds({term: tuple(niches) for term, niches in state["seeds"].items()})
            weights = np.array(list(state["weights"].values()), dtype=float).reshape(
                -1, len(NICHES)
            )
            self._set_learned(
                np.array(state["base"]), state["seed_scale"], list(state["weights"]), weights
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(
                f"this is no niche classifier as to_json writes it: {error}"
            ) from error
        return self

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

    def _set_seeds(self, seeds: dict[str, tuple[str, ...]]) -> None:
        self.seeds_ = seeds
        self._words = _interned(frozenset(seeds))
        self._seed_columns = term_columns(seeds)
        lists = [[niche in niches for niche in NICHES] for niches in seeds.values()]
        share = self.strength * np.array(lists, dtype=float)
        self._seed_scores = share / np.sum(lists, axis=1, keepdims=True)

    def _set_learned(
        self, base: np.ndarray, scale: float, terms: list[str], weights: np.ndarray
    ) -> None:
        self.base_, self.seed_scale_, self.terms_, self.weights_ = base, scale, terms, weights
        self._term_columns = term_columns(terms)
