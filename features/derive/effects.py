"""What a format, and payment, do to a post beside its creator's level: the usual on a platform and
the creator's own.

A creator's own effect is shrunk to what is usual on the platform, the more the fewer posts tell it.
"""

from dataclasses import dataclass

import numpy as np

from features.derive import window_stats
from features.derive.signals import SHRINKAGE_POSTS, PostWindow
from features.tables.vocabulary import FORMATS, PLATFORMS

#: Creators that a platform's usual effect is shrunk by.
SHRINKAGE_CREATORS = 20.0


@dataclass(frozen=True)
class Effects:
    """The usual effects of a platform's market in ln: {platform: {format: effect}}, {platform:
    effect of payment}.
    """

    formats: dict[str, dict[str, float]]
    sponsored: dict[str, float]

    def format_effects(self, platform: np.ndarray) -> np.ndarray:
        """Return each account's usual effects, shape (n, formats + 1); the last, of a format not
        told, is 0.
        """
        usual = np.zeros((len(PLATFORMS) + 1, len(FORMATS) + 1))
        for platform_name, effects in self.formats.items():
            row = [effects.get(name, 0.0) for name in FORMATS]
            usual[PLATFORMS.index(platform_name), : len(FORMATS)] = row
        return usual[_codes(platform, len(PLATFORMS))]

    def sponsored_effects(self, platform: np.ndarray) -> np.ndarray:
        """Return each account's usual effect of payment, shape (n,)."""
        usual = np.array([self.sponsored.get(name, 0.0) for name in PLATFORMS] + [0.0])
        return usual[_codes(platform, len(PLATFORMS))]


def fit_effects(
    residual: np.ndarray, formats: np.ndarray, sponsored: np.ndarray, platform: np.ndarray
) -> Effects:
    """Fit the usual effects to the residuals of creators' posts from their own level.

    `residual`, `formats` (positions in FORMATS) and `sponsored` (0, 1) are (creators, posts), NaN
    where unknown or none; `platform` (creators,). An effect is the median of the creators' own,
    shrunk to 0 by their number.
    """
    total, count = _sums(residual, _codes(formats, len(FORMATS)), len(FORMATS) + 1)
    of_creators = np.divide(total, count, out=np.full_like(total, np.nan), where=count > 0)
    difference, pairs = _paid_minus_free(residual, sponsored)
    difference = np.where(pairs > 0, difference, np.nan)
    usual, paid = {}, {}
    for code, name in enumerate(PLATFORMS):
        at = platform == code
        if at.any():
            usual[name] = {
                shape: _shrunk_median(of_creators[at, k])
                for k, shape in enumerate(FORMATS)
                if count[at, k].any()
            }
            paid[name] = _shrunk_median(difference[at])
    return Effects(usual, paid)


def creator_format_effects(
    residual: np.ndarray, formats: np.ndarray, usual: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the creator's own effect and number of posts of every format, each (n, formats + 1),
    the last for an unknown format.

    `usual` as Effects.format_effects gives it. An unknown format is a separate format: where a
    source names only albums, the rest are alike. The effects are NaN where there is no post.
    """
    total, count = _sums(residual, _codes(formats, len(FORMATS)), len(FORMATS) + 1)
    effects = (total + SHRINKAGE_POSTS * usual) / (count + SHRINKAGE_POSTS)
    return np.where(count.sum(axis=1, keepdims=True) > 0, effects, np.nan), count


def planned_format_columns(
    effects: np.ndarray, count: np.ndarray, planned: np.ndarray
) -> dict[str, np.ndarray]:
    """Return the effect and the share of the planned format (n,), from what
    `creator_format_effects` gives.
    """
    formats, rows = _codes(planned, len(FORMATS)), np.arange(len(planned))
    posts = count.sum(axis=1)
    return {
        "engagements_dev_mean_by_format": effects[rows, formats],
        "format_share": np.where(posts > 0, count[rows, formats] / np.maximum(posts, 1), np.nan),
    }


def sponsored_columns(
    past: PostWindow, residual: np.ndarray, sponsored: np.ndarray, usual: np.ndarray
) -> dict[str, np.ndarray]:
    """Return how much of what the creator posts is paid, lately too, and what payment does to it.

    `sponsored` (n, posts) 0, 1 or NaN; `usual` (n,) the platform's usual effect, to which the own
    one is shrunk.
    """
    paid, free = ((sponsored == flag) & np.isfinite(residual) for flag in (1, 0))
    is_known = paid | free
    recent = past.age <= past.age[:, :1] + 30
    difference, pairs = _paid_minus_free(residual, sponsored)
    known = is_known.any(axis=1)
    return {
        "sponsored_share": window_stats.share_of(paid, is_known),
        "sponsored_count_30d": np.where(known, (paid & recent).sum(axis=1), np.nan),
        "sponsored_share_30d": window_stats.share_of(paid & recent, is_known & recent),
        "sponsored_effect": np.where(
            known,
            (difference * pairs + usual * SHRINKAGE_POSTS) / (pairs + SHRINKAGE_POSTS),
            np.nan,
        ),
    }


def _paid_minus_free(residual: np.ndarray, sponsored: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean residual of paid minus not paid posts (n,), 0 where either lacks, and the
    count of the fewer.
    """
    sides = [(sponsored == flag) & np.isfinite(residual) for flag in (1, 0)]
    count = [at.sum(axis=1) for at in sides]
    mean = [
        np.where(at, residual, 0).sum(axis=1) / np.maximum(n, 1)
        for at, n in zip(sides, count, strict=True)
    ]
    fewer = np.minimum(*count)
    return np.where(fewer > 0, mean[0] - mean[1], 0.0), fewer


def _sums(values: np.ndarray, codes: np.ndarray, groups: int) -> tuple[np.ndarray, np.ndarray]:
    """Add up and count each row's known values by code, shape (n, groups)."""
    rows, columns = np.nonzero(np.isfinite(values))
    group = rows * groups + codes[rows, columns]
    size = len(values) * groups
    total = np.bincount(group, values[rows, columns], size).reshape(-1, groups)
    count = np.bincount(group, minlength=size).reshape(-1, groups)
    return total, count.astype(float)


def _codes(values: np.ndarray, unknown: int) -> np.ndarray:
    """Return codes as integers, `unknown` where NaN."""
    return np.where(np.isnan(values), unknown, values).astype(int)


def _shrunk_median(values: np.ndarray) -> float:
    known = values[np.isfinite(values)]
    count = len(known)
    return float(np.median(known) * count / (count + SHRINKAGE_CREATORS)) if count else 0.0
