"""The planned post compared with the creator's past posts.

Pure functions over PastPosts, which snapshots keep of each account, so that any plan can be
compared later.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from features.derive import window_stats
from features.derive.signals import SHRINKAGE_POSTS, PostWindow
from features.history.panel import PanelRows
from features.history.post_readings import CONTENT_FIELDS


@dataclass(frozen=True)
class PastPosts:
    """The last posts with known engagements of the accounts that have any, each (k, w), newest
    first, NaN where none.

    `rows` (k,): which of the queried accounts they belong to; `residual`: from the creator's
    level, in ln; `weights`: by recency, 0 where there is no post; `format`, `topic`: codes, a
    unknown format is -1; `content`: the counts of CONTENT_FIELDS as they are.
    """

    rows: np.ndarray
    residual: np.ndarray
    weights: np.ndarray
    format: np.ndarray
    topic: np.ndarray
    content: dict[str, np.ndarray]

    @classmethod
    def from_window(
        cls,
        rows: np.ndarray,
        posts: PanelRows,
        past: PostWindow,
        residual: np.ndarray,
        formats: np.ndarray,
    ) -> "PastPosts":
        """Gather what `posts`, those of `past`, are about."""
        content = {name: posts[name] for name in CONTENT_FIELDS}
        # an unknown format is a format of its own: where a source tells only albums, the rest are
        # alike
        formats = np.where(posts.is_missing, np.nan, _format_or_none(formats))
        return cls(rows, residual, past.weights, formats, posts["topic"], content)

    def of_accounts(self, place: np.ndarray) -> "PastPosts":
        """Return the posts of the queried account at each `place` (n,), as those of n accounts."""
        first = np.searchsorted(self.rows, place, "left")
        rows = np.flatnonzero(first < np.searchsorted(self.rows, place, "right"))
        at = first[rows]
        return PastPosts(
            rows,
            residual=self.residual[at],
            weights=self.weights[at],
            format=self.format[at],
            topic=self.topic[at],
            content={name: values[at] for name, values in self.content.items()},
        )

    @cached_property
    def scaled_content(self) -> dict[str, np.ndarray]:
        """`content` on the scale of `scale_content`; counts that no post tells are left out."""
        return {
            name: scale_content(name, values)
            for name, values in self.content.items()
            if not np.isnan(values).all()
        }

    def content_means(self) -> dict[str, np.ndarray]:
        """Return the recency-weighted mean of each content count, (k,)."""
        return {
            f"{name}_own_mean": window_stats.weighted_mean(values, self.weights)
            for name, values in self.scaled_content.items()
        }


def planned_post_columns(posts: PastPosts, planned: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the residual of the posts on the planned topic, and of those like the planned one,
    (k,).
    """
    same = {
        "format": posts.format == _format_or_none(planned["format"])[:, None],
        "topic": posts.topic == planned["topic"][:, None],
    }
    return {
        "engagements_dev_mean_by_topic": matching_posts_residual(
            posts.residual, same["topic"], planned["topic"]
        ),
        "engagements_dev_similar": similar_posts_residual(posts, same, planned),
    }


def scale_content(name: str, values: np.ndarray) -> np.ndarray:
    """Put a content count on the scale on which posts are compared: ln(1 + count); flags stay 0 or
    1.
    """
    return values if name == "has_location" else np.log1p(values)


def matching_posts_residual(
    residual: np.ndarray, match: np.ndarray, planned: np.ndarray
) -> np.ndarray:
    """Mean residual of the posts that match the plan, shrunk to 0; NaN where the plan is not told
    or nothing known.
    """
    is_known = ~np.isnan(planned) & np.isfinite(residual).any(axis=1)
    hits = match & np.isfinite(residual)
    total = np.where(hits, residual, 0.0).sum(axis=1)
    return np.where(is_known, total / (hits.sum(axis=1) + SHRINKAGE_POSTS), np.nan)


def similar_posts_residual(
    posts: PastPosts, same: dict[str, np.ndarray], planned: dict[str, np.ndarray]
) -> np.ndarray:
    """Kernel regression of the residual on the planned content, shrunk to 0 (Nadaraya 1964, Watson
    1964).

    A post weighs by recency times a Gaussian of its distance in content, halved where format or
    topic differ.
    """
    weight = posts.weights
    squares = []
    for name, values in posts.scaled_content.items():
        if not np.isnan(planned[name]).all():
            difference = values - planned[name][:, None]
            squares.append(window_stats.nan_to_zero(difference**2))
    if squares:
        weight = weight * np.exp(-sum(squares) / 2)
    weight = weight * np.where(same["format"], 1.0, 0.5)
    weight = weight * np.where(same["topic"] | np.isnan(planned["topic"])[:, None], 1.0, 0.5)
    total = (weight * window_stats.nan_to_zero(posts.residual)).sum(axis=1)
    return total / (weight.sum(axis=1) + 1.0)


def _format_or_none(formats: np.ndarray) -> np.ndarray:
    return np.where(np.isnan(formats), -1.0, formats)
