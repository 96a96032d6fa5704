"""Which measure should a list be ranked by? Money is spent from the top of each order.

python benchmarks/ranking_spend.py [--panel DATA] [--lists 120] [--seeds 3] [--creators 1200]

Lists of candidates with quoted fees for 1 to 3 deliverables are ranked by every measure. From the top, each candidate whose
fee the rest of the budget still pays is signed. What the signed ones then get is compared, list by
list, with what the order by cost per engagement (cpe_usd_p50) gets from the same money.

- simulated: lists of 100 from markets of several seeds, at the fee exponents 0.35, 0.7 and 1.0
  (--lists of each). Counted is the true expectation of each partnership, so that luck plays no part.
- panel (--panel: a folder of tables): lists of 100 as of several moments (--lists in all), at
  fees drawn about the typical one of the rate card. Counted is what the creators' later posts got.

Printed: the geometric mean of the ratio, in percent, with a 95 % bootstrap interval over lists.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from campaign_pools import POST_SD, WIDE_POST_SD, Pool, panel_pools, simulated_pools

from serving.scoring.measures import RANKING_MEASURES, best_first, measure_columns, measure_values

BUDGETS = (2_000, 5_000, 10_000, 25_000, 50_000, 100_000)
EXPONENTS = (0.35, 0.7, 1.0)
MOMENTS = ("2022-07-01", "2022-09-01", "2022-11-01", "2023-01-01")
LIST_ROWS, MOST_DELIVERABLES, DRAWS = 100, 3, 2000
#: Measures that answers without a target, a goal, views or values of engagements do not have.
NOT_ASKED = {
    "probability_target",
    "probability_goal",
    "cpm_usd_p50",
    "views_p50",
    "engagement_rate_by_views_p50",
    "emv_usd_p50",
}
#: Costs that no measure is, lowest first: by the forecast's mean, and without a forecast.
OTHER_COSTS = ("fee / engagements_mean", "fee / average of last 12 posts", "fee / followers")
REFERENCE = "cpe_usd_p50"


def orders(answers: pd.DataFrame, followers: np.ndarray, average: np.ndarray) -> dict:
    """Return the places of the answers, best first, by measure and by OTHER_COSTS; what has no
    value is left out. `average` (n,): engagements of the last posts, for all deliverables.
    """
    columns = {name: answers[name].to_numpy() for name in answers}
    found = {}
    for by in RANKING_MEASURES:
        if by not in NOT_ASKED:
            values = measure_values(by, {name: columns[name] for name in measure_columns(by)})
            found[by] = best_first(by, values)[: np.isfinite(values).sum()]
    counts = (columns["engagements_mean"], average, followers)
    for name, count in zip(OTHER_COSTS, counts, strict=True):
        found[name] = np.argsort(columns["fee_usd"] / count, kind="stable")
    return found


def spend(order: np.ndarray, fee: np.ndarray, budget: float) -> list[int]:
    """Return who is signed from the top: everyone whose fee the rest of the budget still pays."""
    signed = []
    for place in order.tolist():
        if fee[place] <= budget:
            budget -= fee[place]
            signed.append(place)
    return signed


def list_results(pool: Pool, lists: int, rng: np.random.Generator) -> Iterator[dict]:
    """Yield what each order gets of each budget, for `lists` lists of the pool."""
    for number in range(lists):
        deliverables = rng.integers(1, MOST_DELIVERABLES + 1, len(pool))
        fee = pool.fees(rng) * deliverables
        chosen = rng.choice(len(pool), min(LIST_ROWS, len(pool)), replace=False)
        answers = pool.score(deliverables, fee).frame().iloc[chosen]
        got, fee = pool.expected(deliverables)[chosen], fee[chosen]
        average = (pool.recent * deliverables)[chosen]
        for by, order in orders(answers, pool.followers[chosen], average).items():
            for budget in BUDGETS:
                signed = spend(order, fee, budget)
                yield {
                    "list": f"{pool.name} {number}",
                    "by": by,
                    "budget": budget,
                    "got": got[signed].sum(),
                    "signed": len(signed),
                }


def compare(results: pd.DataFrame) -> pd.DataFrame:
    """Return by measure and budget the ratio to REFERENCE with its interval, as text."""
    got = results.pivot_table("got", ["list", "budget"], "by")
    usable = got[(got > 0).all(axis=1)]
    ratio = np.log(usable).sub(np.log(usable[REFERENCE]), axis=0)
    rng = np.random.default_rng(0)
    cells: dict[str, dict[str, str]] = {by: {} for by in got}
    by_budget = [(f"{budget:,}", rows) for budget, rows in ratio.groupby("budget")]
    for title, rows in [*by_budget, ("all budgets", ratio.groupby("list").mean())]:
        values = rows.to_numpy()
        means = values[rng.integers(0, len(rows), (DRAWS, len(rows)))].mean(axis=1)
        low, high = 100 * np.exp(np.quantile(means, [0.025, 0.975], axis=0))
        middle = 100 * np.exp(values.mean(axis=0))
        for place, by in enumerate(rows):
            text = f"{middle[place]:.0f} ({low[place]:.0f}-{high[place]:.0f})"
            cells[by][f"{title} (n={len(rows)})"] = text if by != REFERENCE else "100"
    overall = ratio.mean().sort_values(ascending=False).index
    return pd.DataFrame(cells).T.loc[overall]


def show(title: str, results: pd.DataFrame) -> None:
    """Print the table of a market, and how many candidates the reference signs."""
    table = compare(results)
    print(f"\n{title}: engagements in % of those by {REFERENCE}; budget in USD\n")
    print("| measure | " + " | ".join(table.columns) + " |")
    print("|---|" + "---|" * len(table.columns))
    for by, row in table.iterrows():
        print(f"| {by} | " + " | ".join(row) + " |")
    ours = results[results["by"] == REFERENCE].groupby("budget")["signed"].mean()
    print("signed, mean: " + ", ".join(f"{value:.1f}" for value in ours), flush=True)


def simulated_results(
    seeds: int, creators: int, lists: int, post_sd: tuple[float, float] = POST_SD
) -> pd.DataFrame:
    """Return the results of all simulated markets, with their fee exponent."""
    rows = []
    for seed in range(1, seeds + 1):
        pools = simulated_pools(creators, seed, EXPONENTS, post_sd)
        for exponent, pool in zip(EXPONENTS, pools, strict=True):
            rng = np.random.default_rng([seed, int(100 * exponent)])
            found = list_results(pool, lists // seeds, rng)
            rows += [{"exponent": exponent, **row} for row in found]
    return pd.DataFrame(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--panel", type=Path)
    parser.add_argument("--lists", type=int, default=120)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--creators", type=int, default=1200)
    arguments = parser.parse_args()
    results = simulated_results(arguments.seeds, arguments.creators, arguments.lists)
    for exponent, rows in results.groupby("exponent"):
        show(f"simulated, fee exponent {exponent:g}", rows)
    show("simulated, all", results)
    wide = simulated_results(arguments.seeds, arguments.creators, arguments.lists, WIDE_POST_SD)
    show("simulated, posts as uneven as on TikTok, all fee exponents", wide)
    if arguments.panel is not None:
        rng = np.random.default_rng(0)
        rows = []
        for pool in panel_pools(arguments.panel, MOMENTS):
            rows += list_results(pool, arguments.lists // len(MOMENTS), rng)
        show("panel, fees about the rate card", pd.DataFrame(rows))


if __name__ == "__main__":
    main()
