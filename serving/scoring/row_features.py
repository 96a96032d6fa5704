"""The features of rows: from the known creators, from what the rows bring, or from both.

A known creator is described by the tables or the snapshot, and recent posts of the row count
besides. Any other row is described by its own profile and posts.
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
from features.history.post_readings import PostReadings, counting_rows
from features.history.post_use import PostUse, classify_readings, count_uses
from features.history.profiles import profile_from_fields
from serving.scoring.creator_store import SnapshotCreatorStore, TableCreatorStore, queries_for
from serving.scoring.prospect_batch import ProspectBatch
from serving.scoring.warning_flags import recent_post_warnings


@dataclass(frozen=True)
class RowSources:
    """What n rows are described by.

    `account` (n,): position among the known creators, -1 for none; `posts`: recent posts of rows;
    `warnings`: by name the rows (n,) of which one of the two was left out for the other.
    """

    account: np.ndarray
    posts: PostReadings | None
    warnings: dict[str, np.ndarray]

    def __getitem__(self, rows: slice | np.ndarray) -> "RowSources":
        """Return the sources of rows, a slice or a mask (n,), with posts numbered anew."""
        mask = np.zeros(len(self.account), dtype=bool)
        mask[rows] = True
        warnings = {name: values[rows] for name, values in self.warnings.items()}
        return RowSources(self.account[rows], select_posts(self.posts, mask), warnings)


@dataclass(frozen=True)
class DerivedRows:
    """The derived matrix `x` (n, len(COLUMNS)), and `post_uses` (n, len(PostUse)).

    `post_uses` counts the recent posts of each row by their use; None where no row has any.
    """

    x: np.ndarray
    post_uses: np.ndarray | None = None


@dataclass(frozen=True)
class RowFeatures:
    """Derives the features of rows for one reference, over the known creators."""

    creator_store: TableCreatorStore | SnapshotCreatorStore
    reference: Reference

    def sources(
        self, account: np.ndarray, platform: np.ndarray, posts: PostReadings | None, as_of: int
    ) -> RowSources:
        """Decide what rows (n,) are described by; `platform`: positions, NaN where unknown.

        Where recent posts cannot be combined with the known creator, one of the two is left out
        and a warning says so.
        """
        if posts is None:
            return RowSources(account, None, {})
        n = len(account)
        has_both = (np.bincount(posts.account, minlength=n) > 0) & (account >= 0)
        omits_account, omits_posts = np.zeros((2, n), dtype=bool)
        if has_both.any():
            uses = classify_readings(posts, platform, np.full(n, as_of))
            count = count_uses(uses, posts.account, n)[has_both, PostUse.COUNTS]
            use = self.creator_store.usable_evidence(account[has_both], count, as_of)
            uses_account, uses_posts = use
            omits_account[has_both], omits_posts[has_both] = ~uses_account, ~uses_posts
        warnings = {"snapshot_not_used": omits_account, "recent_posts_not_used": omits_posts}
        remaining_posts = _filter_posts(posts, ~omits_posts[posts.account])
        return RowSources(np.where(omits_account, -1, account), remaining_posts, warnings)

    def derive(
        self, prospects: ProspectBatch, sources: RowSources, platform: np.ndarray, as_of: int
    ) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Return the derived matrix of rows (n, len(COLUMNS)), and warnings about their posts.

        Each warning has the rows (n,) that have it.
        """
        derived = self._derive(prospects, sources, platform, as_of)
        warnings = dict(sources.warnings)
        if derived.post_uses is not None:
            warnings |= recent_post_warnings(derived.post_uses)
        has_history = feature_column(derived.x, "engagements_evidence_code") == HISTORY
        no_posts = (sources.account >= 0) & ~has_history
        if no_posts.any():
            reasons = self.creator_store.missing_post_warnings(sources.account[no_posts], as_of)
            for name, rows in reasons.items():
                warnings[name] = np.zeros(prospects.n, dtype=bool)
                warnings[name][no_posts] = rows
        return derived.x, warnings

    def _derive(
        self, prospects: ProspectBatch, sources: RowSources, platform: np.ndarray, as_of: int
    ) -> DerivedRows:
        """Derive rows in up to three groups: known, known with posts, and unknown."""
        groups = [(rows, derive) for rows, derive in self._groups(sources) if rows.any()]
        if len(groups) == 1:
            _, derive = groups[0]
            return derive(prospects, sources, platform, as_of)
        x = np.empty((prospects.n, len(COLUMNS)))
        post_uses = np.zeros((prospects.n, len(PostUse)), dtype=np.int64)
        for rows, derive in groups:
            group = derive(prospects[rows], sources[rows], platform[rows], as_of)
            x[rows] = group.x
            if group.post_uses is not None:
                post_uses[rows] = group.post_uses
        return DerivedRows(x, None if sources.posts is None else post_uses)

    def _groups(
        self, sources: RowSources
    ) -> Iterator[tuple[np.ndarray, Callable[..., DerivedRows]]]:
        """Yield masks of rows (n,) and what derives them."""
        is_known = sources.account >= 0
        has_posts = np.zeros(len(sources.account), dtype=bool)
        if sources.posts is not None:
            has_posts[sources.posts.account] = True
        yield is_known & ~has_posts, self._derive_known
        yield is_known & has_posts, self._derive_known_with_posts
        yield ~is_known, self._derive_profiles

    def _derive_known(
        self, prospects: ProspectBatch, sources: RowSources, platform: np.ndarray, as_of: int
    ) -> DerivedRows:
        return DerivedRows(self.creator_store.derive_features(prospects, sources.account, as_of))

    def _derive_known_with_posts(
        self, prospects: ProspectBatch, sources: RowSources, platform: np.ndarray, as_of: int
    ) -> DerivedRows:
        # `sources` leaves one of the two out where the store is a snapshot
        store, posts = self.creator_store, sources.posts
        assert isinstance(store, TableCreatorStore)
        assert posts is not None
        x, post_uses = store.derive_features_with_posts(prospects, sources.account, as_of, posts)
        return DerivedRows(x, post_uses)

    def _derive_profiles(
        self, prospects: ProspectBatch, sources: RowSources, platform: np.ndarray, as_of: int
    ) -> DerivedRows:
        """Derive rows from the profiles and posts that they bring."""
        posts, bios = sources.posts, prospects.texts.get("bio")
        account, moment = np.arange(prospects.n), np.full(prospects.n, as_of)
        fields = _profile_fields(prospects)
        if posts is None and bios is None:
            profiles = profile_from_fields(platform, moment, fields)
            queries = queries_for(prospects, account, as_of, ())
            return DerivedRows(derive_profiles(profiles, queries, self.reference))
        rows = None if posts is None else counting_rows(posts)
        history = History.from_profiles(
            platform,
            moment,
            fields,
            None if bios is None else bios.tolist(),
            posts,
            rows,
        )
        queries = queries_for(prospects, account, as_of, history.topics)
        x = derive_arrays(history, queries, self.reference)
        if posts is None:
            return DerivedRows(x)
        uses = classify_readings(
            posts, platform, moment, rows=rows, panel=history.posts_with_engagements
        )
        return DerivedRows(x, count_uses(uses, posts.account, prospects.n))


