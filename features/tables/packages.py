"""Packages: several formats booked together, such as one short and three stories.

The canonical text of a package is "1 short + 3 story": words of FORMATS in their order, each with
how many are booked. A package of one format is no package: it is a format and its deliverables.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import NamedTuple

from features.errors import CreatorcastError
from features.tables.vocabulary import FORMATS, UNCOUNTED_FORMATS

#: The formats of a package, each with how many are booked, in the order of FORMATS.
Package = tuple[tuple[str, int], ...]
#: Deliverables that a partnership may have.
MOST_DELIVERABLES = 100
#: How a package is written, for errors.
EXAMPLE = "write it as 1 short + 3 story"
_MOST_TEXT = 1000
#: From here on errors do not write numbers out.
_LONG_NUMBER = 10**15
_FORMAT_KEYS = ("format", "type")
_COUNT_KEYS = ("deliverables", "count", "number", "quantity")
_SEPARATOR = re.compile(r"\s*(?:[+,;&|\n]|(?<!\w)(?:and|plus|und|y|e|et|dan)(?!\w))\s*", re.I)
_COUNT_FIRST = re.compile(r"(?:[x×]\s*)?(?P<count>\d+)\s*(?:[x×*]\s*)?(?P<word>[^\W\d].*)", re.I)
_COUNT_LAST = re.compile(
    r"(?P<word>[^\W\d].*?)\s*(?:[x×*:]\s*(?P<times>\d+)|\(\s*(?P<brackets>\d+)\s*[x×]?\s*\))", re.I
)
_WORD_ALONE = re.compile(r"[^\W\d].*")
_PLURALS = {name: f"{name}s" for name in FORMATS} | {"story": "stories"}
_WORDS = {
    **{name: name for name in FORMATS},
    **{plural: name for name, plural in _PLURALS.items()},
    **dict.fromkeys(("reel", "reels"), "short"),
}


class PackageError(CreatorcastError):
    """A text or a list is no package that can be booked."""


class Booking(NamedTuple):
    """What a row books: a package of several formats, or one format; and how many deliverables in
    all. None where it says nothing.
    """

    package: str | None
    format: str | None
    deliverables: float | None


def format_of_word(word: str) -> str | None:
    """Return the format that an English word stands for, None for other words.

    >>> format_of_word("Reels"), format_of_word("stories"), format_of_word("TV spot")
    ('short', 'story', None)
    """
    return _WORDS.get(word.strip().lower())


def parse_package(
    text: str, format_of: Callable[[str], str | None] = format_of_word
) -> tuple[tuple[str, int], ...]:
    """Return the formats that a text books, each with its number; equal formats are added up.

    `format_of`: what a word stands for. Reads "1 short + 3 story", "2x Reel", "Reel x2", and JSON
    ([{"format": "reel", "deliverables": 2}], {"reel": 2}). Raises PackageError.

    >>> parse_package("3 Stories, 1x Reel & Reel"), parse_package('{"reel": 2}')
    ((('short', 2), ('story', 3)), (('short', 2),))
    """
    if len(text) > _MOST_TEXT:
        raise PackageError(f"is longer than {_MOST_TEXT:,} characters: {EXAMPLE}")
    text = text.strip()
    if not text:
        raise PackageError(f"is blank: leave it out, or {EXAMPLE}")
    if text[:1] in ("[", "{"):
        return add_up(_json_parts(text, format_of))
    return add_up(_part(piece, format_of) for piece in _SEPARATOR.split(text))


def add_up(parts: Iterable[tuple[str, int]]) -> Package:
    """Return the parts of a package as a Package, names beyond FORMATS last. Raises
    PackageError.
    """
    counts: dict[str, int] = {}
    for name, count in parts:
        counts[name] = counts.get(name, 0) + count
    if not counts:
        raise PackageError(f"books nothing: {EXAMPLE}")
    total = sum(counts.values())
    if total > MOST_DELIVERABLES:
        number = f"{total:,}" if total < _LONG_NUMBER else f"more than {_LONG_NUMBER:,}"
        raise PackageError(f"books {number} deliverables: at most {MOST_DELIVERABLES} are accepted")
    names = [*FORMATS, *sorted(counts.keys() - {*FORMATS})]
    return tuple((name, counts[name]) for name in names if name in counts)


def package_text(package: Package) -> str:
    """Return the canonical text of a package.

    >>> package_text((("short", 1), ("story", 3)))
    '1 short + 3 story'
    """
    return " + ".join(f"{count} {name}" for name, count in package)


@lru_cache(maxsize=1 << 14)
def read_package(text: str) -> Package:
    """Return the package of a canonical text."""
    return parse_package(text)


def total_deliverables(package: Package) -> int:
    """Return how many deliverables a package books."""
    return sum(count for _, count in package)


def package_words(package: Package) -> str:
    """Return a package in words for a sentence; formats without public counts stand apart.

    >>> package_words((("image", 2), ("short", 1), ("story", 3)))
    '2 images + 1 short, 3 stories not counted'
    """
    words = {name: f"{count} {name if count == 1 else _PLURALS[name]}" for name, count in package}
    counted = " + ".join(text for name, text in words.items() if name not in UNCOUNTED_FORMATS)
    rest = " + ".join(text for name, text in words.items() if name in UNCOUNTED_FORMATS)
    return f"{counted}, {rest} not counted" if rest else counted


def package_from_objects(
    objects: Iterable, format_of: Callable[[str], str | None] = format_of_word
) -> Package:
    """Return the package of a JSON list of {"format", "deliverables"}; `format_of`: what a word
    stands for. Raises PackageError.

    >>> package_from_objects([{"format": "reel", "deliverables": 1}, {"format": "story"}])
    (('short', 1), ('story', 1))
    """
    parts = list(objects)
    for part in parts:
        if not isinstance(part, dict):
            raise PackageError("has a part that is no object: give format and deliverables")
        unknown = part.keys() - {"format", "deliverables"}
        if unknown:
            raise PackageError(f"has the field {min(unknown)!r}: give format and deliverables")
    return add_up(_json_part(part, format_of) for part in parts)


def settle_booking(package: Package, format: str | None, deliverables: float | None) -> Booking:
    """Return what a row books whose package stands beside `format` and `deliverables`, None where
    they are not given. Raises PackageError where they say something else than the package.
    """
    total, text = total_deliverables(package), package_text(package)
    if deliverables is not None and deliverables != total:
        raise PackageError(
            f"books {total} ({text}), and deliverables says {deliverables:g}: correct one of them"
        )
    formats = [name for name, _ in package]
    if format is not None and formats != [format]:
        raise PackageError(f"books {text}, and format says {format}: leave one of them out")
    if len(package) == 1:
        return Booking(None, formats[0], float(total))
    return Booking(text, None, float(total))


def _part(piece: str, format_of: Callable[[str], str | None]) -> tuple[str, int]:
    """Return the format and the number of one piece of a text."""
    count, word = "1", piece
    if match := _COUNT_FIRST.fullmatch(piece):
        count, word = match["count"], match["word"]
    elif match := _COUNT_LAST.fullmatch(piece):
        count, word = match["times"] or match["brackets"], match["word"]
    elif not _WORD_ALONE.fullmatch(piece):
        raise PackageError(f"has {piece!r}, which is no number and format: {EXAMPLE}")
    return _format(word, format_of), _count(int(count), word)


def _format(word: object, format_of: Callable[[str], str | None]) -> str:
    name = format_of(word) if isinstance(word, str) else None
    if name is None:
        raise PackageError(
            f"has {word!r}, which is no format that is known: give {', '.join(FORMATS)}"
        )
    return name


def _count(value: object, word: object) -> int:
    is_number = isinstance(value, int) and not isinstance(value, bool)
    is_whole = is_number or (isinstance(value, float) and value.is_integer())
    if not is_whole or value < 1:  # type: ignore[operator]
        raise PackageError(
            f"has {value!r} of {word!r}: give a whole number from 1 to {MOST_DELIVERABLES}"
        )
    return int(value)  # type: ignore[call-overload]


def _json_parts(text: str, format_of: Callable[[str], str | None]) -> Iterable[tuple[str, int]]:
    """Yield the parts of a package that is written as JSON."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise PackageError(f"begins like JSON and is none: {EXAMPLE}") from None
    if isinstance(value, dict) and not value.keys() & {*_FORMAT_KEYS}:
        for word, count in value.items():
            yield _format(word, format_of), _count(count, word)
        return
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, str):
            yield _part(item.strip(), format_of)
        elif isinstance(item, dict):
            yield _json_part(item, format_of)
        else:
            raise PackageError(f"has {item!r}, which is no format with its number: {EXAMPLE}")


def _json_part(item: Mapping, format_of: Callable[[str], str | None]) -> tuple[str, int]:
    unknown = [key for key in item if key not in (*_FORMAT_KEYS, *_COUNT_KEYS)]
    if unknown:
        raise PackageError(f"has the field {unknown[0]!r}: give format and deliverables")
    words = [item[key] for key in _FORMAT_KEYS if key in item]
    counts = [item[key] for key in _COUNT_KEYS if key in item]
    if len(words) != 1 or len(counts) > 1:
        raise PackageError(
            "has a part without one format and one number: give format, deliverables"
        )
    return _format(words[0], format_of), _count(counts[0] if counts else 1, words[0])
