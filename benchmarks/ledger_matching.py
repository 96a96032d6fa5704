"""How long it takes to match a ledger of forecasts with its readings, and with what memory.

    python benchmarks/ledger_matching.py [--rows 1000000] [--rounds 3]

As many forecasts as readings, of a tenth as many creators: a third of the posts by their
partnership_id, the others by creator and time. Told are the median processor time and wall time of
a round, and the highest memory.
"""

import argparse
import resource
import time

import numpy as np
import pandas as pd

from features.maturation.maturation import published_maturation
from ledger.matched_forecasts import match_forecasts
from ledger.tables import FORECASTS, READINGS

DAY = 86_400_000_000
START = int(pd.Timestamp("2026-01-01").value // 1000)
PLATFORMS = np.array(["instagram", "tiktok", "youtube", "x"], dtype=object)
FORMATS = np.array(["image", "short", "video", "text"], dtype=object)


def texts(prefix, numbers):
    return (prefix + pd.Series(numbers).astype(str)).to_numpy(dtype=object)


def build(rows, seed=1):
    """Return forecasts and readings, and the moment until which they were read."""
    random = np.random.default_rng(seed)
    creator = random.integers(0, max(rows // 10, 1), rows)
    start = START + random.integers(0, 300, rows) * DAY
    by_id = random.random(rows) < 1 / 3
    platform = creator % len(PLATFORMS)
    names = np.where(by_id, texts("p", np.arange(rows)), None)
    shared = {
        "platform": PLATFORMS[platform],
        "creator_id": texts("c", creator),
        "format": FORMATS[platform],
        "partnership_id": names,
    }
    forecasts = {
        **shared,
        "forecast_id": texts("f", np.arange(rows)),
        "made_at": start - 5 * DAY,
        "as_of": start - 5 * DAY,
        "start_at": start,
        "door": "score",
        "deliverables": 1.0,
        "horizon_days": 30.0,
    }
    posted = start + random.integers(0, 3, rows) * DAY
    readings = {
        **shared,
        "reading_id": np.arange(rows),
        "post_id": texts("post", np.arange(rows)),
        "posted_at": posted,
        "read_at": posted + random.integers(3, 60, rows) * DAY,
        "recorded_at": posted + 61 * DAY,
        "sponsored": 1,
        "engagements": random.lognormal(6, 1, rows).round(),
        "views": random.lognormal(9, 1, rows).round(),
    }
    return frame(forecasts, FORECASTS), frame(readings, READINGS), START + 400 * DAY


def frame(columns, table):
    names = [column.name for column in table.columns]
    rows = len(columns["platform"])
    return pd.DataFrame({name: columns.get(name, np.full(rows, None)) for name in names})


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    forecasts, readings, now = build(arguments.rows)
    growth, used = published_maturation(), []
    for _ in range(arguments.rounds):
        began = time.perf_counter(), time.process_time()
        matched = match_forecasts(forecasts, readings, now, growth)
        used.append((time.perf_counter() - began[0], time.process_time() - began[1]))
    wall, processor = np.median(used, axis=0)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"{arguments.rows:,} forecasts and as many readings:", matched["status"].value_counts().to_dict())  # fmt: skip
    print(f"{wall:.1f} s, {processor:.1f} s of the processor, {memory:.1f} GB at most")


if __name__ == "__main__":
    main()
