"""Dates as people write them: ISO, day or month first, month names in six languages, epochs, Excel
serial numbers.

Whether 01/02/2026 is in January or February is a property of a column: `DateStats` counts what each
value proves, `read_date` obeys the decision. A time without a zone is taken as UTC; the caller
tells it.
"""

import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache

from babel import Locale

from features.niche.tokens import fold
from features.tables.schema import EARLIEST, LATEST
from ingest.sheets.word_lists import LANGUAGES

_CLOCK = r"(?P<time>\d{1,2}[:h.]\d{2}(?:[:.]\d{2}(?:[.,]\d+)?)?)\s*(?P<half>[AaPp]\.?[Mm]\.?)?\s*(?:Uhr)?"
_TIME = rf"(?:[T,\s]+(?:(?:at|um|a las|às|à|a)\s+)?{_CLOCK})?"
#: Names of zones that RFC 5322 defines (4.3), and those that mean one offset alone -> minutes ahead
#: of UTC.
ZONES = {
    "Z": 0, "UTC": 0, "GMT": 0, "EST": -300, "EDT": -240, "CST": -360, "CDT": -300, "MST": -420, "MDT": -360,
    "PST": -480, "PDT": -420, "CET": 60, "CEST": 120, "EET": 120, "EEST": 180, "WIB": 420, "WITA": 480, "BRT": -180,
    "JST": 540,
}  # fmt: skip
_ZONE = rf"\s*(?:GMT|UTC)?(?P<zone>{'|'.join(ZONES)}|[+-]\d{{2}}:?\d{{2}}|[+-]\d{{2}})?"
_TAIL = _TIME + _ZONE
_ISO = re.compile(
    rf"(?P<year>\d{{4}})(?P<mark>[-/.])(?P<month>\d{{1,2}})(?P=mark)(?P<day>\d{{1,2}}){_TAIL}"
)
_COMPACT = re.compile(rf"(?P<year>(?:19|20)\d{{2}})(?P<month>\d{{2}})(?P<day>\d{{2}}){_TAIL}")
_PARTS = re.compile(
    rf"(?P<one>\d{{1,2}})(?P<mark>[-/. ])(?P<two>\d{{1,2}})(?P=mark)(?P<year>\d{{4}}|\d{{2}}){_TAIL}"
)
_WEEKDAY = r"(?:[^\W\d_]{2,12}\.?,?\s+)?"
_DAY_NAME = re.compile(
    rf"{_WEEKDAY}(?P<day>\d{{1,2}})(?:st|nd|rd|th|er|º|ª|\.)?[\s/\-]*(?:de\s+|of\s+)?(?P<name>[^\W\d_]{{3,12}})\.?,?[\s/\-]*"
    rf"(?:de\s+|del\s+)?(?P<year>\d{{4}}|\d{{2}}){_TAIL}"
)
_NAME_DAY = re.compile(
    rf"{_WEEKDAY}(?P<name>[^\W\d_]{{3,12}})\.?[\s/\-]+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,?[\s/\-]+(?P<year>\d{{4}}){_TAIL}"
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
OUT_OF_RANGE = f"lies outside {EARLIEST:%Y} to {LATEST:%Y}"


@cache
def month_names() -> dict[str, int]:
    """Give folded month names and their short forms in LANGUAGES -> month."""
    names = {}
    for language in LANGUAGES:
        months = Locale.parse(language).months
        for use in ("format", "stand-alone"):
            for width in ("wide", "abbreviated"):
                names |= {
                    fold(name).rstrip("."): number for number, name in months[use][width].items()
                }
    return {**names, "sept": 9, "mrz": 3, "okt": 10, "agt": 8, "set": 9}


@dataclass(frozen=True)
class ParsedDate:
    """A date as written. `order`: "ymd" where year, month and day are told, "day", "month", "?" or
    "same" else.
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

    def moment(self, day_first: bool | None, exchanged: bool = False) -> datetime | None:
        """Give the moment, UTC; None where there is no such date.

        `day_first` decides the order "?"; with `exchanged` day and month of the order "ymd" change
        places.
        """
        swap = {"month": True, "?": not day_first, "ymd": exchanged}.get(self.order, False)
        day, month = (
            (self.second_number, self.first_number)
            if swap
            else (self.first_number, self.second_number)
        )
        try:
            return datetime(self.year, month, day, tzinfo=UTC) + timedelta(seconds=self.seconds)
        except (ValueError, OverflowError):
            return None


def parse_date(text: str, epoch: int = 1900) -> ParsedDate | None:
    """Take a text apart as one date, None where it is none. `epoch` is Excel's date system, 1900 or
    1904.
    """
    return _written(text, epoch) if len(text) <= LONGEST else None


@lru_cache(maxsize=1 << 16)
def _written(text: str, epoch: int) -> ParsedDate | None:
    text = re.sub(r"\s+", " ", text.replace("\u200e", "")).strip(" \"'“”„«»`")
    text = _YEAR_LAST.sub(r"\1 \4 \2 \3", text)
    if _EPOCH.fullmatch(text):
        seconds = float(text) / (1000 if len(text.partition(".")[0]) == 13 else 1)
        return _moment_written(datetime.fromtimestamp(seconds, UTC), "epoch")
    if _SERIAL.fullmatch(text):
        return _moment_written(from_serial(float(text), epoch), "serial")
    for pattern in (_ISO, _COMPACT, _EAST_ASIAN):
        if found := pattern.fullmatch(text):
            return _with_time(found, int(found["day"]), int(found["month"]), "ymd")
    if found := _PARTS.fullmatch(text):
        one, two = int(found["one"]), int(found["two"])
        return _with_time(found, one, two, _order(one, two, found["mark"]))
    for pattern in (_DAY_NAME, _NAME_DAY):
        found = pattern.fullmatch(text)
        if found and (month := month_names().get(fold(found["name"]))):
            return _with_time(found, int(found["day"]), month, "ymd")
    return None


def from_serial(serial: float, epoch: int = 1900) -> datetime:
    """Give the moment of an Excel serial number, to the second.

    >>> from_serial(45292.5).isoformat()
    '2024-01-01T12:00:00+00:00'
    """
    return DAY_ZERO[epoch] + timedelta(seconds=round(serial * 86_400))


def _moment_written(moment: datetime, kind: str) -> ParsedDate:
    seconds = (moment - moment.replace(hour=0, minute=0, second=0, microsecond=0)).total_seconds()
    return ParsedDate(
        moment.year, moment.day, moment.month, seconds=seconds, kind=kind, has_zone=kind == "epoch"
    )


def _order(one: int, two: int, mark: str) -> str:
    if one > 12 or two > 12:
        return "month" if two > 12 else "day"
    # no country writes the month first with dots
    return "same" if one == two else "day" if mark == "." else "?"


def _with_time(found: re.Match, day: int, month: int, order: str) -> ParsedDate | None:
    seconds = _seconds(found["time"], found["half"])
    offset = _offset(found["zone"])
    if seconds is None or not (0 < day <= 31 and 0 < month <= 31):
        return None
    short = len(found["year"]) == 2
    year = int(found["year"]) + 2000 * short
    mark = found["mark"] if "mark" in found.re.groupindex else ""
    zoned = found["zone"] is not None
    return ParsedDate(year, day, month, order, seconds - offset, zoned, short, mark)


def _seconds(time: str | None, half: str | None) -> float | None:
    if not time:
        return 0.0
    hour, minute, *second = re.split(r"[:h.]", time.replace(",", "."), maxsplit=2)
    hour, minute, second = int(hour), int(minute), float(second[0]) if second else 0.0
    if half:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + 12 * (half[0] in "Pp")
    return (
        hour * 3600 + minute * 60 + second if hour <= 24 and minute < 60 and second < 61 else None
    )


def _offset(zone: str | None) -> float:
    if not zone or zone in ZONES:
        return 60.0 * ZONES.get(zone, 0)
    digits = zone[1:].replace(":", "").ljust(4, "0")
    return (int(digits[:2]) * 3600 + int(digits[2:]) * 60) * (-1 if zone[0] == "-" else 1)


@dataclass
class DateStats:
    """What the texts of one column prove about how its dates are written; memory does not grow with
    the rows.

    `example`: the first that proves which comes first; `unambiguous`: how many that tell year,
    month and day are past the 12th, or name their zone.
    """

    read: int = 0
    unread: int = 0
    orders: Counter = field(default_factory=Counter)
    kinds: Counter = field(default_factory=Counter)
    naive: int = 0
    short_years: int = 0
    unambiguous: int = 0
    unclear: str = ""
    example: str = ""

    def add(self, texts: dict[str, int], epoch: int = 1900) -> None:
        """Count distinct texts, text -> how often."""
        for text, times in texts.items():
            found = parse_date(text, epoch)
            if found is None:
                self.unread += times
                continue
            self.read += times
            if found.order in ("day", "month"):
                self.example = self.example or text
            self.orders[found.order] += times
            self.kinds[found.kind] += times
            self.naive += times * (not found.has_zone)
            self.short_years += times * found.short_year
            self.unambiguous += times * (
                found.order == "ymd" and (found.first_number > 12 or found.has_zone)
            )
            if found.order == "?" and not self.unclear:
                self.unclear = text

    @property
    def day_first(self) -> bool | None:
        """Say whether the column proves day-first or month-first; None where that is open or mixed."""
        day, month = self.orders["day"] > 0, self.orders["month"] > 0
        return None if day == month else day


def swap_day_month(moment: datetime) -> datetime:
    """Exchange day and month, which a spreadsheet program does to 04/03/2026 when it expects the
    month first.
    """
    return moment.replace(month=moment.day, day=moment.month) if moment.day <= 12 else moment


def read_date(
    text: str, day_first: bool | None, epoch: int = 1900, exchanged: bool | None = False
) -> tuple[datetime | None, str]:
    """Read one date under a decision; give (moment, "") or (None, what is wrong with it).

    `exchanged`: whether a spreadsheet program exchanged day and month of dates such as 2026-04-03,
    None where that is open.
    """
    found = parse_date(text, epoch)
    if found is None:
        other = _OTHER_ZONE.fullmatch(text.strip())
        return None, OTHER_ZONE if other and parse_date(other[1], epoch) else NO_DATE
    if {"?": day_first, "ymd": exchanged}.get(found.order, False) is None:
        return None, UNCLEAR_DATE
    moment = found.moment(day_first, bool(exchanged) and found.first_number <= 12)
    if moment is None:
        return None, "is no date that exists"
    return (moment, "") if EARLIEST <= moment < LATEST else (None, OUT_OF_RANGE)
