"""Does a plan bring more for the same money than simpler choices? Campaigns on both kinds of pools.

python benchmarks/plan_proof.py [--panel DATA] [--only panel] [--campaigns 200] [--plans cvar goal]

A campaign draws 30 to 100 candidates with quoted fees of one deliverable, which may be bought up to
three times, and a budget of 3 to 30 % of the sum of the fees. Half of them have rules: a largest
share of the budget for one creator, a largest number of creators, of creators on one platform or of
one band. Every way of choosing has the same candidates, money and rules; what it gets is counted in
the posts that its creators published later (simulated: drawn from the market's truth).

- plan: the program that creatorcast plan solves, by expectation (mean), by the mean of the worst
  tenth of the scenarios (cvar), and by the probability of a goal (goal), which is the total that the
  mean plan reaches with probability 0.8, 0.65 or 0.5 by its own draws
- greedy: from the top of an order, each as often as the rest of the budget pays; ordered by cost per
  engagement (forecast, or the average of the last 12 posts), by followers, by engagement rate
- equal split: the order of cost per engagement, at most a tenth of the budget for each
- program without uncertainty: the same program on the forecast's median, and on followers x trailing
  rate

Printed: the geometric mean of the ratio to the mean plan, missed goals, unspent budget, how often the
plan's own range of the total held, and how often goals were reached that were forecast at different
probabilities. Intervals (95 %) draw campaigns and, by random weights, creators, whose results count
per money spent.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from campaign_pools import Pool, panel_pools, simulated_pools

from features.tables.schema import DTYPES, PROSPECTS
from models.shared_shock import SharedShock
from serving.plan.candidates import CandidateList
from serving.plan.draws import PlanDraws
from serving.plan.offers import Offers, build_offers
from serving.plan.outcomes import Outcomes
from serving.plan.problem import LinearRule, Objective, PlanProblem
from serving.plan.program import solve
from serving.plan.rules import GroupLimits, Limits, PlanRules, linear_rules
from serving.plan.settings import PlanSettings
from serving.plan.solver import PlanSolver
from serving.scoring.prospect_batch import ProspectBatch

EXPONENTS = (0.35, 0.7, 1.0)
MOMENTS = ("2022-06-01", "2022-08-01", "2022-10-01", "2022-12-01", "2023-01-15")
SCENARIOS, TELLING_DRAWS, BOOTSTRAP = 300, 2000, 500
#: Creators that an equal split pays at least.
SPLIT = 10
GOAL_PROBABILITIES = (0.8, 0.65, 0.5)
#: Plans by cvar and goal, which take most of the time, are made for one campaign in so many.
RISK_EVERY = 3
OURS, PLANS = "plan: mean", ["cvar", "goal"]
#: Shares of the plan's expectation at which the probability of a goal is compared with what happens.
GOAL_SHARES = (0.6, 0.8, 1.0, 1.2)


@dataclass(frozen=True)
class Campaign:
    """Options of the candidates of one campaign, and what each would get, (options,).

    `place` (options,): of each option's creator in the pool; `trailing` (options,): engagements by
    the average of the last posts.
    """

    pool: Pool
    offers: Offers
    settings: PlanSettings
    rules: tuple[LinearRule, ...]
    place: np.ndarray
    happened: np.ndarray
    trailing: np.ndarray

    @property
    def fee(self) -> np.ndarray:
        return self.offers.options.fee

    def program(self, expected: np.ndarray) -> np.ndarray:
        """Return the options of the best choice by these totals alone."""
        options, budget = self.offers.options, self.settings.budget
        problem = PlanProblem(options.candidate, options.fee, budget, expected, rules=self.rules)
        return solve(problem, self.settings.time_limit, self.settings.gap).chosen

    def greedy(self, score: np.ndarray, most_each: float = np.inf) -> np.ndarray:
        """Return the options taken from the top of an order of creators, lowest `score` first: each
        as often as the rest of the budget, `most_each` and the rules allow.
        """
        options = self.offers.options
        order = np.lexsort([-options.deliverables, score])
        taken: list[int] = []
        candidates: set[int] = set()
        left = self.settings.budget
        sums = np.zeros(len(self.rules))
        weights = np.array([rule.coefficients for rule in self.rules]).reshape(-1, options.n)
        high = np.array([rule.high for rule in self.rules])
        for one in order.tolist():
            fits = self.fee[one] <= min(left, most_each) * (1 + 1e-12)
            if options.candidate[one] in candidates or not fits:
                continue
            if (sums + weights[:, one] > high * (1 + 1e-9)).any():
                continue
            taken.append(one)
            candidates.add(int(options.candidate[one]))
            left -= self.fee[one]
            sums += weights[:, one]
        return np.array(taken, dtype=int)


def draw_campaigns(pool: Pool, campaigns: int, rng: np.random.Generator) -> Iterator[Campaign]:
    """Yield campaigns of a pool."""
    for number in range(campaigns):
        size = int(rng.integers(30, 101))
        chosen = np.sort(rng.choice(len(pool), min(size, len(pool)), replace=False))
        fee = pool.fees(rng)[chosen]
        budget = float(np.round(fee.sum() * np.exp(rng.uniform(np.log(0.03), np.log(0.3)))))
        budget = max(budget, float(np.sort(fee)[2]))
        rules = _draw_rules(pool, chosen, rng) if number % 2 else PlanRules()
        settings = PlanSettings(
            budget, rules=rules, scenarios=SCENARIOS, seed=number, time_limit=5.0, gap=0.02
        )
        rows = pool.rows.iloc[chosen].assign(deliverables=1.0, fee_usd=fee)
        columns = {
            c.name: pd.Series(rows[c.name].to_numpy(), dtype=DTYPES[c.kind])
            for c in PROSPECTS.columns
            if c.name in rows
        }
        candidates = CandidateList.of(ProspectBatch.from_frame(pd.DataFrame(columns)))
        offers = build_offers(pool.scorer, candidates, settings, pool.as_of)
        options = offers.options
        place = chosen[options.row]
        happened = pool.happened(rng)[place, options.deliverables - 1]
        trailing = pool.recent[place] * options.deliverables
        linear = linear_rules(rules, options, budget, settings.currency)
        yield Campaign(pool, offers, settings, linear, place, happened, trailing)


def _draw_rules(pool: Pool, chosen: np.ndarray, rng: np.random.Generator) -> PlanRules:
    """Return rules of the kinds that managers have, which every choice from the top can hold."""
    most = int(rng.integers(4, 11))
    groups = []
    if rng.random() < 0.5:
        kind, names = ("platform", pool.platform) if rng.random() < 0.5 else ("band", pool.band)
        value = str(pd.Series(names[chosen]).mode()[0])
        groups = [GroupLimits(kind, value, Limits(max_creators=max(2, most // 2)))]
    share = float(rng.choice([0.25, 0.35, 0.5]))
    return PlanRules(Limits(max_creators=most), tuple(groups), max_share=share)


def choices(campaign: Campaign, plans: list[str]) -> tuple[dict[str, np.ndarray], float, Outcomes]:
    """Return the options of every way of choosing, the goal, and the plans' own draws; `plans`: those
    to make beside the one by expectation, of PLANS.
    """
    offers, settings, options = campaign.offers, campaign.settings, campaign.offers.options
    shock = SharedShock.of_manifest(campaign.pool.scorer.bundle.manifest)
    scenarios = PlanDraws(offers, shock, settings.scenarios, settings.seed).totals(
        "engagements", np.arange(options.n)
    )
    solver = PlanSolver(options, settings, scenarios)
    telling = Outcomes(offers, settings, PlanDraws(offers, shock, TELLING_DRAWS, settings.seed + 1))
    found = {OURS: solver.solve().chosen}
    reached = GOAL_PROBABILITIES[settings.seed // RISK_EVERY % len(GOAL_PROBABILITIES)]
    goal = float(np.quantile(telling.totals("engagements", found[OURS]), 1 - reached))
    if "cvar" in plans:
        found["plan: cvar 0.1"] = solver.solve(objective=Objective("cvar", 0.1)).chosen
    if "goal" in plans:
        aim = Objective("probability", goal=goal)
        found["plan: goal"] = solver.solve(objective=aim, start=found[OURS]).chosen
    followers = campaign.pool.followers[campaign.place]
    cpe = options.fee / options.expected
    found["greedy: cost per engagement, forecast"] = campaign.greedy(cpe)
    found["greedy: cost per engagement, last 12 posts"] = campaign.greedy(
        options.fee / campaign.trailing
    )
    found["greedy: followers"] = campaign.greedy(-followers)
    rate = campaign.pool.recent[campaign.place] / followers
    found["greedy: engagement rate"] = campaign.greedy(-rate)
    found["equal split"] = campaign.greedy(cpe, settings.budget / SPLIT)
    medians = offers.totals("engagements", np.arange(options.n)).quantile([0.5])[:, 0]
    found["program: forecast's median"] = campaign.program(medians)
    found["program: last 12 posts"] = campaign.program(campaign.trailing)
    return found, goal, telling


def run_campaigns(
    title: str, pools: Iterator[Pool], each: int, seed: int, plans: list[str]
) -> None:
    """Run `each` campaigns of every pool; print what all pools so far gave after each of them."""
    rows: list[dict] = []
    told: list[dict] = []
    for number, pool in enumerate(pools):
        rng = np.random.default_rng([seed, number])
        for place, campaign in enumerate(draw_campaigns(pool, each, rng)):
            name = f"{pool.name} {place}"
            found, goal, telling = choices(campaign, plans if place % RISK_EVERY == 0 else [])
            for way, chosen in found.items():
                rows.append(_result(name, way, campaign, chosen, goal))
                if way.startswith("plan"):
                    told.append(_told(name, way, campaign, chosen, goal, telling))
        print(f"\n{pool.name}: done", flush=True)
        show(title, pd.DataFrame(rows), pd.DataFrame(told))


def _result(name: str, way: str, campaign: Campaign, chosen: np.ndarray, goal: float) -> dict:
    got, fee = campaign.happened[chosen], campaign.fee[chosen]
    market = campaign.pool.name.split(",")[0]
    creators = [f"{market}/{one}" for one in campaign.pool.creator[campaign.place[chosen]]]
    return {
        "campaign": name,
        "way": way,
        "got": got,
        "fee": fee,
        "creators": creators,
        "total": got.sum(),
        "missed": float(got.sum() < goal),
        "unspent": 1 - fee.sum() / campaign.settings.budget,
        "signed": len(chosen),
        "has_rules": bool(campaign.rules),
    }


def _told(
    name: str, way: str, campaign: Campaign, chosen: np.ndarray, goal: float, telling: Outcomes
) -> dict:
    draws, total = telling.totals("engagements", chosen), campaign.happened[chosen].sum()
    expected = float(campaign.offers.options.expected[chosen].sum())
    figures = {
        "campaign": name,
        "way": way,
        "expected": expected,
        "total": total,
        "level": float((draws < total).mean()),
        "p10": np.quantile(draws, 0.1),
        "p90": np.quantile(draws, 0.9),
        "signed": len(chosen),
        "probability": float((draws >= goal).mean()),
        "reached": float(total >= goal),
    }
    for share in GOAL_SHARES:
        figures[f"probability_{share}"] = float((draws >= share * expected).mean())
        figures[f"reached_{share}"] = float(total >= share * expected)
    return figures


def log_ratios(results: pd.DataFrame) -> pd.DataFrame:
    """Return by way the mean ln ratio to OURS and its interval, whole campaigns and the weights of
    creators drawn anew.
    """
    campaigns = results["campaign"].unique()
    codes = pd.Index(np.unique(np.concatenate(results["creators"].tolist())))
    rng = np.random.default_rng(0)
    totals = {}
    weights = np.vstack([np.ones(len(codes)), rng.exponential(size=(BOOTSTRAP, len(codes)))])
    for way, rows in results.groupby("way"):
        rows = rows.set_index("campaign").reindex(campaigns)
        columns = [
            _per_money(row.got, row.fee, row.creators, codes, weights) for row in rows.itertuples()
        ]
        totals[way] = np.column_stack(columns)
    drawn = rng.integers(0, len(campaigns), (BOOTSTRAP, len(campaigns)))
    found = []
    for way, values in totals.items():
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.log(values) - np.log(totals[OURS])
        ratio[~np.isfinite(ratio)] = np.nan
        means = np.nanmean(np.take_along_axis(ratio[1:], drawn, axis=1), axis=1)
        found.append((way, np.nanmean(ratio[0]), *np.quantile(means, [0.025, 0.975])))
    return pd.DataFrame(found, columns=["way", "mean", "low", "high"]).set_index("way")


def _per_money(
    got: np.ndarray, fee: np.ndarray, creators: list[str], codes: pd.Index, weights: np.ndarray
) -> np.ndarray:
    """Return what a choice gets at each set of weights (draws, creators), at equal money spent; NaN
    where it was not made, 0 for one that signs nobody.
    """
    if not isinstance(creators, list):
        return np.full(len(weights), np.nan)
    if not creators:
        return np.zeros(len(weights))
    own = weights[:, codes.get_indexer(creators)]
    return (own @ got) / (own @ fee) * fee.sum()


def mean_with_interval(values: np.ndarray, percent: bool = True) -> str:
    """Return a mean over campaigns with its bootstrap interval, as text."""
    rng = np.random.default_rng(0)
    means = values[rng.integers(0, len(values), (BOOTSTRAP, len(values)))].mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    unit = 100 if percent else 1
    return f"{unit * values.mean():.0f} ({unit * low:.0f}-{unit * high:.0f})"


def show_results(title: str, results: pd.DataFrame) -> None:
    """Print the ways of choosing, the best first."""
    ratios = log_ratios(results).sort_values("mean", ascending=False)
    print(f"\n{title}: {results['campaign'].nunique()} campaigns\n")
    print(
        "| way of choosing | engagements, % of the mean plan | goals missed, % | unspent, % | signed |"
    )
    print("|---|---|---|---|---|")
    for way, row in ratios.iterrows():
        own = results[results["way"] == way]
        low, middle, high = (100 * np.exp(row[name]) for name in ("low", "mean", "high"))
        ratio = "100" if way == OURS else f"{middle:.1f} ({low:.1f}-{high:.1f})"
        missed = mean_with_interval(own["missed"].to_numpy())
        unspent = 100 * own["unspent"].mean()
        print(f"| {way} | {ratio} | {missed} | {unspent:.1f} | {own['signed'].mean():.1f} |")


def show_told(told: pd.DataFrame) -> None:
    """Print how often ranges held and goals were reached, by what the plans told of themselves."""
    for way, rows in told.groupby("way"):
        ratio = np.log(rows["total"] / rows["expected"]).mean()
        inside = ((rows["total"] >= rows["p10"]) & (rows["total"] <= rows["p90"])).to_numpy(float)
        print(
            f"  {way}: the 80 % range of the total held in {mean_with_interval(inside)} %, below it "
            f"{100 * (rows['total'] < rows['p10']).mean():.0f} %, above "
            f"{100 * (rows['total'] > rows['p90']).mean():.0f} %; 50 %: "
            f"{100 * rows['level'].between(0.25, 0.75).mean():.0f} %; got / expected "
            f"{np.exp(ratio):.2f}; own goal forecast {rows['probability'].mean():.2f}, reached "
            f"{rows['reached'].mean():.2f}"
        )
    rows = told[told["way"] == OURS]
    pairs = [rows[[f"probability_{s}", f"reached_{s}"]].to_numpy() for s in GOAL_SHARES]
    forecast, reached = np.vstack(pairs).T
    print("  probability of a goal, mean plan (goals of 60 to 120 % of the expectation):")
    for low in np.arange(0, 1, 0.2):
        at = (forecast >= low) & (forecast < low + 0.2 + 1e-9 * (low > 0.7))
        if at.any():
            print(
                f"    {low:.1f}-{low + 0.2:.1f}: n {at.sum()}, forecast {forecast[at].mean():.2f}, "
                f"reached {mean_with_interval(reached[at])} %"
            )


def show(title: str, results: pd.DataFrame, told: pd.DataFrame) -> None:
    """Print everything of one kind of pools."""
    show_results(title, results)
    has_risk = results.groupby("campaign")["way"].transform("nunique") == results["way"].nunique()
    show_results("of these with plans by cvar and goal", results[has_risk])
    show_told(told)
    for has_rules, rows in results.groupby("has_rules"):
        ratios = log_ratios(rows)
        greedy = ratios.loc["greedy: cost per engagement, forecast"]
        low, middle, high = (100 * np.exp(greedy[name]) for name in ("low", "mean", "high"))
        print(
            f"  greedy {'with' if has_rules else 'without'} rules: {middle:.1f} ({low:.1f}-{high:.1f})"
        )
    few = results.groupby("campaign")["signed"].transform("first") <= 5
    for is_few, rows in results.groupby(few):
        greedy = log_ratios(rows).loc["greedy: cost per engagement, forecast"]
        low, middle, high = (100 * np.exp(greedy[name]) for name in ("low", "mean", "high"))
        size = "5 creators or fewer" if is_few else "more"
        print(
            f"  greedy where the plan signs {size} ({rows['campaign'].nunique()}): "
            f"{middle:.1f} ({low:.1f}-{high:.1f})",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--panel", type=Path)
    parser.add_argument("--campaigns", type=int, default=200)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--creators", type=int, default=900)
    parser.add_argument("--plans", nargs="*", choices=PLANS, default=PLANS)
    parser.add_argument("--only", choices=("simulated", "panel"))
    arguments = parser.parse_args()
    markets = (
        pool
        for seed in range(1, arguments.seeds + 1)
        for pool in simulated_pools(arguments.creators, seed, EXPONENTS)
    )
    each = -(-arguments.campaigns // (arguments.seeds * len(EXPONENTS)))
    if arguments.only != "panel":
        run_campaigns("simulated market", markets, each, 1, arguments.plans)
    if arguments.panel is not None and arguments.only != "simulated":
        each = -(-arguments.campaigns // len(MOMENTS))
        pools = panel_pools(arguments.panel, MOMENTS)
        run_campaigns("panel, fees about the rate card", pools, each, 2, arguments.plans)


if __name__ == "__main__":
    main()
