"""The niche of a creator: from the categories of other catalogues, or from text.

The taxonomy is `features.tables.vocabulary.NICHES`; every creator has one main niche or none, and a
distribution over them.
"""

import json
from collections import Counter
from collections.abc import Iterable
from functools import cache, lru_cache
from numbers import Real

import numpy as np
from scipy.optimize import minimize
from scipy.sparse import csr_matrix
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from features.niche.relatedness import RELATED_NICHES
from features.niche.tokens import fold_label, label_niches, seed_words, tokenize
from features.tables.vocabulary import NICHES, UNKNOWN

#: Catalogues that `niche_for_label` knows. Those in VENDORS share one list of interest names
#: besides their own.
VENDORS = ("modash", "hypeauditor", "upfluence", "heepsy", "kolsquare", "vendor")
#: Texts read at a time, which bounds memory.
TEXTS_PER_BLOCK = 1024
LABEL_SOURCES = ("tiktok", "instagram", "youtube", "panel", *VENDORS)


def niche_for_label(label: object, source: str) -> str | None:
    """Return the niche that a category of another catalogue stands for, None where it stands for
    none or is not known.

    `source` is one of LABEL_SOURCES; `label` is that catalogue's name, whatever its case and
    punctuation, a YouTube category id (number or text) or topic address, or a niche of ours. Raises
    ValueError for another source.

    >>> niche_for_label("Food/Beverage", "tiktok"), niche_for_label(20, "youtube")
    ('food', 'gaming')
    >>> niche_for_label("Public figure", "instagram") is None
    True
    """
    if source not in LABEL_SOURCES:
        raise ValueError(
            f"{source!r} is no catalogue of categories: expected one of {', '.join(LABEL_SOURCES)}"
        )
    name = fold_label(_label_text(label))
    for catalogue in (source, "vendor") if source in VENDORS else (source,):
        if (catalogue, name) in label_niches():
            return label_niches()[catalogue, name]
    return name if name in NICHES else None


def _label_text(label: object) -> str:
    if isinstance(label, int) and not isinstance(label, bool):
        return str(label)  # of any size, which floating numbers are not
    if isinstance(label, Real) and not isinstance(label, bool):
        number = float(label)
        return f"{number:.0f}" if np.isfinite(number) else ""
    text = label if isinstance(label, str) else ""
    return text.rsplit("/", 1)[-1] if text.startswith(("http://", "https://")) else text


@cache
def relatedness() -> np.ndarray:
    """Return RELATED_NICHES as a symmetric matrix, shape (niches, niches), 1 on the diagonal; it
    cannot be written to.
    """
    matrix = np.eye(len(NICHES))
    for (one, other), weight in RELATED_NICHES.items():
        at = NICHES.index(one), NICHES.index(other)
        matrix[at] = matrix[at[::-1]] = weight
    matrix.setflags(write=False)
    return matrix


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
    known, total = _known(distribution)
    share = np.divide(known, total, out=np.full_like(known, np.nan), where=total > 0)
    entropy = -np.sum(share * np.log(np.where(share > 0, share, 1)), axis=1)
    return np.clip(1 - entropy / np.log(len(NICHES)), 0, 1)


def _rank(brand: object, rank: dict[str, int]) -> int:
    """Return the column of a brand's niche, -1 where it is missing."""
    if brand in rank:
        return rank[brand]
    if isinstance(brand, str):
        raise ValueError(f"{brand!r} is no niche: expected one of {', '.join(NICHES)}, or missing")
    return -1


