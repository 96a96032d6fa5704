"""From the values of JSON to canonical ones. What cannot be understood raises Unread and stays unknown, never 0."""

import math
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from features.errors import CreatorcastError
from features.schema import EARLIEST, LATEST, NOT_WHOLE, Column

#: From here on an epoch is told in milliseconds, microseconds: no second so late is a date before LATEST.
MILLISECONDS, MICROSECONDS = 1e11, 1e14
WORD = re.compile(r"\S*\w\S*")
HASHTAG = re.compile(r"(?<![\w&/#])#(\w+)")
MENTION = re.compile(r"(?<![\w@./])@(\w[\w.]*)")
FLAGS = {"true": True, "false": False, "1": True, "0": False, "yes": True, "no": False}
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE]\+?\d+)?")
#: What stands where nothing is known.
NOTHING = ("", "null", "none", "nan", "n/a", "undefined")


class Unread(CreatorcastError):
    """A value is not of its column's kind, or out of its range."""


def is_missing(value: object) -> bool:
    """Tell whether nothing is said: null, empty text, NaN."""
    return value is None or value == "" or (type(value) is float and math.isnan(value))


def convert(value: object, column: Column) -> object:
    """Give a value as its column's kind and within its range, None where it says nothing. Raises Unread."""
    read = CONVERTERS[column.kind](value)
    if read is None:
        return None
    if column.allowed is not None and read not in column.allowed:
        raise Unread(f"is not one of {', '.join(column.allowed)}")
    if column.kind == "count" and not read.is_integer():
        raise Unread(NOT_WHOLE)
    if column.minimum is not None and read < column.minimum:
        raise Unread(f"is below {column.minimum:,}")
    if column.maximum is not None and read > column.maximum:
        raise Unread(f"is above {column.maximum:,.0f}")
    return read


def text(value: object) -> str | None:
    """Give text that can be stored: no halves of characters, no NUL. A number is told in its digits, a float refused.

    >>> text(7234567890123456789), text("  a ")
    ('7234567890123456789', 'a')
    """
    if isinstance(value, str):
        if not value.isascii():
            value = value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        return value.replace("\x00", "").strip() or None
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, float):
        raise Unread("is a number with a point: its digits may be lost")
    raise Unread(f"is {_kind(value)}, no text")


def number(value: object) -> float | None:
    """Give a number, from its digits in text too.

    >>> number("1200"), number(12.5)
    (1200.0, 12.5)
    """
    if isinstance(value, str):
        value = value.strip()
        if value.lower() in NOTHING:
            return None
        if not NUMBER.fullmatch(value) or len(value) > 300:
            raise Unread("is no number")
    elif isinstance(value, bool) or not isinstance(value, int | float):
        raise Unread(f"is {_kind(value)}, no number")
    try:
        read = float(value)
    except OverflowError:
        raise Unread("is above every count") from None
    if not math.isfinite(read):
        raise Unread("is no finite number")
    return read


def flag(value: object) -> bool | None:
    if isinstance(value, bool):
        return value
    known = FLAGS.get(str(value).strip().lower()) if isinstance(value, str | int | float) else None
    if known is None:
        raise Unread("is not true or false")
    return known


def time(value: object) -> datetime:
    """Give a moment in UTC from ISO text with its offset, an epoch (seconds, milli- or microseconds) or RFC 2822 text.

    >>> time("2021-08-11T19:56:42+0000") == time(1628711802)
    True
    """
    try:
        moment = _epoch(value) if _is_epoch(value) else _written(value)
    except (ValueError, OverflowError, OSError, TypeError, IndexError):
        raise Unread("is no moment: expected ISO 8601 or an epoch") from None
    if moment.tzinfo is None:
        raise Unread("has no time zone")
    try:
        moment = moment.astimezone(UTC)
    except OverflowError:
        raise Unread("is no moment that exists") from None
    if not EARLIEST <= moment <= LATEST:
        raise Unread(f"lies outside {EARLIEST:%Y} to {LATEST:%Y}")
    return moment


CONVERTERS = {"text": text, "count": number, "real": number, "flag": flag, "time": time}


def _is_epoch(value: object) -> bool:
    if isinstance(value, str):
        return bool(NUMBER.fullmatch(value.strip()))
    return isinstance(value, int | float) and not isinstance(value, bool)


def _epoch(value: object) -> datetime:
    seconds = float(value)
    return datetime.fromtimestamp(
        seconds / (1e6 if seconds >= MICROSECONDS else 1e3 if seconds >= MILLISECONDS else 1), UTC
    )


def _written(value: object) -> datetime:
    value = value.strip() if isinstance(value, str) else str(None)
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        if value[:3].isalpha() and value[-4:].isdigit():  # X's "Wed Oct 10 20:19:24 +0000 2018"
            return datetime.strptime(value, "%a %b %d %H:%M:%S %z %Y")
        return parsedate_to_datetime(value)


def handle(value: object) -> str | None:
    """Give a public name without its @, in lower case: platforms do not tell cases apart."""
    return (text(value) or "").removeprefix("@").lower() or None


def country(value: object) -> str | None:
    """Give a country's two letters, None for anything longer."""
    code = (text(value) or "").upper()
    return code if len(code) == 2 and code.isalpha() else None


def language(value: object) -> str | None:
    """Give the two letters of a language, of a tag such as en-US too."""
    code = (text(value) or "").replace("_", "-").split("-")[0].lower()
    return code if len(code) == 2 and code.isalpha() else None


def tagged(caption: str) -> list[str]:
    """Give the hashtags of a caption, in its order.

    >>> tagged("wow #Cel #anohduwd, not a&#39;b")
    ['Cel', 'anohduwd']
    """
    return HASHTAG.findall(caption) if "#" in caption else []


def mentioned(caption: str) -> set[str]:
    """Give the accounts that a caption mentions."""
    return {name.rstrip(".").lower() for name in MENTION.findall(caption)} if "@" in caption else set()


def words(caption: str) -> int:
    """Count the words of a caption: what spaces part and holds a letter or digit.

    >>> words("Soft launch — #new @shop 🎉")
    4
    """
    return len(WORD.findall(caption))


def _kind(value: object) -> str:
    names = {dict: "an object", list: "a list", bool: "true or false", str: "text"}
    return names.get(type(value), "a number")
