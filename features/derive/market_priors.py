"""Priors of a market: the level that followers and niche suggest, and how much to trust a few posts
against it.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from features.tables.vocabulary import NICHES, PLATFORMS

#: Where the regression of the level on ln followers may bend.
KNOT = float(np.log(100_000))
#: Creators that a platform needs for a separate regression.
MIN_CREATORS = 30
#: Posts that a summary's averages are taken to rest on.
SUMMARY_POSTS = 12.0


@dataclass(frozen=True)
class Prior:
    """The level, ln(1 + count), that followers f and niche suggest on one platform.

    It is intercept + slope ln f + bend max(ln f - knot, 0) + the effect of the niche, or
    `without_followers` + the effect of the niche where f is unknown. `knot`: None for KNOT.
    """

    intercept: float
    slope: float
    bend: float
    without_followers: float
    niche_effects: dict[str, float]
    creators: int
    least_followers_log: float = 0.0
    knot: float | None = None


@dataclass(frozen=True)
class MarketPriors:
    """The market of one target: a prior by platform, and `all` of them together.

    - `trust`: the number of posts at which posts and prior weigh the same
    - `summary_shift`: median distance from the mean of twelve posts to their level, in ln
    - `summary_shifts`: the same of platforms that have their own, None where none has
    - `creators`: the number of creators behind each platform, which has none where it is left out;
      None where nobody counted them
    """

    priors: dict[str, Prior]
    trust: float
    summary_shift: float
    creators: dict[str, int] | None = None
    summary_shifts: dict[str, float] | None = None

    def prior_for(
        self, platform: np.ndarray, followers_log: np.ndarray, niche: np.ndarray
    ) -> np.ndarray:
        """Return the prior level of each account, (n,).

        `platform` and `niche`: positions in PLATFORMS and NICHES, NaN where unknown. A platform
        without a prior takes that of all platforms.
        """
        platform_row = np.where(np.isnan(platform), len(PLATFORMS), platform).astype(int)
        niche_column = np.where(np.isnan(niche), len(NICHES), niche).astype(int)
        lines, niche_effects = self._tables
        intercept, slope, bend, without_followers, least, knot = lines[:, platform_row]
        # below the smallest account that was fitted the line tells nothing
        x = np.maximum(followers_log, least)
        level = intercept + slope * x + bend * np.maximum(x - knot, 0)
        level = np.where(np.isnan(level), without_followers, level)
        return level + niche_effects[platform_row, niche_column]

    @cached_property
    def _tables(self) -> tuple[np.ndarray, np.ndarray]:
        """The priors of PLATFORMS and of all: lines (6, platforms + 1), niche effects (platforms +
        1, niches + 1).
        """
        priors = [self.priors.get(name, self.priors["all"]) for name in (*PLATFORMS, "all")]
        lines = [
            (
                *(p.intercept, p.slope, p.bend, p.without_followers, p.least_followers_log),
                KNOT if p.knot is None else p.knot,
            )
            for p in priors
        ]
        effects = [[*(p.niche_effects.get(name, 0.0) for name in NICHES), 0.0] for p in priors]
        return np.array(lines).T, np.array(effects)

    def weight(self, posts: np.ndarray | float) -> np.ndarray | float:
        """Return the weight of the creator's own level against the prior: n / (n + k)."""
        return posts / (posts + self.trust)

    def summary_shift_of(self, platform: np.ndarray) -> np.ndarray:
        """Return the shift from a mean of posts to their level on each platform (n,), a position in
        PLATFORMS.
        """
        return self._summary_shifts[platform.astype(int)]

    @cached_property
    def _summary_shifts(self) -> np.ndarray:
        own = self.summary_shifts or {}
        return np.array([own.get(name, self.summary_shift) for name in PLATFORMS])

    def has_creators(self, platform: np.ndarray) -> np.ndarray:
        """Return whether the market rests on any creator of each platform (n,), a position in
        PLATFORMS.
        """
        return self._has_creators[platform.astype(int)]

    @cached_property
    def _has_creators(self) -> np.ndarray:
        return self._creators > 0

    def creator_counts(self, platform: np.ndarray) -> np.ndarray:
        """Return how many creators of each platform (n,), a position in PLATFORMS, it rests on."""
        return self._creators[platform.astype(int)]

    @cached_property
    def _creators(self) -> np.ndarray:
        if self.creators is None:
            return np.full(len(PLATFORMS), MIN_CREATORS)
        return np.array([self.creators.get(name, 0) for name in PLATFORMS])


def market_from_json(value: dict | None) -> MarketPriors | None:
    """Read a market from plain JSON values; None stays None."""
    if value is None:
        return None
    priors = {name: Prior(**prior) for name, prior in value["priors"].items()}
    return MarketPriors(**{**value, "priors": priors})
