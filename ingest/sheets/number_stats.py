"""What the texts of one column prove together about how its numbers are written."""

import re
from collections import Counter
from dataclasses import dataclass, field

from ingest.sheets.number_parser import ParsedNumber, last_mark, parse_number_text

#: A number that two marks between its digits decide, standing by itself in a text.
_GROUPED = {
    decimal: re.compile(
        rf"(?<![\w.,-])[1-9]\d{{0,2}}"
        rf"(?:(?:[{group}]\d{{3}}){{2}}(?:[{decimal}]\d+)?|[{group}]\d{{3}}[{decimal}]\d{{1,2}})"
        r"(?![.,-]?\d)(?![^\W\d_]\d)"
    )
    for decimal, group in ((",", "."), (".", ","))
}
#: A text that begins with words and not with a figure.
_WORDED = re.compile(r"[^\d]*[^\W\d_]{3}|\D+$")
#: So many numbers with three digits behind their mark are no chance.
FEWEST_GROUPED = 5
#: Longer texts are not searched for such a number.
_LONGEST_SEARCHED = 1000


def grouped_marks(text: str) -> set[str]:
    """Return the decimal marks that numbers in a text prove by two marks between their digits.

    >>> grouped_marks("reached 1.200.000 people"), grouped_marks("1,250.50"), grouped_marks("1.250")
    ({','}, {'.'}, set())
    """
    if len(text) > _LONGEST_SEARCHED:
        return set()
    return {decimal for decimal, pattern in _GROUPED.items() if pattern.search(text)}


@dataclass
class NumberStats:
    """Counts of the numbers of one column; memory does not grow with the rows.

    `mark_counts`: (currency, has a suffix, `ParsedNumber.proven_mark`) -> how many;
    `first_unclear`: (currency, has a suffix, its mark) -> the first that is unclear; `words`:
    suffix of more than one letter -> the first text with it; `sizes`: of rates without a percent
    sign, by `rate_size`. `round_unclear`: how many of the unclear numbers without a suffix end in
    a zero; `bare`: how many numbers are digits alone; `worded`: how many texts are words and no
    number.
    """

    read: int = 0
    unread: int = 0
    mark_counts: Counter[tuple[str | None, bool, str]] = field(default_factory=Counter)
    first_unclear: dict[tuple[str | None, bool, str], tuple[str, ParsedNumber]] = field(
        default_factory=dict
    )
    words: dict[str, str] = field(default_factory=dict)
    percents: int = 0
    suffixed: int = 0
    approximate: int = 0
    currencies: Counter[str | None] = field(default_factory=Counter)
    sizes: Counter[str] = field(default_factory=Counter)
    round_unclear: int = 0
    bare: int = 0
    worded: int = 0

    def add(self, texts: dict[str, int], rates: bool = False) -> None:
        """Count distinct texts, text -> how often; of `rates` the sizes of values without a percent
        sign too.
        """
        for text, times in texts.items():
            number = parse_number_text(text)
            if number is None:
                self.unread += times
                self.worded += times * (_WORDED.match(text) is not None)
                continue
            self.read += times
            has_suffix, mark = number.power > 0, last_mark(number.core)
            proof = number.proven_mark
            self.mark_counts[number.currency, has_suffix, proof] += times
            self.bare += times * (number.core.isdigit() and not has_suffix)
            if proof == "?":
                self.round_unclear += times * (number.core[-1] == "0" and not has_suffix)
                key = (number.currency, has_suffix, mark)
                self.first_unclear.setdefault(key, (text, number))
            if number.word:
                self.words.setdefault(number.word, text)
            self.percents += times * number.percent
            self.suffixed += times * has_suffix
            self.approximate += times * number.approximate
            self.currencies[number.currency] += times
            if rates and not number.percent:
                value = number.value_with_mark(mark)
                if value is not None:
                    self.sizes[rate_size(float(value))] += times

    def add_marks(self, marks: set[str]) -> None:
        """Count decimal marks that are proven beside the rows, as in a row that sums them up."""
        for mark in marks:
            self.mark_counts[None, False, mark] += 1

    def grouping_mark(self, means: bool) -> str | None:
        """Return the one mark that stands between thousands in all numbers that have a mark, None
        where that is not plain.

        That is so where there are FEWEST_GROUPED of them, and all have three digits behind one
        mark: a count is whole. `means`: of means it is so only where other numbers are digits
        alone, or most of these are round, as no mean with three decimals is.
        """
        counts = self.proofs
        count = counts[False, "?"]
        marks = {mark for suffixed, mark in self.unclear if not suffixed}
        if count < FEWEST_GROUPED or len(marks) > 1 or any(counts[False, mark] for mark in ".,!"):
            return None
        if means and not self.bare and 2 * self.round_unclear < count:
            return None
        return marks.pop()

    @property
    def proofs(self) -> Counter[tuple[bool, str]]:
        """(Has a suffix, the mark that it proves) -> how many, in all currencies."""
        counts: Counter[tuple[bool, str]] = Counter()
        for (_, suffixed, proof), times in self.mark_counts.items():
            counts[suffixed, proof] += times
        return counts

    @property
    def unclear(self) -> dict[tuple[bool, str], tuple[str, ParsedNumber]]:
        """(Has a suffix, its mark) -> the first that is unclear."""
        return {
            (suffixed, mark): first
            for (_, suffixed, mark), first in reversed(self.first_unclear.items())
        }

    def of(self, currency: str | None) -> "NumberStats":
        """Return what the amounts of one currency prove of their marks."""
        counts = {key: times for key, times in self.mark_counts.items() if key[0] == currency}
        unclear = {key: first for key, first in self.first_unclear.items() if key[0] == currency}
        return NumberStats(mark_counts=Counter(counts), first_unclear=unclear)

    def has_marks(self, suffixed: bool) -> bool:
        """Return whether a number, with a suffix or without, has a mark."""
        return any(
            times for (group, proof), times in self.proofs.items() if group == suffixed and proof
        )

    def has_both_marks(self, suffixed: bool) -> bool:
        """Return whether numbers, with a suffix or without, prove both marks."""
        return bool(self.proofs[suffixed, "."] and self.proofs[suffixed, ","])

    @property
    def decimals(self) -> set[str]:
        """The decimal marks that plain numbers prove; where they prove none, those with a "
        "suffix."""
        plain = {mark for mark in ".," if self.proofs[False, mark]}
        return plain or {mark for mark in ".," if self.proofs[True, mark]}


def rate_size(value: float) -> str:
    """Sort a rate into the classes that tell fractions from percentages.

    >>> rate_size(0.034), rate_size(0.5), rate_size(3.4)
    ('fraction', 'either', 'percent')
    """
    size = abs(value)
    if size == 0:
        return "zero"
    if size < 0.1:
        return "fraction"
    return "either" if size <= 1 else "percent"
