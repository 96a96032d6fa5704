"""Statistics of all values of one column, gathered chunk by chunk in bounded memory."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from ingest.sheets.cell_text import cell_text
from ingest.sheets.dates import DateStats
from ingest.sheets.fee_text import amount_texts
from ingest.sheets.labels import country_in, is_missing, niche_of, platform_of
from ingest.sheets.links import parse_account_link, parse_link
from ingest.sheets.number_formats import NumberDisplay
from ingest.sheets.number_stats import NumberStats, grouped_marks, rate_size
from ingest.sheets.package_columns import may_book_formats, names_formats
from ingest.sheets.rows import starts_with_summary_word
from ingest.sheets.workbook import UNCOMPUTED, Cell, NumberCell

#: From so many dates on, chance does not explain that all true dates and no texts are of the first
#: twelve days of a month.
FEWEST_DATES = 4
#: Number formats of a column that are held because they show another number than is stored.
MOST_RECOGNISERS = 100
#: Distinct texts that say what a column is; how numbers and dates are written, all texts say.
MOST_WORDS = 20_000
LONGEST_LABEL = 1000
#: Numbers of so few digits may number rows; ids of platforms have more, but for a few of their
#: first accounts.
ROW_NUMBER_DIGITS = 6


def _post_of(text: str) -> str | None:
    """Return the id of the post that an address names."""
    link = parse_link(text)
    return link.post_id if link else None


def _mention_in(text: str) -> str | None:
    """Return a text that is a handle behind @."""
    return text if text.startswith("@") and " " not in text else None


#: What a text may be -> what recognises it, by a result that is not None.
_RECOGNISERS: dict[str, Callable[[str], object]] = {
    "links": parse_link,
    "accounts": parse_account_link,
    "posts": _post_of,
    "platforms": platform_of,
    "countries": country_in,
    "niches": niche_of,
    "formats": names_formats,
    "bookings": may_book_formats,
    "mentions": _mention_in,
}


@dataclass
class TextStats:
    """How many of the first MOST_WORDS distinct texts are links, links of accounts or posts,
    platforms, countries, niches, formats, bookings of formats with their number, or handles behind
    @ (`mentions`); `spaced`: how many have a blank in them. `first_booking`: the first that is a
    booking.
    """

    texts: int = 0
    links: int = 0
    accounts: int = 0
    posts: int = 0
    platforms: int = 0
    countries: int = 0
    niches: int = 0
    formats: int = 0
    bookings: int = 0
    mentions: int = 0
    spaced: int = 0
    looked_at: int = 0
    first_booking: str = ""

    def add(self, texts: dict[str, int], kinds: frozenset[str]) -> None:
        """Count distinct texts, text -> how often; `kinds`: which of _RECOGNISERS to try."""
        for text, times in texts.items():
            if self.looked_at >= MOST_WORDS:
                return
            self.looked_at += 1
            self.texts += times
            self.spaced += times * (" " in text)
            if len(text) > LONGEST_LABEL:
                continue
            for kind in kinds & _RECOGNISERS.keys():
                if _RECOGNISERS[kind](text) is not None:
                    setattr(self, kind, getattr(self, kind) + times)
                    if kind == "bookings" and not self.first_booking:
                        self.first_booking = text

    def share(self, kind: str) -> float:
        """Return the share of texts of one kind, 0 where there are none."""
        return getattr(self, kind) / self.texts if self.texts else 0.0


@dataclass
class ColumnStats:
    """One column.

    `numbers`, `moments`: cells that the workbook stores as such; `late_moments`: with a day past
    the 12th. `figures`, `dates`, `words`: of its texts. `sums`: texts that begin with a word for a
    sum. `typed_sizes`, `literal_sizes`: `rate_size` of stored numbers without a %, and beside a %
    that is only text. `displays`: number formats that show another number than is stored, each with
    the first cell. `rising`: the column is whole numbers that only rise; `first`, `last`,
    `counted`: of them. `small`: it is numbers of few digits; `seen`: of them, `repeats`: one comes
    back. `ids`: what a column of ids holds, `has_repeats`: one comes back. `mapped_words`: words of
    the column that a map file explains, folded. `text_marks`: decimal marks that numbers in its
    texts prove, where it is no column of figures.
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
    shown_currency: Counter[str | None] = field(default_factory=Counter)
    typed_sizes: Counter[str] = field(default_factory=Counter)
    literal_sizes: Counter[str] = field(default_factory=Counter)
    displays: dict[NumberDisplay, NumberCell] = field(default_factory=dict)
    rising: bool = True
    first: int | None = None
    last: int = -1
    counted: int = 0
    small: bool = True
    seen: set[int] = field(default_factory=set)
    repeats: bool = False
    mapped_words: set[str] = field(default_factory=set)
    text_marks: set[str] = field(default_factory=set)
    ids: set[str] = field(default_factory=set)
    has_repeats: bool = False

    def add(self, cells: list[Cell], kinds: frozenset[str], epoch: int) -> None:
        """Count a chunk of cells.

        `kinds`: which statistics: figures, fees, rates, dates, numbers, and those of _RECOGNISERS.
        """
        if self.rising:
            self._follow_rise(cells)
        if "numbers" in kinds and self.small:
            self._follow_row_numbers(cells)
        if "numbers" in kinds and not self.has_repeats:
            self._follow_repeats(cells)
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
        if not kinds & {"figures", "dates"}:
            self.sums += sum(
                times for text, times in texts.items() if starts_with_summary_word(text)
            )
        if "figures" in kinds:
            self.figures.add(amount_texts(texts) if "fees" in kinds else texts, "rates" in kinds)
        elif len(self.text_marks) < 2:
            for text in texts:
                self.text_marks |= grouped_marks(text)
        if "dates" in kinds:
            self.dates.add(texts, epoch)
        if kinds & _RECOGNISERS.keys():
            self.words.add(texts, kinds)

    def add_summary(self, text: str, kinds: frozenset[str]) -> None:
        """Look at a cell of a row that sums up others: it may prove a decimal mark."""
        marks = grouped_marks(text)
        if "figures" in kinds:
            self.figures.add_marks(marks)
        else:
            self.text_marks |= marks

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
        ) < MOST_RECOGNISERS:
            self.displays.setdefault(cell.display, cell)

    def _follow_rise(self, cells: list[Cell]) -> None:
        """Follow whether the column is whole numbers that only rise, as an index does."""
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

    def _follow_repeats(self, cells: list[Cell]) -> None:
        texts = [text for cell in cells if (text := cell_text(cell).strip())]
        texts = [text for text in texts if not is_missing(text)]
        self.has_repeats = len(set(texts)) < len(texts) or not self.ids.isdisjoint(texts)
        if len(self.ids) < MOST_WORDS:
            self.ids.update(texts)

    def _follow_row_numbers(self, cells: list[Cell]) -> None:
        """Follow whether all values are numbers of few digits, and whether one comes back."""
        for cell in cells:
            text = str(cell).strip().removesuffix(".0").removeprefix("#")
            if not text or is_missing(text):
                continue
            if not text.isdecimal() or len(text) > ROW_NUMBER_DIGITS:
                self.small = False
                return
            self.repeats = self.repeats or int(text) in self.seen
            if len(self.seen) < MOST_WORDS:
                self.seen.add(int(text))

    @property
    def may_number_rows(self) -> bool:
        """Whether the column may number rows and not accounts: its numbers are small, or follow one
        another.
        """
        return self.is_index or (self.small and bool(self.seen))

    def is_all_up_to(self, most: int) -> bool:
        """Return whether all values are whole numbers, none above `most`."""
        return self.small and bool(self.seen) and max(self.seen) <= most

    @property
    def is_index(self) -> bool:
        """Whether the column numbers its rows, perhaps with a few left out."""
        return self.rising and self.first is not None and self.last - self.first < 3 * self.counted

    @property
    def is_day_month_swapped(self) -> bool:
        """Whether day and month look exchanged, as by a program that reads 04/03 its own way and
        leaves 25/03 as text.

        This is so where all true dates, and texts such as 2026-04-03, have a day up to 12, and all
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
        """The share of values that are numbers."""
        return (self.numbers + self.figures.read) / self.filled_count if self.filled_count else 0.0

    @property
    def currency_count(self) -> int:
        """The number of values that name a currency."""
        return sum(
            times for code, times in (self.figures.currencies + self.shown_currency).items() if code
        )

    @property
    def sizes(self) -> Counter[str]:
        """`rate_size` of the values that carry no percent sign -> how many."""
        return self.figures.sizes + self.typed_sizes
