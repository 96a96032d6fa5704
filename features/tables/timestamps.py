"""Moments as a user writes them: ISO dates and times alone, since 01/02/2027 is another day in
another country.
"""

import re
from datetime import UTC, date, datetime

from features.errors import CreatorcastError
from features.tables.schema import EARLIEST, LATEST

_ISO = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:?\d\d)?)?")
_YEAR_LAST = re.compile(r"(\d{1,2})[./ -](\d{1,2})[./ -](\d{4})\b")
_YEAR_FIRST = re.compile(r"(\d{4})[./ -]?(\d{1,2})[./ -]?(\d{1,2})\b")


class TimestampError(CreatorcastError):
    """A text is no moment in ISO form."""


def parse_timestamp(text: str) -> datetime:
    """Read a moment in ISO form; without a time it is midnight, without an offset UTC.

    Raises TimestampError, with what to write where that is clear.

    >>> parse_timestamp("2026-07-01").isoformat()
    '2026-07-01T00:00:00+00:00'
    >>> parse_timestamp("2026-07-01T12:00+02:00").isoformat()
    '2026-07-01T10:00:00+00:00'
    """
    text = text.strip()
    if not _ISO.fullmatch(text):
        raise TimestampError(f"{text!r} {_remedy(text)}")
    try:
        moment = datetime.fromisoformat(text)
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise TimestampError(
            f"{text!r} is no date that exists: write 2026-07-01 or 2026-07-01T12:00:00Z"
        ) from None
    if not EARLIEST <= moment <= LATEST:
        raise TimestampError(f"{text!r} lies outside {EARLIEST:%Y} to {LATEST:%Y}")
    return moment


def is_date_only(text: str) -> bool:
    """Return whether a moment in ISO form is a day without a time."""
    return len(text.strip()) == len("2026-07-01")


def _remedy(text: str) -> str:
    days = _days(text)
    if len(days) == 2:
        return (
            "means one day where the month comes first and another where the day does: write "
            f"{' or '.join(days)}"
        )
    if days:
        return f"is no ISO date: write {days[0]}"
    return "is no date: write 2026-07-01 or 2026-07-01T12:00:00Z"


def _days(text: str) -> list[str]:
    """Return the days that a text may mean, in ISO form: two of 01/02/2027, one of 31/01/2027."""
    candidates = []
    if match := _YEAR_LAST.match(text):
        first, second, year = map(int, match.groups())
        candidates = [(year, second, first), (year, first, second)]
    elif match := _YEAR_FIRST.match(text):
        year, month, day = map(int, match.groups())
        candidates = [(year, month, day)]
    days = [date(*candidate).isoformat() for candidate in candidates if _exists(*candidate)]
    return list(dict.fromkeys(days))


def _exists(year: int, month: int, day: int) -> bool:
    try:
        return EARLIEST.date() <= date(year, month, day) <= LATEST.date()
    except ValueError:
        return False
