"""Training rows in the form of queries: posts whose counts are known, queried from earlier moments.

Each target post is queried from several moments; the leads spread over the range that users have,
and the rows of one post have a total weight of 1. Some rows show only averages of the creator's
posts, or none of the posts, and some hide the planned content: so one model learns to answer with
whatever a user knows.
"""

from dataclasses import dataclass, replace

import numpy as np

from features.derive.planned_post import scale_content
from features.derive.queries import Queries
from features.history.arrays import DAY_US
from features.history.history import History
from features.history.panel import Panel, PostPanel
from features.history.post_readings import CONTENT_FIELDS
from features.tables.vocabulary import EVIDENCE, MATURE_DAYS
from training.platform_times import platform_of_posts, times_by_platform
from training.sampling import Sampling


@dataclass(frozen=True)
class LabelledQueries:
    """Queries with known outcomes; all arrays have shape (n,).

    - `y`: ln(1 + count) at the horizon of the history
    - `growth`: the part of `y` that came after the reading, in ln; below 0 where the reading is
      older than the horizon
    - `weight`: weight of the row
    - `age_read_days`: age of the post when its counts were read, NaN where unknown
    """

    queries: Queries
    y: np.ndarray
    growth: np.ndarray
    weight: np.ndarray
    age_read_days: np.ndarray

    @property
    def y_read(self) -> np.ndarray:
        """ln(1 + count) as it was read."""
        return self.y - self.growth

    @property
    def account(self) -> np.ndarray:
        """Position of each row's account in the history."""
        return self.queries.account

    @property
    def posted(self) -> np.ndarray:
        """Moment of each row's post (microseconds, UTC)."""
        return self.queries.start_at

    def __len__(self) -> int:
        return len(self.y)

    def __getitem__(self, rows: np.ndarray | slice) -> "LabelledQueries":
        """Return the rows at positions, a mask or a slice."""
        return LabelledQueries(
            self.queries[rows],
            self.y[rows],
            self.growth[rows],
            self.weight[rows],
            self.age_read_days[rows],
        )


def sample_training_rows(
    history: History,
    target: str,
    until: int | np.ndarray,
    sampling: Sampling,
    accounts: np.ndarray | None = None,
) -> LabelledQueries:
    """Draw training rows from posts whose counts are known at `until`; the history is at a horizon.

    Each post is queried from moments up to `longest_lead_days` before it at which its account
    already had a known post.

    - `target`: `engagements` or `views`
    - `until`: a moment (microseconds, UTC), or one for each platform
    - `accounts`: mask (accounts,) of those that may be used, default all
    """
    panel = history.panel(target)
    posts = _known_posts(history, target, times_by_platform(until), accounts)
    longest = _longest_leads(panel, posts, sampling.longest_lead_days)
    posts, longest = posts[longest >= 0], longest[longest >= 0]
    random = np.random.default_rng(sampling.seed)
    leads = _stratified_leads(random, longest, sampling.per_post)
    posts = np.repeat(posts, sampling.per_post)
    as_of = panel.time[posts] - (leads * DAY_US).astype(np.int64)
    evidence = random.choice(len(EVIDENCE), size=len(posts), p=_evidence_shares(sampling))
    hidden = random.random(len(posts)) >= sampling.content_share
    return hide_content(label_queries(history, target, posts, as_of, evidence), hidden)


def sample_test_rows(
    history: History,
    target: str,
    cut: int | np.ndarray,
    until: int | np.ndarray | None = None,
    longest_lead_days: float | None = None,
) -> LabelledQueries:
    """Return one query, made at `cut`, for every later post; the planned content is shown.

    `cut`, `until`: moments (microseconds, UTC), or one for each platform; `until` is the latest
    moment of a post.
    """
    panel, platform = history.panel(target), platform_of_posts(history, target)
    as_of = times_by_platform(cut)[platform]
    is_later = (panel.time > as_of) & panel.has_outcome
    if until is not None:
        is_later &= panel.time <= times_by_platform(until)[platform]
    if longest_lead_days is not None:
        is_later &= panel.time <= as_of + longest_lead_days * DAY_US
    posts = np.flatnonzero(is_later)
    evidence = np.zeros(len(posts), dtype=int)
    return label_queries(history, target, posts, as_of[posts], evidence)


