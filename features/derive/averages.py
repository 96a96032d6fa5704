"""A vendor's averages as one level: the engagements of a post that they tell, and which of them
that rests on.

The parts (likes and what else the platform counts) come first, then the rate by followers, then the
one by views.
"""

from dataclasses import dataclass, replace

import numpy as np

from features.tables.schema import AVERAGE_COLUMNS
from features.tables.vocabulary import ALL_ENGAGEMENT_PARTS

AVERAGE_NAMES = tuple(column.name for column in AVERAGE_COLUMNS)
_PARTS = tuple(f"avg_{part}" for part in ALL_ENGAGEMENT_PARTS)


@dataclass(frozen=True)
class EngagementParts:
    """What counts as engagement on each of PLATFORMS.

    `is_counted`, `shares` (parts, platforms): whether each of ALL_ENGAGEMENT_PARTS counts there,
    and its usual share, else 0; `is_fitted` (platforms,): whether the shares are of posts that
    trained the model, not shipped ones.
    """

    is_counted: np.ndarray
    shares: np.ndarray
    is_fitted: np.ndarray


@dataclass(frozen=True)
class AveragesSummary:
    """What averages tell of n rows: `engagements` a post (n,), NaN where they do not tell.

    `basis`: by the names of AVERAGE_NAMES the rows (n,) whose engagements rest on that average;
    `uses_default_shares` (n,): that a part was lacking and its shipped usual share stands for it.
    """

    engagements: np.ndarray
    basis: dict[str, np.ndarray]
    uses_default_shares: np.ndarray


def summarise_averages(
    averages: dict[str, np.ndarray],
    platform: np.ndarray,
    followers: np.ndarray,
    parts: EngagementParts,
) -> AveragesSummary:
    """Read averages, by any of the names of AVERAGE_NAMES (n,), of accounts with so many followers;
    NaN where unknown.

    `platform` (n,): positions in PLATFORMS. Averages that are left out are unknown; `basis` has
    those that are there.
    """
    if "avg_likes" in averages:
        summary = _by_parts(averages, platform.astype(int), parts)
    else:
        nowhere = np.zeros(len(platform), dtype=bool)
        summary = AveragesSummary(
            np.full(len(platform), np.nan), dict.fromkeys(averages, nowhere), nowhere
        )
    rates = {
        "engagement_rate_by_followers": followers,
        "engagement_rate_by_views": averages.get("avg_views"),
    }
    for name, base in rates.items():
        if name in averages and base is not None:
            bases = ("avg_views", name) if name == "engagement_rate_by_views" else (name,)
            summary = _by_rate(averages[name] * base, bases, summary)
    return summary


def _by_rate(
    engagements: np.ndarray, bases: tuple[str, ...], summary: AveragesSummary
) -> AveragesSummary:
    """Take the engagements (n,) that a rate leads to where nothing before tells any."""
    rows = np.isnan(summary.engagements) & ~np.isnan(engagements)
    engagements_or_rate = np.where(rows, engagements, summary.engagements)
    return replace(
        summary,
        engagements=engagements_or_rate,
        basis={**summary.basis, **dict.fromkeys(bases, rows)},
    )


def _by_parts(
    averages: dict[str, np.ndarray], code: np.ndarray, parts: EngagementParts
) -> AveragesSummary:
    """Add up the parts that count on each platform; where any lacks, scale by its usual share.

    Without likes nothing is taken: the other parts say too little of the sum.
    """
    nothing, nowhere = np.full(len(code), np.nan), np.zeros(len(code), dtype=bool)
    values = np.array([averages.get(name, nothing) for name in _PARTS])
    unknown = np.isnan(values)
    counts = parts.is_counted[:, code] & ~unknown
    has_likes = ~unknown[ALL_ENGAGEMENT_PARTS.index("likes")]
    missing = (parts.shares[:, code] * unknown).sum(axis=0)
    total = np.where(counts, values, 0.0).sum(axis=0) / np.maximum(1 - missing, 0.05)
    basis = dict(zip(_PARTS, counts & has_likes, strict=True))
    return AveragesSummary(
        np.where(has_likes, total, np.nan),
        {name: basis.get(name, nowhere) for name in averages},
        has_likes & (missing > 0) & ~parts.is_fitted[code],
    )