def select_posts(posts: PostReadings | None, rows: np.ndarray) -> PostReadings | None:
    """Return the posts of the rows marked (n,), numbered anew; None where they have none."""
    if posts is None or rows.all():
        return posts
    selected = _filter_posts(posts, rows[posts.account])
    if selected is None:
        return None
    new_numbers = np.cumsum(rows) - 1
    return replace(selected, account=new_numbers[selected.account])


def _profile_fields(prospects: ProspectBatch) -> dict[str, np.ndarray]:
    numbers = prospects.numbers
    fields = {name: numbers[name] for name in PROFILE_FIELDS if name in numbers}
    if "followers" in fields:
        followers = fields["followers"]
        # nobody whose posts are bought has 0 followers: they are unknown, see `followers_zero`
        fields["followers"] = np.where(followers == 0, np.nan, followers)
    if "niche" in prospects.codes:
        fields["niche"] = prospects.codes["niche"]
    if "created_at" in prospects.times:
        fields["created_us"] = prospects.times["created_at"]
    return fields


def _filter_posts(posts: PostReadings, mask: np.ndarray) -> PostReadings | None:
    """Return the posts marked (posts,), None where there are none."""
    if mask.all():
        return posts
    if not mask.any():
        return None
    return PostReadings(
        posts.account[mask],
        posts.posted_at[mask],
        posts.observed_at[mask],
        posts.post_id[mask],  # type: ignore[call-overload]  # an array of NumPy or pandas
        {name: values[mask] for name, values in posts.columns.items()},
        {name: values.filter(pa.array(mask)) for name, values in posts.texts.items()},
        None if posts.has_no_id is None else posts.has_no_id[mask],
    )
