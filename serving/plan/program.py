"""The plan as a mixed-integer program: which options are taken within the budget and the rules."""

import time
from dataclasses import replace

import numpy as np

from serving.plan.chance import search_chance
from serving.plan.choice_model import NOTHING_FOUND, ChoiceModel, budget_rule
from serving.plan.conflicts import raise_conflict
from serving.plan.greedy import greedy_choice
from serving.plan.measures import TailMean, scenario_values
from serving.plan.problem import LinearRule, NoPlan, PlanError, PlanProblem, PlanSolution
from serving.plan.scenario_search import search_scenarios
from serving.plan.search import Search, relative_gap

#: No gap is asked to be closed further: the solver counts to about ten millionths.
LEAST_GAP = 1e-6


def solve(
    problem: PlanProblem,
    time_limit: float = 30.0,
    gap: float = 0.005,
    start: np.ndarray | None = None,
    explain: bool = True,
) -> PlanSolution:
    """Return the best choice of options within the budget and the rules.

    `time_limit`: seconds; `gap`: relative distance to the bound at which the search may stop;
    `start`: positions of options of a known plan: the answer is no worse if it holds the rules, nor
    is it worse than the cheapest engagements first (`greedy_choice`);
    `explain`: whether the rules that conflict are looked for.

    The expectation and the mean of the worst scenarios (Rockafellar and Uryasev 2000; cuts of
    Kuenzi-Bay and Mayer 2006) have a bound that is reached; quantiles and probabilities are exact
    for small problems, else the best of several searches, with a bound that may lie far above.
    Options are sorted by what they are before the search, so the order of the list plays no part.

    Raises NoPlan, with a smallest set of rules that conflict, where no choice holds all rules;
    PlanError where there is no option, fees, totals or the budget are no numbers of 0 or more, the
    level of the objective is not within 0 and 1, or no choice is found within the time limit.
    """
    _check(problem)
    deadline, gap = time.monotonic() + time_limit, max(gap, LEAST_GAP)
    order = _order(problem)
    ordered, unit = _in_units(_reordered(problem, order))
    first = None if start is None else np.isin(order, start)
    search = _search(ordered, gap, deadline, first)
    if search is None:
        if not explain:
            raise NoPlan((), "no choice of the candidates holds all rules")
        raise_conflict(problem, time_limit)
    if search.best is None:
        raise PlanError(NOTHING_FOUND)
    chosen = np.sort(order[search.best])
    value = objective_value(problem, chosen)
    if problem.objective.kind == "probability":
        unit = 1.0
    open_gap = relative_gap(search.value, search.bound)
    bound = max(value, search.bound * unit)
    return PlanSolution(chosen, value, bound, open_gap, open_gap <= gap + LEAST_GAP)


def objective_value(problem: PlanProblem, chosen: np.ndarray) -> float:
    """Return the objective of the options at the positions `chosen`
    (`serving.plan.measures.scenario_values`).
    """
    objective = problem.objective
    if objective.kind == "mean":
        return float(problem.expected[chosen].sum())
    assert problem.scenarios is not None
    totals = problem.scenarios[:, chosen].sum(axis=1, dtype=float)
    return float(scenario_values(totals[:, None], objective)[0])


def _check(problem: PlanProblem) -> None:
    """Raise PlanError unless the numbers of the problem can be counted with."""
    objective = problem.objective
    if not len(problem.fee):
        raise PlanError("there is no option to choose from: give candidates with a fee")
    if not (np.isfinite(problem.budget) and problem.budget > 0):
        raise PlanError(f"the budget is {problem.budget}: expected an amount above 0")
    for name, values in (("fee", problem.fee), ("expected total", problem.expected)):
        wrong = np.flatnonzero(~(np.isfinite(values) & (values >= 0)))
        if len(wrong):
            option = int(wrong[0])
            raise PlanError(
                f"the {name} of option {option} is {values[option]}: expected a number of 0 or more"
            )
    if objective.kind in ("cvar", "quantile") and not 0 < objective.level <= 1:
        raise PlanError(f"the level is {objective.level}: expected a number above 0, at most 1")
    if objective.kind == "probability" and objective.goal is None:
        raise PlanError("a probability needs a goal: say which total is to be reached")
    if objective.kind != "mean" and problem.scenarios is None:
        raise PlanError(f"the objective {objective.kind!r} needs scenarios of the options")


def _search(
    problem: PlanProblem, gap: float, deadline: float, start: np.ndarray | None
) -> Search | None:
    """Return the state in which the search ended; None where no choice holds all rules.

    `start`: a known choice, mask (n,).
    """
    model = ChoiceModel.of(problem)
    nothing = np.zeros(len(problem.fee), dtype=bool)
    known = [one for one in (nothing, start, greedy_choice(problem, model)) if one is not None]
    if problem.objective.kind in ("quantile", "probability"):
        return search_chance(problem, model, gap, deadline, known)
    if problem.objective.kind == "mean":
        measure = TailMean(problem.expected[None], 1.0)
    else:
        assert problem.scenarios is not None
        measure = TailMean(problem.scenarios, problem.objective.level)
    search = Search(model, measure, gap, deadline)
    for chosen in known:
        search.consider(chosen)
    return search if search_scenarios(search, measure, problem.expected) else None


def _order(problem: PlanProblem) -> np.ndarray:
    """Return the options sorted by what they are: fee, expectation, rules, first scenario."""
    keys = [rule.coefficients for rule in problem.rules[::-1]]
    keys += [-problem.expected, budget_rule(problem).coefficients]
    if problem.scenarios is not None and len(problem.scenarios):
        keys.insert(0, problem.scenarios[0])
    return np.lexsort(keys)


def _reordered(problem: PlanProblem, order: np.ndarray) -> PlanProblem:
    """Return the problem with its options in another order, and candidates numbered by it."""
    candidate = problem.candidate[order]
    _, first, place = np.unique(candidate, return_index=True, return_inverse=True)
    number = np.empty(len(first), dtype=int)
    number[np.argsort(first)] = np.arange(len(first))
    rules = tuple(
        LinearRule(rule.name, rule.coefficients[order], rule.low, rule.high)
        for rule in problem.rules
    )
    scenarios = None if problem.scenarios is None else problem.scenarios[:, order]
    return replace(
        problem,
        candidate=number[place],
        fee=problem.fee[order],
        expected=problem.expected[order],
        scenarios=scenarios,
        rules=rules,
    )


def _in_units(problem: PlanProblem) -> tuple[PlanProblem, float]:
    """Return the problem with its totals in units of the largest affordable expectation, and that
    unit.
    """
    affordable = problem.expected[problem.fee <= problem.budget]
    unit = float(affordable.max(initial=0.0)) or 1.0
    objective = problem.objective
    if objective.goal is not None:
        objective = replace(objective, goal=objective.goal / unit)
    scenarios = None if problem.scenarios is None else problem.scenarios.astype(float) / unit
    expected = problem.expected / unit
    scaled = replace(problem, expected=expected, scenarios=scenarios, objective=objective)
    return scaled, unit
