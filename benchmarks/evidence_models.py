"""One model for every evidence against one of its own for each: `python benchmarks/evidence_models.py DATA`.

Fitted to what was known when 80 % of the posts were out and asked about the later ones as known at signing, by the
creators that trained them and, with `--unseen`, by a fifth that did not. The dedicated models learn from the same
posts with every row reduced to their evidence. The aim: the one model is at most 1.5 % worse, and never worse than the
offset alone. Widths are of the 80 % interval, over the same posts.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from features.derive.derive import derive
from features.history.history import History
from features.tables.folder import read_tables
from features.tables.validate import validate
from features.tables.vocabulary import EVIDENCE
from models.conformal import GRID
from training.backtest.backtest import HOLDOUT_FOLDS
from training.backtest.evaluate import label_later_posts
from training.backtest.metrics import bootstrap_means, interval
from training.dataset import hide_content
from training.fit import Recipe, fit
from training.platform_times import to_timestamp

WHAT, SHARE, AIM = "engagements", 0.8, 1.015
LOW, HIGH = (int(np.searchsorted(GRID, p)) for p in (0.1, 0.9))


def dedicated(recipe: Recipe, evidence: str) -> Recipe:
    """Give the recipe whose rows all show a creator as `evidence` does."""
    shares = {f"{name}_share": float(name == evidence) for name in EVIDENCE[1:]}
    return replace(recipe, sampling=replace(recipe.sampling, **shares))


def measure(history: History, recipe: Recipe, unseen: bool) -> pd.DataFrame:
    """Give one row an evidence: posts, errors of the one model, its own and the offset, their ratios, and width."""
    cut = int(np.quantile(history.posts_with_engagements.time, SHARE))
    until = int(history.posts_with_engagements.time.max())
    parts = np.random.default_rng(recipe.seed).integers(0, HOLDOUT_FOLDS, len(history.accounts))
    trained, asked_of = (parts > 0, parts == 0) if unseen else (None, None)
    one = fit(history, cut, recipe, trained, targets=(WHAT,))
    test = hide_content(label_later_posts(history, one, until, recipe, asked_of, WHAT))
    found = []
    for evidence in EVIDENCE:
        own = fit(history, cut, dedicated(recipe, evidence), trained, targets=(WHAT,))
        x = derive(history, test.queries.assign(evidence_limit=evidence), one.reference)
        forecast = one.forecasters[WHAT]
        _, scale, table, _ = forecast.parts(x)
        apart = own.forecasters[WHAT].predict(x)
        errors = {
            name: np.abs(at - test.y)
            for name, at in _forecasts(forecast.predict(x), apart, x).items()
        }
        found.append({"evidence": evidence, "posts": len(test), **_compared(errors, test.account)})
        found[-1]["width"] = float((scale * (table[:, HIGH] - table[:, LOW])).mean())
        print(
            f"{evidence}: {errors['one'].mean():.4f}, dedicated {errors['dedicated'].mean():.4f}",
            flush=True,
        )
    print(f"cut {to_timestamp(cut):%Y-%m-%d}, {len(np.unique(test.account))} creators")
    return pd.DataFrame(found)


def _forecasts(served: np.ndarray, apart: np.ndarray, x: pd.DataFrame) -> dict[str, np.ndarray]:
    return {"one": served, "dedicated": apart, "offset": x[f"{WHAT}_log_offset"].to_numpy()}


def _compared(errors: dict[str, np.ndarray], account: np.ndarray) -> dict[str, float | str]:
    draws = dict(
        zip(errors, bootstrap_means(np.column_stack(list(errors.values())), account).T, strict=True)
    )
    said = {name: error.mean() for name, error in errors.items()}
    for other in ("dedicated", "offset"):
        low, high = interval(draws["one"] / draws[other])
        said[f"one / {other}"] = f"{said['one'] / said[other]:.3f} ({low:.3f} to {high:.3f})"
    return said


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
    tables = History.from_tables(validate(read_tables(arguments.data)))
    table = measure(tables, Recipe(threads=arguments.threads), arguments.unseen)
    print(table.round(4).to_string(index=False))
    print(f"aim: one / dedicated at most {AIM}, one / offset at most 1")
