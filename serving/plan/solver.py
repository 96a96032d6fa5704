"""The program of one plan, solved again and again with another budget or other rules."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from features.number_text import format_money
from serving.plan.choice_model import BUDGET, ChoiceModel
from serving.plan.options import Options
from serving.plan.problem import (
    LinearRule,
    NoPlan,
    Objective,
    PlanError,
    PlanProblem,
    PlanSolution,
)
from serving.plan.program import objective_value, solve
from serving.plan.rules import linear_rules
from serving.plan.settings import PlanSettings

#: Seconds below which nothing more is begun.
LEAST_SECONDS = 0.05
#: The share of the time left that one search takes of those for what is told of a plan.
SHARE = 0.15


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
        share: float = 1.0,
    ) -> PlanSolution:
        """Return the best choice at a budget, by the user's rules or `rules`, and `extra` ones.

        `explain`: whether rules that conflict are looked for; `share`: of the time left that it may
        take.

        Raises NoPlan in the user's words, and PlanError where the time is too short.
        """
        budget = self.settings.budget if budget is None else budget
        rules = self.rules_at(budget) if rules is None else rules
        problem = self._problem(budget, (*rules, *extra), objective or self.objective)
        limit = min(self.settings.time_limit, share * (self.deadline - time.monotonic()))
        try:
            return solve(problem, max(limit, LEAST_SECONDS), self.settings.gap, start, explain)
        except NoPlan as none:
            raise self._in_words(none, budget) from None

    def value(self, chosen: np.ndarray) -> float:
        """Return the objective of a roster in the draws that plans are chosen by."""
        return objective_value(self._problem(self.settings.budget, (), self.objective), chosen)

    def holds(self, chosen: np.ndarray, budget: float | None = None) -> bool:
        """Return whether a roster holds the budget and the rules."""
        budget = self.settings.budget if budget is None else budget
        problem = self._problem(budget, self.rules_at(budget), Objective())
        return ChoiceModel.of(problem).holds(np.isin(np.arange(self.options.n), chosen))

    def _problem(
        self, budget: float, rules: tuple[LinearRule, ...], objective: Objective
    ) -> PlanProblem:
        options = self.options
        scenarios = None if objective.kind == "mean" else self.scenarios
        return PlanProblem(
            options.candidate, options.fee, budget, options.expected, scenarios, rules, objective
        )

    def try_solve(self, what: str, **given: object) -> PlanSolution | None:
        """Return the best choice as `solve` does, None where none holds the rules, or the time is
        over, which `skipped` then tells of `what`.
        """
        if self.deadline - time.monotonic() < LEAST_SECONDS:
            self.skipped += [what] if what not in self.skipped else []
            return None
        try:
            return self.solve(**given, explain=False, share=SHARE)  # type: ignore[arg-type]
        except NoPlan:
            return None
        except PlanError:
            self.skipped += [what] if what not in self.skipped else []
            return None

    def _in_words(self, none: NoPlan, budget: float) -> NoPlan:
        """Return why there is no plan, with the amounts that do not fit together."""
        currency = self.settings.currency
        is_money = any(
            name == BUDGET or "budget" in name or "fee" in name for name in none.conflict
        )
        told = [
            f"the budget of {format_money(budget, currency)}"
            if name == BUDGET
            else f"{name}{self._amounts(name, budget) if is_money else ''}"
            for name in none.conflict
        ]
        if len(told) == 1:
            return NoPlan(none.conflict, f"no plan holds this rule: {told[0]}: relax it")
        return NoPlan(
            none.conflict,
            f"no plan holds these rules together: {'; '.join(told)}: relax one of them",
        )

    def _amounts(self, name: str, budget: float) -> str:
        """Return, in parentheses, the amounts that a rule of that name is about."""
        options, rules, currency = self.options, self.settings.rules, self.settings.currency
        for wanted in rules.must_have:
            if name == f"must have {wanted}":
                own = np.flatnonzero(options.named(wanted))
                least = own[np.argmin(options.fee[own])]
                parts = [part.replace("_", " ") for part, _ in options.parts[least]]
                beside = f" with {' and '.join(parts)}" if parts else ""
                return f" ({format_money(options.fee[least], currency)}{beside})"
        of_budget = f"of {format_money(budget, currency)}"
        if rules.max_share is not None and name.endswith("of the budget on one creator"):
            return f" ({format_money(rules.max_share * budget, currency)} {of_budget})"
        rule = next((one for one in self.rules_at(budget) if one.name == name), None)
        if rule is None:
            return ""
        if "of the budget on creators" in name:
            limit = rule.high if np.isfinite(rule.high) else rule.low
            return f" ({format_money(limit, currency)} {of_budget})"
        if name.startswith("at least") and "creator" in name:
            return self._cheapest_text(rule, int(rule.low))
        return ""

    def _cheapest_text(self, rule: LinearRule, count: int) -> str:
        """Return what the cheapest creators cost of those that a rule counts."""
        options = self.options
        fee = np.full(int(options.candidate.max()) + 1, np.inf)
        np.minimum.at(fee, options.candidate, np.where(rule.coefficients > 0, options.fee, np.inf))
        fee = np.sort(fee[np.isfinite(fee)])
        if len(fee) < count:
            return f" (the list has {len(fee)})"
        money = format_money(float(fee[:count].sum()), self.settings.currency)
        return f" (the cheapest cost {money})"
