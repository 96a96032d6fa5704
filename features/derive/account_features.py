"""What is known of an account at a moment, whatever will be asked of it: format, start, brand and
plan come later.

`account_features_at` reads it off a History, and `features.derive.queries.query_features` makes the
columns of a question of it: derive is nothing but these two steps.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from features.derive import window_stats
from features.derive.authenticity import authenticity_columns, follower_jump, raw_signs
from features.derive.catalog import COLUMNS
from features.derive.effects import creator_format_effects, sponsored_columns
from features.derive.market_priors import SUMMARY_POSTS, MarketPriors, Reference
from features.derive.planned_post import PastPosts
from features.derive.signals import (
    PostWindow,
    gather_window,
    level_blocks,
    level_columns,
    mean_of_12,
    post_blocks,
    post_columns,
    summarise_window,
)
from features.history.arrays import DAY_US
from features.history.history import History
from features.history.post_readings import CONTENT_FIELDS
from features.history.profiles import profile_at
from features.niche.text import niche_columns, niche_distribution_or_none
from features.tables.vocabulary import EVIDENCE, FORMATS, band_codes

HISTORY, SUMMARY, PROFILE_ONLY = range(len(EVIDENCE))
TARGETS = ("engagements", "views")
#: Beside COLUMNS: what the question step needs of profile and posts. The last of the formats is one
#: not told.
ACCOUNT_EXTRA_COLUMNS = (
    "followers",
    "not_told_effect",
    *(f"{name}_count" for name in (*FORMATS, "not_told")),
    *(f"{name}_own_mean" for name in CONTENT_FIELDS),
)
ACCOUNT_COLUMNS = (*COLUMNS, *ACCOUNT_EXTRA_COLUMNS)
COLUMN_INDEX = {name: place for place, name in enumerate(ACCOUNT_COLUMNS)}
FORMAT_EFFECT_INDEXES = [
    COLUMN_INDEX[name] for name in (*(f"{name}_effect" for name in FORMATS), "not_told_effect")
]
FORMAT_COUNT_INDEXES = [COLUMN_INDEX[f"{name}_count"] for name in (*FORMATS, "not_told")]


@dataclass(frozen=True)
class AccountFeatures:
    """Accounts as of a moment: `values` (n, len(ACCOUNT_COLUMNS)), NaN where unknown or a matter of
    the question.

    `niches` (n, niches): what the text suggests of each niche, None where nobody wrote; `posts`:
    what plans are compared with, None where no account has posts.
    """

    values: np.ndarray
    niches: np.ndarray | None
    posts: PastPosts | None

    def __getitem__(self, name: str) -> np.ndarray:
        return self.values[:, COLUMN_INDEX[name]]


@dataclass(frozen=True)
class _Own:
    """The posts of one count that may be read: questions with any (k,), and the mean of the last
    twelve, (n,).
    """

    rows: np.ndarray
    values: np.ndarray
    age: np.ndarray
    posts: np.ndarray
    mean_12: np.ndarray


def account_features_at(
    history: History,
    account: np.ndarray,
    as_of: np.ndarray,
    limit: np.ndarray,
    reference: Reference,
) -> AccountFeatures:
    """Give the state of each account (n,) at `as_of` (microseconds, UTC).

    `limit` (n,) is the best evidence that may be used, a position in EVIDENCE: `summary` leaves of
    the posts the mean of the last twelve, `profile` nothing.
    """
    profile = profile_at(history, account, as_of)
    text = niche_distribution_or_none(
        history, account, as_of, limit == HISTORY, reference.niche_classifier
    )
    own = {what: _own_posts(history, what, account, as_of, limit) for what in _targets(reference)}
    return _state(profile, text, own, follower_jump(history, account, as_of), history, reference)


def account_features_from_profiles(
    profile: dict[str, np.ndarray], reference: Reference
) -> AccountFeatures:
    """Give the state of accounts of which nothing but a profile is told, (n,) each as
    `profile_told` gives it.

    It is what `account_features_at` gives of a History of those profiles, in a fraction of the
    time.
    """
    n = len(profile["platform"])
    own = dict.fromkeys(_targets(reference), _no_posts(n))
    return _state(profile, None, own, np.full(n, np.nan), None, reference)


def _targets(reference: Reference) -> list[str]:
    return [what for what in TARGETS if getattr(reference, what) is not None]


def _state(
    profile, text, own: dict[str, "_Own"], jump, history: History | None, reference: Reference
) -> AccountFeatures:
    """Write all that is known; `history` is read where any account has posts."""
    known = np.full((len(ACCOUNT_COLUMNS), len(jump)), np.nan)
    columns = niche_columns(profile["niche"], text)
    profile = {**profile, "niche": columns["niche_code"]}
    write_columns(known, {**columns, **_profile_columns(profile, reference)})
    gap, posts = _put_targets(known, history, own, profile, reference)
    read = (
        "comment_share_median",
        "engagement_rate_log_median_by_views",
        "engagements_log_sd",
        "engagements_known_count",
    )
    found = raw_signs(gap, *(known[COLUMN_INDEX[name]] for name in read), jump, profile)
    write_columns(known, authenticity_columns(found, reference.norm_tables, profile["platform"]))
    return AccountFeatures(known.T, None if text is None else text[:, :-1], posts)


def write_columns(
    known: np.ndarray, columns: dict[str, np.ndarray], rows: np.ndarray | None = None
) -> None:
    """Write columns, (n,) or of `rows` alone, into `values` (columns, n)."""
    places = _places(tuple(columns))
    values = np.array(list(columns.values()))
    if rows is None or len(rows) == known.shape[1]:
        known[places] = values
    else:
        known[places[:, None], rows] = values


@lru_cache(maxsize=64)
def _places(names: tuple[str, ...]) -> np.ndarray:
    return np.array([COLUMN_INDEX[name] for name in names])


def _profile_columns(profile: dict[str, np.ndarray], reference: Reference) -> dict[str, np.ndarray]:
    followers_log = np.log1p(profile["followers"])
    return {
        "platform_code": profile["platform"],
        "band_code": band_codes(profile["followers"], reference.band_edges),
        "followers": profile["followers"],
        "followers_log": followers_log,
        "followers_late_flag": profile["followers_late"],
        "followers_growth_90d": profile["followers_growth"],
        "following_ratio_log": np.log1p(profile["following"]) - followers_log,
        "posts_count_log": np.log1p(profile["posts_count"]),
        "account_age_days": profile["age_days"],
        "verified_flag": profile["verified"],
        "business_flag": profile["business"],
    }


def _own_posts(history: History, what: str, account, as_of, limit) -> _Own:
    track = history.panel(what)
    start, stop = (
        track.start[account],
        track.end_row(account, as_of - history.horizon_days * DAY_US),
    )
    rows = np.flatnonzero((stop > start) & (limit <= SUMMARY))
    if not len(rows):
        return _no_posts(len(account))
    mean = np.full(len(account), np.nan)
    values, age, posts = gather_window(track, f"{what}_log", start[rows], stop[rows], as_of[rows])
    mean[rows] = mean_of_12(values)
    shown = limit[rows] == HISTORY
    if not shown.all():
        rows, values, age, posts = (of[shown] for of in (rows, values, age, posts))
    return _Own(rows, values, age, posts, mean)


def _no_posts(n: int) -> _Own:
    nothing = np.empty((0, 8))
    return _Own(
        np.empty(0, dtype=np.int64), nothing, nothing, nothing.astype(np.int64), np.full(n, np.nan)
    )


def _put_targets(
    known, history: History | None, own: dict[str, _Own], profile, reference: Reference
):
    """Write what the posts say; give how far the level of the engagements lies from the prior (n,),
    and the posts.
    """
    past, at = _levels(own)
    offset = [
        _put_offset(known, what, posts, past and past[at[what]], profile, getattr(reference, what))[
            posts.rows
        ]
        for what, posts in own.items()
    ]
    gap = np.full(known.shape[1], np.nan)
    if past is None:
        return gap, None
    rows, engaged = own["engagements"].rows, past[at["engagements"]]
    gap[rows] = engaged.level - known[COLUMN_INDEX["engagements_log_prior"], rows]
    sponsored = history.posts_with_engagements.take_or_nan("sponsored", engaged.rows)
    # of both at once: sorting is most of the work
    medians = window_stats.medians(
        level_blocks(past) | post_blocks(history.posts_with_engagements, engaged, sponsored)
    )
    levels = level_columns(past, medians, np.concatenate(offset))
    for what, part in at.items():
        write_columns(
            known,
            {f"{what}_{name}": values[part] for name, values in levels.items()},
            own[what].rows,
        )
    if not len(rows):
        return gap, None
    columns = post_columns(history.posts_with_engagements, engaged, medians, offset[0])
    more, posts = _effects(history, rows, engaged, sponsored, profile["platform"][rows], reference)
    write_columns(known, {**columns, **more}, rows)
    return gap, posts


def _levels(own: dict[str, _Own]) -> tuple[PostWindow | None, dict[str, slice]]:
    """Read the levels of all counts at once, at one width; say which rows are those of which count."""
    ends = np.cumsum([len(posts.rows) for posts in own.values()])
    at = {what: slice(end - len(own[what].rows), end) for what, end in zip(own, ends, strict=True)}
    if not ends[-1]:
        return None, at
    width = max(posts.values.shape[1] for posts in own.values())
    stacked = (
        np.concatenate([_padded(getattr(posts, name), width, fill) for posts in own.values()])
        for name, fill in (("values", np.nan), ("age", np.nan), ("posts", -1))
    )
    return summarise_window(*stacked), at


def _padded(values: np.ndarray, width: int, fill: float) -> np.ndarray:
    more = width - values.shape[1]
    return np.pad(values, ((0, 0), (0, more)), constant_values=fill) if more else values


def _put_offset(
    known, what: str, own: _Own, past: PostWindow | None, profile, market: MarketPriors
) -> np.ndarray:
    """Write prior, offset and evidence of one count; give the offset (n,)."""
    n = known.shape[1]
    level, effective, count = np.full(n, np.nan), np.zeros(n), np.zeros(n)
    if len(own.rows):
        level[own.rows], effective[own.rows], count[own.rows] = past.level, past.n_effective, past.n
    followers_log = known[COLUMN_INDEX["followers_log"]]
    prior = market.prior_for(profile["platform"], followers_log, profile["niche"])
    evidence = np.where(count > 0, HISTORY, np.where(np.isnan(own.mean_12), PROFILE_ONLY, SUMMARY))
    columns = offset_columns(
        evidence, profile["platform"], prior, (level, effective), own.mean_12, market
    )
    columns["log_offset_by_followers"] = columns["log_offset"] - followers_log
    columns |= {"log_prior": prior, "known_count": count, "effective_count": effective}
    write_columns(known, {f"{what}_{name}": values for name, values in columns.items()})
    return columns["log_offset"]


def offset_columns(
    evidence, platform, prior, own, mean_12, market: MarketPriors
) -> dict[str, np.ndarray]:
    """Give the shrunk level that an evidence (n,) leads to; `own`: level of the posts and their
    effective count.
    """
    level, effective = own
    level = np.where(evidence == HISTORY, level, mean_12 + market.summary_shift)
    posts = np.where(evidence == HISTORY, effective, SUMMARY_POSTS)
    # what other platforms do says nothing of the level on one that nobody in training stands on
    weight = np.where(market.has_creators(platform), market.weight(posts), 1.0)
    offset = np.where(evidence == PROFILE_ONLY, prior, prior + weight * (level - prior))
    return {
        "evidence_code": evidence,
        "log_offset": offset,
        "log_offset_by_prior": offset - prior,
        "dev_mean_12": mean_12 - offset,
    }


def _effects(history: History, rows, past: PostWindow, sponsored, platform, reference: Reference):
    """Give what formats and payment do to the posts of `rows`, as columns, and what plans are
    compared with.
    """
    residual = past.values - past.level[:, None]
    formats = history.posts_with_engagements.take_or_nan("format", past.rows)
    own, count = creator_format_effects(
        residual, formats, reference.effects.format_effects(platform)
    )
    posts = PastPosts.from_window(rows, history.posts_with_engagements, past, residual, formats)
    columns = {
        **dict(
            zip((ACCOUNT_COLUMNS[place] for place in FORMAT_EFFECT_INDEXES), own.T, strict=True)
        ),
        **dict(
            zip((ACCOUNT_COLUMNS[place] for place in FORMAT_COUNT_INDEXES), count.T, strict=True)
        ),
        **posts.content_means(),
        **sponsored_columns(
            past, residual, sponsored, reference.effects.sponsored_effects(platform)
        ),
    }
    return columns, posts
