"""Fees of rows put together: the currency of each, the deliverables that it buys, and notes of
those that are no amount.

`fee_usd` holds US dollars; a fee in another currency, or beside a column that names its currency,
stands in `fee` and `currency`, to be converted by whoever knows a rate.
"""

from collections import Counter
from dataclasses import dataclass, field

from features.tables.currency import USD
from ingest.sheets.cell_text import shown_text
from ingest.sheets.column_plan import ColumnPlan
from ingest.sheets.fee_text import (
    GIFT,
    INTERCHANGEABLE,
    ParsedFee,
    no_fee_reason,
    reconcile_currency,
)
from ingest.sheets.rows import SheetRows
from ingest.sheets.sheet_types import Remark, SheetFault

FEE_UPPER_END, FEE_LOWER_END = "fee_range_upper_end", "fee_lower_end_only"
#: Words in place of a fee that a note names.
MOST_WORDS = 8


@dataclass
class FeeColumns:
    """Fees of n rows; lists are of length n, None where unknown.

    `packages`: canonical texts of several formats. `gifts`: a gift is a fee of 0. `sources`:
    currency, deliverables, format, package -> the source column that gives it. `words`: (source,
    word in place of a fee) -> how many. `per_post`: (source, whether the number of deliverables is
    known) -> how many prices of one post.
    """

    rows: SheetRows
    gifts: bool
    currencies: list[str | None]
    deliverables: list[float | None]
    formats: list[str | None]
    packages: list[str | None]
    sources: dict[str, str]
    faults: list[SheetFault] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)
    words: Counter[tuple[str, str]] = field(default_factory=Counter)
    per_post: Counter[tuple[str, bool]] = field(default_factory=Counter)
    fee_usd: list[float | None] = field(init=False)
    fee: list[float | None] = field(init=False)
    currency: list[str | None] = field(init=False)

    def __post_init__(self) -> None:
        row_count = len(self.currencies)
        self.fee_usd = [None] * row_count
        self.fee = [None] * row_count
        self.currency = [None] * row_count

    def take(self, plan: ColumnPlan, values: list[ParsedFee | None]) -> None:
        """Add the values of a column of fees."""
        source = plan.guess.source
        by_currency_column = plan.column == "fee" and "currency" in self.sources
        for row, fee in enumerate(values):
            if fee is None:
                continue
            text = shown_text(self.rows.cells[row][plan.index])
            if fee.word:
                self._take_word(row, fee.word, source, text)
            elif fault := self._set_fee(row, fee, by_currency_column):
                self.faults.append(SheetFault(self.rows.lines[row], source, text, fault))
            else:
                self._remark(row, fee, source, text)

    def _take_word(self, row: int, word: str, source: str, text: str) -> None:
        """Count a word in place of a fee; a gift is a fee of 0 where gifts are fees."""
        if self.gifts and no_fee_reason(word) == GIFT:
            self.fee_usd[row] = 0.0
            self.words[source, f"{text!r}, a fee of 0"] += 1
        else:
            self.words[source, repr(text)] += 1

    def _set_fee(self, row: int, fee: ParsedFee, by_currency_column: bool) -> str:
        """Set the fee of a row; return what is wrong with it, "" where nothing is."""
        column_currency = self.currencies[row] if by_currency_column else None
        currency, contradicted = reconcile_currency(fee.currency, column_currency, fee.bare)
        if contradicted:
            return (
                f"is in {fee.currency}, and {self.sources['currency']!r} says {column_currency}: "
                f"correct one of them"
            )
        if not currency and fee.amount:
            return f"names no currency: write it in {self.sources['currency']!r}"
        if self.fee_usd[row] is not None or self.fee[row] is not None:
            return "stands beside another fee: give one of them"
        if fault := self._set_package(row, fee):
            return fault
        amount = fee.amount
        if amount and fee.per_post:
            amount *= self.deliverables[row] or 1
        if not amount or (column_currency is None and currency == USD):
            self.fee_usd[row] = amount
        else:
            self.fee[row] = amount
            self.currency[row] = currency
        return ""

    def _set_package(self, row: int, fee: ParsedFee) -> str:
        """Set the deliverables and format that a fee names; return which column contradicts it."""
        count, row_format = self.deliverables[row], self.formats[row]
        if fee.deliverables and count and fee.deliverables != count:
            return (
                f"is for {fee.deliverables}, and {self.sources['deliverables']!r} says "
                f"{count:g}: correct one of them"
            )
        if fault := self._set_formats(row, fee):
            return fault
        formats = {fee.format, row_format}
        if None not in formats and len(formats) > 1 and formats != INTERCHANGEABLE:
            return (
                f"is the price of format {fee.format}, and {self.sources['format']!r} says "
                f"{row_format}: correct one of them"
            )
        if count is None and fee.deliverables:
            self.deliverables[row] = float(fee.deliverables)
        self.formats[row] = row_format or fee.format
        return ""

    def _set_formats(self, row: int, fee: ParsedFee) -> str:
        """Set the package that a fee names; return which column contradicts it."""
        package = self.packages[row]
        booked = package or self.formats[row]
        named = fee.package or fee.format
        if booked is None or named is None:
            self.packages[row] = package or fee.package
        elif (package or fee.package) and booked != named:
            source = self.sources["package" if package else "format"]
            return f"is the price of {named}, and {source!r} says {booked}: correct one of them"
        return ""

    def _remark(self, row: int, fee: ParsedFee, source: str, text: str) -> None:
        """Remember what a fee says besides its amount: a price of one post, the end of a range."""
        if fee.per_post:
            self.per_post[source, self.deliverables[row] is not None] += 1
        if fee.bound == "least":
            code = FEE_LOWER_END
            reason = "upper end, which is open: the fee is the least that is named"
        elif fee.lower is not None or fee.bound == "most":
            code = FEE_UPPER_END
            reason = "lower end of a range: the fee is its upper end"
        else:
            return
        fault = SheetFault(self.rows.lines[row], source, text, reason)
        self.remarks.append(Remark(row, code, fault))

    @property
    def notes(self) -> list[str]:
        """Notes of words in place of a fee and of prices of one post, with their counts."""
        notes = []
        for source in dict.fromkeys(source for source, _ in self.words):
            words = [
                (word, times)
                for (column, word), times in self.words.most_common()
                if column == source
            ]
            frequent = ", ".join(f"{word} ({times:,})" for word, times in words[:MOST_WORDS])
            more = ", ..." if len(words) > MOST_WORDS else ""
            total = sum(times for _, times in words)
            notes.append(f"{source!r}: {total:,} value(s) are no amount: {frequent}{more}")
        for (source, has_count), times in self.per_post.items():
            how = (
                "times the deliverables"
                if has_count
                else "for one deliverable, as no number of them is told"
            )
            notes.append(f"{source!r}: {times:,} price(s) of one post, taken {how}")
        return notes
