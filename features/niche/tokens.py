"""Text as evidence of a niche: folding, hashtags and their parts, words and pairs, and the two
lists read from CSV.

But: scripts written without spaces (Chinese, Japanese, Thai) come out as one long word, and emoji
count for nothing.
"""

import csv
import re
import unicodedata
from functools import cache, lru_cache
from itertools import pairwise
from pathlib import Path

#: Longer parts of hashtags are taken whole.
MAX_HASHTAG_LENGTH = 40

_HERE = Path(__file__).parent
_MARKS = re.compile("[\u0300-\u036f]+")
_TERM = re.compile(r"[#@]?\w+")
_CAMEL = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^\W\d_A-Z]+")
_LETTER = re.compile(r"[^\W\d_]")

#: Words that join others and say nothing: left out before pairs are formed, so that "estilo de
#: vida" is estilo vida.
_STOP = """
a al all am an and are as at au aux by con da das de del dei dem den der des di die do dos du e ein
eine el em en et for from fur i il im in is it la las le les lo los mit my na no nos o of on or os
para per por pour sur the to un una und une uno vom von with y ya yang you your zu zum zur
"""
STOP_WORDS = frozenset(_STOP.split())

#: Words that hashtags are glued together with, besides those that the vocabulary knows.
_GLUE = """
account addict best blog blogger boy boys club coach community content creator daily day days fan
fans girl girls goals gram ideas insta instagram inspo junkie life lifestyle love lover lovers mania
new nerd nation official online page pics reels shop student studio team tiktok time tips tok today
tricks tube video videos world
"""
HASHTAG_FILLERS = STOP_WORDS | frozenset(_GLUE.split())


def fold(text: str) -> str:
    """Bring text to lower case without accents and without the letter shapes of decorative fonts.

    >>> fold("Café MÚSICA")
    'cafe musica'
    """
    if text.isascii():
        return text.lower()
    return _unmarked(text).casefold().replace("ı", "i")


def _unmarked(text: str) -> str:
    return text if text.isascii() else _MARKS.sub("", unicodedata.normalize("NFKD", text))


@lru_cache(maxsize=1 << 16)
def split_hashtag(tag: str, words: frozenset[str] = frozenset()) -> tuple[str, ...]:
    """Split a hashtag at capitals, digits and underscores, and each part that `words` does not hold
    into words.

    A part is split only where known words, and words that hashtags are usually glued with, cover
    all of it.

    >>> split_hashtag("StreetFood")
    ('street', 'food')
    >>> split_hashtag("gymlovers", frozenset({"gym"}))
    ('gym', 'lovers')
    """
    parts = [fold(part) for part in _CAMEL.findall(_unmarked(tag))]
    if len(parts) > 1 and (whole := fold(tag)) in words:
        return (whole,)
    return tuple(piece for part in parts for piece in (_segments(part, words) or [part]))


def _segments(part: str, words: frozenset[str]) -> list[str] | None:
    """Cover `part` with as few words as possible; None where that cannot be done."""
    if part in words or len(part) > MAX_HASHTAG_LENGTH:
        return [part]
    best: list[list[str] | None] = [[]] + [None] * len(part)
    for end in range(2, len(part) + 1):
        for start in range(max(0, end - 20), end - 1):
            piece = part[start:end]
            is_word = piece in HASHTAG_FILLERS or (len(piece) > 2 and piece in words)
            before, shortest = best[start], best[end]
            if not is_word or before is None:
                continue
            if shortest is None or len(before) + 1 < len(shortest):
                best[end] = [*before, piece]
    return best[-1]


def tokenize(text: str | None, words: frozenset[str] = frozenset()) -> list[str]:
    """List the words of a text, its pairs of neighbours, and its hashtags whole and in parts;
    mentions are left out.

    Everything is folded; a pair is written with a blank between. Repeats stay, in order of the
    text.

    >>> tokenize("Street food 🌮 #TacoTuesday @friend")
    ['street', 'food', 'street food', 'tacotuesday', 'taco', 'tuesday']
    """
    if not isinstance(text, str):
        return []
    plain: list[str] = []
    tags: list[str] = []
    for term in _TERM.findall(_unmarked(text)):
        if term[0] == "#":
            tags += _tag_terms(term[1:], words)
        elif term[0] != "@" and (word := term.casefold()) not in STOP_WORDS and _has_letter(word):
            plain.append(word.replace("ı", "i"))
    return plain + [f"{a} {b}" for a, b in pairwise(plain)] + tags


def _has_letter(word: str) -> bool:
    return word.isalpha() or _LETTER.search(word) is not None


@lru_cache(maxsize=1 << 16)
def _tag_terms(tag: str, words: frozenset[str]) -> tuple[str, ...]:
    parts = split_hashtag(tag, words)
    pairs = (f"{a} {b}" for a, b in pairwise(parts) if f"{a} {b}" in words)
    return (fold(tag), *parts, *pairs) if len(parts) > 1 else (fold(tag),)


@cache
def seed_words() -> dict[str, tuple[str, ...]]:
    """Return the seed vocabulary, term -> the niches that it speaks for, as niche_seeds.csv lists
    it by language.
    """
    niches: dict[str, set[str]] = {}
    for row in _rows("niche_seeds.csv"):
        for word in row["words"].split():
            niches.setdefault(fold(word.replace("_", " ")), set()).add(row["niche"])
    return {word: tuple(sorted(of)) for word, of in sorted(niches.items())}


@cache
def label_niches() -> dict[tuple[str, str], str | None]:
    """Return niche_labels.csv: (source, folded label) -> niche, None where it stands for none."""
    return {
        (row["source"], fold_label(label)): row["niche"] or None
        for row in _rows("niche_labels.csv")
        for label in row["labels"].split(" | ")
    }


def fold_label(label: str) -> str:
    """Bring a category name to words without case, accents or punctuation; `&` and `and` are the
    same.

    >>> fold_label("Health & Beauty/Spa")
    'health beauty spa'
    """
    return " ".join(
        word for word in re.findall(r"\w+", fold(label).replace("_", " ")) if word != "and"
    )


def _rows(name: str) -> list[dict[str, str]]:
    with open(_HERE / name, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
