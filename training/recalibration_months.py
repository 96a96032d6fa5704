"""How the forecasts of each campaign did, beside what the tables as they were trained would have
said of the same partnerships.
"""

import time
from pathlib import Path

import numpy as np
import pandas as pd

from ledger.growth import growth_of_home
from ledger.matched_forecasts import match_forecasts
from ledger.readings import read_readings
from ledger.store import open_ledger
from models.bundle import load_version
from models.conformal import GRID
from models.distribution import crps
from models.fitted_forecaster import FittedForecaster
from training.backtest.metrics import bootstrap_means, interval
from training.recalibration_outcomes import UsableOutcomes, usable_outcomes

_LOW, _HIGH = (int(np.searchsorted(GRID, level)) for level in (0.1, 0.9))


def months_text(home: Path, trained: str) -> str:
    """Return a table with a line for each campaign of the ledger in the SQLite file of a home.

    `trained`: version of the bundle whose tables stand beside those that forecast.
    """
    with open_ledger(home) as ledger:
        forecasts, readings = ledger.forecasts(), read_readings(ledger)
    matched = match_forecasts(
        forecasts, readings, time.time_ns() // 1000, growth_of_home(home)
    ).sort_values("as_of")
    heads = (
        f"{'campaign':<10} {'outcomes':>8} {'model':<24} {'80 % interval held':<26} "
        f"{'without recalibration':<26} {'CRPS':>6} {'without':>7} {'width':>6}"
    )
    lines = [heads]
    for campaign, rows in matched.groupby("campaign", sort=False):
        outcomes = usable_outcomes(home, rows, trained)
        for version, own in outcomes.rows.groupby("model_version"):
            part = UsableOutcomes(own.reset_index(drop=True), {})
            lines.append(f"{campaign!s:<10} " + _line(home, part, str(version), trained))
    return "\n".join(lines)


def _line(home: Path, outcomes: UsableOutcomes, version: str, trained: str) -> str:
    ours, theirs = (
        _scores(outcomes, load_version(home, name).forecasters["engagements"])
        for name in (version, trained)
    )
    held = [_share(frame["held"], outcomes.rows["creator"]) for frame in (ours, theirs)]
    width = ours["width"].sum() / theirs["width"].sum()
    scores = f"{ours['crps'].mean():>6.3f} {theirs['crps'].mean():>7.3f}"
    return f"{len(outcomes):>8,} {version:<24} {held[0]:<26} {held[1]:<26} {scores} {width:>6.2f}"


def _scores(outcomes: UsableOutcomes, forecaster: FittedForecaster) -> pd.DataFrame:
    curves = np.log1p(outcomes.forecast(forecaster).quantile(GRID))
    y = outcomes.rows["outcome_ln"].to_numpy(float)
    low, high = curves[:, _LOW], curves[:, _HIGH]
    return pd.DataFrame(
        {
            "held": (low <= y) & (y <= high),
            "crps": crps(np.zeros(len(y)), np.ones(len(y)), curves, y),
            "width": high - low,
        }
    )


def _share(held: pd.Series, creator: pd.Series) -> str:
    low, high = interval(bootstrap_means(held.to_numpy(float), creator.to_numpy(str)))
    return f"{held.mean():.1%} ({low:.1%} to {high:.1%})"
