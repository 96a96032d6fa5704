"""What the known posts of each platform are like: formats, views shown, and the parts of their
engagements.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from features.derive.averages import EngagementParts
from features.history.arrays import DAY_US, code_positions
from features.history.history import History
from features.history.post_readings import WINDOW_POSTS
from features.tables.vocabulary import (
    ALL_ENGAGEMENT_PARTS,
    DEFAULT_PART_SHARES,
    ENGAGEMENT_PARTS,
    FORMATS,
    FORMATS_WITH_VIEWS,
    MATURE_DAYS,
    PLATFORMS,
    UNKNOWN,
)

#: Posts of a format from which it may be told that a platform shows no views of them.
MIN_FORMAT_POSTS = 30


@dataclass(frozen=True)
class PlatformPosts:
    """What the known posts of each platform are like.

    `part_shares`: the median share of each part in the engagements; `views_shown`: the formats most
    of whose posts show views, and UNKNOWN where posts of unknown format do; `formats_posted`: the
    formats that any post has.
    """

    part_shares: dict[str, dict[str, float]]
    views_shown: dict[str, list[str]]
    formats_posted: dict[str, list[str]]

    @cached_property
    def part_tables(self) -> EngagementParts:
        """The parts that count on each platform, and their usual shares."""
        is_counted, shares = [], []
        for part in ALL_ENGAGEMENT_PARTS:
            is_counted.append([part in ENGAGEMENT_PARTS[name] for name in PLATFORMS])
            shares.append([self.usual_shares[name].get(part, 0.0) for name in PLATFORMS])
        is_fitted = [name in self.part_shares for name in PLATFORMS]
        return EngagementParts(np.array(is_counted), np.array(shares), np.array(is_fitted))

    @cached_property
    def usual_shares(self) -> dict[str, dict[str, float]]:
        """The usual share of each part in the engagements; default shares without known posts."""
        return {**DEFAULT_PART_SHARES, **self.part_shares}

    def has_posts(self, platform: np.ndarray, formats: np.ndarray) -> np.ndarray:
        """Return whether any known post of each platform (n,) has the format (n,), a position in
        FORMATS; False for NaN.
        """
        return self._posted[_indexes(platform, formats)]

    def shows_views(self, platform: np.ndarray, formats: np.ndarray) -> np.ndarray:
        """Return whether posts of each platform and format (n,) show views; NaN: the format is
        unknown.

        A format without known posts shows them where the platform is known to (FORMATS_WITH_VIEWS),
        and posts of some other format of it do.
        """
        return self._shown[_indexes(platform, formats)]

    @cached_property
    def _posted(self) -> np.ndarray:
        return _membership(self.formats_posted)

    @cached_property
    def _shown(self) -> np.ndarray:
        shown = _membership(self.views_shown)
        without_posts = ~self._posted & _membership(FORMATS_WITH_VIEWS)
        without_posts[:, -1] = False  # UNKNOWN is told by the posts of all formats
        return shown | (without_posts & shown.any(axis=1, keepdims=True))


def post_columns_at(
    history: History, accounts: np.ndarray, moment: np.ndarray
) -> dict[str, np.ndarray]:
    """Return the columns of the posts of `accounts` of at least MATURE_DAYS at `moment`, with their
    platform.
    """
    start = history.posts.start[accounts]
    size = history.posts.end_row(accounts, moment - MATURE_DAYS * DAY_US) - start
    rows = np.repeat(start - np.cumsum(size) + size, size) + np.arange(size.sum())
    columns = {name: values[rows] for name, values in history.posts.columns.items()}
    return {**columns, "platform": np.repeat(history.platform[accounts], size)}


def fit_part_shares(
    history: History, accounts: np.ndarray, moment: np.ndarray
) -> dict[str, dict[str, float]]:
    """Return the median share of each part in the engagements of the last 12 posts of each account,
    for each platform that has such posts.
    """
    posts = history.posts_with_engagements
    recent = posts.known_rows(accounts, moment, WINDOW_POSTS)[:, :12]
    platform = history.platform[accounts]
    shares = {}
    for code, name in enumerate(PLATFORMS):
        rows = recent[platform == code]
        rows = rows[rows >= 0]
        total = np.expm1(posts.take("engagements_log_read", rows))
        is_engaged = total > 0
        if is_engaged.any():
            shares[name] = {
                part: float(np.median(posts.take(part, rows)[is_engaged] / total[is_engaged]))
                for part in ENGAGEMENT_PARTS[name]
            }
    return shares


def fit_views_shown(posts: dict[str, np.ndarray]) -> dict[str, list[str]]:
    """Return the formats most of whose posts show views, by platform; UNKNOWN where most posts of
    all formats do.

    Fewer than MIN_FORMAT_POSTS posts without views tell nothing of a format: it is among these
    where the platform is known to show its views (FORMATS_WITH_VIEWS) and shows those of others.
    """
    has_views = np.isfinite(posts["views_log_read"])
    views_shown: dict[str, list[str]] = {}
    for platform_code, platform in enumerate(PLATFORMS):
        on_platform = posts["platform"] == platform_code
        of_format = {
            name: on_platform & (posts["format"] == code) for code, name in enumerate(FORMATS)
        }
        shown = {name for name, rows in of_format.items() if _show_views(has_views, rows)}
        is_shown = _show_views(has_views, on_platform)
        if shown or is_shown:
            few = {name for name, rows in of_format.items() if 0 < rows.sum() < MIN_FORMAT_POSTS}
            shown |= few & {*FORMATS_WITH_VIEWS[platform]}
        views_shown[platform] = [name for name in FORMATS if name in shown]
        if is_shown:
            views_shown[platform].append(UNKNOWN)
    return views_shown


def _show_views(has_views: np.ndarray, rows: np.ndarray) -> bool:
    """Return whether most of some posts (mask) show views."""
    return bool(rows.any() and has_views[rows].mean() > 0.5)


def fit_formats_posted(posts: dict[str, np.ndarray]) -> dict[str, list[str]]:
    """Return the formats that any post has, by platform."""
    formats_posted = {}
    for platform_code, platform in enumerate(PLATFORMS):
        codes = np.unique(posts["format"][posts["platform"] == platform_code])
        formats_posted[platform] = [FORMATS[int(code)] for code in codes if not np.isnan(code)]
    return formats_posted


def _membership(formats: Mapping[str, Sequence[str]]) -> np.ndarray:
    """Return which formats each platform has, (platforms, formats + 1); the last is UNKNOWN."""
    return np.array(
        [[one in formats.get(name, ()) for one in (*FORMATS, UNKNOWN)] for name in PLATFORMS]
    )


def _indexes(platform: np.ndarray, formats: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return row and column of each platform and format (n,) in a table of `_membership`."""
    return platform.astype(int), code_positions(formats)
