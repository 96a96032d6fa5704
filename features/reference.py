"""What features need to know of the market: priors on followers and niche, and how much to trust a few posts.

Fitted on the training window and the training creators only, kept as JSON in the bundle.
"""

import json
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property

import numpy as np
import pandas as pd
from sklearn.linear_model import HuberRegressor

from features.authenticity import Norm, fit_norms, follower_jump, norm_tables, signs
from features.effects import Effects, fit_effects
from features.history import DAY_US, History, to_us
from features.niche import NicheClassifier
from features.niche_text import fit_classifier, niche_of, text_distribution
from features.profiles import profile_at
from features.signals import Level, look_back, post_blocks
from features.vocabulary import (
    BAND_EDGES,
    COUNTED_PARTS,
    ENGAGEMENT_PARTS,
    FORMATS,
    HORIZON_DAYS,
    NICHES,
    PLATFORMS,
    UNKNOWN,
)
from features.windows import medians, spread

#: Where the regression of the level on ln followers may bend.
KNOT = float(np.log(100_000))
#: Creators that a platform needs for a regression of its own, and that a niche effect is shrunk by.
ENOUGH_CREATORS = 30
NICHE_SHRINK = 20.0
#: Posts that a summary's averages are taken to rest on.
SUMMARY_POSTS = 12.0


class TooLittleData(ValueError):
    """There are too few creators with known posts to fit anything."""


@dataclass(frozen=True)
class Prior:
    """ln(1 + count) that followers and niche suggest on one platform: intercept + slope ln f + bend (ln f - KNOT)+."""

    intercept: float
    slope: float
    bend: float
    without_followers: float
    niche_effects: dict[str, float]
    creators: int
    least_followers_log: float = 0.0


@dataclass(frozen=True)
class Market:
    """One count's market: a prior a platform, the trust in posts against it, and the shift from means to levels."""

    priors: dict[str, Prior]
    trust: float
    summary_shift: float

    def prior(self, platform: np.ndarray, followers_log: np.ndarray, niche: np.ndarray) -> np.ndarray:
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
        """The priors of PLATFORMS and of all: figures (5, platforms + 1), effects (platforms + 1, niches + 1)."""
        priors = [self.priors.get(name, self.priors["all"]) for name in (*PLATFORMS, "all")]
        line = [(p.intercept, p.slope, p.bend, p.without_followers, p.least_followers_log) for p in priors]
        effects = [[*(p.niche_effects.get(name, 0.0) for name in NICHES), 0.0] for p in priors]
        return np.array(line).T, np.array(effects)

    def weight(self, posts: np.ndarray) -> np.ndarray:
        """Give the weight of the creator's own level against the prior: n / (n + k)."""
        return posts / (posts + self.trust)


@dataclass(frozen=True)
class Reference:
    """The market as of the end of training: `engagements` and, where any platform shows them, `views`."""

    engagements: Market
    views: Market | None
    part_shares: dict[str, dict[str, float]]
    views_shown: dict[str, list[str]]
    norms: dict[str, dict[str, Norm]]
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
    def norm_tables(self) -> tuple[np.ndarray, np.ndarray]:
        """The norms as `features.authenticity.score` takes them."""
        return norm_tables(self.norms)

    @cached_property
    def part_tables(self) -> tuple[np.ndarray, np.ndarray]:
        """Whether each of COUNTED_PARTS counts on each of PLATFORMS, and its usual share, NaN where it is not known."""
        counted = [[part in ENGAGEMENT_PARTS[name] for name in PLATFORMS] for part in COUNTED_PARTS]
        shares = [[self.part_shares.get(name, {}).get(part, np.nan) for name in PLATFORMS] for part in COUNTED_PARTS]
        return np.array(counted), np.array(shares)

    def to_json(self) -> dict:
        """Give the reference as plain JSON values."""
        classifier = json.loads(self.niche_classifier.to_json())
        return {**asdict(replace(self, niche_classifier=None)), "niche_classifier": classifier}

    @classmethod
    def from_json(cls, value: dict) -> "Reference":
        """Read what `to_json` gave."""
        lists = {name: tuple(value[name]) for name in ("platforms", "formats", "niches")}
        markets = {name: _market_from_json(value[name]) for name in ("engagements", "views")}
        norms = {name: {sign: Norm(**norm) for sign, norm in found.items()} for name, found in value["norms"].items()}
        effects, classifier = (
            Effects(**value["effects"]),
            NicheClassifier.from_json(json.dumps(value["niche_classifier"])),
        )
        return cls(**{**value, **lists, **markets, "norms": norms, "effects": effects, "niche_classifier": classifier})


