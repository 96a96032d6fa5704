"""The first step of derive: what is known of an account at a moment, for any query.

`account_features_at` reads it off a History; `features.derive.queries.query_features` adds the
format, start, brand and plan of a query.
"""

from dataclasses import dataclass

import numpy as np

from features.derive import window_stats
from features.derive.authenticity import authenticity_columns, follower_jump, raw_signs
from features.derive.effects import creator_format_effects, sponsored_columns
from features.derive.feature_matrix import (
    ACCOUNT_COLUMNS,
    COLUMN_INDEX,
    FORMAT_COUNT_COLUMNS,
    FORMAT_EFFECT_COLUMNS,
    ColumnBlock,
    expand_rows,
    write_blocks,
)
from features.derive.level_offset import HISTORY, offset_from_posts
from features.derive.planned_post import PastPosts
from features.derive.reference import Reference
from features.derive.signals import (
    PostWindow,
    level_blocks,
    level_columns,
    post_blocks,
    post_columns,
)
from features.derive.target_posts import (
    StackedWindows,
    TargetPosts,
    no_posts,
    post_level,
    read_posts_by_target,
    stack_windows,
)
from features.history.history import History
from features.history.profiles import profile_at
from features.niche.text import niche_columns, niche_distribution_or_none
from features.tables.vocabulary import band_codes


@dataclass(frozen=True)
class AccountFeatures:
    """Accounts as of a moment: `values` (n, len(ACCOUNT_COLUMNS)), NaN where unknown or where it
    depends on the query.

    `niches` (n, niches): what the text suggests of each niche, None where nobody wrote; `posts`:
    what plans are compared with, None where no account has posts.
    """

    values: np.ndarray
    niches: np.ndarray | None
    posts: PastPosts | None

    def __getitem__(self, name: str) -> np.ndarray:
        return self.values[:, COLUMN_INDEX[name]]

    def take(self, place: np.ndarray) -> "AccountFeatures":
        """Return the account at each `place` (k,), which may stand there several times."""
        niches = None if self.niches is None else self.niches[place]
        posts = None if self.posts is None else self.posts.of_accounts(place)
        return AccountFeatures(self.values[place], niches, posts)


def account_features_at(
    history: History,
    account: np.ndarray,
    as_of: np.ndarray,
    evidence_limit: np.ndarray,
    reference: Reference,
) -> AccountFeatures:
    """Return the features of each account (n,) at `as_of` (n,), microseconds UTC.

    `evidence_limit` (n,) is the best evidence that may be used, a position in EVIDENCE: `summary`
    leaves of the posts the mean of the last twelve, `profile` nothing.
    """
    profile = profile_at(history, account, as_of)
    shows_posts = evidence_limit == HISTORY
    niches = niche_distribution_or_none(
        history, account, as_of, shows_posts, reference.niche_classifier
    )
    posts = read_posts_by_target(history, reference.markets, account, as_of, evidence_limit)
    jump = follower_jump(history, account, as_of)
    return _account_features(profile, niches, posts, jump, history, reference)


def account_features_from_profiles(
    profile: dict[str, np.ndarray], reference: Reference
) -> AccountFeatures:
    """Return the features of accounts of which only a profile is known, (n,) each.

    `profile`: as `features.history.profiles.profile_from_fields` returns it. The features equal
    those that `account_features_at` reads off a History of these profiles, in a fraction of the
    time.
    """
    n = len(profile["platform"])
    posts = dict.fromkeys(reference.markets, no_posts(n))
    return _account_features(profile, None, posts, np.full(n, np.nan), None, reference)


def _account_features(
    profile: dict[str, np.ndarray],
    niches: np.ndarray | None,
    posts: dict[str, TargetPosts],
    jump: np.ndarray,
    history: History | None,
    reference: Reference,
) -> AccountFeatures:
    """Put together all that is known; `history` is read where any account has posts."""
    n = len(jump)
    niche = niche_columns(profile["niche"], niches)
    followers_log = np.log1p(profile["followers"])
    profile = {**profile, "niche": niche["niche_code"], "followers_log": followers_log}
    columns = {**niche, **_profile_columns(profile, reference)}
    windows = stack_windows(posts)
    for target in posts:
        window = None if windows is None else windows.of_target[target]
        columns |= _offset_columns(target, posts[target], window, profile, reference)
    blocks: list[ColumnBlock] = []
    past_posts = None
    if windows is not None and history is not None:
        blocks, past_posts = _post_blocks(history, posts, windows, columns, profile, reference)
    signs = _signs(columns, blocks, posts, windows, jump)
    columns |= authenticity_columns(signs, reference.norm_tables, profile["platform"])
    values = np.full((len(ACCOUNT_COLUMNS), n), np.nan)
    write_blocks(values, [ColumnBlock(columns), *blocks])
    shares = None if niches is None else niches[:, :-1]
    return AccountFeatures(values.T, shares, past_posts)


