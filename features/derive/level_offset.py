"""The offset of a forecast: the level of an account's posts, shrunk to what its market suggests."""

from dataclasses import dataclass

import numpy as np

from features.derive.market_priors import SUMMARY_POSTS, MarketPriors
from features.tables.vocabulary import EVIDENCE

#: What an offset rests on, as positions in EVIDENCE.
HISTORY, SUMMARY, PROFILE_ONLY = range(len(EVIDENCE))


@dataclass(frozen=True)
class PostLevel:
    """What the posts of accounts say of the level of one target, (n,) each, in ln(1 + count).

    `level`, NaN where no post may be read, rests on `known_count` posts, or `effective_count`
    under recency weights; `mean_12`: ln(1 + mean count) of the last twelve posts, which may be
    known where the posts themselves are not.
    """

    level: np.ndarray
    known_count: np.ndarray
    effective_count: np.ndarray
    mean_12: np.ndarray


def offset_from_posts(
    platform: np.ndarray, prior: np.ndarray, posts: PostLevel, market: MarketPriors
) -> dict[str, np.ndarray]:
    """Return the offset of accounts by their own posts where there are any, (n,) a column.

    `prior` (n,): the level that followers, platform and niche suggest.
    """
    without_posts = np.where(np.isnan(posts.mean_12), PROFILE_ONLY, SUMMARY)
    evidence = np.where(posts.known_count > 0, HISTORY, without_posts)
    has_posts = evidence == HISTORY
    level = np.where(has_posts, posts.level, posts.mean_12 + market.summary_shift_of(platform))
    count = np.where(has_posts, posts.effective_count, SUMMARY_POSTS)
    return _offset_columns(evidence, platform, prior, level, count, posts.mean_12, market)


def offset_from_average(
    platform: np.ndarray, prior: np.ndarray, average: np.ndarray, market: MarketPriors
) -> dict[str, np.ndarray]:
    """Return the offset of accounts by a vendor's average alone, (n,) a column.

    `average`: ln(1 + mean count of a post).
    """
    evidence = np.full(len(average), SUMMARY)
    level = average + market.summary_shift_of(platform)
    return _offset_columns(evidence, platform, prior, level, SUMMARY_POSTS, average, market)


def level_weight(
    platform: np.ndarray, count: np.ndarray | float, market: MarketPriors
) -> np.ndarray:
    """Return the weight of an account's own level, which rests on `count` posts, (n,) or a number,
    against the prior, (n,).
    """
    # what other platforms do says nothing of the level on one that no training creator is on
    return np.where(market.has_creators(platform), market.weight(count), 1.0)


def _offset_columns(
    evidence: np.ndarray,
    platform: np.ndarray,
    prior: np.ndarray,
    level: np.ndarray,
    count: np.ndarray | float,
    mean_12: np.ndarray,
    market: MarketPriors,
) -> dict[str, np.ndarray]:
    """Return the columns of an offset, w level + (1 - w) prior, where w = count / (count + k)."""
    weight = level_weight(platform, count, market)
    offset = np.where(evidence == PROFILE_ONLY, prior, prior + weight * (level - prior))
    return {
        "evidence_code": evidence,
        "log_offset": offset,
        "log_offset_by_prior": offset - prior,
        "dev_mean_12": mean_12 - offset,
    }
