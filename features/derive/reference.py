"""The reference: what features need to know of the market beside the account itself.

Fitted on the training window and the training creators only, and kept as JSON in the bundle.
"""

import json
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property

import numpy as np
import pandas as pd

from features.derive.authenticity import SignNorm, norm_tables
from features.derive.effects import Effects
from features.derive.market_priors import MarketPriors, market_from_json
from features.derive.platform_posts import PlatformPosts
from features.history.arrays import to_us
from features.history.history import History
from features.maturation.maturation import Maturation, published_maturation
from features.niche.fitted_niches import FittedNiches
from features.tables.vocabulary import (
    BAND_EDGES,
    FORMATS,
    HORIZON_DAYS,
    NICHES,
    PLATFORMS,
    TARGETS,
)


@dataclass(frozen=True)
class Reference:
    """The market as of the end of training: `engagements` and, where any platform shows them,
    `views`.
    """

    engagements: MarketPriors
    views: MarketPriors | None
    part_shares: dict[str, dict[str, float]]
    views_shown: dict[str, list[str]]
    formats_posted: dict[str, list[str]]
    platforms_until: dict[str, str]
    norms: dict[str, dict[str, SignNorm]]
    effects: Effects
    niche_classifier: FittedNiches
    sponsored_posts: int
    until: str
    creators: int
    horizon_days: int = HORIZON_DAYS
    maturation: Maturation = field(default_factory=published_maturation)
    band_edges: dict[str, int] = field(default_factory=lambda: dict(BAND_EDGES))
    platforms: tuple[str, ...] = PLATFORMS
    formats: tuple[str, ...] = FORMATS
    niches: tuple[str, ...] = NICHES

    @cached_property
    def markets(self) -> dict[str, MarketPriors]:
        """The market of each of TARGETS that was fitted."""
        return {"engagements": self.engagements, **({"views": self.views} if self.views else {})}

    def at_horizon(self, history: History) -> History:
        """Return the history with its counts brought to the horizon by the curves."""
        return history.at_horizon(self.maturation, self.horizon_days)

    def growth(
        self, target: str, platform: np.ndarray, from_days: np.ndarray | float
    ) -> np.ndarray:
        """Return ln of the growth of counts of a target from an age to the horizon, (n,).

        `platform` (n,): positions in PLATFORMS; `from_days`: NaN for a grown-up count.
        """
        return self.maturation.growth(target, platform, from_days, self.horizon_days)

    def grown_up_growth(self, target: str, platform: np.ndarray) -> np.ndarray:
        """Return what `growth` returns of grown-up counts, (n,); `platform` (n,): positions in
        PLATFORMS, NaN where unknown.
        """
        code = np.where(np.isnan(platform), len(PLATFORMS), platform)
        return self._grown_up_growth[target].take(code.astype(int))

    @cached_property
    def _grown_up_growth(self) -> dict[str, np.ndarray]:
        """By target the growth of a grown-up count on each of PLATFORMS, and on an unknown one."""
        platforms = np.array([*range(len(PLATFORMS)), np.nan])
        return {target: self.growth(target, platforms, np.nan) for target in TARGETS}

    @cached_property
    def norm_tables(self) -> tuple[np.ndarray, np.ndarray]:
        """The norms as `features.derive.authenticity.authenticity_columns` takes them."""
        return norm_tables(self.norms)

    @cached_property
    def training_end_us(self) -> np.ndarray:
        """The end of training on each of PLATFORMS in microseconds UTC, (platforms,); of all where
        it has no creators.

        Panels of different years may stand in one folder.
        """
        ends = [pd.Timestamp(self.platforms_until.get(name, self.until)) for name in PLATFORMS]
        return to_us(pd.Series(ends))

    @cached_property
    def niches_in_training(self) -> np.ndarray:
        """Whether any creator behind the engagements is of each niche, and last, of one not known:
        (niches + 1,).
        """
        return np.array(
            [*(name in self.engagements.priors["all"].niche_effects for name in NICHES), True]
        )

    @cached_property
    def platform_posts(self) -> PlatformPosts:
        """What the posts of each platform are like."""
        return PlatformPosts(self.part_shares, self.views_shown, self.formats_posted)

    @cached_property
    def same_prior_scope(self) -> np.ndarray:
        """Whether the priors of engagements and of views, on each of PLATFORMS, are both its own or
        both of all.
        """
        if self.views is None:
            return np.zeros(len(PLATFORMS), dtype=bool)
        return np.array(
            [(name in self.engagements.priors) == (name in self.views.priors) for name in PLATFORMS]
        )

    def to_json(self) -> dict:
        """Return the reference as plain JSON values."""
        classifier = json.loads(self.niche_classifier.to_json())
        rest = replace(self, niche_classifier=None)  # type: ignore[arg-type]  # for asdict alone
        apart = {"niche_classifier": classifier, "maturation": self.maturation.to_json()}
        return asdict(rest) | apart

    @classmethod
    def from_json(cls, value: dict) -> "Reference":
        """Read what `to_json` returned."""
        norms = {
            platform: {sign: SignNorm(**norm) for sign, norm in signs.items()}
            for platform, signs in value["norms"].items()
        }
        parsed = {
            "engagements": market_from_json(value["engagements"]),
            "views": market_from_json(value["views"]),
            "norms": norms,
            "effects": Effects(**value["effects"]),
            "maturation": Maturation.from_json(value["maturation"]),
            "niche_classifier": FittedNiches.from_json(json.dumps(value["niche_classifier"])),
            **{name: tuple(value[name]) for name in ("platforms", "formats", "niches")},
        }
        return cls(**{**value, **parsed})
