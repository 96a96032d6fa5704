"""What all values of one column prove together, gathered chunk by chunk in bounded memory."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from features.sheets.dates import DateSurvey
from features.sheets.figures import FigureSurvey, size_of
from features.sheets.labels import country_in, is_missing, niche_of, platform_of
from features.sheets.links import link_of
from features.sheets.workbook import UNCOMPUTED, Cell, Typed


@dataclass
class WordSurvey:
    """How many texts are links, platforms, countries, niches, numbers or handles, and which platforms links name."""

    texts: int = 0
    links: int = 0
    platforms: int = 0
    countries: int = 0
    niches: int = 0
    spaced: int = 0
    on: Counter = field(default_factory=Counter)

    def add(self, texts: dict[str, int]) -> None:
        for text, times in texts.items():
            self.texts += times
            self.spaced += times * (" " in text.strip())
            link = link_of(text)
            self.links += times * (link is not None)
            if link:
                self.on[link.platform or "elsewhere"] += times
            elif len(text) < 200:
                self.platforms += times * (platform_of(text) is not None)
                self.countries += times * (country_in(text) is not None)
                self.niches += times * (niche_of(text) is not None)

    def share(self, what: str) -> float:
        return getattr(self, what) / self.texts if self.texts else 0.0


@dataclass
class Survey:
    """One column: texts, numbers and dates that the workbook stores as such, and what the texts look like."""

    given: int = 0
    texts: int = 0
    numbers: int = 0
    moments: int = 0
    uncomputed: int = 0
    figures: FigureSurvey = field(default_factory=FigureSurvey)
    dates: DateSurvey = field(default_factory=DateSurvey)
    words: WordSurvey = field(default_factory=WordSurvey)
    shown_percent: int = 0
    shown_currency: Counter = field(default_factory=Counter)
    typed_sizes: Counter = field(default_factory=Counter)
    whole: bool = True
    rising: bool = True
    first: int | None = None
    last: int = -1
    counted: int = 0

    def add(self, cells: list[Cell], wanted: frozenset[str], epoch: int) -> None:
        """Count a chunk of cells; `wanted` names the surveys of texts to make: figures, dates, words."""
        if self.rising:
            self._follow(cells)
        counts: Counter = Counter()
        for cell in cells:
            if isinstance(cell, str):
                counts[cell.strip()] += 1
            elif isinstance(cell, Typed):
                self._add_number(cell)
            elif isinstance(cell, datetime):
                self.moments += 1
                self.given += 1
        self.uncomputed += counts.pop(UNCOMPUTED, 0)
        texts = {text: times for text, times in counts.items() if text and not is_missing(text)}
        self.texts += sum(texts.values())
        self.given += sum(texts.values())
        if "figures" in wanted:
            self.figures.add(texts)
        if "dates" in wanted:
            self.dates.add(texts, epoch)
        if "words" in wanted:
            self.words.add(texts)

    def _add_number(self, cell: Typed) -> None:
        self.numbers += 1
        self.given += 1
        self.shown_percent += cell.unit == "%"
        self.shown_currency[cell.currency] += 1
        self.typed_sizes[size_of(float(cell.value))] += cell.unit != "%"
        self.whole &= float(cell.value).is_integer()

    def _follow(self, cells: list[Cell]) -> None:
        """Keep up whether the column is whole numbers that only rise, as an index does."""
        for cell in cells:
            text = str(cell).strip().removesuffix(".0")
            if not text:
                continue
            if not text.isdigit() or len(text) > 9 or int(text) <= self.last:
                self.rising = False
                return
            self.last = int(text)
            self.first = self.last if self.first is None else self.first
            self.counted += 1

    @property
    def is_index(self) -> bool:
        """Say whether the column numbers its rows, perhaps with a few left out."""
        return self.rising and self.first is not None and self.last - self.first < 3 * self.counted

    @property
    def numeric(self) -> float:
        """Give the share of values that are numbers."""
        return (self.numbers + self.figures.read) / self.given if self.given else 0.0

    @property
    def money(self) -> int:
        """Count the values that name a currency."""
        return sum(times for code, times in (self.figures.currencies + self.shown_currency).items() if code)

    @property
    def sizes(self) -> Counter:
        """Count the sizes of values that say nothing of percent themselves."""
        return self.figures.sizes + self.typed_sizes
