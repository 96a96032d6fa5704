"""The reference: what features need to know of the market beside the account itself.

Fitted on the training window and the training creators only, and kept as JSON in the bundle.
"""

import json
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property

import numpy as np
import pandas as pd

from features.derive.authenticity import SignNorm, fit_norms, follower_jump, norm_tables, raw_signs
from features.derive.effects import Effects, fit_effects
from features.derive.market_priors import MarketPriors, fit_market, market_from_json
from features.derive.platform_posts import (
    PlatformPosts,
    fit_formats_posted,
    fit_part_shares,
    fit_views_shown,
    post_columns_at,
)
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
from features.niche.text import fit_classifier, likeliest_niche, niche_distribution
from features.tables.vocabulary import (
    BAND_EDGES,
    FORMATS,
    HORIZON_DAYS,
    MATURE_DAYS,
    NICHES,
    PLATFORMS,
    TARGETS,
)

#: Creators with known posts that a market needs.
MIN_MARKET_CREATORS = 3


class TooLittleData(CreatorcastError):
    """There are too few creators with known posts to fit anything."""


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
    niche_classifier: NicheClassifier
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
            "niche_classifier": NicheClassifier.from_json(json.dumps(value["niche_classifier"])),
            **{name: tuple(value[name]) for name in ("platforms", "formats", "niches")},
        }
        return cls(**{**value, **parsed})


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
