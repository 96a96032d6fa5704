"""The creators that a scorer knows by creator_id: from tables, as of any moment, or from a
snapshot, as of its own moment.

With a snapshot only what depends on the query (format, start, brand, plan) is computed on request.
"""

from functools import cached_property

import numpy as np
import pandas as pd

from features.comparables import MAX_RESULT_POSTS, Comparables
from features.derive.averages import AVERAGE_NAMES
from features.derive.derive import derive_arrays
from features.derive.queries import Queries, query_features
from features.derive.reference import Reference
from features.history.account_keys import account_names, creator_ids, split_account_name
from features.history.arrays import DAY_US, NAT_US, text_array
from features.history.extend import extend_history
from features.history.history import History
from features.history.known_posts import KnownPosts, known_posts
from features.history.post_readings import CONTENT_FIELDS, PostReadings
from features.history.post_use import classify_readings, count_uses, missing_post_reasons
from features.snapshot.reader import Snapshot
from features.tables.vocabulary import NICHES
from serving.scoring.breaches import Breach
from serving.scoring.creator_index import CreatorIndex
from serving.scoring.prospect_batch import ProspectBatch, moment_text


class TableCreatorStore:
    """Creators of a history, which is kept in memory; `deals`: partnerships, for comparables;
    `creators`: their table, for their handles.
    """

    def __init__(
        self,
        history: History,
        reference: Reference,
        deals: pd.DataFrame,
        creators: pd.DataFrame | None = None,
    ):
        self.history = reference.at_horizon(history)
        self._reference, self._deals = reference, deals
        self._creators = creators
        self._positions = {name: position for position, name in enumerate(history.accounts)}

    def __len__(self) -> int:
        return len(self._positions)

    def account_name(self, account: int) -> tuple[str, str]:
        """Return platform and creator_id of an account."""
        return split_account_name(self.history.accounts[account])

    def find(self, platform: str, creator_id: str) -> int:
        """Return the position of an account by its id, or by a handle with @ that is one account's
        alone; -1 where it is not known.
        """
        found = self._positions.get(f"{platform}/{creator_id}", -1)
        if found >= 0 or not creator_id.startswith("@"):
            return found
        account = self._accounts_by_handle.get(f"{platform}/{creator_id[1:].lower()}")
        return -1 if account is None else self._positions.get(account, -1)

    @cached_property
    def _accounts_by_handle(self) -> dict[str, str]:
        """Return platform/handle -> platform/creator_id, of handles that one account alone has."""
        if self._creators is None:
            return {}
        rows = self._creators.loc[
            self._creators["handle"].notna(), ["platform", "handle", "creator_id"]
        ]
        platform = rows["platform"].astype(str) + "/"
        handles = platform + rows["handle"].str.removeprefix("@").str.lower()
        pairs = pd.DataFrame({"handle": handles, "account": platform + rows["creator_id"]})
        pairs = pairs.drop_duplicates().drop_duplicates("handle", keep=False)
        return dict(zip(pairs["handle"], pairs["account"], strict=True))

    @cached_property
    def index(self) -> CreatorIndex:
        """The creators by their ids and handles."""
        accounts = np.arange(len(self))
        now = np.full(len(self), np.iinfo(np.int64).max)
        newest = self.history.followers.end_row(accounts, now) - 1
        is_known = newest >= self.history.followers.start[accounts]
        followers = self.history.followers.at(np.where(is_known, newest, -1))["followers"]
        ids = creator_ids(text_array(list(self._positions)))
        return CreatorIndex(self.history.platform, [ids, text_array(self._handles)], followers)

    def handle(self, account: int) -> str | None:
        """Return the handle that an account had last, None where none is known."""
        return self._handles[account]

    def followers_read_at(self, account: int, as_of: int) -> int | None:
        """Return when the number of followers that is known at a moment was read, in microseconds
        UTC; None where none is known.
        """
        panel = self.history.followers
        (end,) = panel.end_row(np.array([account]), np.array([as_of]))
        return int(panel.time[end - 1]) if end > panel.start[account] else None

    @cached_property
    def _handles(self) -> list[str | None]:
        """The handle that each account had last, without its @."""
        handles: list[str | None] = [None] * len(self)
        if self._creators is None:
            return handles
        rows = self._creators[self._creators["handle"].notna()]
        rows = rows.sort_values("observed_at", kind="stable", na_position="first")
        names = account_names(rows).to_pylist()
        for name, handle in zip(names, rows["handle"].str.removeprefix("@"), strict=True):
            handles[self._positions[name]] = handle
        return handles

    def effective_as_of(self, as_of: int) -> int:
        """Return the moment that answers are as of, for a request as of `as_of`.

        Both are microseconds UTC.
        """
        return as_of

    def is_stale(self, as_of: int) -> bool:
        """Return whether the data is too old for a request as of a moment."""
        return False

    def as_of_breach(self, as_of: int) -> Breach | None:
        """Return why known creators cannot be described as of a moment; None where they can."""
        return None

    def derive_features(
        self, prospects: ProspectBatch, account: np.ndarray, as_of: int
    ) -> np.ndarray:
        """Return the derived matrix (n, len(COLUMNS)) of prospects, by their `account` (n,)."""
        queries = queries_for(prospects, account, as_of, self.history.topics)
        return derive_arrays(self.history, queries, self._reference)

    def derive_features_with_posts(
        self, prospects: ProspectBatch, account: np.ndarray, as_of: int, posts: PostReadings
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the derived matrix as if the tables held the recent posts of the prospects too.

        `posts.account`: the row. Returns also how many of the posts have each use,
        (n, len(PostUse)).
        """
        history, readings, is_recent = extend_history(self.history, account, posts)
        rows, moment = np.arange(prospects.n), np.full(prospects.n, as_of)
        uses = classify_readings(readings, history.platform, moment, is_recent)
        queries = queries_for(prospects, rows, as_of, history.topics)
        x = derive_arrays(history, queries, self._reference)
        return x, count_uses(uses[is_recent], readings.account[is_recent], prospects.n)

    def usable_evidence(
        self, account: np.ndarray, count: np.ndarray, as_of: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return which rows (n,) use the known creator, and which use recent posts: here all."""
        return np.ones(len(account), dtype=bool), np.ones(len(account), dtype=bool)

    def missing_post_warnings(self, account: np.ndarray, as_of: int) -> dict[str, np.ndarray]:
        """Return by reason which accounts (n,) have no post of known engagements."""
        return missing_post_reasons(self.history, account, np.full(len(account), as_of))

    def posts(self, account: int, as_of: int) -> KnownPosts:
        """Return the posts known of an account, newest first, for a forecast as of a moment."""
        return known_posts(self.history, account, as_of)

    def comparables(self, day: pd.Timestamp) -> Comparables:
        """Return all known creators as of a day."""
        return Comparables.from_history(self.history, self._reference, self._deals, day)


class SnapshotCreatorStore:
    """Creators of a memory-mapped snapshot, which is stale `stale_days` after its moment."""

    def __init__(self, snapshot: Snapshot, reference: Reference, stale_days: float):
        self._snapshot, self._reference, self._stale_us = snapshot, reference, stale_days * DAY_US

    def __len__(self) -> int:
        return len(self._snapshot)

    def find(self, platform: str, creator_id: str) -> int:
        """Return the position of an account, -1 where it is not known."""
        return self._snapshot.find(platform, creator_id)

    def account_name(self, account: int) -> tuple[str, str]:
        """Return platform and creator_id of an account."""
        return self._snapshot.account(account)

    @cached_property
    def index(self) -> CreatorIndex:
        """The creators by their ids: a snapshot holds no handles."""
        columns = self._snapshot.columns(("platform_code", "followers_log"))
        ids = self._snapshot.creator_ids()
        return CreatorIndex(columns["platform_code"], [ids], columns["followers_log"])

    def handle(self, account: int) -> None:
        """Return None: a snapshot holds no handles."""

    def followers_read_at(self, account: int, as_of: int) -> None:
        """Return None: a snapshot does not hold when followers were read."""

    def effective_as_of(self, as_of: int) -> int:
        """Return the moment that answers are as of: that of the snapshot."""
        return self._snapshot.as_of_us

    def is_stale(self, as_of: int) -> bool:
        """Return whether the snapshot is too old for a request as of a moment."""
        return as_of - self._snapshot.as_of_us > self._stale_us

    def as_of_breach(self, as_of: int) -> Breach | None:
        """Return why known creators cannot be described as of a moment; None where they can."""
        if as_of >= self._snapshot.as_of_us:
            return None
        requested, earliest = moment_text(as_of), moment_text(self._snapshot.as_of_us)
        what = f"lies before the snapshot of known creators, which is of {earliest}"
        expected = f"{earliest} or later, or the creator's profile"
        text = f"as_of {requested} {what}: ask later, or bring the creator's profile"
        return Breach("before_snapshot", "as_of", what, expected, requested, text)

    def derive_features(
        self, prospects: ProspectBatch, account: np.ndarray, as_of: int
    ) -> np.ndarray:
        """Return the derived matrix (n, len(COLUMNS)) of prospects, by their `account` (n,)."""
        snapshot = self._snapshot
        queries = queries_for(prospects, account, as_of, snapshot.topics, snapshot.as_of_us)
        return query_features(snapshot.account_features(account), queries, self._reference)

    def usable_evidence(
        self, account: np.ndarray, count: np.ndarray, as_of: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return which rows (n,) use the known creator, and which use recent posts.

        A snapshot holds no posts to put others beside, so a row uses the one with more posts of
        known engagements; `count` (n,): those of its recent posts.
        """
        if self.as_of_breach(as_of) is not None:
            uses_posts = np.ones(len(account), dtype=bool)
        else:
            features = self._snapshot.account_features(account)
            uses_posts = count > np.nan_to_num(features["engagements_known_count"])
        return ~uses_posts, uses_posts

    def missing_post_warnings(self, account: np.ndarray, as_of: int) -> dict[str, np.ndarray]:
        """Return no warnings: a snapshot does not hold why posts are missing."""
        return {}

    def posts(self, account: int, as_of: int) -> None:
        """Return None: a snapshot holds no posts."""

    def comparables(self, day: pd.Timestamp) -> Comparables:
        """Return all known creators, as of the snapshot, without deals."""
        names = ("platform_code", "followers_log", "niche_code", "engagements_known_count")
        columns = self._snapshot.columns(names)
        has_posts = columns["engagements_known_count"] > 0
        platform, followers_log, niche = (columns[name][has_posts] for name in names[:3])
        rows = np.flatnonzero(has_posts)
        records = _ComparableRecords(self._snapshot, rows)
        return Comparables(
            day,
            rows,
            platform,
            followers_log,
            niche,
            records,  # type: ignore[arg-type]  # only read by position, as a list is
        )


class _ComparableRecords:
    """The records of comparables, made on access: a million of them would not fit into memory."""

    def __init__(self, snapshot: Snapshot, rows: np.ndarray):
        self._snapshot, self._rows = snapshot, rows

    def __getitem__(self, position: int) -> dict:
        row = int(self._rows[position])
        features = self._snapshot.features(row)
        niche = features["niche_code"]
        return {
            "creator_id": self._snapshot.account(row)[1],
            "followers": _count(features["followers_log"], 0),
            "niche": None if niche is None else NICHES[int(niche)],
            "posts": min(features["engagements_known_count"] or 0.0, float(MAX_RESULT_POSTS)),
            "engagements_p50": _usual_count(features, "engagements"),
            "views_p50": _usual_count(features, "views"),
            "deals": 0.0,
            "cpe_usd": None,
        }


def queries_for(
    prospects: ProspectBatch,
    account: np.ndarray,
    as_of: int,
    topics: tuple[str, ...],
    known_as_of: int | None = None,
) -> Queries:
    """Return the queries of prospects about accounts (n,).

    `as_of`: microseconds UTC, at which a start that is not given is put; `known_as_of`: the moment
    of the data where that is another one.
    """
    columns = {"sponsored": np.ones(prospects.n)}
    for name in ("format", "brand_niche"):
        if name in prospects.codes:
            columns[name] = prospects.codes[name]
    for name in (*CONTENT_FIELDS, *AVERAGE_NAMES):
        if name in prospects.numbers:
            columns[name] = prospects.numbers[name]
    if "topic" in prospects.texts:
        columns["topic"] = prospects.texts["topic"]
    moment = np.full(prospects.n, as_of if known_as_of is None else known_as_of)
    start_at = prospects.time("start_at")
    start_at = np.where(start_at == NAT_US, as_of, start_at)
    return Queries.from_arrays(account, moment, start_at, columns, topics)


def _usual_count(features: dict, target: str) -> float | None:
    """Return the usual engagements or views a post, None where unknown."""
    level, offset = features[f"{target}_dev_median_12"], features[f"{target}_log_offset"]
    if level is None or offset is None:
        return None
    return _count(level + offset, 1)


def _count(log_count: float | None, digits: int) -> float | None:
    """Return a count from ln(1 + count)."""
    return None if log_count is None else round(float(np.expm1(log_count)), digits)
