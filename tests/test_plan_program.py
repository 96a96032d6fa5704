"""The program of a plan: against every choice of small problems, and what must never happen."""

from dataclasses import replace
from itertools import combinations, product
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.plan.problem import LinearRule, NoPlan, Objective, PlanError, PlanProblem
from serving.plan.program import objective_value, solve

EXACT = 0.0
#: Seconds for searches that must end by themselves, however busy the machine is.
LONG = 600.0


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


@settings(max_examples=50)
@given(small_problems(("mean", "cvar")))
def test_small_problems_are_solved_as_by_trying_every_choice(problem: PlanProblem) -> None:
    check_solved(problem, 1e-6)


@settings(max_examples=20)
@given(small_problems(("quantile", "probability")))
def test_small_quantiles_and_probabilities_are_those_of_every_choice(problem: PlanProblem) -> None:
    check_solved(problem, 1e-5)


@pytest.mark.slow
@settings(max_examples=200)
@given(small_problems(("mean", "cvar", "quantile", "probability")))
def test_many_small_problems_are_solved_as_by_trying_every_choice(problem: PlanProblem) -> None:
    check_solved(problem, 1e-5)


def check_solved(problem: PlanProblem, rel: float) -> None:
    """Check the plan, or the conflict, against every choice."""
    expected = best_value(problem)
    if expected is None:
        with pytest.raises(NoPlan) as refusal:
            solve(problem, gap=EXACT)
        check_smallest_conflict(problem, refusal.value.conflict)
        return
    solution = solve(problem, gap=EXACT)
    assert solution.is_complete or problem.objective.kind in ("quantile", "probability")
    assert solution.value == pytest.approx(expected, rel=rel, abs=1e-9)
    assert solution.bound >= expected * (1 - 1e-6)
    assert any(np.array_equal(solution.chosen, chosen) for chosen in choices(problem))


def check_smallest_conflict(problem: PlanProblem, conflict: tuple[str, ...]) -> None:
    """Check that the rules conflict, and that no smaller set of rules does."""
    names = [*(rule.name for rule in problem.rules), "budget"]
    assert conflict
    assert not choices(problem, conflict)
    for fewer in combinations(names, len(conflict) - 1):
        assert choices(problem, fewer), f"{fewer} conflict already"


@settings(max_examples=20)
@given(small_problems(), st.sampled_from([0.01, 100.0, 7.3]))
def test_amounts_in_another_unit_give_the_same_plan(problem: PlanProblem, unit: float) -> None:
    scaled = replace(problem, fee=problem.fee * unit, budget=problem.budget * unit)
    if best_value(problem) is None:
        with pytest.raises(NoPlan) as expected:
            solve(problem)
        with pytest.raises(NoPlan) as found:
            solve(scaled)
        assert found.value.conflict == expected.value.conflict
        return
    assert np.array_equal(solve(scaled).chosen, solve(problem).chosen)


@settings(max_examples=20)
@given(small_problems(), st.randoms(use_true_random=False))
def test_the_order_of_options_plays_no_part(problem: PlanProblem, random: Random) -> None:
    order = np.array(random.sample(range(len(problem.fee)), len(problem.fee)))
    assert problem.scenarios is not None
    shuffled = replace(
        problem,
        candidate=problem.candidate[order],
        fee=problem.fee[order],
        expected=problem.expected[order],
        scenarios=problem.scenarios[:, order],
        rules=tuple(
            LinearRule(rule.name, rule.coefficients[order], rule.low, rule.high)
            for rule in problem.rules
        ),
    )
    if best_value(problem) is not None:
        expected = solve(problem).chosen
        assert np.array_equal(np.sort(order[solve(shuffled).chosen]), expected)


