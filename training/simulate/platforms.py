"""The platforms of the demo market as data; training.simulate.parameters names the sources."""

from dataclasses import dataclass

import numpy as np

from features.maturation.curve import Curve
from features.maturation.maturation import published_maturation
from features.tables.vocabulary import FORMATS, NICHES, TARGETS


@dataclass(frozen=True)
class PlatformParameters:
    """What one platform does: rates as fractions, slopes of ln rate on ln followers, ages in days.

    - the engagement rate is a broken power law of followers: `rate_at_knot` at `knot` followers,
      one slope either side
    - `rate_by` names its base; by views it is turned into a rate by followers with the law of views
      per follower
    - `curves` gives the growth of counts with the age of a post, of `engagements` and of `views`
    - `formats` gives the share of posts and the ln effect on engagements, `niches` the ln effect of
      a niche
    """

    share: float
    rate_by: str
    rate_at_knot: float
    knot: float
    slope_below: float
    slope_above: float
    views_per_follower: float
    views_slope: float
    curves: dict[str, Curve]
    shares_per_like: float
    fee_factor: float
    formats: dict[str, tuple[float, float]]
    niches: dict[str, float]

    def ln_rate(self, ln_followers: np.ndarray) -> np.ndarray:
        """Return the ln engagement rate by `rate_by` of a typical creator."""
        beyond = ln_followers - np.log(self.knot)
        slope = np.where(beyond < 0, self.slope_below, self.slope_above)
        return np.log(self.rate_at_knot) + slope * beyond

    def ln_views_per_follower(self, ln_followers: np.ndarray) -> np.ndarray:
        """Return ln (views of a post / followers) of a typical creator."""
        return np.log(self.views_per_follower) + self.views_slope * (ln_followers - np.log(30_000))

    def ln_rate_by_followers(self, ln_followers: np.ndarray) -> np.ndarray:
        """Return the ln engagement rate by followers of a typical creator."""
        rate = self.ln_rate(ln_followers)
        if self.rate_by == "views":
            return rate + self.ln_views_per_follower(ln_followers)
        return rate

    def niche_effects(self, weights: np.ndarray) -> np.ndarray:
        """Return the ln effect of each of NICHES, shape (niches,), moved so that their mean by
        `weights` is 0.
        """
        effects = np.array([self.niches.get(niche, 0.0) for niche in NICHES])
        return effects - weights @ effects / weights.sum()

    def format_arrays(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the share of posts and the ln effect of each of FORMATS, both (formats,)."""
        pairs = np.array([self.formats.get(name, (0.0, 0.0)) for name in FORMATS])
        return pairs[:, 0], pairs[:, 1]


def _published_curves(platform: str) -> dict[str, Curve]:
    """Return the published curves of a platform (features/maturation/default_curves.csv)."""
    measures = published_maturation().curves[platform]
    return {name: measures[name].curve for name in TARGETS}


# ln of the rates against their geometric mean: 4.5, 3.7, 3.2, 3.2 % likes/followers [InfluencerDB
# 2019].
_INSTAGRAM_NICHES = {"travel": 0.25, "fitness": 0.05, "food": -0.09, "beauty": -0.09}


# ln of engagements/views against their median of 11.6 % [Crawlora, 4,509 videos, CC BY 4.0].
_TIKTOK_NICHES = {
    "education": 0.35,
    "motivation": 0.29,
    "comedy": 0.16,
    "travel": 0.15,
    "pets": 0.13,
    "fashion": 0.09,
    "beauty": -0.09,
    "fitness": -0.17,
    "finance": -0.18,
    "gaming": -0.25,
    "food": -0.34,
    "technology": -0.68,
}


INSTAGRAM = PlatformParameters(
    share=0.45,  # [a]
    rate_by="followers",
    # 0.97 % at 10-50k, 3.87 % at 1-5k, 1.14 % at 1M+: middle line through all bands [Modash] [d]
    rate_at_knot=0.0090,
    knot=22_000,  # [d]
    slope_below=-0.60,  # [d]
    slope_above=0.04,  # [d]
    views_per_follower=0.157,  # reach / followers of micro creators [Cirqle]
    # [Cirqle] gives -0.5, rates by views 6-10 times those by followers give less [a]
    views_slope=-0.15,
    curves=_published_curves("instagram"),
    shares_per_like=0.0,
    fee_factor=1.0,
    formats={
        "image": (0.30, -0.05),
        "carousel": (0.25, 0.10),
        "video": (0.10, -0.05),
        "short": (0.35, 0.0),
    },  # [a]
    niches=_INSTAGRAM_NICHES,
)


TIKTOK = PlatformParameters(
    share=0.35,  # [a]
    rate_by="views",
    rate_at_knot=0.0735,  # 7.6 % at 50-100k, 7.0 % at 100-500k [Modash Nov 2025]
    knot=100_000,  # [d]
    slope_below=-0.15,  # 13.0 % at 1-5k; one line through all bands has -0.11 [d]
    slope_above=-0.04,  # 6.5 % at 1M+ [d]
    views_per_follower=0.157,  # [Cirqle], taken over from Instagram [a]
    views_slope=-0.15,  # [a], as above
    curves=_published_curves("tiktok"),
    shares_per_like=0.03,  # [a]
    fee_factor=0.9,  # [a]
    formats={"video": (0.85, 0.0), "carousel": (0.15, -0.10)},  # [a]
    niches=_TIKTOK_NICHES,
)


YOUTUBE = PlatformParameters(
    share=0.20,  # [a]
    rate_by="followers",
    rate_at_knot=0.0038,  # [Influencer Hero 2024]
    knot=22_000,  # [d]
    slope_below=-0.63,  # 1.65 % at 1-5k; one line through all bands has -0.39 [d]
    slope_above=-0.25,  # 0.16 % at 500k-1M [d]
    views_per_follower=0.125,  # rates by views 6-10 times those by followers
    views_slope=-0.30,  # [a]
    curves=_published_curves("youtube"),
    shares_per_like=0.0,
    fee_factor=1.5,  # Klear 2019: 315-3,857 against 41-3,138 USD on Instagram
    formats={"video": (0.60, 0.0), "short": (0.33, -0.15), "live": (0.07, -0.30)},  # [a]
    niches={niche: effect / 2 for niche, effect in _TIKTOK_NICHES.items()},  # [a]
)
