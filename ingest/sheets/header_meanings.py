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
_LONGEST = 4
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
    """What a header says: the column (canonical, or one that values must settle), and what it adds
    to it.
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
    """Return the kind of every canonical column; but not of fee and currency, which are
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
    """Return the words' tokens -> their concepts; "-" says nothing."""
    return {
        tuple(_TOKEN.findall(fold(word))): tuple(c for c in row["concept"].split() if c != "-")
        for row in read_word_list("words.csv")
        for word in row["words"].split(" | ")
    }


@cache
def _meanings() -> dict[frozenset[str], str]:
    return {
        frozenset(one.split()): row["column"]
        for row in read_word_list("columns.csv")
        for one in row["concepts"].split(" | ")
    }


def header_tokens(header: str) -> list[str]:
    """Split a header into folded words and signs.

    >>> header_tokens("avgLikes (Ø)"), header_tokens("Taux d'engagement %")
    (['avg', 'likes', 'ø'], ['taux', 'd', 'engagement', '%'])
    """
    spaced = _CAMEL.sub(" ", header.replace("TikTok", "Tiktok").replace("YouTube", "Youtube"))
    return [token for token in _TOKEN.findall(fold(spaced)) if token != "#"]


@lru_cache(maxsize=4096)
def header_meaning(header: str) -> HeaderMeaning | None:
    """Say what a header means, None where it is not recognised.

    >>> header_meaning("Seguidores").column, header_meaning("Me gusta promedio").column
    ('followers', 'avg_likes')
    >>> header_meaning("Audience country") is None
    True
    """
    plain = header.strip().lower()
    if plain in canonical_names() or plain in ("fee", "currency"):
        currency = "USD" if plain == "fee_usd" else None
        return HeaderMeaning("fee" if currency else plain, exact=True, currency=currency)
    found = _concepts_in(header_tokens(header))
    if found is None:
        return None
    platforms = {c[1:] for c in found if c.startswith("@")}
    units = [c[1:] for c in found if c.startswith("=")]
    power = next(({"k": 3, "m": 6, "b": 9}[unit] for unit in units if unit in "kmb"), 0)
    currency = next((unit for unit in units if len(unit) == 3), None)
    concepts = frozenset(c for c in found if c[0] not in "@=")
    rest = (
        concepts - {"percent"}
        if "percent" in concepts and concepts != {"engagement", "percent"}
        else concepts
    )
    column = _meanings().get(rest) or ("platform_named" if platforms and not rest else None)
    if column is None and currency and not rest:
        column = "fee"
    if column is None or len(platforms) > 1 or ("percent" in concepts and column in _COUNTED):
        return None
    platform = next(iter(platforms), None)
    return HeaderMeaning(
        column, False, platform, power, "percent" in concepts, currency, "posts" in rest, concepts
    )


def _concepts_in(tokens: list[str]) -> list[str] | None:
    """Return the concepts of a row of tokens, longest words first, None where one is not known."""
    found, at = [], 0
    while at < len(tokens):
        size = next(
            (n for n in range(_LONGEST, 0, -1) if tuple(tokens[at : at + n]) in _concepts()), 0
        )
        if not size:
            if not tokens[at].isdigit() and tokens[at].upper() not in CURRENCY_CODES:
                return None
            found.append("number" if tokens[at].isdigit() else f"={tokens[at].upper()}")
            size = 1
        else:
            found += _concepts()[tuple(tokens[at : at + size])]
        at += size
    if "period" in found:
        said_nothing = {"number", "period"} if "avg" in found else {"number"}
        found = [concept for concept in found if concept not in said_nothing]
    return found or None
