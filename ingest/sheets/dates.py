"""Dates as people write them: ISO, day or month first, month names in six languages, epochs, Excel
serial numbers.

Whether 01/02/2026 is in January or February is a property of a column: `DateStats` counts what each
value proves, `read_date` obeys the decision. A time without a zone is taken as UTC, which the
caller tells the user.
"""

import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache

from babel import Locale

from features.niche.tokens import fold
from features.tables.column_checks import DATE_OUT_OF_RANGE
from features.tables.schema import EARLIEST, LATEST
from ingest.sheets.word_lists import LANGUAGES

_CLOCK = (
    r"(?P<time>\d{1,2}[:h.]\d{2}(?:[:.]\d{2}(?:[.,]\d+)?)?)\s*(?P<half>[AaPp]\.?[Mm]\.?)?"
    r"\s*(?:Uhr)?"
)
_TIME = rf"(?:[T,\s]+(?:(?:at|um|a las|às|à|a)\s+)?{_CLOCK})?"
#: Names of zones that RFC 5322 defines (4.3), and those that mean one offset alone -> minutes ahead
#: of UTC.
ZONES = {
    "Z": 0, "UTC": 0, "GMT": 0, "EST": -300, "EDT": -240, "CST": -360, "CDT": -300, "MST": -420,
    "MDT": -360, "PST": -480, "PDT": -420, "CET": 60, "CEST": 120, "EET": 120, "EEST": 180,
    "WIB": 420, "WITA": 480, "BRT": -180, "JST": 540,
}  # fmt: skip
_ZONE = rf"\s*(?:GMT|UTC)?(?P<zone>{'|'.join(ZONES)}|[+-]\d{{2}}:?\d{{2}}|[+-]\d{{2}})?"
_TAIL = _TIME + _ZONE
_ISO = re.compile(
    rf"(?P<year>\d{{4}})(?P<mark>[-/.])(?P<month>\d{{1,2}})(?P=mark)(?P<day>\d{{1,2}}){_TAIL}"
)
_COMPACT = re.compile(rf"(?P<year>(?:19|20)\d{{2}})(?P<month>\d{{2}})(?P<day>\d{{2}}){_TAIL}")
_PARTS = re.compile(
    rf"(?P<one>\d{{1,2}})(?P<mark>[-/. ])(?P<two>\d{{1,2}})(?P=mark)"
    rf"(?P<year>\d{{4}}|\d{{2}}){_TAIL}"
)
_WEEKDAY = r"(?:[^\W\d_]{2,12}\.?,?\s+)?"
_DAY_NAME = re.compile(
    rf"{_WEEKDAY}(?P<day>\d{{1,2}})(?:st|nd|rd|th|er|º|ª|\.)?[\s/\-]*(?:de\s+|of\s+)?"
    rf"(?P<name>[^\W\d_]{{3,12}})\.?,?[\s/\-]*"
    rf"(?:de\s+|del\s+)?(?P<year>\d{{4}}|\d{{2}}){_TAIL}"
)
_NAME_DAY = re.compile(
    rf"{_WEEKDAY}(?P<name>[^\W\d_]{{3,12}})\.?[\s/\-]+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,?"
    rf"[\s/\-]+(?P<year>\d{{4}}){_TAIL}"
)
_EAST_ASIAN = re.compile(
    rf"(?P<year>\d{{4}}) ?[年년] ?(?P<month>\d{{1,2}}) ?[月월] ?(?P<day>\d{{1,2}}) ?[日일]{_TAIL}"
)
#: As X writes it: the year last.
_YEAR_LAST = re.compile(
    r"[A-Z][a-z]{2} ([A-Z][a-z]{2} \d{1,2}) (\d\d:\d\d:\d\d) ([+-]\d{4}|[A-Z]{3,4}) (\d{4})"
)
_OTHER_ZONE = re.compile(r"(.*:\d{2}) ?\(?([A-Z]{2,5})\)?")
_EPOCH = re.compile(r"\d{10}(?:\.\d+)?|\d{13}")
_SERIAL = re.compile(r"\d{5}(?:\.\d+)?")
#: Day 0 of Excel's two systems; the older one counts a 29 February 1900 that never was.
DAY_ZERO = {1900: datetime(1899, 12, 30, tzinfo=UTC), 1904: datetime(1904, 1, 1, tzinfo=UTC)}

#: Longer texts are no date.
LONGEST = 60
UNCLEAR_DATE = "may be day first or month first: tell which"
NO_DATE = "is no date that is understood: write 2026-03-01 or 2026-03-01T12:00:00Z"
OTHER_ZONE = "names a time zone that means several: write its offset, such as +05:30"
OUT_OF_RANGE = DATE_OUT_OF_RANGE


