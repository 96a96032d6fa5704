"""A History of some accounts with more posts added, as if its tables held them too."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa

from features.history.arrays import code_positions, text_array
from features.history.captions import Captions
from features.history.history import History, PostDetails, split_by_target
from features.history.panel import Panel, PostPanel
from features.history.post_readings import (
    CONTENT_FIELDS,
    COUNT_FIELDS,
    PostReadings,
    counting_rows,
    post_panel,
)
from features.tables.vocabulary import MATURE_DAYS

_NUMBERS = (*COUNT_FIELDS, "format", "sponsored", "brand", *CONTENT_FIELDS)
_FLAGS = ("likes_hidden", "repost")


def extend_history(
    history: History, account: np.ndarray, readings: PostReadings
) -> tuple[History, PostReadings, np.ndarray]:
    """Return the history of accounts `account` (k,), numbered anew from 0, with the posts of
    `readings` added.

    `readings.account`: a position in `account`. A post is known already where its id is, or, if it
    has none, where a post of that moment is; then the reading counts that would count in tables.
    Returns also the readings that the history rests on, and which of them are new (mask). Counts
    are as they were read (`History.at_horizon`). Raises ValueError where the history keeps no
    details.
    """
    if history.details is None:
        raise ValueError(
            "the history keeps no details of its posts: make it by History.from_tables with "
            "details=True"
        )
    known, captions = known_readings(history, history.details, account)
    readings = _match_known_posts(known, readings)
    both = _join(known, readings)
    is_new = np.arange(len(both.account)) >= len(known.account)
    counting, platform = counting_rows(both), history.platform[account]
    posts, topics = post_panel(both, counting, platform)
    engaged, viewed = split_by_target(posts)
    profiles, rows = _select_accounts(history.profiles, account)
    extended = replace(
        history,
        accounts=pd.RangeIndex(len(account)),
        platform=platform,
        posts=posts,
        posts_with_engagements=engaged,
        posts_with_views=viewed,
        followers=_select_accounts(history.followers, account)[0],
        profiles=profiles,
        topics=topics,
        captions=_captions(captions, readings, counting.all, len(known.account)),
        bios=None if history.bios is None else history.bios.take(pa.array(rows)),
        details=None,
        horizon=None,
    )
    return extended, both, is_new


def _select_accounts(panel: Panel, account: np.ndarray) -> tuple[Panel, np.ndarray]:
    """Return the rows of some accounts as a panel, and where they stand in the whole one."""
    start, rows = _rows_of_accounts(panel, account)
    columns = {name: values[rows] for name, values in panel.columns.items()}
    return Panel(start, panel.time[rows], columns), rows


def _rows_of_accounts(panel: Panel, account: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return where the rows of each account start, (k + 1,), and the rows."""
    first, size = panel.start[account], panel.start[account + 1] - panel.start[account]
    start = np.concatenate([[0], np.cumsum(size)])
    return start, np.repeat(first - start[:-1], size) + np.arange(start[-1])


def counting_posts(posts: PostPanel, account: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return the account, numbered anew, the moment of posting and the row of each reading of
    accounts that counts: each reading once.
    """
    start, settled = _rows_of_accounts(posts, account)
    # a settled row of less than MATURE_DAYS is an early one too
    is_mature = ~(posts.columns["age_read_days"][settled] < MATURE_DAYS)
    number = np.repeat(np.arange(len(account)), np.diff(start))[is_mature]
    settled = settled[is_mature]
    early_start, early = _rows_of_accounts(posts.early.panel, account)
    early_number = np.repeat(np.arange(len(account)), np.diff(early_start))
    return (
        np.concatenate([number, early_number]),
        np.concatenate([posts.time[settled], posts.early.panel.time[early]]),
        np.concatenate([settled, early + len(posts.time)]),
    )


def known_readings(
    history: History, details: PostDetails, account: np.ndarray
) -> tuple[PostReadings, pa.Array | None]:
    """Return the counting readings of accounts, numbered anew, and the captions of their posts."""
    number, posted_at, rows = counting_posts(history.posts, account)
    columns = history.posts.columns
    topic = columns["topic"][rows]
    topics = np.array([*history.topics, None], dtype=object)
    names = topics[code_positions(topic)]
    readings = PostReadings(
        number,
        posted_at,
        details.observed_at[rows],
        details.ids.take(pa.array(rows)).to_numpy(zero_copy_only=False),
        {name: columns[name][rows] for name in _NUMBERS},
        {"topic": text_array(names)},
    )
    return readings, None if history.captions is None else history.captions.take(rows)


def _match_known_posts(known: PostReadings, readings: PostReadings) -> PostReadings:
    """Return the readings with the moment of the known post that has their id, or, where they have
    no id, with the id of the known post of that moment.
    """
    moments, ids = {}, {}
    known_posts = zip(known.account.tolist(), known.posted_at.tolist(), known.post_id, strict=True)
    for account, moment, post_id in known_posts:
        moments[account, post_id] = moment
        ids[account, moment] = post_id
    posted_at = readings.posted_at.copy()
    post_ids = np.array(readings.post_id, dtype=object)
    has_no_id = readings.has_no_id
    if has_no_id is None:
        has_no_id = np.zeros(len(readings.account), dtype=bool)
    rows = zip(readings.account.tolist(), posted_at.tolist(), post_ids, has_no_id, strict=True)
    for row, (account, moment, post_id, lacks_id) in enumerate(rows):
        if lacks_id:
            post_ids[row] = ids.get((account, moment), post_id)
        else:
            posted_at[row] = moments.get((account, post_id), moment)
    return replace(readings, posted_at=posted_at, post_id=post_ids)


def _join(known: PostReadings, readings: PostReadings) -> PostReadings:
    """Return the known readings, and below them the others."""
    first, second = len(known.account), len(readings.account)
    unknown, no_flags = np.full(second, np.nan), np.zeros(second, dtype=bool)
    columns = {}
    for name in _NUMBERS:
        numbers = readings.columns.get(name, unknown)
        columns[name] = np.concatenate([known.columns[name].astype(float), numbers])
    for name in _FLAGS:
        flags = readings.columns.get(name, no_flags)
        columns[name] = np.concatenate([np.zeros(first, dtype=bool), flags])
    topic = readings.texts.get("topic", pa.nulls(second, pa.large_string()))
    return PostReadings(
        np.concatenate([known.account, readings.account]),
        np.concatenate([known.posted_at, readings.posted_at]),
        np.concatenate([known.observed_at, readings.observed_at]),
        np.concatenate([known.post_id, readings.post_id]),
        columns,
        {"topic": pa.concat_arrays([known.texts["topic"], topic])},
    )


def _captions(
    known: pa.Array | None, readings: PostReadings, order: np.ndarray, first: int
) -> Captions | None:
    """Return the captions of the `first` known posts and of the readings, in `order`; None where
    nobody wrote.
    """
    rows = np.arange(len(readings.account))
    captions = Captions.from_texts(readings.texts, rows)
    if known is None and captions is None:
        return None
    if known is None:
        known = pa.nulls(first, pa.large_string())
    added = pa.nulls(len(rows), pa.large_string()) if captions is None else captions.take(rows)
    return Captions({"text": pa.concat_arrays([known, added])}, order)
