"""What the answers of a run say in all: counted lot by lot, so that it costs no memory and a
resumed run knows it.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.number_text import format_amount

#: Answers are counted by these.
_COUNTED = ("band", "evidence", "verdict")
_COST = "cpe_usd_p50"
#: Costs are counted in classes that are so much wider, one after the other: quantiles are right to
#: half of that.
_STEP = 0.01
_QUANTILES = {"a quarter up to": 0.25, "half up to": 0.5, "three quarters up to": 0.75}


def count_answers(answers: pa.Table) -> dict:
    """Count a lot's answers."""
    found = {}
    for name in _COUNTED:
        if name in answers.column_names:
            counts = pc.value_counts(answers[name].combine_chunks())
            found[name] = {
                str(one["values"]): one["counts"]
                for one in counts.to_pylist()
                if one["values"] is not None
            }
    if _COST in answers.column_names:
        costs = answers[_COST].to_numpy()
        classes = np.floor(np.log10(costs[np.isfinite(costs) & (costs > 0)]) / _STEP).astype(int)
        found[_COST] = {
            str(at): int(n) for at, n in zip(*np.unique(classes, return_counts=True), strict=True)
        }
    return found


@dataclass
class AnswerSummary:
    """The counts of all lots so far."""

    counts: dict[str, Counter] = field(default_factory=dict)

    def add(self, figures: dict) -> None:
        """Add those of a lot."""
        for name in (*_COUNTED, _COST):
            self.counts.setdefault(name, Counter()).update(figures.get(name, {}))

    def lines(self) -> list[str]:
        """Word them, most frequent first."""
        told = {name: self.counts[name] for name in _COUNTED if self.counts.get(name)}
        lines = [f"{name}: {_listed(counts.most_common())}" for name, counts in told.items()]
        costs = self.counts.get(_COST)
        if costs:
            said = (
                f"{words} {format_amount(_quantile(costs, share))}"
                for words, share in _QUANTILES.items()
            )
            lines.append(
                f"cost per engagement, USD, of {costs.total():,} with a fee: {', '.join(said)}"
            )
        return lines


def _listed(counts: Iterable[tuple[str, int]]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts)


def _quantile(classes: Counter, share: float) -> float:
    """Give the middle of the class that a quantile lies in."""
    at = sorted(map(int, classes))
    upto = np.cumsum([classes[str(one)] for one in at])
    return 10 ** ((at[int(np.searchsorted(upto, share * upto[-1]))] + 0.5) * _STEP)
