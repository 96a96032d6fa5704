"""derive: the one call that turns tables and queries into the columns that models read.

Training, batch scoring, the service and the backtest all call it; there is no second way to a
feature. It has two steps: the features of the account
(`features.derive.account_features.account_features_at`), and from them those of the query
(`features.derive.queries.query_features`).
"""

import numpy as np
import pandas as pd

from features.derive.account_features import account_features_at, account_features_from_profiles
from features.derive.catalog import COLUMNS
from features.derive.queries import Queries, query_features
from features.derive.reference import Reference
from features.history.history import History
from features.history.panel import WIDTH_STEP
from features.history.post_readings import WINDOW_POSTS
from features.tables.model import Tables
from features.threads import map_threads, split_rows

#: Queries derived at a time, by each thread: their matrices fit the processor's cache.
CHUNK_ROWS = 1024
_NAMES = pd.Index(COLUMNS)


def derive(tables: Tables | History, queries: pd.DataFrame, reference: Reference) -> pd.DataFrame:
    """Return one row of features for each query, in their order.

    - `tables`: validated tables, or the History of them where it is used more than once
    - `queries`: creator_id, platform, as_of, start_at; where known format, sponsored, topic,
      planned content (`features.tables.schema.CONTENT_COLUMNS`) and a vendor's averages
      (`AVERAGE_COLUMNS`). `evidence_limit` (`summary` or `profile`) hides a creator's posts, or all
      but their averages, as training and the backtest need it
    - returns float64 columns `features.derive.catalog.COLUMNS`, NaN where unknown, with the index
      of `queries`

    Counts are at the horizon of the reference. Only what was known at as_of is used: posts with
    posted_at + MATURE_DAYS <= as_of, younger ones by readings made by as_of, followers observed by
    as_of (else the first snapshot after it, flagged). Raises KeyError for a creator
    without a row in the tables.
    """
    history = tables if isinstance(tables, History) else History.from_tables(tables)
    values = derive_arrays(history, Queries.from_frame(history, queries), reference)
    return pd.DataFrame(values, index=queries.index, columns=_NAMES)


def derive_arrays(history: History, queries: Queries, reference: Reference) -> np.ndarray:
    """As `derive`, from arrays to an array (n, len(COLUMNS)) float64; many queries in chunks, on
    all cores.
    """
    history = reference.at_horizon(history)
    if len(queries) <= CHUNK_ROWS:
        return _derive_chunk(history, queries, reference)
    order = _order_for_chunks(history, queries)
    out = np.empty((len(queries), len(COLUMNS)))

    def fill(part: slice) -> None:
        rows = order[part]
        out[rows] = _derive_chunk(history, queries[rows], reference)

    map_threads(fill, split_rows(len(order), CHUNK_ROWS))
    return out


def _order_for_chunks(history: History, queries: Queries) -> np.ndarray:
    """Return the order (n,) in which queries are derived.

    Accounts with about as many posts go together, so that their matrices are no wider than they
    need. Among those go together the queries about one account, which rest on the same texts.
    """
    start = history.posts.start[queries.account]
    posts = history.posts.end_row(queries.account, queries.as_of) - start
    width = np.minimum(posts, WINDOW_POSTS) // WIDTH_STEP
    return np.lexsort((queries.evidence_limit, queries.as_of, queries.account, width))


def derive_profiles(
    profile: dict[str, np.ndarray], queries: Queries, reference: Reference
) -> np.ndarray:
    """As `derive_arrays` of accounts of which only a profile is known, (n,) as
    `features.history.profiles.profile_from_fields` gives.

    Query i is about profile i. One thread does it: handing it out to several takes as long.
    """
    if len(queries) <= CHUNK_ROWS:
        return query_features(
            account_features_from_profiles(profile, reference), queries, reference
        )
    out = np.empty((len(queries), len(COLUMNS)))
    for start in range(0, len(queries), CHUNK_ROWS):
        rows = slice(start, start + CHUNK_ROWS)
        chunk = {name: values[rows] for name, values in profile.items()}
        out[rows] = query_features(
            account_features_from_profiles(chunk, reference), queries[rows], reference
        )
    return out


def _derive_chunk(history: History, queries: Queries, reference: Reference) -> np.ndarray:
    """Return the features of queries; neighbours about the same account, moment and evidence share
    those of the account.
    """
    account, as_of, limit = queries.account, queries.as_of, queries.evidence_limit
    is_new = np.ones(len(queries), bool)
    is_new[1:] = np.diff(account) != 0
    is_new[1:] |= (np.diff(as_of) != 0) | (np.diff(limit) != 0)
    accounts = account_features_at(
        history, account[is_new], as_of[is_new], limit[is_new], reference
    )
    if not is_new.all():
        accounts = accounts.take(np.cumsum(is_new) - 1)
    return query_features(accounts, queries, reference)
