"""What other budgets would bring: the frontier, and the next 1,000."""

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


def frontier_points(
    solver: PlanSolver, outcomes: Outcomes, solution: PlanSolution
) -> list[FrontierPoint]:
    """Return the best plans of about ten budgets, ascending, from the cheapest candidate to all,
    that of the plan among them; budgets at which the rules allow no plan, or that change nothing,
    are left out.
    """
    if not solver.settings.details:
        return []
    points, start = [], None
    for budget in _budgets(solver):
        if budget == solver.settings.budget:
            chosen = solution.chosen
        else:
            found = solver.try_solve("some budgets of the frontier", budget=budget, start=start)
            if found is None or not len(found.chosen):
                continue
            chosen = found.chosen
        if budget != solver.settings.budget and start is not None and _same(start, chosen):
            continue
        start = chosen
        points.append(_point(solver, outcomes, budget, chosen))
    return points


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
    adds = float(expected[found.chosen].sum() - expected[solution.chosen].sum())
    money = format_money(step, settings.currency)
    if found.value <= solution.value * (1 + settings.gap):
        text = f"{money} more would bring next to nothing"
        if found.chosen.tolist() == solution.chosen.tolist():
            text = f"{money} more would change nothing"
            adds = 0.0
    else:
        gain = found.value - solution.value
        text = f"{money} more would {_gain_text(solver, gain, adds)}"
    return {"amount": step, "adds": adds, "text": f"{text}."}


def round_amount(amount: float) -> float:
    """Return an amount in two digits.

    >>> round_amount(1234.0), round_amount(0.0456)
    (1200.0, 0.046)
    """
    return float(f"{amount:.1e}")


def _same(one: np.ndarray, other: np.ndarray) -> bool:
    return one.tolist() == other.tolist()


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


def _point(
    solver: PlanSolver, outcomes: Outcomes, budget: float, chosen: np.ndarray
) -> FrontierPoint:
    figures = outcomes.figures("engagements", chosen)
    assert figures is not None
    return {
        "budget": budget,
        "spend": float(solver.options.fee[chosen].sum()),
        "creators": len(chosen),
        "engagements": figures,
    }
