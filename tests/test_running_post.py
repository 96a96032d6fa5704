"""The growth of posts that are online, and the totals of partnerships of which some are."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import ndtr, ndtri
from scipy.stats import gamma

from features.maturation.maturation import Maturation, MaturationCurve, published_maturation
from features.tables.vocabulary import PLATFORMS
from models.conformal import GRID, ConformalTables
from models.distribution import PredictiveDistribution
from models.nearly_complete import nearly_complete_days
from models.running_post import (
    RunningPosts,
    choose_readings,
    curve_of_quantiles,
    move_forecast,
    pace,
    running_forecast,
)
from models.running_total import CurvePlaces, running_total
from models.totals import TotalsTables

TIKTOK = float(PLATFORMS.index("tiktok"))
CURVE = MaturationCurve(0.184, 0.02, 0.25, 0, "")
CURVES = Maturation({"tiktok": {"views": CURVE}})
NAN = np.nan
NONE = np.empty((0, len(GRID)))


def running(*posts, forecast=None):
    """Forecast posts, each (count, age, earlier count, earlier age, horizon)."""
    columns = np.array(posts, dtype=float).T
    asked = RunningPosts(np.full(len(posts), TIKTOK), *columns)
    return running_forecast(asked, CURVES, "views", forecast)


def growth(start, end):
    return float(CURVE.curve.growth(start, end))


def test_a_large_count_grows_by_the_gamma_distribution_of_its_curve():
    forecast = running((1e9, 2.0, NAN, NAN, 30.0))
    mean = growth(2.0, 30.0)
    levels = np.array([0.05, 0.1, 0.5, 0.9, 0.95])
    grown = np.log1p(forecast.quantile(levels)[0]) - np.log1p(1e9)
    assert grown == pytest.approx(gamma.ppf(levels, mean / 0.25, scale=0.25))
    assert forecast.cdf(forecast.quantile(0.3)[:, 0]) == pytest.approx([0.3])
    assert forecast.share_reached() == pytest.approx(1e9 / forecast.median)
    expected = 1e9 * (1 - 0.25) ** (-mean / 0.25)  # of a Gamma distribution in ln
    assert forecast.mean() == pytest.approx([expected], rel=0.02)


def test_a_post_that_grew_twice_as_fast_grows_faster_by_the_square_root():
    expected = growth(1.0, 3.0)
    earlier = 1e9 / np.exp(2 * expected)
    ratio = ((0.01 + 2 * expected) / (0.01 + expected)) ** 0.5
    fast = running((1e9, 3.0, earlier, 1.0, 30.0))
    mean = ratio * growth(3.0, 30.0)
    theta = 0.7 * 0.25  # what is left of it once the velocity is known
    assert np.log(fast.median / 1e9) == pytest.approx([gamma.ppf(0.5, mean / theta, scale=theta)])
    few = running((9.0, 3.0, 9.0 / np.exp(2 * expected), 1.0, 30.0))
    plain = running((9.0, 3.0, NAN, NAN, 30.0))
    many_gain = fast.median[0] / running((1e9, 3.0, NAN, NAN, 30.0)).median[0]
    assert 1 < (few.median[0] + 1) / (plain.median[0] + 1) < many_gain  # chance moves few counts


def test_few_counts_leave_something_to_the_forecast_made_before_and_many_nothing():
    before = curve_of_quantiles(*np.array([[100.0], [300.0], [900.0]]))
    none, few, many = (running((n, 2.0, NAN, NAN, 30.0), forecast=before) for n in (0.0, 20.0, 1e6))
    spread = (np.log1p(900) - np.log1p(100)) / (2 * ndtri(0.9))
    noise = (1 - np.exp(-growth(2.0, 30.0))) / 21
    assert few.weight == pytest.approx([spread**2 / (spread**2 + noise)])
    assert 5 < none.median[0] < few.median[0]
    assert many.weight == pytest.approx([1], abs=1e-4)
    low, middle, high = none.quantile([0.1, 0.5, 0.9])[0]
    assert 0 < low < middle / 3 < high / 3  # it may stay a post of a few
    alone = running((0.0, 2.0, NAN, NAN, 30.0))
    assert alone.median[0] < none.median[0]
    assert (none.quantile([0.1, 0.9]) >= 0).all()


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("age", [0.05, 0.4, 0.75, 1.0, 2.0, 10.0, 29.0])
@pytest.mark.parametrize("earlier", [NAN, 0.0, 5.0])
def test_no_forecast_falls_where_the_count_rises(platform, age, earlier):
    counts = np.arange(0.0 if np.isnan(earlier) else earlier, 201.0)
    many = len(counts)
    code = np.full(many, float(PLATFORMS.index(platform)))
    for three in ((0, 0, 1), (5, 10, 40), (30, 60, 120), (590, 600, 610), (9e4, 1e5, 2e6)):
        curve = curve_of_quantiles(*np.array(three, float)[:, None])
        for horizon in (30.0, 90.0):
            rest = (np.full(many, value) for value in (age, earlier, age / 3, horizon))
            asked = RunningPosts(code, counts, *rest)
            forecast = np.repeat(curve, many, axis=0)
            made = running_forecast(asked, published_maturation(), "engagements", forecast)
            steps = np.diff(np.log1p(made.quantile([0.1, 0.5, 0.9])), axis=0)
            assert steps.min() >= -1e-9, (three, horizon)


def test_the_forecast_made_before_counts_for_young_posts_and_fades_until_a_day():
    before = curve_of_quantiles(*np.array([[1e5], [3e5], [9e5]]))
    ages = np.linspace(0.3, 1.2, 91)
    weight = running(
        *((1e5, age, NAN, NAN, 30.0) for age in ages),
        forecast=np.repeat(before, len(ages), axis=0),
    ).weight
    assert weight[0] < 0.9
    assert (np.diff(weight) >= 0).all()
    assert np.diff(weight).max() < 0.01
    assert weight[ages > 1] == pytest.approx(1, abs=1e-4)
    at_6_hours = running((1e3, 0.25, NAN, NAN, 30.0), forecast=before)
    assert at_6_hours.median[0] > 1.5 * running((1e3, 0.25, NAN, NAN, 30.0)).median[0]


def test_a_post_at_its_horizon_has_its_outcome():
    forecast = running(
        (1000.0, 30.0, NAN, NAN, 30.0),
        (1000.0, 60.0, NAN, NAN, 30.0),
        (1000.0, 60.0, 990.0, 29.0, 30.0),
        (1000.0, 400.0, NAN, NAN, 90.0),
    )
    back = np.expm1(np.log1p(1000) + growth(60.0, 30.0))
    assert forecast.median == pytest.approx([1000, back, 990, 1000])
    assert np.ptp(forecast.quantile([0.05, 0.95]), axis=1) == pytest.approx(0)
    assert forecast.share_reached().tolist() == [1, 1, 1, 1]


def test_no_post_is_forecast_below_its_count_and_90_percent_are_there_on_their_day():
    posts = [(10.0**n, age, NAN, NAN, 30.0) for n in range(7) for age in (0.1, 1.0, 9.0, 29.0)]
    before = np.repeat(curve_of_quantiles(*np.array([[10.0], [20.0], [60.0]])), len(posts), axis=0)
    forecast = running(*posts, forecast=before)
    counts = np.array(posts)[:, 0]
    assert (forecast.quantile(0.001)[:, 0] >= counts * (1 - 1e-12)).all()
    days = nearly_complete_days(forecast, CURVES, "views")
    ages = np.array(posts)[:, 1]
    grows = np.log1p(forecast.median) - np.log1p(counts) > -np.log(0.9)
    assert (days[~grows] <= ages[~grows]).all()
    total = np.log1p(forecast.median) - np.log1p(counts)
    share = [
        growth(age, day) / growth(age, 30.0)
        for age, day in zip(ages[grows], days[grows], strict=True)
    ]
    assert total[grows] * (1 - np.array(share)) == pytest.approx(-np.log(0.9), rel=0.02)


@pytest.mark.parametrize(
    ("ages", "counts", "horizon", "wanted"),
    [
        ([1, 3], [10, 20], 30, (20, 3, 10, 1, False)),
        ([1, 3, 3.5], [10, 20, 22], 30, (22, 3.5, 10, 1, False)),  # half a day tells no velocity
        ([3, 3.3], [2000, 2000], 30, (2000, 3, NAN, NAN, False)),  # a copy under a later time
        ([3, 3.3], [20, 20], 30, (20, 3.3, NAN, NAN, False)),
        ([3, 3.5], [20, 22], 30, (22, 3.5, NAN, NAN, False)),
        ([1, 3], [30, 20], 30, (20, 3, NAN, NAN, True)),  # a correction of the platform
        ([1, 2, 4], [10, 30, 20], 30, (20, 4, 10, 1, True)),
        ([5, 30, 60], [10, 30, 35], 30, (30, 30, 10, 5, False)),  # the first at the horizon
        ([5, 29.9, 60], [10, 30, 35], 30, (35, 60, 30, 29.9, False)),
    ],
)
def test_the_readings_that_are_used(ages, counts, horizon, wanted):
    chosen = choose_readings(np.array(ages, float), np.array(counts, float), horizon)
    assert tuple(vars(chosen).values()) == pytest.approx(wanted, nan_ok=True)


def test_the_day_of_90_percent_is_never_after_the_horizon_nor_after_a_reading_that_shows_it():
    forecast = running(
        (1e6, 60.0, NAN, NAN, 30.0), (1e6, 20.0, NAN, NAN, 30.0), (1e6, 2.0, NAN, NAN, 30.0),
        (0.0, 2.0, NAN, NAN, 30.0), (0.0, 40.0, NAN, NAN, 30.0),
    )  # fmt: skip
    over, there, young, none, dead = nearly_complete_days(forecast, CURVES, "views")
    assert growth(over, 30.0) == pytest.approx(-np.log(0.9), rel=0.02)
    assert there < 20
    assert 2 < young < 30
    assert np.isnan([none, dead]).all()
    early = (np.array([1.0, 3.0, 60.0]), np.array([10.0, 0.99e6, 1e6]))
    late = (np.array([19.5, 20.0]), np.array([10.0, 1e6]))
    corrected = (np.array([0.5, 2.0]), np.array([1e9, 1e6]))
    zero = (np.array([2.0]), np.array([0.0]))
    told = nearly_complete_days(forecast, CURVES, "views", [early, late, corrected, zero, zero])
    assert 1 <= told[0] <= 3
    assert 19.5 <= told[1] <= 20
    assert told[2] == pytest.approx(young)


def test_pace_is_the_place_of_the_count_in_the_forecast_at_that_age():
    before = curve_of_quantiles(*np.array([[100.0], [300.0], [900.0]]))
    at_2_days = move_forecast(before, CURVES, "views", np.array([TIKTOK]), 30.0, 2.0)
    count = np.expm1(np.interp(0.8, GRID, at_2_days[0]))
    asked = RunningPosts(*np.array([[TIKTOK], [count], [2.0], [NAN], [NAN], [30.0]]))
    assert pace(asked, CURVES, "views", before) == pytest.approx([0.8])
    assert np.isnan(pace(asked, CURVES, "views", np.full_like(before, NAN))).all()


def test_three_quantiles_become_the_distribution_that_has_them():
    curve = curve_of_quantiles(*np.array([[100.0], [300.0], [1800.0]]))[0]
    assert np.expm1(np.interp([0.1, 0.5, 0.9], GRID, curve)) == pytest.approx([100, 300, 1800])
    assert (np.diff(curve) > 0).all()


def normal_curve(location, scale):
    return location + scale * ndtri(GRID)


def test_totals_without_a_published_post_are_those_of_the_forecast():
    tables = ConformalTables(
        ndtri(GRID)[None], np.array([3.0]), np.zeros((1, 1), int), np.ones((1, 1), int)
    )
    totals = TotalsTables.fit(tables, 0.4)
    wanted = PredictiveDistribution(
        np.array([6.0]), np.array([0.8]), np.array([0]), np.array([3.0]), totals
    )
    made = running_total(NONE, NONE, np.array([normal_curve(6.0, 0.8)] * 3), 0.4)
    levels = [0.1, 0.25, 0.5, 0.75, 0.9]
    assert made.quantile(levels) == pytest.approx(wanted.quantile(levels)[0], rel=0.02)
    assert made.mean() == pytest.approx(wanted.mean()[0], rel=0.02)
    goal = float(made.quantile(0.7))
    assert made.probability_of(goal) == pytest.approx(0.3, abs=0.01)


@pytest.mark.parametrize("level", [0.1, 0.9])
def test_the_others_follow_the_posts_that_are_online_as_the_copula_says(level):
    r, curve = 0.5, normal_curve(6.0, 0.8)
    outcome = np.full(len(GRID), np.interp(level, GRID, curve))
    made = running_total(outcome[None], curve[None], np.array([curve, curve]), r)
    rng = np.random.default_rng(1)
    first = ndtri(level)  # the others given this score, drawn from the joint normal distribution
    covariance = np.full((2, 2), r - r**2) + np.diag([1 - r] * 2)
    others = rng.multivariate_normal([r * first] * 2, covariance, 200_000)
    wanted = np.expm1(outcome[0]) + np.expm1(np.interp(ndtr(others), GRID, curve)).sum(axis=1)
    levels = [0.1, 0.5, 0.9]
    assert made.quantile(levels) == pytest.approx(np.quantile(wanted, levels), rel=0.03)


def test_totals_of_partnerships_under_way_are_calibrated():
    rng, r, location, scale, partnerships = np.random.default_rng(0), 0.5, 6.5, 0.8, 400
    mean = growth(2.0, 30.0)

    def correlated():
        return np.sqrt(r) * rng.normal(size=(partnerships, 1)) + np.sqrt(1 - r) * rng.normal(
            size=(partnerships, 3)
        )

    at_2_days = location - mean + scale * correlated()  # ln(1 + count) of three posts each
    counts = np.maximum(np.round(np.expm1(at_2_days)), 0.0)
    grown = gamma.ppf(ndtr(correlated()), mean / 0.25, scale=0.25)
    outcomes = np.expm1(np.log1p(counts) + grown).sum(axis=1)
    spread = np.sqrt(scale**2 + 0.25 * mean)
    forecast = normal_curve(location, spread)[None]
    posts = [(count, 2.0, NAN, NAN, 30.0) for count in counts[:, :2].ravel()]
    curves = running(*posts, forecast=np.repeat(forecast, len(posts), axis=0)).log_curve
    before = np.repeat(forecast, 2, axis=0)
    totals = [
        running_total(curves[n : n + 2], before, forecast, r) for n in range(0, len(posts), 2)
    ]
    low, high = np.array([total.quantile([0.1, 0.9]) for total in totals]).T
    assert 0.75 < ((low <= outcomes) & (outcomes <= high)).mean() < 0.85
    goal = 3 * np.exp(location)
    told = np.mean([total.probability_of(goal) for total in totals])
    assert told == pytest.approx((outcomes >= goal).mean(), abs=0.05)


@pytest.mark.parametrize(
    "curve", [normal_curve(6.0, 0.8), np.full(len(GRID), 2.5), np.full(len(GRID), NAN)]
)
def test_a_curve_is_read_as_numpy_interpolates_it(curve):
    levels = np.concatenate([GRID, [0.0, 1e-4, 0.9995, 1.0], np.random.default_rng(0).random(500)])
    read = CurvePlaces.of(levels).read(curve)
    np.testing.assert_array_equal(read, np.interp(levels, GRID, curve))


def test_one_deliverable_is_its_own_total():
    post = running((1000.0, 2.0, NAN, NAN, 30.0))
    total = running_total(post.log_curve, np.full((1, len(GRID)), NAN), NONE, 0.5)
    levels = [0.1, 0.5, 0.9]
    assert total.quantile(levels) == pytest.approx(post.quantile(levels)[0], rel=0.005)
    line = float(post.quantile(0.2)[0, 0])
    assert total.probability_below(line) == pytest.approx(0.2, abs=0.002)


def tiktok_views():
    """Give every reading at 1 to 14 days whose post was read again 10 days later or more."""
    folder = os.environ.get("CREATORCAST_REAL_DATA")
    file = Path(folder or "", "tiktok_readings", "posts.csv.gz")
    if not folder or not file.exists():
        pytest.skip("CREATORCAST_REAL_DATA names no folder with tiktok_readings/posts.csv.gz")
    readings = pd.read_csv(file, parse_dates=["posted_at", "observed_at"])
    readings["age"] = (readings["observed_at"] - readings["posted_at"]) / pd.Timedelta(days=1)
    readings = readings[readings["age"].between(1 / 24, 90)].sort_values(["post_id", "age"])
    rows = []
    for _, post in readings.groupby("post_id"):
        age, views = post["age"].to_numpy(), post["views"].to_numpy(float)
        for at in np.flatnonzero((age >= 1) & (age < 14) & (age <= age[-1] - 10)):
            chosen = choose_readings(age[: at + 1], views[: at + 1], age[-1])
            rows.append([*list(vars(chosen).values())[:4], age[-1], views[-1]])
    return np.array(rows).T


def test_real_views_are_forecast_from_their_first_days():
    *columns, outcome = tiktok_views()
    asked = RunningPosts(np.full(len(outcome), TIKTOK), *columns)
    forecast = running_forecast(asked, published_maturation(), "views")
    error = np.abs(np.log1p(forecast.median) - np.log1p(outcome))
    as_read = np.abs(np.log1p(asked.count) - np.log1p(outcome))
    for start, end, most in ((1, 2, 0.33), (2, 3, 0.28), (3, 7, 0.21), (7, 14, 0.16)):
        rows = (asked.age_days >= start) & (asked.age_days < end)
        assert error[rows].mean() <= 1.1 * most
        assert error[rows].mean() < 0.7 * as_read[rows].mean()
