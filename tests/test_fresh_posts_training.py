"""Training rows and readings of young posts: what was read later changes nothing that was asked before."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from features.derive.derive import derive_arrays
from features.derive.fit_reference import fit_reference
from features.history.arrays import DAY_US, to_us
from features.history.history import History
from features.tables.model import Tables
from features.tables.validate import validate
from features.tables.vocabulary import MATURE_DAYS
from training.backtest.evaluate import evaluate_fit
from training.dataset import Sampling, sample_training_rows
from training.fit import Recipe, fit_uncalibrated
from training.platform_times import times_by_platform

START = pd.Timestamp("2026-01-01", tz="UTC")
CREATORS, POSTS, EVERY = 12, 30, 3
#: Readings of every post: (age in days, share of the last count).
READINGS = ((1.5, 0.5), (4.0, 0.7), (9.0, 0.9), (40.0, 1.0))
SAMPLING = Sampling(longest_lead_days=20, per_post=4, summary_share=0, profile_share=0)


def make_posts(readings=READINGS):
    """Give posts of creators, one each EVERY days, with a row for each reading."""
    random = np.random.default_rng(3)
    post = np.arange(CREATORS * POSTS)
    creator = post // POSTS
    likes = np.exp(random.normal(6 + creator / 6, 0.4))
    posted = START + pd.to_timedelta(post % POSTS * EVERY + creator / 24, unit="D")
    frames = [
        pd.DataFrame(
            {
                "platform": "tiktok",
                "post_id": post.astype(str),
                "creator_id": creator.astype(str),
                "posted_at": posted,
                "observed_at": posted + pd.Timedelta(days=age),
                "likes": np.rint(likes * share),
                "comments": 3.0,
                "shares": 1.0,
                "views": np.rint(likes * share * 12),
            }
        )
        for age, share in readings
    ]
    return pd.concat(frames, ignore_index=True)


def make_history(posts):
    names = [str(number) for number in range(CREATORS)]
    creators = pd.DataFrame(
        {"creator_id": names, "platform": "tiktok", "followers": 1000.0 * np.arange(1, 13)}
    )
    return History.from_tables(validate(Tables(creators=creators, posts=posts)))


def in_us(moment):
    return int(to_us(pd.Series([moment]))[0])


@pytest.fixture(scope="module")
def posts():
    return make_posts()


@pytest.fixture(scope="module")
def reference(posts):
    return fit_reference(make_history(posts), START + pd.Timedelta(days=200))


@pytest.mark.parametrize("target", ["engagements", "views"])
@pytest.mark.parametrize("removed", [False, True], ids=["changed", "removed"])
def test_a_later_reading_of_a_young_post_changes_no_row_made_before_it(
    posts, reference, target, removed
):
    """The moment lies between two readings of a post: what the second says is not known yet."""
    moment = START + pd.Timedelta(days=46.2)
    age_then = moment - posts["posted_at"]
    was_young = (age_then > pd.Timedelta(0)) & (age_then < pd.Timedelta(days=MATURE_DAYS))
    later = was_young & (posts["observed_at"] > moment)
    # a post whose first reading is yet to come is there, too
    assert set(posts.loc[later, "observed_at"].sub(posts.loc[later, "posted_at"]).dt.days) == {
        *(1, 4, 9, 40)
    }
    changed = (
        posts[~later]
        if removed
        else posts.assign(
            **{name: posts[name] * np.where(later, 7, 1) for name in ("likes", "views")}
        )
    )
    history, other = (reference.at_horizon(make_history(table)) for table in (posts, changed))
    until = in_us(START + pd.Timedelta(days=200))
    rows = sample_training_rows(history, target, until, SAMPLING)
    if not removed:
        again = sample_training_rows(other, target, until, SAMPLING)
        np.testing.assert_array_equal(rows.queries.as_of, again.queries.as_of)
    x, z = (derive_arrays(one, rows.queries, reference) for one in (history, other))
    made_before = rows.queries.as_of <= in_us(moment)
    asked_about_later = made_before & (rows.posted > in_us(moment))
    assert asked_about_later.sum() > 20
    np.testing.assert_array_equal(x[made_before], z[made_before])
    soon_after = ~made_before & (rows.queries.as_of < in_us(moment + pd.Timedelta(days=5)))
    assert not np.array_equal(x[soon_after], z[soon_after], equal_nan=True)


def test_leads_reach_back_to_the_first_reading_of_a_young_post(reference):
    """By a reading at 1.5 days an account has a known post 5.5 days earlier than without."""
    wide = replace(SAMPLING, longest_lead_days=365.0, per_post=20)
    first = {}
    for name, readings in (("early", READINGS), ("mature", READINGS[2:])):
        history = reference.at_horizon(make_history(make_posts(readings)))
        until = in_us(START + pd.Timedelta(days=200))
        rows = sample_training_rows(history, "engagements", until, wide)
        known = history.posts_with_engagements.known_count(rows.account, rows.queries.as_of)
        assert (known > 0).all()
        age = rows.queries.as_of - history.posts.time[history.posts.start[rows.account]]
        first[name] = age.min() / DAY_US
    assert first["early"] == pytest.approx(1.5, abs=0.2)
    assert first["mature"] == pytest.approx(7, abs=0.2)


def test_fresh_posts_count_among_the_posts_before_a_forecast(posts):
    history = make_history(posts)
    cut = START + pd.Timedelta(days=60.5)
    moments = times_by_platform(in_us(cut))
    fitted = fit_uncalibrated(history, moments, Recipe(threads=1), targets=("engagements",))
    until = times_by_platform(in_us(START + pd.Timedelta(days=200)))
    scores = evaluate_fit(history, fitted, until, Recipe(threads=1)).scores
    known = posts[posts["observed_at"].le(cut) | posts["posted_at"].le(cut - pd.Timedelta(days=7))]
    before = known.groupby("creator_id")["post_id"].nunique()
    names = history.accounts[scores["creator"]].str.split("/").str[1]
    assert scores["posts_before"].tolist() == before[names].tolist()
    settled = posts["posted_at"].le(cut - pd.Timedelta(days=7)).groupby(posts["creator_id"]).sum()
    assert (scores["posts_before"] > settled[names].to_numpy() / len(READINGS)).all()
