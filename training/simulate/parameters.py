"""The demo market as data: what its creators, posts and fees look like, each figure with its
source.

Sources in brackets: [Modash], [Influencer Hero], [InfluencerDB], [Crawlora], [HubSpot], [Cirqle],
[Lumanu], [Modash fakes] are published figures, [Instagram panel] was measured on public posts of
491 creators, [d] is derived from them, [a] is an assumption without a good source; the growth of
counts with the age of a post has its own sources (features/maturation/default_curves.csv). Sources
disagree with each other: no claim about real creators follows from this market.
"""

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from features.maturation.curve import Curve
from features.tables.vocabulary import NICHES
from training.simulate.platforms import INSTAGRAM, TIKTOK, YOUTUBE, PlatformParameters

#: When posts are read: `mixed`, most once at an age of their own or at the end of the data, some
#: early and again later; `sweep`, every post once, at the end; `daily`, every post each day of its
#: first ten, at 30 days and at the end.
READINGS = ("mixed", "sweep", "daily")

AUTHENTICITY_GRADES = ("none", "crude", "drip", "pods", "engaged")

#: Niches that a brand of one finds related in the others [a]; every niche stands in exactly one
#: group.
NICHE_GROUPS = (
    ("beauty", "fashion", "lifestyle"),
    ("fitness", "health", "sports"),
    ("home", "diy", "family", "pets", "food"),
    ("education", "books", "business", "finance", "motivation", "news", "religion"),
    ("comedy", "dance", "entertainment", "gaming", "music"),
    ("art", "photography", "travel"),
    ("automotive", "technology"),
)


