"""Other rosters that may do as well, compared with the plan on the same draws."""

from collections.abc import Callable

import numpy as np

from features.number_text import (
    format_estimates,
    format_money,
    format_probability,
)
from serving.plan.answer import ClosePlan
from serving.plan.candidates import CandidateList
from serving.plan.outcomes import Outcomes
from serving.plan.problem import LinearRule, PlanSolution
from serving.plan.rules import linear_rules
from serving.plan.solver import PlanSolver
from serving.plan.words import outcomes_words

#: A plan that brings more than another one in fewer of the draws is within noise of it.
NOISE = 0.8
#: Names told of who is exchanged.
MOST_NAMED = 3


#: Another roster: what it is, and its options.
Roster = tuple[str, np.ndarray]


def close_rosters(solver: PlanSolver, solution: PlanSolution) -> list[Roster]:
    """Return the best plan with other creators, and the greedy one by cost where it holds the
    rules.
    """
    if not solver.settings.details or not len(solution.chosen):
        return []
    rosters = [
        ("the best plan with other creators", _second_best(solver, solution)),
        ("the cheapest engagements first", _greedy(solver)),
    ]
    return [(what, roster) for what, roster in rosters if roster is not None and len(roster)]


def close_plans(
    candidates: CandidateList,
    solver: PlanSolver,
    outcomes: Outcomes,
    plan: np.ndarray,
    rosters: list[Roster],
) -> list[ClosePlan]:
    """Return other rosters compared with the plan; those that equal it are left out."""
    found: list[ClosePlan] = []
    seen = {tuple(plan.tolist())}
    for what, roster in rosters:
        if tuple(roster.tolist()) in seen:
            continue
        seen.add(tuple(roster.tolist()))
        found.append(_close_plan(what, candidates, solver, outcomes, plan, roster))
    return found


def noise_warnings(others: list[ClosePlan], is_as_good: Callable[[ClosePlan], bool]) -> list[str]:
    """Return a warning for each roster that the plan is not clearly better than."""
    return [_noise_text(other) for other in others if is_as_good(other)]


def _noise_text(other: ClosePlan) -> str:
    if other["probability_better"] < 1 - NOISE:
        start = "another plan brings more in most outcomes, but is no better on the whole"
        return f"{start}: {other['text']}"
    return f"another plan is about as good: {other['text']}"


def probability_better(
    outcomes: Outcomes, measure: str, one: np.ndarray, other: np.ndarray
) -> float:
    """Return the share of the draws in which a roster brings more than another one; equal totals
    count half.
    """
    difference = outcomes.totals(measure, one) - outcomes.totals(measure, other)
    return float((difference > 0).mean() + (difference == 0).mean() / 2)


def _second_best(solver: PlanSolver, solution: PlanSolution) -> np.ndarray | None:
    """Return the best roster that lacks at least one creator of the plan."""
    options = solver.options
    creators = np.unique(options.candidate[solution.chosen])
    same = np.isin(options.candidate, creators).astype(float)
    rule = LinearRule("other creators", same, high=len(creators) - 1)
    found = solver.try_solve("the best plan with other creators", extra=(rule,))
    return None if found is None or not len(found.chosen) else found.chosen


def _greedy(solver: PlanSolver) -> np.ndarray | None:
    """Return the roster that takes the cheapest for what they bring until the budget is used; None
    where that breaks a rule.
    """
    options, settings = solver.options, solver.settings
    rules = linear_rules(settings.rules, options, settings.budget, settings.currency)
    allowed = np.ones(options.n, dtype=bool)
    for rule in rules:
        if rule.high == 0:
            allowed &= rule.coefficients == 0
    with np.errstate(divide="ignore", invalid="ignore"):
        unit = np.where(allowed & (options.expected > 0), options.fee / options.expected, np.inf)
    taken: dict[int, int] = {}
    left = settings.budget
    for place in np.lexsort((-options.fee, unit)).tolist():
        candidate = int(options.candidate[place])
        if np.isfinite(unit[place]) and candidate not in taken and options.fee[place] <= left:
            taken[candidate] = place
            left -= options.fee[place]
    roster = np.sort(np.array(list(taken.values()), dtype=int))
    for rule in rules:
        total = rule.coefficients[roster].sum()
        if not rule.low - 1e-9 <= total <= rule.high + 1e-9:
            return None
    return roster


def _close_plan(
    what: str,
    candidates: CandidateList,
    solver: PlanSolver,
    outcomes: Outcomes,
    plan: np.ndarray,
    other: np.ndarray,
) -> ClosePlan:
    options, settings = solver.options, solver.settings
    spend, mean = (float(values[other].sum()) for values in (options.fee, options.expected))
    better = probability_better(outcomes, settings.measure, plan, other)
    money = format_money(spend, settings.currency)
    own_mean = float(options.expected[plan].sum())
    count, own_count = format_estimates(np.array([mean, own_mean]))
    who = "it" if better < 0.5 else "the plan"
    value = outcomes.value(other)
    text = (
        f"{what} ({_exchange(candidates, options.row[plan], options.row[other])}) for {money} "
        f"would bring about {count} {settings.measure} on average, the plan {own_count}; {who} "
        f"brings more in {outcomes_words(max(better, 1 - better))}"
        f"{_value_text(solver, value, outcomes.value(plan))}"
    )
    ids = [candidates.ids[row] for row in options.row[other].tolist()]
    return {
        "text": text,
        "roster": ids,
        "spend": spend,
        "mean": mean,
        "value": value,
        "probability_better": better,
    }


def _value_text(solver: PlanSolver, value: float, own: float) -> str:
    """Return the two values by the objective, where it is none that the text tells already."""
    objective, settings = solver.settings.objective, solver.settings
    if objective.kind == "mean":
        return ""
    if objective.kind == "probability":
        words = "its chance to reach the goal is"
        told = [format_probability(one) for one in (value, own)]
    else:
        share = f"{100 * objective.level:g} %"
        words = (
            f"the worst {share} of cases bring"
            if objective.kind == "cvar"
            else (f"all but {share} of cases reach")
        )
        told = format_estimates(np.array([value, own]))
        words = f"with it {words}"
        told[0] += f" {settings.measure}"
    return f"; {words} {told[0]}, with the plan {told[1]}"


def _exchange(candidates: CandidateList, plan: np.ndarray, other: np.ndarray) -> str:
    """Return who comes and who leaves, in words."""
    come, leave = np.setdiff1d(other, plan).tolist(), np.setdiff1d(plan, other).tolist()
    parts = [
        f"{word} {_named(candidates, rows)}"
        for word, rows in (("with", come), ("without", leave))
        if rows
    ]
    return ", ".join(parts) or "other numbers of deliverables"


def _named(candidates: CandidateList, rows: list[int]) -> str:
    names = ", ".join(candidates.names[row] for row in rows[:MOST_NAMED])
    more = len(rows) - MOST_NAMED
    return f"{names} and {more} more" if more > 0 else names
