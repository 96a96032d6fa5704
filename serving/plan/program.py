"""The plan as a mixed-integer program: which options are taken within the budget and the rules."""

import time
from dataclasses import replace

import numpy as np

from serving.plan.chance import search_chance
from serving.plan.choice_model import NOTHING_FOUND, ChoiceModel, Cut, budget_rule
from serving.plan.conflicts import raise_conflict
from serving.plan.problem import LinearRule, Objective, PlanError, PlanProblem, PlanSolution
from serving.plan.search import Measure, Search, relative_gap


def solve(
    problem: PlanProblem,
    time_limit: float = 30.0,
    gap: float = 0.005,
    start: np.ndarray | None = None,
) -> PlanSolution:
    """Return the best choice of options within the budget and the rules.

    `time_limit`: seconds; `gap`: relative distance to the bound at which the search may stop;
    `start`: positions of options of a known plan: the answer is no worse if it holds the rules.

    The expectation and the mean of the worst scenarios (Rockafellar and Uryasev 2000; cuts of
    Kuenzi-Bay and Mayer 2006) have a bound that is reached; quantiles and probabilities are exact
    for small problems, else the best of several searches, with a bound that may lie far above.
    Options are sorted by what they are before the search, so the order of the list plays no part.

    Raises NoPlan, with a smallest set of rules that conflict, where no choice holds all rules, and
    PlanError where the time limit is reached before any choice is found.
    """
    deadline = time.monotonic() + time_limit
    order = _order(problem)
    ordered, unit = _in_units(_reordered(problem, order))
    first = None if start is None else np.isin(order, start)
    model = ChoiceModel.of(ordered)
    search = Search(model, objective_measure(ordered), gap, deadline)
    if ordered.objective.kind in ("quantile", "probability"):
        is_possible = search_chance(ordered, search, first)
    else:
        is_possible = search.run(first)
    if not is_possible:
        raise_conflict(problem, max(search.time_left, time_limit / 2))
    if search.best is None:
        raise PlanError(NOTHING_FOUND)
    chosen = np.sort(order[search.best])
    value = objective_value(problem, chosen)
    bound = max(value, search.bound * unit)
    open_gap = relative_gap(value, bound)
    return PlanSolution(chosen, value, bound, open_gap, open_gap <= gap + 1e-9)


def solve_many(
    problem: PlanProblem, budgets: np.ndarray, time_limit: float = 30.0, gap: float = 0.005
) -> list[PlanSolution]:
    """Return the best choice at each budget, in the order of `budgets`; `time_limit`: seconds in
    all. More budget is never worse: every plan starts from that of the next smaller budget.

    Raises NoPlan where no choice holds all rules at one of the budgets.
    """
    deadline = time.monotonic() + time_limit
    solutions: dict[int, PlanSolution] = {}
    start = None
    for number, position in enumerate(np.argsort(budgets, kind="stable")):
        share = (deadline - time.monotonic()) / (len(budgets) - number)
        at_budget = replace(problem, budget=float(budgets[position]))
        solution = solve(at_budget, max(share, 0.1), gap, start)
        solutions[int(position)], start = solution, solution.chosen
    return [solutions[position] for position in range(len(budgets))]


def objective_value(problem: PlanProblem, chosen: np.ndarray) -> float:
    """Return the objective of the options at the positions `chosen`.

    A quantile is the largest total that at most a share `level` of the scenarios fall below.
    """
    objective = problem.objective
    if objective.kind == "mean":
        return float(problem.expected[chosen].sum())
    assert problem.scenarios is not None
    return scenario_value(problem.scenarios[:, chosen].sum(axis=1, dtype=float), objective)


def scenario_value(totals: np.ndarray, objective: Objective) -> float:
    """Return the objective of a plan's totals in the scenarios, (draws,)."""
    if objective.kind == "mean":
        return float(totals.mean())
    if objective.kind == "cvar":
        return float(tail_weights(totals, objective.level) @ totals)
    if objective.kind == "quantile":
        below = int(np.floor(objective.level * len(totals) + 1e-9))
        return float(np.sort(totals)[min(below, len(totals) - 1)])
    assert objective.goal is not None
    return float((totals >= objective.goal).mean())


def tail_weights(totals: np.ndarray, level: float) -> np.ndarray:
    """Return the weight of each scenario in the mean of the worst share `level`, (draws,)."""
    draws = len(totals)
    rank = np.empty(draws)
    rank[np.argsort(totals, kind="stable")] = np.arange(draws)
    return np.clip(level * draws - rank, 0, 1) / (level * draws)


def objective_measure(problem: PlanProblem) -> Measure:
    """Return the concave measure of the mean or of the mean of the worst scenarios; for a quantile
    or a probability that of the mean of all scenarios.
    """
    scenarios, objective = problem.scenarios, problem.objective
    if objective.kind == "mean":
        return lambda chosen: (float(problem.expected @ chosen), Cut(0.0, problem.expected))
    assert scenarios is not None
    level = objective.level if objective.kind == "cvar" else 1.0

    def measure(chosen: np.ndarray) -> tuple[float, Cut]:
        taken = np.flatnonzero(chosen)
        totals = scenarios[:, taken] @ chosen[taken]
        weights = tail_weights(totals, level)
        return float(weights @ totals), Cut(0.0, weights @ scenarios)

    return measure


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
