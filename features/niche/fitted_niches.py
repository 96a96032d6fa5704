"""The niches of a creator, from text: what a bundle holds, fitted elsewhere.

The taxonomy is `features.tables.vocabulary.NICHES`; every creator has one main niche or none, and a
distribution over them. `features.niche.classifier.NicheClassifier` fits it; nothing here imports
scikit-learn, which takes longer than all that a forecast needs.
"""

import json
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from typing import Self

import numpy as np

from features.niche.term_weights import score_bags, term_columns, weigh_terms
from features.niche.tokens import seed_words, tokenize
from features.tables.vocabulary import NICHES, UNKNOWN

#: Texts read at a time, which bounds memory.
TEXTS_PER_BLOCK = 1024
#: Settings that are kept beside what was learned.
SETTINGS = ("max_terms", "minimum", "penalty", "strength")


def softmax(scores: np.ndarray) -> np.ndarray:
    """Return the shares of each row of scores, which add up to 1, same shape."""
    share = np.exp(scores - scores.max(axis=1, keepdims=True))
    return share / share.sum(axis=1, keepdims=True)


@lru_cache(maxsize=8)
def _interned(words: frozenset[str]) -> frozenset[str]:
    """Return one and the same set for equal sets, which keeps the cache of `split_hashtag` from
    comparing them.
    """
    return words


class FittedNiches:
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

    >>> FittedNiches.of_seeds().predict(["Vegan recipes and baking", "hello"]).tolist()
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

    @classmethod
    def of_seeds(cls) -> Self:
        """Return what the seed vocabulary alone says."""
        return cls()._start_from_seeds()

    def predict_proba(self, texts: Iterable[str | None]) -> np.ndarray:
        """Return the distribution over NICHES and unknown (the last column) of each text, shape (n,
        niches + 1).
        """
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
        state = {
            "niches": NICHES,
            "settings": {name: getattr(self, name) for name in SETTINGS},
            "learned": self.learned_,
            "n_creators": self.n_creators_,
            "seeds": self.seeds_,
            "seed_scale": self.seed_scale_,
            "base": self.base_.tolist(),
            "weights": dict(zip(self.terms_, self.weights_.tolist(), strict=True)),
        }
        return json.dumps(state, allow_nan=False, ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Self:
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

    def _start_from_seeds(self) -> Self:
        """Set all attributes to those of no declared creator."""
        self._set_seeds(seed_words())
        self._set_learned(
            np.full(len(NICHES), 1 / len(NICHES)), 1.0, [], np.zeros((0, len(NICHES)))
        )
        self.n_creators_, self.learned_ = 0, False
        return self

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
