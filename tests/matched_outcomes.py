"""Matched forecasts whose outcomes are drawn from a bundle's own distributions, moved and stretched."""

import numpy as np
import pandas as pd

from features.history.arrays import DAY_US
from features.tables.vocabulary import EVIDENCE, PLATFORMS
from ledger.matched_forecasts import MATURED
from models.bundle import Bundle
from models.conformal import GRID

#: The last post of the outcomes: 2026-07-01.
END = 1_782_864_000_000_000


def matched_outcomes(
    bundle: Bundle,
    n: int,
    moved: float = 0.0,
    stretched: float = 1.0,
    days: float = 60.0,
    changed_days: float | None = None,
    creators: int = 150,
    platforms: tuple[str, ...] = ("instagram", "tiktok"),
    seed: int = 0,
    version: str | None = None,
) -> pd.DataFrame:
    """Return n matured outcomes of one deliverable, of posts of the `days` before END.

    `moved`: of ln(1 + count); `stretched`: factor on the distance from the median; both for the last
    `changed_days` (default: all).
    """
    random = np.random.default_rng(seed)
    tables = bundle.forecasters["engagements"].conformal_
    platform, evidence = random.choice(platforms, n), random.choice(EVIDENCE, n)
    place = tables.place[
        [PLATFORMS.index(name) for name in platform], [EVIDENCE.index(name) for name in evidence]
    ]
    quantiles = tables.z[place]
    middle = quantiles[:, int(np.searchsorted(GRID, 0.5))]
    z = np.array(
        [np.interp(u, GRID, row) for u, row in zip(random.random(n), quantiles, strict=True)]
    )
    age = np.sort(random.uniform(0, days, n))[::-1]
    changed = age <= (days if changed_days is None else changed_days)
    z = middle + (z - middle) * np.where(changed, stretched, 1.0)
    location, scale = random.normal(7, 1.5, n), random.uniform(0.4, 0.8, n)
    posted = END - (age * DAY_US).astype(np.int64)
    return pd.DataFrame(
        {
            "forecast_id": [f"{seed}-{number}" for number in range(n)],
            "made_at": posted - 20 * DAY_US,
            "as_of": posted - 20 * DAY_US,
            "platform": platform,
            "evidence": evidence,
            "band": "micro",
            "creator_id": [f"c{number}" for number in random.integers(0, creators, n)],
            "handle": None,
            "partnership_id": [f"p{number}" for number in range(n)],
            "deliverables": 1.0,
            "horizon_days": 30.0,
            "model_version": version or bundle.version,
            "location": location,
            "scale": scale,
            "status": MATURED,
            "is_latest": True,
            "posted_at": posted.astype(float),
            "matured_at": posted + 9.0 * DAY_US,
            "outcome_ln": np.maximum(location + scale * z + np.where(changed, moved, 0.0), 0.0),
        }
    )
