"""A recalibration tried in time: each week's outcomes forecast by the recalibration of that week,
beside the champion.

The tables of a week come from outcomes of posts that had matured when it began, so no outcome
judges tables that it made. For totals over several deliverables the quantiles are moved and
stretched as those of one are, which is close; a bundle simulates them anew.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from features.history.arrays import DAY_US
from features.tables.vocabulary import EVIDENCE, MATURE_DAYS, PLATFORMS
from models.conformal import GRID
from models.distribution import crps
from models.fitted_forecaster import FittedForecaster
from models.recalibration import fit_adjustment, half_widths
from training.recalibration_outcomes import OUTCOME_MOMENT, UsableOutcomes

#: Share of the outcomes, the last ones, that judge; days between two recalibrations of the trial.
JUDGED_SHARE, WEEK_DAYS = 1 / 3, 7
#: Outcomes from which on the trial recalibrates.
ENOUGH_EARLIER = 50
#: Probabilities of the quantiles that a score keeps.
LEVELS = (0.05, 0.1, 0.5, 0.9, 0.95)
SPLIT = "outcomes"


def walk_forward(
    outcomes: UsableOutcomes, trained: FittedForecaster, champion: FittedForecaster
) -> pd.DataFrame:
    """Return a row for each of the last outcomes: the columns of a backtest's scores
    (training.promote.score_pairs), and the champion's `champion_crps` and `champion_q...`.

    `trained`: the forecaster with the tables as they were trained; `champion`: the one in use.
    """
    adjusted = _adjusted_curves(outcomes, trained)
    judged = np.flatnonzero(~np.isnan(adjusted[:, 0]))
    if not len(judged):
        return pd.DataFrame()
    rows = outcomes.rows.iloc[judged].reset_index(drop=True)
    ours, theirs = adjusted[judged], _curves(outcomes, champion)[judged]
    y = rows["outcome_ln"].to_numpy(float)
    posted = rows[OUTCOME_MOMENT].to_numpy(np.int64)
    return pd.DataFrame(
        {
            "split": SPLIT,
            "asked": rows["evidence"],
            "creator": rows["creator"],
            "posted": posted,
            "platform": rows["platform"],
            "evidence": rows["evidence"],
            "band": rows["band"].fillna("unknown"),
            "horizon_days": rows["horizon_days"],
            "cut": pd.to_datetime(rows["as_of"], unit="us", utc=True),
            "lead_days": (posted - rows["as_of"].to_numpy(np.int64)) / DAY_US,
            "y": y,
            **_scores(ours, y, ""),
            **_scores(theirs, y, "champion_"),
        }
    )


def _adjusted_curves(outcomes: UsableOutcomes, trained: FittedForecaster) -> np.ndarray:
    """Return ln(1 + quantiles) at GRID of the outcomes that judge, (n, len(GRID)), else NaN."""
    curves = _curves(outcomes, trained)
    adjusted = np.full_like(curves, np.nan)
    platform, evidence, _ = outcomes.codes()
    scale = outcomes.rows["scale"].to_numpy(float)
    half = half_widths(trained.conformal_)[trained.conformal_.place[platform, evidence]] * scale
    middle = curves[:, [int(np.searchsorted(GRID, 0.5))]]
    for start, week in _weeks(outcomes.rows[OUTCOME_MOMENT].to_numpy(float)):
        centre, spread = np.zeros(len(week)), np.ones(len(week))
        earlier = outcomes.until(int(start - MATURE_DAYS * DAY_US))
        if len(earlier) >= ENOUGH_EARLIER:
            known = earlier.deviations(trained, int(start))
            fitted = fit_adjustment(known, len(PLATFORMS), len(EVIDENCE))
            cell = platform[week], evidence[week]
            centre, spread = fitted.centre[cell], fitted.spread[cell]
        moved = middle[week] + (centre * half[week])[:, None]
        adjusted[week] = moved + spread[:, None] * (curves[week] - middle[week])
    return adjusted


def _weeks(posted: np.ndarray) -> Iterator[tuple[float, np.ndarray]]:
    """Yield the start of each week of the posts that judge (microseconds), and their positions."""
    start, step = np.quantile(posted, 1 - JUDGED_SHARE), WEEK_DAYS * DAY_US
    while start <= posted.max():
        week = np.flatnonzero((posted >= start) & (posted < start + step))
        if len(week):
            yield start, week
        start += step


def _curves(outcomes: UsableOutcomes, forecaster: FittedForecaster) -> np.ndarray:
    return np.log1p(outcomes.forecast(forecaster).quantile(GRID))


def _scores(curves: np.ndarray, y: np.ndarray, prefix: str) -> dict[str, np.ndarray]:
    ones, zeros = np.ones(len(y)), np.zeros(len(y))
    quantiles = {
        f"{prefix}q{level:g}": curves[:, int(np.searchsorted(GRID, level))] for level in LEVELS
    }
    return {f"{prefix}crps": crps(zeros, ones, curves, y), **quantiles}
