"""A History of some accounts with posts besides those that it knows, as if its tables held them
too.
"""

from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa

from features.history.history import History, panels_by_target
from features.history.panel import Panel
from features.history.post_readings import (
    CONTENT_FIELDS,
    COUNT_FIELDS,
    PostReadings,
    join_captions,
    mature_rows,
    post_panel,
)

_NUMBERS = (*COUNT_FIELDS, "format", "sponsored", "brand", *CONTENT_FIELDS)
_FLAGS = ("likes_hidden", "repost")


def extend_history(
    history: History, account: np.ndarray, readings: PostReadings
) -> tuple[History, PostReadings, np.ndarray]:
    """Return the history of accounts `account` (k,), numbered anew from 0, with the posts of
    `readings` besides.

    `readings.account`: a position in `account`. A post is known already where its id is, or, if it
    has none, where a post of that moment is; then the reading counts that would count in tables.
    Gives also the readings that the history rests on, and which of them were brought (mask). Raises
    ValueError where the history keeps no details.
    """
    if history.details is None:
        raise ValueError(
            "the history keeps no details of its posts: make it by History.from_tables with details=True"
        )
    known, captions = _known(history, account)
    readings = _recognised(known, readings)
    both = _joined(known, readings)
    brought = np.arange(len(both.account)) >= len(known.account)
    order, platform = mature_rows(both, history.horizon_days), history.platform[account]
    posts, topics = post_panel(both, order, platform, history.horizon_days)
    profiles, rows = _part(history.profiles, account)
    found = replace(
        history,
        accounts=pd.RangeIndex(len(account)),
        platform=platform,
        posts=posts,
        **panels_by_target(posts),
        followers=_part(history.followers, account)[0],
        profiles=profiles,
        topics=topics,
        captions=_captions(captions, readings, order, len(known.account)),
        bios=None if history.bios is None else history.bios.take(pa.array(rows)),
        details=None,
    )
    return found, both, brought


def _part(panel: Panel, account: np.ndarray) -> tuple[Panel, np.ndarray]:
    """Return the rows of accounts as a panel of those accounts, and where they stand in the whole
    one.
    """
    first, size = panel.start[account], panel.start[account + 1] - panel.start[account]
    start = np.concatenate([[0], np.cumsum(size)])
    rows = np.repeat(first - start[:-1], size) + np.arange(start[-1])
    columns = {name: values[rows] for name, values in panel.columns.items()}
    return Panel(start, panel.time[rows], columns), rows


def _known(history: History, account: np.ndarray) -> tuple[PostReadings, pa.Array | None]:
    """Return the readings that count of accounts, numbered anew, and what their posts say."""
    panel, rows = _part(history.posts, account)
    topics = np.array([*history.topics, None], dtype=object)
    topic = panel.columns["topic"]
    readings = PostReadings(
        np.repeat(np.arange(len(account)), np.diff(panel.start)),
        panel.time,
        history.details.observed_at[rows],
        history.details.ids.take(pa.array(rows)).to_numpy(zero_copy_only=False),
        {name: panel.columns[name] for name in _NUMBERS},
        {
            "topic": pa.array(
                topics[np.where(np.isnan(topic), -1, topic).astype(int)], pa.large_string()
            )
        },
    )
    return readings, None if history.captions is None else history.captions.take(pa.array(rows))


def _recognised(known: PostReadings, readings: PostReadings) -> PostReadings:
    """Return known posts among the readings the moment that they are known by, and those without an
    id its id.
    """
    own = known.account.tolist(), known.posted_at.tolist(), known.post_id.tolist()
    moments = {(account, name): posted for account, posted, name in zip(*own, strict=True)}
    names = {(account, posted): name for account, posted, name in zip(*own, strict=True)}
    nameless = (
        np.zeros(len(readings.account), dtype=bool)
        if readings.has_no_id is None
        else readings.has_no_id
    )
    given = zip(
        readings.account.tolist(),
        readings.posted_at.tolist(),
        readings.post_id,
        nameless.tolist(),
        strict=True,
    )
    posted, post_id = readings.posted_at.copy(), np.array(readings.post_id, dtype=object)
    for row, (account, moment, name, lacks) in enumerate(given):
        if lacks:
            post_id[row] = names.get((account, moment), name)
        else:
            posted[row] = moments.get((account, name), moment)
    return replace(readings, posted_at=posted, post_id=post_id)


def _joined(known: PostReadings, readings: PostReadings) -> PostReadings:
    first, second = len(known.account), len(readings.account)
    nothing, no_flags = np.full(second, np.nan), np.zeros(second, dtype=bool)
    told = {
        name: np.concatenate(
            [known.columns[name].astype(float), readings.columns.get(name, nothing)]
        )
        for name in _NUMBERS
    }
    flags = {
        name: np.concatenate([np.zeros(first, dtype=bool), readings.columns.get(name, no_flags)])
        for name in _FLAGS
    }
    topic = readings.texts.get("topic", pa.nulls(second, pa.large_string()))
    return PostReadings(
        np.concatenate([known.account, readings.account]),
        np.concatenate([known.posted_at, readings.posted_at]),
        np.concatenate([known.observed_at, readings.observed_at]),
        np.concatenate([known.post_id, readings.post_id]),
        told | flags,
        {"topic": pa.concat_arrays([known.texts["topic"], topic])},
    )


def _captions(
    known: pa.Array | None, readings: PostReadings, order: np.ndarray, first: int
) -> pa.Array | None:
    """Return what the posts say in an order of both, `first` known ones before the readings; None
    where nobody wrote.
    """
    own = join_captions(readings.texts, np.arange(len(readings.account)))
    if known is None and own is None:
        return None
    sizes = zip((known, own), (first, len(readings.account)), strict=True)
    both = [pa.nulls(size, pa.large_string()) if one is None else one for one, size in sizes]
    return pa.concat_arrays(both).take(pa.array(order))
