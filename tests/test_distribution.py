import numpy as np
import pytest
from scipy.special import ndtri
from scipy.stats import norm

from models.conformal import GRID, ConformalTables
from models.correlation import within_creator_correlation
from models.distribution import PredictiveDistribution, crps
from models.totals import TotalsTables

NORMAL = ConformalTables(
    ndtri(GRID)[None, :], np.array([np.inf]), np.zeros((1, 1), int), np.array([[1000]])
)


def predictive(correlation, deliverables, scale=0.5, location=5.0):
    k = np.atleast_1d(np.asarray(deliverables, dtype=float))
    totals = TotalsTables.fit(NORMAL, correlation)
    n = len(k)
    return PredictiveDistribution(
        np.full(n, location), np.full(n, scale), np.zeros(n, int), k, totals
    )


def test_crps_of_a_normal_has_its_closed_form():
    y = np.array([-1.0, 0.0, 0.5, 2.0])
    closed = y * (2 * norm.cdf(y) - 1) + 2 * norm.pdf(y) - 1 / np.sqrt(np.pi)
    np.testing.assert_allclose(crps(np.zeros(4), np.ones(4), ndtri(GRID), y), closed, atol=0.004)


def test_one_deliverable_is_exact_and_the_cdf_inverts_the_quantile():
    found = predictive(0.3, 1)
    p = np.array([0.05, 0.1, 0.5, 0.9, 0.95])
    np.testing.assert_allclose(found.quantile(p)[0], np.expm1(5 + 0.5 * ndtri(p)), rtol=1e-3)
    for probability in p:
        assert found.cdf(found.quantile(probability)[:, 0])[0] == pytest.approx(
            probability, abs=1e-6
        )
    assert found.mean()[0] == pytest.approx(np.exp(5 + 0.125) - 1, rel=0.01)


def test_posts_that_move_together_add_up_like_one_and_others_average_out():
    one, together, apart = predictive(0.0, 1), predictive(1.0, 5), predictive(0.0, 5)
    np.testing.assert_allclose(
        together.quantile([0.1, 0.9]), 5 * one.quantile([0.1, 0.9]), rtol=0.03
    )
    draws = np.expm1(5 + 0.5 * np.random.default_rng(0).normal(size=(200_000, 5))).sum(axis=1)
    np.testing.assert_allclose(
        apart.quantile([0.1, 0.5, 0.9])[0], np.quantile(draws, [0.1, 0.5, 0.9]), rtol=0.02
    )
    assert apart.mean()[0] == pytest.approx(draws.mean(), rel=0.02)


def test_quantiles_ascend_stay_finite_and_never_fall_below_zero():
    found = predictive(0.4, [1, 2, 3, 4, 6, 40, 100], scale=2.9, location=-1.0)
    quantiles = found.quantile(np.linspace(0, 1, 50))
    assert np.isfinite(quantiles).all()
    assert (quantiles >= 0).all()
    assert (np.diff(quantiles, axis=1) >= 0).all()
    assert (np.diff(found.mean()) > 0).all()


@pytest.mark.parametrize("truth", [0.0, 0.3, 0.7])
def test_the_correlation_of_runs_is_near_the_truth(truth):
    random = np.random.default_rng(2)
    group = np.repeat(np.arange(3000), 8)
    shared = random.normal(size=3000)[group]
    score = norm.cdf(np.sqrt(truth) * shared + np.sqrt(1 - truth) * random.normal(size=len(group)))
    assert within_creator_correlation(score, group) == pytest.approx(truth, abs=0.04)


def test_few_creators_far_off_do_not_decide_for_all():
    random = np.random.default_rng(3)
    group = np.repeat(np.arange(1000), 8)
    score = norm.cdf(random.normal(size=len(group)))
    score[group < 20] = 0.999
    assert within_creator_correlation(score, group) < 0.1


def test_posts_alone_in_their_group_tell_nothing_of_correlation():
    assert within_creator_correlation(np.linspace(0.01, 0.99, 50), np.arange(50)) == 0.5


@pytest.mark.parametrize("correlation", [0.0, 0.4, 1.0])
def test_more_deliverables_never_bring_less(correlation):
    found = predictive(correlation, [1, 2, 3, 4, 6, 8, 12, 20, 40, 80, 100])
    assert (np.diff(found.quantile([0.05, 0.5, 0.95]), axis=0) > 0).all()


def test_totals_narrow_with_deliverables_and_widen_with_correlation():
    def width(correlation, k):
        low, high = predictive(correlation, k).interval(0.8)[0]
        return np.log(high / low)

    assert width(0.0, 100) < width(0.0, 10) < width(0.0, 2) < width(0.0, 1)
    assert width(0.0, 5) < width(0.3, 5) < width(0.7, 5) < width(1.0, 5)


def test_totals_of_correlated_posts_are_those_of_a_simulation():
    """9 lies between two knots of the table, so this holds the interpolation too."""
    random = np.random.default_rng(3)
    normal = np.sqrt(0.3) * random.normal(size=(100_000, 1)) + np.sqrt(0.7) * random.normal(
        size=(100_000, 9)
    )
    draws = np.expm1(5 + 0.5 * normal).sum(axis=1)
    p = [0.1, 0.25, 0.5, 0.75, 0.9]
    np.testing.assert_allclose(predictive(0.3, 9).quantile(p)[0], np.quantile(draws, p), rtol=0.03)


@pytest.mark.parametrize(("k", "scale"), [(1, 0.02), (1, 0.7), (1, 1.3), (4, 0.7)])
def test_the_mean_is_the_integral_of_the_quantiles(k, scale):
    found = predictive(0.3, k, scale=scale)
    u = (np.arange(20_000) + 0.5) / 20_000
    assert found.mean()[0] == pytest.approx(found.quantile(u)[0].mean(), rel=0.02)


def test_the_cdf_ends_at_0_and_1_and_takes_one_x_a_row():
    found = predictive(0.3, [1, 4])
    median = found.quantile(0.5)[:, 0]
    np.testing.assert_allclose(found.cdf(median), [0.5, 0.5])
    assert found.cdf(0.0).tolist() == [0, 0]
    assert found.cdf(1e9).tolist() == [1, 1]
    assert np.all(np.diff([found.cdf(x)[0] for x in np.linspace(0, 1000, 60)]) >= 0)