def label_queries(
    history: History, target: str, posts: np.ndarray, as_of: np.ndarray, evidence: np.ndarray
) -> LabelledQueries:
    """Return labelled queries about rows `posts` of the target's panel at `as_of`, each (n,).

    `evidence` (n,): position in EVIDENCE of the best evidence that may be used. The rows of one
    post have a total weight of 1. Raises ValueError where the history is not at a horizon.
    """
    if history.horizon is None:
        raise ValueError(
            "the history has its counts as they were read: bring them to a horizon by "
            "reference.at_horizon(history)"
        )
    panel = history.panel(target)
    content = {name: scale_content(name, panel.take(name, posts)) for name in CONTENT_FIELDS}
    planned = {name: panel.take(name, posts) for name in ("format", "topic", "sponsored")}
    queries = Queries(
        account=account_of_rows(panel)[posts],
        as_of=as_of,
        start_at=panel.time[posts],
        evidence_limit=evidence.astype(float),
        brand_niche=panel.take("brand", posts),
        planned={**planned, **content},
        averages={},
    )
    _, post, count = np.unique(posts, return_inverse=True, return_counts=True)
    return LabelledQueries(
        queries,
        y=panel.take(f"{target}_log", posts),
        growth=panel.take(f"{target}_growth", posts),
        weight=1 / count[post],
        age_read_days=panel.take("age_read_days", posts),
    )


def hide_content(rows: LabelledQueries, hidden: np.ndarray | None = None) -> LabelledQueries:
    """Return the rows as known at signing, without planned content and topic.

    `hidden`: mask (n,) of the rows that lose them, default all.
    """
    mask = np.ones(len(rows), bool) if hidden is None else hidden
    content = {
        name: np.where(mask, np.nan, rows.queries.planned[name])
        for name in (*CONTENT_FIELDS, "topic")
    }
    planned = {**rows.queries.planned, **content}
    return replace(rows, queries=replace(rows.queries, planned=planned))


def repeat_for_each_evidence(rows: LabelledQueries) -> LabelledQueries:
    """Return all rows once for each of EVIDENCE, (len(EVIDENCE) * n,), the best evidence first."""
    repeated = rows[np.tile(np.arange(len(rows)), len(EVIDENCE))]
    limit = np.repeat(np.arange(len(EVIDENCE), dtype=float), len(rows))
    return replace(repeated, queries=replace(repeated.queries, evidence_limit=limit))


def training_weights(rows: LabelledQueries, until: np.ndarray, sampling: Sampling) -> np.ndarray:
    """Return the weight (n,) of each row in training.

    `until` (n,): the moment of the fit (microseconds, UTC), by the platform of each row.
    """
    creator_total = np.bincount(rows.account, rows.weight)[rows.account]
    age_days = (until - rows.posted) / DAY_US
    recency = 0.5 ** (age_days / sampling.half_life_days)
    return rows.weight * creator_total**-sampling.creator_power * recency


def account_of_rows(panel: Panel) -> np.ndarray:
    """Return the position of the account of every row of a panel, (rows,)."""
    return np.repeat(np.arange(len(panel.start) - 1), np.diff(panel.start))


def _known_posts(
    history: History, target: str, until: np.ndarray, accounts: np.ndarray | None
) -> np.ndarray:
    """Return the panel rows of the posts whose counts are known at `until` (platforms,)."""
    panel = history.panel(target)
    latest = until[platform_of_posts(history, target)] - MATURE_DAYS * DAY_US
    posts = np.flatnonzero((panel.time <= latest) & panel.has_outcome)
    if accounts is None:
        return posts
    return posts[accounts[account_of_rows(panel)[posts]]]


def _longest_leads(panel: PostPanel, posts: np.ndarray, most: float) -> np.ndarray:
    """Return the longest lead in days, at most `most`, at which the account had a known post, (n,).

    It is negative where there is no such lead: the post cannot be queried with a history.
    """
    first = _first_known(panel)[account_of_rows(panel)[posts]]
    return np.minimum(most, (panel.time[posts] - first) / DAY_US)


def _first_known(panel: PostPanel) -> np.ndarray:
    """Return the moment (accounts,) from which each account has a known post: its first one is
    MATURE_DAYS old, or was read before that. Accounts without posts have the end of time.
    """
    first = np.full(len(panel.start) - 1, np.iinfo(np.int64).max)
    early = panel.early
    np.minimum.at(first, account_of_rows(panel), panel.time + MATURE_DAYS * DAY_US)
    np.minimum.at(first, account_of_rows(early.panel), early.known_from)
    return first


def _stratified_leads(
    random: np.random.Generator, longest: np.ndarray, per_post: int
) -> np.ndarray:
    """Return `per_post` leads in days for each post, (posts * per_post,).

    One lead is drawn in each of `per_post` equal strata of 0 to `longest`: few moments still cover
    the range.
    """
    strata = (np.arange(per_post) + random.random((len(longest), per_post))) / per_post
    return strata.ravel() * np.repeat(longest, per_post)


def _evidence_shares(sampling: Sampling) -> list[float]:
    """Return the shares of training rows by evidence, in the order of EVIDENCE."""
    return [
        1 - sampling.summary_share - sampling.profile_share,
        sampling.summary_share,
        sampling.profile_share,
    ]
