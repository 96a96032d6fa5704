"""How often the gate of `creatorcast promote` refuses candidates that are good, and that are not:
`python benchmarks/promotion_gate.py --markets 30`.

Each market is simulated with a seed of its own. The champion is fitted to what was known 90 days
before the end, the candidates 60 days before it; all are asked about the posts after that. Prints
the share of markets in which each criterion, and any of them, refuses:

- same data: fitted as the champion with another seed; no better and no worse
- a month later: fitted to a month more
- narrow, wide: a month later, with all intervals 40 % narrower, or 30 % wider
- noisy: a month later, with an error of 0.3 on the ln of every forecast
"""

import argparse
from copy import copy
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from features.history.arrays import DAY_US
from features.history.history import History
from features.tables.vocabulary import PLATFORMS
from models.boosting import Boosting
from models.forecast import Forecaster
from training.dataset import Sampling
from training.fit import FittedModels, Recipe, fit
from training.promote.comparison import UnseenComparison, compare_pairs
from training.promote.reforecast import (
    TARGET,
    ForecastOrigins,
    label_posts_after_origins,
    newcomers,
    score_forecaster,
)
from training.promote.score_pairs import pair_scores
from training.promote.unseen import has_enough
from training.simulate.simulate import simulate
from training.train import mature_end

RECIPE = Recipe(
    sampling=Sampling(per_post=1),
    location=Boosting(trees=60, leaves=7, learning_rate=0.1),
    scale=Boosting(trees=20, leaves=7, learning_rate=0.1),
    folds=2,
    threads=1,
)


@dataclass
class Noisy:
    """A forecaster whose location is off by a random error of each row."""

    forecaster: Forecaster
    error: float

    def distribution_parts(self, x: pd.DataFrame) -> tuple[np.ndarray, ...]:
        """Return what models.forecast.Forecaster does, with the error added."""
        location, *others = self.forecaster.distribution_parts(x)
        return (location + np.random.default_rng(0).normal(0, self.error, len(x)), *others)


def stretched(forecaster: Forecaster, factor: float) -> Forecaster:
    """Return a forecaster with all quantiles so many times as far from its location."""
    other = copy(forecaster)
    other.conformal_ = replace(forecaster.conformal_, z=forecaster.conformal_.z * factor)
    return other


def failures(creators: int, seed: int) -> list[dict]:
    """Return for each candidate of one market which criteria it fails."""
    tables, _ = simulate(creators, seed)
    history = History.from_tables(tables)
    end = mature_end(history)
    champion = fit(history, end - 90 * DAY_US, RECIPE, targets=(TARGET,))
    other = fit(history, end - 90 * DAY_US, replace(RECIPE, seed=1), targets=(TARGET,))
    later = fit(history, end - 60 * DAY_US, RECIPE, targets=(TARGET,))
    model = later.forecasters[TARGET]
    candidates: dict[str, tuple[FittedModels, Forecaster | Noisy]] = {
        "same data": (other, other.forecasters[TARGET]),
        "a month later": (later, model),
        "narrow": (later, stretched(model, 0.6)),
        "wide": (later, stretched(model, 1.3)),
        "noisy": (later, Noisy(model, 0.3)),
    }
    moments = dict(zip(PLATFORMS, (int(moment) for moment in end - 60 * DAY_US), strict=True))
    origins = ForecastOrigins(moments, int(end.max()), is_refitted=False)
    rows = label_posts_after_origins(history, origins, set(PLATFORMS), 120)
    theirs = score_forecaster(history, champion.reference, champion.forecasters[TARGET], rows)
    new = newcomers(history, origins)
    found = []
    for name, (fitted, forecaster) in candidates.items():
        pairs = pair_scores(score_forecaster(history, fitted.reference, forecaster, rows), theirs)  # type: ignore[arg-type]
        of_new = pairs.rows[pairs.rows["creator"].isin(new)]
        of_new = of_new if has_enough(of_new) else of_new[:0]
        comparison = compare_pairs(pairs, 30, UnseenComparison(of_new, ""))
        texts = comparison.failed
        found.append(
            {
                "candidate": name,
                "CRPS": any(text.startswith("CRPS,") and "unseen" not in text for text in texts),
                "coverage": any(text.startswith("coverage") for text in texts),
                "any": bool(texts),
                "cells": int(comparison.coverage["judged"].sum()),
                "outside": int(comparison.coverage["outside"].sum()),
                **{
                    f"over {margin:.1%}": bool(
                        (comparison.table["low"][comparison.table["decides"]] > margin).any()
                    )
                    for margin in (0.001, 0.005, 0.01)
                },
                "change": comparison.table["change"][0],
            }
        )
    return found


def main() -> None:
    """Print the shares of refusals."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--markets", type=int, default=30)
    parser.add_argument("--creators", type=int, default=240)
    options = parser.parse_args()
    found: list[dict] = []
    for seed in range(options.markets):
        found += failures(options.creators, 200 + seed)
        table = pd.DataFrame(found).groupby("candidate", sort=False).mean()
        print(f"{seed + 1} markets", table.round(3).to_string(), sep="\n", flush=True)


if __name__ == "__main__":
    main()
