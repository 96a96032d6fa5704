"""How often the 80 % and 90 % intervals of the starter model hold, by platform, target and evidence.

    CREATORCAST_REAL_DATA=FOLDER python benchmarks/starter_coverage.py [--panel TABLES] [--creators N]

- simulated: a demo market of N creators (default 600), whose levels and spreads the starter does not
  know; its posts spread alike on all platforms, and on TikTok half as far as measured ones do
- simulated, TikTok as measured: the same market on TikTok alone, with the measured spread of posts
- panel: tables of an imported panel (`creatorcast import`); Instagram, single posts
- TikTok profiles: tiktok_creators of CREATORCAST_REAL_DATA; the mean of all videos of a creator,
  held against the total of 100 deliverables over 100

Posts after three moments of each panel (50, 65 and 80 % of its posts before) are forecast as of
these moments, up to 120 days ahead. Intervals of the coverage: whole creators drawn, 95 %.
"""

import argparse
import os
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from features.derive.catalog import feature_column
from features.derive.derive import derive_profiles
from features.derive.queries import Queries
from features.history.history import History
from features.history.profiles import profile_from_fields
from features.tables.folder import read_tables
from features.tables.validate import validate
from features.tables.vocabulary import DEFAULT_PART_SHARES, EVIDENCE, PLATFORMS, TARGETS
from models.starter import starter_bundle
from training.backtest.metrics import bootstrap_means, interval
from training.later_posts import derive_later_posts, label_later_posts
from training.platform_times import latest_mature_times, time_of_post_share
from training.simulate.parameters import DEMO_MARKET
from training.simulate.simulate import write_market

SHARES, LEAD_DAYS = (0.5, 0.65, 0.8), 120.0
LEVELS = (0.05, 0.1, 0.5, 0.9, 0.95)
#: Quartiles of the robust sd of a creator's posts on TikTok, measured (944 creators).
MEASURED_TIKTOK_SD = (0.76, 1.60)
#: Deliverables whose mean stands for that of all videos of a creator.
MANY = 100
#: The moment for which profiles are forecast; no forecast of the starter depends on it.
AS_OF = pd.Timestamp("2025-11-30", tz="UTC").value // 1000


def forecasts_of(history: History, target: str) -> pd.DataFrame:
    """Return a row a later post and evidence: creator, platform, evidence, y and its quantiles."""
    bundle = starter_bundle()
    history = bundle.reference.at_horizon(history)
    until = latest_mature_times(history, target, AS_OF * 2)
    tables = []
    for share in SHARES:
        cut = time_of_post_share(history, target, until, share)
        posts = label_later_posts(history, target, cut, until, LEAD_DAYS)
        later = derive_later_posts(history, posts, bundle.reference)
        x = later.x.to_numpy(dtype=float)
        quantiles = bundle.forecasters[target].predict_distribution(x).quantile(LEVELS)
        evidence = feature_column(x, f"{target}_evidence_code").astype(int)
        tables.append(
            pd.DataFrame(np.log1p(quantiles), columns=[f"q{level}" for level in LEVELS]).assign(
                creator=later.rows.account,
                platform=np.array(PLATFORMS)[feature_column(x, "platform_code").astype(int)],
                evidence=np.array(EVIDENCE)[evidence],
                y=later.rows.y,
            )
        )
    return pd.concat(tables, ignore_index=True)


def profiles_of_tiktok(folder: Path) -> pd.DataFrame:
    """Return a row a creator: the mean engagements of its videos and their forecast."""
    people = pd.read_csv(folder / "tiktok_creators" / "creators.csv.gz")
    usable = people["total_videos"].ge(5) & people["total_likes"].gt(0)
    people = people[usable & people["followers"].ge(1000)]
    n, code = len(people), PLATFORMS.index("tiktok")
    moment, platform = np.full(n, AS_OF), np.full(n, float(code))
    fields = {"followers": people["followers"].to_numpy(dtype=float)}
    queries = Queries.from_arrays(np.arange(n), moment, moment, {})
    bundle = starter_bundle()
    profiles = profile_from_fields(platform, moment, fields)
    x = derive_profiles(profiles, queries, bundle.reference)
    forecast = bundle.forecasters["engagements"].predict_distribution(x, np.full(n, float(MANY)))
    quantiles = np.log1p(forecast.quantile(LEVELS) / MANY)
    mean = people["total_likes"] / people["total_videos"] / DEFAULT_PART_SHARES["tiktok"]["likes"]
    return pd.DataFrame(quantiles, columns=[f"q{level}" for level in LEVELS]).assign(
        creator=np.arange(n), platform="tiktok", evidence="profile", y=np.log1p(mean).to_numpy()
    )


def coverage_row(rows: pd.DataFrame) -> str:
    """Return posts, creators, coverages with intervals, and the median residual, as a line."""
    hits = np.column_stack(
        [
            rows["y"].between(rows["q0.1"], rows["q0.9"]),
            rows["y"].between(rows["q0.05"], rows["q0.95"]),
        ]
    ).astype(float)
    draws = bootstrap_means(hits, rows["creator"].to_numpy())
    low, high = interval(draws[:, 0])
    width = np.exp((rows["q0.9"] - rows["q0.1"]).median())
    bias = (rows["y"] - rows["q0.5"]).median()
    return (
        f"{len(rows):,} | {rows['creator'].nunique():,} | {hits[:, 0].mean():.1%} "
        f"({low:.1%} to {high:.1%}) | {hits[:, 1].mean():.1%} | {bias:+.2f} | {width:.0f}"
    )


def report(name: str, rows: pd.DataFrame, target: str) -> None:
    """Print a line for each platform and evidence."""
    present = [one for one in PLATFORMS if (rows["platform"] == one).any()]
    for platform in present if len(present) == 1 else ["all", *present]:
        for evidence in EVIDENCE:
            is_in = (rows["platform"] == platform) | (platform == "all")
            cell = rows[is_in & (rows["evidence"] == evidence)]
            if len(cell):
                print(f"| {name} | {platform} | {target} | {evidence} | {coverage_row(cell)} |")


def report_panel(name: str, folder: Path) -> None:
    """Print the lines of a folder of tables."""
    history = History.from_tables(validate(read_tables(folder)))
    for target in TARGETS:
        if history.panel(target).has_outcome.any():
            report(name, forecasts_of(history, target), target)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--panel", type=Path, help="tables of an imported panel")
    parser.add_argument("--creators", type=int, default=600)
    arguments = parser.parse_args()
    print(
        "| data | platform | target | evidence | posts | creators | 80 % held | 90 % held | "
        "median residual | p90 / p10 |\n|---|---|---|---|---|---|---|---|---|---|"
    )
    if arguments.panel:
        report_panel("panel", arguments.panel)
    if real := os.environ.get("CREATORCAST_REAL_DATA"):
        report("profiles", profiles_of_tiktok(Path(real)), "mean engagements")
    with tempfile.TemporaryDirectory() as folder:
        market = write_market(Path(folder) / "data", arguments.creators, seed=11)
        report_panel("simulated", market)
        only = {"tiktok": replace(DEMO_MARKET.platforms["tiktok"], share=1.0)}
        parameters = replace(DEMO_MARKET, platforms=only, post_sd=MEASURED_TIKTOK_SD)
        market = write_market(
            Path(folder) / "tiktok", arguments.creators // 2, seed=12, market=parameters
        )
        report_panel("simulated, TikTok as measured", market)


if __name__ == "__main__":
    main()
