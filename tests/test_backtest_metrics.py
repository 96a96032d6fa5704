import numpy as np
import pytest
from scipy import stats

from training.backtest.metrics import bootstrap_means, interval, spearman, spearman_within


def test_spearman_is_that_of_scipy_with_ties():
    random = np.random.default_rng(0)
    y = random.integers(0, 20, 300).astype(float)
    forecast = y + random.normal(0, 10, 300).round()
    assert spearman(forecast, y) == pytest.approx(stats.spearmanr(forecast, y).statistic, rel=1e-12)


@pytest.mark.parametrize(
    ("forecast", "y"),
    [
        ([1.0, 1.0, 1.0], [1.0, 2.0, 3.0]),
        ([1.0, 2.0, 3.0], [4.0, 4.0, 4.0]),
        ([1.0, 2.0], [1.0, 2.0]),
    ],
)
def test_no_rank_correlation_of_a_constant_or_of_two(forecast, y):
    assert np.isnan(spearman(np.array(forecast), np.array(y)))


def test_within_cells_the_size_of_accounts_does_not_flatter():
    forecast = np.array([1.0, 2.0, 3.0, 101.0, 102.0, 103.0])
    y = np.array([3.0, 2.0, 1.0, 103.0, 102.0, 101.0])
    cell = np.array(["small"] * 3 + ["large"] * 3)
    assert spearman(forecast, y) > 0.5
    assert spearman_within(forecast, y, cell) == pytest.approx(-1)


def test_cells_weigh_by_their_rows_and_a_constant_cell_has_no_say():
    forecast = np.array([1.0, 2.0, 3.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 7.0, 7.0])
    y = np.array([1.0, 2.0, 3.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0, 1.0, 2.0, 3.0])
    cell = np.repeat(["a", "b", "c"], [3, 6, 3])
    assert spearman_within(forecast, y, cell) == pytest.approx((3 * 1 - 6 * 1) / 9)
    assert np.isnan(spearman_within(forecast[9:], y[9:], cell[9:]))


def test_the_bootstrap_draws_whole_creators():
    values = np.array([0.0, 0.0, 0.0, 8.0])
    draws = bootstrap_means(values, np.array(["a", "a", "a", "b"]))
    assert {float(draw) for draw in np.round(draws, 9)} == {0.0, 2.0, 8.0}
    np.testing.assert_array_equal(draws, bootstrap_means(values, np.array(["a", "a", "a", "b"])))
    both = bootstrap_means(np.column_stack([values, -values]), np.array(["a", "a", "a", "b"]))
    np.testing.assert_allclose(both, np.column_stack([draws, -draws]))


def test_the_bootstrap_interval_covers_as_it_says():
    random = np.random.default_rng(1)
    group = np.repeat(np.arange(60), 5)
    inside = []
    for round_ in range(200):
        values = random.normal(0, 1, 60)[group] + random.normal(0, 0.5, 300)
        low, high = interval(bootstrap_means(values, group, seed=round_, rounds=200), 0.9)
        inside.append(low <= 0 <= high)
    assert np.mean(inside) == pytest.approx(0.9, abs=0.06)


def test_the_interval_is_central():
    assert interval(np.arange(101.0), 0.9) == pytest.approx((5, 95))
