"""The posts of accounts that may be read for each target, and the windows of all targets."""

from collections.abc import Iterable
from dataclasses import dataclass, fields

import numpy as np

from features.derive.feature_matrix import expand_rows
from features.derive.level_offset import HISTORY, SUMMARY, PostLevel
from features.derive.signals import (
    GatheredPosts,
    PostWindow,
    gather_posts,
    mean_of_12,
    summarise_window,
)
from features.derive.window_stats import stack_rows
from features.history.history import History
from features.history.post_readings import WINDOW_POSTS


@dataclass(frozen=True)
class TargetPosts:
    """The posts of n accounts that may be read for one target, newest first.

    `rows` (k,): the accounts that have any; `posts`: those of them; `mean_12` (n,): ln(1 + mean
    count) of the last twelve.
    """

    rows: np.ndarray
    posts: GatheredPosts
    mean_12: np.ndarray


@dataclass(frozen=True)
class StackedWindows:
    """The windows of all targets, one below the other: sorting them together costs half the time.

    `slices`: the rows of `window` that belong to each target; `of_target`: those.
    """

    window: PostWindow
    slices: dict[str, slice]
    of_target: dict[str, PostWindow]


def read_posts_by_target(
    history: History,
    targets: Iterable[str],
    account: np.ndarray,
    as_of: np.ndarray,
    evidence_limit: np.ndarray,
) -> dict[str, TargetPosts]:
    """Return by target the posts of accounts (n,) known at `as_of` (n,) that `evidence_limit` (n,)
    allows.
    """
    allowed = np.flatnonzero(evidence_limit <= SUMMARY)
    known, posts = {}, {}
    for target in targets:
        panel = history.panel(target)
        # where all counts are known the targets share one panel
        if id(panel) not in known:
            known[id(panel)] = panel.known_rows(account[allowed], as_of[allowed], WINDOW_POSTS)
        rows = known[id(panel)]
        posts[target] = _read_target_posts(
            history, target, account, allowed, rows, as_of, evidence_limit
        )
    return posts


def _read_target_posts(
    history: History,
    target: str,
    account: np.ndarray,
    allowed: np.ndarray,
    known: np.ndarray,
    as_of: np.ndarray,
    evidence_limit: np.ndarray,
) -> TargetPosts:
    """Return the posts of n accounts for one target; `known` (m, w): the rows of the panel that are
    known of the accounts `allowed` (m,).
    """
    has_posts = known[:, 0] >= 0
    if not has_posts.any():
        return no_posts(len(as_of))
    rows = allowed[has_posts]
    posts = gather_posts(history, target, account[rows], known[has_posts], as_of[rows])
    mean_12 = expand_rows(mean_of_12(posts.values), rows, len(as_of))
    shown = evidence_limit[rows] == HISTORY
    if shown.all():
        return TargetPosts(rows, posts, mean_12)
    return TargetPosts(rows[shown], posts[shown], mean_12)


def no_posts(n: int) -> TargetPosts:
    """Return the posts of n accounts that have none."""
    rows = np.empty(0, dtype=np.int64)
    nothing = np.empty((0, 8))
    posts = GatheredPosts(nothing, nothing, nothing, nothing, nothing.astype(np.int64))
    return TargetPosts(rows, posts, np.full(n, np.nan))


def stack_windows(posts: dict[str, TargetPosts]) -> StackedWindows | None:
    """Summarise the windows of all targets at once, at one width; None where there is no post."""
    counts = [len(of_target.rows) for of_target in posts.values()]
    if not sum(counts):
        return None
    gathered = [of_target.posts for of_target in posts.values()]
    fills = {field.name: np.nan for field in fields(GatheredPosts)}
    fills |= {"growth_variance": 0.0, "rows": -1}
    stacked = {
        name: stack_rows((getattr(of_target, name) for of_target in gathered), fill)
        for name, fill in fills.items()
    }
    window = summarise_window(GatheredPosts(**stacked))
    ends = np.cumsum(counts)
    slices = {
        target: slice(end - count, end)
        for target, end, count in zip(posts, ends, counts, strict=True)
    }
    of_target = {target: window[rows] for target, rows in slices.items()}
    return StackedWindows(window, slices, of_target)


def post_level(posts: TargetPosts, window: PostWindow | None) -> PostLevel:
    """Return what the posts, summarised by `window`, say of the level of all n accounts."""
    n = len(posts.mean_12)
    level, known_count, effective_count = np.full(n, np.nan), np.zeros(n), np.zeros(n)
    if window is not None:
        level[posts.rows] = window.level
        known_count[posts.rows] = window.n
        effective_count[posts.rows] = window.n_effective
    return PostLevel(level, known_count, effective_count, posts.mean_12)
