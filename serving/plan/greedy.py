"""A choice made at once, the cheapest for what it brings first: where every search begins, so that
no plan is worse than it, however short the time.

Rules that ask for something at least are filled first, by the cheapest options that count for them;
then the others follow while every rule holds; then options are exchanged for dearer ones of the
same candidate, those first that bring most for the difference (Sinha and Zoltners 1979).
"""

import numpy as np

from serving.plan.choice_model import ROUNDING, ChoiceModel
from serving.plan.problem import PlanProblem

#: Rounds of exchanges between options of one candidate.
MOST_ROUNDS = 10


def greedy_choice(problem: PlanProblem, model: ChoiceModel) -> np.ndarray | None:
    """Return a choice, mask (n,), that holds all rows of `model`; None where this finds none."""
    greedy = _Greedy(problem, model)
    for rule in np.flatnonzero(np.isfinite(greedy.low)).tolist():
        greedy.fill(rule)
    greedy.add_all()
    for _ in range(MOST_ROUNDS):
        if not greedy.exchange_own():
            break
    return greedy.chosen if model.holds(greedy.chosen) else None


class _Greedy:
    """The state: `chosen` mask (n,), `option` (m,) of each candidate, -1 for none, `sums` of the
    rules.
    """

    def __init__(self, problem: PlanProblem, model: ChoiceModel):
        first = model.first_rule
        self.candidate, self.expected, self.fee = problem.candidate, problem.expected, problem.fee
        self.rows = model.matrix[first:].toarray()
        self.low, self.high = model.low[first:], model.high[first:]
        self.allowed = model.allowed
        self.chosen = np.zeros(len(self.fee), dtype=bool)
        self.option = np.full(int(self.candidate.max(initial=-1)) + 1, -1)
        self.sums = np.zeros(len(self.rows))
        with np.errstate(divide="ignore", invalid="ignore"):
            unit = np.where(self.expected > 0, self.fee / self.expected, np.inf)
            # equal but for rounding: the larger option of a candidate comes first
            rank = np.round(np.log(unit), 9)
        self.order = np.lexsort((-self.fee, rank))

    def fill(self, rule: int) -> None:
        """Take the cheapest options that count for a rule until it has what it asks for."""
        counts = self.rows[rule] > 0
        for option in self.order[counts[self.order]].tolist():
            if self.sums[rule] >= self.low[rule] - ROUNDING:
                return
            self._take(option)

    def add_all(self) -> None:
        """Take all that fit, the cheapest first."""
        for option in self.order[self.expected[self.order] > 0].tolist():
            self._take(option)

    def exchange_own(self) -> bool:
        """Exchange options for dearer ones of the same candidate; return whether any was."""
        own = self.option[self.candidate]
        gain = np.where(own >= 0, self.expected - self.expected[own], 0.0)
        more = self.fee - self.fee[own]
        places = np.flatnonzero(gain > 0)
        with np.errstate(divide="ignore"):
            worth = np.where(more[places] > 0, gain[places] / more[places], np.inf)
        changed = False
        for option in places[np.argsort(-worth, kind="stable")].tolist():
            before = int(self.option[self.candidate[option]])
            if self.expected[option] > self.expected[before]:
                changed |= self._take(option, before)
        return changed

    def _take(self, option: int, before: int = -1) -> bool:
        """Take an option, in place of `before`, if no rule is then overstepped; return whether."""
        candidate = self.candidate[option]
        if not self.allowed[option] or self.option[candidate] != before:
            return False
        sums = self.sums + self.rows[:, option]
        if before >= 0:
            sums -= self.rows[:, before]
            if (sums < np.minimum(self.low, self.sums) - ROUNDING).any():
                return False
        if (sums > np.maximum(self.high, self.sums) + ROUNDING).any():
            return False
        self.sums, self.option[candidate] = sums, option
        self.chosen[option] = True
        if before >= 0:
            self.chosen[before] = False
        return True