@settings(max_examples=20)
@given(small_problems(("mean", "cvar", "quantile")))
def test_a_rule_less_an_option_more_or_money_more_is_never_worse(problem: PlanProblem) -> None:
    if best_value(problem) is None:
        return
    value = solve(problem, gap=EXACT).value * (1 - 1e-5)
    if problem.rules:
        assert solve(replace(problem, rules=problem.rules[1:]), gap=EXACT).value >= value
    assert solve(replace(problem, budget=problem.budget * 1.3), gap=EXACT).value >= value
    one_more = replace(
        problem,
        candidate=np.append(problem.candidate, problem.candidate.max() + 1),
        fee=np.append(problem.fee, problem.fee.mean()),
        expected=np.append(problem.expected, problem.expected.mean()),
        scenarios=np.column_stack([problem.scenarios, problem.scenarios.mean(axis=1)]),
        rules=tuple(
            LinearRule(rule.name, np.append(rule.coefficients, 0.0), rule.low, rule.high)
            for rule in problem.rules
        ),
    )
    assert solve(one_more, gap=EXACT).value >= value


@settings(max_examples=15)
@given(small_problems(("cvar",)))
def test_the_mean_of_all_scenarios_is_cvar_at_one(problem: PlanProblem) -> None:
    assert problem.scenarios is not None
    of_scenarios = problem.scenarios.mean(axis=0, dtype=float)
    every = replace(problem, objective=Objective("cvar", 1.0))
    mean = replace(problem, objective=Objective("mean"), expected=of_scenarios)
    if best_value(problem) is not None:
        assert solve(every, gap=EXACT).value == pytest.approx(
            solve(mean, gap=EXACT).value, rel=1e-5
        )


def long_problem(kind: str, candidates: int = 40, draws: int = 80) -> PlanProblem:
    """Return a problem with up to three deliverables of each candidate, and rules."""
    random = np.random.default_rng(5)
    candidate, k = np.repeat(np.arange(candidates), 3), np.tile([1, 2, 3], candidates)
    level = random.lognormal(7, 1.2, candidates)
    fee = 0.3 * level ** random.uniform(0.7, 1.0, candidates)
    expected = level[candidate] * k
    shared = random.normal(size=(draws, 1)) * 0.2
    noise = np.exp(shared + 0.6 * random.normal(size=(draws, candidates)))
    scenarios = (noise[:, candidate] * expected / noise.mean(axis=0)[candidate]).astype(np.float32)
    on_tiktok = (np.arange(candidates) % 3 == 0)[candidate].astype(float)
    rules = (
        LinearRule("at least 3 creators on tiktok", on_tiktok, low=3),
        LinearRule("at most 12 creators", np.ones(len(fee[candidate])), high=12),
    )
    goal = float(np.quantile(expected, 0.9) * 6)
    objective = Objective(kind, 0.1, goal)  # type: ignore[arg-type]
    return PlanProblem(
        candidate,
        fee[candidate] * k,
        12 * float(np.median(fee)),
        expected,
        scenarios,
        rules,
        objective,
    )


@pytest.mark.parametrize("kind", ["mean", "cvar", "quantile", "probability"])
def test_long_lists_hold_all_rules_and_repeat(kind: str) -> None:
    problem = long_problem(kind)
    solution = solve(problem, LONG)
    assert np.array_equal(solve(problem, LONG).chosen, solution.chosen)
    assert problem.fee[solution.chosen].sum() <= problem.budget * (1 + 1e-9)
    for rule in problem.rules:
        assert rule.low <= rule.coefficients[solution.chosen].sum() <= rule.high
    assert len(np.unique(problem.candidate[solution.chosen])) == len(solution.chosen)
    assert solution.value == objective_value(problem, solution.chosen)
    assert solution.bound >= solution.value
    assert solution.is_complete or kind in ("quantile", "probability")


@pytest.mark.parametrize("kind", ["cvar", "quantile", "probability"])
def test_each_objective_is_best_served_by_its_own_plan(kind: str) -> None:
    problem = long_problem(kind)
    own = solve(problem, LONG)
    for other in ("mean", "cvar"):
        by_other = replace(problem, objective=Objective(other, 0.1))  # type: ignore[arg-type]
        chosen = solve(by_other, LONG).chosen
        assert objective_value(problem, chosen) <= own.value / (1 - 0.005) + 1e-9


