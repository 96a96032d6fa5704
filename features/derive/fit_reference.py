"""The fit of the reference to what was known of the training creators at a moment."""

import numpy as np
import pandas as pd

from features.derive.authenticity import SignNorm, fit_norms, follower_jump, raw_signs
from features.derive.effects import fit_effects
from features.derive.fit_market import fit_market
from features.derive.market_priors import MarketPriors
from features.derive.platform_posts import (
    fit_formats_posted,
    fit_part_shares,
    fit_views_shown,
    post_columns_at,
)
from features.derive.reference import Reference
from features.derive.signals import PostWindow, post_blocks, post_window
from features.derive.window_stats import medians, standard_deviation
from features.errors import CreatorcastError
from features.history.arrays import to_us
from features.history.history import History
from features.history.panel import PanelRows
from features.history.profiles import profile_at
from features.maturation.fit_curves import fit_maturation
from features.maturation.maturation import Maturation, published_maturation
from features.niche.classifier import NicheClassifier
from features.niche.fit_classifier import fit_classifier
from features.niche.text import likeliest_niche, niche_distribution
from features.tables.vocabulary import HORIZON_DAYS, MATURE_DAYS, PLATFORMS

#: Creators with known posts that a market needs.
MIN_MARKET_CREATORS = 3


class TooLittleData(CreatorcastError):
    """There are too few creators with known posts to fit anything."""


def fit_reference(
    history: History,
    until: pd.Timestamp | np.ndarray,
    accounts: np.ndarray | None = None,
    horizon_days: int = HORIZON_DAYS,
    maturation: Maturation | None = None,
) -> Reference:
    """Fit the market to what was known of `accounts` (positions, default all) at `until`.

    - `until`: one moment, or one for each of PLATFORMS in microseconds UTC, (platforms,)
    - `horizon_days`: days after posting that counts are brought to
    - `maturation`: the curves by which they are; None fits them to the readings made by `until`

    Raises TooLittleData where fewer than three creators have a post with known engagements.
    """
    accounts = np.arange(len(history.accounts)) if accounts is None else np.asarray(accounts)
    moments = until
    if not isinstance(moments, np.ndarray):
        moments = np.full(len(PLATFORMS), to_us(pd.Series([until]))[0])
    moment = moments[history.platform[accounts].astype(int)]
    latest = pd.Timestamp(int(moments.max()), unit="us", tz="UTC")
    profile, classifier = _fit_niches(history, accounts, moment)
    if maturation is None:
        maturation = _fit_curves(history, accounts, moments)
    history = history.at_horizon(maturation, horizon_days)
    engaged = post_window(history, "engagements", accounts, moment)
    posts_engaged = history.posts_with_engagements.at(engaged.rows)
    viewed = post_window(history, "views", accounts, moment)
    creators = int((engaged.n > 0).sum())
    _require_creators(creators, latest)
    market = fit_market(engaged, profile)
    has_views = (viewed.n > 0).sum() >= MIN_MARKET_CREATORS
    posts = post_columns_at(history, accounts, moment)
    return Reference(
        engagements=market,
        views=fit_market(viewed, profile) if has_views else None,
        part_shares=fit_part_shares(history, accounts, moment),
        views_shown=fit_views_shown(posts),
        formats_posted=fit_formats_posted(posts),
        platforms_until=_platforms_until(moments, market),
        norms=_fit_norms(history, engaged, posts_engaged, profile, market, accounts, moment),
        effects=fit_effects(
            engaged.values - engaged.level[:, None],
            posts_engaged["format"],
            posts_engaged["sponsored"],
            profile["platform"],
        ),
        niche_classifier=classifier,
        sponsored_posts=int(np.nansum(posts["sponsored"])),
        until=latest.isoformat(),
        creators=creators,
        horizon_days=horizon_days,
        maturation=maturation,
    )


def _fit_curves(history: History, accounts: np.ndarray, moments: np.ndarray) -> Maturation:
    """Return the curves fitted to the readings of accounts made by the moments (platforms,)."""
    if history.reading_pairs is None:
        return published_maturation()
    return fit_maturation(history.reading_pairs.known_at(moments, accounts).growth_pairs())


def _require_creators(creators: int, latest: pd.Timestamp) -> None:
    if creators < MIN_MARKET_CREATORS:
        if latest.value <= 0:
            raise TooLittleData(
                f"no post's engagements were read at an age of {MATURE_DAYS} days or later: read "
                "the posts again (posts, observed_at)"
            )
        raise TooLittleData(
            f"only {creators} creator(s) have a post with known engagements that was "
            f"{MATURE_DAYS} days old at {latest:%Y-%m-%d}; at least {MIN_MARKET_CREATORS} are "
            "needed: add posts with their counts"
        )


def _fit_niches(
    history: History, accounts: np.ndarray, moment: np.ndarray
) -> tuple[dict[str, np.ndarray], NicheClassifier]:
    """Return the profiles of the accounts, with the niche that their text suggests where none is
    declared, and the classifier that read it.
    """
    profile = profile_at(history, accounts, moment)
    classifier = fit_classifier(history, accounts, moment, profile["niche"])
    posts_shown = np.ones(len(accounts), dtype=bool)
    text = niche_distribution(history, accounts, moment, posts_shown, classifier)
    return {**profile, "niche": likeliest_niche(profile["niche"], text)}, classifier


def _platforms_until(moments: np.ndarray, market: MarketPriors) -> dict[str, str]:
    """Return the moment of each platform that has creators, in ISO form.

    `moments` (platforms,): microseconds UTC.
    """
    creators = market.creators or {}
    return {
        name: pd.Timestamp(moment, unit="us", tz="UTC").isoformat()
        for name, moment in zip(PLATFORMS, moments.tolist(), strict=True)
        if name in creators
    }


def _fit_norms(
    history: History,
    window: PostWindow,
    posts: PanelRows,
    profile: dict[str, np.ndarray],
    market: MarketPriors,
    accounts: np.ndarray,
    moment: np.ndarray,
) -> dict[str, dict[str, SignNorm]]:
    """Return what is ordinary for each sign of authenticity, by platform; `posts`: those of
    `window`, with their columns.
    """
    followers_log = np.log1p(profile["followers"])
    prior = market.prior_for(profile["platform"], followers_log, profile["niche"])
    sponsored = np.full(window.values.shape, np.nan)
    of_posts = medians(post_blocks(posts, window, sponsored))
    signs = raw_signs(
        window.level - prior,
        of_posts["comment_share_median"],
        of_posts["engagement_rate_log_median_by_views"],
        standard_deviation(window.values),
        window.n,
        follower_jump(history, accounts, moment),
        np.log1p(profile["following"]) - followers_log,
    )
    return fit_norms(signs, profile["platform"])
