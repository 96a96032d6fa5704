"""What other budgets would bring: the frontier, and the next 1,000."""

from dataclasses import dataclass, replace

import numpy as np

from features.number_text import format_estimates, format_money
from serving.plan.answer import FrontierPoint, NextMoney
from serving.plan.outcomes import Outcomes
from serving.plan.problem import PlanSolution
from serving.plan.solver import PlanSolver

#: Budgets of the frontier as multiples of that of the plan, within the cheapest candidate and all.
MULTIPLES = (0.25, 0.5, 0.75, 1.25, 1.5, 2.0, 4.0)
#: How much more money is told of; a tenth of the budget where that is smaller than this share.
STEP, LEAST_BUDGET_OF_STEP = 1000.0, 2000.0


@dataclass(frozen=True)
class OtherBudget:
    """The plan of another budget: the options `chosen`, and whether the search was completed."""

    budget: float
    chosen: np.ndarray
    is_complete: bool


def other_budgets(solver: PlanSolver, solution: PlanSolution) -> list[OtherBudget]:
    """Return the best plans of about ten budgets, ascending, from the cheapest candidate to all;
    budgets at which the rules allow no plan are left out, and that of the plan.
    """
    if not solver.settings.details:
        return []
    found, start = [], None
    for budget in _budgets(solver):
        if budget == solver.settings.budget:
            start = solution.chosen
            continue
        what = "some budgets of the frontier"
        other = solver.try_solve(what, budget=budget, start=start)
        if other is not None and len(other.chosen):
            start = other.chosen
            found.append(OtherBudget(budget, start, other.is_complete))
    return found


def frontier_points(
    solver: PlanSolver, outcomes: Outcomes, solution: PlanSolution, others: list[OtherBudget]
) -> list[FrontierPoint]:
    """Return the plans of other budgets, that of the plan among them, ascending; those that change
    nothing are left out. A plan of a smaller budget that is better is taken in its place.
    """
    if not solver.settings.details:
        return []
    budget = solver.settings.budget
    own = OtherBudget(budget, solution.chosen, solution.is_complete)
    points: list[FrontierPoint] = []
    best: OtherBudget | None = None
    for other in sorted([*others, own], key=lambda one: one.budget):
        if best is not None and other is not own and _is_better(solver, best, other):
            other = replace(other, chosen=best.chosen)
        is_same = best is not None and best.chosen.tolist() == other.chosen.tolist()
        if other is own or not is_same:
            points.append(_point(solver, outcomes, other))
        best = other
    return points


def _is_better(solver: PlanSolver, smaller: OtherBudget, larger: OtherBudget) -> bool:
    """Return whether the plan of a smaller budget is better than that of a larger one."""
    is_more = solver.value(smaller.chosen) > solver.value(larger.chosen)
    return is_more and solver.holds(smaller.chosen, larger.budget)


def next_money(solver: PlanSolver, outcomes: Outcomes, solution: PlanSolution) -> NextMoney | None:
    """Return what 1,000 more would bring, or a tenth of a small budget more."""
    settings = solver.settings
    if not settings.details:
        return None
    step = STEP if settings.budget >= LEAST_BUDGET_OF_STEP else round_amount(settings.budget / 10)
    found = solver.try_solve(
        "what more money would bring", budget=settings.budget + step, start=solution.chosen
    )
    if found is None:
        return None
    expected = outcomes.offers.options.expected
    adds: float | None = float(expected[found.chosen].sum() - expected[solution.chosen].sum())
    money = format_money(step, settings.currency)
    if found.value <= solution.value * (1 + settings.gap):
        text = f"{money} more would bring next to nothing"
        if not (found.is_complete and solution.is_complete):
            text = f"what {money} more would bring is not known: the search stopped early"
            adds = None
        elif found.chosen.tolist() == solution.chosen.tolist():
            text = f"{money} more would change nothing"
            adds = 0.0
    else:
        gain = found.value - solution.value
        text = f"{money} more would {_gain_text(solver, gain, adds or 0.0)}"
    return {"amount": step, "adds": adds, "text": f"{text}."}


def round_amount(amount: float) -> float:
    """Return an amount in two digits.

    >>> round_amount(1234.0), round_amount(0.0456)
    (1200.0, 0.046)
    """
    return float(f"{amount:.1e}")


def _gain_text(solver: PlanSolver, gain: float, adds: float) -> str:
    """Return in words what a better plan brings: `gain` by the objective, `adds` in expectation."""
    measure, objective = solver.settings.measure, solver.objective
    counts = format_estimates(np.abs(np.array([gain, adds])))
    if objective.kind == "mean":
        return f"bring about {counts[0]} {measure} more on average"
    expected = f"{counts[1]} {'more' if adds >= 0 else 'fewer'} expected"
    if objective.kind == "probability":
        return f"make the goal {gain:.1%} more probable ({expected})"
    return f"bring about {counts[0]} {measure} more if it goes badly ({expected})"


def _budgets(solver: PlanSolver) -> list[float]:
    options = solver.options
    dearest = np.zeros(int(options.candidate.max()) + 1)
    np.maximum.at(dearest, options.candidate, options.fee)
    least, most = float(options.fee.min()), float(dearest.sum())
    own = solver.settings.budget
    ends = {_rounded_up(least), _rounded_up(most), own}
    between = {round_amount(share * own) for share in MULTIPLES}
    return sorted({budget for budget in between if least <= budget <= most} | ends)


def _rounded_up(amount: float) -> float:
    """Return an amount of two digits that is no smaller, so that it can be paid."""
    rounded = round_amount(amount)
    return rounded if rounded >= amount else round_amount(amount * 1.05)


def _point(solver: PlanSolver, outcomes: Outcomes, plan: OtherBudget) -> FrontierPoint:
    figures = outcomes.figures("engagements", plan.chosen)
    assert figures is not None
    return {
        "budget": plan.budget,
        "spend": float(solver.options.fee[plan.chosen].sum()),
        "creators": len(plan.chosen),
        "engagements": figures,
        "is_proven": plan.is_complete,
    }
