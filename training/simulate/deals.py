"""The partnerships of the demo market, their fees and outcomes, and a list of prospects."""

import numpy as np
import pandas as pd

from features.tables.schema import PARTNERSHIPS, PROSPECTS
from features.tables.vocabulary import FORMATS, NICHES
from training.simulate.columns import id_column, table_from_columns, text_column, time_column
from training.simulate.creators import DAY, SimulatedCreators, draw_creators, log_rate_by_views
from training.simulate.niche_words import LANGUAGES
from training.simulate.parameters import MarketParameters, brand_fit_matrix
from training.simulate.posts import draw_brands, draw_formats
from training.simulate.truth import expected_log_engagements, interpolate_paths

#: The campaign that the prospects are for: its brand's niche, and the share of prospects outside
#: the tables.
CAMPAIGN_NICHE = "beauty"
_OUTSIDE_SHARE = 0.4


def plan_deals(
    rng: np.random.Generator, creators: SimulatedCreators, market: MarketParameters
) -> pd.DataFrame:
    """Return planned partnerships.

    `row` of the creator, `seconds` of the first post since the market's start, codes of `format`
    and `brand`, `deliverables`, `read_at`, the second at which all of them are read, and `fee_usd`,
    NaN where unknown.
    """
    n = max(1, round(market.deals_per_creator * len(creators)))
    future = rng.random(n) < market.future_share
    busy = (creators.truth["cadence"] > 0).to_numpy().astype(float)
    past_row = (
        rng.choice(len(creators), n, p=busy / busy.sum())
        if busy.any()
        else rng.integers(0, len(creators), n)
    )
    row = np.where(future, rng.integers(0, len(creators), n), past_row)
    first = np.maximum(creators.joined[row], min(60, market.days // 3))
    day = np.where(
        future, market.days + rng.integers(2, 90, n), rng.integers(first, market.days - 2)
    )
    deliverables = rng.choice([1, 2, 3, 4, 5], n, p=[0.45, 0.2, 0.2, 0.05, 0.1])
    fees = draw_fees(rng, creators, row, day, deliverables, market)
    seconds = day * DAY + rng.integers(8, 21, n) * 3600
    return pd.DataFrame(
        {
            "row": row,
            "seconds": seconds,
            "format": draw_formats(rng, creators, row),
            "brand": draw_brands(rng, creators.codes("niche", NICHES)[row], market),
            "deliverables": deliverables,
            "read_at": _outcome_moments(rng, seconds, deliverables, creators.sweep[row], market),
            "fee_usd": np.where(rng.random(n) < market.fee_known_share, fees, np.nan),
        }
    )


def _outcome_moments(
    rng: np.random.Generator,
    seconds: np.ndarray,
    deliverables: np.ndarray,
    sweep: np.ndarray,
    market: MarketParameters,
) -> np.ndarray:
    """Return the second at which the outcome of each deal is read: 7 to 30 days after the last
    post; in a market that is read in one sweep, at its day `sweep` where that is later.
    """
    last = seconds + ((deliverables - 1) * market.deliverable_gap_days * DAY).astype(int)
    read_at = last + np.floor(rng.uniform(7.05, 30, len(last)) * DAY).astype(int)
    if market.readings == "sweep":
        read_at = np.maximum(read_at, np.floor(sweep * DAY).astype(int))
    return read_at


def draw_fees(
    rng: np.random.Generator,
    creators: SimulatedCreators,
    row: np.ndarray,
    days: np.ndarray,
    deliverables: np.ndarray,
    market: MarketParameters,
) -> np.ndarray:
    """Draw fees in whole USD for all deliverables together."""
    factor = np.array([p.fee_factor for p in market.platforms.values()])
    platform = creators.codes("platform", tuple(market.platforms))[row]
    ln_fee = np.log(market.fee_usd_at_10k * factor[platform])
    ln_fee += market.fee_exponent * (
        interpolate_paths(creators.followers_shown_log, row, days) - np.log(10_000)
    )
    ln_fee += market.fee_level_share * creators.truth["creator_effect"].to_numpy()[row]
    ln_fee += market.fee_ln_sd * rng.normal(size=len(row))
    return np.maximum(np.rint(deliverables * np.exp(ln_fee)), 1.0)


def partnerships_table(
    creators: SimulatedCreators,
    deals: pd.DataFrame,
    posts: pd.DataFrame,
    readings: pd.DataFrame,
    market: MarketParameters,
) -> pd.DataFrame:
    """Return the partnerships table; an outcome is the sum over deliverables, read at one moment.

    It is known once all deliverables are mature. The brand sees the counts of a creator who hides
    likes; views are missing where the platform shows none.
    """
    n, row = len(deals), deals["row"].to_numpy()
    due = deals["read_at"].to_numpy()
    over = due <= creators.sweep[row] * DAY
    post = readings["post"].to_numpy()
    read_at = posts["seconds"].to_numpy()[post] + readings["age"].to_numpy()
    deal = posts["deal"].to_numpy()[post]
    is_outcome = (deal >= 0) & readings["listed"].to_numpy() & (read_at == due[deal])
    counts = readings[is_outcome].groupby(deal[is_outcome])
    totals = counts[["likes", "comments", "shares", "views"]].sum().reindex(range(n))
    still = np.isin(deals["format"], [FORMATS.index("image"), FORMATS.index("carousel")])
    unseen = still & (creators.truth["platform"].to_numpy()[row] == "instagram")
    return table_from_columns(
        PARTNERSHIPS,
        n,
        partnership_id=id_column("d", np.arange(n)),
        creator_id=text_column(creators.truth["creator_id"], row),
        platform=text_column(creators.truth["platform"], row),
        brand_niche=text_column(NICHES, deals["brand"].to_numpy()),
        format=text_column(FORMATS, deals["format"].to_numpy()),
        deliverables=deals["deliverables"],
        start_at=time_column(market.start, deals["seconds"].to_numpy()),
        fee_usd=deals["fee_usd"],
        engagements=totals[["likes", "comments", "shares"]].sum(axis=1, skipna=False).where(over),
        views=totals["views"].where(over & ~unseen),
        observed_at=time_column(market.start, due).where(over),
    )


def partnerships_truth(
    creators: SimulatedCreators, deals: pd.DataFrame, market: MarketParameters
) -> pd.DataFrame:
    """Return MarketTruth.partnerships.

    It has ln engagements expected of the first deliverable, and the age of the last when all are
    read.
    """
    row = deals["row"].to_numpy()
    fit = brand_fit_matrix()[creators.codes("niche", NICHES)[row], deals["brand"].to_numpy()]
    mean = expected_log_engagements(
        creators.truth,
        row,
        deals["seconds"].to_numpy() / DAY,
        deals["format"].to_numpy(),
        np.ones(len(row), bool),
        fit,
        market,
    )
    return pd.DataFrame(
        {
            "partnership_id": id_column("d", np.arange(len(deals))),
            "creator_id": text_column(creators.truth["creator_id"], row),
            "platform": text_column(creators.truth["platform"], row),
            "fit": fit,
            "ln_expected": mean,
            "age_days": (deals["read_at"] - deals["seconds"]) / DAY
            - (deals["deliverables"] - 1) * market.deliverable_gap_days,
        }
    )


def draw_prospects(
    rng: np.random.Generator,
    creators: SimulatedCreators,
    market: MarketParameters,
    length: int = 200,
) -> pd.DataFrame:
    """Draw a campaign manager's list: creators of the tables, and others with averages or a profile
    only.

    Most rows have a fee; the posts are planned for one to eight weeks after the end of the data.
    """
    outside = draw_creators(rng, round(_OUTSIDE_SHARE * length), market, prefix="new")
    chosen = _choose_suited(rng, creators, length - len(outside))
    rows = [_offers(rng, creators, chosen, market), _described(rng, outside, market)]
    listed = pd.concat(rows, ignore_index=True)
    listed = listed.iloc[rng.permutation(len(listed))].reset_index(drop=True)
    listed["partnership_id"] = [f"prospect-{number:03d}" for number in range(1, len(listed) + 1)]
    return listed[[name for name in PROSPECTS.names if name in listed]]


def draw_outside_prospects(
    rng: np.random.Generator, length: int, market: MarketParameters
) -> pd.DataFrame:
    """Draw prospects outside of the tables: a profile, and for six in ten a vendor's averages."""
    return _described(rng, draw_creators(rng, length, market, prefix="new"), market)


def _described(
    rng: np.random.Generator, outside: SimulatedCreators, market: MarketParameters
) -> pd.DataFrame:
    return _offers(rng, outside, np.arange(len(outside)), market).assign(
        **_profile(rng, outside, market)
    )


def _choose_suited(
    rng: np.random.Generator, creators: SimulatedCreators, length: int
) -> np.ndarray:
    """Choose creators for the campaign, those of a related niche ten times as likely."""
    fit = brand_fit_matrix()[creators.codes("niche", NICHES), NICHES.index(CAMPAIGN_NICHE)]
    weights = np.where(fit > 0, 10.0, 1.0)
    return rng.choice(
        len(creators), min(length, len(creators)), replace=False, p=weights / weights.sum()
    )


def _offers(
    rng: np.random.Generator,
    creators: SimulatedCreators,
    rows: np.ndarray,
    market: MarketParameters,
) -> pd.DataFrame:
    n = len(rows)
    days = market.days + rng.integers(7, 56, n)
    deliverables = rng.choice([1, 2, 3, 5], n, p=[0.5, 0.2, 0.2, 0.1])
    fees = draw_fees(rng, creators, rows, days, deliverables, market)
    return pd.DataFrame(
        {
            "creator_id": text_column(creators.truth["creator_id"], rows),
            "platform": text_column(creators.truth["platform"], rows),
            "brand_niche": CAMPAIGN_NICHE,
            "format": text_column(
                FORMATS, np.where(rng.random(n) < 0.1, -1, draw_formats(rng, creators, rows))
            ),
            "deliverables": deliverables,
            "start_at": time_column(market.start, days * DAY + 12 * 3600),
            "fee_usd": np.where(rng.random(n) < 0.85, fees, np.nan),
        }
    )


def _profile(
    rng: np.random.Generator, creators: SimulatedCreators, market: MarketParameters
) -> dict[str, pd.Series]:
    """Return profiles, and for six in ten a vendor's averages: all counts, or only the rate."""
    n, truth = len(creators), creators.truth
    rows, end = np.arange(n), np.full(n, float(market.days))
    followers = np.exp(interpolate_paths(creators.followers_shown_log, rows, end)).round()
    level = interpolate_paths(truth.filter(regex="^level_").to_numpy(), rows, end)
    variance = truth["post_sd"] ** 2 / (1 - market.momentum_share)
    total = np.exp(level + variance / 2 + 0.15 * rng.normal(size=n))
    likes = total / (1 + truth["comments_per_like"] + truth["shares_per_like"])
    views = total / np.exp(log_rate_by_views(creators, rows, end, market))
    kind = rng.random(n)
    counts, rate = kind < 0.4, (kind >= 0.4) & (kind < 0.6)
    tiktok = (truth["platform"] == "tiktok").to_numpy()
    return {
        "handle": truth["platform"].str[:2] + "_" + truth["creator_id"],
        "followers": pd.Series(followers),
        "niche": text_column(
            NICHES, np.where(rng.random(n) < 0.15, -1, creators.codes("niche", NICHES))
        ),
        "language": text_column(LANGUAGES, creators.language),
        "avg_likes": likes.round().where(counts),
        "avg_comments": (likes * truth["comments_per_like"]).round(1).where(counts),
        "avg_shares": (likes * truth["shares_per_like"]).round(1).where(counts & tiktok),
        "avg_views": views.round().where(counts & (truth["platform"] != "instagram")),
        "engagement_rate_by_followers": (total / followers).round(5).where(rate & ~tiktok),
        "engagement_rate_by_views": (total / views).clip(upper=1).round(4).where(rate & tiktok),
    }