@dataclass(frozen=True)
class MarketParameters:
    """The whole demo market: days of data, spreads (sd of ln engagements), shares of creators, and
    fees in USD.
    """

    platforms: dict[str, PlatformParameters] = field(
        default_factory=lambda: {"instagram": INSTAGRAM, "tiktok": TIKTOK, "youtube": YOUTUBE}
    )
    start: str = "2025-01-01"
    days: int = 545  # the data ends on 2026-06-30, 00:00 UTC
    later_days: int = 0  # of posts after the data's end, which only the truth shows
    months: int = 24  # truth is known so far from the start, 6 months beyond the data's end
    horizon_days: float = 30.0  # the age of a post at which its expected counts are stated
    growth_theta: float = 0.0  # variance of a post's ln growth for each unit of its mean
    band_shares: tuple[float, ...] = (
        0.02,
        0.40,
        0.34,
        0.15,
        0.05,
        0.04,
    )  # in the order of BAND_EDGES [a]
    popular_niches: tuple[str, ...] = (
        "beauty",
        "fashion",
        "fitness",
        "food",
        "gaming",
        "lifestyle",
        "travel",
    )  # [a]

    creator_sd: float = 0.77  # with niche and drift 0.85 between creators [d, 20,190 creators]
    post_sd: tuple[float, float] = (
        0.4,
        0.8,
    )  # between posts of one creator, momentum included, uniform [d, one weak source]
    # Half the mean squared difference of ln(1 + engagements) of two posts of one creator that lie
    # 1 / 2.5 / 5.5 / 11 / 22 / 45 / 75 / 105 days apart is
    # .570 / .568 / .562 / .580 / .595 / .618 / .640 / .656: .075 of .64 comes in within months,
    # beyond what the drift explains [Instagram panel, 244 of the 491 creators].
    momentum_share: float = 0.12  # of post_sd squared: what posts of one week have in common
    momentum_days: float = 45.0  # in which their correlation falls to 1 / e
    noise_df: float = 6.0  # Student t, a little heavier than normal [a]
    noise_cap: float = 5.0  # in sd; a post goes at most so far [a]
    drift_sd: float = 0.30  # stationary; niches fell 30-50 % within a year [InfluencerDB 2019]
    drift_memory: float = 0.9  # autocorrelation from month to month [a]
    own_format_sd: float = 0.12  # creators differ in which format suits them [a]
    weekday_effect: float = 0.02  # weekday and hour together within 5 % [a]
    hour_effect: float = 0.03

    #: A change of the whole market, such as a new ranking of posts: from this day on (since the
    #: start) ln engagements of all posts are moved, and the posts' own noise is multiplied.
    change_day: float | None = None
    change_ln: float = 0.0
    change_spread: float = 1.0

    sponsored_share: float = 0.08  # of a creator's own posts [a]
    sponsored_mean: float = -0.10  # of engagements, a fraction [a]: sources conflict in sign
    sponsored_sd: float = 0.20  # between creators [a]
    fit_gain: float = (
        0.12  # ln engagements at the best fit against none; inverted U [Leung et al. 2022] [a]
    )
    fit_best: float = 0.6  # fit is 1 in the same niche, 0.5 among kin, 0 elsewhere [a]
    fit_shares: tuple[float, float, float] = (0.2, 0.3, 0.5)  # of deals with fit 0, 0.5, 1 [a]

    grade_shares: tuple[float, ...] = (
        0.75,
        0.06,
        0.07,
        0.06,
        0.06,
    )  # AUTHENTICITY_GRADES; up to 25 % is ordinary [Modash fakes]
    bought_share: dict[str, tuple[float, float]] = field(
        default_factory=lambda: {
            "crude": (0.60, 0.90),
            "drip": (0.20, 0.50),
            "engaged": (0.20, 0.50),
        }
    )  # of the followers shown at the end of the data [a]
    pods_lift: tuple[float, float] = (0.2, 0.6)  # ln engagements bought on every post [a]
    pods_sd: tuple[float, float] = (0.10, 0.18)  # likes too even [a]
    pods_comments: float = 0.3  # of the usual comments per like [a]
    engaged_saves: float = (
        0.6  # of the usual saves: the one trace of bought followers who engage [a]
    )

    posts_median: float = 33.0  # a creator over all days; mean about 50 [a]
    posts_ln_sd: float = 1.0  # [a]
    posts_most: int = 800
    no_posts_share: float = 0.06  # creators without a post in the tables [a]
    comments_per_like: float = 0.03  # 4 % at the median post, 2 % at the mean [HubSpot, 48M posts]
    comments_ln_sd: float = 0.45  # [a]
    saves_per_like: float = 0.05  # [a]
    views_creator_sd: float = 0.35  # spread of the rate by views between creators [a]
    views_post_sd: float = 0.25  # and between posts [a]
    hides_likes_share: float = 0.10  # of Instagram creators, on most of their posts [a]
    content_signal: float = 0.15  # correlation of what a post contains with how it does [a]

    readings: str = "mixed"  # one of READINGS; the two shares are of `mixed`
    truth_ages_days: tuple[float, ...] = ()  # at which the truth has the counts of every post
    read_once_share: float = 0.55  # of posts: read in the final sweep, at whatever age [a]
    read_twice_share: float = 0.15  # early and again when mature; the rest once at 7-30 days [a]

    deals_per_creator: float = 0.3  # [a]
    future_share: float = 0.08  # of partnerships, without an outcome [a]
    deliverable_gap_days: float = 7.0  # between two deliverables of one partnership [a]
    fee_exponent: float = 0.7  # scenario: 0.35 (IZEA 2022), 0.7 (Klear 2019), 1.0 (rate cards)
    fee_usd_at_10k: float = 120.0  # a post; Klear and rate cards about 100, IZEA 1,105-1,674 [d]
    fee_ln_sd: float = (
        0.55  # with exponent 0.7 about 1.6 overall, as followers spread widely; 1.45 [Lumanu]
    )
    fee_level_share: float = 0.2  # how far a fee follows the creator's own engagement level [a]
    fee_known_share: float = 0.9  # [a]

    @property
    def niche_weights(self) -> np.ndarray:
        """Shares of creators by niche, shape (niches,)."""
        weights = np.where(np.isin(NICHES, self.popular_niches), 3.0, 1.0)
        return weights / weights.sum()

    @property
    def end(self) -> np.datetime64:
        """The moment at which the data ends, UTC."""
        return np.datetime64(self.start, "us") + np.timedelta64(self.days, "D")

    def to_dict(self) -> dict:
        """Return the parameters as plain values that JSON holds."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict) -> "MarketParameters":
        """Return the parameters that `to_dict` wrote, also after a conversion to JSON and back."""
        parameters = {name: _with_tuples(value) for name, value in values.items()}
        platforms = {
            name: _platform_from_dict(platform)
            for name, platform in parameters["platforms"].items()
        }
        return cls(**{**parameters, "platforms": platforms})


#: The market with the figures above.
DEMO_MARKET = MarketParameters()


def _platform_from_dict(values: dict) -> PlatformParameters:
    curves = {measure: Curve(**curve) for measure, curve in values["curves"].items()}
    return PlatformParameters(**{**values, "curves": curves})


def _with_tuples(value: Any) -> Any:
    """Return a JSON value with tuples in the place of lists."""
    if isinstance(value, dict):
        return {name: _with_tuples(part) for name, part in value.items()}
    return tuple(map(_with_tuples, value)) if isinstance(value, list | tuple) else value


def brand_fit_matrix() -> np.ndarray:
    """Return how well a brand's niche (columns) fits a creator's (rows), (niches, niches).

    It is 1 for the same niche, 0.5 within a group of NICHE_GROUPS, else 0.
    """
    group = np.array(
        [next(i for i, kin in enumerate(NICHE_GROUPS) if niche in kin) for niche in NICHES]
    )
    return np.where(np.eye(len(NICHES), dtype=bool), 1.0, 0.5 * (group[:, None] == group[None, :]))
