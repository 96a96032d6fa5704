"""Curves of growth: fitted to repeated readings, and how the readings are paired."""

import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import features.maturation.share_intervals
from features.history.arrays import DAY_US, NAT_US
from features.history.post_readings import PostReadings
from features.history.reading_pairs import ReadingPairs
from features.maturation.curve import Curve
from features.maturation.fit_curves import MIN_POSTS, MIN_POSTS_ALONE, fit_curve, fit_maturation
from features.maturation.growth_pairs import GrowthPairs
from features.maturation.maturation import (
    FITTED,
    PUBLISHED,
    Maturation,
    MaturationCurve,
    published_maturation,
)
from features.maturation.share_intervals import draw_curves, share_intervals, share_of_horizon
from features.tables.model import Tables
from features.tables.validate import validate
from features.tables.vocabulary import PLATFORMS

TIKTOK = float(PLATFORMS.index("tiktok"))
AGES = np.array([1 / 4, 1, 3, 7, 14, 90])


def simulate_pairs(curve, theta, posts, readings=4, seed=0, oldest=60.0, posts_each=5):
    """Read posts of Lomax growth with Gamma noise at ages spread over the logarithm of age."""
    rng = np.random.default_rng(seed)
    age = np.exp(rng.uniform(np.log(0.1), np.log(oldest), (posts, readings)))
    age = np.sort(age + np.arange(readings) * 0.02, axis=1)
    expected = curve.growth(age[:, :-1], age[:, 1:])
    growth = rng.gamma(expected / theta, theta)
    post = np.repeat(np.arange(posts), readings - 1)
    return GrowthPairs(
        post // posts_each, post, age[:, :-1].ravel(), age[:, 1:].ravel(), growth.ravel()
    )


def ratio(curve, ages=AGES):
    return share_of_horizon(curve, ages)


@pytest.mark.parametrize(
    ("tau_days", "gamma"), [(0.184, 0.05), (0.0568, 1.014), (2.0, 0.5), (0.5, 0.3)]
)
def test_a_known_curve_is_recovered_with_its_theta(tau_days, gamma):
    true = Curve(tau_days, gamma)
    fitted = fit_curve(simulate_pairs(true, 0.2, 8000), None)
    assert fitted.basis == FITTED
    assert fitted.posts == 8000
    # winsorised means lack a little of the growth
    np.testing.assert_allclose(np.log(ratio(fitted.curve)), np.log(ratio(true)), atol=0.1)
    assert 0.15 < fitted.theta < 0.28


def test_the_fit_is_pulled_to_the_published_curve_by_the_number_of_posts():
    default = MaturationCurve(0.0568, 1.014, 0.25, 0, "published somewhere")
    true = Curve(0.5, 0.1)
    errors = []
    for posts in (MIN_POSTS, 60, 600, 6000):
        fitted = fit_curve(simulate_pairs(true, 0.2, posts), default)
        assert (fitted.posts, fitted.basis) == (posts, FITTED)
        assert "published somewhere" in fitted.source
        assert f"{posts:,} posts" in fitted.source
        errors.append(abs(np.log(ratio(fitted.curve) / ratio(true))[:4]).mean())
    from_default = abs(np.log(ratio(default.curve) / ratio(true))[:4]).mean()
    assert from_default > errors[0] > errors[1] > errors[2]
    assert errors[3] < 0.05


def test_too_few_posts_leave_the_published_curve_or_none():
    few = simulate_pairs(Curve(0.5, 0.1), 0.2, MIN_POSTS - 1)
    some = simulate_pairs(Curve(0.5, 0.1), 0.2, MIN_POSTS_ALONE - 1)
    pairs = {"tiktok": {"views": few}, "x": {"views": some}, "instagram": {"saves": some}}
    published = published_maturation()
    maturation = fit_maturation(pairs)
    assert maturation == published
    assert maturation.find("tiktok", "views").basis == PUBLISHED
    enough = simulate_pairs(Curve(0.5, 0.1), 0.2, MIN_POSTS_ALONE)
    maturation = fit_maturation({"x": {"views": enough}})
    assert maturation.find("x", "views").posts == MIN_POSTS_ALONE
    assert maturation.find("tiktok", "views") == published.find("tiktok", "views")
    assert Maturation.from_json(json.loads(json.dumps(maturation.to_json()))) == maturation


def test_ages_beyond_the_curve_count_as_its_ends():
    n = 2 * MIN_POSTS_ALONE
    pairs = simulate_pairs(Curve(0.5, 0.3), 0.1, n, readings=2)
    fitted = fit_curve(pairs, None)
    names = ("account", "post", "age_from_days", "age_to_days", "growth")
    late = (np.full(50, 9e6), np.arange(50) + 1e6, np.full(50, 100.0), np.full(50, 400.0))
    early = (np.full(50, 9e6), np.arange(50) + 2e6, np.full(50, 0.01), np.full(50, 0.02))
    values = [
        np.concatenate([getattr(pairs, name), *extra])
        for name, extra in zip(names[:4], zip(late, early, strict=True), strict=True)
    ]
    both = GrowthPairs(*values, np.concatenate([pairs.growth, np.full(100, 3.0)]))
    assert fit_curve(both, None) == fitted  # growth beyond either end tells nothing
    to_400 = GrowthPairs(
        *(getattr(pairs, name) for name in names[:3]), np.full(n, 400.0), pairs.growth
    )
    to_90 = GrowthPairs(*(getattr(pairs, n) for n in names[:3]), np.full(n, 90.0), pairs.growth)
    assert fit_curve(to_400, None) == fit_curve(to_90, None)


