"""The candidates of a plan as rows, from a list or a request alike."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa

from features.history.post_readings import PostReadings
from serving.plan.answer import RejectedCandidate
from serving.plan.fees import FeePart
from serving.plan.options import fold_name
from serving.scoring.prospect_batch import ProspectBatch


@dataclass(frozen=True)
class CandidateList:
    """Candidates, n rows that can be read, and those that cannot: read = n + len(rejected).

    `prospects` (n): as the scorer takes them, each with a partnership_id; `names`: as the list has
    them; `places`: line or row in the list; `max_deliverables`: how often a fee for one deliverable
    may be bought, None where the row does not say; `fee_parts`: of each row's own; `warnings`: of
    each row; `posts`: recent posts, whose account is the row; `place_word`: what `places` count;
    `unread`: row -> what could not be read of its creator; `fee_words`: of each row what stands in
    place of a fee and is no amount.
    """

    prospects: ProspectBatch
    names: list[str]
    places: list[int]
    max_deliverables: list[int | None]
    fee_parts: list[tuple[FeePart, ...]]
    warnings: list[tuple[str, ...]]
    rejected: list[RejectedCandidate] = field(default_factory=list)
    posts: PostReadings | None = None
    place_word: str = "row"
    notes: tuple[str, ...] = ()
    unread: dict[int, list[str]] = field(default_factory=dict)
    fee_words: list[str | None] = field(default_factory=list)

    def fee_word(self, row: int) -> str | None:
        """Return what stands in place of the fee of a row, None where nothing does."""
        return self.fee_words[row] if self.fee_words else None

    @classmethod
    def of(cls, prospects: ProspectBatch, posts: PostReadings | None = None) -> "CandidateList":
        """Return prospects as candidates, numbered from 1, with no terms of their own."""
        n = prospects.n
        texts = dict(prospects.texts)
        ids = prospects.text("partnership_id").tolist()
        named = [name or f"row {number}" for number, name in enumerate(ids, 1)]
        texts["partnership_id"] = np.array(named, dtype=object)
        numbered = np.array([not name for name in prospects.given_ids()], dtype=bool)
        prospects = replace(prospects, texts=texts, is_numbered=numbered)
        return cls(
            prospects,
            row_names(prospects),
            list(range(1, n + 1)),
            [None] * n,
            [()] * n,
            [()] * n,
            posts=posts,
        )

    @property
    def read(self) -> int:
        """How many rows the list has."""
        return self.prospects.n + len(self.rejected)

    @property
    def ids(self) -> list[str]:
        """The partnership_id of each row."""
        return self.prospects.text("partnership_id").tolist()

    def known_names(self) -> list[frozenset[str]]:
        """Return the words by which a user may name each row, as `fold_name` has them."""
        texts = [self.prospects.text(name) for name in ("partnership_id", "creator_id", "handle")]
        columns = zip(self.names, *(text.tolist() for text in texts), strict=True)
        return [frozenset(fold_name(name) for name in names if name) for names in columns]


def row_names(prospects: ProspectBatch) -> list[str]:
    """Return what each row is called: handle, else creator_id, else partnership_id."""
    columns = (prospects.text(name) for name in ("handle", "creator_id", "partnership_id"))
    return [next(filter(None, names), "") for names in zip(*columns, strict=True)]


def posts_of_rows(posts: PostReadings | None, rows: Sequence[int]) -> PostReadings | None:
    """Return the recent posts of rows, whose accounts become the positions in `rows`."""
    if posts is None:
        return None
    places = [np.flatnonzero(posts.account == row) for row in rows]
    index = np.concatenate([np.empty(0, dtype=int), *places])
    account = np.repeat(np.arange(len(places)), [len(place) for place in places])
    return PostReadings(
        account,
        posts.posted_at[index],
        posts.observed_at[index],
        posts.post_id[index],
        {name: values[index] for name, values in posts.columns.items()},
        {name: texts.take(pa.array(index)) for name, texts in posts.texts.items()},
        None if posts.has_no_id is None else posts.has_no_id[index],
    )
