"""The readings of the posts of the demo market: at which ages posts are read, and their counts."""

import numpy as np
import pandas as pd

from features.maturation.curve import YOUNGEST_DAYS
from training.simulate.accrual import ln_accrued
from training.simulate.columns import text_column
from training.simulate.creators import DAY, SimulatedCreators, log_rate_by_views
from training.simulate.parameters import MarketParameters

#: In a market of daily readings a post is read on each of its first days, then at these ages.
_FIRST_DAYS, _LATER_AGES_DAYS = 10, (30,)
_ENGAGEMENTS = ["likes", "comments", "shares"]


def draw_readings(
    rng: np.random.Generator,
    creators: SimulatedCreators,
    posts: pd.DataFrame,
    market: MarketParameters,
) -> pd.DataFrame:
    """Read each post at the ages of `market.readings` and of `market.truth_ages_days`.

    Columns: `post` (row in posts), `age` in whole seconds, `listed` (in the tables, not only in the
    truth), and the counts as the platform has them. Rows are by post and age. Counts of a later
    reading are those of the earlier plus what came between.
    """
    readings = _ages(rng, creators, posts, market)
    post = readings["post"].to_numpy()
    platforms = creators.truth["platform"].to_numpy()[posts["row"].to_numpy()[post]]
    age_days, pace = readings["age"].to_numpy() / DAY, rng.random(len(posts))[post]
    accrued = {
        measure: np.exp(ln_accrued(measure, platforms, age_days, pace, market))
        for measure in ("engagements", "views")
    }
    gained = pd.Series(accrued["engagements"]).groupby(post).diff()
    gained = gained.fillna(pd.Series(accrued["engagements"])).to_numpy()
    expected = _expected_counts(rng, creators, posts, market)
    for name in (*_ENGAGEMENTS, "saves"):
        counts = pd.Series(rng.poisson(expected[name][post] * gained).astype(float))
        readings[name] = counts.groupby(post).cumsum()
    views = np.rint(expected["views"][post] * accrued["views"])
    readings["views"] = np.maximum(views, readings[_ENGAGEMENTS].sum(axis=1))
    return readings


def truth_readings(
    creators: SimulatedCreators, posts: pd.DataFrame, readings: pd.DataFrame
) -> pd.DataFrame:
    """Return MarketTruth.readings."""
    apart = readings[~readings["listed"]].reset_index(drop=True)
    post = apart["post"].to_numpy()
    return pd.DataFrame(
        {
            "platform": text_column(creators.truth["platform"], posts["row"].to_numpy()[post]),
            "post_id": text_column(posts["post_id"], post),
            "age_days": apart["age"] / DAY,
            "engagements": apart[_ENGAGEMENTS].sum(axis=1),
            "views": apart["views"],
        }
    )


def _ages(
    rng: np.random.Generator,
    creators: SimulatedCreators,
    posts: pd.DataFrame,
    market: MarketParameters,
) -> pd.DataFrame:
    """Return `post`, `age` and `listed` of every reading, by post and age."""
    sweep = creators.sweep[posts["row"].to_numpy()] * DAY - posts["seconds"].to_numpy()
    sweep = np.floor(sweep)
    draw = {"mixed": _mixed_ages, "sweep": _sweep_ages, "daily": _daily_ages}[market.readings]
    listed = draw(rng, posts["age"].to_numpy(), sweep, market)
    due = (listed["age"] >= YOUNGEST_DAYS * DAY) & (listed["age"] <= sweep[listed["post"]])
    listed = listed[due].drop_duplicates(["post", "age"])
    apart = [_at_age(np.full(len(posts), days * DAY)) for days in market.truth_ages_days]
    parts = [listed.assign(listed=True), *(part.assign(listed=False) for part in apart)]
    ages = pd.concat(parts).sort_values(["post", "age"], kind="stable", ignore_index=True)
    return ages.astype({"age": int})


def _mixed_ages(
    rng: np.random.Generator, outcome: np.ndarray, sweep: np.ndarray, market: MarketParameters
) -> pd.DataFrame:
    """Read each post once or twice; a deliverable once, when the outcome is.

    - `outcome`: age in seconds at which the outcome of the post's deal is read, NaN for own posts
    - `sweep`: age at the end of the data, below 0 for a later post
    """
    n, booked = len(sweep), ~np.isnan(outcome)
    way = rng.random(n)
    once, twice = way < market.read_once_share, way > 1 - market.read_twice_share
    mature = np.minimum(rng.uniform(7.05, 30, n) * DAY, sweep)
    early = rng.uniform(0.2, 5, n) * DAY
    twice &= (early < sweep) & ~booked
    first = np.select([booked, once, twice], [np.fmin(outcome, sweep), sweep, early], mature)
    return pd.concat([_at_age(first), _at_age(np.where(twice, mature, 0.0))])


def _sweep_ages(
    rng: np.random.Generator, outcome: np.ndarray, sweep: np.ndarray, market: MarketParameters
) -> pd.DataFrame:
    """Read every post once, at the end; the arguments are those of `_mixed_ages`."""
    return _at_age(sweep)


def _daily_ages(
    rng: np.random.Generator, outcome: np.ndarray, sweep: np.ndarray, market: MarketParameters
) -> pd.DataFrame:
    """Read every post at the same hour each day, at that of the end; arguments as `_mixed_ages`."""
    first = np.where(sweep < 0, 0, sweep % DAY)
    days = [*range(_FIRST_DAYS), *_LATER_AGES_DAYS]
    ages = [*(first + day * DAY for day in days), np.nan_to_num(np.fmin(outcome, sweep)), sweep]
    return pd.concat([_at_age(age) for age in ages])


def _at_age(age: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame({"post": np.arange(len(age)), "age": np.floor(age)})


def _expected_counts(
    rng: np.random.Generator,
    creators: SimulatedCreators,
    posts: pd.DataFrame,
    market: MarketParameters,
) -> dict[str, np.ndarray]:
    """Return what each post brings by `market.horizon_days`, noise included: its expected counts of
    each kind, and its views.
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
