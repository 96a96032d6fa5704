"""Plans by a quantile of the total, or by the probability that it reaches a goal.

Neither is concave, so there is no exact search for long lists. Good choices by concave measures
nearby (the mean of the worst scenarios, the mean of scenarios held at a goal) are made better by
exchange. Small problems are solved exactly, with a whole number for each scenario.

The bound: if a quantile is t, then the scenarios held at t have a mean of at least t times their
share that reaches t. The largest t for which the program in shares can reach that is found by
bisection. A probability is at most the mean of the scenarios held at the goal, in goals. Both
bounds are true, and may lie far above what can be had: for long lists the gap is an upper limit.
"""

import time

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array, hstack, identity, vstack

from serving.plan.choice_model import QUIET, ChoiceModel
from serving.plan.exchange import Exchange
from serving.plan.measures import (
    CappedMean,
    TailMean,
    scenario_values,
    scenarios_below,
    tail_weights,
)
from serving.plan.problem import Objective, PlanProblem
from serving.plan.scenario_search import search_scenarios
from serving.plan.search import TINY, Search

#: Options times scenarios up to which the exact program is tried, and nodes of its search at most:
#: a number, not a time, so that the plan is the same on every machine.
SMALL_PROBLEM, EXACT_NODES = 5_000, 5_000
#: Restarts of the exchange by the objective.
RESTARTS = 150
#: The share of the time left that one helping search may take.
HELPING_TIME = 0.3
#: Relative width at which the bisection of the bound of a quantile ends.
BOUND_WIDTH = 0.01
#: The gap of helping searches.
HELPING_GAP = 0.01


def search_chance(
    problem: PlanProblem,
    model: ChoiceModel,
    gap: float,
    deadline: float,
    known: list[np.ndarray],
) -> Search | None:
    """Return a search with the best choice found, its objective and a bound; None where no choice
    holds the rows. `known`: choices to begin with, masks (n,).
    """
    scenarios, objective = problem.scenarios, problem.objective
    assert scenarios is not None
    best = Search(model, TailMean(scenarios, 1.0), gap, deadline)
    starts, pool, capped_bound = list(known), np.empty(0, dtype=int), np.inf
    for measure in _helping_measures(scenarios, objective):
        until = time.monotonic() + HELPING_TIME * (deadline - time.monotonic())
        helping = Search(model, measure, HELPING_GAP, until)
        for chosen in known:
            helping.consider(chosen)
        if not search_scenarios(helping, measure, problem.expected):
            return None
        pool = np.union1d(pool, helping.least_loss())
        starts += [] if helping.best is None else [helping.best]
        if isinstance(measure, CappedMean):
            capped_bound = helping.bound
    for chosen in starts:
        _take(best, problem, chosen)
    if best.best is None:
        return best
    _exchange(best, problem, np.union1d(pool, np.flatnonzero(best.best)), starts)
    best.bound = _bound(problem, best, capped_bound)
    if not best.is_done and scenarios.size <= SMALL_PROBLEM and best.time_left > 0:
        _solve_exactly(problem, best)
    return best


def _helping_measures(scenarios: np.ndarray, objective: Objective) -> list[TailMean | CappedMean]:
    """Return concave measures whose best choices are good ones by the objective."""
    if objective.kind == "probability":
        assert objective.goal is not None
        return [CappedMean(scenarios, max(objective.goal, TINY)), TailMean(scenarios, 1.0)]
    levels = (objective.level, min(2 * objective.level, 1.0), 1.0)
    return [TailMean(scenarios, level) for level in levels]


def _take(search: Search, problem: PlanProblem, chosen: np.ndarray | None) -> None:
    """Take a choice if it holds and is better by the objective."""
    if chosen is None or not search.model.holds(chosen):
        return
    assert problem.scenarios is not None
    totals = problem.scenarios[:, chosen].sum(axis=1)
    value = float(scenario_values(totals[:, None], problem.objective)[0])
    if value > search.value:
        search.best, search.value = chosen, value


