import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from conftest import build_tables

from features.derive.fit_reference import TooLittleData, fit_reference
from features.derive.market_priors import KNOT, MarketPriors, Prior
from features.derive.reference import Reference
from features.history.history import History
from features.maturation.maturation import AS_READ
from features.tables.vocabulary import MATURE_DAYS, NICHES, PLATFORMS

START = pd.Timestamp("2026-01-01", tz="UTC")
UNTIL = START + pd.Timedelta(days=100)
NAN = np.nan


def market(creators=70, posts=8, seed=1):
    """Rows of a market: engagements are 5 % of the followers, food twice and art half of that, each post noisy."""
    random = np.random.default_rng(seed)
    people, made = [], []
    for i in range(creators):
        followers, niche = np.round(np.exp(random.normal(10, 1.5))), ("food", "art")[i % 2]
        own = {"creator_id": f"c{i}", "platform": ("instagram", "tiktok")[i % 5 == 0]}
        people.append({**own, "followers": followers, "niche": niche})
        for j in range(posts):
            total = (
                0.05 * followers * (2 if niche == "food" else 0.5) * np.exp(random.normal(0, 0.4))
            )
            counts = {
                "likes": total * 0.8,
                "comments": total * 0.15,
                "shares": total * 0.05,
                "views": total * 12,
            }
            posted = START + pd.Timedelta(days=10 * j + random.random())
            made.append(
                {**own, "post_id": f"c{i}-{j}", "posted_at": posted, "sponsored": j == 0, **counts}
            )
    return people, made


def history_of(people, made, followers=()):
    return History.from_tables(build_tables(people, made, followers))


def fitted(people, made, followers=(), accounts=None):
    history = history_of(people, made, followers)
    return fit_reference(history, UNTIL, accounts, maturation=AS_READ)


@pytest.fixture(scope="module")
def reference():
    return fitted(*market())


def test_the_prior_finds_what_made_the_market(reference):
    niches = np.array([NICHES.index("food"), NICHES.index("art"), NAN])
    level = reference.engagements.prior_for(np.zeros(3), np.full(3, np.log1p(20_000)), niches)
    # NICHE_SHRINK pulls the 35 creators of a niche towards the market
    assert level[0] - level[1] == pytest.approx(np.log(4) * 35 / 55, abs=0.15)
    assert level[2] == pytest.approx(np.log(1000), abs=0.3)
    assert reference.engagements.priors["all"].slope == pytest.approx(1, abs=0.15)


def test_only_platforms_with_enough_creators_have_a_prior_of_their_own(reference):
    assert set(reference.engagements.priors) == {"all", "instagram"}
    assert reference.engagements.priors["instagram"].creators == 56
    codes = np.array([PLATFORMS.index("tiktok"), PLATFORMS.index("x")])
    pooled = reference.engagements.prior_for(np.full(2, NAN), np.full(2, 9.0), np.full(2, NAN))
    assert (
        reference.engagements.prior_for(codes, np.full(2, 9.0), np.full(2, NAN)).tolist()
        == pooled.tolist()
    )


def test_part_shares_are_of_what_the_platform_counts(reference):
    assert reference.part_shares["instagram"] == pytest.approx(
        {"likes": 80 / 95, "comments": 15 / 95}
    )
    assert reference.part_shares["tiktok"] == pytest.approx(
        {"likes": 0.8, "comments": 0.15, "shares": 0.05}
    )


def test_views_and_paid_posts_are_told(reference):
    assert reference.views_shown == {
        "instagram": ["unknown"],
        "tiktok": ["unknown"],
        "youtube": [],
        "x": [],
    }
    assert reference.sponsored_posts == 70
    assert (reference.creators, reference.until) == (70, UNTIL.isoformat())


def test_trust_lies_where_posts_vary_less_than_creators(reference):
    assert 0.05 <= reference.engagements.trust < 2
    assert reference.engagements.weight(np.array([0.0, reference.engagements.trust])).tolist() == [
        0,
        0.5,
    ]


def test_json_round_trip_is_exact(reference):
    text = json.dumps(reference.to_json(), allow_nan=False)
    assert json.dumps(Reference.from_json(json.loads(text)).to_json()) == text


def test_json_round_trip_without_views():
    people, made = market(6)
    without = fitted(people, [{**post, "views": None} for post in made])
    assert without.views is None
    assert Reference.from_json(without.to_json()).views is None


def test_held_out_creators_change_no_reference():
    people, made = market(40)
    held = {f"c{i}" for i in range(30, 40)}
    changed = [
        {**post, "likes": post["likes"] * 1000} if post["creator_id"] in held else post
        for post in made
    ]
    louder = [
        {**row, "followers": 9e8, "niche": "music"} if row["creator_id"] in held else row
        for row in people
    ]
    expected = fitted(people, made, accounts=np.arange(30)).to_json()
    assert fitted(louder, changed, accounts=np.arange(30)).to_json() == expected
    # nor does leaving them out of the tables altogether
    assert (
        fitted(people[:30], [post for post in made if post["creator_id"] not in held]).to_json()
        == expected
    )
    assert fitted(louder, changed).to_json() != expected