@cache
def month_names() -> dict[str, int]:
    """Return month names and their short forms in LANGUAGES, folded -> month."""
    names: dict[str, int] = {}
    for language in LANGUAGES:
        months = Locale.parse(language).months
        for use in ("format", "stand-alone"):
            for width in ("wide", "abbreviated"):
                for number, name in months[use][width].items():
                    names[fold(name).rstrip(".")] = number
    return {**names, "sept": 9, "mrz": 3, "okt": 10, "agt": 8, "set": 9}


@dataclass(frozen=True)
class ParsedDate:
    """A date as written.

    `order`: "ymd" where it is clear which numbers are year, month and day (`first_number` is then
    the day), "day" or "month" where the text proves which comes first, "same" where both numbers
    are equal, "?" where it is open. `seconds`: since midnight UTC. `has_clock`: whether a time of
    day is written.
    """

    year: int
    first_number: int
    second_number: int
    order: str = "ymd"
    seconds: float = 0.0
    has_zone: bool = True
    short_year: bool = False
    mark: str = ""
    kind: str = "date"
    has_clock: bool = True

    def moment(self, day_first: bool | None, exchanged: bool = False) -> datetime | None:
        """Return the moment, UTC; None where there is no such date.

        `day_first` decides the order "?"; with `exchanged` day and month of the order "ymd" change
        places.
        """
        month_first = {"month": True, "?": not day_first, "ymd": exchanged}.get(self.order, False)
        day, month = self.first_number, self.second_number
        if month_first:
            day, month = month, day
        try:
            return datetime(self.year, month, day, tzinfo=UTC) + timedelta(seconds=self.seconds)
        except (ValueError, OverflowError):
            return None


def parse_date(text: str, epoch: int = 1900) -> ParsedDate | None:
    """Parse a text as one date, None where it is none. `epoch`: Excel's date system, 1900 or
    1904.
    """
    return _parse(text, epoch) if len(text) <= LONGEST else None


@lru_cache(maxsize=1 << 16)
def _parse(text: str, epoch: int) -> ParsedDate | None:
    text = re.sub(r"\s+", " ", text.replace("\u200e", "")).strip(" \"'“”„«»`")
    text = _YEAR_LAST.sub(r"\1 \4 \2 \3", text)
    if _EPOCH.fullmatch(text):
        milliseconds = len(text.partition(".")[0]) == 13
        seconds = float(text) / (1000 if milliseconds else 1)
        return _date_of_moment(datetime.fromtimestamp(seconds, UTC), "epoch")
    if _SERIAL.fullmatch(text):
        return _date_of_moment(from_serial(float(text), epoch), "serial")
    for pattern in (_ISO, _COMPACT, _EAST_ASIAN):
        if match := pattern.fullmatch(text):
            return _date_of_match(match, int(match["day"]), int(match["month"]), "ymd")
    if match := _PARTS.fullmatch(text):
        one, two = int(match["one"]), int(match["two"])
        return _date_of_match(match, one, two, _order(one, two, match["mark"]))
    for pattern in (_DAY_NAME, _NAME_DAY):
        match = pattern.fullmatch(text)
        if match and (month := month_names().get(fold(match["name"]))):
            return _date_of_match(match, int(match["day"]), month, "ymd")
    return None


def lacks_time_of_day(text: str) -> bool:
    """Return whether a text is a date without a time of day. So is midnight without a zone, by
    which spreadsheet programs write dates.

    >>> lacks_time_of_day("28.06.2026"), lacks_time_of_day("2026-06-28 00:00:00")
    (True, True)
    >>> lacks_time_of_day("2026-06-28T00:00Z"), lacks_time_of_day("2026-06-28 09:30")
    (False, False)
    """
    date = parse_date(text)
    if date is None:
        return False
    return not date.has_clock or (not date.has_zone and date.seconds == 0)


def from_serial(serial: float, epoch: int = 1900) -> datetime:
    """Return the moment of an Excel serial number, to the second.

    >>> from_serial(45292.5).isoformat()
    '2024-01-01T12:00:00+00:00'
    """
    return DAY_ZERO[epoch] + timedelta(seconds=round(serial * 86_400))


def _date_of_moment(moment: datetime, kind: str) -> ParsedDate:
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    seconds = (moment - midnight).total_seconds()
    has_zone = kind == "epoch"
    return ParsedDate(
        moment.year, moment.day, moment.month, seconds=seconds, kind=kind, has_zone=has_zone
    )


def _order(one: int, two: int, mark: str) -> str:
    """Return what two numbers before a year prove of their order."""
    if one > 12 or two > 12:
        return "month" if two > 12 else "day"
    if one == two:
        return "same"
    # no country writes the month first with dots
    return "day" if mark == "." else "?"


