"""What a larger model buys: error and CRPS by trees and leaves, `python benchmarks/model_size.py DATA [--out PNG]`.

Every size is fitted to what was known when 64 % of the posts were out and asked about the posts up to 80 %, of the
creators that trained it, as known at signing: the last fifth, which the record is judged on, is never looked at. All
sizes learn at a pace of 0.05 from the same rows. The default should be the smallest (trees x leaves) whose error and
CRPS both lie within 0.3 % of the least.
"""

import argparse
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from features.derive.reference import fit_reference
from features.history.history import History
from features.tables.folder import read_tables
from features.tables.validate import validate
from models.boosting import LOCATION_BOOSTING, SCALE_BOOSTING
from training.backend import LOCAL
from training.dataset import hide_content, sample_test_rows, sample_training_rows, training_weights
from training.fit import Recipe, make_forecaster
from training.platform_times import to_timestamp

TREES, LEAVES = (75, 150, 300, 600), (4, 7, 15, 31)
CUT, UNTIL, NEAR = 0.64, 0.8, 1.003
WHAT, ENOUGH_POSTS = "engagements", 5


def measure(data: Path, threads: int) -> pd.DataFrame:
    """Give one row a size: trees, leaves, mae, crps and seconds of the fit."""
    history = History.from_tables(validate(read_tables(data)))
    cut, until = (
        int(np.quantile(history.posts_with_engagements.time, share)) for share in (CUT, UNTIL)
    )
    recipe = Recipe(threads=threads)
    reference = fit_reference(history, to_timestamp(cut))
    rows = sample_training_rows(history, WHAT, cut, recipe.sampling)
    test = sample_test_rows(history, WHAT, cut, until, recipe.sampling.longest_lead_days)
    x, asked = (
        LOCAL.derive(history, rows.queries, reference),
        LOCAL.derive(history, hide_content(test).queries, reference),
    )
    weight = training_weights(rows, np.full(len(rows), cut), recipe.sampling)
    enough = (asked[f"{WHAT}_known_count"] >= ENOUGH_POSTS).to_numpy()
    found = []
    for leaves in LEAVES:
        for trees in TREES:
            start = time.perf_counter()
            location = replace(LOCATION_BOOSTING, trees=trees, leaves=leaves, patience=0)
            size = replace(
                recipe,
                location=location,
                scale=replace(SCALE_BOOSTING, trees=max(trees // 3, 25), leaves=leaves),
            )
            model = make_forecaster(WHAT, size).fit(
                x, rows.y, sample_weight=weight, groups=rows.account
            )
            seconds = time.perf_counter() - start
            error = np.abs(model.predict(asked) - test.y)[enough].mean()
            crps = model.crps(asked, test.y)[enough].mean()
            found.append(
                {"trees": trees, "leaves": leaves, "mae": error, "crps": crps, "seconds": seconds}
            )
            print(
                f"{trees} trees of {leaves} leaves: {error:.4f}, {crps:.4f}, {seconds:.0f} s",
                flush=True,
            )
    return pd.DataFrame(found)


def smallest(found: pd.DataFrame) -> pd.Series:
    """Give the smallest size whose error and CRPS lie within 0.3 % of the least."""
    near = (found["mae"] <= found["mae"].min() * NEAR) & (
        found["crps"] <= found["crps"].min() * NEAR
    )
    near = near if near.any() else found["crps"] <= found["crps"].min() * NEAR
    return found[near].assign(cost=found["trees"] * found["leaves"]).sort_values("cost").iloc[0]


def picture(found: pd.DataFrame, title: str) -> Figure:
    """Draw error and CRPS by trees x leaves, a line for each number of leaves."""
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    for axes, name in zip(figure.subplots(1, 2), ("mae", "crps"), strict=True):
        for leaves, own in found.groupby("leaves"):
            axes.plot(own["trees"] * leaves, own[name], "o-", label=f"{leaves} leaves")
        axes.set_xscale("log")
        axes.set_xlabel("trees x leaves")
        axes.set_title(f"{title}: {name.upper()} of ln(1 + engagements)", fontsize=10)
    axes.legend(frameon=False)
    return figure


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--out", type=Path, help="where the picture goes")
    parser.add_argument("--threads", type=int, default=0)
    arguments = parser.parse_args()
    table = measure(arguments.data, arguments.threads)
    print(table.round(4).to_string(index=False))
    best = smallest(table)
    print(
        f"smallest within 0.3 % of the best: {best['trees']:.0f} trees of {best['leaves']:.0f} leaves"
    )
    if arguments.out:
        picture(table, arguments.data.name).savefig(arguments.out, dpi=120)
