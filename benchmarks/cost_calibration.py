"""Check that P(CPE <= benchmark) is calibrated: `python benchmarks/cost_calibration.py`, on simulated markets.

A market is simulated, and everything is fitted to what was known at a cut. Forecasts are made at the cut for later
partnerships: those of the tables, and every later post of a creator with a deal that began before it and whose fee is
known, as a partnership of one deliverable at that fee. The benchmark is that of the answers: the median CPE of the
user's deals known at the cut in the creator's segment. For each tenth of the probability the benchmark prints how often
the cost per engagement really stayed within it. A tenth with 3,000 partnerships or more may be off by 3 points. Markets
of different fee exponents differ in their fees alone, so one fit serves them all.
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
from features.tables.vocabulary import lookup_indexes
from models.cost import cost_probability
from models.delivery import DeliveredTotals
from training.backend import LOCAL
from training.backtest.metrics import bootstrap_means, interval
from training.dataset import Sampling, hide_content, sample_test_rows
from training.fit import FittedModels, Recipe, fit
from training.platform_times import to_timestamp
from training.simulate.parameters import MarketParameters
from training.simulate.simulate import simulate

TARGET = "engagements"
ENOUGH, TOLERANCE = 3000, 0.03
#: Posts and deals up to so many days after the cut are forecast.
LEAD_DAYS = 120.0


def simulate_market(exponent: float, creators: int, seed: int) -> Tables:
    """Simulate a market in which every creator has about one and a half deals, and every fee is known."""
    market = replace(
        MarketParameters(), fee_exponent=exponent, deals_per_creator=1.5, fee_known_share=1.0
    )
    return simulate(creators, seed, market)[0]


def fees_before(history: History, tables: Tables, cut: int) -> np.ndarray:
    """Return the fee a deliverable of each account's last deal that began before the cut, NaN where it had none."""
    deals = completed_deals(history, tables.partnerships, cut).sort_values("start_at")
    each = (deals["fee_usd"] / deals["deliverables"]).groupby(deals["account"]).last()
    return each.reindex(np.arange(len(history.accounts))).to_numpy()


def forecast_posts(
    history: History, fitted: FittedModels, benchmarks: SegmentBenchmarks, fee: np.ndarray
) -> pd.DataFrame:
    """Forecast every later post of an account with a known fee; return probability and outcome of each."""
    history = fitted.at_horizon(history)
    rows = hide_content(
        sample_test_rows(history, TARGET, fitted.until, longest_lead_days=LEAD_DAYS)
    )
    rows = rows[np.isfinite(fee[rows.account])]
    x = LOCAL.derive(history, rows.queries, fitted.reference)
    forecasts = compare_with_benchmark(x, fitted, benchmarks, fee[rows.account], np.ones(len(rows)))
    return forecasts.assign(total=np.expm1(rows.y), creator=rows.account)


def forecast_deals(
    history: History, tables: Tables, fitted: FittedModels, benchmarks: SegmentBenchmarks
) -> pd.DataFrame:
    """Forecast every later partnership whose outcome is known; return probability and outcome of each."""
    deals = completed_deals(history, tables.partnerships, np.iinfo(np.int64).max)
    start = to_us(deals["start_at"])
    cut = int(fitted.until.max())
    later = (start > cut) & (start <= cut + LEAD_DAYS * DAY_US)
    deals = deals[later & deals["engagements"].notna()].reset_index(drop=True)
    queries = deals.assign(as_of=to_timestamp(cut), sponsored=1.0)
    fee, deliverables = deals["fee_usd"].to_numpy(), deals["deliverables"].to_numpy()
    x = derive(history, queries, fitted.reference)
    forecasts = compare_with_benchmark(x, fitted, benchmarks, fee, deliverables)
    return forecasts.assign(total=deals["engagements"], creator=deals["account"])


