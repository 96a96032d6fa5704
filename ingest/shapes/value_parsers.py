"""Parses the values of JSON to the kinds of columns. What cannot be understood raises InvalidValue
and stays unknown, never 0.
"""

import math
import re
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from features.errors import CreatorcastError
from features.tables.column_checks import (
    DATE_OUT_OF_RANGE,
    BrokenRule,
    is_possible_time,
    rule_text,
    rules_broken_by,
)
from features.tables.schema import Column

#: From here on an epoch is in milliseconds or microseconds: as seconds it would be later than any
#: date that tables hold.
MILLISECONDS, MICROSECONDS = 1e11, 1e14
FLAGS = {"true": True, "false": False, "1": True, "0": False, "yes": True, "no": False}
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE]\+?\d+)?")
LONGEST_NUMBER = 300
#: Values for what is unknown.
UNKNOWN_WORDS = ("", "null", "none", "nan", "n/a", "undefined")
TYPE_NAMES = {dict: "an object", list: "a list", bool: "true or false", str: "text"}


class InvalidValue(CreatorcastError):
    """A value is not of its column's kind, or the column does not accept it."""


def is_missing(value: object) -> bool:
    """Return whether a value says nothing: null, empty text, NaN."""
    return value is None or value == "" or (type(value) is float and math.isnan(value))


def parse_value(value: object, column: Column) -> object:
    """Return a value as its column's kind, None where it says nothing.

    Raises InvalidValue where it is not of that kind, or where the column does not accept it.
    """
    parsed = KIND_PARSERS[column.kind](value)
    broken_rule = next(rules_broken_by(column, parsed), None)
    if broken_rule is not None:
        raise InvalidValue(_describe_broken_rule(broken_rule, column))
    return parsed


def _describe_broken_rule(rule: BrokenRule, column: Column) -> str:
    """Return a broken rule in the words of import reports: limits alone, thousands apart."""
    if rule is BrokenRule.BELOW_MINIMUM:
        return f"is below {column.minimum:,}"
    if rule is BrokenRule.ABOVE_MAXIMUM:
        return f"is above {column.maximum:,.0f}"
    return rule_text(rule, column)


def parse_text(value: object) -> str | None:
    """Return text that can be stored: no halves of characters, no NUL, no space around it.

    A whole number gives its digits; raises InvalidValue for a float and for all that is no text.

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
    raise InvalidValue(f"is {_type_name(value)}, no text")


def parse_number(value: object) -> float | None:
    """Return a finite number, from its digits in text too; None for a word such as "n/a".

    >>> parse_number("1200"), parse_number(12.5)
    (1200.0, 12.5)
    """
    if isinstance(value, str):
        value = value.strip()
        if value.lower() in UNKNOWN_WORDS:
            return None
        if not NUMBER.fullmatch(value) or len(value) > LONGEST_NUMBER:
            raise InvalidValue("is no number")
    elif isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidValue(f"is {_type_name(value)}, no number")
    try:
        number = float(value)
    except OverflowError:
        raise InvalidValue("is above every count") from None
    if not math.isfinite(number):
        raise InvalidValue("is no finite number")
    return number


def parse_flag(value: object) -> bool:
    """Return true or false, from their usual words and digits too."""
    if isinstance(value, bool):
        return value
    flag = FLAGS.get(str(value).strip().lower()) if isinstance(value, str | int | float) else None
    if flag is None:
        raise InvalidValue("is not true or false")
    return flag


def parse_time(value: object) -> datetime:
    """Return a moment in UTC within the years that tables hold.

    `value`: ISO 8601 text with its offset, an epoch in seconds, milli- or microseconds, or text of
    RFC 2822.

    >>> parse_time("2021-08-11T19:56:42+0000") == parse_time(1628711802)
    True
    """
    moment = _parse_moment(value)
    if not is_possible_time(moment):
        raise InvalidValue(DATE_OUT_OF_RANGE)
    return moment


def _parse_moment(value: object) -> datetime:
    """Return a moment in UTC, of any year."""
    try:
        moment = _parse_epoch(value) if _is_epoch(value) else _parse_date_text(value)
    except (ValueError, OverflowError, OSError, TypeError, IndexError):
        raise InvalidValue("is no moment: expected ISO 8601 or an epoch") from None
    if moment.tzinfo is None:
        raise InvalidValue("has no time zone")
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise InvalidValue("is no moment that exists") from None


#: Kind of a column -> its parser; ranges are checked afterwards, by `parse_value`.
KIND_PARSERS: dict[str, Callable[[object], object]] = {
    "text": parse_text,
    "count": parse_number,
    "real": parse_number,
    "flag": parse_flag,
    "time": _parse_moment,
}


def _is_epoch(value: object) -> bool:
    if isinstance(value, str):
        return bool(NUMBER.fullmatch(value.strip()))
    return isinstance(value, int | float) and not isinstance(value, bool)


def _parse_epoch(value: object) -> datetime:
    number = float(value)  # type: ignore[arg-type]  # a number or its digits, by _is_epoch
    if number >= MICROSECONDS:
        return datetime.fromtimestamp(number / 1e6, UTC)
    if number >= MILLISECONDS:
        return datetime.fromtimestamp(number / 1e3, UTC)
    return datetime.fromtimestamp(number, UTC)


def _parse_date_text(value: object) -> datetime:
    """Parse a date in words; raises one of the errors of the standard library where it is none."""
    text = value.strip() if isinstance(value, str) else ""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        if text[:3].isalpha() and text[-4:].isdigit():  # X's "Wed Oct 10 20:19:24 +0000 2018"
            return datetime.strptime(text, "%a %b %d %H:%M:%S %z %Y")
        return parsedate_to_datetime(text)


def parse_handle(value: object) -> str | None:
    """Return a public name without its @, in lower case: platforms do not tell cases apart."""
    return (parse_text(value) or "").removeprefix("@").lower() or None


def parse_country(value: object) -> str | None:
    """Return a country's two letters, None for anything longer."""
    code = (parse_text(value) or "").upper()
    return code if len(code) == 2 and code.isalpha() else None


def parse_language(value: object) -> str | None:
    """Return the two letters of a language, of a tag such as en-US too."""
    code = (parse_text(value) or "").replace("_", "-").split("-")[0].lower()
    return code if len(code) == 2 and code.isalpha() else None


def _type_name(value: object) -> str:
    return TYPE_NAMES.get(type(value), "a number")
