"""The creators that a scorer knows by creator_id: from tables, as of any moment, or from a
snapshot, as of its own.

From a snapshot what depends on the question (format, start, brand, plan) is computed on request,
all else was before.
"""

import numpy as np
import pandas as pd

from features.comparables import MAX_RESULT_POSTS, Comparables
from features.derive.averages import AVERAGE_NAMES
from features.derive.derive import derive_arrays
from features.derive.queries import Queries, query_features
from features.derive.reference import Reference
from features.history.arrays import DAY_US, NAT_US
from features.history.extend import extend_history
from features.history.history import History
from features.history.post_readings import CONTENT_FIELDS, PostReadings
from features.history.post_use import classify_readings, count_uses, missing_post_reasons
from features.snapshot.reader import Snapshot
from features.tables.vocabulary import NICHES
from serving.scoring.breaches import Breach
from serving.scoring.prospect_batch import ProspectBatch, moment_text


class TableCreatorStore:
    """Creators of a history, which is kept in memory; `deals`: their partnerships, for comparables."""

    def __init__(self, history: History, reference: Reference, deals: pd.DataFrame):
        self.history, self._reference, self._deals = history, reference, deals
        self._places = {name: place for place, name in enumerate(history.accounts)}

    def __len__(self) -> int:
        return len(self._places)

    def find(self, platform: str, creator_id: str) -> int:
        """Give the place of an account, -1 where it is not known."""
        return self._places.get(f"{platform}/{creator_id}", -1)

    def effective_as_of(self, as_of: int) -> int:
        """Give the moment that is answered as of where `as_of` is asked; both in microseconds, UTC."""
        return as_of

    def is_stale(self, as_of: int) -> bool:
        """Say whether what is known is too old for a question as of a moment."""
        return False

    def as_of_breach(self, as_of: int) -> Breach | None:
        """Say why nothing can be told as of a moment; None where it can."""
        return None

    def derive_features(self, asked: ProspectBatch, account: np.ndarray, as_of: int) -> np.ndarray:
        """Derive the matrix of prospects (n, len(COLUMNS)) whose accounts stand at `account` (n,)."""
        return derive_arrays(
            self.history, queries_for(asked, account, as_of, self.history.topics), self._reference
        )

    def derive_features_with_posts(
        self, asked: ProspectBatch, account: np.ndarray, as_of: int, posts: PostReadings
    ) -> tuple[np.ndarray, np.ndarray]:
        """As `derive_features`, with posts that the prospects bring, as if the tables held them
        too; `posts.account`: the row.

        Gives also how many of the posts have which Use, (n, len(Use)).
        """
        history, readings, brought = extend_history(self.history, account, posts)
        rows, moment = np.arange(asked.n), np.full(asked.n, as_of)
        use = classify_readings(readings, history.platform, moment, history.horizon_days, brought)
        x = derive_arrays(history, queries_for(asked, rows, as_of, history.topics), self._reference)
        return x, count_uses(use[brought], readings.account[brought], asked.n)

    def usable_evidence(
        self, account: np.ndarray, count: np.ndarray, as_of: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Say where what is known, and where the posts that are brought are used, (n,) each: here
        both always.
        """
        return np.ones((2, len(account)), dtype=bool)

    def missing_post_warnings(self, account: np.ndarray, as_of: int) -> dict[str, np.ndarray]:
        """Say by warning why accounts (n,) without a post of known engagements as of a moment have
        none.
        """
        return missing_post_reasons(self.history, account, np.full(len(account), as_of))

    def comparables(self, day: pd.Timestamp) -> Comparables:
        """Describe all that are known as of a day."""
        return Comparables.from_history(self.history, self._reference, self._deals, day)


class SnapshotCreatorStore:
    """Creators of a snapshot, which is mapped; it is stale `stale_days` after its moment."""

    def __init__(self, snapshot: Snapshot, reference: Reference, stale_days: float):
        self._snapshot, self._reference, self._stale_us = snapshot, reference, stale_days * DAY_US

    def __len__(self) -> int:
        return len(self._snapshot)

    def find(self, platform: str, creator_id: str) -> int:
        """Give the place of an account, -1 where it is not known."""
        return self._snapshot.find(platform, creator_id)

    def effective_as_of(self, as_of: int) -> int:
        """Give the moment that is answered as of: the snapshot's."""
        return self._snapshot.as_of_us

    def is_stale(self, as_of: int) -> bool:
        """Say whether the snapshot is too old for a question as of a moment."""
        return as_of - self._snapshot.as_of_us > self._stale_us

    def as_of_breach(self, as_of: int) -> Breach | None:
        """Say why nothing can be told as of a moment; None where it can."""
        if as_of >= self._snapshot.as_of_us:
            return None
        asked, own = moment_text(as_of), moment_text(self._snapshot.as_of_us)
        what = f"lies before the snapshot of known creators, which is of {own}"
        text = f"as_of {asked} {what}: ask later, or bring the creator's profile"
        return Breach(
            "before_snapshot",
            "as_of",
            what,
            f"{own} or later, or the creator's profile",
            asked,
            text,
        )

    def derive_features(self, asked: ProspectBatch, account: np.ndarray, as_of: int) -> np.ndarray:
        """Derive the matrix of prospects (n, len(COLUMNS)) whose accounts stand at `account` (n,)."""
        found = queries_for(asked, account, as_of, self._snapshot.topics, self._snapshot.as_of_us)
        return query_features(self._snapshot.account_features(account), found, self._reference)

    def usable_evidence(
        self, account: np.ndarray, count: np.ndarray, as_of: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Say where what is known, and where the posts that are brought are used, (n,) each.

        A snapshot has no posts that others could be put beside: the better evidence is used, which
        is the one with more posts of known engagements; `count` (n,): of those that are brought.
        """
        if self.as_of_breach(as_of) is not None:
            brought = np.ones(len(account), dtype=bool)
        else:
            brought = count > np.nan_to_num(
                self._snapshot.account_features(account)["engagements_known_count"]
            )
        return ~brought, brought

    def missing_post_warnings(self, account: np.ndarray, as_of: int) -> dict[str, np.ndarray]:
        """Say by warning why accounts have no posts of known engagements: a snapshot does not know."""
        return {}

    def comparables(self, day: pd.Timestamp) -> Comparables:
        """Describe all that are known, as of the snapshot; it holds no deals."""
        names = ("platform_code", "followers_log", "niche_code", "engagements_known_count")
        columns = self._snapshot.columns(names)
        has = columns["engagements_known_count"] > 0
        platform, followers_log, niche = (columns[name][has] for name in names[:3])
        rows = np.flatnonzero(has)
        return Comparables(
            day, rows, platform, followers_log, niche, _Results(self._snapshot, rows)
        )


class _Results:
    """The records of comparables, made where one is looked at: a million of them would not fit."""

    def __init__(self, snapshot: Snapshot, rows: np.ndarray):
        self._snapshot, self._rows = snapshot, rows

    def __getitem__(self, place: int) -> dict:
        row = int(self._rows[place])
        told = self._snapshot.features(row)
        niche = told["niche_code"]
        return {
            "creator_id": self._snapshot.account(row)[1],
            "followers": _count(told["followers_log"], 0),
            "niche": None if niche is None else NICHES[int(niche)],
            "posts": min(told["engagements_known_count"], float(MAX_RESULT_POSTS)),
            **{f"{what}_p50": _usual(told, what) for what in ("engagements", "views")},
            "deals": 0.0,
            "cpe_usd": None,
        }


def queries_for(
    asked: ProspectBatch,
    account: np.ndarray,
    as_of: int,
    topics: tuple[str, ...],
    known_at: int | None = None,
):
    """Ask of accounts what prospects ask, as of `known_at` where that is not `as_of`; a start not
    told is at as_of.
    """
    told = {name: asked.codes[name] for name in ("format", "brand_niche") if name in asked.codes}
    told |= {
        name: asked.numbers[name]
        for name in (*CONTENT_FIELDS, *AVERAGE_NAMES)
        if name in asked.numbers
    }
    told |= {"topic": asked.texts["topic"]} if "topic" in asked.texts else {}
    start, moment = (
        asked.time("start_at"),
        np.full(asked.n, as_of if known_at is None else known_at),
    )
    start = np.where(start == NAT_US, as_of, start)
    return Queries.from_arrays(
        account, moment, start, told | {"sponsored": np.ones(asked.n)}, topics
    )


def _usual(told: dict, what: str) -> float | None:
    level, offset = told[f"{what}_dev_median_12"], told[f"{what}_log_offset"]
    return None if level is None or offset is None else _count(level + offset, 1)


def _count(log: float | None, digits: int) -> float | None:
    return None if log is None else round(float(np.expm1(log)), digits)
