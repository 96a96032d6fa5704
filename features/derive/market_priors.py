"""What features need to know of the market: priors on followers and niche, and how much to trust a
few posts.

Fitted on the training window and the training creators only, kept as JSON in the bundle.
"""

import json
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property

import numpy as np
import pandas as pd
from sklearn.linear_model import HuberRegressor

from features.derive.authenticity import SignNorm, fit_norms, follower_jump, norm_tables, raw_signs
from features.derive.effects import Effects, fit_effects
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
from features.history.profiles import profile_at
from features.niche.classifier import NicheClassifier
from features.niche.text import fit_classifier, likeliest_niche, niche_distribution
from features.tables.vocabulary import BAND_EDGES, FORMATS, HORIZON_DAYS, NICHES, PLATFORMS

#: Where the regression of the level on ln followers may bend.
KNOT = float(np.log(100_000))
#: Creators that a platform needs for a regression of its own, and that a niche effect is shrunk by.
MIN_CREATORS = 30
NICHE_SHRINK = 20.0
#: Posts that a summary's averages are taken to rest on.
SUMMARY_POSTS = 12.0


class TooLittleData(CreatorcastError):
    """There are too few creators with known posts to fit anything."""


@dataclass(frozen=True)
class Prior:
    """ln(1 + count) that followers and niche suggest on one platform: intercept + slope ln f + bend
    (ln f - KNOT)+.
    """

    intercept: float
    slope: float
    bend: float
    without_followers: float
    niche_effects: dict[str, float]
    creators: int
    least_followers_log: float = 0.0


@dataclass(frozen=True)
class MarketPriors:
    """One count's market: a prior a platform, the trust in posts against it, and the shift from
    means to levels.

    `creators`: how many of each platform it rests on; one that is left out has none. None where
    nobody counted them.
    """

    priors: dict[str, Prior]
    trust: float
    summary_shift: float
    creators: dict[str, int] | None = None

    def prior_for(
        self, platform: np.ndarray, followers_log: np.ndarray, niche: np.ndarray
    ) -> np.ndarray:
        """Give the prior level of each account; a platform never seen takes the pooled prior."""
        code = np.where(np.isnan(platform), len(PLATFORMS), platform).astype(int)
        line, effects = self._tables
        intercept, slope, bend, without_followers, least = line[:, code]
        # below the smallest account that was fitted the line tells nothing
        x = np.maximum(followers_log, least)
        level = intercept + slope * x + bend * np.maximum(x - KNOT, 0)
        known = np.where(np.isnan(niche), len(NICHES), niche).astype(int)
        return np.where(np.isnan(level), without_followers, level) + effects[code, known]

    @cached_property
    def _tables(self) -> tuple[np.ndarray, np.ndarray]:
        """The priors of PLATFORMS and of all: figures (5, platforms + 1), effects (platforms + 1,
        niches + 1).
        """
        priors = [self.priors.get(name, self.priors["all"]) for name in (*PLATFORMS, "all")]
        line = [
            (p.intercept, p.slope, p.bend, p.without_followers, p.least_followers_log)
            for p in priors
        ]
        effects = [[*(p.niche_effects.get(name, 0.0) for name in NICHES), 0.0] for p in priors]
        return np.array(line).T, np.array(effects)

    def weight(self, posts: np.ndarray) -> np.ndarray:
        """Give the weight of the creator's own level against the prior: n / (n + k)."""
        return posts / (posts + self.trust)

    def has_creators(self, platform: np.ndarray) -> np.ndarray:
        """Say of positions in PLATFORMS (n,) whether any creator there is behind it."""
        return self.creator_counts(platform) > 0

    def creator_counts(self, platform: np.ndarray) -> np.ndarray:
        """Give how many creators are behind it on each platform (n,), positions in PLATFORMS."""
        return self._creators[platform.astype(int)]

    @cached_property
    def _creators(self) -> np.ndarray:
        own = dict.fromkeys(PLATFORMS, MIN_CREATORS) if self.creators is None else self.creators
        return np.array([own.get(name, 0) for name in PLATFORMS])


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
    band_edges: dict[str, int] = field(default_factory=lambda: dict(BAND_EDGES))
    platforms: tuple[str, ...] = PLATFORMS
    formats: tuple[str, ...] = FORMATS
    niches: tuple[str, ...] = NICHES

    @cached_property
    def markets(self) -> dict[str, MarketPriors]:
        """The market of each of TARGETS that was fitted."""
        return {"engagements": self.engagements, **({"views": self.views} if self.views else {})}

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
        return to_us(
            pd.Series(
                [pd.Timestamp(self.platforms_until.get(name, self.until)) for name in PLATFORMS]
            )
        )

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
        """Give the reference as plain JSON values."""
        classifier = json.loads(self.niche_classifier.to_json())
        return {**asdict(replace(self, niche_classifier=None)), "niche_classifier": classifier}

    @classmethod
    def from_json(cls, value: dict) -> "Reference":
        """Read what `to_json` gave."""
        lists = {name: tuple(value[name]) for name in ("platforms", "formats", "niches")}
        markets = {name: _market_from_json(value[name]) for name in ("engagements", "views")}
        norms = {
            name: {sign: SignNorm(**norm) for sign, norm in found.items()}
            for name, found in value["norms"].items()
        }
        effects, classifier = (
            Effects(**value["effects"]),
            NicheClassifier.from_json(json.dumps(value["niche_classifier"])),
        )
        return cls(
            **{
                **value,
                **lists,
                **markets,
                "norms": norms,
                "effects": effects,
                "niche_classifier": classifier,
            }
        )


