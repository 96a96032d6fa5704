"""Costs against their identities, and mixtures over what is delivered against brute force."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.conformal import GRID, ConformalTables
from models.cost import break_even_fee, cost_per, cost_probability, cost_quantiles
from models.delivery import CURVES_PER_CHUNK, ROOT_TOLERANCES, DeliveredTotals, DeliveryCurves
from models.distribution import FEW_FORECASTS, PredictiveDistribution
from models.interpolation import interpolate_level
from models.totals import TotalsTables

SPREAD = np.linspace(-2.5, 2.5, len(GRID))
ALL = np.ones(3)


@pytest.fixture(scope="module")
def totals():
    return TotalsTables.fit(
        ConformalTables(SPREAD[None], np.array([np.inf]), np.zeros((1, 1), int), np.array([[100]])),
        0.4,
    )


def forecast(totals, location, scale, deliverables):
    n = len(location)
    return PredictiveDistribution(
        np.array(location),
        np.full(n, scale),
        np.zeros(n, int),
        np.array(deliverables, float),
        totals,
    )


def three(totals):
    return forecast(totals, [5.0, 7.0, 3.0], 0.5, [1, 3, 2])


def test_the_p10_of_the_cost_is_the_fee_over_the_p90_of_the_engagements(totals):
    fee, asked = np.array([450.0, 99.5, 12.0]), three(totals)
    found = cost_quantiles(fee, DeliveredTotals.of(asked))
    counts = asked.quantile([0.9, 0.5, 0.1])
    for name, count in zip(("p10", "p50", "p90"), counts.T, strict=True):
        assert found[name].tolist() == (fee / count).tolist()


def test_a_cost_quantile_is_reached_with_its_probability(totals):
    fee, delivered = np.array([450.0, 99.5, 12.0]), DeliveredTotals.of(three(totals))
    for p, cost in zip((0.1, 0.5, 0.9), cost_quantiles(fee, delivered).values(), strict=True):
        np.testing.assert_allclose(cost_probability(cost, fee, delivered), p, rtol=1e-9)


@settings(max_examples=60)
@given(
    confidence=st.floats(0.01, 0.99),
    cost=st.floats(0.01, 100),
    rate=st.none() | st.floats(0.05, 0.999),
)
def test_at_the_break_even_fee_the_chance_is_the_confidence(totals, confidence, cost, rate):
    delivered = DeliveredTotals.of(three(totals), None if rate is None else ALL * rate)
    fee = break_even_fee(ALL * cost, ALL * confidence, delivered)
    possible = 1 - delivered.probability_of_none - 1e-3 > confidence
    chance = cost_probability(ALL * cost, np.where(fee > 0, fee, np.nan), delivered)
    assert (chance[possible] >= confidence - 1e-9).all()
    # a mixture jumps by at most the 0.001 beyond the end of a curve
    np.testing.assert_allclose(chance[possible], confidence, atol=1e-9 if rate is None else 0.0011)
    more = cost_probability(ALL * cost, fee * 1.02, delivered)
    assert (more[possible] < confidence).all()
    assert (fee[1 - delivered.probability_of_none < confidence] == 0).all()


@pytest.mark.parametrize("rate", [None, 0.7])
def test_scaling_the_fee_scales_the_cost_and_nothing_else(totals, rate):
    fee, delivered = (
        np.array([450.0, 99.5, 12.0]),
        DeliveredTotals.of(three(totals), None if rate is None else ALL * rate),
    )
    once, many = (cost_quantiles(scale * fee, delivered) for scale in (1, 8))
    for name in once:
        np.testing.assert_array_equal(many[name], 8 * once[name])


def test_with_a_completion_rate_it_is_the_mixture_over_what_is_delivered(totals):
    """Against totals drawn one by one: 3 booked at 0.6 each, so nothing comes of 6.4 %."""
    rate, asked = 0.6, forecast(totals, [7.0], 0.5, [3])
    random = np.random.default_rng(0)
    number = random.binomial(3, rate, 200_000)
    drawn = np.zeros(len(number))
    for k in (1, 2, 3):
        own = forecast(totals, [7.0], 0.5, [k])
        drawn[number == k] = own.quantile(random.random((number == k).sum()))[0]
    delivered = DeliveredTotals.of(asked, np.array([rate]))
    assert delivered.probability_of_none == pytest.approx(0.4**3)
    for x in (500.0, 1500.0, 4000.0):
        assert delivered.probability_at_least(np.array([x]))[0] == pytest.approx(
            (drawn >= x).mean(), abs=0.004
        )
    levels = [0.05, 0.1, 0.5, 0.9]
    np.testing.assert_allclose(delivered.quantile(levels)[0], np.quantile(drawn, levels), rtol=0.03)
    fee = np.array([300.0])
    costs = {name: float(value[0]) for name, value in cost_quantiles(fee, delivered).items()}
    assert costs["p10"] == pytest.approx(300 / np.quantile(drawn, 0.9), rel=0.02)
    assert costs["p90"] == pytest.approx(300 / np.quantile(drawn, 0.1), rel=0.04)


def test_where_too_often_nothing_is_delivered_high_costs_have_no_finite_value(totals):
    delivered = DeliveredTotals.of(three(totals), np.array([0.8, 0.8, np.nan]))
    costs = cost_quantiles(np.array([100.0, 100.0, 100.0]), delivered)
    assert np.isnan(costs["p90"]).tolist() == [True, False, False]
    assert np.isfinite(costs["p50"]).all()
    np.testing.assert_allclose(delivered.probability_of_none, [0.2, 0.008, 0.0])


def test_a_completion_rate_of_one_changes_nothing(totals):
    plain, certain = DeliveredTotals.of(three(totals)), DeliveredTotals.of(three(totals), ALL)
    assert certain.mixture is plain.mixture is None
    assert not certain.probability_of_none.any()


def test_many_at_once_equal_one_at_a_time(totals):
    rates = np.array([0.5, np.nan, 0.9])
    whole = DeliveredTotals.of(three(totals), rates)
    for n, (location, k) in enumerate(((5.0, 1), (7.0, 3), (3.0, 2))):
        alone = DeliveredTotals.of(forecast(totals, [location], 0.5, [k]), rates[n : n + 1])
        np.testing.assert_allclose(
            whole.quantile([0.2, 0.7])[n], alone.quantile([0.2, 0.7])[0], rtol=1e-12
        )
        assert whole.probability_at_least(np.full(3, 300.0))[n] == pytest.approx(
            alone.probability_at_least(np.array([300.0]))[0], rel=1e-12
        )


def many(totals, n, deliverables, seed=0):
    random = np.random.default_rng(seed)
    location, scale = random.uniform(0, 9, n), random.uniform(0.05, 1.5, n)
    return PredictiveDistribution(
        location, scale, np.zeros(n, int), random.choice(deliverables, n).astype(float), totals
    )


@pytest.mark.parametrize("deliverables", [[1], [1, 2, 7], [99, 100]])
@pytest.mark.parametrize("rate", [0.01, 0.5, 0.8, 0.999])
def test_a_mixture_comes_to_each_quantile_with_its_probability(totals, deliverables, rate):
    asked = many(totals, FEW_FORECASTS + 40, deliverables)
    delivered = DeliveredTotals.of(asked, np.full(len(asked.location), rate))
    for p in (0.05, 0.3, 0.9, 0.999):
        quantile = delivered.quantile([p])[:, 0]
        assert (quantile[delivered.probability_of_none >= p] == 0).all()
        some = quantile > 0
        assert (delivered.probability_at_least(quantile)[some] >= 1 - p - 2e-9).all()
        past = delivered.probability_at_least(quantile * (1 + 10 * ROOT_TOLERANCES["xrtol"]))
        assert (past[some] <= 1 - p + 2e-9).all()


def test_mixtures_of_any_number_are_made_few_at_a_time_and_alike(totals, monkeypatch):
    made, of = [], DeliveryCurves.of
    monkeypatch.setattr(DeliveryCurves, "of", lambda *given: made.append(of(*given)) or made[-1])
    asked, rates = many(totals, 400, [1, 30, 100]), np.linspace(0.1, 0.95, 400)
    delivered = DeliveredTotals.of(asked, rates)
    found, reached = (
        delivered.quantile([0.1, 0.9]),
        delivered.probability_at_least(np.full(400, 300.0)),
    )
    assert len(made) > 2
    assert max(len(curves.curve) for curves in made) <= CURVES_PER_CHUNK + 100
    for rows in (slice(0, 7), slice(201, 260)):
        alone = DeliveredTotals.of(asked[rows], rates[rows])
        np.testing.assert_allclose(alone.quantile([0.1, 0.9]), found[rows], rtol=1e-12)
        np.testing.assert_allclose(
            alone.probability_at_least(np.full(400, 300.0)[rows]), reached[rows], rtol=1e-12
        )


def test_unknown_fees_and_costs_stay_unknown(totals):
    delivered = DeliveredTotals.of(three(totals))
    fee = np.array([np.nan, 5.0, 5.0])
    assert np.isnan(cost_quantiles(fee, delivered)["p50"]).tolist() == [True, False, False]
    assert np.isnan(cost_probability(np.array([1.0, np.nan, 1.0]), fee, delivered)).tolist() == [
        True,
        True,
        False,
    ]
    assert np.isnan(cost_per(np.array([1.0]), np.array([0.0])))


def test_rank_and_along_are_each_others_inverse(totals):
    p = np.array([[0.2, 0.333], [0.001, 0.998], [0.5, 0.9991 - 0.001]])
    asked = three(totals)
    values = asked.interpolated_quantile(p)
    for column in range(2):
        np.testing.assert_allclose(
            asked.interpolated_probability(values[:, column]), p[:, column], rtol=1e-9
        )


@settings(max_examples=100)
@given(
    x=st.floats(-1, 5e4), location=st.floats(-3, 9), scale=st.floats(0.01, 4), k=st.integers(1, 100)
)
def test_the_search_in_two_steps_finds_what_the_whole_curve_has(totals, x, location, scale, k):
    many = forecast(totals, [location] * (FEW_FORECASTS + 1), scale, [k] * (FEW_FORECASTS + 1))
    whole = interpolate_level(
        many.totals_at(np.arange(len(GRID))), np.full(FEW_FORECASTS + 1, x), GRID
    )
    np.testing.assert_allclose(
        many.interpolated_probability(np.full(FEW_FORECASTS + 1, x)), whole, rtol=1e-9, atol=1e-12
    )
    np.testing.assert_allclose(
        forecast(totals, [location], scale, [k]).interpolated_probability(np.array([x])),
        whole[:1],
        rtol=1e-12,
    )
