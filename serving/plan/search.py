"""The best choice by a concave measure of it, such as an expectation or the mean of bad scenarios.

Cutting planes (Kelley 1960): a concave measure lies below its tangents. The program without whole
numbers is solved under more and more tangents until they meet the measure, which gives a bound;
options whose loss in it exceeds what is still open cannot be in a better plan (reduced-cost
fixing) and are left out of the search among whole options.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from serving.plan.choice_model import ChoiceModel, Cut

#: Returns the measure of a choice in whole options or shares (n,), and the measure's tangent there.
Measure = Callable[[np.ndarray], tuple[float, Cut]]

#: Options of the first search among whole options: those with the least loss in the relaxation.
FIRST_COLUMNS = 150
#: Nodes of the first search; a number, not a time, so that the plan is the same on every machine.
FIRST_NODES = 2000
#: Rounds of tangents in the relaxation at most.
MOST_ROUNDS = 300
#: The share of the allowed gap that the relaxation may leave open.
RELAXATION_SHARE = 0.1


@dataclass
class Search:
    """The state of a search: the best choice yet, `best` mask (n,) with its `value`, and `bound`:
    no choice has more.
    """

    model: ChoiceModel
    measure: Measure
    gap: float
    deadline: float
    best: np.ndarray | None = None
    value: float = -np.inf
    bound: float = np.inf
    cuts: list[Cut] = field(default_factory=list)
    loss: np.ndarray | None = None
    relaxed_bound: float = np.inf

    @property
    def open_gap(self) -> float:
        return relative_gap(self.value, self.bound)

    @property
    def is_done(self) -> bool:
        return self.open_gap <= self.gap

    @property
    def time_left(self) -> float:
        return self.deadline - time.monotonic()

    def run(self, start: np.ndarray | None = None) -> bool:
        """Search until the gap or the deadline is reached; return whether any choice holds the
        rows.
        """
        self.consider(np.zeros(len(self.model.allowed), dtype=bool))
        if start is not None:
            self.consider(start)
        if not self._relax():
            return False
        if not self.is_done:
            self._search_first()
        while not self.is_done and self.time_left > 0:
            if not self._search_all():
                break
        return True

    def consider(self, chosen: np.ndarray) -> float:
        """Take a choice, mask (n,), if it holds and is better; return its measure."""
        value, cut = self.measure(chosen.astype(float))
        self.cuts.append(cut)
        if value > self.value and self.model.holds(chosen):
            self.best, self.value = chosen, value
        return value

    def _relax(self) -> bool:
        """Bound the measure by the program without whole numbers; False where nothing holds."""
        self.cuts.append(self.measure(np.zeros(len(self.model.allowed)))[1])
        inside, inside_value = None, -np.inf
        for _ in range(MOST_ROUNDS):
            relaxed = self.model.relax(self.cuts, self.time_left)
            if relaxed is None:
                return False
            if relaxed.bound < self.bound:
                self.bound = self.relaxed_bound = relaxed.bound
                self.loss = relaxed.loss
            value, cut = self.measure(relaxed.share)
            self.cuts.append(cut)
            if value > inside_value:
                inside, inside_value = relaxed.share, value
            if relative_gap(inside_value, relaxed.bound) <= RELAXATION_SHARE * self.gap:
                break
            if inside is not None and inside is not relaxed.share:
                between = (inside + relaxed.share) / 2
                value, cut = self.measure(between)
                self.cuts.append(cut)
                if value > inside_value:
                    inside, inside_value = between, value
            if self.time_left < 0:
                break
        return True

    def _search_first(self) -> None:
        """Search among the options with the least loss, for a good choice soon."""
        assert self.loss is not None
        order = np.argsort(self.loss, kind="stable")[FIRST_COLUMNS:]
        left_out = np.zeros(len(self.loss), dtype=bool)
        left_out[order] = True
        model = self.model.without(left_out)
        for _ in range(5):
            choice = model.choose(self.cuts, self.time_left, self.gap / 4, FIRST_NODES)
            if choice.chosen is None:
                return
            value = self.consider(choice.chosen)
            if self.is_done or relative_gap(value, choice.bound) <= self.gap / 2:
                return

    def _search_all(self) -> bool:
        """Search among all options that can be in a better choice; False where that is settled."""
        assert self.loss is not None
        left_out = self.relaxed_bound - self.loss < self.value
        model = self.model.without(left_out)
        choice = model.choose(self.cuts, self.time_left, self.gap / 4)
        if choice.is_impossible:
            self.bound = self.value
            return self.best is not None
        if np.isfinite(choice.bound):
            self.bound = min(self.bound, max(choice.bound, self.value))
        if choice.chosen is None:
            return False
        before = len(self.cuts)
        value = self.consider(choice.chosen)
        return len(self.cuts) > before and value < choice.bound


def relative_gap(value: float, bound: float) -> float:
    """Return (bound - value) / |bound|, 0 where the bound is reached."""
    if value >= bound:
        return 0.0
    return (bound - value) / max(abs(bound), 1e-12)
