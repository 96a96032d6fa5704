"""The best choice by a concave measure of it, such as an expectation or the mean of bad scenarios.

Cutting planes (Kelley 1960): a concave measure lies below its tangents. The program without whole
numbers is solved under more and more tangents until they meet the measure, which gives a bound;
options whose loss in it exceeds what is still open cannot be in a better plan (reduced-cost
fixing) and are left out of the search among whole options.
"""

import time
from dataclasses import dataclass, field

import numpy as np

from serving.plan.choice_model import Choice, ChoiceModel, Cut
from serving.plan.measures import Measure

#: Options of the first search among whole options: those with the least loss in the relaxation.
FIRST_OPTIONS = 200
#: Nodes of searches that need not be exact; a number, not a time, so that the plan is the same on
#: every machine.
FEW_NODES = 50
#: Rounds of tangents in the relaxation: before a first choice is looked for, and at most.
FIRST_ROUNDS, MOST_ROUNDS = 4, 200
#: The share of the allowed gap that the relaxation may leave open.
RELAXATION_SHARE = 0.2
#: Differences of measures that are rounding: totals are in units of about one option.
TINY = 1e-7


@dataclass
class Search:
    """The state of a search: the best choice yet, `best` mask (n,) with its `value`, and `bound`:
    no choice has more.

    `gap`: relative distance to the bound at which it stops; `deadline`: of time.monotonic; `loss`
    (n,): by how much `relaxed_bound` falls if the option is taken.
    """

    model: ChoiceModel
    measure: Measure
    gap: float
    deadline: float
    best: np.ndarray | None = None
    value: float = -np.inf
    bound: float = np.inf
    relaxed_bound: float = np.inf
    loss: np.ndarray | None = None
    cuts: list[Cut] = field(default_factory=list)

    @property
    def is_done(self) -> bool:
        return relative_gap(self.value, self.bound) <= self.gap

    @property
    def time_left(self) -> float:
        return self.deadline - time.monotonic()

    @property
    def cutoff(self) -> float:
        """What a choice must exceed to matter: better than the best by the gap."""
        return self.value + max(self.gap * abs(self.value), TINY)

    def consider(self, chosen: np.ndarray) -> tuple[float, Cut]:
        """Take a choice, mask (n,), if it holds and is better; return its measure and tangent."""
        value, cut = self.measure.at(chosen.astype(float))
        if value > self.value and self.model.holds(chosen):
            self.best, self.value = chosen, value
        return value, cut

    def lower_bound_to(self, bound: float) -> None:
        self.bound = min(self.bound, max(bound, self.value))

    def hopeless(self) -> np.ndarray:
        """Return which options, mask (n,), no choice above the cutoff has."""
        assert self.loss is not None
        return self.relaxed_bound - self.loss < self.cutoff

    def least_loss(self) -> np.ndarray:
        """Return the positions of the FIRST_OPTIONS options with the least loss."""
        assert self.loss is not None
        order = np.argsort(self.loss, kind="stable")[:FIRST_OPTIONS]
        return order[np.isfinite(self.loss[order])]

    def relax(self, rounds: int = MOST_ROUNDS) -> bool:
        """Bound the measure by the program without whole numbers, with at most so many rounds of
        tangents; False where nothing holds. Hopeless options are left out where a choice is known.

        Tangents are taken at the relaxation's choice and half way to the best choice in shares yet,
        which keeps them from going to and fro.
        """
        centre = np.zeros(len(self.model.allowed)) if self.best is None else self.best.astype(float)
        centre_value = self.value
        if not self.cuts:
            self.cuts.append(self.measure.at(centre)[1])
        for _ in range(rounds):
            model = self.model if self.loss is None else self.model.without(self.hopeless())
            relaxed = model.relax(self.cuts, self.time_left)
            if relaxed is None:
                self.lower_bound_to(self.cutoff)
                return self.best is not None
            if relaxed.bound < self.relaxed_bound:
                self.relaxed_bound, self.loss = relaxed.bound, relaxed.loss
                self.lower_bound_to(max(relaxed.bound, self.cutoff))
            between = (centre + relaxed.share) / 2
            for share in (relaxed.share, between):
                value, cut = self.measure.at(share)
                self.cuts.append(cut)
                if value > centre_value:
                    centre, centre_value = share, value
            closed = relative_gap(centre_value, relaxed.bound) <= RELAXATION_SHARE * self.gap
            if closed or self.is_done or self.time_left < 0:
                break
        return True

    def first_choice(self) -> bool:
        """Take a good choice soon; False where no choice holds the rows."""
        left_out = np.ones(len(self.model.allowed), dtype=bool)
        left_out[self.least_loss()] = False
        model = self.model.without(left_out)
        choice = model.choose(self.cuts[-2:], self.time_left, 0.05, FEW_NODES)
        if choice.chosen is None and self.best is None:
            choice = self.model.choose([], self.time_left, 1.0)
        if choice.chosen is not None:
            self.cuts.append(self.consider(choice.chosen)[1])
        return self.best is not None or not choice.is_impossible

    def run_exactly(self) -> bool:
        """Search by the program with the tangents as rows, which is exact where the measure is
        linear; return whether any choice holds the rows.
        """
        while not self.is_done and self.time_left > 0:
            model = self.model.without(self.hopeless())
            choice = model.choose(self.cuts, self.time_left, self.gap / 4)
            if choice.is_impossible:
                self.bound = self.cutoff
                break
            if not self._take(choice):
                break
        return self.best is not None or self.time_left <= 0

    def _take(self, choice: Choice) -> bool:
        """Take the answer of the program; return whether it can be made better by its tangent."""
        if np.isfinite(choice.bound):
            self.lower_bound_to(max(choice.bound, self.cutoff))
        if choice.chosen is None:
            return False
        value, cut = self.consider(choice.chosen)
        self.cuts.append(cut)
        return value < choice.bound - TINY


def relative_gap(value: float, bound: float) -> float:
    """Return (bound - value) / |bound|, 0 where the bound is reached."""
    if value >= bound - 2 * TINY:
        return 0.0
    return (bound - value) / max(abs(bound), TINY)
