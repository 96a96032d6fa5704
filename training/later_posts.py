"""The posts after a cut, queried at the cut: what a model is evaluated on, or calibrated by."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.derive.reference import Reference
from features.history.arrays import DAY_US
from features.history.history import History
from features.tables.vocabulary import MATURE_DAYS
from training.backend import LOCAL, Backend
from training.dataset import (
    LabelledQueries,
    hide_content,
    repeat_for_each_evidence,
    sample_test_rows,
)


@dataclass(frozen=True)
class LaterPosts:
    """Later posts with the features that a model sees of them.

    - `posts` (n,): with their planned content
    - `rows` (len(EVIDENCE) * n,): as known at signing, once for each evidence, the best one first
    - `x`: features of `rows`
    """

    posts: LabelledQueries
    rows: LabelledQueries
    x: pd.DataFrame


def label_later_posts(
    history: History,
    target: str,
    cut: np.ndarray,
    until: np.ndarray,
    longest_lead_days: float,
    accounts: np.ndarray | None = None,
) -> LabelledQueries:
    """Return a query at `cut` about every later post known at `until`, with its planned content;
    the history is at a horizon.

    `cut`, `until`: moments (platforms,); `accounts`: mask of those queried, default all.
    """
    latest = until - MATURE_DAYS * DAY_US
    rows = sample_test_rows(history, target, cut, latest, longest_lead_days)
    return rows if accounts is None else rows[accounts[rows.account]]


def derive_later_posts(
    history: History, posts: LabelledQueries, reference: Reference, backend: Backend = LOCAL
) -> LaterPosts:
    """Return labelled later posts with their features by the market priors of a model."""
    rows = repeat_for_each_evidence(hide_content(posts))
    return LaterPosts(posts, rows, backend.derive(history, rows.queries, reference))
