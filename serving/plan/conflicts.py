"""The smallest set of rules of a plan that cannot hold together.

By implicit hitting sets (Ignatiev, Previti, Liffiton and Marques-Silva 2015): rules that can hold
together, as many as possible, leave rules out of which every conflict needs at least one. The
smallest set that takes one out of each of these is tried; it conflicts, or shows more rules that
can hold together. The first that conflicts is a smallest one.
"""

import time
from typing import NoReturn

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from serving.plan.choice_model import BUDGET, QUIET, ChoiceModel
from serving.plan.problem import NoPlan, PlanProblem

#: Seconds for one question whether some rules can hold together.
QUESTION_SECONDS = 5.0


def raise_conflict(problem: PlanProblem, time_limit: float) -> NoReturn:
    """Raise NoPlan with a smallest set of rules that no choice holds together."""
    conflict = smallest_conflict(problem, time_limit)
    names = " and ".join(f'"{name}"' for name in conflict)
    if len(conflict) == 1:
        message = f"no plan is possible: no choice of the candidates holds {names}; relax it"
    else:
        message = f"no plan is possible: {names} cannot hold together; relax or drop one of them"
    raise NoPlan(conflict, message)


def smallest_conflict(problem: PlanProblem, time_limit: float = 30.0) -> tuple[str, ...]:
    """Return the names of a smallest set of rules that conflict, the budget among them, in the
    order of the rules. Where the time is up first, of a set from which no rule can be dropped.
    """
    deadline = time.monotonic() + time_limit
    names = list(dict.fromkeys([*(rule.name for rule in problem.rules), BUDGET]))
    left_out: list[set[str]] = []
    while time.monotonic() < deadline:
        tried = _smallest_hitting_set(left_out, names)
        if not _can_hold(problem, tried):
            return tuple(name for name in names if name in tried)
        held = set(tried)
        for name in names:
            if name not in held and _can_hold(problem, {*held, name}):
                held.add(name)
        if len(held) == len(names):
            return tuple(names)
        left_out.append(set(names) - held)
    return _irreducible_conflict(problem, names)


def _irreducible_conflict(problem: PlanProblem, names: list[str]) -> tuple[str, ...]:
    """Return a set of rules that conflict of which none can be dropped (deletion filter)."""
    kept = list(names)
    for name in names:
        fewer = [other for other in kept if other != name]
        if not _can_hold(problem, set(fewer)):
            kept = fewer
    return tuple(kept)


def _can_hold(problem: PlanProblem, names: set[str]) -> bool:
    """Return whether some choice holds these rules; yes where that was not settled in time."""
    choice = ChoiceModel.of(problem, names).choose(None, QUESTION_SECONDS, 1.0)
    return not choice.is_impossible


def _smallest_hitting_set(sets: list[set[str]], names: list[str]) -> set[str]:
    """Return a smallest set of names that has one of each of the sets."""
    if not sets:
        return set()
    rows = np.array([[name in one for name in names] for one in sets], dtype=float)
    cost = 1 + np.arange(len(names)) / (100 * len(names) ** 2)
    answer = milp(
        cost,
        integrality=np.ones(len(names)),
        bounds=Bounds(0, 1),
        constraints=LinearConstraint(rows, 1),
        options=dict(QUIET),
    )
    return {name for name, taken in zip(names, answer.x > 0.5, strict=True) if taken}
