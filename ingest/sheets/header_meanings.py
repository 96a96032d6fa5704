"""What a column's name says it holds, in six languages: words.csv gives the words' concepts,
columns.csv their meaning.

A name is read as a set of concepts, whatever their order; a word that is not known ("audience
country", "followers growth") makes the name mean something else, so that it is not recognised.
"""

import re
from dataclasses import dataclass
from functools import cache, lru_cache

from features.niche.tokens import fold
from features.tables.schema import TABLE_SPECS
from ingest.sheets.currency_signs import CURRENCY_CODES
from ingest.sheets.word_lists import read_word_list

_TOKEN = re.compile(r"[^\W\d_]+|\d+|[%$€£¥₹@#]")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
#: Tokens of the longest word in words.csv.
_LONGEST = 4
_UNIT_POWERS = {"k": 3, "m": 6, "b": 9}
#: What a percentage is a share of, and not the figure itself ("% of views").
_COUNTED = frozenset(
    {
        "followers",
        "following",
        "posts_count",
        "likes",
        "comments",
        "shares",
        "reposts",
        "saves",
        "views",
        "impressions",
    }
)


@dataclass(frozen=True)
class HeaderMeaning:
    """What a header says: the column (a canonical one, or one that the values must settle), and
    what the header adds to it.
    """

    column: str
    exact: bool = False
    platform: str | None = None
    power: int = 0
    percent: bool = False
    currency: str | None = None
    per_post: bool = False
    concepts: frozenset[str] = frozenset()


@cache
def canonical_names() -> dict[str, str]:
    """Return the kind of every canonical column, but not of fee and currency, which are
    intermediate.
    """
    columns = {column.name: column.kind for spec in TABLE_SPECS.values() for column in spec.columns}
    return {name: kind for name, kind in columns.items() if name not in ("fee", "currency")}


#: Meanings that are no canonical column themselves, and their kinds.
INTERMEDIATE_COLUMNS = {
    "link": "link", "name": "text", "fee": "real", "currency": "text", "engagement_rate": "real",
    "total_likes": "count", "followers_at_posting": "count", "engagement": "count",
    "impressions": "count",
}  # fmt: skip


@cache
def column_kinds() -> dict[str, str]:
    """Return the kind of every canonical and intermediate column."""
    return {**canonical_names(), **INTERMEDIATE_COLUMNS}


@cache
def _concepts() -> dict[tuple[str, ...], tuple[str, ...]]:
    """Return the tokens of each word -> its concepts; none for a word without meaning ("-")."""
    concepts_by_tokens = {}
    for row in read_word_list("words.csv"):
        concepts = tuple(concept for concept in row["concept"].split() if concept != "-")
        for word in row["words"].split(" | "):
            concepts_by_tokens[tuple(_TOKEN.findall(fold(word)))] = concepts
    return concepts_by_tokens


@cache
def _meanings() -> dict[frozenset[str], str]:
    """Return each set of concepts in columns.csv -> the column that it means."""
    column_by_concepts = {}
    for row in read_word_list("columns.csv"):
        for concepts in row["concepts"].split(" | "):
            column_by_concepts[frozenset(concepts.split())] = row["column"]
    return column_by_concepts


def header_tokens(header: str) -> list[str]:
    """Split a header into folded words and signs.

    >>> header_tokens("avgLikes (Ø)"), header_tokens("Taux d'engagement %")
    (['avg', 'likes', 'ø'], ['taux', 'd', 'engagement', '%'])
    """
    spaced = _CAMEL.sub(" ", header.replace("TikTok", "Tiktok").replace("YouTube", "Youtube"))
    return [token for token in _TOKEN.findall(fold(spaced)) if token != "#"]


@lru_cache(maxsize=4096)
def header_meaning(header: str) -> HeaderMeaning | None:
    """Return what a header means, None where it is not recognised.

    >>> header_meaning("Seguidores").column, header_meaning("Me gusta promedio").column
    ('followers', 'avg_likes')
    >>> header_meaning("Audience country") is None
    True
    """
    plain = header.strip().lower()
    if plain in canonical_names() or plain in ("fee", "currency"):
        currency = "USD" if plain == "fee_usd" else None
        return HeaderMeaning("fee" if currency else plain, exact=True, currency=currency)
    concepts = _concepts_in(header_tokens(header))
    return None if concepts is None else _meaning_of(concepts)


def _meaning_of(all_concepts: list[str]) -> HeaderMeaning | None:
    """Return what concepts mean together; @ marks a platform, = a unit."""
    platforms = {concept[1:] for concept in all_concepts if concept.startswith("@")}
    units = [concept[1:] for concept in all_concepts if concept.startswith("=")]
    power = next((_UNIT_POWERS[unit] for unit in units if unit in _UNIT_POWERS), 0)
    currency = next((unit for unit in units if len(unit) == 3), None)
    concepts = frozenset(concept for concept in all_concepts if concept[0] not in "@=")
    percent = "percent" in concepts
    names = concepts
    if percent and concepts != {"engagement", "percent"}:
        names = concepts - {"percent"}
    column = _meanings().get(names)
    if column is None and not names:
        column = "platform_named" if platforms else "fee" if currency else None
    if column is None or len(platforms) > 1 or (percent and column in _COUNTED):
        return None
    platform = next(iter(platforms), None)
    return HeaderMeaning(
        column, False, platform, power, percent, currency, "posts" in names, concepts
    )


def _concepts_in(tokens: list[str]) -> list[str] | None:
    """Return the concepts of a row of tokens, longest words first; None where a word is unknown."""
    concepts: list[str] = []
    at = 0
    while at < len(tokens):
        size = _word_length(tokens, at)
        if size:
            concepts += _concepts()[tuple(tokens[at : at + size])]
            at += size
            continue
        token = tokens[at]
        if token.isdigit():
            concepts.append("number")
        elif token.upper() in CURRENCY_CODES:
            concepts.append(f"={token.upper()}")
        else:
            return None
        at += 1
    if "period" in concepts:
        meaningless = {"number", "period"} if "avg" in concepts else {"number"}
        concepts = [concept for concept in concepts if concept not in meaningless]
    return concepts or None


def _word_length(tokens: list[str], at: int) -> int:
    """Return of how many tokens the longest known word at a place is, 0 where none is known."""
    for length in range(_LONGEST, 0, -1):
        if tuple(tokens[at : at + length]) in _concepts():
            return length
    return 0
