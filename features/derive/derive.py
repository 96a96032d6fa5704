"""derive: the one call that turns tables and questions into the columns that models read.

Training, batch scoring, the service and the backtest all call it; there is no second way to a
feature. It is two steps: what is known of the account
(`features.derive.account_features.account_features_at`), and of that what is asked
(`features.derive.queries.query_features`).
"""

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd

from features.derive.account_features import account_features_at, account_features_from_profiles
from features.derive.catalog import COLUMNS
from features.derive.queries import Queries, query_features
from features.derive.reference import Reference
from features.history.history import History
from features.tables.model import Tables

#: Queries answered at a time, by each thread: their matrices fit the processor's cache.
CHUNK_ROWS = 2048
_NAMES = pd.Index(COLUMNS)


def derive(tables: Tables | History, questions: pd.DataFrame, reference: Reference) -> pd.DataFrame:
    """Derive one row of features for each question, in the order given.

    - `tables`: validated tables, or the History of them where it is asked more than once
    - `questions`: creator_id, platform, as_of, start_at; where known format, sponsored, topic,
      planned content (`features.tables.schema.CONTENT_COLUMNS`) and a vendor's averages
      (`AVERAGE_COLUMNS`). `evidence_limit` (`summary` or `profile`) hides a creator's posts, or all
      but their averages, as training and the backtest need it
    - returns float64 columns `features.derive.catalog.COLUMNS`, NaN where unknown, with the index
      of `questions`

    Only what was known at as_of is used: posts with posted_at + horizon <= as_of, followers
    observed by as_of (else the first snapshot after it, flagged). Raises KeyError for a creator
    without a row in the tables.
    """
    history = (
        tables
        if isinstance(tables, History)
        else History.from_tables(tables, reference.horizon_days)
    )
    found = derive_arrays(history, Queries.from_frame(history, questions), reference)
    return pd.DataFrame(found, index=questions.index, columns=_NAMES)


def derive_arrays(history: History, asked: Queries, reference: Reference) -> np.ndarray:
    """As `derive`, from arrays to an array (n, len(COLUMNS)) float64; many questions in chunks, on
    all cores.
    """
    if len(asked) <= CHUNK_ROWS:
        return _derived(history, asked, reference)
    # questions with about as many posts go together, so that their matrices are no wider than they
    # need
    start = history.posts.start[asked.account]
    order = np.argsort(history.posts.end_row(asked.account, asked.as_of) - start, kind="stable")
    out = np.empty((len(asked), len(COLUMNS)))

    def fill(rows: np.ndarray) -> None:
        out[rows] = _derived(history, asked[rows], reference)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(fill, np.array_split(order, -(-len(order) // CHUNK_ROWS))))
    return out


def derive_profiles(
    profile: dict[str, np.ndarray], asked: Queries, reference: Reference
) -> np.ndarray:
    """As `derive_arrays` of accounts of which a profile alone is told, (n,) as
    `features.history.profiles.profile_from_fields` gives.

    Question i is about profile i. It is done by one thread: it takes as long as handing it out to
    several would.
    """
    if len(asked) <= CHUNK_ROWS:
        return query_features(account_features_from_profiles(profile, reference), asked, reference)
    out = np.empty((len(asked), len(COLUMNS)))
    for start in range(0, len(asked), CHUNK_ROWS):
        rows = slice(start, start + CHUNK_ROWS)
        own = {name: values[rows] for name, values in profile.items()}
        out[rows] = query_features(
            account_features_from_profiles(own, reference), asked[rows], reference
        )
    return out


def _derived(history: History, asked: Queries, reference: Reference) -> np.ndarray:
    return query_features(
        account_features_at(history, asked.account, asked.as_of, asked.evidence_limit, reference),
        asked,
        reference,
    )