def fit_reference(history: History, until: pd.Timestamp | np.ndarray, accounts: np.ndarray | None = None) -> Reference:
    """Fit the market to what was known of `accounts` (positions, default all) at `until`.

    `until`: one moment, or one for each of PLATFORMS in microseconds UTC, (platforms,).
    Raises TooLittleData where fewer than three creators have a post with known engagements.
    """
    accounts = np.arange(len(history.accounts)) if accounts is None else np.asarray(accounts)
    moments = until if isinstance(until, np.ndarray) else np.full(len(PLATFORMS), to_us(pd.Series([until]))[0])
    moment = moments[history.platform[accounts].astype(int)]
    latest = pd.Timestamp(int(moments.max()), unit="us", tz="UTC")
    profile = profile_at(history, accounts, moment)
    classifier = fit_classifier(history, accounts, moment, profile["niche"])
    text = text_distribution(history, accounts, moment, np.ones(len(accounts), dtype=bool), classifier)
    profile["niche"] = niche_of(profile["niche"], text)
    engaged = look_back(history.engaged, "engagements_log", accounts, moment, history.horizon_days)
    if (engaged.n > 0).sum() < 3:
        raise TooLittleData(
            f"only {(engaged.n > 0).sum()} creator(s) have a post with known engagements that was "
            f"{history.horizon_days} days old at {latest:%Y-%m-%d}; at least 3 are needed: add posts with their counts"
        )
    viewed = look_back(history.viewed, "views_log", accounts, moment, history.horizon_days)
    market = _fit_market(engaged, profile)
    posts = _known_posts(history, accounts, moment)
    return Reference(
        engagements=market,
        views=_fit_market(viewed, profile) if (viewed.n > 0).sum() >= 3 else None,
        part_shares=_part_shares(history, accounts, moment),
        views_shown=_views_shown(posts),
        norms=_fit_norms(history, engaged, profile, market, accounts, moment),
        effects=fit_effects(
            engaged.values - engaged.level[:, None],
            history.engaged.window("format", engaged.rows),
            history.engaged.window("sponsored", engaged.rows),
            profile["platform"],
        ),
        niche_classifier=classifier,
        sponsored_posts=int(np.nansum(posts["sponsored"])),
        until=latest.isoformat(),
        creators=int((engaged.n > 0).sum()),
        horizon_days=history.horizon_days,
    )


def _fit_market(past: Level, profile: dict[str, np.ndarray]) -> Market:
    has = past.n > 0
    level, platform = past.level[has], profile["platform"][has]
    followers_log, niche = np.log1p(profile["followers"][has]), profile["niche"][has]
    priors = {"all": _fit_prior(level, followers_log, niche)}
    for code, name in enumerate(PLATFORMS):
        if (platform == code).sum() >= ENOUGH_CREATORS:
            at = platform == code
            priors[name] = _fit_prior(level[at], followers_log[at], niche[at])
    market = Market(priors, trust=1.0, summary_shift=float(np.median(level - past.mean_12[has])))
    residual = level - market.prior(platform, followers_log, niche)
    return Market(priors, _trust(past, residual), market.summary_shift)


def _fit_prior(level: np.ndarray, followers_log: np.ndarray, niche: np.ndarray) -> Prior:
    known = np.isfinite(followers_log)
    middle = float(np.median(level))
    line = (middle, 0.0, 0.0)
    if known.sum() >= 5 and np.ptp(followers_log[known]) > 0.1:
        x = np.column_stack([followers_log[known], np.maximum(followers_log[known] - KNOT, 0)])
        if (x[:, 1] > 0).sum() < ENOUGH_CREATORS:
            x[:, 1] = 0.0
        # the Huber loss needs its inputs near unit scale to converge
        fit = HuberRegressor(alpha=1e-3, max_iter=1000).fit((x - [KNOT, 0]) / 2, level[known])
        slope, bend = fit.coef_ / 2
        line = (float(fit.intercept_ - slope * KNOT), float(slope), float(bend) if x[:, 1].any() else 0.0)
    least = float(followers_log[known].min()) if known.any() else 0.0
    prior = Prior(*line, middle, niche_effects={}, creators=len(level), least_followers_log=least)
    unknown = np.full(len(level), np.nan)
    residual = level - Market({"all": prior}, 1.0, 0.0).prior(unknown, followers_log, unknown)
    return replace(prior, niche_effects=_niche_effects(residual, niche))


