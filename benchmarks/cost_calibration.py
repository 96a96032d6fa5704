"""Is P(CPE <= benchmark) what happens? `python benchmarks/cost_calibration.py`, on simulated markets.

A market is simulated and everything is fitted to what was known at a cut. Later partnerships are asked about at the
cut: those of the tables, and every later post of a creator whose fee is known from a deal that began before it, taken
as a partnership of one deliverable at that fee. The benchmark is that of the answers: the median CPE of own deals known
at the cut in the creator's cell. Told is how often the cost per engagement really stayed within it, by tenths of the
probability; a tenth is judged where it holds 3,000 partnerships or more, with a tolerance of 3 points. Fees alone
differ from one fee exponent to the other, so one forecast serves them all.
"""

import argparse
import time
from dataclasses import replace

import numpy as np
import pandas as pd

from features.derive.derive import derive
from features.fit_segments import fit_benchmarks
from features.history.arrays import DAY_US, to_us
from features.history.deals import completed_deals
from features.history.history import History
from features.segments import QUANTILE_LEVELS, SegmentBenchmarks
from features.tables.model import Tables
from models.cost import cost_probability
from models.delivery import DeliveredTotals
from training.backend import LOCAL
from training.backtest.metrics import bootstrap_means, interval
from training.dataset import Sampling, hide_content, sample_test_rows
from training.fit import FittedModels, Recipe, fit
from training.platform_times import to_timestamp
from training.simulate.parameters import MarketParameters
from training.simulate.simulate import simulate

WHAT = "engagements"
ENOUGH, TOLERANCE = 3000, 0.03
#: A deal's outcome is read up to 30 days after its last deliverable, which is due up to so many days after the first.
LEAD_DAYS = 120.0


def market_of(exponent: float, creators: int, seed: int) -> Tables:
    """Simulate a market in which every creator has about one and a half deals, and every fee is known."""
    market = replace(
        MarketParameters(), fee_exponent=exponent, deals_per_creator=1.5, fee_known_share=1.0
    )
    return simulate(creators, seed, market)[0]


def fees_before(history: History, tables: Tables, cut: int) -> np.ndarray:
    """Give the fee a deliverable of each account's last deal that began before the cut, NaN where it had none."""
    deals = completed_deals(history, tables.partnerships, cut).sort_values("start_at")
    each = (deals["fee_usd"] / deals["deliverables"]).groupby(deals["account"]).last()
    return each.reindex(np.arange(len(history.accounts))).to_numpy()


def asked_posts(
    history: History, fitted: FittedModels, benchmarks: SegmentBenchmarks, fee: np.ndarray
) -> pd.DataFrame:
    """Ask at the cut about every later post of an account with a known fee; give chance and outcome of each."""
    rows = hide_content(sample_test_rows(history, WHAT, fitted.until, longest_lead_days=LEAD_DAYS))
    rows = rows[np.isfinite(fee[rows.account])]
    x = LOCAL.derive(history, rows.queries, fitted.reference)
    found = judged(x, fitted, benchmarks, fee[rows.account], np.ones(len(rows)))
    return found.assign(total=np.expm1(rows.y), creator=rows.account)


def asked_deals(
    history: History, tables: Tables, fitted: FittedModels, benchmarks: SegmentBenchmarks
) -> pd.DataFrame:
    """Ask at the cut about every later partnership whose outcome is known."""
    deals = completed_deals(history, tables.partnerships, np.iinfo(np.int64).max)
    start = to_us(deals["start_at"])
    cut = int(fitted.until.max())
    later = (start > cut) & (start <= cut + LEAD_DAYS * DAY_US)
    deals = deals[later & deals["engagements"].notna()].reset_index(drop=True)
    questions = deals.assign(as_of=to_timestamp(cut), sponsored=1.0)
    fee, deliverables = deals["fee_usd"].to_numpy(), deals["deliverables"].to_numpy()
    x = derive(history, questions, fitted.reference)
    found = judged(x, fitted, benchmarks, fee, deliverables)
    return found.assign(total=deals["engagements"], creator=deals["account"])