def fit_reference(
    history: History, until: pd.Timestamp | np.ndarray, accounts: np.ndarray | None = None
) -> Reference:
    """Fit the market to what was known of `accounts` (positions, default all) at `until`.

    `until`: one moment, or one for each of PLATFORMS in microseconds UTC, (platforms,).
    Raises TooLittleData where fewer than three creators have a post with known engagements.
    """
    accounts = np.arange(len(history.accounts)) if accounts is None else np.asarray(accounts)
    moments = (
        until
        if isinstance(until, np.ndarray)
        else np.full(len(PLATFORMS), to_us(pd.Series([until]))[0])
    )
    moment = moments[history.platform[accounts].astype(int)]
    latest = pd.Timestamp(int(moments.max()), unit="us", tz="UTC")
    profile = profile_at(history, accounts, moment)
    classifier = fit_classifier(history, accounts, moment, profile["niche"])
    text = niche_distribution(
        history, accounts, moment, np.ones(len(accounts), dtype=bool), classifier
    )
    profile["niche"] = likeliest_niche(profile["niche"], text)
    engaged = post_window(
        history.posts_with_engagements, "engagements_log", accounts, moment, history.horizon_days
    )
    if (engaged.n > 0).sum() < 3:
        raise TooLittleData(
            f"only {(engaged.n > 0).sum()} creator(s) have a post with known engagements that was "
            f"{history.horizon_days} days old at {latest:%Y-%m-%d}; at least 3 are needed: add posts with their counts"
        )
    viewed = post_window(
        history.posts_with_views, "views_log", accounts, moment, history.horizon_days
    )
    market = _fit_market(engaged, profile)
    posts = post_columns_at(history, accounts, moment)
    return Reference(
        engagements=market,
        views=_fit_market(viewed, profile) if (viewed.n > 0).sum() >= 3 else None,
        part_shares=fit_part_shares(history, accounts, moment),
        views_shown=fit_views_shown(posts),
        formats_posted=fit_formats_posted(posts),
        platforms_until=_platforms_until(moments, market),
        norms=_fit_norms(history, engaged, profile, market, accounts, moment),
        effects=fit_effects(
            engaged.values - engaged.level[:, None],
            history.posts_with_engagements.take_or_nan("format", engaged.rows),
            history.posts_with_engagements.take_or_nan("sponsored", engaged.rows),
            profile["platform"],
        ),
        niche_classifier=classifier,
        sponsored_posts=int(np.nansum(posts["sponsored"])),
        until=latest.isoformat(),
        creators=int((engaged.n > 0).sum()),
        horizon_days=history.horizon_days,
    )


def _platforms_until(moments: np.ndarray, market: MarketPriors) -> dict[str, str]:
    """Give the moment of each platform that has creators, in ISO form; `moments` (platforms,):
    microseconds UTC.
    """
    own = zip(PLATFORMS, moments.tolist(), strict=True)
    return {
        name: pd.Timestamp(at, unit="us", tz="UTC").isoformat()
        for name, at in own
        if name in market.creators
    }


