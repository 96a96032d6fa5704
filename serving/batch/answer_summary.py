"""What the answers of a run say in all, counted chunk by chunk: that costs no memory, and a resumed
run has the counts of the chunks before.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.number_text import format_amount
from features.tables.currency import USD

#: Columns whose values are counted.
_COUNTED = ("band", "evidence", "verdict")
_COST = "cpe_usd_p50"
#: The fees' currencies with their rates, as texts such as "EUR 1.16".
_CURRENCIES = "fees_in"
#: Key of the currencies whose fees have no rate -> rejected rows.
WITHOUT_RATE = "without_rate"
#: Width of the classes in which costs are counted, in log10: quantiles are right to half of it.
_STEP = 0.01
_QUANTILES = {"a quarter up to": 0.25, "half up to": 0.5, "three quarters up to": 0.75}


def count_answers(answers: pa.Table) -> dict:
    """Return column -> value -> number of answers of a chunk; of costs, class -> number."""
    by_column: dict[str, dict[str, int]] = {}
    for name in _COUNTED:
        if name in answers.column_names:
            counts = pc.value_counts(answers[name].combine_chunks())
            by_column[name] = {
                str(entry["values"]): entry["counts"]
                for entry in counts.to_pylist()
                if entry["values"] is not None
            }
    if _COST in answers.column_names:
        costs = answers[_COST].to_numpy()
        classes = np.floor(np.log10(costs[np.isfinite(costs) & (costs > 0)]) / _STEP).astype(int)
        by_column[_COST] = {
            str(at): int(n) for at, n in zip(*np.unique(classes, return_counts=True), strict=True)
        }
        by_column[_CURRENCIES] = _count_currencies(answers)
    return by_column


def _count_currencies(answers: pa.Table) -> dict[str, int]:
    """Return the currencies of the fees that have a cost, with their rates -> number of answers."""
    columns = ["currency", "usd_per_unit"]
    if not set(columns) <= set(answers.column_names):
        return {}
    fees = answers.select(columns).filter(pc.is_valid(answers[_COST]))
    groups = fees.group_by(columns, use_threads=False).aggregate([([], "count_all")])
    counts: Counter[str] = Counter()
    for group in groups.to_pylist():
        code, rate, number = group["currency"], group["usd_per_unit"], group["count_all"]
        counts[f"{code} {rate!r}" if code and rate else f"{USD} 1.0"] += number
    return dict(counts)


@dataclass
class AnswerSummary:
    """The counts of all chunks so far."""

    counts: dict[str, Counter] = field(default_factory=dict)

    def add(self, figures: dict) -> None:
        """Add those of a chunk, of `count_answers`."""
        for name in (*_COUNTED, _COST, _CURRENCIES, WITHOUT_RATE):
            self.counts.setdefault(name, Counter()).update(figures.get(name, {}))

    def lines(self) -> list[str]:
        """Return a line for each column, with the most frequent value first, and one of costs."""
        lines = []
        for name in _COUNTED:
            if counts := self.counts.get(name):
                lines.append(f"{name}: {_listed(counts.most_common())}")
        costs = self.counts.get(_COST)
        if costs:
            currency, rate = self._currency()
            quantiles = (
                f"{words} {format_amount(_quantile(costs, share) / rate)}"
                for words, share in _QUANTILES.items()
            )
            lines.append(
                f"cost per engagement, {currency}, of {costs.total():,} with a fee: "
                f"{', '.join(quantiles)}"
            )
        for code, rows in self.counts.get(WITHOUT_RATE, Counter()).most_common():
            have = "row has a fee" if rows == 1 else "rows have fees"
            lines.append(f"{rows:,} {have} in {code}: give --rates FILE (currency, usd_per_unit)")
        return lines

    def _currency(self) -> tuple[str, float]:
        """Return the one currency of all fees with its rate to USD; USD where there are several."""
        currencies = self.counts.get(_CURRENCIES, Counter())
        if len(currencies) != 1:
            return USD, 1.0
        code, rate = next(iter(currencies)).rsplit(" ", 1)
        return code, float(rate)


def _listed(counts: Iterable[tuple[str, int]]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts)


def _quantile(classes: Counter, share: float) -> float:
    """Return the middle of the class that a quantile lies in, USD."""
    numbers = sorted(map(int, classes))
    cumulative = np.cumsum([classes[str(number)] for number in numbers])
    position = int(np.searchsorted(cumulative, share * cumulative[-1]))
    return 10 ** ((numbers[position] + 0.5) * _STEP)