def judged(
    x: pd.DataFrame,
    fitted: FittedModels,
    benchmarks: SegmentBenchmarks,
    fee,
    deliverables,
):
    """Give the benchmark and the chance that each deal's cost is at most that."""
    codes = {part: x[f"{part}_code"].to_numpy() for part in ("platform", "band", "niche")}
    mark = benchmarks.quantiles_at("cpe_usd", benchmarks.find_segment("cpe_usd", codes))[
        :, np.searchsorted(QUANTILE_LEVELS, 0.5)
    ]
    totals = DeliveredTotals.of(fitted.forecasters[WHAT].predict_distribution(x, deliverables))
    return pd.DataFrame({"fee": fee, "mark": mark, "chance": cost_probability(mark, fee, totals)})


def table(found: pd.DataFrame) -> pd.DataFrame:
    """Give by tenths of the chance how often the cost stayed within the benchmark, with a 95 % interval."""
    found = found[found["chance"].notna()]
    kept = (found["fee"] <= found["mark"] * found["total"]).to_numpy(float)
    tenth = np.minimum((found["chance"].to_numpy() * 10).astype(int), 9)
    rows = []
    for number in [*range(10), None]:
        at = tenth == number if number is not None else np.ones(len(found), bool)
        if not at.any():
            continue
        low, high = interval(bootstrap_means(kept[at], found["creator"].to_numpy()[at]))
        said = found["chance"].to_numpy()[at].mean()
        name = "all" if number is None else f"{number / 10:.1f}-{number / 10 + 0.1:.1f}"
        row = {
            "chance": name,
            "n": int(at.sum()),
            "said": said,
            "happened": kept[at].mean(),
            "low": low,
            "high": high,
        }
        rows.append(row)
    return pd.DataFrame(rows)


def show(title: str, rows: pd.DataFrame) -> None:
    """Print a reliability table, and how its judged tenths stand to the tolerance."""
    print(f"  {title}")
    print(
        f"    {'chance':<8} {'n':>7} {'said':>6} {'happened':>9}  {'95 % interval':<15} {'off':>6}"
    )
    for row in rows.itertuples():
        off = row.happened - row.said
        mark = "" if row.n < ENOUGH else "  within" if abs(off) <= TOLERANCE else "  OUTSIDE"
        span = f"{row.low:.3f} to {row.high:.3f}"
        print(
            f"    {row.chance:<8} {row.n:>7,} {row.said:>6.3f} {row.happened:>9.3f}  {span:<15} {off:>+6.3f}{mark}"
        )


def main(exponents: list[float], creators: int, seed: int) -> None:
    """Simulate, fit and print the tables of each exponent."""
    fitted, posts = None, None
    for exponent in exponents:
        start = time.perf_counter()
        tables = market_of(exponent, creators, seed)
        history = History.from_tables(tables)
        cut = int(np.quantile(history.panel(WHAT).time, 0.8))
        if fitted is None or not tables.posts.equals(posts):
            fitted = fit(
                history,
                cut,
                Recipe(sampling=Sampling(per_post=1, seed=seed), seed=seed),
                targets=(WHAT,),
            )
            posts = tables.posts
        deals = completed_deals(history, tables.partnerships, cut)
        benchmarks = fit_benchmarks(history, fitted.reference, to_timestamp(cut), deals)
        print(
            f"fee exponent {exponent:g}: {creators:,} creators, cut {to_timestamp(cut):%Y-%m-%d}, {len(deals):,} deals before"
        )
        asked = asked_posts(history, fitted, benchmarks, fees_before(history, tables, cut))
        show("every later post at its creator's last fee", table(asked))
        show("later partnerships", table(asked_deals(history, tables, fitted, benchmarks)))
        print(f"  {time.perf_counter() - start:.0f} seconds", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--exponents", type=float, nargs="+", default=[0.35, 0.7, 1.0])
    parser.add_argument("--creators", type=int, default=6000)
    parser.add_argument("--seed", type=int, default=11)
    arguments = parser.parse_args()
    main(arguments.exponents, arguments.creators, arguments.seed)