def _niche_effects(residual: np.ndarray, niche: np.ndarray) -> dict[str, float]:
    effects = {}
    for code in np.unique(niche[~np.isnan(niche)]).astype(int):
        own = residual[niche == code]
        effects[NICHES[code]] = float(np.median(own) * len(own) / (len(own) + NICHE_SHRINK))
    return effects


def _trust(past: Level, residual: np.ndarray) -> float:
    """Within-creator over between-creator variance, both robust (median absolute deviations), kept in 0.05 to 20."""
    enough = past.n >= 5
    if enough.sum() < 3:
        return 0.5
    within = np.median(np.nanmedian(np.abs(past.values - past.median[:, None])[enough], axis=1)) ** 2
    between = np.median(np.abs(residual - np.median(residual))) ** 2
    return float(np.clip(within / max(between, 1e-9), 0.05, 20.0))


def _part_shares(history: History, accounts: np.ndarray, moment: np.ndarray) -> dict[str, dict[str, float]]:
    """Median share of each part in the engagements, a platform; completes averages that lack a part."""
    recent = look_back(history.engaged, "engagements_log", accounts, moment, history.horizon_days).rows[:, :12]
    platform = history.platform[accounts]
    shares = {}
    for code, name in enumerate(PLATFORMS):
        rows = recent[platform == code]
        rows = rows[rows >= 0]
        total = np.expm1(history.engaged.take("engagements_log", rows))
        if (total > 0).any():
            parts = {part: history.engaged.take(part, rows)[total > 0] for part in ENGAGEMENT_PARTS[name]}
            shares[name] = {part: float(np.median(values / total[total > 0])) for part, values in parts.items()}
    return shares


def _fit_norms(history: History, past: Level, profile, market: Market, accounts, moment) -> dict[str, dict[str, Norm]]:
    gap = past.level - market.prior(profile["platform"], np.log1p(profile["followers"]), profile["niche"])
    found = medians(post_blocks(history.engaged, past, np.full(past.values.shape, np.nan)))
    comments, by_views = found["comment_share_median"], found["engagement_rate_log_median_by_views"]
    jump = follower_jump(history, accounts, moment)
    return fit_norms(signs(gap, comments, by_views, spread(past.values), past.n, jump, profile), profile["platform"])


def _known_posts(history: History, accounts: np.ndarray, moment: np.ndarray) -> dict[str, np.ndarray]:
    """Give the columns of all posts of `accounts` known at `moment`, with the platform of each."""
    start = history.posts.start[accounts]
    size = history.posts.until(accounts, moment - history.horizon_days * DAY_US) - start
    rows = np.repeat(start - np.cumsum(size) + size, size) + np.arange(size.sum())
    columns = {name: values[rows] for name, values in history.posts.columns.items()}
    return {**columns, "platform": np.repeat(history.platform[accounts], size)}


def _views_shown(posts: dict[str, np.ndarray]) -> dict[str, list[str]]:
    """Name the formats (`unknown` where not told) most of whose posts show views, a platform."""
    shown = np.isfinite(posts["views_log"])
    formats = np.where(np.isnan(posts["format"]), len(FORMATS), posts["format"])
    result = {}
    for code, name in enumerate(PLATFORMS):
        at = posts["platform"] == code
        share = {f: shown[at & (formats == i)].mean() for i, f in enumerate(FORMATS) if (at & (formats == i)).any()}
        result[name] = [f for f, value in share.items() if value > 0.5]
        if at.any() and shown[at].mean() > 0.5:
            result[name].append(UNKNOWN)
    return result


def _market_from_json(value: dict | None) -> Market | None:
    if value is None:
        return None
    return Market(**{**value, "priors": {name: Prior(**prior) for name, prior in value["priors"].items()}})
