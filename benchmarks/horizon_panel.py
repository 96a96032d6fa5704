"""Hold the backtest of this code against one of earlier code: the same posts, paired one by one.

    creatorcast backtest DATA --out BEFORE                      (with the code before)
    python benchmarks/horizon_panel.py DATA BEFORE AFTER        (runs the backtest of this code)

Each outcome is judged as it was read. Prints, for creators that trained the models and for others,
error of the served median, CRPS and coverage of both, and the relative difference with its 95 %
interval, whole creators drawn. Where AFTER holds a backtest already, it is compared as it is.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from features.tables.vocabulary import EVIDENCE
from training.backtest.files import publish_backtest
from training.backtest.metrics import bootstrap_means, interval
from training.backtest.report_tables import ENOUGH_POSTS, relative_difference
from training.fit import Recipe

SERVED = "forecast: creatorcast"
KEY = ["split", "number", "creator", "posted"]


def read_scores(folder: Path) -> pd.DataFrame:
    """Return the scores of the best evidence, with the number of the cut and the post's place."""
    scores = pd.read_parquet(folder / "scores.parquet")
    scores = scores[scores["asked"] == EVIDENCE[0]]
    number = scores.groupby("platform")["cut"].rank(method="dense").astype(int)
    return scores.assign(number=number)


def pair(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Return the posts that both runs forecast from moments at most an hour apart, with the same
    count as read, of creators with ENOUGH_POSTS posts before in both.
    """
    both = [frame.drop_duplicates(KEY, keep=False) for frame in (before, after)]
    pairs = both[0].merge(both[1], on=KEY, suffixes=("_before", "_after"))
    gap = (pairs["cut_before"] - pairs["cut_after"]).abs()
    enough = pairs[["posts_before_before", "posts_before_after"]].min(axis=1) >= ENOUGH_POSTS
    same = np.isclose(pairs["y_before"], pairs["y_after"], rtol=1e-9)
    return pairs[(gap <= pd.Timedelta(hours=1)) & enough & same]


def errors(pairs: pd.DataFrame, run: str) -> pd.DataFrame:
    """Return the error, the CRPS and the hits of the intervals of one run, by post."""
    y = pairs[f"y_{run}"]
    columns = {
        "error": (pairs[f"{SERVED}_{run}"] - y).abs(),
        "CRPS": pairs[f"crps_{run}"],
        "80 %": y.between(pairs[f"q0.1_{run}"], pairs[f"q0.9_{run}"]),
        "90 %": y.between(pairs[f"q0.05_{run}"], pairs[f"q0.95_{run}"]),
    }
    return pd.DataFrame(columns).astype(float)


def compare(pairs: pd.DataFrame, title: str) -> None:
    """Print the figures of both runs and their differences."""
    old, new = errors(pairs, "before"), errors(pairs, "after")
    print(f"{title}: {len(pairs):,} posts of {pairs['creator'].nunique():,} creators")
    columns = [old[["error", "CRPS"]], new[["error", "CRPS"]]]
    draws = bootstrap_means(np.column_stack(columns), pairs["creator"].to_numpy())
    for place, name in enumerate(("error", "CRPS")):
        low, high = interval(relative_difference(draws[:, place + 2], draws[:, place]))
        change = new[name].mean() / old[name].mean() - 1
        means = f"{old[name].mean():.4f} before, {new[name].mean():.4f} after"
        print(f"  {name:<6} {means}: {change:+.2%} ({low:+.2%} to {high:+.2%})")
    for name in ("80 %", "90 %"):
        print(f"  {name:<6} held {old[name].mean():.1%} before, {new[name].mean():.1%} after")


def run_backtest(data: Path, out: Path) -> None:
    """Write the backtest of this code into a folder."""
    print(publish_backtest(data, out, Recipe(), 5, "engagements", print))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("data", "before", "after"):
        parser.add_argument(name, type=Path)
    arguments = parser.parse_args()
    if not (arguments.after / "scores.parquet").exists():
        run_backtest(arguments.data, arguments.after)
    before, after = read_scores(arguments.before), read_scores(arguments.after)
    pairs = pair(before, after)
    for split in ("seen", "unseen"):
        rows = pairs[pairs["split"] == split]
        if len(rows):
            compare(rows, f"{split} creators")


if __name__ == "__main__":
    main()
