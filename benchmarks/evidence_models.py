"""One model for every evidence, compared with a dedicated model for each: `python
benchmarks/evidence_models.py DATA`.

All are fitted to what was known when 80 % of the posts were out, and forecast the later posts as
known at signing: posts of creators that trained them or, with `--unseen`, of a fifth that did not.
A dedicated model learns from the same posts with every row reduced to its evidence. The aim: the
one model is at most 1.5 % worse, and never worse than the offset alone. Widths are of the 80 %
interval, over the same posts.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from features.history.history import History
from features.tables.folder import read_tables
from features.tables.validate import validate
from features.tables.vocabulary import EVIDENCE
from models.conformal import GRID
from training.backtest.metrics import bootstrap_means, interval
from training.fit import Recipe, fit
from training.later_posts import derive_later_posts, label_later_posts
from training.platform_times import times_by_platform, to_timestamp

TARGET, SHARE, AIM = "engagements", 0.8, 1.015
LOW, HIGH = (int(np.searchsorted(GRID, p)) for p in (0.1, 0.9))


def dedicated_recipe(recipe: Recipe, evidence: str) -> Recipe:
    """Return the recipe whose training rows are all of one evidence."""
    shares = {f"{name}_share": float(name == evidence) for name in EVIDENCE[1:]}
    return replace(recipe, sampling=replace(recipe.sampling, **shares))


def measure(history: History, recipe: Recipe, unseen: bool) -> pd.DataFrame:
    """Return a row for each evidence: posts, mean errors, their ratios, and interval width."""
    cut = int(np.quantile(history.posts_with_engagements.time, SHARE))
    until = int(history.posts_with_engagements.time.max())
    folds = np.random.default_rng(recipe.seed).integers(
        0, recipe.creator_parts, len(history.accounts)
    )
    trained, tested = (folds > 0, folds == 0) if unseen else (None, None)
    one = fit(history, cut, recipe, trained, targets=(TARGET,))
    forecaster = one.forecasters[TARGET]
    lead_days = recipe.sampling.longest_lead_days
    posts = label_later_posts(
        one.at_horizon(history), TARGET, one.until, times_by_platform(until), lead_days, tested
    )
    later = derive_later_posts(history, posts, one.reference)
    rows = []
    for number, evidence in enumerate(EVIDENCE):
        x = later.x.iloc[number * len(posts) : (number + 1) * len(posts)]
        dedicated = fit(
            history, cut, dedicated_recipe(recipe, evidence), trained, targets=(TARGET,)
        )
        forecasts = {
            "one": forecaster.predict(x),
            "dedicated": dedicated.forecasters[TARGET].predict(x),
            "offset": x[f"{TARGET}_log_offset"].to_numpy(),
        }
        errors = {name: np.abs(forecast - posts.y) for name, forecast in forecasts.items()}
        _, scale, table, _ = forecaster.distribution_parts(x)
        width = float((scale * (table[:, HIGH] - table[:, LOW])).mean())
        row = {"evidence": evidence, "posts": len(posts), **compare_errors(errors, posts.account)}
        rows.append({**row, "width": width})
        print(
            f"{evidence}: {errors['one'].mean():.4f}, dedicated {errors['dedicated'].mean():.4f}",
            flush=True,
        )
    print(f"cut {to_timestamp(cut):%Y-%m-%d}, {len(np.unique(posts.account))} creators")
    return pd.DataFrame(rows)


def compare_errors(errors: dict[str, np.ndarray], account: np.ndarray) -> dict[str, float | str]:
    """Return the mean error of each forecast, and its ratios with intervals over creators."""
    draws = bootstrap_means(np.column_stack(list(errors.values())), account)
    by_name = dict(zip(errors, draws.T, strict=True))
    row: dict[str, float | str] = {name: error.mean() for name, error in errors.items()}
    for other in ("dedicated", "offset"):
        low, high = interval(by_name["one"] / by_name[other])
        ratio = errors["one"].mean() / errors[other].mean()
        row[f"one / {other}"] = f"{ratio:.3f} ({low:.3f} to {high:.3f})"
    return row


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument(
        "--unseen",
        action="store_true",
        help="judge by a fifth of the creators, left out of the fits",
    )
    parser.add_argument("--threads", type=int, default=0)
    arguments = parser.parse_args()
    history = History.from_tables(validate(read_tables(arguments.data)))
    table = measure(history, Recipe(threads=arguments.threads), arguments.unseen)
    print(table.round(4).to_string(index=False))
    print(f"aim: one / dedicated at most {AIM}, one / offset at most 1")