def _profile_columns(profile: dict[str, np.ndarray], reference: Reference) -> dict[str, np.ndarray]:
    followers_log = profile["followers_log"]
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


def _offset_columns(
    target: str,
    posts: TargetPosts,
    window: PostWindow | None,
    profile: dict[str, np.ndarray],
    reference: Reference,
) -> dict[str, np.ndarray]:
    """Return prior, offset and evidence of one target, (n,) each."""
    market = reference.markets[target]
    followers_log = profile["followers_log"]
    prior = market.prior_for(profile["platform"], followers_log, profile["niche"])
    level = post_level(posts, window)
    columns = offset_from_posts(profile["platform"], prior, level, market)
    columns |= {
        "log_offset_by_followers": columns["log_offset"] - followers_log,
        "log_prior": prior,
        "known_count": level.known_count,
        "effective_count": level.effective_count,
    }
    return _prefixed(target, columns)


def _prefixed(target: str, columns: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {f"{target}_{name}": values for name, values in columns.items()}


def _post_blocks(
    history: History,
    posts: dict[str, TargetPosts],
    windows: StackedWindows,
    columns: dict[str, np.ndarray],
    profile: dict[str, np.ndarray],
    reference: Reference,
) -> tuple[list[ColumnBlock], PastPosts | None]:
    """Return what the posts say, a block a target and one of the engagements' make-up, and the
    posts that plans are compared with.

    `columns`: of all accounts; their offsets are read.
    """
    engaged = windows.of_target["engagements"]
    engaged_posts = history.posts_with_engagements.at(engaged.rows)
    sponsored = engaged_posts["sponsored"]
    # in one call, as sorting is most of the work
    medians = window_stats.medians(
        level_blocks(windows.window) | post_blocks(engaged_posts, engaged, sponsored)
    )
    offsets = {
        target: columns[f"{target}_log_offset"][of_target.rows]
        for target, of_target in posts.items()
    }
    levels = level_columns(windows.window, medians, np.concatenate(list(offsets.values())))
    blocks = []
    for target, part in windows.slices.items():
        of_target = {name: values[part] for name, values in levels.items()}
        blocks.append(ColumnBlock(_prefixed(target, of_target), posts[target].rows))
    rows = posts["engagements"].rows
    if not len(rows):
        return blocks, None
    residual = engaged.values - engaged.level[:, None]
    formats = engaged_posts["format"]
    past_posts = PastPosts.from_window(rows, engaged_posts, engaged, residual, formats)
    platform = profile["platform"][rows]
    usual_payment = reference.effects.sponsored_effects(platform)
    made_of = {
        **post_columns(engaged_posts, engaged, medians, offsets["engagements"]),
        **_format_columns(residual, formats, reference.effects.format_effects(platform)),
        **past_posts.content_means(),
        **sponsored_columns(engaged, residual, sponsored, usual_payment),
    }
    return [*blocks, ColumnBlock(made_of, rows)], past_posts


def _format_columns(
    residual: np.ndarray, formats: np.ndarray, usual: np.ndarray
) -> dict[str, np.ndarray]:
    effects, counts = creator_format_effects(residual, formats, usual)
    return {
        **dict(zip(FORMAT_EFFECT_COLUMNS, effects.T, strict=True)),
        **dict(zip(FORMAT_COUNT_COLUMNS, counts.T, strict=True)),
    }


def _signs(
    columns: dict[str, np.ndarray],
    blocks: list[ColumnBlock],
    posts: dict[str, TargetPosts],
    windows: StackedWindows | None,
    jump: np.ndarray,
) -> dict[str, np.ndarray]:
    """Return the raw signs of authenticity, (n,) each, NaN where no post tells."""
    n, gap = len(jump), np.full(len(jump), np.nan)
    rows = posts["engagements"].rows
    of_posts = {name: values for block in blocks for name, values in block.columns.items()}

    def of_accounts(name: str) -> np.ndarray:
        return expand_rows(of_posts[name], rows, n) if name in of_posts else unknown

    unknown = gap
    if windows is not None:
        level = windows.of_target["engagements"].level
        gap[rows] = level - columns["engagements_log_prior"][rows]
    return raw_signs(
        gap,
        of_accounts("comment_share_median"),
        of_accounts("engagement_rate_log_median_by_views"),
        of_accounts("engagements_log_sd"),
        columns["engagements_known_count"],
        jump,
        columns["following_ratio_log"],
    )
