from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from features.history.arrays import DAY_US, to_us
from features.history.history import History
from features.history.post_readings import CONTENT_FIELDS
from features.maturation.maturation import AS_READ, published_maturation
from features.tables.folder import read_tables
from features.tables.model import Tables
from features.tables.validate import validate
from features.tables.vocabulary import EVIDENCE, FORMATS, HORIZON_DAYS, MATURE_DAYS
from training.dataset import (
    Sampling,
    account_of_rows,
    hide_content,
    sample_test_rows,
    sample_training_rows,
)


@pytest.fixture(scope="module")
def market(market_folder):
    history = History.from_tables(validate(read_tables(market_folder)))
    return history.at_horizon(published_maturation(), HORIZON_DAYS)


@pytest.fixture(scope="module")
def middle(market):
    return int(np.median(market.posts_with_engagements.time))


@pytest.fixture
def two_posts():
    """One creator, posts with 9 and 19 engagements on 1 January and 1 March; a repost, and one not read when mature."""
    days = ["2026-01-01", "2026-03-01", "2026-03-02", "2026-03-03"]
    posts = pd.DataFrame(
        {
            "platform": "instagram",
            "post_id": ["first", "second", "repost", "early"],
            "creator_id": "a",
            "posted_at": pd.to_datetime(days, utc=True),
            "observed_at": pd.to_datetime(
                ["2026-02-01", "2026-04-01", "2026-04-01", "2026-03-04"], utc=True
            ),
            "format": ["image", "video", "image", "image"],
            "likes": [8.0, 17.0, 5.0, 5.0],
            "comments": [1.0, 2.0, 0.0, 0.0],
            "repost": [False, False, True, False],
        }
    )
    creators = pd.DataFrame({"creator_id": ["a"], "platform": ["instagram"], "followers": [100.0]})
    history = History.from_tables(validate(Tables(creators=creators, posts=posts)))
    return history.at_horizon(AS_READ, HORIZON_DAYS)


def lead_days(rows):
    return (rows.queries.start_at - rows.queries.as_of) / DAY_US


def at(day):
    return int(to_us(pd.Series(pd.to_datetime([day], utc=True)))[0])


def test_the_second_of_two_posts_is_asked_about_once_its_counts_are_known(two_posts):
    sampling = Sampling(longest_lead_days=30, per_post=2, summary_share=0, profile_share=0)
    assert len(sample_training_rows(two_posts, "engagements", at("2026-03-07"), sampling)) == 0
    rows = sample_training_rows(two_posts, "engagements", at("2026-03-08"), sampling)
    assert rows.y.tolist() == pytest.approx([np.log(20)] * 2)
    assert rows.weight.tolist() == [0.5, 0.5]
    assert rows.age_read_days.tolist() == [31, 31]
    assert two_posts.accounts[rows.account].tolist() == ["instagram/a"] * 2
    assert rows.queries.planned["format"].tolist() == [FORMATS.index("video")] * 2
    assert rows.queries.evidence_limit.tolist() == [EVIDENCE.index("history")] * 2
    first, second = lead_days(rows)
    assert 0 <= first <= 15 <= second <= 30


def test_questions_are_only_asked_from_moments_with_a_known_post(two_posts):
    """The first post is known on 8 January: 52 days before the second."""
    rows = sample_training_rows(
        two_posts, "engagements", at("2026-05-01"), Sampling(longest_lead_days=120, per_post=20)
    )
    assert len(rows) == 20
    assert lead_days(rows).max() <= 52


def test_test_rows_are_the_posts_after_the_cut_asked_at_the_cut(two_posts):
    rows = sample_test_rows(two_posts, "engagements", at("2026-02-01"))
    assert rows.y.tolist() == pytest.approx([np.log(20)])
    assert rows.queries.as_of.tolist() == [at("2026-02-01")]
    assert len(sample_test_rows(two_posts, "engagements", at("2026-03-01"))) == 0
    assert (
        len(sample_test_rows(two_posts, "engagements", at("2026-02-01"), until=at("2026-02-28")))
        == 0
    )
    assert (
        len(sample_test_rows(two_posts, "engagements", at("2026-02-01"), longest_lead_days=27)) == 0
    )


def test_labels_are_known_by_until_and_questions_precede_them(market, middle):
    rows = sample_training_rows(market, "engagements", middle, Sampling())
    assert len(rows) > 1000
    assert (rows.posted + MATURE_DAYS * DAY_US <= middle).all()
    np.testing.assert_array_equal(rows.queries.start_at, rows.posted)
    lead = lead_days(rows)
    assert lead.min() >= 0
    assert lead.max() <= 120
    assert np.isfinite(rows.y).all()


def test_the_rows_of_a_post_weigh_one_together(market, middle):
    rows = sample_training_rows(market, "engagements", middle, Sampling(per_post=4))
    posts = pd.DataFrame(
        {"account": rows.account, "posted": rows.posted, "y": rows.y, "weight": rows.weight}
    )
    total = posts.groupby(["account", "posted", "y"])["weight"].sum()
    np.testing.assert_allclose(
        total, total.round()
    )  # 2 where an account has two such posts at one moment
    assert total.between(0.5, 2.5).all()
    track = market.posts_with_engagements
    known = {*zip(account_of_rows(track).tolist(), track.time.tolist(), strict=True)}
    assert {*zip(rows.account.tolist(), rows.posted.tolist(), strict=True)} <= known


def test_accounts_held_out_are_absent(market, middle):
    accounts = np.arange(len(market.accounts)) % 3 > 0
    rows = sample_training_rows(market, "engagements", middle, Sampling(per_post=1), accounts)
    assert accounts[rows.account].all()


def test_evidence_and_content_are_masked_in_the_shares_asked_for(market, middle):
    sampling = Sampling(summary_share=0.3, profile_share=0.2, content_share=0.25)
    rows = sample_training_rows(market, "engagements", middle, sampling)
    shares = np.bincount(rows.queries.evidence_limit.astype(int)) / len(rows)
    assert shares.tolist() == pytest.approx([0.5, 0.3, 0.2], abs=0.03)
    shown = sample_training_rows(
        market, "engagements", middle, replace(sampling, content_share=1.0)
    )
    known = np.isfinite(rows.queries.planned["caption_words"]).sum()
    most = np.isfinite(shown.queries.planned["caption_words"]).sum()
    assert known / most == pytest.approx(0.25, abs=0.03)
    hidden = hide_content(rows).queries.planned
    assert all(np.isnan(hidden[name]).all() for name in (*CONTENT_FIELDS, "topic"))
    assert np.isfinite(rows.queries.planned["caption_words"]).any()


def test_the_seed_decides_the_rows(market, middle):
    first, again, other = (
        sample_training_rows(market, "engagements", middle, Sampling(seed=seed))
        for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first.queries.as_of, again.queries.as_of)
    for name, values in first.queries.planned.items():
        np.testing.assert_array_equal(values, again.queries.planned[name])
    np.testing.assert_array_equal(first.y, again.y)
    assert not np.array_equal(first.queries.as_of[:100], other.queries.as_of[:100])