def _known(distribution: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    distribution = np.atleast_2d(np.asarray(distribution, dtype=float))
    if distribution.shape[1] != len(NICHES) + 1:
        raise ValueError(
            f"a niche distribution has {len(NICHES) + 1} columns, the last unknown, "
            f"not {distribution.shape[1]} columns"
        )
    known = distribution[:, :-1]
    return known, known.sum(axis=1, keepdims=True)


def _fit_around_seeds(
    bag: csr_matrix, seeded: np.ndarray, bias: np.ndarray, niches: np.ndarray, penalty: float
) -> tuple[float, np.ndarray]:
    """Minimise -log likelihood + penalty / 2 x (squared weights + (scale - 1)^2) over the seed
    scale and the weights.

    `bag` (n, terms), `seeded` (n, niches) scores, `bias` (niches,) kept as it is, `niches` (n,)
    true columns. Returns the scale, 0 or more, and the weights (terms, niches).
    """
    rows = np.arange(len(niches))

    def loss(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        scale, weights = parameters[0], parameters[1:].reshape(bag.shape[1], -1)
        share = _softmax(bias + scale * seeded + bag @ weights)
        value = -np.log(np.maximum(share[rows, niches], 1e-300)).sum()
        value += penalty / 2 * (np.sum(weights**2) + (scale - 1) ** 2)
        error = share.copy()
        error[rows, niches] -= 1
        slope = bag.T @ error + penalty * weights
        return value, np.append(np.sum(error * seeded) + penalty * (scale - 1), slope)

    start = np.append(1.0, np.zeros(bag.shape[1] * seeded.shape[1]))
    bounds = [(0, None), *[(None, None)] * (len(start) - 1)]
    best = minimize(
        loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 300}
    ).x
    return float(best[0]), best[1:].reshape(bag.shape[1], -1)


def _weights(
    bags: list[Counter[str]], columns: dict[str, int]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Weigh each bag's terms by 1 + ln(count), of unit length a bag; a plural finds its word.

    Gives bag, column and weight of each distinct term, shape (terms,), in order of the bags.
    """
    if not columns:
        return np.empty(0, dtype=int), np.empty(0, dtype=int), np.empty(0)
    occurrences = [
        (number * len(columns) + column, count)
        for number, bag in enumerate(bags)
        for term, count in bag.items()
        if (column := _column(term, columns)) is not None
    ]
    keys, counts = np.array(occurrences, dtype=int).reshape(-1, 2).T
    distinct, place = np.unique(keys, return_inverse=True)
    bag_of_term, column_of_term = np.divmod(distinct, len(columns))
    weight = 1 + np.log(np.bincount(place, counts))
    length = np.sqrt(np.bincount(bag_of_term, weight**2))
    return bag_of_term, column_of_term, weight / length[bag_of_term]


def _scores(
    weights: tuple[np.ndarray, np.ndarray, np.ndarray], table: np.ndarray, bags: int
) -> np.ndarray:
    """Add up the table's rows (terms, niches) by the weights of each bag, shape (bags, niches)."""
    bag, column, weight = weights
    scores = np.zeros((bags, table.shape[1]))
    if len(bag):
        first = np.flatnonzero(np.diff(bag, prepend=-1))
        scores[bag[first]] = np.add.reduceat(weight[:, np.newaxis] * table[column], first)
    return scores


def _column(term: str, columns: dict[str, int]) -> int | None:
    column = columns.get(term)
    return columns.get(term[:-1]) if column is None and term[-1] == "s" else column


def _softmax(scores: np.ndarray) -> np.ndarray:
    share = np.exp(scores - scores.max(axis=1, keepdims=True))
    return share / share.sum(axis=1, keepdims=True)


@lru_cache(maxsize=8)
def _interned(words: frozenset[str]) -> frozenset[str]:
    """Return one and the same set for equal sets, which keeps the cache of `split_hashtag` from
    comparing them.
    """
    return words


class NicheClassifier(BaseEstimator):
    """Say from a creator's text (bio, captions, hashtags) which niches it is about.

    - without data it knows the seed vocabulary, some 3,800 words in nine languages: each term of a
      text speaks for the niches that list it, and the scores are `strength` x the term weights,
      which are 1 + ln(count) of unit length
    - with declared creators it is multinomial logistic regression whose Gaussian prior is centred
      on that seed model: scores = ln(base rates) + seed_scale x seed scores + learned weights x all
      terms that two creators or more share
    - the last column is how much the text leaves open, (1 - d)^2, where d is the distance from the
      base rates, 0 where it tells nothing and 1 where it is certain; text without a known term is
      wholly unknown

    Parameters: `minimum`, declared creators with usable text below which the seed model is kept
    (measured on creators not seen: accuracy is better from some 20 on, macro F1 from some 100 on);
    `strength`, the score of a lone seed word; `penalty`, inverse variance of the prior;
    `max_terms`, learned at most.

    Attributes: `learned_` (False where the seed model was kept), `n_creators_` (usable ones),
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
        rank = {niche: k for k, niche in enumerate(NICHES)}
        self._set_seeds(seed_words())
        self._set_learned(
            np.full(len(NICHES), 1 / len(NICHES)), 1.0, [], np.zeros((0, len(NICHES)))
        )
        bags = (Counter(tokenize(text, self._words)) for text in texts)
        pairs = [(terms, _rank(niche, rank)) for terms, niche in zip(bags, niches, strict=True)]
        usable = [(terms, k) for terms, k in pairs if terms and k >= 0]
        self.n_creators_ = len(usable)
        self.learned_ = self.n_creators_ >= max(self.minimum, 1)
        if self.learned_:
            self._learn([terms for terms, _ in usable], np.array([k for _, k in usable]))
        return self

    def predict_proba(self, texts: Iterable[str | None]) -> np.ndarray:
        """Return the distribution over NICHES and unknown (the last column) of each text, shape (n,
        niches + 1).
        """
        check_is_fitted(self)
        texts = list(texts)
        return np.concatenate(
            [
                self._share(texts[k : k + TEXTS_PER_BLOCK])
                for k in range(0, max(len(texts), 1), TEXTS_PER_BLOCK)
            ]
        )

    def _share(self, texts: list[str | None]) -> np.ndarray:
        bags = [Counter(tokenize(text, self._words)) for text in texts]
        seeded, learned = _weights(bags, self._seed_columns), _weights(bags, self._term_columns)
        scores = self.seed_scale_ * _scores(seeded, self._seed_scores, len(bags))
        scores += _scores(learned, self.weights_, len(bags))
        known = _softmax(np.log(self.base_) + scores)
        furthest = 1 - self.base_[known.argmax(axis=1)]
        distance = np.minimum(0.5 * np.abs(known - self.base_).sum(axis=1) / furthest, 1)
        terms = np.bincount(np.concatenate([seeded[0], learned[0]]), minlength=len(bags))
        distance[terms == 0] = 0
        unknown = (1 - distance) ** 2
        return np.column_stack([known * (1 - unknown)[:, np.newaxis], unknown])

    def predict(self, texts: Iterable[str | None]) -> np.ndarray:
        """Name the likeliest niche of each text, or `unknown`, shape (n,), object."""
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
        shared = Counter(term for bag in bags for term in bag)
        ranked = sorted((-n, term) for term, n in shared.items() if n > 1)
        terms = sorted(term for _, term in ranked[: self.max_terms])
        rows, columns, weights = _weights(bags, {term: column for column, term in enumerate(terms)})
        bag = csr_matrix((weights, (rows, columns)), shape=(len(bags), len(terms)))
        seeded = _scores(_weights(bags, self._seed_columns), self._seed_scores, len(bags))
        base = (np.bincount(niches, minlength=len(NICHES)) + 1) / (len(niches) + len(NICHES))
        scale, weights = _fit_around_seeds(bag, seeded, np.log(base), niches, self.penalty)
        self._set_learned(base, round(scale, 4), terms, weights.round(3))

    def _set_seeds(self, seeds: dict[str, tuple[str, ...]]) -> None:
        self.seeds_ = seeds
        self._words = _interned(frozenset(seeds))
        self._seed_columns = {term: column for column, term in enumerate(seeds)}
        lists = [[niche in niches for niche in NICHES] for niches in seeds.values()]
        share = self.strength * np.array(lists, dtype=float)
        self._seed_scores = share / np.sum(lists, axis=1, keepdims=True)

    def _set_learned(
        self, base: np.ndarray, scale: float, terms: list[str], weights: np.ndarray
    ) -> None:
        self.base_, self.seed_scale_, self.terms_, self.weights_ = base, scale, terms, weights
        self._term_columns = {term: column for column, term in enumerate(terms)}
