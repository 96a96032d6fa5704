"""From the values of JSON to canonical ones. What cannot be understood raises InvalidValue and
stays unknown, never 0.
"""

import math
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from features.errors import CreatorcastError
from features.tables.schema import EARLIEST, LATEST, NOT_WHOLE, Column

#: From here on an epoch is told in milliseconds, microseconds: no second so late is a date before
#: LATEST.
MILLISECONDS, MICROSECONDS = 1e11, 1e14
WORD = re.compile(r"\S*\w\S*")
HASHTAG = re.compile(r"(?<![\w&/#])#(\w+)")
MENTION = re.compile(r"(?<![\w@./])@(\w[\w.]*)")
FLAGS = {"true": True, "false": False, "1": True, "0": False, "yes": True, "no": False}
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE]\+?\d+)?")
#: What stands where nothing is known.
NOTHING = ("", "null", "none", "nan", "n/a", "undefined")


class InvalidValue(CreatorcastError):
    """A value is not of its column's kind, or out of its range."""


def is_missing(value: object) -> bool:
    """Tell whether nothing is said: null, empty text, NaN."""
    return value is None or value == "" or (type(value) is float and math.isnan(value))


def parse_value(value: object, column: Column) -> object:
    """Give a value as its column's kind and within its range, None where it says nothing. Raises
    InvalidValue.
    """
    read = KIND_PARSERS[column.kind](value)
    if read is None:
        return None
    if column.allowed is not None and read not in column.allowed:
        raise InvalidValue(f"is not one of {', '.join(column.allowed)}")
    if column.kind == "count" and not read.is_integer():
        raise InvalidValue(NOT_WHOLE)
    if column.minimum is not None and read < column.minimum:
        raise InvalidValue(f"is below {column.minimum:,}")
    if column.maximum is not None and read > column.maximum:
        raise InvalidValue(f"is above {column.maximum:,.0f}")
    return read


def parse_text(value: object) -> str | None:
    """Give text that can be stored: no halves of characters, no NUL. A number is told in its
    digits, a float refused.

    >>> parse_text(7234567890123456789), parse_text("  a ")
    ('7234567890123456789', 'a')
    """
    if isinstance(value, str):
        if not value.isascii():
            value = value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        return value.replace("\x00", "").strip() or None
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, float):
        raise InvalidValue("is a number with a point: its digits may be lost")
    raise InvalidValue(f"is {_kind(value)}, no text")


def parse_number(value: object) -> float | None:
    """Give a number, from its digits in text too.

    >>> parse_number("1200"), parse_number(12.5)
    (1200.0, 12.5)
    """
    if isinstance(value, str):
        value = value.strip()
        if value.lower() in NOTHING:
            return None
        if not NUMBER.fullmatch(value) or len(value) > 300:
            raise InvalidValue("is no number")
    elif isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidValue(f"is {_kind(value)}, no number")
    try:
        read = float(value)
    except OverflowError:
        raise InvalidValue("is above every count") from None
    if not math.isfinite(read):
        raise InvalidValue("is no finite number")
    return read


def parse_flag(value: object) -> bool | None:
    if isinstance(value, bool):
        return value
    known = FLAGS.get(str(value).strip().lower()) if isinstance(value, str | int | float) else None
    if known is None:
        raise InvalidValue("is not true or false")
    return known


def parse_time(value: object) -> datetime:
    """Give a moment in UTC from ISO text with its offset, an epoch (seconds, milli- or
    microseconds) or RFC 2822 text.

    >>> parse_time("2021-08-11T19:56:42+0000") == parse_time(1628711802)
    True
    """
    try:
        moment = _epoch(value) if _is_epoch(value) else _written(value)
    except (ValueError, OverflowError, OSError, TypeError, IndexError):
        raise InvalidValue("is no moment: expected ISO 8601 or an epoch") from None
    if moment.tzinfo is None:
        raise InvalidValue("has no time zone")
    try:
        moment = moment.astimezone(UTC)
    except OverflowError:
        raise InvalidValue("is no moment that exists") from None
    if not EARLIEST <= moment <= LATEST:
        raise InvalidValue(f"lies outside {EARLIEST:%Y} to {LATEST:%Y}")
    return moment


KIND_PARSERS = {
    "text": parse_text,
    "count": parse_number,
    "real": parse_number,
    "flag": parse_flag,
    "time": parse_time,
}


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


def parse_handle(value: object) -> str | None:
    """Give a public name without its @, in lower case: platforms do not tell cases apart."""
    return (parse_text(value) or "").removeprefix("@").lower() or None


def parse_country(value: object) -> str | None:
    """Give a country's two letters, None for anything longer."""
    code = (parse_text(value) or "").upper()
    return code if len(code) == 2 and code.isalpha() else None


def parse_language(value: object) -> str | None:
    """Give the two letters of a language, of a tag such as en-US too."""
    code = (parse_text(value) or "").replace("_", "-").split("-")[0].lower()
    return code if len(code) == 2 and code.isalpha() else None


def find_hashtags(caption: str) -> list[str]:
    """Give the hashtags of a caption, in its order.

    >>> find_hashtags("wow #Cel #anohduwd, not a&#39;b")
    ['Cel', 'anohduwd']
    """
    return HASHTAG.findall(caption) if "#" in caption else []


def find_mentions(caption: str) -> set[str]:
    """Give the accounts that a caption mentions."""
    return (
        {name.rstrip(".").lower() for name in MENTION.findall(caption)} if "@" in caption else set()
    )


def count_words(caption: str) -> int:
    """Count the words of a caption: what spaces part and holds a letter or digit.

    >>> count_words("Soft launch — #new @shop 🎉")
    4
    """
    return len(WORD.findall(caption))


def _kind(value: object) -> str:
    names = {dict: "an object", list: "a list", bool: "true or false", str: "text"}
    return names.get(type(value), "a number")
