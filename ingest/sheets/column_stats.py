"""What all values of one column prove together, gathered chunk by chunk in bounded memory."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from ingest.sheets.dates import DateStats
from ingest.sheets.fee_text import amount_texts
from ingest.sheets.labels import country_in, is_missing, niche_of, platform_of
from ingest.sheets.links import parse_account_link, parse_link
from ingest.sheets.number_formats import NumberDisplay
from ingest.sheets.number_parser import NumberStats, rate_size
from ingest.sheets.rows import starts_with_summary_word
from ingest.sheets.workbook import UNCOMPUTED, Cell, NumberCell

#: Dates of a column from which chance does not explain that all true ones, and no text, are of the
#: first twelve days.
FEWEST_DATES = 4
#: Ways in which a number format shows another number than the stored one.
MOST_LOOKS = 100
#: Distinct texts that tell what a column is; how numbers and dates are written is told by all.
MOST_WORDS = 20_000
LONGEST_LABEL = 1000
#: Numbers of no more digits count rows; ids of platforms have more, but for a few of their first
#: accounts.
SMALL_DIGITS = 6


def post_of(text: str) -> str | None:
    """Give the post that an address names."""
    link = parse_link(text)
    return link.post_id if link else None


_LOOKS = {
    "links": parse_link,
    "accounts": parse_account_link,
    "posts": post_of,
    "platforms": platform_of,
    "countries": country_in,
    "niches": niche_of,
}


@dataclass
class TextStats:
    """How many of the first MOST_WORDS texts are links, of accounts or posts, platforms, countries
    or niches.
    """

    texts: int = 0
    links: int = 0
    accounts: int = 0
    posts: int = 0
    platforms: int = 0
    countries: int = 0
    niches: int = 0
    spaced: int = 0
    looked_at: int = 0

    def add(self, texts: dict[str, int], wanted: frozenset[str]) -> None:
        """Count distinct texts, text -> how often; `wanted`: which of _LOOKS."""
        for text, times in texts.items():
            if self.looked_at >= MOST_WORDS:
                return
            self.looked_at += 1
            self.texts += times
            self.spaced += times * (" " in text)
            for what in wanted & _LOOKS.keys() if len(text) <= LONGEST_LABEL else ():
                if _LOOKS[what](text) is not None:
                    setattr(self, what, getattr(self, what) + times)

    def share(self, what: str) -> float:
        return getattr(self, what) / self.texts if self.texts else 0.0


@dataclass
class ColumnStats:
    """One column: texts, numbers and dates that the workbook stores as such, and what the texts
    look like.

    `sums`: texts that begin with a word for a sum; `literal_sizes`: of numbers beside a % that is
    only text; `displays`: those under which another number is shown than is stored, each with the
    first cell.
    """

    filled_count: int = 0
    numbers: int = 0
    moments: int = 0
    late_moments: int = 0
    sums: int = 0
    figures: NumberStats = field(default_factory=NumberStats)
    dates: DateStats = field(default_factory=DateStats)
    words: TextStats = field(default_factory=TextStats)
    shown_percent: int = 0
    shown_currency: Counter = field(default_factory=Counter)
    typed_sizes: Counter = field(default_factory=Counter)
    literal_sizes: Counter = field(default_factory=Counter)
    displays: dict[NumberDisplay, NumberCell] = field(default_factory=dict)
    rising: bool = True
    first: int | None = None
    last: int = -1
    counted: int = 0
    small: bool = True
    seen: set[int] = field(default_factory=set)
    repeats: bool = False
    #: Words of the column that a map file explains, folded.
    mapped_words: set[str] = field(default_factory=set)

    def add(self, cells: list[Cell], wanted: frozenset[str], epoch: int) -> None:
        """Count a chunk of cells; `wanted`: figures, fees, rates, dates, numbers, and those of
        _LOOKS.
        """
        if self.rising:
            self._follow(cells)
        if "numbers" in wanted and self.small:
            self._look_for_numbers(cells)
        counts: Counter = Counter()
        for cell in cells:
            if isinstance(cell, str):
                counts[cell.strip()] += 1
            elif isinstance(cell, NumberCell):
                self._add_number(cell)
            elif isinstance(cell, datetime):
                self.moments += 1
                self.late_moments += cell.day > 12
                self.filled_count += 1
        counts.pop(UNCOMPUTED, None)
        texts = {text: times for text, times in counts.items() if text and not is_missing(text)}
        self.filled_count += sum(texts.values())
        if not wanted & {"figures", "dates"}:
            self.sums += sum(
                times for text, times in texts.items() if starts_with_summary_word(text)
            )
        if "figures" in wanted:
            self.figures.add(amount_texts(texts) if "fees" in wanted else texts, "rates" in wanted)
        if "dates" in wanted:
            self.dates.add(texts, epoch)
        if wanted & _LOOKS.keys():
            self.words.add(texts, wanted)

    def _add_number(self, cell: NumberCell) -> None:
        self.numbers += 1
        self.filled_count += 1
        self.shown_percent += cell.unit == "%"
        self.shown_currency[cell.currency] += 1
        self.typed_sizes[rate_size(float(cell.value))] += cell.unit != "%"
        if cell.display.percent == "literal":
            self.literal_sizes[rate_size(100 * float(cell.value))] += 1
        if (cell.display.odd or cell.display.scale or cell.display.suffix) and len(
            self.displays
        ) < MOST_LOOKS:
            self.displays.setdefault(cell.display, cell)

    def _follow(self, cells: list[Cell]) -> None:
        """Keep up whether the column is whole numbers that only rise, as an index does."""
        for cell in cells:
            text = str(cell).strip().removesuffix(".0")
            if not text:
                continue
            if not text.isdecimal() or len(text) > 9 or int(text) <= self.last:
                self.rising = False
                return
            self.last = int(text)
            self.first = self.last if self.first is None else self.first
            self.counted += 1

    def _look_for_numbers(self, cells: list[Cell]) -> None:
        """Keep up whether all values are numbers of at most six digits, and whether one comes back."""
        for cell in cells:
            text = str(cell).strip().removesuffix(".0").removeprefix("#")
            if not text or is_missing(text):
                continue
            if not text.isdecimal() or len(text) > SMALL_DIGITS:
                self.small = False
                return
            self.repeats = self.repeats or int(text) in self.seen
            if len(self.seen) < MOST_WORDS:
                self.seen.add(int(text))

    @property
    def may_number_rows(self) -> bool:
        """Say whether the column may number rows, and no accounts: small numbers, or numbers one
        after another.
        """
        return self.is_index or (self.small and bool(self.seen))

    @property
    def is_index(self) -> bool:
        """Say whether the column numbers its rows, perhaps with a few left out."""
        return self.rising and self.first is not None and self.last - self.first < 3 * self.counted

    @property
    def is_day_month_swapped(self) -> bool:
        """Say whether day and month look exchanged, as by a program that reads 04/03 its own way
        and leaves 25/03 text.

        So it looks where all true dates, or texts such as 2026-04-03, have a day up to 12, and all
        other texts prove one order by a day past it.
        """
        orders = self.dates.orders
        dates, texts = self.moments + orders["ymd"], orders["day"] + orders["month"]
        sure = self.late_moments + self.dates.unambiguous + orders["?"] + orders["same"]
        return (
            self.dates.day_first is not None and dates > 0 == sure and dates + texts >= FEWEST_DATES
        )

    @property
    def numeric_share(self) -> float:
        """Give the share of values that are numbers."""
        return (self.numbers + self.figures.read) / self.filled_count if self.filled_count else 0.0

    @property
    def currency_count(self) -> int:
        """Count the values that name a currency."""
        return sum(
            times for code, times in (self.figures.currencies + self.shown_currency).items() if code
        )

    @property
    def sizes(self) -> Counter:
        """Count the sizes of values that say nothing of percent themselves."""
        return self.figures.sizes + self.typed_sizes