def _exchange(
    search: Search, problem: PlanProblem, pool: np.ndarray, starts: list[np.ndarray]
) -> None:
    """Make the choices `starts` better by exchange, and the best of them by restarts."""
    scenarios, objective = problem.scenarios, problem.objective
    assert scenarios is not None
    assert search.best is not None
    draws = len(scenarios)

    def score(totals: np.ndarray) -> np.ndarray:
        values = scenario_values(totals, objective)
        if objective.kind != "probability":
            return values
        assert objective.goal is not None
        near = CappedMean(totals, max(objective.goal, TINY)).score(totals)
        return values + near / (2 * draws)

    def weights(totals: np.ndarray) -> np.ndarray:
        if objective.kind == "probability":
            assert objective.goal is not None
            return CappedMean(scenarios, max(objective.goal, TINY)).weights(totals)
        below = scenarios_below(draws, objective.level) + 1
        return tail_weights(totals, min(1.0, 2 * below / draws))

    exchange = Exchange(search.model, scenarios, score, weights, pool, search.deadline)
    for chosen in starts:
        _take(search, problem, exchange.improve(chosen))
    _take(search, problem, exchange.restarts(search.best, RESTARTS))


def _bound(problem: PlanProblem, search: Search, capped_bound: float) -> float:
    """Return what no choice exceeds by the objective; `capped_bound`: by the CappedMean."""
    scenarios, objective = problem.scenarios, problem.objective
    assert scenarios is not None
    draws = len(scenarios)
    if objective.kind == "probability":
        return min(1.0, np.floor(capped_bound * draws + 1e-4) / draws)
    reaching = (draws - scenarios_below(draws, objective.level)) / draws
    low, high = search.value, _relaxed(search, TailMean(scenarios, 1.0)) / reaching
    while high - low > BOUND_WIDTH * abs(high) + TINY and search.time_left > 0:
        middle = (low + high) / 2
        if _relaxed(search, CappedMean(scenarios, max(middle, TINY))) >= reaching - 1e-6:
            low = middle
        else:
            high = middle
    return high


def _relaxed(search: Search, measure: CappedMean | TailMean) -> float:
    """Return a bound of a measure over all choices, also those in shares."""
    helping = Search(search.model, measure, HELPING_GAP, search.deadline)
    helping.relax()
    return helping.relaxed_bound


def _solve_exactly(problem: PlanProblem, search: Search) -> None:
    """Search by a program with a whole number for each scenario: whether the plan reaches the goal
    there, or the quantile.
    """
    scenarios, objective, model = problem.scenarios, problem.objective, search.model
    assert scenarios is not None
    draws, options = scenarios.shape
    reach, none = identity(draws, format="csr"), csr_array((draws, 1))
    top = max(search.bound, search.value) * (1 + 1e-6) + TINY
    if objective.kind == "probability":
        assert objective.goal is not None
        # totals - goal reach >= 0
        rows = hstack([csr_array(scenarios), -objective.goal * reach, none])
        low, cost = np.zeros(draws), np.append(np.zeros(options), np.full(draws, -1 / draws))
        fewest = 0
    else:
        # totals - value + top (1 - reach) >= 0
        rows = hstack([csr_array(scenarios), -top * reach, csr_array(-np.ones((draws, 1)))])
        low, cost = np.full(draws, -top), np.zeros(options + draws)
        fewest = draws - scenarios_below(draws, objective.level)
    is_quantile = objective.kind == "quantile"
    cost = np.append(cost, -1.0 if is_quantile else 0.0)
    choice = hstack([model.matrix, csr_array((model.matrix.shape[0], draws + 1))])
    count = csr_array(np.concatenate([np.zeros(options), np.ones(draws), [0.0]])[None])
    answer = milp(
        cost,
        integrality=np.append(np.ones(options + draws), 0),
        bounds=Bounds(0, np.concatenate([model.allowed, np.ones(draws), [top]])),
        constraints=[
            LinearConstraint(choice, model.low, model.high),
            LinearConstraint(vstack([rows, count]).tocsr(), np.append(low, fewest), np.inf),
        ],
        options={
            "time_limit": max(search.time_left, 0.1),
            "node_limit": EXACT_NODES,
            "mip_rel_gap": search.gap / 2,
            **QUIET,
        },
    )
    if answer.x is not None:
        _take(search, problem, answer.x[:options] > 0.5)
    if answer.mip_dual_bound is not None and np.isfinite(answer.mip_dual_bound):
        search.lower_bound_to(-answer.mip_dual_bound)