def test_more_budget_is_never_worse_along_a_frontier() -> None:
    problem = long_problem("cvar")
    values, start = [], None
    for share in (0.3, 0.6, 1.0, 1.1):
        solution = solve(replace(problem, budget=share * problem.budget), LONG, start=start)
        start = solution.chosen
        values.append(solution.value)
    assert values == sorted(values)


def test_no_time_gives_the_best_plan_found_and_its_gap() -> None:
    solution = solve(long_problem("cvar"), time_limit=0.05, gap=EXACT)
    assert not solution.is_complete
    assert 0 < solution.gap < 1
    assert solution.bound > solution.value


def test_a_plan_spends_to_the_cent_and_no_more() -> None:
    """A budget that is met exactly is met; one that is a cent short is not overstepped."""
    fee = np.array([3333.34, 3333.33, 3333.33, 3400.0])
    problem = PlanProblem(np.arange(4), fee, 10_000.0, np.array([1.0, 1.0, 1.0, 0.5]))
    assert solve(problem, gap=EXACT).chosen.tolist() == [0, 1, 2]
    assert solve(replace(problem, budget=9_999.99), gap=EXACT).value == 2.0


def test_the_smallest_conflict_names_the_budget_where_it_plays_a_part() -> None:
    one = np.ones(3)
    rules = (
        LinearRule("at least 2 creators", one, low=2),
        LinearRule("at most 3 creators", one, high=3),
        LinearRule("must have anna", np.array([1.0, 0, 0]), low=1),
    )
    problem = PlanProblem(np.arange(3), np.array([90.0, 20, 30]), 100.0, one, rules=rules)
    with pytest.raises(NoPlan) as refusal:
        solve(problem)
    assert refusal.value.conflict == ("at least 2 creators", "must have anna", "budget")
    assert '"must have anna"' in str(refusal.value)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"budget": 0.0}, "the budget is 0.0"),
        ({"budget": np.nan}, "the budget is nan"),
        ({"fee": np.array([1.0, -1.0])}, "the fee of option 1 is -1.0"),
        ({"expected": np.array([np.inf, 1.0])}, "the expected total of option 0 is inf"),
        ({"objective": Objective("cvar")}, "needs scenarios"),
        ({"objective": Objective("quantile", 0.0)}, "the level is 0.0"),
        ({"objective": Objective("probability")}, "needs a goal"),
    ],
)
def test_numbers_that_cannot_be_counted_with_are_refused(change: dict, said: str) -> None:
    one = np.ones(2)
    with pytest.raises(PlanError, match=said):
        solve(replace(PlanProblem(np.arange(2), one, 1.0, one), **change))


def test_however_short_the_time_no_plan_is_worse_than_the_cheapest_first_within_the_rules():
    random = np.random.default_rng(1)
    n = 3000
    candidate = np.repeat(np.arange(n // 3), 3)
    times = np.tile([1.0, 2.0, 3.0], n // 3)
    fee = np.round(random.lognormal(5, 1, n // 3), 2)[candidate] * times
    expected = random.lognormal(7, 1, n // 3)[candidate] * times
    on_platform = (candidate % 2 == 0).astype(float)
    rules = (
        LinearRule("most", np.ones(n), high=600.0),
        LinearRule("least", on_platform, low=400.0),
    )
    for budget in (fee.sum() * 0.1, fee.sum() * 0.4):
        problem = PlanProblem(candidate, fee, float(budget), expected, None, rules)
        solution = solve(problem, 0.01)
        best = solve(problem, LONG)
        assert solution.value > 0.9 * best.value
        taken = solution.chosen
        assert fee[taken].sum() <= budget * (1 + 1e-9)
        assert len(taken) <= 600
        assert on_platform[taken].sum() >= 400
