"""The derived columns of rows: from what is known of their creators, from what the rows bring, or
from both.

A creator that is known is described by what is known, and posts of the row count besides. Any other
row is described by its own profile and posts.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from features.derive.catalog import COLUMNS, feature_column
from features.derive.derive import derive_arrays, derive_profiles
from features.derive.level_offset import HISTORY
from features.derive.reference import Reference
from features.history.history import PROFILE_FIELDS, History
from features.history.post_readings import PostReadings
from features.history.post_use import PostUse, classify_readings, count_uses
from features.history.profiles import profile_from_fields
from serving.scoring.creator_store import SnapshotCreatorStore, TableCreatorStore, queries_for
from serving.scoring.prospect_batch import ProspectBatch
from serving.scoring.warning_flags import recent_post_warnings


@dataclass(frozen=True)
class RowSources:
    """What rows are described by: `account` (n,) among the known, -1 for none, and `posts` that
    they bring.

    `warnings`: by name the rows (n,) of which one was left out for the other.
    """

    account: np.ndarray
    posts: PostReadings | None
    warnings: dict[str, np.ndarray]

    def __getitem__(self, rows: slice | np.ndarray) -> "RowSources":
        """Return the sources of rows, a slice or a mask (n,), whose posts are numbered anew."""
        if isinstance(rows, slice):
            mask = np.zeros(len(self.account), dtype=bool)
            mask[rows] = True
            rows = mask
        warnings = {name: values[rows] for name, values in self.warnings.items()}
        return RowSources(self.account[rows], select_posts(self.posts, rows), warnings)


@dataclass(frozen=True)
class RowFeatures:
    """Derives rows for one reference, over the creators that are known."""

    creator_store: TableCreatorStore | SnapshotCreatorStore
    reference: Reference

    def sources(
        self, account: np.ndarray, platform: np.ndarray, posts: PostReadings | None, as_of: int
    ) -> RowSources:
        """Decide what rows (n,) are described by; `platform`: positions, NaN where unknown.

        Where posts cannot be put beside what is known, one of both is left out, which a warning
        tells.
        """
        if posts is None:
            return RowSources(account, None, {})
        n = len(account)
        both = (np.bincount(posts.account, minlength=n) > 0) & (account >= 0)
        known_out, posts_out = np.zeros((2, n), dtype=bool)
        if both.any():
            count = self._uses(platform, posts, as_of)[both, PostUse.COUNTS]
            known_used, posts_used = self.creator_store.usable_evidence(account[both], count, as_of)
            known_out[both], posts_out[both] = ~known_used, ~posts_used
        kept = _kept(posts, ~posts_out[posts.account])
        warnings = {"snapshot_not_used": known_out, "recent_posts_not_used": posts_out}
        return RowSources(np.where(known_out, -1, account), kept, warnings)

    def derive(
        self, asked: ProspectBatch, sources: RowSources, platform: np.ndarray, as_of: int
    ) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Derive the matrix of rows (n, len(COLUMNS)), and say by warning what of their posts does
        not count, (n,).
        """
        x, uses = self._derived(asked, sources, platform, as_of)
        warnings = (
            dict(sources.warnings)
            if uses is None
            else sources.warnings | recent_post_warnings(uses)
        )
        known = sources.account >= 0
        lacking = known & (feature_column(x, "engagements_evidence_code") != HISTORY)
        if lacking.any():
            for name, rows in self.creator_store.missing_post_warnings(
                sources.account[lacking], as_of
            ).items():
                warnings[name] = np.zeros(len(x), dtype=bool)
                warnings[name][lacking] = rows
        return x, warnings

    def _derived(
        self, asked: ProspectBatch, sources: RowSources, platform: np.ndarray, as_of: int
    ) -> tuple:
        """Give the matrix, and how many posts of each row have which Use, (n, len(Use)), None where
        no row has any.
        """
        parts = [(rows, derive) for rows, derive in self._parts(sources) if rows.any()]
        if len(parts) == 1:
            return parts[0][1](asked, sources, platform, as_of)
        x, uses = (
            np.empty((asked.n, len(COLUMNS))),
            np.zeros((asked.n, len(PostUse)), dtype=np.int64),
        )
        for rows, derive in parts:
            x[rows], own = derive(asked[rows], sources[rows], platform[rows], as_of)
            uses[rows] = 0 if own is None else own
        return x, None if sources.posts is None else uses

    def _parts(self, sources: RowSources) -> Iterator[tuple[np.ndarray, Callable]]:
        known, posts = sources.account >= 0, np.zeros(len(sources.account), dtype=bool)
        if sources.posts is not None:
            posts[sources.posts.account] = True
        yield known & ~posts, self._looked_up
        yield known & posts, self._extended
        yield ~known, self._brought

    def _looked_up(
        self, asked: ProspectBatch, sources: RowSources, platform: np.ndarray, as_of: int
    ) -> tuple:
        return self.creator_store.derive_features(asked, sources.account, as_of), None

    def _extended(
        self, asked: ProspectBatch, sources: RowSources, platform: np.ndarray, as_of: int
    ) -> tuple:
        return self.creator_store.derive_features_with_posts(
            asked, sources.account, as_of, sources.posts
        )

    def _brought(
        self, asked: ProspectBatch, sources: RowSources, platform: np.ndarray, as_of: int
    ) -> tuple:
        """Derive rows by the profiles and posts that they bring."""
        posts, account, moment = sources.posts, np.arange(asked.n), np.full(asked.n, as_of)
        profile = {name: asked.numbers[name] for name in PROFILE_FIELDS if name in asked.numbers}
        profile |= {"niche": asked.codes["niche"]} if "niche" in asked.codes else {}
        profile |= {"created_us": asked.times["created_at"]} if "created_at" in asked.times else {}
        if posts is None and "bio" not in asked.texts:
            told = profile_from_fields(platform, moment, profile)
            return derive_profiles(
                told, queries_for(asked, account, as_of, ()), self.reference
            ), None
        horizon_days = self.reference.horizon_days
        history = History.from_profiles(
            platform, moment, profile, asked.texts.get("bio"), posts, horizon_days
        )
        x = derive_arrays(
            history, queries_for(asked, account, as_of, history.topics), self.reference
        )
        return x, None if posts is None else self._uses(platform, posts, as_of)

    def _uses(self, platform: np.ndarray, posts: PostReadings, as_of: int) -> np.ndarray:
        use = classify_readings(
            posts, platform, np.full(len(platform), as_of), self.reference.horizon_days
        )
        return count_uses(use, posts.account, len(platform))


def select_posts(posts: PostReadings | None, rows: np.ndarray) -> PostReadings | None:
    """Give the posts of the rows marked (n,), which are numbered anew; None where they have none."""
    if posts is None or rows.all():
        return posts
    kept = _kept(posts, rows[posts.account])
    return None if kept is None else replace(kept, account=(np.cumsum(rows) - 1)[kept.account])


def _kept(posts: PostReadings, at: np.ndarray) -> PostReadings | None:
    """Give the posts marked (posts,), None where there are none."""
    if at.all():
        return posts
    if not at.any():
        return None
    return PostReadings(
        posts.account[at],
        posts.posted_at[at],
        posts.observed_at[at],
        posts.post_id[at],
        {name: values[at] for name, values in posts.columns.items()},
        {name: values.filter(pa.array(at)) for name, values in posts.texts.items()},
        None if posts.has_no_id is None else posts.has_no_id[at],
    )
