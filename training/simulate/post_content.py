"""What the posts of the demo market contain: captions, hashtags, mentions and places."""

import numpy as np
import pandas as pd

from features.tables.vocabulary import NICHES
from training.simulate.columns import text_column
from training.simulate.creators import SimulatedCreators
from training.simulate.niche_words import LANGUAGES, NICHE_WORDS
from training.simulate.parameters import MarketParameters, brand_fit_matrix

#: Captions in each of LANGUAGES, with room for two niche words.
_PHRASES = (
    (
        "new {} and {} today",
        "my honest thoughts on {} and {} after a long week",
        "more {} soon, {} first",
    ),
    ("hoy {} y {}", "lo que pienso de {} y {} esta semana", "pronto mas {} y {}"),
    ("heute {} und {}", "meine gedanken zu {} und {} nach dieser woche", "bald mehr {} und {}"),
)
#: Captions without niche words.
_PLAIN = (
    "link in bio",
    "what a week",
    "nuevo video",
    "que semana",
    "neues video",
    "was fuer eine woche",
)
#: Positions of the two niche words of a caption.
_PAIRS = ((0, 1), (1, 2), (2, 3), (3, 0), (0, 2), (1, 3))


def draw_content(
    rng: np.random.Generator,
    creators: SimulatedCreators,
    posts: pd.DataFrame,
    market: MarketParameters,
) -> dict[str, pd.Series]:
    """Return the content columns of posts: captions, hashtags, their counts, mentions, places.

    Mentions and places correlate with the post's noise by `market.content_signal`.
    """
    row, n = posts["row"].to_numpy(), len(posts)
    written = (rng.random(len(creators)) < 0.7)[row] & (rng.random(n) < 0.85)
    counted = (rng.random(len(creators)) < 0.8)[row]
    niche = _topics(rng, creators.codes("niche", NICHES)[row])
    place = niche * len(LANGUAGES) + creators.language[row]
    captions, tags = _captions(), _hashtags()
    places = len(NICHES) * len(LANGUAGES)
    captions_each, tags_each = len(captions) // places, len(tags) // places
    caption = place * captions_each + rng.integers(0, captions_each, n)
    caption = np.where(
        rng.random(n) < 0.15, len(captions) + rng.integers(0, len(_PLAIN), n), caption
    )
    tag = place * tags_each + rng.integers(0, tags_each, n)
    captions += _PLAIN
    signal = market.content_signal * posts["noise"].to_numpy()
    signal = signal + np.sqrt(1 - market.content_signal**2) * rng.normal(size=n)
    words = np.where(written, _word_counts(captions)[caption], rng.poisson(9, n))
    hashtags = np.where(written, _word_counts(tags)[tag], rng.poisson(2, n))
    return {
        "text": text_column(captions, np.where(written, caption, -1)),
        "hashtags": text_column(tags, np.where(written, tag, -1)),
        "caption_words": pd.Series(words.astype(float)).where(counted),
        "hashtags_count": pd.Series(hashtags.astype(float)).where(counted),
        "mentions_count": pd.Series(np.maximum(np.floor(signal + 0.5), 0)).where(counted),
        "has_location": pd.Series(signal > 0.7, dtype="boolean").where(counted),
    }


def _topics(rng: np.random.Generator, niches: np.ndarray) -> np.ndarray:
    """Return the niche that each post is about: mostly the creator's own, else a related one."""
    related = brand_fit_matrix() == 0.5
    weights = related / related.sum(axis=1, keepdims=True)
    kin = (rng.random((len(niches), 1)) > weights.cumsum(axis=1)[niches, :-1]).sum(axis=1)
    return np.where(rng.random(len(niches)) < 0.8, niches, kin)


def _captions() -> tuple[str, ...]:
    """Return captions with niche words, equally many for each niche and language.

    They are sorted by niche, then by language.
    """
    return tuple(
        phrase.format(words.split()[i], words.split()[j])
        for niche in NICHES
        for words, phrases in zip(NICHE_WORDS[niche], _PHRASES, strict=True)
        for phrase in phrases
        for i, j in _PAIRS
    )


def _hashtags() -> tuple[str, ...]:
    """Return texts of one to four hashtags with niche words, in the order of `_captions`."""
    return tuple(
        " ".join(f"#{word}" for word in (words.split() * 2)[start : start + size])
        for niche in NICHES
        for words in NICHE_WORDS[niche]
        for start in range(4)
        for size in range(1, 5)
    )


def _word_counts(texts: tuple[str, ...]) -> np.ndarray:
    return np.array([len(words.split()) for words in texts])
