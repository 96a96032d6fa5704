"""Error and CRPS by the size of the model: `python benchmarks/model_size.py DATA [--out PNG]`.

Every size is fitted to what was known when 64 % of the posts were out. It forecasts the posts up to 80 % of creators
that trained it, as known at signing. The last fifth, which the backtest is judged on, is never used. All sizes have the
learning rate 0.05 and the same rows. The default should be the smallest (trees x leaves) whose error and CRPS both lie
within 0.3 % of the least.
"""

import argparse
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from features.derive.fit_reference import fit_reference
from features.history.history import History
from features.tables.folder import read_tables
from features.tables.validate import validate
from models.boosting import LOCATION_BOOSTING, SCALE_BOOSTING
from training.backend import LOCAL
from training.dataset import (
    LabelledQueries,
    hide_content,
    sample_test_rows,
    sample_training_rows,
    training_weights,
)
from training.fit import Recipe, make_forecaster
from training.platform_times import to_timestamp

TREES, LEAVES = (75, 150, 300, 600), (4, 7, 15, 31)
#: Shares of the posts before the fit and before the end of the test.
CUT, UNTIL = 0.64, 0.8
#: Largest ratio of an error to the least one.
TOLERANCE = 1.003
TARGET, ENOUGH_POSTS = "engagements", 5


@dataclass(frozen=True)
class Rows:
    """Training rows and test rows, each with its derived columns."""

    train: LabelledQueries
    x: pd.DataFrame
    weight: np.ndarray
    test: LabelledQueries
    test_x: pd.DataFrame


def draw_rows(history: History, recipe: Recipe) -> Rows:
    """Return the rows before the cut and those between cut and end."""
    times = history.posts_with_engagements.time
    cut, until = (int(np.quantile(times, share)) for share in (CUT, UNTIL))
    reference = fit_reference(history, to_timestamp(cut))
    history = reference.at_horizon(history)
    train = sample_training_rows(history, TARGET, cut, recipe.sampling)
    test = sample_test_rows(history, TARGET, cut, until, recipe.sampling.longest_lead_days)
    return Rows(
        train,
        LOCAL.derive(history, train.queries, reference),
        training_weights(train, np.full(len(train), cut), recipe.sampling),
        test,
        LOCAL.derive(history, hide_content(test).queries, reference),
    )


def recipe_of_size(recipe: Recipe, trees: int, leaves: int) -> Recipe:
    """Return the recipe with boosters of another size, a third of the trees for the scale."""
    location = replace(LOCATION_BOOSTING, trees=trees, leaves=leaves, patience=0)
    scale = replace(SCALE_BOOSTING, trees=max(trees // 3, 25), leaves=leaves)
    return replace(recipe, location=location, scale=scale)


def measure(data: Path, threads: int) -> pd.DataFrame:
    """Return a row for each size: trees, leaves, mae, crps and seconds of the fit."""
    history = History.from_tables(validate(read_tables(data)))
    recipe = Recipe(threads=threads)
    rows = draw_rows(history, recipe)
    enough = (rows.test_x[f"{TARGET}_known_count"] >= ENOUGH_POSTS).to_numpy()
    sizes = []
    for leaves in LEAVES:
        for trees in TREES:
            start = time.perf_counter()
            forecaster = make_forecaster(TARGET, recipe_of_size(recipe, trees, leaves))
            forecaster.fit(
                rows.x, rows.train.y, sample_weight=rows.weight, groups=rows.train.account
            )
            seconds = time.perf_counter() - start
            mae = np.abs(forecaster.predict(rows.test_x) - rows.test.y)[enough].mean()
            crps = forecaster.crps(rows.test_x, rows.test.y)[enough].mean()
            sizes.append(
                {"trees": trees, "leaves": leaves, "mae": mae, "crps": crps, "seconds": seconds}
            )
            print(
                f"{trees} trees of {leaves} leaves: {mae:.4f}, {crps:.4f}, {seconds:.0f} s",
                flush=True,
            )
    return pd.DataFrame(sizes)


def smallest(sizes: pd.DataFrame) -> pd.Series:
    """Return the smallest size whose error and CRPS lie within 0.3 % of the least.

    Where no size has both, the CRPS alone decides.
    """
    good_mae = sizes["mae"] <= sizes["mae"].min() * TOLERANCE
    good_crps = sizes["crps"] <= sizes["crps"].min() * TOLERANCE
    good = good_mae & good_crps
    if not good.any():
        good = good_crps
    return sizes[good].assign(cost=sizes["trees"] * sizes["leaves"]).sort_values("cost").iloc[0]


def draw_sizes(sizes: pd.DataFrame, title: str) -> Figure:
    """Draw error and CRPS by trees x leaves, a line for each number of leaves."""
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    for axes, name in zip(figure.subplots(1, 2), ("mae", "crps"), strict=True):
        for leaves, group in sizes.groupby("leaves"):
            axes.plot(group["trees"] * leaves, group[name], "o-", label=f"{leaves} leaves")
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
    sizes = measure(arguments.data, arguments.threads)
    print(sizes.round(4).to_string(index=False))
    best = smallest(sizes)
    print(
        f"smallest within 0.3 % of the best: {best['trees']:.0f} trees of {best['leaves']:.0f} leaves"
    )
    if arguments.out:
        draw_sizes(sizes, arguments.data.name).savefig(arguments.out, dpi=120)
