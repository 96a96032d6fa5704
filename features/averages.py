"""A vendor's averages as one level: the engagements of a post that they tell, and which of them that rests on.

The parts (likes and what else the platform counts) come first, then the rate by followers, then the one by views.
"""

from dataclasses import dataclass, replace

import numpy as np

from features.schema import AVERAGE_COLUMNS
from features.vocabulary import COUNTED_PARTS

AVERAGES = tuple(column.name for column in AVERAGE_COLUMNS)
_PARTS = tuple(f"avg_{part}" for part in COUNTED_PARTS)


@dataclass(frozen=True)
class PartTables:
    """What counts as engagement on each of PLATFORMS.

    `counted`, `shares` (parts, platforms): whether each of COUNTED_PARTS counts there, and its usual share, else 0;
    `learned` (platforms,): whether the shares are of posts that trained the model, not shipped ones.
    """

    counted: np.ndarray
    shares: np.ndarray
    learned: np.ndarray


@dataclass(frozen=True)
class Summary:
    """What averages tell of n rows: `engagements` a post (n,), NaN where they do not tell.

    `basis`: by the names of AVERAGES the rows (n,) whose engagements rest on that average; `shares_shipped` (n,): that
    a part was lacking and its shipped usual share stands for it.
    """

    engagements: np.ndarray
    basis: dict[str, np.ndarray]
    shares_shipped: np.ndarray


def summary_of(
    averages: dict[str, np.ndarray], platform: np.ndarray, followers: np.ndarray, parts: PartTables
) -> Summary:
    """Read averages, by any of the names of AVERAGES (n,), of accounts with so many followers; NaN where not told.

    `platform` (n,): positions in PLATFORMS. Averages that are left out are not told; `basis` has those that are there.
    """
    if "avg_likes" in averages:
        summary = _by_parts(averages, platform.astype(int), parts)
    else:
        nowhere = np.zeros(len(platform), dtype=bool)
        summary = Summary(np.full(len(platform), np.nan), dict.fromkeys(averages, nowhere), nowhere)
    rates = {"engagement_rate_by_followers": followers, "engagement_rate_by_views": averages.get("avg_views")}
    for name, base in rates.items():
        if name in averages and base is not None:
            bases = ("avg_views", name) if name == "engagement_rate_by_views" else (name,)
            summary = _by_rate(averages[name] * base, bases, summary)
    return summary


def _by_rate(engagements: np.ndarray, bases: tuple[str, ...], summary: Summary) -> Summary:
    """Take the engagements (n,) that a rate leads to where nothing before tells any."""
    rows = np.isnan(summary.engagements) & ~np.isnan(engagements)
    engagements_or_rate = np.where(rows, engagements, summary.engagements)
    return replace(summary, engagements=engagements_or_rate, basis={**summary.basis, **dict.fromkeys(bases, rows)})


def _by_parts(averages: dict[str, np.ndarray], code: np.ndarray, parts: PartTables) -> Summary:
    """Add up the parts that count on each platform; where any lacks, scale by its usual share.

    Without likes nothing is taken: the other parts say too little of the sum.
    """
    nothing, nowhere = np.full(len(code), np.nan), np.zeros(len(code), dtype=bool)
    values = np.array([averages.get(name, nothing) for name in _PARTS])
    unknown = np.isnan(values)
    counts = parts.counted[:, code] & ~unknown
    has_likes = ~unknown[COUNTED_PARTS.index("likes")]
    missing = (parts.shares[:, code] * unknown).sum(axis=0)
    total = np.where(counts, values, 0.0).sum(axis=0) / np.maximum(1 - missing, 0.05)
    basis = dict(zip(_PARTS, counts & has_likes, strict=True))
    return Summary(
        np.where(has_likes, total, np.nan),
        {name: basis.get(name, nowhere) for name in averages},
        has_likes & (missing > 0) & ~parts.learned[code],
    )