def _date_of_match(match: re.Match[str], first: int, second: int, order: str) -> ParsedDate | None:
    """Return the date of a match with its time and zone, None where a number is out of bounds."""
    seconds = _seconds_of_day(match["time"], match["half"])
    if seconds is None or not (0 < first <= 31 and 0 < second <= 31):
        return None
    short_year = len(match["year"]) == 2
    year = int(match["year"]) + (2000 if short_year else 0)
    mark = match["mark"] if "mark" in match.re.groupindex else ""
    zone = match["zone"]
    seconds -= _zone_offset(zone)
    return ParsedDate(
        year,
        first,
        second,
        order,
        seconds,
        zone is not None,
        short_year,
        mark,
        has_clock=match["time"] is not None,
    )


def _seconds_of_day(time: str | None, half: str | None) -> float | None:
    """Return the seconds since midnight, None where there is no such time; `half`: am or pm."""
    if not time:
        return 0.0
    hour_text, minute_text, *rest = re.split(r"[:h.]", time.replace(",", "."), maxsplit=2)
    hour, minute = int(hour_text), int(minute_text)
    second = float(rest[0]) if rest else 0.0
    if half:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + 12 * (half[0] in "Pp")
    if hour > 24 or minute >= 60 or second >= 61:
        return None
    return hour * 3600 + minute * 60 + second


def _zone_offset(zone: str | None) -> float:
    """Return how many seconds a zone is ahead of UTC."""
    if zone is None:
        return 0.0
    if zone in ZONES:
        return 60.0 * ZONES[zone]
    digits = zone[1:].replace(":", "").ljust(4, "0")
    seconds = int(digits[:2]) * 3600 + int(digits[2:]) * 60
    return -seconds if zone[0] == "-" else seconds


@dataclass
class DateStats:
    """Counts of the dates of one column; memory does not grow with the rows.

    `orders`: `ParsedDate.order` -> how many. `example`: the first that proves which comes first;
    `unclear`: the first that leaves it open. `unambiguous`: how many of the order "ymd" have a day
    past the 12th or a zone. `naive`: how many have no zone.
    """

    read: int = 0
    unread: int = 0
    orders: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    naive: int = 0
    short_years: int = 0
    unambiguous: int = 0
    unclear: str = ""
    example: str = ""

    def add(self, texts: dict[str, int], epoch: int = 1900) -> None:
        """Count distinct texts, text -> how often."""
        for text, times in texts.items():
            date = parse_date(text, epoch)
            if date is None:
                self.unread += times
                continue
            self.read += times
            if date.order in ("day", "month"):
                self.example = self.example or text
            elif date.order == "?":
                self.unclear = self.unclear or text
            self.orders[date.order] += times
            self.kinds[date.kind] += times
            self.naive += times * (not date.has_zone)
            self.short_years += times * date.short_year
            if date.order == "ymd" and (date.first_number > 12 or date.has_zone):
                self.unambiguous += times

    @property
    def day_first(self) -> bool | None:
        """Whether the column proves day first or month first; None where that is open or mixed."""
        day, month = self.orders["day"] > 0, self.orders["month"] > 0
        return None if day == month else day


def swap_day_month(moment: datetime) -> datetime:
    """Return a moment with day and month exchanged, where there is such a date.

    A spreadsheet program exchanges them in 04/03/2026 when it expects the month first.
    """
    return moment.replace(month=moment.day, day=moment.month) if moment.day <= 12 else moment


def check_years(moment: datetime) -> tuple[datetime | None, str]:
    """Return (moment, ""), or (None, what is wrong) for one outside the years that tables hold.

    The last moment of `column_checks.is_possible_time`, the first of LATEST, is outside here.
    """
    return (moment, "") if EARLIEST <= moment < LATEST else (None, OUT_OF_RANGE)


def read_date(
    text: str, day_first: bool | None, epoch: int = 1900, exchanged: bool | None = False
) -> tuple[datetime | None, str]:
    """Read one date; return (moment in UTC, ""), or (None, what is wrong with it).

    `day_first`: decides dates such as 01/02/2026, None where that is open. `exchanged`: whether a
    spreadsheet program exchanged day and month of dates such as 2026-04-03, None where that is
    open.
    """
    date = parse_date(text, epoch)
    if date is None:
        other_zone = _OTHER_ZONE.fullmatch(text.strip())
        known_without_zone = other_zone is not None and parse_date(other_zone[1], epoch)
        return None, OTHER_ZONE if known_without_zone else NO_DATE
    if (date.order == "?" and day_first is None) or (date.order == "ymd" and exchanged is None):
        return None, UNCLEAR_DATE
    moment = date.moment(day_first, bool(exchanged) and date.first_number <= 12)
    return (None, "is no date that exists") if moment is None else check_years(moment)
