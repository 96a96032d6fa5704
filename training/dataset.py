"""Training rows that look like questions: later posts as labels, asked about from moments before
them.

Every target post is asked about from several moments, its leads spread over what users ask; its
rows share a total weight of 1. Some rows have the creator's posts reduced to averages or hidden,
and some hide the planned content, so that one model answers whatever a user can tell.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.history.arrays import DAY_US
from features.history.history import History
from features.history.post_readings import CONTENT_FIELDS
from features.tables.vocabulary import EVIDENCE, FORMATS, NICHES, PLATFORMS
from training.platform_times import platform_of_posts, times_by_platform


@dataclass(frozen=True)
class Sampling:
    """How questions are drawn: leads in days, moments a post, the shares of masked rows, and how
    rows weigh.

    `content_share`: of rows that tell the planned content; `creator_power`: a creator's rows weigh
    (their sum) to the power of 1 - creator_power, so that prolific ones count for less;
    `half_life_days`: of a post's weight by its age.
    """

    longest_lead_days: float = 120.0
    per_post: int = 3
    summary_share: float = 0.15
    profile_share: float = 0.15
    content_share: float = 0.85
    creator_power: float = 0.5
    half_life_days: float = 365.0
    seed: int = 0


@dataclass(frozen=True)
class LabelledQueries:
    """Questions with the answer known: y = ln(1 + count), weight and account, all of shape (n,)."""

    queries: pd.DataFrame
    y: np.ndarray
    weight: np.ndarray
    account: np.ndarray
    posted: np.ndarray
    age_read_days: np.ndarray

    def __len__(self) -> int:
        return len(self.y)


def sample_training_rows(
    history: History,
    what: str,
    until: int | np.ndarray,
    sampling: Sampling,
    accounts: np.ndarray | None = None,
) -> LabelledQueries:
    """Draw training rows whose posts' counts are known at `until`: a moment (microseconds, UTC), or
    one a platform.

    `what`: `engagements` or `views`; `accounts`: mask (accounts,) of those that may be used. A
    question asks about a post from a moment up to `longest_lead_days` before it at which the
    account had at least one known post.
    """
    track = history.panel(what)
    latest = (
        times_by_platform(until)[platform_of_posts(history, what)] - history.horizon_days * DAY_US
    )
    posts = np.flatnonzero(track.time <= latest)
    if accounts is not None:
        posts = posts[accounts[account_of_rows(track)[posts]]]
    longest = _longest_leads(history, track, posts, sampling.longest_lead_days)
    posts, longest = posts[longest >= 0], longest[longest >= 0]
    random = np.random.default_rng(sampling.seed)
    # one lead in each of per_post equal strata, so that few moments still cover the range
    strata = (
        np.arange(sampling.per_post) + random.random((len(posts), sampling.per_post))
    ) / sampling.per_post
    leads = strata.ravel() * np.repeat(longest, sampling.per_post)
    posts = np.repeat(posts, sampling.per_post)
    as_of = track.time[posts] - (leads * DAY_US).astype(np.int64)
    limit = random.choice(3, size=len(posts), p=_limit_shares(sampling))
    labelled = label_queries(history, what, posts, as_of, np.array(EVIDENCE)[limit])
    hide = random.random(len(posts)) >= sampling.content_share
    labelled.queries.loc[hide, [*CONTENT_FIELDS, "topic"]] = np.nan
    return labelled


def sample_test_rows(
    history: History,
    what: str,
    cut: int | np.ndarray,
    until: int | np.ndarray | None = None,
    longest_lead_days=None,
) -> LabelledQueries:
    """Ask at `cut` about every post after it, as known at signing: format and timing told, content
    not.

    `cut`, `until`: moments (microseconds, UTC), or one a platform; `until` bounds posted_at from
    above.
    """
    track, platform = history.panel(what), platform_of_posts(history, what)
    asked_at = times_by_platform(cut)[platform]
    later = track.time > asked_at
    if until is not None:
        later &= track.time <= times_by_platform(until)[platform]
    if longest_lead_days is not None:
        later &= track.time <= asked_at + longest_lead_days * DAY_US
    posts = np.flatnonzero(later)
    return label_queries(history, what, posts, asked_at[posts], np.full(len(posts), EVIDENCE[0]))


def label_queries(
    history: History, what: str, posts: np.ndarray, as_of: np.ndarray, limit: np.ndarray
) -> LabelledQueries:
    """Ask about rows `posts` of a track at `as_of`, and label the questions; those of one post
    weigh 1 in all.
    """
    track = history.panel(what)
    account = account_of_rows(track)[posts]
    name = history.accounts[account].to_series().str.split("/", n=1)
    questions = pd.DataFrame(
        {
            "creator_id": name.str[1].to_numpy(),
            "platform": np.array(PLATFORMS)[history.platform[account].astype(int)],
            "as_of": _times(as_of),
            "start_at": _times(track.time[posts]),
            "format": _names(FORMATS, track.take("format", posts)),
            "sponsored": track.take("sponsored", posts),
            "brand_niche": _names(NICHES, track.take("brand", posts)),
            "topic": _names(history.topics, track.take("topic", posts)),
            **{name: track.take(name, posts) for name in CONTENT_FIELDS},
            "evidence_limit": limit,
        }
    )
    _, inverse, count = np.unique(posts, return_inverse=True, return_counts=True)
    y = track.take(f"{what}_log", posts)
    return LabelledQueries(
        questions,
        y,
        1 / count[inverse],
        account,
        track.time[posts],
        track.take("age_read_days", posts),
    )


def training_weights(rows: LabelledQueries, until: np.ndarray, sampling: Sampling) -> np.ndarray:
    """Give the weight (n,) with which rows train a model; `until` (n,): the moment of each
    (microseconds, UTC).
    """
    own = np.bincount(rows.account, rows.weight)[rows.account]
    age = (until - rows.posted) / DAY_US
    return rows.weight * own**-sampling.creator_power * 0.5 ** (age / sampling.half_life_days)


def hide_content(labelled: LabelledQueries) -> LabelledQueries:
    """Give the same rows as known at signing: without the planned content."""
    questions = labelled.queries.drop(columns=[*CONTENT_FIELDS, "topic"])
    return LabelledQueries(
        questions,
        labelled.y,
        labelled.weight,
        labelled.account,
        labelled.posted,
        labelled.age_read_days,
    )


def account_of_rows(track) -> np.ndarray:
    """Give the account number of every row of a track."""
    return np.repeat(np.arange(len(track.start) - 1), np.diff(track.start))


def _longest_leads(history: History, track, posts: np.ndarray, most: float) -> np.ndarray:
    """Give the longest lead in days, at most `most`, at which the creator of each post already had
    a known post.

    Below 0 where there is none: such a post cannot be asked about from a history.
    """
    first = track.time[track.start[account_of_rows(track)[posts]]]
    return np.minimum(most, (track.time[posts] - first) / DAY_US - history.horizon_days)


def _limit_shares(sampling: Sampling) -> list[float]:
    return [
        1 - sampling.summary_share - sampling.profile_share,
        sampling.summary_share,
        sampling.profile_share,
    ]


def _times(microseconds: np.ndarray) -> pd.Series:
    return pd.Series(np.asarray(microseconds, dtype="datetime64[us]")).dt.tz_localize("UTC")


def _names(names: tuple[str, ...], codes: np.ndarray) -> np.ndarray:
    lookup = np.array([*names, None], dtype=object)
    return lookup[np.where(np.isnan(codes), len(names), codes).astype(int)]
