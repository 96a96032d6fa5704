"""Engagement rates: percent or fraction, by followers or by views, from the header, the values and
their arithmetic.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

#: How near a rate must come to engagements / followers, in what share of the rows, and in how many
#: rows at least.
NEAR, MOST, FEWEST = 0.15, 0.8, 3
#: How much larger that share must be than that of any other explanation.
_LEAD = 0.3


@dataclass(frozen=True)
class RateMatch:
    """What the values of a rate column agree with.

    `basis`: "followers" or "views"; `percent`: whether the values are percentages; `matched_ratio`:
    the columns, as in "likes / followers".
    """

    basis: str
    percent: bool
    matched_ratio: str


def rate_unit(sizes: Counter, signed: int, header_percent: bool) -> tuple[bool | None, str]:
    """Return whether values without a % sign are percentages, None where that is open, and why.

    `sizes`: how many of them are "fraction" (< 0.1), "either" (to 1), "percent" (> 1); `signed`:
    how many have a % sign.
    """
    small, either, large = sizes["fraction"], sizes["either"], sizes["percent"]
    if not small + either + large:
        return True, "percent" if signed else ""
    if header_percent:
        only_small = small and not either and not large
        return (None, "") if only_small else (True, "percent, as the header says")
    if large:
        return (True, "percent, as its values are") if small < large else (None, "")
    if small and small >= either and not signed:
        return False, "fraction, as its values are"
    return None, ""


def match_rate(
    rates: np.ndarray, counts: dict[str, list[tuple[str, np.ndarray]]]
) -> RateMatch | None:
    """Return what a rate column agrees with, None where nothing fits, or more than one thing does.

    `rates` (n,) as the sheet has them; `counts`: "likes", "comments", "followers", "views" ->
    (source name, values (n,)).
    """
    matches = list(_candidates(rates, counts))
    best_share, best = max(matches, key=lambda match: match[0], default=(0.0, None))
    if best is None or best_share < MOST:
        return None
    rival_shares = (
        share
        for share, match in matches
        if (match.basis, match.percent) != (best.basis, best.percent)
    )
    return best if best_share - max(rival_shares, default=0.0) >= _LEAD else None


def _candidates(
    rates: np.ndarray, counts: dict[str, list[tuple[str, np.ndarray]]]
) -> Iterator[tuple[float, RateMatch]]:
    """Yield each ratio of the counts, as a fraction and as percent, with the share of rows in which
    the rates agree with it.
    """
    for basis in ("followers", "views"):
        for base_name, base in counts.get(basis, []):
            for name, engagements in _numerators(counts):
                ratio = np.divide(engagements, base, out=np.full(len(base), np.nan), where=base > 0)
                for percent in (False, True):
                    share = _share(rates, ratio * (100 if percent else 1))
                    yield share, RateMatch(basis, percent, f"{name} / {base_name}")


def _numerators(counts: dict[str, list[tuple[str, np.ndarray]]]) -> list[tuple[str, np.ndarray]]:
    """Return the likes plus comments, and the likes alone, each with its name."""
    numerators = []
    for likes_name, likes in counts.get("likes", []):
        for comments_name, comments in counts.get("comments", []):
            numerators.append((f"({likes_name} + {comments_name})", likes + comments))
    return [*numerators, *counts.get("likes", [])]


def _share(rates: np.ndarray, expected: np.ndarray) -> float:
    """Return the share of rows in which rates come near the expected ones, 0 of too few rows."""
    with np.errstate(all="ignore"):
        usable = np.isfinite(rates) & np.isfinite(expected) & (rates > 0) & (expected > 0)
        if usable.sum() < FEWEST:
            return 0.0
        return float(np.mean(np.abs(rates[usable] / expected[usable] - 1) <= NEAR))