def test_one_wild_correction_does_not_bend_the_curve():
    pairs = simulate_pairs(Curve(0.5, 0.3), 0.2, 2000)
    fitted = fit_curve(pairs, None)
    wild = pairs.growth.copy()
    wild[::200] = -8.0
    bent = fit_curve(GrowthPairs(*list(vars(pairs).values())[:4], wild), None)
    np.testing.assert_allclose(np.log(ratio(bent.curve) / ratio(fitted.curve)), 0, atol=0.05)


def test_intervals_hold_the_share_of_a_fit_to_all_posts(monkeypatch):
    monkeypatch.setattr(features.maturation.share_intervals, "DRAWS", 60)
    true, ages = Curve(0.5, 0.3), np.array([1.0, 7.0, 90.0])
    large = ratio(fit_curve(simulate_pairs(true, 0.2, 20_000, seed=99), None).curve, ages)
    held = []
    for seed in range(14):
        pairs = simulate_pairs(true, 0.2, 150, seed=seed)
        fitted = fit_curve(pairs, None)
        low, high = share_intervals(draw_curves(pairs, fitted, None), ages).T
        held.append((low <= large) & (large <= high))
    assert np.mean(held) >= 0.85


def make_readings(rows, **columns):
    """Readings of account 0: (post_id, posted day, read day or None, likes, comments, shares)."""
    ids, posted, observed, *counts = zip(*rows, strict=True)
    times = [NAT_US if day is None else round(day * DAY_US) for day in observed]
    values = dict(zip(("likes", "comments", "shares"), np.array(counts, float), strict=True))
    return PostReadings(
        np.zeros(len(rows), dtype=np.int64),
        np.array([round(day * DAY_US) for day in posted]),
        np.array(times),
        np.array(ids, dtype=object),
        values | {name: np.array(column) for name, column in columns.items()},
        {},
    )


def pairs_of(readings):
    pairs = ReadingPairs.from_readings(readings, np.array([TIKTOK]))
    names = ("age_from_days", "age_to_days")
    ages = np.column_stack([getattr(pairs, name) for name in names]).round(3)
    return pairs, [tuple(row) for row in ages.tolist()]


def test_readings_of_one_post_are_paired_in_order():
    readings = make_readings(
        [
            ("a", 0, 9, 300, 30, 1),
            ("b", 0, 4, 70, 0, 0),
            ("a", 0, 2, 100, 20, 0),
            ("c", 5, 6, 1, 1, 1),
            ("a", 0, 5, 200, 22, np.nan),
            ("b", 0, 3, 80, 0, 0),
        ]
    )
    pairs, ages = pairs_of(readings)
    assert ages == [(2, 5), (5, 9), (3, 4)]
    assert pairs.post[0] == pairs.post[1] != pairs.post[2]
    np.testing.assert_allclose(pairs.log_from["likes"], np.log1p([100, 200, 80]))
    np.testing.assert_allclose(pairs.log_to["likes"], np.log1p([200, 300, 70]))  # a count that fell
    np.testing.assert_allclose(pairs.log_from["engagements"], np.log1p([120, np.nan, 80]))
    assert np.isnan(pairs.log_to["views"]).all()
    growth = pairs.growth_pairs()["tiktok"]
    # counts below 20 tell none
    assert {name: len(found.growth) for name, found in growth.items()} == {
        "engagements": 1, "likes": 3, "comments": 2
    }  # fmt: skip
    np.testing.assert_allclose(growth["engagements"].growth, np.log1p([70]) - np.log1p([80]))


def test_what_tells_no_growth_is_left_out():
    rows = [
        ("a", 0, None, 10, 1, 0),  # of unknown age
        ("a", 0, 5, 20, 2, 0),
        ("a", 0, 5, 21, 2, 0),  # of the same moment
        ("r", 1, 2, 20, 2, 0),  # reposts
        ("r", 1, 9, 40, 2, 0),
        ("e", 3, 2, 20, 2, 0),  # before it was posted
        ("e", 3, 9, 40, 2, 0),
    ]
    pairs, ages = pairs_of(make_readings(rows, repost=[row[0] == "r" for row in rows]))
    assert ages == []
    assert pairs.growth_pairs() == {}


