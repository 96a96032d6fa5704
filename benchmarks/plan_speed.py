"""Seconds until a plan is found, and its gap: two long lists, several budgets, seeded problems.

    python benchmarks/plan_speed.py [--problems 5] [--time-limit 30] [--base FOLDER] [--json FILE]

With --base the same is measured by another checkout too (benchmarks/two_checkouts.py).

Lists: 1,000 candidates with 1 to 3 deliverables each (3,000 options) in 500 joint scenarios, by the
mean of the worst 10 % of them; 10,000 candidates (30,000 options) by the expectation. Both with
rules on the number of creators, on platforms and on niches. Totals are lognormal between creators
(log-sd 1.3) and within one (0.5 to 1.1); fees rise with the total to the power .35 to 1, a
different one for each creator, times a spread of 0.7. The budgets are those of about 8, 20 and 40
creators at the median fee. Processor seconds are printed beside the elapsed ones: on a machine that
does other things too only they can be compared.
"""

import argparse
import time
from pathlib import Path

import numpy as np
from two_checkouts import compare_script, write_json

from serving.plan.problem import LinearRule, Objective, PlanProblem
from serving.plan.program import solve

PLATFORMS, NICHES = 3, 12
MOST_DELIVERABLES = 3
BUDGETS = (8, 20, 40)
#: Candidates and scenarios of each list; without scenarios it is planned by the expectation.
LISTS = ((1_000, 500), (10_000, 0))
GAP = 0.005


def make_problem(candidates: int, draws: int, creators: int, seed: int) -> PlanProblem:
    """Return a problem with the budget of so many `creators` at the median fee."""
    random = np.random.default_rng(seed)
    level = np.exp(random.normal(7, 1.3, candidates))
    exponent = random.uniform(0.35, 1, candidates)
    spread = np.exp(random.normal(5.5, 0.7, candidates))
    single_fee = spread * (level / np.exp(7)) ** exponent
    platform = random.integers(0, PLATFORMS, candidates)
    niche = random.integers(0, NICHES, candidates)
    candidate = np.repeat(np.arange(candidates), MOST_DELIVERABLES)
    k = np.tile(np.arange(1, MOST_DELIVERABLES + 1), candidates)
    expected = 1.2 * level[candidate] * k
    scenarios = _scenarios(random, expected, candidate, k, platform, niche, draws)
    return PlanProblem(
        candidate,
        np.round(single_fee[candidate] * k, 2),
        float(np.median(single_fee) * creators),
        expected,
        scenarios,
        _rules(platform[candidate], niche[candidate]),
        Objective("cvar", 0.1) if draws else Objective("mean"),
    )


def _scenarios(
    random: np.random.Generator,
    expected: np.ndarray,
    candidate: np.ndarray,
    k: np.ndarray,
    platform: np.ndarray,
    niche: np.ndarray,
    draws: int,
) -> np.ndarray | None:
    """Return lognormal totals that share 5 % of their variance on a platform, 3 % in a niche."""
    if not draws:
        return None
    of_platform = random.normal(size=(draws, PLATFORMS))[:, platform]
    of_niche = random.normal(size=(draws, PLATFORMS * NICHES))[:, platform * NICHES + niche]
    own = random.normal(size=(draws, len(platform)))
    normal = np.sqrt(0.05) * of_platform + np.sqrt(0.03) * of_niche + np.sqrt(0.92) * own
    sd = random.uniform(0.5, 1.1, len(platform))[candidate] * np.sqrt((1 + (k - 1) * 0.3) / k)
    totals = np.exp(normal[:, candidate] * sd)
    return (totals / totals.mean(axis=0) * expected).astype(np.float32)


def _rules(platform: np.ndarray, niche: np.ndarray) -> tuple[LinearRule, ...]:
    one = np.ones(len(platform))
    rules = [LinearRule("5 to 60 creators", one, 5, 60)]
    for code in range(PLATFORMS):
        on_platform = (platform == code).astype(float)
        rules.append(LinearRule(f"at least 2 creators on platform {code}", on_platform, low=2))
    for code in range(NICHES):
        of_niche = (niche == code).astype(float)
        rules.append(LinearRule(f"at most 6 creators of niche {code}", of_niche, high=6))
    return tuple(rules)


def measure(candidates: int, draws: int, problems: int, time_limit: float) -> dict[str, float]:
    """Solve the problems of each budget and print; return the medians by name."""
    what = f"{draws} scenarios, mean of the worst 10 %" if draws else "expectation"
    print(f"\n{candidates:,} candidates, {candidates * MOST_DELIVERABLES:,} options, {what}")
    figures = {}
    print("budget   problem  creators  seconds  processor      gap  complete")
    for creators in BUDGETS:
        rows = []
        for seed in range(problems):
            problem = make_problem(candidates, draws, creators, seed)
            started, busy = time.perf_counter(), time.process_time()
            solution = solve(problem, time_limit, GAP)
            seconds, processor = time.perf_counter() - started, time.process_time() - busy
            rows.append((seconds, processor, solution.gap))
            print(
                f"{creators:6}  {seed:8}  {len(solution.chosen):8}  {seconds:7.2f}  "
                f"{processor:9.2f}  {solution.gap:7.4f}  {solution.is_complete}",
                flush=True,
            )
        seconds, processor, gap = np.median(rows, axis=0)
        print(f"{creators:6}    median            {seconds:7.2f}  {processor:9.2f}  {gap:7.4f}")
        name = f"{candidates:,}, {creators} creators"
        figures |= {f"{name}: seconds": float(seconds), f"{name}: processor": float(processor)}
        figures[f"{name}: gap"] = float(gap)
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--problems", type=int, default=5)
    parser.add_argument("--time-limit", type=float, default=30.0)
    parser.add_argument("--base", type=Path, help="Another checkout.")
    parser.add_argument("--rounds", type=int, default=1, help="With --base.")
    parser.add_argument("--json", type=Path, help="File for the figures.")
    arguments = parser.parse_args()
    problems, time_limit = arguments.problems, arguments.time_limit
    if arguments.base is None:
        of_lists = [measure(size, draws, problems, time_limit) for size, draws in LISTS]
        write_json(arguments.json, of_lists[0] | of_lists[1])
        return
    options = ["--problems", str(problems), "--time-limit", str(time_limit)]
    found = compare_script(arguments.base, arguments.rounds, Path(__file__), options)
    write_json(arguments.json, found)


if __name__ == "__main__":
    main()
