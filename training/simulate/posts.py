"""The posts of the demo market: when they are posted, their outcomes, and their readings."""

import numpy as np
import pandas as pd

from features.tables.schema import POSTS
from features.tables.vocabulary import FORMATS, NICHES
from training.simulate.columns import id_column, table_from_columns, text_column, time_column
from training.simulate.creators import DAY, SimulatedCreators, log_rate_by_views
from training.simulate.parameters import MarketParameters, brand_fit_matrix
from training.simulate.post_content import draw_content
from training.simulate.truth import expected_log_engagements, standard_noise


def plan_posts(
    rng: np.random.Generator,
    creators: SimulatedCreators,
    deals: pd.DataFrame,
    market: MarketParameters,
) -> pd.DataFrame:
    """Plan the creators' own posts and the deliverables of their deals, by creator and time.

    Columns: `row` of the creator, `seconds` since the market's start, `format` and `brand` codes
    (-1 none), `sponsored`, `deal` (row in deals, -1 none) and `age` at which a deliverable is read,
    in seconds.
    """
    own = _own_posts(rng, creators, market)
    booked = deals.loc[deals.index.repeat(deals["deliverables"])]
    nth = booked.groupby(level=0).cumcount()
    booked = pd.DataFrame(
        {
            "row": booked["row"],
            "seconds": booked["seconds"] + (nth * market.deliverable_gap_days * DAY).astype(int),
            "format": booked["format"],
            "brand": booked["brand"],
            "sponsored": True,
            "deal": booked.index,
            "age": booked["age"],
        }
    )
    booked = booked[booked["seconds"] < (market.days - 1) * DAY]
    return pd.concat([own, booked]).sort_values(
        ["row", "seconds"], kind="stable", ignore_index=True
    )


def draw_outcomes(
    rng: np.random.Generator,
    creators: SimulatedCreators,
    plan: pd.DataFrame,
    market: MarketParameters,
) -> pd.DataFrame:
    """Return the plan with `fit`, `ln_expected` and the post's own `noise` (sd 1)."""
    row, brand = plan["row"].to_numpy(), plan["brand"].to_numpy()
    fit = np.where(
        brand >= 0, brand_fit_matrix()[creators.codes("niche", NICHES)[row], brand], np.nan
    )
    days = plan["seconds"].to_numpy() / DAY
    mean = expected_log_engagements(
        creators.truth,
        row,
        days,
        plan["format"].to_numpy(),
        plan["sponsored"].to_numpy(),
        np.nan_to_num(fit),
        market,
    )
    noise = standard_noise(rng.standard_t(market.noise_df, len(plan)), market)
    return plan.assign(
        fit=fit, ln_expected=mean, noise=noise, post_id=id_column("p", np.arange(len(plan)))
    )


def draw_readings(
    rng: np.random.Generator,
    creators: SimulatedCreators,
    posts: pd.DataFrame,
    market: MarketParameters,
) -> pd.DataFrame:
    """Read each post once or twice: `post` (row in posts), `age` in seconds, and the counts as the
    platform has them.

    Counts of a later reading are those of the earlier plus what came between.
    """
    first, second = _reading_ages(rng, creators, posts, market)
    twice = np.flatnonzero(second > first)
    post = np.concatenate([np.arange(len(posts)), twice])
    age = np.concatenate([first, second[twice]])
    accrued = _accrued(creators, posts["row"].to_numpy()[post], age / DAY, market)
    before = np.concatenate([np.zeros(len(posts)), accrued[twice]])
    readings = pd.DataFrame({"post": post, "age": age})
    lifetime = _lifetime_counts(rng, creators, posts, market)
    for name, expected in lifetime.items():
        if name == "views":
            continue
        counts = rng.poisson(expected[post] * (accrued - before)).astype(float)
        counts[len(posts) :] += counts[twice]
        readings[name] = counts
    engagements = readings["likes"] + readings["comments"] + readings["shares"]
    readings["views"] = np.maximum(np.rint(lifetime["views"][post] * accrued), engagements)
    return readings.sort_values(["post", "age"], ignore_index=True)


def posts_table(
    rng: np.random.Generator,
    creators: SimulatedCreators,
    posts: pd.DataFrame,
    readings: pd.DataFrame,
    market: MarketParameters,
) -> pd.DataFrame:
    """Return the canonical table of readings: what a platform does not show, or a creator hides, is
    missing.
    """
    shown = _shown(rng, creators, posts, market)
    content = draw_content(rng, creators, posts, market)
    post = readings["post"].to_numpy()
    hidden = shown["likes_hidden"][post]
    counts = {
        "likes": readings["likes"].mask(hidden),
        "comments": readings["comments"],
        "shares": readings["shares"].where(shown["shares"][post]),
        "saves": readings["saves"].where(shown["saves"][post]),
        "views": readings["views"].where(shown["views"][post]),
    }
    row = posts["row"].to_numpy()[post]
    return table_from_columns(
        POSTS,
        len(readings),
        platform=text_column(creators.truth["platform"], row),
        post_id=text_column(posts["post_id"], post),
        observed_at=time_column(
            market.start, posts["seconds"].to_numpy()[post] + readings["age"].to_numpy()
        ),
        creator_id=text_column(creators.truth["creator_id"], row),
        posted_at=time_column(market.start, posts["seconds"].to_numpy()[post]),
        format=text_column(FORMATS, posts["format"].to_numpy()[post]),
        likes_hidden=hidden,
        repost=np.zeros(len(readings), dtype=bool),
        sponsored=posts["sponsored"].to_numpy()[post],
        brand_niche=text_column(NICHES, shown["brand"][post]),
        **counts,
        **{name: values.take(post).reset_index(drop=True) for name, values in content.items()},
    )