def test_hidden_likes_tell_no_growth():
    rows = [("a", 0, 2, 30, 20, 30), ("a", 0, 5, 30, 40, 32), ("a", 0, 8, 90, 50, 32)]
    pairs, ages = pairs_of(make_readings(rows, likes_hidden=[False, True, False]))
    assert ages == [(2, 5), (5, 8)]
    assert np.isnan(pairs.log_to["likes"] - pairs.log_from["likes"]).all()
    assert set(pairs.growth_pairs()["tiktok"]) == {"comments", "shares"}


def test_copies_of_a_reading_are_no_readings():
    rows = [
        ("a", 0, 2.0, 1500, 9, 1),
        ("a", 0, 2.1, 1600, 9, 1),
        ("a", 0, 2.3, 1500, 9, 1),  # a copy, written 7 hours late
        ("b", 0, 2.0, 15, 9, 1),
        ("b", 0, 2.3, 15, 9, 1),  # small counts do stand still
        ("c", 0, 2.0, 1500, 9, 1),
        ("c", 0, 2.3, 1500, 9, 1),  # a copy
        ("c", 0, 4.0, 1500, 9, 1),  # too late to be one
    ]
    pairs, ages = pairs_of(make_readings(rows))
    assert ages == [(2.0, 2.1), (2.0, 2.3), (2.0, 4.0)]
    assert pairs.copies == 2
    assert pairs.take(np.array([1])).copies == 2


def test_pairs_known_at_a_moment_end_by_then():
    rows = [("a", 0, day, count, 1, 1) for day, count in ((2, 10), (5, 20), (9, 30))]
    pairs, _ = pairs_of(make_readings(rows))
    moments = np.full(len(PLATFORMS), 8 * DAY_US)
    assert pairs.known_at(moments).age_to_days.tolist() == [5]
    assert len(pairs.known_at(moments, np.array([1])).post) == 0
    moments[int(TIKTOK)] = 9 * DAY_US
    assert pairs.known_at(moments, np.array([0])).age_to_days.tolist() == [5, 9]
    unknown = ReadingPairs.from_readings(make_readings(rows), np.array([np.nan]))
    assert len(unknown.known_at(moments).post) == 0
    assert unknown.growth_pairs() == {}


def test_pairs_do_not_depend_on_the_order_of_readings():
    rng = np.random.default_rng(4)
    n = 400
    frame = pd.DataFrame(
        {
            "account": rng.integers(0, 5, n),
            "post": rng.integers(0, 30, n),
            "age": rng.integers(1, 400, n) / 10,
            "likes": rng.integers(0, 5000, n).astype(float),
        }
    ).drop_duplicates(["account", "post", "age"])
    expected = set()
    for key, group in frame.sort_values("age").groupby(["account", "post"]):
        ages, likes = group["age"].tolist(), group["likes"].tolist()
        steps = zip(ages, ages[1:], likes, likes[1:], strict=False)
        expected |= {(key[0], *np.round(step, 6)) for step in steps}
    for seed in range(3):
        mixed = frame.sample(frac=1, random_state=seed)
        posted = (mixed["post"] // 3).to_numpy() * DAY_US  # three posts of one moment
        readings = PostReadings(
            mixed["account"].to_numpy(),
            posted,
            posted + np.rint(mixed["age"].to_numpy() * DAY_US).astype(np.int64),
            mixed["post"].astype(str).to_numpy(object),
            {"likes": mixed["likes"].to_numpy()},
            {},
        )
        pairs = ReadingPairs.from_readings(readings, np.full(5, TIKTOK))
        logs = np.expm1(np.column_stack([pairs.log_from["likes"], pairs.log_to["likes"]]))
        rows = np.column_stack([pairs.account, pairs.age_from_days, pairs.age_to_days, logs])
        assert {tuple(row) for row in rows.round(6)} == expected


def test_public_readings_give_a_curve_near_the_published_one():
    path = Path(os.environ.get("CREATORCAST_REAL_DATA", "absent")) / "tiktok_readings"
    if not path.is_dir():
        pytest.skip("CREATORCAST_REAL_DATA names no folder that holds tiktok_readings/")
    posts = pd.read_csv(path / "posts.csv.gz", dtype=str)
    # the file gives a few videos to two accounts
    posts["creator_id"] = posts.groupby("post_id")["creator_id"].transform("first")
    seen = posts.groupby("creator_id")["observed_at"].max().reset_index()
    creators = seen.assign(platform="tiktok", handle=seen["creator_id"])
    pairs = ReadingPairs.from_tables(validate(Tables(creators=creators, posts=posts)))
    assert pairs.copies > 5000
    fitted = fit_maturation(pairs.growth_pairs())
    for measure in ("views", "engagements"):
        curve = fitted.find("tiktok", measure)
        assert curve.posts > 3000
        assert 0.2 < curve.theta < 0.32
        at_day, at_week, at_90 = ratio(curve.curve, np.array([1.0, 7.0, 90.0]))
        assert 0.33 < at_day < 0.45
        assert 0.7 < at_week < 0.8
        assert 1.08 < at_90 < 1.25
