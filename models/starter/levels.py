"""The level that followers and niche suggest on each platform, from published rates.

- rates are lines of ln rate on ln followers, by least squares over the rows of all sources; those
  by followers may bend at KNOT_FOLLOWERS, where the published ones do
- published rates are of a creator's mean post; a level is of its median post, which lies lower by
  the measured `mean_over_median`
- a rate by views is never taken for one by followers: on TikTok, YouTube and X views are the
  engagements by followers over the published engagements by views
"""

from dataclasses import dataclass
from functools import cache

import numpy as np

from features.derive.market_priors import SUMMARY_POSTS, MarketPriors, Prior
from features.tables.vocabulary import PLATFORMS, TARGETS
from models.starter.figures import (
    BY_FOLLOWERS,
    BY_VIEWS,
    VIEWS_RATE,
    PublishedRates,
    creator_spreads,
    measured_platforms,
    niche_rates,
    post_spreads,
    published_rates,
)

#: Where the published rates by followers bend: below 22 thousand they fall, above they are flat.
KNOT_FOLLOWERS = 22_361.0
#: The smallest accounts that figures are published of.
LEAST_FOLLOWERS = 1_000.0
#: Followers that an account of unknown size is taken to have [assumption].
USUAL_FOLLOWERS = 30_000.0
#: Share of a niche's published ln difference that is used: rates of niches fell by 30 to 50 %
#: within one year (InfluencerDB 2019), so that half of a difference is taken to last [assumption].
NICHE_SHARE = 0.5
#: Rows that a bend needs.
ROWS_FOR_BEND = 6
KNOT = float(np.log(KNOT_FOLLOWERS))


@dataclass(frozen=True)
class RateLine:
    """ln rate = at_knot + below min(x, 0) + above max(x, 0), where x is ln followers - KNOT."""

    at_knot: float
    below: float
    above: float

    def __sub__(self, other: "RateLine") -> "RateLine":
        return RateLine(
            self.at_knot - other.at_knot, self.below - other.below, self.above - other.above
        )

    def at(self, followers_log: np.ndarray) -> np.ndarray:
        """Return ln rate at ln followers (n,)."""
        x = followers_log - KNOT
        return self.at_knot + self.below * np.minimum(x, 0) + self.above * np.maximum(x, 0)


def fit_rate_line(rates: PublishedRates) -> RateLine:
    """Return the line through published rates: flat where there is one size, one slope where there
    are few rows.
    """
    x, y = rates.followers_log - KNOT, rates.rate_log
    if len(np.unique(x)) == 1:
        return RateLine(float(y.mean()), 0.0, 0.0)
    columns = [np.ones(len(x)), x]
    if len(x) >= ROWS_FOR_BEND:
        columns = [np.ones(len(x)), np.minimum(x, 0), np.maximum(x, 0)]
    line = np.linalg.lstsq(np.column_stack(columns), y, rcond=None)[0].tolist()
    return RateLine(line[0], line[1], line[-1])


@cache
def source_disagreement() -> float:
    """Return the sd by which published rates of one platform and size differ, in ln: that of the
    three sources of Instagram, the one platform that has several.
    """
    rates = published_rates()["instagram", BY_FOLLOWERS]
    return float(np.std(rates.rate_log - fit_rate_line(rates).at(rates.followers_log)))


@cache
def rate_line(platform: str, target: str) -> RateLine:
    """Return the line of the mean post's engagements, or views, over followers."""
    rates = published_rates()
    engagements = fit_rate_line(rates[platform, BY_FOLLOWERS])
    if target == "engagements":
        return engagements
    if (platform, VIEWS_RATE) in rates:
        return fit_rate_line(rates[platform, VIEWS_RATE])
    return engagements - fit_rate_line(rates[platform, BY_VIEWS])


def niche_effects(platform: str) -> dict[str, float]:
    """Return by niche how far its engagements lie from those of the platform's median niche, in
    ln; nothing where no rates are published.
    """
    rates = niche_rates().get(platform, {})
    if not rates:
        return {}
    middle = float(np.median(list(rates.values())))
    return {name: NICHE_SHARE * float(np.log(rate / middle)) for name, rate in rates.items()}


@cache
def starter_market(target: str) -> MarketPriors:
    """Return the market of one target; nobody counted its creators."""
    priors = {name: _prior(name, target) for name in PLATFORMS}
    every_niche = {niche for name in PLATFORMS for niche in niche_effects(name)}
    everywhere = dict.fromkeys(sorted(every_niche), 0.0)
    of_all = Prior(**{**vars(priors["instagram"]), "niche_effects": everywhere})
    shifts = {name: -post_spreads()[name, target].mean_over_median for name in PLATFORMS}
    return MarketPriors(
        {"all": of_all, **priors}, _trust(target), shifts["instagram"], None, shifts
    )


def _prior(platform: str, target: str) -> Prior:
    line = rate_line(platform, target)
    lower = post_spreads()[platform, target].mean_over_median
    slope, bend = 1 + line.below, line.above - line.below
    intercept = line.at_knot - line.below * KNOT - lower
    usual = float(line.at(np.log(np.array([USUAL_FOLLOWERS])))[0] + np.log(USUAL_FOLLOWERS))
    return Prior(
        intercept=intercept,
        slope=slope,
        bend=bend,
        without_followers=usual - lower,
        niche_effects=niche_effects(platform) if target == TARGETS[0] else {},
        creators=0,
        least_followers_log=float(np.log(LEAST_FOLLOWERS)),
        knot=KNOT,
    )


def _trust(target: str) -> float:
    """Return the posts at which posts and prior weigh the same: the variance of posts over that
    between creators, the geometric mean of the platforms.
    """
    ratios = [
        post_spreads()[name, target].robust_sd ** 2 / prior_sd(name) ** 2 for name in PLATFORMS
    ]
    return float(np.exp(np.mean(np.log(ratios))))


def prior_sd(platform: str) -> float:
    """Return the sd of a creator's ln level about the prior: creators differ, and where the level
    is of published rates, sources do too.
    """
    if platform in measured_platforms():
        return creator_spreads()[platform]
    return float(np.hypot(creator_spreads()[platform], source_disagreement()))


def level_weight(target: str) -> float:
    """Return the weight of a vendor's average against the prior."""
    return SUMMARY_POSTS / (SUMMARY_POSTS + _trust(target))
