"""Invented forecasts with outcomes, as ledger.matched_forecasts gives them."""

import numpy as np
import pandas as pd
from scipy.stats import norm

from features.history.arrays import DAY_US
from ledger.forecast_entry import LEVELS
from ledger.matched_forecasts import MATURED, WAITING

#: 2026-01-05, and the manifest of the model that forecasts.
BEGIN = 1_767_571_200_000_000
MANIFEST = {
    "version": "m1",
    "trained_on": "real",
    "until": "2025-12-01T00:00:00+00:00",
    "backtest": {"table": []},
}


def watched_forecasts(
    n: int = 400,
    creators: int = 80,
    shift: float = 0.0,
    scatter: float = 1.0,
    waiting: int = 0,
    per_month: int = 80,
    seed: int = 0,
    **columns: object,
) -> pd.DataFrame:
    """Return n forecasts, in the order of posting, whose outcomes lie `shift` (in ln) off their
    median and scatter `scatter` times as much as they say; the last `waiting` have none yet.
    """
    random = np.random.default_rng(seed)
    middle, spread = random.normal(7, 1.2, n), random.uniform(0.4, 0.7, n)
    quantiles = np.expm1(middle[:, None] + spread[:, None] * norm.ppf(LEVELS))
    posted = BEGIN + (np.arange(n) * 30 * DAY_US // per_month)
    has_outcome = np.arange(n) < n - waiting
    outcome = middle + spread * (scatter * random.normal(size=n) + shift / 0.55)
    creator = random.integers(0, creators, n)
    frame = pd.DataFrame(
        {
            "forecast_id": [f"{seed}-{number:06}" for number in range(n)],
            "made_at": posted - 10 * DAY_US,
            "door": "score",
            "platform": np.where(creator % 3 == 0, "tiktok", "instagram"),
            "evidence": "history",
            "band": np.where(creator % 2 == 0, "micro", "nano"),
            "creator_id": [f"c{number}" for number in creator],
            "handle": None,
            "model_version": "m1",
            "location": middle,
            "scale": spread,
            "engagements": [tuple(row) for row in quantiles.tolist()],
            "engagements_mean": np.exp(middle + spread**2 / 2),
            "alternative_engagements": np.exp(middle + random.normal(0, 0.4, n)),
            "fee_usd": np.exp(middle) * 0.1 * np.exp(random.normal(0, 0.3, n)),
            "benchmark_cpe_usd": 0.1,
            "inputs": [
                {"followers_log": value, "lead_days": 10.0, "format": "video", "niche": "food"}
                for value in random.normal(10, 1, n).tolist()
            ],
            "status": np.where(has_outcome, MATURED, WAITING),
            "is_latest": True,
            "posted_at": np.where(has_outcome, posted, np.nan),
            "matured_at": np.where(has_outcome, posted + 8 * DAY_US, np.nan),
            "outcome_ln": np.where(has_outcome, np.maximum(outcome, 0.0), np.nan),
        }
    )
    return frame.assign(**columns)
