"""A vendor's averages as one level: the engagements of a post, and the averages that this rests on.

The averages of the parts (likes and what else the platform counts) are used first, then the rate by
followers, then the rate by views.
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

    `is_counted`, `shares` (parts, platforms): whether each of ALL_ENGAGEMENT_PARTS counts on the
    platform, and its usual share, else 0; `is_fitted` (platforms,): whether the shares are those of
    the training posts, not the default ones.
    """

    is_counted: np.ndarray
    shares: np.ndarray
    is_fitted: np.ndarray


@dataclass(frozen=True)
class AveragesSummary:
    """What averages say of n rows: `engagements` a post (n,), NaN where they do not say it.

    `basis`: name of AVERAGE_NAMES -> whether the engagements of each row (n,) rest on that average;
    `uses_default_shares` (n,): whether a part was missing and its default share was used instead.
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
    """Return the engagements a post that averages of n accounts lead to.

    `averages`: any of AVERAGE_NAMES -> (n,), NaN where unknown; `platform` (n,): positions in
    PLATFORMS; `followers` (n,). Averages that are left out are unknown, and not in `basis`.
    """
    if "avg_likes" in averages:
        summary = _by_parts(averages, platform.astype(int), parts)
    else:
        unknown, no_rows = np.full(len(platform), np.nan), np.zeros(len(platform), dtype=bool)
        summary = AveragesSummary(unknown, dict.fromkeys(averages, no_rows), no_rows)
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
    """Return the summary with the engagements (n,) of a rate in rows that had none."""
    rows = np.isnan(summary.engagements) & ~np.isnan(engagements)
    return replace(
        summary,
        engagements=np.where(rows, engagements, summary.engagements),
        basis={**summary.basis, **dict.fromkeys(bases, rows)},
    )


def _by_parts(
    averages: dict[str, np.ndarray], code: np.ndarray, parts: EngagementParts
) -> AveragesSummary:
    """Return the sum of the parts that count on each platform, scaled up by the usual share of the
    parts that are missing; `code` (n,): positions in PLATFORMS.

    Without likes the engagements are unknown: the other parts say too little of the sum.
    """
    unknown, no_rows = np.full(len(code), np.nan), np.zeros(len(code), dtype=bool)
    values = np.array([averages.get(name, unknown) for name in _PARTS])
    is_unknown = np.isnan(values)
    counts = parts.is_counted[:, code] & ~is_unknown
    has_likes = ~is_unknown[ALL_ENGAGEMENT_PARTS.index("likes")]
    missing_share = (parts.shares[:, code] * is_unknown).sum(axis=0)
    total = np.where(counts, values, 0.0).sum(axis=0) / np.maximum(1 - missing_share, 0.05)
    basis = dict(zip(_PARTS, counts & has_likes, strict=True))
    return AveragesSummary(
        np.where(has_likes, total, np.nan),
        {name: basis.get(name, no_rows) for name in averages},
        has_likes & (missing_share > 0) & ~parts.is_fitted[code],
    )
