"""What the known posts of each platform are like: formats, views shown, and the parts of their
engagements.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from features.derive.averages import EngagementParts
from features.derive.signals import post_window
from features.history.arrays import DAY_US
from features.history.history import History
from features.tables.vocabulary import (
    ALL_ENGAGEMENT_PARTS,
    DEFAULT_PART_SHARES,
    ENGAGEMENT_PARTS,
    FORMATS,
    PLATFORMS,
    UNKNOWN,
)


@dataclass(frozen=True)
class PlatformPosts:
    """By platform: the median share of each part, the formats that show views, and those that any
    post is of.

    `views_shown` may hold UNKNOWN, for posts whose format is unknown.
    """

    part_shares: dict[str, dict[str, float]]
    views_shown: dict[str, list[str]]
    formats_posted: dict[str, list[str]]

    @cached_property
    def part_tables(self) -> EngagementParts:
        """The parts that count on each platform, and their usual shares."""
        shares = self.usual_shares
        return EngagementParts(
            np.array(
                [
                    [part in ENGAGEMENT_PARTS[name] for name in PLATFORMS]
                    for part in ALL_ENGAGEMENT_PARTS
                ]
            ),
            np.array(
                [
                    [shares[name].get(part, 0.0) for name in PLATFORMS]
                    for part in ALL_ENGAGEMENT_PARTS
                ]
            ),
            np.array([name in self.part_shares for name in PLATFORMS]),
        )

    @cached_property
    def usual_shares(self) -> dict[str, dict[str, float]]:
        """The usual share of each part in the engagements: shipped ones where no post tells."""
        return {**DEFAULT_PART_SHARES, **self.part_shares}

    def has_posts(self, platform: np.ndarray, formats: np.ndarray) -> np.ndarray:
        """Return whether any known post of each platform (n,) is of the format (n,), a position in
        FORMATS; no for NaN.
        """
        return self._posted[_places(platform, formats)]

    def shows_views(self, platform: np.ndarray, formats: np.ndarray) -> np.ndarray:
        """Return whether most posts of each platform and format (n,) show views; NaN is a format
        not told.
        """
        return self._shown[_places(platform, formats)]

    @cached_property
    def _posted(self) -> np.ndarray:
        return _among(self.formats_posted)

    @cached_property
    def _shown(self) -> np.ndarray:
        return _among(self.views_shown)


def post_columns_at(
    history: History, accounts: np.ndarray, moment: np.ndarray
) -> dict[str, np.ndarray]:
    """Return the columns of all posts of `accounts` known at `moment`, and their platform."""
    start = history.posts.start[accounts]
    size = history.posts.end_row(accounts, moment - history.horizon_days * DAY_US) - start
    rows = np.repeat(start - np.cumsum(size) + size, size) + np.arange(size.sum())
    columns = {name: values[rows] for name, values in history.posts.columns.items()}
    return {**columns, "platform": np.repeat(history.platform[accounts], size)}


def fit_part_shares(
    history: History, accounts: np.ndarray, moment: np.ndarray
) -> dict[str, dict[str, float]]:
    """Return the median share of each part in the engagements of the last 12 posts, a platform that
    has any.
    """
    recent = post_window(
        history.posts_with_engagements, "engagements_log", accounts, moment, history.horizon_days
    ).rows[:, :12]
    platform = history.platform[accounts]
    shares = {}
    for code, name in enumerate(PLATFORMS):
        rows = recent[platform == code]
        rows = rows[rows >= 0]
        total = np.expm1(history.posts_with_engagements.take("engagements_log", rows))
        if (total > 0).any():
            parts = {
                part: history.posts_with_engagements.take(part, rows)[total > 0]
                for part in ENGAGEMENT_PARTS[name]
            }
            shares[name] = {
                part: float(np.median(values / total[total > 0])) for part, values in parts.items()
            }
    return shares


def fit_views_shown(posts: dict[str, np.ndarray]) -> dict[str, list[str]]:
    """Return the formats most of whose posts show views, by platform; UNKNOWN is one of them."""
    has_views = np.isfinite(posts["views_log"])
    formats = np.where(np.isnan(posts["format"]), len(FORMATS), posts["format"])
    result = {}
    for code, name in enumerate(PLATFORMS):
        at = posts["platform"] == code
        share = {
            f: has_views[at & (formats == i)].mean()
            for i, f in enumerate(FORMATS)
            if (at & (formats == i)).any()
        }
        result[name] = [f for f, value in share.items() if value > 0.5]
        if at.any() and has_views[at].mean() > 0.5:
            result[name].append(UNKNOWN)
    return result


def fit_formats_posted(posts: dict[str, np.ndarray]) -> dict[str, list[str]]:
    """Name the formats that any post is of, a platform."""
    own = {
        name: np.unique(posts["format"][posts["platform"] == code])
        for code, name in enumerate(PLATFORMS)
    }
    return {
        name: [FORMATS[int(f)] for f in codes if not np.isnan(f)] for name, codes in own.items()
    }


def _among(formats: dict[str, list[str]]) -> np.ndarray:
    """Mark the formats of each platform, (platforms, formats + 1); the last is unknown."""
    return np.array(
        [[one in formats.get(name, ()) for one in (*FORMATS, UNKNOWN)] for name in PLATFORMS]
    )


def _places(platform: np.ndarray, formats: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return platform.astype(int), np.where(np.isnan(formats), -1, formats).astype(int)
