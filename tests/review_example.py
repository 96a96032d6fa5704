"""A campaign as the ledger keeps it: forecasts of invented creators, and a list of what came."""

import numpy as np
import pandas as pd
from scipy.special import ndtri

from ingest.exports.import_job import ImportOptions
from ingest.exports.outcome_files import read_outcome_files
from ledger.forecast_entry import LEVELS, ForecastEntry
from ledger.readings import add_readings
from ledger.store import open_ledger

DAY = 86_400_000_000
NOW = int(pd.Timestamp("2026-11-01").value // 1000)
FIRST = int(pd.Timestamp("2026-03-01").value // 1000)
HOSTILE = '<script>alert(1)</script>=HYPERLINK("x")'


def quantiles(middle, spread=0.6):
    """Return quantiles of a lognormal total at LEVELS."""
    return tuple((middle * np.exp(spread * ndtri(LEVELS))).tolist())


def entry(number, middle=1000.0, campaign="spring", **given):
    """Return a forecast of one partnership, made on 1 March 2026 and planned for the 10th."""
    values = {
        "forecast_id": f"{number:032x}",
        "made_at": FIRST,
        "as_of": FIRST,
        "door": "score",
        "platform": "instagram",
        "evidence": "history",
        "horizon_days": 30.0,
        "model_version": "20260201-000000-abcdef",
        "trained_on": "real",
        "features_version": 1,
        "features_digest": "d",
        "engagements": quantiles(middle),
        "engagements_mean": middle * 1.2,
        "question": {},
        "campaign": campaign,
        "partnership_id": f"SP-{number}",
        "creator_id": f"c{number}",
        "handle": f"creator_{number}",
        "start_at": FIRST + 9 * DAY,
        "format": "short",
        "niche": "beauty",
        "fee_usd": 500.0,
        "benchmark_cpe_usd": 0.5,
        "verdict": "worth_it",
        "alternative_engagements": middle * 1.5,
    }
    return ForecastEntry(**{**values, **given})


def campaign_entries():
    """Return nine forecasts: outcomes above, in and below their ranges, and none of several kinds."""
    return [
        entry(1),
        entry(2, 2000.0, verdict="overpriced", fee_usd=1500.0),
        entry(3, 800.0, handle=HOSTILE, verdict="even"),
        entry(4, 5000.0, verdict="probably_worth_it", fee_usd=2000.0),
        entry(5, 300.0, fee_usd=None, verdict=None, benchmark_cpe_usd=None),
        entry(6, deliverables=2.0),
        entry(7),
        entry(8, made_at=FIRST + 30 * DAY),
        entry(9, 900.0, platform="tiktok"),
    ]


#: What came: partnership -> likes of its posts.
CAME = {1: [2990.0], 2: [1790.0], 3: [290.0], 4: [3990.0], 5: [310.0], 6: [400.0], 8: [100.0]}


def outcome_list():
    """Return the list of what came, as a campaign manager keeps it: read 30 days after posting."""
    rows = [
        {
            "partnership_id": f"SP-{number}",
            "platform": "instagram",
            "post_id": f"p{number}-{post}",
            "posted_at": "2026-03-11T12:00:00Z",
            "observed_at": "2026-04-10T12:00:00Z",
            "likes": count,
            "comments": 10.0,
        }
        for number, counts in CAME.items()
        for post, count in enumerate(counts)
    ]
    return pd.DataFrame(rows)


def fill_ledger(home, address=None):
    """Keep the campaign above, another one and a running post, and what came."""
    path = home / "came.csv"
    outcome_list().to_csv(path, index=False)
    with open_ledger(home, address) as ledger:
        ledger.append([*campaign_entries(), entry(20, campaign="autumn / 2026", made_at=NOW)])
        ledger.append([entry(21, door="track", post_id="p1-0", partnership_id="SP-1")])
        ledger.append([entry(22, campaign=None)])
        add_readings(ledger, read_outcome_files([path], ImportOptions()).tables, "came.csv", NOW)
