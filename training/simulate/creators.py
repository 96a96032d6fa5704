"""The creators of the demo market: their true levels, effects and followers."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.tables.vocabulary import BAND_EDGES, FORMATS, NICHES
from training.simulate.columns import id_column, text_column
from training.simulate.niche_words import LANGUAGES
from training.simulate.parameters import AUTHENTICITY_GRADES, MarketParameters
from training.simulate.truth import (
    DAYS_PER_MONTH,
    DAYS_PER_WEEK,
    interpolate_paths,
    level_columns,
    momentum_columns,
)

DAY = 86_400
_LANGUAGE_SHARES = (0.60, 0.25, 0.15)


@dataclass(frozen=True)
class SimulatedCreators:
    """Simulated creators (n).

    - `truth`: as MarketTruth.creators
    - `followers_shown_log`, `followers_engaging_log`: ln followers shown, and ln followers who
      engage, monthly paths (n, months + 1)
    - `joined`: day of the first possible post, `sweep`: day of the final reading, both since the
      market's start
    - `language`: position in LANGUAGES
    - `hides_likes`: on most posts
    """

    truth: pd.DataFrame
    followers_shown_log: np.ndarray
    followers_engaging_log: np.ndarray
    joined: np.ndarray
    sweep: np.ndarray
    language: np.ndarray
    hides_likes: np.ndarray

    def __len__(self) -> int:
        return len(self.truth)

    def codes(self, column: str, names: tuple[str, ...]) -> np.ndarray:
        """Return the positions of a text column's values in `names`."""
        return pd.Index(names).get_indexer(self.truth[column])


