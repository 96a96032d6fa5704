"""The niche that a creator's own words suggest at a moment: the bio and the last posts known then.

A declared niche stands; the text speaks where none is declared. Text is read anew every TEXT_STEP
posts, so that asking about each post of an account does not read each caption as often.
"""

import numpy as np
import pyarrow as pa

from features.history.arrays import DAY_US
from features.history.history import History
from features.niche.fitted_niches import FittedNiches
from features.niche.focus import focus
from features.niche.relatedness import relatedness
from features.tables.vocabulary import MATURE_DAYS, NICHES

#: Posts whose text is read, and posts between two readings of an account that has more.
TEXT_POSTS, TEXT_STEP = 12, 6


def niche_distribution(
    history: History,
    account: np.ndarray,
    as_of: np.ndarray,
    posts_shown: np.ndarray,
    classifier: FittedNiches,
) -> np.ndarray:
    """Return the distribution over NICHES, and last unknown, that text suggests, (n, niches + 1).

    `account` (n,), `as_of` (n,) microseconds UTC, `posts_shown` (n,) False where only the bio may
    be read.
    """
    shares = niche_distribution_or_none(history, account, as_of, posts_shown, classifier)
    if shares is None:
        shares = np.zeros((len(account), len(NICHES) + 1))
        shares[:, -1] = 1.0
    return shares


def niche_distribution_or_none(
    history: History,
    account: np.ndarray,
    as_of: np.ndarray,
    posts_shown: np.ndarray,
    classifier: FittedNiches,
) -> np.ndarray | None:
    """Return the same as `niche_distribution`, None where nobody in the data set wrote anything."""
    texts, place = documents(history, account, as_of, posts_shown)
    return None if texts is None else classifier.predict_proba(texts)[place]


def likeliest_niche(declared: np.ndarray, text: np.ndarray) -> np.ndarray:
    """Return the niche's position in NICHES (n,): the declared one, else the text's likeliest, else
    NaN for unknown.
    """
    likeliest = text.argmax(axis=1)
    return np.where(
        np.isnan(declared), np.where(likeliest < len(NICHES), likeliest, np.nan), declared
    )


def niche_columns(declared: np.ndarray, text: np.ndarray | None) -> dict[str, np.ndarray]:
    """Return what is known of the niche, (n,) a column; `text` as `niche_distribution` gives it,
    None where nobody wrote.
    """
    is_declared = ~np.isnan(declared)
    columns = {"niche_declared_flag": is_declared.astype(float)}
    if text is None:
        return columns | {"niche_code": declared, "niche_known_share": is_declared.astype(float)}
    return {
        **columns,
        "niche_code": likeliest_niche(declared, text),
        "niche_known_share": np.where(is_declared, 1.0, text[:, :-1].sum(axis=1)),
        "niche_focus": focus(text),
    }


def brand_fit(
    declared: np.ndarray, niche: np.ndarray, shares: np.ndarray | None, brand: np.ndarray
) -> np.ndarray:
    """Return how well the brand's niche (n,), a position in NICHES or NaN, fits the creator's,
    (n,).

    `declared` (n,): whether `niche` (n,) was declared; else `shares` (n, niches) tell what the text
    suggests.
    """
    fit = np.full(len(brand), np.nan)
    has_brand = ~np.isnan(brand)
    rows = np.flatnonzero(has_brand & declared)
    fit[rows] = relatedness()[brand[rows].astype(int), niche[rows].astype(int)]
    if shares is not None:
        rows = np.flatnonzero(has_brand & ~declared & (shares.sum(axis=1) > 0))
        related = relatedness()[brand[rows].astype(int)]
        fit[rows] = (shares[rows] * related).sum(axis=1) / shares[rows].sum(axis=1)
    return fit


def documents(
    history: History, account: np.ndarray, as_of: np.ndarray, posts_shown: np.ndarray
) -> tuple[list[str] | None, np.ndarray | None]:
    """Return the distinct texts that the queries rest on, and the place of each query's; None
    where nobody wrote.
    """
    if history.captions is None and history.bios is None:
        return None, None
    bio = history.profile_row(account, as_of)
    start = history.posts.start[account]
    stop = history.posts.end_row(account, as_of - MATURE_DAYS * DAY_US)
    count = np.where(posts_shown, stop - start, 0)
    steps = (count - TEXT_POSTS) // TEXT_STEP
    last_read = np.where(count > TEXT_POSTS, TEXT_POSTS + steps * TEXT_STEP, count)
    documents = np.column_stack([bio, start + last_read, np.minimum(last_read, TEXT_POSTS)])
    if len(documents) == 1:
        return _written(history, *documents.T), np.zeros(1, dtype=int)
    distinct, place = np.unique(documents, axis=0, return_inverse=True)
    return _written(history, *distinct.T), place.ravel()


def _written(history: History, bio: np.ndarray, stop: np.ndarray, length: np.ndarray) -> list[str]:
    """Join each document's bio and captions, newest first. `bio`: row of the profile panel, -1 for
    none.
    """
    texts = [""] * len(bio)
    if history.bios is not None:
        texts = history.bios.take(pa.array(bio, mask=bio < 0)).to_pylist()
    captions = [None] * int(length.sum())
    ends = np.cumsum(length)
    if history.captions is not None:
        place = np.arange(len(captions)) - np.repeat(ends - length, length)
        rows = np.repeat(stop - 1, length) - place
        captions = history.captions.take(rows).to_pylist()
    documents = []
    for text, end, size in zip(texts, ends, length, strict=True):
        pieces = (text, *captions[end - size : end])
        documents.append("\n".join(piece for piece in pieces if piece))
    return documents