def draw_brands(
    rng: np.random.Generator, niches: np.ndarray, market: MarketParameters
) -> np.ndarray:
    """Draw a brand's niche for creators of these niches, by the shares `fit_shares`."""
    fit = brand_fit_matrix()
    weights = np.zeros_like(fit)
    for level, share in zip((0.0, 0.5, 1.0), market.fit_shares, strict=True):
        weights += share * (fit == level) / (fit == level).sum(axis=1, keepdims=True)
    return (rng.random((len(niches), 1)) > weights.cumsum(axis=1)[niches, :-1]).sum(axis=1)


def draw_formats(
    rng: np.random.Generator, creators: SimulatedCreators, rows: np.ndarray
) -> np.ndarray:
    """Draw a format for each of these creators from the creator's own mix."""
    mix = creators.truth[[f"mix_{name}" for name in FORMATS]].to_numpy().cumsum(axis=1)
    return (rng.random((len(rows), 1)) > mix[rows, :-1]).sum(axis=1)


def _own_posts(
    rng: np.random.Generator, creators: SimulatedCreators, market: MarketParameters
) -> pd.DataFrame:
    last = market.days - 1
    active = (last - creators.joined) / last
    count = rng.poisson(creators.truth["cadence"] * active)
    row = np.repeat(np.arange(len(creators)), count)
    day = np.floor(creators.joined[row] + rng.random(len(row)) * (last - creators.joined[row]))
    busy = 1 + 0.8 * np.cos(2 * np.pi * (np.arange(24) - 18) / 24)
    hour = rng.choice(24, len(row), p=busy / busy.sum())
    sponsored = rng.random(len(row)) < creators.truth["sponsored_share"].to_numpy()[row]
    brand = np.full(len(row), -1)
    brand[sponsored] = draw_brands(rng, creators.codes("niche", NICHES)[row[sponsored]], market)
    return pd.DataFrame(
        {
            "row": row,
            "seconds": (day * DAY).astype(int) + hour * 3600 + rng.integers(0, 3600, len(row)),
            "format": draw_formats(rng, creators, row),
            "brand": brand,
            "sponsored": sponsored,
            "deal": -1,
            "age": np.nan,
        }
    )


def _reading_ages(
    rng: np.random.Generator,
    creators: SimulatedCreators,
    posts: pd.DataFrame,
    market: MarketParameters,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the ages at the first and the second reading, in whole seconds; the second is 0 where
    there is none.
    """
    n = len(posts)
    sweep = np.floor(creators.sweep[posts["row"].to_numpy()] * DAY - posts["seconds"].to_numpy())
    way = rng.random(n)
    once, twice = way < market.read_once_share, way > 1 - market.read_twice_share
    mature = np.minimum(rng.uniform(7.05, 30, n) * DAY, sweep)
    early = rng.uniform(0.2, 5, n) * DAY
    twice &= early < sweep
    first = np.select([once, twice], [sweep, early], mature)
    booked = posts["age"].notna().to_numpy()
    first[booked] = np.minimum(posts["age"].to_numpy(), sweep)[booked]
    second = np.where(twice & ~booked, mature, 0.0)
    return np.floor(first).astype(int), np.floor(second).astype(int)


def _accrued(
    creators: SimulatedCreators, rows: np.ndarray, age_days: np.ndarray, market: MarketParameters
) -> np.ndarray:
    platforms = creators.codes("platform", tuple(market.platforms))[rows]
    accrued = np.empty(len(rows))
    for code, platform in enumerate(market.platforms.values()):
        accrued[platforms == code] = platform.accrued_share(age_days[platforms == code])
    return accrued


def _lifetime_counts(
    rng: np.random.Generator,
    creators: SimulatedCreators,
    posts: pd.DataFrame,
    market: MarketParameters,
) -> dict[str, np.ndarray]:
    """Return what each post brings in its life, noise included: its expected counts of each kind,
    and its views.
    """
    row = posts["row"].to_numpy()
    truth = {
        name: values.to_numpy()[row]
        for name, values in creators.truth.items()
        if name.endswith("_per_like")
    }
    ln_engagements = (
        posts["ln_expected"] + creators.truth["post_sd"].to_numpy()[row] * posts["noise"]
    ).to_numpy()
    comments = truth["comments_per_like"] * np.exp(0.2 * rng.normal(size=len(row)))
    likes = np.exp(ln_engagements) / (1 + comments + truth["shares_per_like"])
    rate = log_rate_by_views(creators, row, posts["seconds"].to_numpy() / DAY, market)
    ln_views = ln_engagements - rate + market.views_post_sd * rng.normal(size=len(row))
    return {
        "likes": likes,
        "comments": likes * comments,
        "shares": likes * truth["shares_per_like"],
        "saves": likes * truth["saves_per_like"],
        "views": np.exp(ln_views),
    }


def _shown(
    rng: np.random.Generator,
    creators: SimulatedCreators,
    posts: pd.DataFrame,
    market: MarketParameters,
) -> dict[str, np.ndarray]:
    row = posts["row"].to_numpy()
    platform = creators.truth["platform"].to_numpy()[row]
    opened = rng.random(len(creators)) < 0.3
    still = np.isin(posts["format"], [FORMATS.index("image"), FORMATS.index("carousel")])
    return {
        "likes_hidden": creators.hides_likes[row] & (rng.random(len(row)) < 0.8),
        "shares": platform == "tiktok",
        "saves": (platform == "tiktok") | ((platform == "instagram") & opened[row]),
        "views": (platform != "instagram") | ~still,
        "brand": np.where(rng.random(len(row)) < 0.1, -1, posts["brand"]),
    }