def compare_with_benchmark(
    x: pd.DataFrame,
    fitted: FittedModels,
    benchmarks: SegmentBenchmarks,
    fee: np.ndarray,
    deliverables: np.ndarray,
) -> pd.DataFrame:
    """Return fee, benchmark and the probability that the cost per engagement is at most the benchmark."""
    codes = {part: x[f"{part}_code"].to_numpy() for part in ("platform", "band", "niche")}
    segment = benchmarks.find_segment("cpe_usd", lookup_indexes(codes))
    median = np.searchsorted(QUANTILE_LEVELS, 0.5)
    benchmark = benchmarks.quantiles_at("cpe_usd", segment)[:, median]
    totals = DeliveredTotals.of(fitted.forecasters[TARGET].predict_distribution(x, deliverables))
    probability = cost_probability(benchmark, fee, totals)
    return pd.DataFrame({"fee": fee, "benchmark": benchmark, "probability": probability})


def reliability(forecasts: pd.DataFrame) -> pd.DataFrame:
    """Return by tenths of the probability how often the cost stayed within the benchmark, with a 95 % interval."""
    forecasts = forecasts[forecasts["probability"].notna()]
    probability = forecasts["probability"].to_numpy()
    creator = forecasts["creator"].to_numpy()
    is_within = forecasts["fee"] <= forecasts["benchmark"] * forecasts["total"]
    within = is_within.to_numpy(float)
    tenth = np.minimum((probability * 10).astype(int), 9)
    masks = {f"{number / 10:.1f}-{number / 10 + 0.1:.1f}": tenth == number for number in range(10)}
    masks["all"] = np.ones(len(forecasts), bool)
    rows = []
    for name, mask in masks.items():
        if not mask.any():
            continue
        low, high = interval(bootstrap_means(within[mask], creator[mask]))
        row = {
            "tenth": name,
            "n": int(mask.sum()),
            "forecast": probability[mask].mean(),
            "happened": within[mask].mean(),
            "low": low,
            "high": high,
        }
        rows.append(row)
    return pd.DataFrame(rows)


def show(title: str, rows: pd.DataFrame) -> None:
    """Print a reliability table, and whether its tenths lie within the tolerance."""
    print(f"  {title}")
    print(
        f"    {'tenth':<8} {'n':>7} {'forecast':>8} {'happened':>9}  {'95 % interval':<15} {'off':>6}"
    )
    for row in rows.itertuples():
        off = row.happened - row.forecast
        verdict = "  within" if abs(off) <= TOLERANCE else "  OUTSIDE"
        if row.n < ENOUGH:
            verdict = ""
        span = f"{row.low:.3f} to {row.high:.3f}"
        print(
            f"    {row.tenth:<8} {row.n:>7,} {row.forecast:>8.3f} {row.happened:>9.3f}  {span:<15} {off:>+6.3f}{verdict}"
        )


def main(exponents: list[float], creators: int, seed: int) -> None:
    """Simulate, fit and print the tables of each exponent."""
    fitted, posts = None, None
    for exponent in exponents:
        start = time.perf_counter()
        tables = simulate_market(exponent, creators, seed)
        history = History.from_tables(tables)
        cut = int(np.quantile(history.panel(TARGET).time, 0.8))
        if fitted is None or not tables.posts.equals(posts):
            fitted = fit(
                history,
                cut,
                Recipe(sampling=Sampling(per_post=1, seed=seed), seed=seed),
                targets=(TARGET,),
            )
            posts = tables.posts
        history = fitted.at_horizon(history)
        deals = completed_deals(history, tables.partnerships, cut)
        benchmarks = fit_benchmarks(history, fitted.reference, to_timestamp(cut), deals)
        print(
            f"fee exponent {exponent:g}: {creators:,} creators, cut {to_timestamp(cut):%Y-%m-%d}, {len(deals):,} deals before"
        )
        posts_at_fees = forecast_posts(
            history, fitted, benchmarks, fees_before(history, tables, cut)
        )
        show("every later post at its creator's last fee", reliability(posts_at_fees))
        later_deals = forecast_deals(history, tables, fitted, benchmarks)
        show("later partnerships", reliability(later_deals))
        print(f"  {time.perf_counter() - start:.0f} seconds", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--exponents", type=float, nargs="+", default=[0.35, 0.7, 1.0])
    parser.add_argument("--creators", type=int, default=6000)
    parser.add_argument("--seed", type=int, default=11)
    arguments = parser.parse_args()
    main(arguments.exponents, arguments.creators, arguments.seed)
