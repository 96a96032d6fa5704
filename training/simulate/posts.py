"""The posts of the demo market: when they are posted, what is expected of them, and their table."""

import numpy as np
import pandas as pd

from features.tables.schema import POSTS
from features.tables.vocabulary import FORMATS, NICHES
from training.simulate.columns import id_column, table_from_columns, text_column, time_column
from training.simulate.creators import DAY, SimulatedCreators
from training.simulate.parameters import MarketParameters, brand_fit_matrix
from training.simulate.post_content import draw_content
from training.simulate.truth import expected_log_engagements, spread_factor, standard_noise


def plan_posts(
    rng: np.random.Generator,
    creators: SimulatedCreators,
    deals: pd.DataFrame,
    market: MarketParameters,
) -> pd.DataFrame:
    """Plan the creators' own posts and the deliverables of their deals, by creator and time.

    Columns: `row` of the creator, `seconds` since the market's start, `format` and `brand` codes
    (-1 none), `sponsored`, `deal` (row in deals, -1 none) and `age` at which a deliverable is read,
    in seconds: the deliverables of one deal are read at one moment.
    """
    first, last = creators.joined, market.days - 1
    own = [_own_posts(rng, creators, first, last, market)]
    if market.later_days:
        first = np.full(len(creators), market.days)
        own.append(_own_posts(rng, creators, first, market.days + market.later_days, market))
    booked = deals.loc[deals.index.repeat(deals["deliverables"])]
    nth = booked.groupby(level=0).cumcount()
    seconds = booked["seconds"] + (nth * market.deliverable_gap_days * DAY).astype(int)
    booked = pd.DataFrame(
        {
            "row": booked["row"],
            "seconds": seconds,
            "format": booked["format"],
            "brand": booked["brand"],
            "sponsored": True,
            "deal": booked.index,
            "age": booked["read_at"] - seconds,
        }
    )
    booked = booked[booked["seconds"] < (market.days - 1) * DAY]
    return pd.concat([*own, booked]).sort_values(
        ["row", "seconds"], kind="stable", ignore_index=True
    )


def draw_outcomes(
    rng: np.random.Generator,
    creators: SimulatedCreators,
    plan: pd.DataFrame,
    market: MarketParameters,
) -> pd.DataFrame:
    """Return the plan with `fit`, `ln_expected` and the post's own `noise` (sd 1 before a
    change of the market)."""
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
    noise = noise * spread_factor(days, market)
    return plan.assign(
        fit=fit, ln_expected=mean, noise=noise, post_id=id_column("p", np.arange(len(plan)))
    )


def posts_table(
    rng: np.random.Generator,
    creators: SimulatedCreators,
    posts: pd.DataFrame,
    readings: pd.DataFrame,
    market: MarketParameters,
) -> pd.DataFrame:
    """Return the canonical table of the readings that are listed: what a platform does not show, or
    a creator hides, is missing.
    """
    shown = _shown(rng, creators, posts, market)
    readings = readings[readings["listed"]].reset_index(drop=True)
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
    rng: np.random.Generator,
    creators: SimulatedCreators,
    first: np.ndarray,
    last: int,
    market: MarketParameters,
) -> pd.DataFrame:
    """Plan posts from each creator's `first` day (n,) to the day `last`, which has none."""
    count = rng.poisson(creators.truth["cadence"] * (last - first) / (market.days - 1))
    row = np.repeat(np.arange(len(creators)), count)
    day = np.floor(first[row] + rng.random(len(row)) * (last - first[row]))
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
