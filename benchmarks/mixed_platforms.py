"""Hold a model of one panel against one of the panel and a simulated market of other platforms and
later years.

python benchmarks/mixed_platforms.py DATA: asks both about the same creators of DATA at every
evidence, and prints p90 / p10 of each, their ratio, and the record of each platform.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from features.derive.queries import Queries
from features.history.arrays import DAY_US
from features.history.history import History
from features.tables.folder import read_tables
from features.tables.model import Tables
from features.tables.validate import validate
from features.tables.vocabulary import EVIDENCE, PLATFORMS
from training.backend import LOCAL
from training.backtest.backtest import backtest
from training.fit import FittedModels, Recipe, fit
from training.platform_times import days_text, timestamps_by_platform
from training.simulate.parameters import DEMO_MARKET
from training.simulate.simulate import simulate
from training.train import mature_end

TARGET, AIM = "engagements", 0.15
LEAD_DAYS = 14
OTHERS = ("tiktok", "youtube")
RECORD_COLUMNS = [
    *("split", "platform", "rows", "creators"),
    *("mae", "vs_median", "coverage_80", "coverage_90"),
]


def with_others(panel: Tables, creators: int, seed: int) -> Tables:
    """Return the tables of the panel with those of a simulated market of OTHERS."""
    platforms = {
        name: replace(DEMO_MARKET.platforms[name], share=1 / len(OTHERS)) for name in OTHERS
    }
    market = replace(DEMO_MARKET, platforms=platforms)
    other, _ = simulate(creators, seed, market)
    frames = {
        name: pd.concat([frame, other.frames()[name]], ignore_index=True)
        for name, frame in panel.frames().items()
    }
    return validate(Tables(**frames, meta=panel.meta))


def model(tables: Tables, recipe: Recipe) -> tuple[History, FittedModels, pd.DataFrame]:
    """Return the history, the fit to all that is known, and the record of each platform."""
    history = History.from_tables(tables)
    until = mature_end(history)
    record, calibration = backtest(history, until, recipe)
    fitted = fit(history, until, recipe, targets=(TARGET,), calibration={TARGET: calibration})
    return history, fitted, record.by_platform


def widths(
    history: History, fitted: FittedModels, names: pd.Index, as_of: pd.Timestamp
) -> pd.DataFrame:
    """Return p90 / p10 of the next post of each account named, a column for each evidence."""
    account = history.accounts.get_indexer(names)
    as_of_us = np.full(len(names), as_of.value // 1000)
    start_us = as_of_us + LEAD_DAYS * DAY_US
    ratios = {}
    for code, evidence in enumerate(EVIDENCE):
        limit = {"evidence_limit": np.full(len(names), float(code))}
        queries = Queries.from_arrays(account, as_of_us, start_us, limit)
        x = LOCAL.derive(history, queries, fitted.reference)
        ends = fitted.forecasters[TARGET].predict_distribution(x).quantile([0.1, 0.9])
        ratios[evidence] = (1 + ends[:, 1]) / (1 + ends[:, 0])
    return pd.DataFrame(ratios)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--creators", type=int, default=400)
    parser.add_argument("--seed", type=int, default=7)
    arguments = parser.parse_args()
    panel = validate(read_tables(arguments.data))
    together = with_others(panel, arguments.creators, arguments.seed)
    alone, mixed = model(panel, Recipe()), model(together, Recipe())
    platform = PLATFORMS[int(alone[0].platform[0])]
    as_of = timestamps_by_platform(alone[0], alone[1].until)[platform]
    first, second = (
        widths(history, fitted, alone[0].accounts, as_of) for history, fitted, _ in (alone, mixed)
    )
    print(f"{len(first)} creators of {platform}, asked at {as_of:%Y-%m-%d}: median p90 / p10")
    for evidence in EVIDENCE:
        ratio = second[evidence].median() / first[evidence].median()
        each = (second[evidence] / first[evidence]).quantile([0.1, 0.5, 0.9]).round(3).tolist()
        verdict = "met" if abs(ratio - 1) <= AIM else "MISSED"
        print(
            f"  {evidence:8} alone {first[evidence].median():6.2f}  mixed "
            f"{second[evidence].median():6.2f}  "
            f"ratio {ratio:.3f} (each creator's, 10 / 50 / 90 %: {each})  {verdict}"
        )
    for name, (history, fitted, record) in {"alone": alone, "mixed": mixed}.items():
        print(f"{name}: known until {days_text(timestamps_by_platform(history, fitted.until))}")
        print(record[RECORD_COLUMNS].round(3).to_string(index=False))
        n = fitted.forecasters[TARGET].conformal_.n
        print(
            f"calibration scores by platform and evidence: "
            f"{dict(zip(PLATFORMS, n.tolist(), strict=True))}"
        )


if __name__ == "__main__":
    main()
