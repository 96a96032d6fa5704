"""Fees of rows put together: the currency of each, what is booked for it, and what is told of those
that are no amount.

`fee_usd` holds US dollars; a fee in another currency, or beside a column that names its currency,
stands in `fee` and `currency`, to be converted by whoever knows a rate.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from features.tables.currency import USD
from ingest.sheets.column_plans import ColumnPlan
from ingest.sheets.fee_text import (
    GIFT,
    ParsedFee,
    no_fee_reason,
    parse_deliverables,
    reconcile_currency,
)
from ingest.sheets.rows import SheetRows
from ingest.sheets.sheet_types import Remark, SheetFault

#: Formats that people write for each other: on TikTok every video is a short one.
_ALIKE = {"short", "video"}
FEE_UPPER_END, FEE_LOWER_END = "fee_range_upper_end", "fee_lower_end_only"


@dataclass
class FeeColumns:
    """Fees of n rows as they are taken up; lists are of length n, None where nothing is told."""

    rows: SheetRows
    gifts: bool
    currencies: list[str | None]
    deliverables: list[float | None]
    formats: list[str | None]
    sources: dict[str, str]
    faults: list[SheetFault] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)
    words: Counter = field(default_factory=Counter)
    per_post: Counter = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.fee_usd, self.fee, self.currency = ([None] * len(self.currencies) for _ in range(3))

    def take(self, plan: ColumnPlan, values: list[ParsedFee | None], shown: Callable) -> None:
        """Take up the values of a column of fees."""
        named = plan.column == "fee" and "currency" in self.sources
        for row, fee in enumerate(values):
            if fee is None:
                continue
            text = shown(self.rows.cells[row][plan.index])
            if fee.word:
                gift = self.gifts and no_fee_reason(fee.word) == GIFT
                self.words[plan.guess.source, f"{text!r}, a fee of 0" if gift else repr(text)] += 1
                if gift:
                    self.fee_usd[row] = 0.0
            elif wrong := self._price(row, fee, named):
                self.faults.append(SheetFault(self.rows.lines[row], plan.guess.source, text, wrong))
            else:
                self._remark(row, fee, plan.guess.source, text)

    def _price(self, row: int, fee: ParsedFee, named: bool) -> str:
        """Take up the fee of a row, or say what is wrong with it."""
        said = self.currencies[row] if named else None
        currency, contradicted = reconcile_currency(fee.currency, said, fee.bare)
        if contradicted:
            return f"is in {fee.currency}, and {self.sources['currency']!r} says {said}: correct one of them"
        if not currency and fee.amount:
            return f"names no currency: write it in {self.sources['currency']!r}"
        if self.fee_usd[row] is not None or self.fee[row] is not None:
            return "stands beside another fee: give one of them"
        if wrong := self._book(row, fee):
            return wrong
        amount = fee.amount * (self.deliverables[row] or 1) if fee.per_post else fee.amount
        if not amount or (said is None and currency == USD):
            self.fee_usd[row] = amount
        else:
            self.fee[row], self.currency[row] = amount, currency
        return ""

    def _book(self, row: int, fee: ParsedFee) -> str:
        """Take up what is booked for a fee, or say which column contradicts it."""
        count, told = self.deliverables[row], self.formats[row]
        if fee.deliverables and count and fee.deliverables != count:
            return f"is for {fee.deliverables}, and {self.sources['deliverables']!r} says {count:g}: correct one of them"
        if fee.format and told and fee.format != told and {fee.format, told} != _ALIKE:
            return f"is the price of format {fee.format}, and {self.sources['format']!r} says {told}: correct one of them"
        if count is None and fee.deliverables:
            self.deliverables[row] = float(fee.deliverables)
        self.formats[row] = told or fee.format
        return ""

    def _remark(self, row: int, fee: ParsedFee, source: str, text: str) -> None:
        if fee.per_post:
            self.per_post[source, self.deliverables[row] is not None] += 1
        if fee.lower is not None or fee.bound == "most":
            reason = "lower end of a range: the fee is its upper end"
        elif fee.bound == "least":
            reason = "upper end, which is open: the fee is the least that is named"
        else:
            return
        code = FEE_LOWER_END if fee.bound == "least" else FEE_UPPER_END
        self.remarks.append(
            Remark(row, code, SheetFault(self.rows.lines[row], source, text, reason))
        )

    @property
    def notes(self) -> list[str]:
        """Tell how often which words stand in place of a fee, and how prices of one post are taken."""
        found = []
        for source in dict.fromkeys(source for source, _ in self.words):
            words = [
                (word, times) for (own, word), times in self.words.most_common() if own == source
            ]
            shown = ", ".join(f"{word} ({times:,})" for word, times in words[:8]) + (
                ", ..." if words[8:] else ""
            )
            found.append(
                f"{source!r}: {sum(times for _, times in words):,} value(s) are no amount: {shown}"
            )
        for (source, known), times in self.per_post.items():
            how = (
                "times the deliverables"
                if known
                else "for one deliverable, as no number of them is told"
            )
            found.append(f"{source!r}: {times:,} price(s) of one post, taken {how}")
        return found


def formats_from_deliverables(cells: list, formats: list[str | None]) -> list[str | None]:
    """Fill formats that no column tells from how the deliverables are written ("2 Reels")."""
    found = (parse_deliverables(cell) if isinstance(cell, str) else None for cell in cells)
    return [
        told or (package and package.format) for told, package in zip(formats, found, strict=True)
    ]
