"""Scores of matched forecasts, and the money against the usual rule."""

import itertools

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import quad
from watched_forecasts import watched_forecasts

from ledger.forecast_entry import LEVELS
from monitoring import money
from monitoring.quantile_scores import (
    crps,
    expected_crps,
    log_quantiles,
    probability_transform,
    width,
)
from monitoring.scores import (
    ENOUGH_OUTCOMES,
    expected,
    outcome_rows,
    score,
    score_table,
    summarise,
)


def crps_by_distribution(quantiles, y):
    """Give the integral of (F(x) - 1{y <= x})^2, F by inversion of the quantile function."""
    ends = [quantiles[0], quantiles[-1], y]

    def squared(x):
        p = np.interp(x, quantiles, LEVELS, left=0.0, right=1.0)
        return (p - (y <= x)) ** 2

    points = np.unique([*quantiles, y])
    parts = itertools.pairwise(points)
    inside = sum(quad(squared, low, high)[0] for low, high in parts)
    assert min(ends) == points[0]
    return inside


@pytest.mark.parametrize("y", [-3.0, 4.1, 5.0, 5.77, 12.0])
def test_crps_is_that_of_the_distribution_function(y):
    quantiles = np.sort(np.random.default_rng(1).normal(5, 1, len(LEVELS)))
    assert crps(quantiles[None], np.array([y]))[0] == pytest.approx(
        crps_by_distribution(quantiles, y), abs=1e-6
    )


def test_scores_of_a_forecast_that_is_sure_and_of_one_with_equal_quantiles():
    sure = np.full((2, len(LEVELS)), 3.0)
    assert crps(sure, np.array([3.0, 5.0])) == pytest.approx([0.0, 2.0])
    assert probability_transform(sure, np.array([3.0, 5.0])) == pytest.approx([0.5, 0.9975])
    zeros = np.sort(np.random.default_rng(2).normal(1, 2, len(LEVELS)))
    quantiles = log_quantiles(np.expm1(zeros)[None])
    low = np.searchsorted(zeros, 0.0)
    middle = (LEVELS[0] / 2 + LEVELS[low - 1]) / 2
    assert probability_transform(quantiles, np.array([0.0]))[0] == pytest.approx(middle, abs=0.02)


def test_outcomes_drawn_from_the_forecasts_score_as_expected():
    quantiles = np.sort(np.random.default_rng(3).normal(5, 1, len(LEVELS)))[None]
    chance = np.random.default_rng(4).random(20_000)
    y = np.interp(chance, LEVELS, quantiles[0])
    repeated = np.repeat(quantiles, len(y), axis=0)
    assert crps(repeated, y).mean() == pytest.approx(expected_crps(quantiles)[0], rel=0.02)
    inside = (chance > LEVELS[0]) & (chance < LEVELS[-1])
    pit = probability_transform(repeated, y)
    assert pit[inside] == pytest.approx(chance[inside])
    assert width(quantiles, 0.8)[0] == quantiles[0, LEVELS.index(0.9)] - quantiles[0, 4]


def test_money_by_hand_in_both_directions():
    rows = pd.DataFrame(
        {
            # worth at the benchmark of 0.1: the forecast's median and the rule decide by the fee
            "fee_usd": [100.0, 100.0, 100.0, 100.0, 100.0, None],
            "benchmark_cpe_usd": 0.1,
            "alternative_engagements": [900, 900, 1100, 1100, 1100, 1100],
        }
    )
    median = np.array([1200.0, 1200.0, 800.0, 800.0, 1200.0, 800.0])
    came = np.array([1500.0, 700.0, 700.0, 1500.0, 10.0, 10.0])
    sign = money.signs(rows, median)
    assert sign.tolist() == [1, 1, -1, -1, 0, 0]
    saved = np.where(sign != 0, sign * np.nan_to_num(money.surplus(rows, came)), 0.0)
    assert saved == pytest.approx([50, -30, 30, -50, 0, 0])
    assert money.kinds(sign, saved) == {
        "gains_made": pytest.approx(50),
        "losses_made": pytest.approx(-30),
        "losses_avoided": pytest.approx(30),
        "gains_missed": pytest.approx(-50),
    }


def test_only_matured_outcomes_of_the_latest_forecast_are_scored():
    frame = watched_forecasts(60, waiting=10)
    frame.loc[:4, "is_latest"] = False
    frame.loc[5:9, "status"] = "young"
    frame.loc[10:11, "status"] = "not scored"
    rows = outcome_rows(frame)
    assert rows["forecast_id"].tolist() == frame["forecast_id"][12:50].tolist()


def test_cells_hold_all_rows_and_few_have_no_interval():
    scores = score(outcome_rows(watched_forecasts(300, per_month=50)))
    table = pd.DataFrame(score_table(scores))
    sums = table.groupby("by")["outcomes"].sum()
    assert sums.to_dict() == dict.fromkeys(
        ("all", "month", "platform", "band", "evidence", "model_version"), 300
    )
    saved = table.groupby("by")["saved_usd"].sum()
    assert saved.to_numpy() == pytest.approx(np.full(6, saved["all"]))
    few = score_table(scores[np.arange(ENOUGH_OUTCOMES - 1)])[0]
    assert few["few"]
    assert few["coverage_80_low"] is None
    everything = table.iloc[0]
    assert everything["coverage_80_low"] < everything["coverage_80"] < 1
    assert everything["crps_ratio_low"] < everything["crps_ratio"] < everything["crps_ratio_high"]


def test_intervals_of_calibrated_forecasts_hold_what_is_true():
    held = []
    for seed in range(30):
        row = summarise(score(outcome_rows(watched_forecasts(200, seed=seed))), seed)
        held.append(
            [
                row["coverage_80_low"] <= 0.8 <= row["coverage_80_high"],
                row["crps_ratio_low"] <= 1 <= row["crps_ratio_high"],
                row["bias_low"] <= 0 <= row["bias_high"],
            ]
        )
    assert np.mean(held, axis=0).min() >= 0.8


def test_what_forecasts_expect_is_known_before_any_outcome():
    frame = watched_forecasts(300, waiting=300)
    row = expected(frame)
    assert (row["forecasts"], row["coverage_80"], row["with_money"]) == (300, 0.8, 300)
    came = score_table(score(outcome_rows(watched_forecasts(300))))[0]
    assert row["crps"] == pytest.approx(came["expected_crps"])
    assert row["saved_usd"] == pytest.approx(came["expected_saved_usd"])
    assert expected(frame[:0]) == {"forecasts": 0}