def test_held_out_creators_and_later_words_change_no_classifier():
    people, made = market(150, posts=2)
    words = {"food": "pasta oven", "art": "canvas brush"}
    people = [{**row, "bio": f"{words[row['niche']]} zorp{row['niche']}"} for row in people]
    made = [{**post, "text": "zig zag"} for post in made]
    kept = np.arange(120)
    expected = fitted(people, made, accounts=kept)
    assert "zorpfood" in expected.niche_classifier.terms_
    changed = [
        {**row, "bio": "quux quux", "niche": "music"} if i >= 120 else row
        for i, row in enumerate(people)
    ]
    later = [
        {**post, "post_id": f"later-{i}", "posted_at": UNTIL, "text": "quux"}
        for i, post in enumerate(made)
    ]
    assert fitted(changed, made + later, accounts=kept).to_json() == expected.to_json()
    assert "quux" in fitted(changed, made).niche_classifier.terms_


def test_what_is_known_later_changes_no_reference():
    people, made = market(40)
    people = [{**row, "observed_at": START} for row in people]
    late = UNTIL - pd.Timedelta(days=MATURE_DAYS) + pd.Timedelta(microseconds=1)
    later = [
        {
            **post,
            "post_id": f"later-{i}",
            "posted_at": late + pd.Timedelta(days=i % 50),
            "likes": 1e9,
            "topic": "new",
        }
        for i, post in enumerate(made)
    ]
    grown = [
        {
            **{name: row[name] for name in ("creator_id", "platform")},
            "observed_at": late + pd.Timedelta(days=30),
        }
        | {"followers": 5.0}
        for row in people
    ]
    snapshots = [
        {**row, "observed_at": late + pd.Timedelta(days=30), "niche": "music"} for row in people
    ]
    expected = fitted(people, made).to_json()
    assert fitted(people, made + later).to_json() == expected
    assert fitted(people, made, grown).to_json() == expected
    assert fitted(people + snapshots, made + later, grown).to_json() == expected


def test_a_post_counts_from_the_moment_its_counts_are_known():
    people, made = market(40)
    just = {
        **made[0],
        "post_id": "just",
        "posted_at": UNTIL - pd.Timedelta(days=MATURE_DAYS),
        "likes": 1e9,
    }
    assert fitted(people, [*made, just]).to_json() != fitted(people, made).to_json()


def test_row_order_changes_no_reference(reference):
    people, made = market()
    shuffled = fitted(people, [made[i] for i in np.random.default_rng(3).permutation(len(made))])
    assert shuffled.to_json() == reference.to_json()


@pytest.mark.parametrize("creators", [0, 1, 2])
def test_too_little_data_is_refused(creators):
    people, made = market(3)
    kept = [post for post in made if int(post["creator_id"][1:]) < creators]
    rule = rf"only {creators} creator\(s\) have a post with known engagements .* at least 3 are needed: add posts"
    with pytest.raises(TooLittleData, match=rule):
        fitted(people, kept)


def test_posts_still_too_young_are_too_little():
    with pytest.raises(TooLittleData, match="that was 7 days old at 2026-01-05"):
        fit_reference(history_of(*market(5)), START + pd.Timedelta(days=4))


def test_three_creators_are_enough():
    reference = fitted(*market(3))
    assert reference.creators == 3
    assert reference.engagements.priors["all"].slope == 0


def test_followers_missing_everywhere_give_the_middle_of_the_market():
    people, made = market(40)
    reference = fitted([{**row, "followers": None, "niche": None} for row in people], made)
    prior = reference.engagements.priors["all"]
    assert (prior.slope, prior.bend, prior.niche_effects) == (0, 0, {})
    level = reference.engagements.prior_for(np.full(2, NAN), np.array([NAN, 12.0]), np.full(2, NAN))
    assert level.tolist() == [prior.without_followers] * 2
    json.dumps(reference.to_json(), allow_nan=False)


@pytest.mark.parametrize("engagements", [0.0, 100.0])
def test_constant_engagement_divides_by_no_zero(engagements):
    people, made = market(40)
    constant = {"likes": engagements, "comments": 0.0, "shares": 0.0, "views": engagements}
    reference = fitted(people, [{**post, **constant} for post in made])
    level = reference.engagements.prior_for(
        np.zeros(3), np.array([5.0, 10.0, NAN]), np.full(3, NAN)
    )
    np.testing.assert_allclose(level, np.log1p(engagements), atol=1e-4)
    assert 0.05 <= reference.engagements.trust <= 20
    json.dumps(reference.to_json(), allow_nan=False)


def test_constant_followers_give_no_slope():
    people, made = market(40)
    reference = fitted([{**row, "followers": 5000.0} for row in people], made)
    assert reference.engagements.priors["all"].slope == 0


def test_a_prior_bends_at_the_knot_and_adds_the_niche():
    prior = Prior(1.0, 0.5, -0.25, 4.0, {"food": 0.3}, 10)
    niche = np.array([NAN, NAN, NICHES.index("food"), NICHES.index("food"), NICHES.index("art")])
    level = MarketPriors({"all": prior}, 1.0, 0.0).prior_for(
        np.zeros(5), np.array([KNOT, KNOT + 4, 0, NAN, NAN]), niche
    )
    assert level == pytest.approx([1 + KNOT / 2, 1 + KNOT / 2 + 1, 1.3, 4.3, 4.0])


def test_a_platform_with_its_own_prior_takes_it():
    line = Prior(1.0, 0.0, 0.0, 1.0, {}, 10)
    market_ = MarketPriors(
        {"all": line, "x": replace(line, intercept=2.0)}, trust=1.0, summary_shift=0.0
    )
    assert market_.prior_for(
        np.array([0, PLATFORMS.index("x")]), np.zeros(2), np.full(2, NAN)
    ).tolist() == [1, 2]
