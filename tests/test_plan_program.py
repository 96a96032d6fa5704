"""The program of a plan: against every choice of small problems, and what must never happen."""

from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.plan.problem import LinearRule, NoPlan, Objective, PlanProblem
from serving.plan.program import objective_value, solve

EXACT = 0.0


@st.composite
def small_problems(draw: st.DrawFn, kinds: tuple[str, ...] = ("mean", "cvar")) -> PlanProblem:
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    candidates = draw(st.integers(1, 5))
    candidate = np.repeat(np.arange(candidates), random.integers(1, 4, candidates))
    n, draws = len(candidate), draw(st.sampled_from([1, 4, 7, 20]))
    fee = np.round(random.lognormal(5, 0.8, n), 2)
    expected = random.lognormal(7, 1, n)
    scenarios = (expected * random.lognormal(-0.2, 0.6, (draws, n))).astype(np.float32)
    rules = []
    for number in range(draw(st.integers(0, 3))):
        coefficients = (random.random(n) < 0.5).astype(float)
        low = float(draw(st.sampled_from([-np.inf, -np.inf, 0, 1, 2])))
        high = float(draw(st.sampled_from([np.inf, 1, 2, 3])))
        rules.append(LinearRule(f"rule {number}", coefficients, low, high))
    kind = draw(st.sampled_from(kinds))
    level = draw(st.sampled_from([0.05, 0.1, 0.3, 0.5, 1.0]))
    budget = float(fee.sum() * draw(st.floats(0.1, 1.1)))
    goal = float(expected.sum() * 0.3)
    objective = Objective(kind, level, goal if kind == "probability" else None)
    return PlanProblem(candidate, fee, budget, expected, scenarios, tuple(rules), objective)


def choices(problem: PlanProblem, names: tuple[str, ...] | None = None) -> list[np.ndarray]:
    """Return every choice that holds the rules `names` (default all) and the budget."""
    options = [
        [None, *np.flatnonzero(problem.candidate == candidate)]
        for candidate in np.unique(problem.candidate)
    ]
    found = []
    for taken in product(*options):
        chosen = np.array([option for option in taken if option is not None], dtype=int)
        rules = [rule for rule in problem.rules if names is None or rule.name in names]
        sums = [rule.coefficients[chosen].sum() for rule in rules]
        holds = all(rule.low <= s <= rule.high for rule, s in zip(rules, sums, strict=True))
        has_budget = names is None or "budget" in names
        if holds and (not has_budget or problem.fee[chosen].sum() <= problem.budget * (1 + 1e-12)):
            found.append(chosen)
    return found


def best_value(problem: PlanProblem) -> float | None:
    return max((objective_value(problem, chosen) for chosen in choices(problem)), default=None)


@settings(max_examples=150, deadline=None)
@given(small_problems(("mean", "cvar")))
def test_small_problems_are_solved_as_by_trying_every_choice(problem: PlanProblem) -> None:
    expected = best_value(problem)
    if expected is None:
        with pytest.raises(NoPlan) as refusal:
            solve(problem, gap=EXACT)
        check_smallest_conflict(problem, refusal.value.conflict)
        return
    solution = solve(problem, gap=EXACT)
    assert solution.is_complete
    assert solution.value == pytest.approx(expected, rel=1e-6, abs=1e-9)
    assert solution.bound >= expected * (1 - 1e-6)
    assert any(np.array_equal(solution.chosen, chosen) for chosen in choices(problem))


def check_smallest_conflict(problem: PlanProblem, conflict: tuple[str, ...]) -> None:
    """Check that the rules conflict, and that no smaller set of rules does."""
    names = [*(rule.name for rule in problem.rules), "budget"]
    assert conflict
    assert not choices(problem, conflict)
    for fewer in combinations(names, len(conflict) - 1):
        assert choices(problem, fewer), f"{fewer} conflict already"
