"""Check forecasts at 7 and at 30 days, and what fresh posts are worth: `python benchmarks/horizon_calibration.py`.

Both parts use simulated markets, whose truth holds the counts of every post at 7 and at 30 days.

horizons: a market is read in one sweep, so that the ages of its posts at reading are 7 to 400 days. Posts of the 60
days after the sweep are forecast from what the sweep tells, and judged against their true counts at exactly 7 and 30
days: how many lie within the interval of 80 % (to be 78 to 84 %), and the bias, the mean of ln(1 + truth) less ln(1 +
p50) (to be within .03). Beside it stand the same figures of a fit that takes counts as they were read.

fresh: every post is read each day. Posts of the next week (0 to 7 days after the question) are forecast at four
moments, with the readings of posts younger than 7 days and without them, each by models fitted to the same readings.
Errors are of ln(1 + engagements at 30 days): those of the posts, and those of the level, which is what the post was
expected to get by its creator, time and format, before its own noise. To be: 4 % less or better.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd

from features.derive.derive import derive
from features.history.arrays import encode_categories
from features.history.history import History
from features.tables.model import Tables
from features.tables.vocabulary import EVIDENCE, MATURE_DAYS, PLATFORMS
from training.backtest.metrics import bootstrap_means, interval
from training.dataset import Sampling
from training.fit import FittedModels, Recipe, fit
from training.simulate.parameters import DEMO_MARKET
from training.simulate.simulate import simulate
from training.simulate.truth import MarketTruth

TARGET = "engagements"
HORIZONS_DAYS = (7.0, 30.0)
SWEEP_DAYS, LATER_DAYS = 400, 60
PROBABILITIES = (0.1, 0.5, 0.9)
COVERAGE, MOST_BIAS, LEAST_GAIN = (0.78, 0.84), 0.03, 0.04
#: Moments of the questions about the next week, in days after the fit.
QUESTION_DAYS = (0, 7, 14, 21)


def sweep_market(creators: int, theta: float, seed: int) -> tuple[Tables, MarketTruth]:
    """Simulate a market that is read in one sweep, at ages of 7 to 400 days; later posts are in the truth."""
    market = replace(
        DEMO_MARKET,
        days=SWEEP_DAYS,
        later_days=LATER_DAYS,
        readings="sweep",
        growth_theta=theta,
        truth_ages_days=HORIZONS_DAYS,
    )
    tables, truth = simulate(creators, seed, market)
    return with_posts(tables, tables.posts[ages(tables) >= MATURE_DAYS]), truth


def daily_market(creators: int, theta: float, seed: int) -> tuple[Tables, MarketTruth]:
    """Simulate a market whose posts are read each day, with about one and a half posts a week of each creator."""
    market = replace(
        DEMO_MARKET,
        posts_median=100.0,
        readings="daily",
        growth_theta=theta,
        truth_ages_days=HORIZONS_DAYS,
    )
    return simulate(creators, seed, market)


def ages(tables: Tables) -> pd.Series:
    """Return the age in days of every reading of a post."""
    posts = tables.posts
    return (posts["observed_at"] - posts["posted_at"]) / pd.Timedelta(days=1)


def with_posts(tables: Tables, posts: pd.DataFrame) -> Tables:
    """Return the tables with other posts."""
    return replace(tables, posts=posts.reset_index(drop=True))


def questions(truth: MarketTruth, as_of: pd.Timestamp, days: float) -> pd.DataFrame:
    """Return the posts of so many days after `as_of` as queries; `y_<age>` is ln(1 + true engagements) at an age."""
    posts = truth.posts
    lead = (posts["posted_at"] - as_of) / pd.Timedelta(days=1)
    counts = truth.readings.pivot_table(TARGET, "post_id", "age_days")
    asked = posts[(lead > 0) & (lead <= days)].assign(as_of=as_of).join(counts, on="post_id")
    asked = asked.rename(columns={"posted_at": "start_at"}).reset_index(drop=True)
    for age in HORIZONS_DAYS:
        asked[f"y_{age:.0f}"] = np.log1p(asked.pop(age))
    return asked


def fit_at(history: History, moment: pd.Timestamp, recipe: Recipe) -> FittedModels:
    """Fit the target to what was known at a moment."""
    return fit(history, moment.value // 1000, recipe, targets=(TARGET,))


def forecast(
    history: History, fitted: FittedModels, asked: pd.DataFrame, horizon_days: float
) -> np.ndarray:
    """Return PROBABILITIES of ln(1 + engagements) at a horizon, (n, 3); NaN where the creator has no history."""
    x = derive(history, asked, fitted.reference)
    counts = fitted.forecasters[TARGET].predict_distribution(x.to_numpy()).quantile(PROBABILITIES)
    platform = encode_categories(asked["platform"], PLATFORMS)
    reference = fitted.reference
    growth = reference.maturation.growth(TARGET, platform, reference.horizon_days, horizon_days)
    known = x[f"{TARGET}_evidence_code"].to_numpy() == EVIDENCE.index("history")
    return np.where(known[:, None], np.log1p(counts) + growth[:, None], np.nan)


def judge_horizons(creators: int, theta: float, recipe: Recipe, seed: int) -> None:
    """Print coverage and bias at each horizon, with counts brought to it and with counts as read."""
    tables, truth = sweep_market(creators, theta, seed)
    history = History.from_tables(tables)
    as_of = pd.Timestamp(truth.market.end, tz="UTC")
    asked = questions(truth, as_of, LATER_DAYS)
    print(
        f"horizons: {creators:,} creators read in one sweep, {len(tables.posts):,} posts, "
        f"median age {ages(tables).median():.0f} days; {len(asked):,} later posts"
    )
    for name, brings in (("brought to the horizon", True), ("as read", False)):
        fitted = fit_at(history, as_of, replace(recipe, brings_counts=brings))
        for horizon in HORIZONS_DAYS:
            show_horizon(name, horizon, asked, forecast(history, fitted, asked, horizon))


def show_horizon(name: str, horizon: float, asked: pd.DataFrame, forecasts: np.ndarray) -> None:
    """Print coverage and bias of the interval of 80 % at a horizon, with intervals over creators."""
    y = asked[f"y_{horizon:.0f}"].to_numpy()
    known = np.isfinite(forecasts[:, 1])
    low, middle, high = forecasts[known].T
    inside = ((y[known] >= low) & (y[known] <= high)).astype(float)
    off = y[known] - middle
    group = asked["creator_id"].to_numpy()[known]
    draws = bootstrap_means(np.column_stack([inside, off]), group).T
    spans = [interval(draw) for draw in draws]
    is_right = COVERAGE[0] <= inside.mean() <= COVERAGE[1] and abs(off.mean()) <= MOST_BIAS
    print(
        f"  {name:<23} at {horizon:>2.0f} days: within the interval of 80 % {inside.mean():.3f} "
        f"({spans[0][0]:.3f} to {spans[0][1]:.3f}), bias {off.mean():+.3f} "
        f"({spans[1][0]:+.3f} to {spans[1][1]:+.3f}), below p10 {np.mean(y[known] < low):.3f}, "
        f"n {known.sum():,}  {'within' if is_right else 'OUTSIDE'}"
    )
    by_platform = pd.Series(off).groupby(asked["platform"].to_numpy()[known]).mean()
    text = ", ".join(f"{platform} {bias:+.3f}" for platform, bias in by_platform.items())
    print(f"    bias by platform: {text}")


def judge_fresh_posts(creators: int, theta: float, recipe: Recipe, seed: int) -> None:
    """Print what the readings of posts younger than 7 days take off the error of the next week."""
    tables, truth = daily_market(creators, theta, seed)
    until = pd.Timestamp(truth.market.end, tz="UTC") - pd.Timedelta(days=QUESTION_DAYS[-1] + 7)
    moments = [until + pd.Timedelta(days=days) for days in QUESTION_DAYS]
    asked = pd.concat([questions(truth, moment, 7.0) for moment in moments], ignore_index=True)
    medians = {}
    for name, least_age in (("without", MATURE_DAYS), ("with", 0)):
        shown = with_posts(tables, tables.posts[ages(tables) >= least_age])
        history = History.from_tables(shown)
        fitted = fit_at(history, until, recipe)
        medians[name] = forecast(history, fitted, asked, 30.0)[:, 1]
    known = np.isfinite(medians["without"]) & np.isfinite(medians["with"])
    fresh = known & has_fresh_post(truth, asked)
    print(
        f"fresh: {creators:,} creators read daily, {len(asked):,} posts of the next week at "
        f"{len(moments)} moments"
    )
    groups = {"all": known, "with a post in the week before": fresh}
    for group, rows in groups.items():
        for error, y in (("posts", asked["y_30"]), ("level", asked["ln_expected"])):
            show_gain(f"{error}, {group}", asked, {k: v[rows] for k, v in medians.items()}, y, rows)


def has_fresh_post(truth: MarketTruth, asked: pd.DataFrame) -> np.ndarray:
    """Return whether the creator of each question posted 1 to 7 days before it, (n,)."""
    found = np.zeros(len(asked), dtype=bool)
    for moment in asked["as_of"].unique():
        age = (moment - truth.posts["posted_at"]) / pd.Timedelta(days=1)
        busy = truth.posts["creator_id"][(age >= 1) & (age < MATURE_DAYS)].unique()
        found |= (asked["as_of"] == moment) & asked["creator_id"].isin(busy)
    return found


def show_gain(
    name: str,
    asked: pd.DataFrame,
    medians: dict[str, np.ndarray],
    y: pd.Series,
    rows: np.ndarray,
) -> None:
    """Print the mean absolute error of both forecasts and their difference, with an interval over creators."""
    error = {key: np.abs(y.to_numpy()[rows] - median) for key, median in medians.items()}
    both = np.column_stack([error["with"], error["without"]])
    ours, before = both.mean(axis=0)
    draws = bootstrap_means(both, asked["creator_id"].to_numpy()[rows])
    low, high = interval(draws[:, 0] / draws[:, 1] - 1)
    gain = ours / before - 1
    print(
        f"  {name:<38} without {before:.4f}, with {ours:.4f}: {gain:+.1%} ({low:+.1%} to "
        f"{high:+.1%}), n {rows.sum():,}  {'reached' if gain <= -LEAST_GAIN else 'NOT REACHED'}"
    )


PARTS: dict[str, Callable[[int, float, Recipe, int], None]] = {
    "horizons": judge_horizons,
    "fresh": judge_fresh_posts,
}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--parts", nargs="+", default=list(PARTS), choices=list(PARTS))
    parser.add_argument("--creators", type=int, default=400)
    parser.add_argument("--growth-theta", type=float, default=0.2)
    parser.add_argument("--per-post", type=int, default=2)
    parser.add_argument("--seed", type=int, default=11)
    arguments = parser.parse_args()
    sampling = Sampling(per_post=arguments.per_post, seed=arguments.seed)
    chosen = Recipe(sampling=sampling, seed=arguments.seed)
    for part in arguments.parts:
        start = time.perf_counter()
        PARTS[part](arguments.creators, arguments.growth_theta, chosen, arguments.seed)
        print(f"  {time.perf_counter() - start:.0f} seconds", flush=True)
