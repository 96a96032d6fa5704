"""What the backtest of a bundle promised, as far as the watch compares with it."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.special import ndtri

from monitoring.alarm import NOMINAL

#: The forecaster of a backtest's table that is ours, and the split of known creators.
_OURS, _SEEN = "creatorcast", "seen"
#: The correlation of misses of one creator, for the interval of a coverage.
WITHIN_CREATOR = 0.05
#: Rows that a backtest needs for its coverage to count.
ENOUGH_ROWS = 200


def backtest_row(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return the row of our forecasts of known creators, {} where there is none."""
    for row in manifest.get("backtest", {}).get("table", ()):
        if row["split"] == _SEEN and row["forecaster"] == _OURS:
            return dict(row)
    return {}


def coverage_bounds(manifest: Mapping[str, Any]) -> tuple[float, float]:
    """Return lower 95 % bounds of the backtest's coverage of the 80 and the 90 % interval; the
    nominal ones where it has too few rows.
    """
    row = backtest_row(manifest)
    rows, creators = row.get("rows") or 0, row.get("creators") or 1
    covered = row.get("coverage_80"), row.get("coverage_90")
    if rows < ENOUGH_ROWS or None in covered:
        return NOMINAL
    share = np.array(covered, dtype=float)
    effective = rows / (1 + max(rows / creators - 1, 0) * WITHIN_CREATOR)
    bounds = share - ndtri(0.95) * np.sqrt(share * (1 - share) / effective)
    return float(bounds[0]), float(bounds[1])
