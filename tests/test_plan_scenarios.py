"""Scenarios: each option as its forecast says, together as the shared shock says, by name alone."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.conformal import GRID, ConformalTables
from models.delivery import DeliveredTotals
from models.distribution import PredictiveDistribution
from models.joint_draws import draw_uniforms
from models.totals import TotalsTables
from serving.plan.scenarios import draw_totals

DRAWS = 2000


@pytest.fixture(scope="module")
def tables() -> TotalsTables:
    z = np.interp(GRID, GRID, np.log(GRID / (1 - GRID)))[None]
    one = np.ones((1, 1), dtype=int)
    conformal = ConformalTables(z, np.array([2.0]), one * 0, one)
    return TotalsTables.fit(conformal, 0.4)


def totals_of(tables: TotalsTables, rate: np.ndarray | None = None) -> DeliveredTotals:
    k = np.array([1.0, 2.0, 3.0] * 10)
    location, scale = np.linspace(4, 9, 30), np.linspace(0.2, 0.7, 30)
    forecast = PredictiveDistribution(location, scale, np.zeros(30, dtype=int), k, tables)
    return DeliveredTotals.of(forecast, rate)


def names(prefix: str, n: int, every: int = 1) -> list[str]:
    return [f"{prefix}{number // every}" for number in range(n)]


def uniforms(n: int = 30, a: float = 0.0, b: float = 0.0, seed: int = 0) -> np.ndarray:
    shares = np.full(n, a), np.full(n, b)
    return draw_uniforms(names("creator", n), ["tiktok"] * n, ["food"] * n, shares, DRAWS, seed)


def test_marginals_are_the_forecasts(tables: TotalsTables) -> None:
    totals = totals_of(tables)
    drawn = draw_totals(totals, uniforms(a=0.1, b=0.1))
    assert drawn.dtype == np.float32
    for level in (0.1, 0.5, 0.9):
        below = (drawn <= totals.quantile([level])[:, 0]).mean(axis=0)
        assert below == pytest.approx(level, abs=0.03)


def test_completion_rates_give_the_distribution_of_what_is_delivered(tables: TotalsTables) -> None:
    rate = np.where(np.arange(30) % 2, 0.8, np.nan)
    totals = totals_of(tables, rate)
    drawn = draw_totals(totals, uniforms(), names("creator", 30))
    nothing = (drawn == 0).mean(axis=0)
    assert nothing == pytest.approx(totals.probability_of_none, abs=0.025)
    for level in (0.3, 0.5, 0.9):
        quantile = totals.quantile([level])[:, 0]
        assert (drawn <= quantile).mean(axis=0)[quantile > 0] == pytest.approx(level, abs=0.035)


def test_creators_of_a_platform_and_niche_move_together() -> None:
    from scipy.special import ndtri

    n = 40
    niches = ["food"] * 20 + ["travel"] * 20
    shares = np.full(n, 0.2), np.full(n, 0.1)
    u = draw_uniforms(names("c", n), ["tiktok"] * n, niches, shares, DRAWS)
    correlation = np.corrcoef(ndtri(np.clip(u, 1e-9, 1 - 1e-9)).T)
    same = correlation[:20, :20][np.triu_indices(20, 1)]
    assert same.mean() == pytest.approx(0.3, abs=0.04)
    assert correlation[:20, 20:].mean() == pytest.approx(0.2, abs=0.04)


def test_an_unknown_niche_shares_nothing_and_options_of_a_creator_share_all() -> None:
    shares = np.full(4, 0.0), np.full(4, 0.9)
    u = draw_uniforms(["a", "b", "c", "c"], ["x"] * 4, ["", "", "food", "food"], shares, DRAWS)
    assert abs(np.corrcoef(u.T)[0, 1]) < 0.1
    assert np.array_equal(u[:, 2], u[:, 3])


@settings(max_examples=20)
@given(st.permutations(range(8)), st.integers(1, 8), st.integers(0, 5))
def test_draws_of_a_creator_depend_on_its_name_alone(
    order: list[int], kept: int, seed: int
) -> None:
    creators, platforms = names("creator", 8), names("platform", 8, 3)
    niches, shares = names("niche", 8, 2), (np.linspace(0.05, 0.3, 8), np.full(8, 0.1))
    every = draw_uniforms(creators, platforms, niches, shares, 50, seed)
    part = order[:kept]
    some = draw_uniforms(
        [creators[row] for row in part],
        [platforms[row] for row in part],
        [niches[row] for row in part],
        (shares[0][part], shares[1][part]),
        50,
        seed,
    )
    assert np.array_equal(some, every[:, part])


def test_another_seed_draws_others() -> None:
    assert not np.allclose(uniforms(3), uniforms(3, seed=1))


def test_the_mean_of_scenarios_is_held_at_the_expectation(tables: TotalsTables) -> None:
    totals = totals_of(tables)
    free = draw_totals(totals, uniforms())
    expected = totals.forecast.mean()
    assert (free.mean(axis=0) > expected).any()
    held = draw_totals(totals, uniforms(), expected=expected)
    low = np.quantile(free, 0.89, axis=0)
    assert (held <= free).all()
    assert (held == free)[free <= low].all()
    reached = np.isclose(held.mean(axis=0), np.minimum(free.mean(axis=0), expected), rtol=1e-4)
    assert reached.mean() > 0.9
    assert (held.mean(axis=0) >= np.minimum(free.mean(axis=0), expected) * 0.999).all()
