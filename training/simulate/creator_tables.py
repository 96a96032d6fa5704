"""What the tables of the demo market show of its creators: profiles and follower readings."""

import numpy as np
import pandas as pd

from features.tables.schema import CREATORS, FOLLOWERS
from features.tables.vocabulary import NICHES
from training.simulate.columns import table_from_columns, text_column, time_column
from training.simulate.creators import DAY, SimulatedCreators
from training.simulate.niche_words import LANGUAGES, NICHE_WORDS
from training.simulate.parameters import MarketParameters
from training.simulate.truth import DAYS_PER_MONTH, interpolate_paths

#: Four countries for each of LANGUAGES.
COUNTRIES = ("US", "GB", "IN", "BR", "ES", "MX", "AR", "CO", "DE", "AT", "CH", "DE")


def creators_table(
    rng: np.random.Generator, creators: SimulatedCreators, market: MarketParameters
) -> pd.DataFrame:
    """Return one profile a creator; most are read in the final sweep, some earlier, some parts are
    missing.
    """
    n, truth = len(creators), creators.truth
    earlier = np.where(rng.random(n) < 0.1, rng.uniform(1, 90, n), 0.0)
    read = np.maximum(creators.sweep - earlier, creators.joined + 1)
    followers = np.exp(interpolate_paths(creators.followers_shown_log, np.arange(n), read)).round()
    age = np.where(creators.joined > 0, -creators.joined, rng.integers(30, 3000, n))
    niche = creators.codes("niche", NICHES)
    return table_from_columns(
        CREATORS,
        n,
        creator_id=truth["creator_id"],
        platform=truth["platform"],
        observed_at=time_column(market.start, (read * DAY).round()),
        handle=truth["platform"].str[:2] + "_" + truth["creator_id"],
        followers=np.where(rng.random(n) < 0.02, np.nan, followers),
        following=np.exp(rng.normal(6, 1, n)).round(),
        posts_count=_posts_so_far(rng, truth["cadence"].to_numpy(), age + market.days, market),
        created_at=time_column(market.start, -age * DAY),
        niche=text_column(NICHES, np.where(rng.random(n) < 0.15, -1, niche)),
        bio=text_column(
            _bios(), np.where(rng.random(n) < 0.4, -1, niche * len(LANGUAGES) + creators.language)
        ),
        language=text_column(LANGUAGES, np.where(rng.random(n) < 0.2, -1, creators.language)),
        country=text_column(
            COUNTRIES,
            np.where(rng.random(n) < 0.2, -1, creators.language * 4 + rng.integers(0, 4, n)),
        ),
        verified=rng.random(n) < np.where(followers > 100_000, 0.5, 0.02),
        business=rng.random(n) < 0.4,
    )


def followers_table(
    rng: np.random.Generator, creators: SimulatedCreators, market: MarketParameters
) -> pd.DataFrame:
    """Return monthly follower readings of most creators, from their first month to the end of the
    data.
    """
    tracked = np.flatnonzero(rng.random(len(creators)) < 0.85)
    months = np.arange(int(market.days / DAYS_PER_MONTH) + 1)
    row, month = np.repeat(tracked, len(months)), np.tile(months, len(tracked))
    seconds = ((month * DAYS_PER_MONTH + rng.random(len(row))) * DAY).round()
    due = (seconds >= creators.joined[row] * DAY) & (seconds <= creators.sweep[row] * DAY)
    row, seconds = row[due], seconds[due]
    return table_from_columns(
        FOLLOWERS,
        len(row),
        creator_id=text_column(creators.truth["creator_id"], row),
        platform=text_column(creators.truth["platform"], row),
        observed_at=time_column(market.start, seconds),
        followers=np.exp(
            interpolate_paths(creators.followers_shown_log, row, seconds / DAY)
        ).round(),
    )


def _posts_so_far(
    rng: np.random.Generator, cadence: np.ndarray, age_days: np.ndarray, market: MarketParameters
) -> np.ndarray:
    """Return posts since the account was opened; creators without posts in the tables have some all
    the same.
    """
    usual = market.posts_median * np.exp(market.posts_ln_sd * rng.normal(size=len(cadence)))
    return np.ceil(1.5 * np.where(cadence > 0, cadence, usual) * age_days / market.days + 10)


def _bios() -> list[str]:
    """Return a profile text for each niche and language, languages of one niche together."""
    return [" | ".join(words.split()[:3]) for niche in NICHES for words in NICHE_WORDS[niche]]
