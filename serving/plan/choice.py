"""Which roster is the plan: the best of all that were found, by the objective of the user."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from features.number_text import format_estimates, format_fraction, format_probability
from serving.plan.outcomes import Outcomes
from serving.plan.problem import LinearRule, NoPlan, Objective, PlanSolution
from serving.plan.search import relative_gap
from serving.plan.solver import PlanSolver

#: Rosters whose objectives lie nearer than this share are as good.
VALUE_NOISE = 0.01
#: Probabilities of reaching a goal that lie nearer are the same; below it the goal is out of reach.
SAME_PROBABILITY = 0.005
#: The share of the time that the plan by mean may take, from which those by other objectives start.
MEAN_TIME = 0.3
#: Levels of the mean of the worst scenarios that are tried where a goal must be reached with a
#: probability.
TRIED_LEVELS = (0.5, 0.3, 0.2, 0.1, 0.05)
ANY_CREATOR = "at least 1 creator"


@dataclass(frozen=True)
class Choice:
    """The plan of a search; `by_mean`: the roster with the most expected, None where that is what
    was searched for; `notes`: what is to be known of the choice.
    """

    solution: PlanSolution
    by_mean: np.ndarray | None = None
    notes: tuple[str, ...] = ()


def choose_plan(solver: PlanSolver, outcomes: Outcomes) -> Choice:
    """Return the best choice by the settings.

    Where a goal is out of reach, the objective of `solver` and `outcomes` becomes the mean. Raises
    NoPlan where the rules allow nobody.
    """
    settings = solver.settings
    if settings.rules.least_probability is not None:
        choice = Choice(_reaching(solver, outcomes, settings.rules.least_probability))
    elif settings.objective.kind == "mean":
        choice = Choice(solver.solve())
    else:
        choice = _beside_mean(solver, outcomes)
    if not len(choice.solution.chosen):
        anybody = LinearRule(ANY_CREATOR, np.ones(solver.options.n), 1.0)
        return replace(choice, solution=solver.solve(extra=(anybody,)))
    return choice


def better_solution(
    solver: PlanSolver, outcomes: Outcomes, solution: PlanSolution, others: Iterable[np.ndarray]
) -> PlanSolution:
    """Return the best of a solution and of other rosters that hold the rules, in the draws that
    plans are told by. Of rosters that reach a goal as probably it is that with the most expected.

    The value of the solution stays that of the draws that plans are searched by.
    """
    best = solution
    if solver.settings.rules.least_probability is not None:
        return best
    for other in others:
        if solver.holds(other) and _is_better(outcomes, other, best.chosen):
            value = max(best.value, solver.value(other))
            bound = max(best.bound, value)
            gap = min(best.gap, relative_gap(value, bound))
            best = replace(best, chosen=other, value=value, bound=bound, gap=gap)
    return best


def _is_better(outcomes: Outcomes, other: np.ndarray, best: np.ndarray) -> bool:
    value, own = outcomes.value(other), outcomes.value(best)
    if outcomes.settings.objective.kind != "probability":
        return value > own * (1 + 1e-9)
    if abs(value - own) > SAME_PROBABILITY:
        return value > own
    expected = outcomes.offers.options.expected
    return bool(expected[other].sum() > expected[best].sum() * (1 + 1e-9))


def _beside_mean(solver: PlanSolver, outcomes: Outcomes) -> Choice:
    """Return the best choice by an objective over scenarios, no worse than the plan by mean."""
    settings, began = solver.settings, time.monotonic()
    solver.deadline = began + MEAN_TIME * settings.time_limit
    by_mean = solver.solve(objective=Objective("mean"))
    solver.deadline = began + settings.time_limit
    found = solver.solve(start=by_mean.chosen)
    found = better_solution(solver, outcomes, found, [by_mean.chosen])
    is_goal = settings.objective.kind == "probability"
    if is_goal and outcomes.value(found.chosen) < SAME_PROBABILITY:
        return Choice(by_mean, None, (_out_of_reach(solver, outcomes),))
    return Choice(found, by_mean.chosen)


def mean_notes(outcomes: Outcomes, plan: np.ndarray, by_mean: np.ndarray | None) -> list[str]:
    """Return how the roster with the most expected compares with the plan, where it is as good."""
    if by_mean is None:
        return []
    settings, kind = outcomes.settings, outcomes.settings.objective.kind
    if plan.tolist() == by_mean.tolist():
        return ["this is the plan with the most expected, too"]
    own, other = outcomes.value(plan), outcomes.value(by_mean)
    if kind == "probability" or other < own * (1 - VALUE_NOISE):
        return []
    expected = outcomes.offers.options.expected
    more = max(float(expected[by_mean].sum() - expected[plan].sum()), 0.0)
    return [
        (
            f"the plan with the most expected is about as good by {kind} ({other:,.0f} against "
            f"{own:,.0f} {settings.measure}), and brings about "
            f"{format_estimates(np.array([more]))[0]} more on average: by mean it is made"
        )
    ]


def _out_of_reach(solver: PlanSolver, outcomes: Outcomes) -> str:
    """Go on with the mean as the objective; return what is told of it."""
    goal, measure = solver.settings.goal, solver.settings.measure
    solver.objective = Objective("mean")
    solver.settings = replace(solver.settings, objective=solver.objective)
    outcomes.settings = solver.settings
    return (
        f"the goal of {goal:,.0f} {measure} is out of reach within the budget and the rules "
        f"(probability {format_probability(0.0)}): this is the plan with the most {measure} "
        "expected"
    )


def _reaching(solver: PlanSolver, outcomes: Outcomes, least: float) -> PlanSolution:
    """Return the best of the choices tried that reach the goal with a probability."""
    settings = solver.settings
    best = solver.solve()
    if outcomes.probability(best.chosen, settings.goal) >= least:
        return best
    aims = [
        *(Objective("cvar", level) for level in TRIED_LEVELS),
        Objective("probability", goal=settings.goal),
    ]
    tried = [solver.solve(objective=aim, start=best.chosen) for aim in aims]
    reached = [outcomes.probability(one.chosen, settings.goal) for one in tried]
    good = [place for place, share in enumerate(reached) if share >= least]
    if not good:
        raise NoPlan(
            (f"a goal reached with probability {least:g}",),
            f"no plan was found that reaches {settings.goal:,.0f} {settings.measure} with "
            f"probability {format_fraction(least)}: the best reaches it with "
            f"{format_probability(max(reached))}; lower the goal or the probability, or raise the "
            "budget",
        )
    place = max(good, key=lambda place: outcomes.value(tried[place].chosen))
    solver.objective = aims[place]
    return tried[place]