def draw_creators(
    rng: np.random.Generator, n: int, market: MarketParameters, prefix: str = "c"
) -> SimulatedCreators:
    """Draw n creators with all that is true of them; their ids start with `prefix`."""
    accounts = _accounts(rng, n, market, prefix)
    shown, audience = _follower_paths(rng, accounts, market)
    truth = pd.concat([accounts, _format_columns(rng, accounts, market)], axis=1)
    levels = pd.DataFrame(_levels(rng, accounts, audience, market), columns=level_columns(market))
    momentum = pd.DataFrame(_momentum(rng, accounts, market), columns=momentum_columns(market))
    late = rng.random(n) < 0.15
    return SimulatedCreators(
        truth=pd.concat([truth, levels, momentum], axis=1),
        followers_shown_log=shown,
        followers_engaging_log=audience,
        joined=np.where(late, rng.integers(1, max(market.days - 100, market.days // 2), n), 0),
        sweep=market.days - rng.integers(0, DAY // 4, n) / DAY,
        language=rng.choice(len(LANGUAGES), n, p=_LANGUAGE_SHARES),
        hides_likes=(accounts["platform"] == "instagram").to_numpy()
        & (rng.random(n) < market.hides_likes_share),
    )


def log_rate_by_views(
    creators: SimulatedCreators, rows: np.ndarray, days: np.ndarray, market: MarketParameters
) -> np.ndarray:
    """Return the ln engagement rate by views that posts of these creators have, before the post's
    own noise.
    """
    audience = interpolate_paths(creators.followers_engaging_log, rows, days)
    rate = creators.truth["views_effect"].to_numpy()[rows].copy()
    platforms = creators.truth["platform"].to_numpy()[rows]
    for name, platform in market.platforms.items():
        here = platforms == name
        by_views = platform.ln_rate_by_followers(audience[here]) - platform.ln_views_per_follower(
            audience[here]
        )
        niche = (
            creators.truth["niche_effect"].to_numpy()[rows[here]]
            if platform.rate_by == "views"
            else 0.0
        )
        rate[here] += by_views + niche
    return rate


def _accounts(
    rng: np.random.Generator, n: int, market: MarketParameters, prefix: str
) -> pd.DataFrame:
    names = list(market.platforms)
    platform = rng.choice(len(names), n, p=[p.share for p in market.platforms.values()])
    niche = rng.choice(len(NICHES), n, p=market.niche_weights)
    grade = rng.choice(len(AUTHENTICITY_GRADES), n, p=market.grade_shares)
    pods, engaged = (
        grade == AUTHENTICITY_GRADES.index("pods"),
        grade == AUTHENTICITY_GRADES.index("engaged"),
    )
    niche_effects = np.array(
        [p.niche_effects(market.niche_weights) for p in market.platforms.values()]
    )
    share = np.array([market.platforms[name].shares_per_like for name in names])[platform]
    cadence = market.posts_median * np.exp(market.posts_ln_sd * rng.normal(size=n))
    comments = market.comments_per_like * np.exp(market.comments_ln_sd * rng.normal(size=n))
    return pd.DataFrame(
        {
            "creator_id": id_column(prefix, np.arange(1, n + 1)),
            "platform": text_column(names, platform),
            "niche": text_column(NICHES, niche),
            "grade": text_column(AUTHENTICITY_GRADES, grade),
            "ln_followers": _ln_followers(rng, n, market),
            "bought_share": _bought_share(rng, grade, market),
            "creator_effect": market.creator_sd * rng.normal(size=n),
            "niche_effect": niche_effects[platform, niche],
            "pods_lift": np.where(pods, rng.uniform(*market.pods_lift, n), 0.0),
            "post_sd": np.sqrt(1 - market.momentum_share)
            * np.where(pods, rng.uniform(*market.pods_sd, n), rng.uniform(*market.post_sd, n)),
            "sponsored_effect": _sponsored_effect(rng, n, market),
            "sponsored_share": rng.beta(1, 1 / market.sponsored_share - 1, n),
            "cadence": np.where(
                rng.random(n) < market.no_posts_share, 0, np.minimum(cadence, market.posts_most)
            ),
            "comments_per_like": np.minimum(
                comments * np.where(pods, market.pods_comments, 1.0), 0.5
            ),
            "shares_per_like": share * np.exp(0.5 * rng.normal(size=n)),
            "saves_per_like": market.saves_per_like
            * np.exp(0.5 * rng.normal(size=n))
            * np.where(engaged, market.engaged_saves, 1.0),
            "views_effect": market.views_creator_sd * rng.normal(size=n),
        }
    )


def _ln_followers(rng: np.random.Generator, n: int, market: MarketParameters) -> np.ndarray:
    """Draw ln followers shown at the end of the data: bands by their shares, even within a band on
    the ln scale.
    """
    edges = np.log([100, *list(BAND_EDGES.values())[1:], 5_000_000])
    band = rng.choice(len(BAND_EDGES), n, p=market.band_shares)
    return edges[band] + rng.random(n) * (edges[band + 1] - edges[band])


def _bought_share(
    rng: np.random.Generator, grade: np.ndarray, market: MarketParameters
) -> np.ndarray:
    low, high = np.array(
        [market.bought_share.get(name, (0.0, 0.0)) for name in AUTHENTICITY_GRADES]
    ).T
    return rng.uniform(low[grade], high[grade])


def _sponsored_effect(rng: np.random.Generator, n: int, market: MarketParameters) -> np.ndarray:
    return np.log1p(np.clip(rng.normal(market.sponsored_mean, market.sponsored_sd, n), -0.75, 1.0))


def _follower_paths(
    rng: np.random.Generator, accounts: pd.DataFrame, market: MarketParameters
) -> tuple[np.ndarray, np.ndarray]:
    """Return ln followers shown and ln followers who engage, by month.

    Real followers grow; bought ones come in one to three jumps (crude) or little by little (drip,
    engaged), all of them by the end of the data. Only those of the grade `engaged` engage.
    """
    n, months = len(accounts), np.arange(market.months + 1)
    growth = rng.normal(0.012, 0.015, (n, 1)) + rng.normal(0, 0.01, (n, len(months)))
    path = growth.cumsum(axis=1)
    rows, end = np.arange(n), np.full(n, float(market.days))
    path -= interpolate_paths(path, rows, end)[:, None]
    bought = accounts["bought_share"].to_numpy()[:, None]
    real = accounts["ln_followers"].to_numpy()[:, None] + np.log1p(-bought) + path
    span = market.days / DAYS_PER_MONTH
    # a market of a few months has its jumps and its buyers all the same
    last = max(1, int(span))
    jumps = rng.integers(min(2, last - 1), last, (n, 3))
    jumps[:, 1:] = np.where(rng.random((n, 2)) < 0.5, jumps[:, 1:], jumps[:, :1])
    in_jumps = (jumps[:, :, None] <= months).mean(axis=1)
    begun = rng.uniform(0, min(6, span / 2), (n, 1))
    little_by_little = np.clip((months - begun) / (span - begun), 0, 1)
    grade = accounts["grade"].to_numpy()[:, None]
    shown = real + np.log1p(
        bought / (1 - bought) * np.where(grade == "crude", in_jumps, little_by_little)
    )
    return shown, np.where(grade == "engaged", shown, real)


def _levels(
    rng: np.random.Generator, accounts: pd.DataFrame, audience: np.ndarray, market: MarketParameters
) -> np.ndarray:
    rate = np.empty_like(audience)
    for name, platform in market.platforms.items():
        here = (accounts["platform"] == name).to_numpy()
        rate[here] = platform.ln_rate_by_followers(audience[here])
    effects = accounts["niche_effect"] + accounts["creator_effect"] + accounts["pods_lift"]
    drift = market.drift_sd * _paths(rng, audience.shape, market.drift_memory)
    return audience + rate + effects.to_numpy()[:, None] + drift


def _momentum(
    rng: np.random.Generator, accounts: pd.DataFrame, market: MarketParameters
) -> np.ndarray:
    """Return what is added to the level in each week, (n, weeks + 1), in proportion to post_sd."""
    share = market.momentum_share
    sd = accounts["post_sd"].to_numpy() * np.sqrt(share / (1 - share))
    shape = len(accounts), len(momentum_columns(market))
    paths = _paths(rng, shape, np.exp(-DAYS_PER_WEEK / market.momentum_days))
    return (sd[:, None] * paths).astype(np.float32)


def _paths(rng: np.random.Generator, shape: tuple[int, int], memory: float) -> np.ndarray:
    """Return stationary autoregressive paths of the first order, one a row, of sd 1."""
    path = rng.normal(size=shape)
    for step in range(1, shape[1]):
        path[:, step] = memory * path[:, step - 1] + np.sqrt(1 - memory**2) * path[:, step]
    return path


def _format_columns(
    rng: np.random.Generator, accounts: pd.DataFrame, market: MarketParameters
) -> pd.DataFrame:
    """Return each creator's shares of formats and ln effects of formats, around those of the
    platform.
    """
    n = len(accounts)
    shares, effects = np.zeros((n, len(FORMATS))), np.zeros((n, len(FORMATS)))
    for name, platform in market.platforms.items():
        here = (accounts["platform"] == name).to_numpy()
        shares[here], effects[here] = platform.format_arrays()
    mix = rng.gamma(6 * np.maximum(shares, 1e-9)) * (shares > 0)
    mix = np.where(mix.sum(axis=1, keepdims=True) > 0, mix, shares)
    effects = effects + market.own_format_sd * rng.normal(size=effects.shape)
    columns = {f"mix_{name}": mix[:, i] / mix.sum(axis=1) for i, name in enumerate(FORMATS)}
    return pd.DataFrame(
        columns | {f"effect_{name}": effects[:, i] for i, name in enumerate(FORMATS)}
    )
