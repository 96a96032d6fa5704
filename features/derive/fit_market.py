"""The fit of a market's priors (features.derive.market_priors) to the posts of its accounts."""

from dataclasses import replace

import numpy as np
from sklearn.linear_model import HuberRegressor

from features.derive.market_priors import KNOT, MIN_CREATORS, MarketPriors, Prior
from features.derive.signals import PostWindow
from features.tables.vocabulary import NICHES, PLATFORMS

#: Creators that a niche effect is shrunk by.
NICHE_SHRINK = 20.0


def fit_market(window: PostWindow, profile: dict[str, np.ndarray]) -> MarketPriors:
    """Fit the market of one target to the posts and profiles of accounts, (n,) each."""
    has_posts = window.n > 0
    level, platform = window.level[has_posts], profile["platform"][has_posts]
    followers_log = np.log1p(profile["followers"][has_posts])
    niche = profile["niche"][has_posts]
    priors, creators = {"all": _fit_prior(level, followers_log, niche)}, {}
    for code, name in enumerate(PLATFORMS):
        rows = platform == code
        if rows.any():
            creators[name] = int(rows.sum())
        if rows.sum() >= MIN_CREATORS:
            priors[name] = _fit_prior(level[rows], followers_log[rows], niche[rows])
    shift = float(np.median(level - window.mean_12[has_posts]))
    market = MarketPriors(priors, 1.0, shift, creators)
    residual = level - market.prior_for(platform, followers_log, niche)
    return replace(market, trust=_trust(window, residual))


def _fit_prior(level: np.ndarray, followers_log: np.ndarray, niche: np.ndarray) -> Prior:
    known = np.isfinite(followers_log)
    middle = float(np.median(level))
    intercept, slope, bend = middle, 0.0, 0.0
    if known.sum() >= 5 and np.ptp(followers_log[known]) > 0.1:
        intercept, slope, bend = _fit_line(level[known], followers_log[known])
    least = float(followers_log[known].min()) if known.any() else 0.0
    prior = Prior(
        intercept,
        slope,
        bend,
        without_followers=middle,
        niche_effects={},
        creators=len(level),
        least_followers_log=least,
    )
    unknown = np.full(len(level), np.nan)
    expected = MarketPriors({"all": prior}, 1.0, 0.0).prior_for(unknown, followers_log, unknown)
    return replace(prior, niche_effects=_niche_effects(level - expected, niche))


def _fit_line(level: np.ndarray, followers_log: np.ndarray) -> tuple[float, float, float]:
    """Return intercept, slope and bend of a robust line; no bend where few accounts lie above."""
    x = np.column_stack([followers_log, np.maximum(followers_log - KNOT, 0)])
    if (x[:, 1] > 0).sum() < MIN_CREATORS:
        x[:, 1] = 0.0
    # the Huber loss needs its inputs near unit scale to converge
    regression = HuberRegressor(alpha=1e-3, max_iter=1000).fit((x - [KNOT, 0]) / 2, level)
    slope, bend = regression.coef_ / 2
    intercept = float(regression.intercept_ - slope * KNOT)
    return intercept, float(slope), float(bend) if x[:, 1].any() else 0.0


def _niche_effects(residual: np.ndarray, niche: np.ndarray) -> dict[str, float]:
    """Return the median residual of each niche, shrunk to 0 by the number of its creators."""
    effects = {}
    for code in np.unique(niche[~np.isnan(niche)]).astype(int):
        in_niche = residual[niche == code]
        count = len(in_niche)
        effects[NICHES[code]] = float(np.median(in_niche) * count / (count + NICHE_SHRINK))
    return effects


def _trust(window: PostWindow, residual: np.ndarray) -> float:
    """Return within-creator over between-creator variance, both by median absolute deviations, kept
    in 0.05 to 20.
    """
    has_enough = window.n >= 5
    if has_enough.sum() < 3:
        return 0.5
    deviations = np.abs(window.values - window.median[:, None])[has_enough]
    within = np.median(np.nanmedian(deviations, axis=1)) ** 2
    between = np.median(np.abs(residual - np.median(residual))) ** 2
    return float(np.clip(within / max(between, 1e-9), 0.05, 20.0))