def _fit_market(past: PostWindow, profile: dict[str, np.ndarray]) -> MarketPriors:
    has = past.n > 0
    level, platform = past.level[has], profile["platform"][has]
    counts = {
        name: int((platform == code).sum())
        for code, name in enumerate(PLATFORMS)
        if (platform == code).any()
    }
    followers_log, niche = np.log1p(profile["followers"][has]), profile["niche"][has]
    priors = {"all": _fit_prior(level, followers_log, niche)}
    for code, name in enumerate(PLATFORMS):
        if (platform == code).sum() >= MIN_CREATORS:
            at = platform == code
            priors[name] = _fit_prior(level[at], followers_log[at], niche[at])
    market = MarketPriors(priors, 1.0, float(np.median(level - past.mean_12[has])), counts)
    return replace(
        market, trust=_trust(past, level - market.prior_for(platform, followers_log, niche))
    )


def _fit_prior(level: np.ndarray, followers_log: np.ndarray, niche: np.ndarray) -> Prior:
    known = np.isfinite(followers_log)
    middle = float(np.median(level))
    line = (middle, 0.0, 0.0)
    if known.sum() >= 5 and np.ptp(followers_log[known]) > 0.1:
        x = np.column_stack([followers_log[known], np.maximum(followers_log[known] - KNOT, 0)])
        if (x[:, 1] > 0).sum() < MIN_CREATORS:
            x[:, 1] = 0.0
        # the Huber loss needs its inputs near unit scale to converge
        fit = HuberRegressor(alpha=1e-3, max_iter=1000).fit((x - [KNOT, 0]) / 2, level[known])
        slope, bend = fit.coef_ / 2
        line = (
            float(fit.intercept_ - slope * KNOT),
            float(slope),
            float(bend) if x[:, 1].any() else 0.0,
        )
    least = float(followers_log[known].min()) if known.any() else 0.0
    prior = Prior(*line, middle, niche_effects={}, creators=len(level), least_followers_log=least)
    unknown = np.full(len(level), np.nan)
    residual = level - MarketPriors({"all": prior}, 1.0, 0.0).prior_for(
        unknown, followers_log, unknown
    )
    return replace(prior, niche_effects=_niche_effects(residual, niche))


def _niche_effects(residual: np.ndarray, niche: np.ndarray) -> dict[str, float]:
    effects = {}
    for code in np.unique(niche[~np.isnan(niche)]).astype(int):
        own = residual[niche == code]
        effects[NICHES[code]] = float(np.median(own) * len(own) / (len(own) + NICHE_SHRINK))
    return effects


def _trust(past: PostWindow, residual: np.ndarray) -> float:
    """Within-creator over between-creator variance, both robust (median absolute deviations), kept
    in 0.05 to 20.
    """
    enough = past.n >= 5
    if enough.sum() < 3:
        return 0.5
    within = (
        np.median(np.nanmedian(np.abs(past.values - past.median[:, None])[enough], axis=1)) ** 2
    )
    between = np.median(np.abs(residual - np.median(residual))) ** 2
    return float(np.clip(within / max(between, 1e-9), 0.05, 20.0))


def _fit_norms(
    history: History, past: PostWindow, profile, market: MarketPriors, accounts, moment
) -> dict[str, dict[str, SignNorm]]:
    gap = past.level - market.prior_for(
        profile["platform"], np.log1p(profile["followers"]), profile["niche"]
    )
    found = medians(
        post_blocks(history.posts_with_engagements, past, np.full(past.values.shape, np.nan))
    )
    comments, by_views = found["comment_share_median"], found["engagement_rate_log_median_by_views"]
    jump = follower_jump(history, accounts, moment)
    return fit_norms(
        raw_signs(gap, comments, by_views, standard_deviation(past.values), past.n, jump, profile),
        profile["platform"],
    )


def _market_from_json(value: dict | None) -> MarketPriors | None:
    if value is None:
        return None
    return MarketPriors(
        **{**value, "priors": {name: Prior(**prior) for name, prior in value["priors"].items()}}
    )
