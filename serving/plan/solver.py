"""The program of one plan, solved again and again with another budget or other rules."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from features.number_text import format_money
from serving.plan.choice_model import BUDGET
from serving.plan.options import Options
from serving.plan.problem import (
    LinearRule,
    NoPlan,
    Objective,
    PlanError,
    PlanProblem,
    PlanSolution,
)
from serving.plan.program import solve
from serving.plan.rules import linear_rules
from serving.plan.settings import PlanSettings

#: Seconds below which nothing more is begun.
LEAST_SECONDS = 0.05


@dataclass
class PlanSolver:
    """Solves the program over options; `scenarios` (draws, n), None where the objective is the
    mean; `objective`: that of the settings, or one in its place. `skipped`: what there was no time
    for.
    """

    options: Options
    settings: PlanSettings
    scenarios: np.ndarray | None
    deadline: float = np.inf
    objective: Objective = field(init=False)
    skipped: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.objective = self.settings.objective

    def rules_at(self, budget: float) -> tuple[LinearRule, ...]:
        """Return the rules of the user; their shares are of the budget."""
        return linear_rules(self.settings.rules, self.options, budget, self.settings.currency)

    def solve(
        self,
        budget: float | None = None,
        rules: Sequence[LinearRule] | None = None,
        extra: Sequence[LinearRule] = (),
        objective: Objective | None = None,
        start: np.ndarray | None = None,
        explain: bool = True,
    ) -> PlanSolution:
        """Return the best choice at a budget, by the user's rules or `rules`, and `extra` ones.

        `explain`: whether rules that conflict are looked for.

        Raises NoPlan in the user's words, and PlanError where the time is too short.
        """
        budget = self.settings.budget if budget is None else budget
        rules = self.rules_at(budget) if rules is None else rules
        objective = objective or self.objective
        problem = PlanProblem(
            self.options.candidate,
            self.options.fee,
            budget,
            self.options.expected,
            None if objective.kind == "mean" else self.scenarios,
            (*rules, *extra),
            objective,
        )
        limit = min(self.settings.time_limit, self.deadline - time.monotonic())
        try:
            return solve(problem, max(limit, LEAST_SECONDS), self.settings.gap, start, explain)
        except NoPlan as none:
            raise _in_words(none, budget, self.settings.currency) from None

    def try_solve(self, what: str, **given: object) -> PlanSolution | None:
        """Return the best choice as `solve` does, None where none holds the rules, or the time is
        over, which `skipped` then tells of `what`.
        """
        if self.deadline - time.monotonic() < LEAST_SECONDS:
            self.skipped += [what] if what not in self.skipped else []
            return None
        try:
            return self.solve(**given, explain=False)  # type: ignore[arg-type]  # those of solve
        except NoPlan:
            return None
        except PlanError:
            self.skipped += [what] if what not in self.skipped else []
            return None


def _in_words(none: NoPlan, budget: float, currency: str) -> NoPlan:
    """Return why there is no plan, the budget with its amount."""
    money = f"the budget of {format_money(budget, currency)}"
    names = tuple(money if name == BUDGET else name for name in none.conflict)
    if len(names) == 1:
        return NoPlan(none.conflict, f"no plan holds this rule: {names[0]}: relax it")
    told = "; ".join(names)
    return NoPlan(none.conflict, f"no plan holds these rules together: {told}: relax one of them")
