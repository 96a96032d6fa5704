"""A History of some accounts with posts besides those that it knows, as if its tables held them too."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa

from features.history import History, engaged_and_viewed
from features.readings import CONTENT, COUNTS, Readings, captions_of, counting, track_of
from features.track import Track

_NUMBERS = (*COUNTS, "format", "sponsored", "brand", *CONTENT)
_FLAGS = ("likes_hidden", "repost")


def extended(history: History, account: np.ndarray, readings: Readings) -> tuple[History, Readings, np.ndarray]:
    """Give the history of accounts `account` (k,), numbered anew from 0, with the posts of `readings` besides.

    `readings.account`: a position in `account`. A post is known already where its id is, or, if it has none, where a
    post of that moment is; then the reading counts that would count in tables. Gives also the readings that the
    history rests on, and which of them were brought (mask). Raises ValueError where the history keeps no details.
    """
    if history.details is None:
        raise ValueError("the history keeps no details of its posts: make it by History.of with details=True")
    known, captions = _known(history, account)
    readings = _recognised(known, readings)
    both = _joined(known, readings)
    brought = np.arange(len(both.account)) >= len(known.account)
    order, platform = counting(both, history.horizon_days), history.platform[account]
    posts, topics = track_of(both, order, platform, history.horizon_days)
    profiles, rows = _part(history.profiles, account)
    found = replace(
        history,
        accounts=pd.RangeIndex(len(account)),
        platform=platform,
        posts=posts,
        **engaged_and_viewed(posts),
        followers=_part(history.followers, account)[0],
        profiles=profiles,
        topics=topics,
        captions=_captions(captions, readings, order, len(known.account)),
        bios=None if history.bios is None else history.bios.take(pa.array(rows)),
        details=None,
    )
    return found, both, brought


def _part(track: Track, account: np.ndarray) -> tuple[Track, np.ndarray]:
    """Give the rows of accounts as a track of those accounts, and where they stand in the whole one."""
    first, size = track.start[account], track.start[account + 1] - track.start[account]
    start = np.concatenate([[0], np.cumsum(size)])
    rows = np.repeat(first - start[:-1], size) + np.arange(start[-1])
    columns = {name: values[rows] for name, values in track.columns.items()}
    return Track(start, track.time[rows], columns), rows


def _known(history: History, account: np.ndarray) -> tuple[Readings, pa.Array | None]:
    """Give the readings that count of accounts, numbered anew, and what their posts say."""
    track, rows = _part(history.posts, account)
    topics = np.array([*history.topics, None], dtype=object)
    topic = track.columns["topic"]
    readings = Readings(
        np.repeat(np.arange(len(account)), np.diff(track.start)),
        track.time,
        history.details.observed[rows],
        history.details.ids.take(pa.array(rows)).to_numpy(zero_copy_only=False),
        {name: track.columns[name] for name in _NUMBERS},
        {"topic": pa.array(topics[np.where(np.isnan(topic), -1, topic).astype(int)], pa.large_string())},
    )
    return readings, None if history.captions is None else history.captions.take(pa.array(rows))


def _recognised(known: Readings, readings: Readings) -> Readings:
    """Give known posts among the readings the moment that they are known by, and those without an id its id."""
    own = known.account.tolist(), known.posted.tolist(), known.post_id.tolist()
    moments = {(account, name): posted for account, posted, name in zip(*own, strict=True)}
    names = {(account, posted): name for account, posted, name in zip(*own, strict=True)}
    nameless = np.zeros(len(readings.account), dtype=bool) if readings.nameless is None else readings.nameless
    given = zip(readings.account.tolist(), readings.posted.tolist(), readings.post_id, nameless.tolist(), strict=True)
    posted, post_id = readings.posted.copy(), np.array(readings.post_id, dtype=object)
    for row, (account, moment, name, lacks) in enumerate(given):
        if lacks:
            post_id[row] = names.get((account, moment), name)
        else:
            posted[row] = moments.get((account, name), moment)
    return replace(readings, posted=posted, post_id=post_id)


def _joined(known: Readings, readings: Readings) -> Readings:
    first, second = len(known.account), len(readings.account)
    nothing, no_flags = np.full(second, np.nan), np.zeros(second, dtype=bool)
    told = {
        name: np.concatenate([known.told[name].astype(float), readings.told.get(name, nothing)]) for name in _NUMBERS
    }
    flags = {name: np.concatenate([np.zeros(first, dtype=bool), readings.told.get(name, no_flags)]) for name in _FLAGS}
    topic = readings.written.get("topic", pa.nulls(second, pa.large_string()))
    return Readings(
        np.concatenate([known.account, readings.account]),
        np.concatenate([known.posted, readings.posted]),
        np.concatenate([known.observed, readings.observed]),
        np.concatenate([known.post_id, readings.post_id]),
        told | flags,
        {"topic": pa.concat_arrays([known.written["topic"], topic])},
    )


def _captions(known: pa.Array | None, readings: Readings, order: np.ndarray, first: int) -> pa.Array | None:
    """Give what the posts say in an order of both, `first` known ones before the readings; None where nobody wrote."""
    own = captions_of(readings.written, np.arange(len(readings.account)))
    if known is None and own is None:
        return None
    sizes = zip((known, own), (first, len(readings.account)), strict=True)
    both = [pa.nulls(size, pa.large_string()) if one is None else one for one, size in sizes]
    return pa.concat_arrays(both).take(pa.array(order))
