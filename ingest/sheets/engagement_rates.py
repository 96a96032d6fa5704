"""Engagement rates: percent or fraction, by followers or by views, from the header, the values and
their arithmetic.
"""

from collections import Counter
from dataclasses import dataclass

import numpy as np

#: How near a rate must come to engagements / followers, and in what share of at least how many
#: rows.
NEAR, MOST, FEWEST = 0.15, 0.8, 3


@dataclass(frozen=True)
class RateMatch:
    """That a column's values agree with engagements per follower or per view: which, percent or
    not, and with what.
    """

    basis: str
    percent: bool
    matched_ratio: str


def rate_unit(sizes: Counter, signed: int, header_percent: bool) -> tuple[bool | None, str]:
    """Say whether values without a sign are percentages, None where that is open, and why.

    `sizes`: how many of them are "fraction" (< 0.1), "either" (to 1), "percent" (> 1); `signed`:
    how many carry %.
    """
    small, either, large = sizes["fraction"], sizes["either"], sizes["percent"]
    if not small + either + large:
        return True, "percent" if signed else ""
    if header_percent:
        return (
            (None, "")
            if small and not either and not large
            else (True, "percent, as the header says")
        )
    if large:
        return (True, "percent, as its values are") if small < large else (None, "")
    if small and small >= either and not signed:
        return False, "fraction, as its values are"
    return None, ""


def match_rate(
    rates: np.ndarray, counts: dict[str, list[tuple[str, np.ndarray]]]
) -> RateMatch | None:
    """Find what a rate column is made of, None where nothing fits, or more than one thing does.

    `rates` (n,) as written; `counts`: "likes", "comments", "followers", "views" -> (source name,
    values (n,)).
    """
    fits = []
    for basis in ("followers", "views"):
        for below, base in counts.get(basis, []):
            for above, engagements in _numerators(counts):
                rate = np.divide(engagements, base, out=np.full(len(base), np.nan), where=base > 0)
                for percent in (False, True):
                    share = _share(rates, rate * (100 if percent else 1))
                    fits.append((share, basis, percent, f"{above} / {below}"))
    best = max(fits, key=lambda fit: fit[0], default=None)
    if best is None or best[0] < MOST:
        return None
    rival = max((fit[0] for fit in fits if fit[1:3] != best[1:3]), default=0.0)
    return RateMatch(best[1], best[2], best[3]) if best[0] - rival >= 0.3 else None


def _numerators(counts: dict[str, list[tuple[str, np.ndarray]]]) -> list[tuple[str, np.ndarray]]:
    likes, comments = counts.get("likes", []), counts.get("comments", [])
    sums = [(f"({a} + {b})", x + y) for a, x in likes for b, y in comments]
    return [*sums, *likes]


def _share(rates: np.ndarray, expected: np.ndarray) -> float:
    with np.errstate(all="ignore"):
        usable = np.isfinite(rates) & np.isfinite(expected) & (rates > 0) & (expected > 0)
        if usable.sum() < FEWEST:
            return 0.0
        return float(np.mean(np.abs(rates[usable] / expected[usable] - 1) <= NEAR))
