import numpy as np
import pytest
from scipy.special import ndtri

from models.conformal import (
    CEILING,
    ENOUGH_CREATORS,
    GRID,
    ConformalTables,
    ConformityScores,
    weighted_quantile,
)

MIDDLE = int(np.searchsorted(GRID, 0.5))
LOW, HIGH = (int(np.searchsorted(GRID, p)) for p in (0.1, 0.9))


def scores_of(z, evidence=0, platform=0, creator=None, weight=1.0, residual=None):
    z = np.asarray(z, dtype=float)
    n = len(z)
    creator = np.arange(n) if creator is None else creator
    codes = (np.broadcast_to(value, n) for value in (evidence, platform, creator))
    return ConformityScores(
        z,
        z if residual is None else residual,
        np.broadcast_to(np.asarray(weight, float), n),
        *codes,
    )


def test_quantiles_of_normal_scores_are_normal_and_widened():
    z = np.random.default_rng(0).normal(size=40_000)
    table = ConformalTables.fit(scores_of(z), 1, 1, widen=0.05).z[0]
    inner = (GRID > 0.02) & (GRID < 0.98)
    np.testing.assert_allclose(table[inner], 1.05 * ndtri(GRID)[inner], atol=0.05)


def test_few_creators_widen_more():
    z = np.random.default_rng(0).normal(size=6_000)
    wide, narrow = (
        ConformalTables.fit(scores_of(z, creator=np.arange(6_000) % n), 1, 1, 0.0).z[0]
        for n in (6, 6_000)
    )
    assert np.ptp(wide[[LOW, HIGH]]) / np.ptp(narrow[[LOW, HIGH]]) == pytest.approx(2.0, abs=0.01)


def test_weights_decide_which_scores_count():
    scores = scores_of(np.repeat([0.0, 5.0], 100), weight=np.repeat([1.0, 0.0], 100))
    assert ConformalTables.fit(scores, 1, 1, widen=0.0).z[0][MIDDLE] == 0


def test_an_evidence_with_few_scores_takes_those_of_all():
    evidence = np.r_[np.zeros(190, int), np.ones(10, int)]
    conformal = ConformalTables.fit(scores_of(np.arange(200.0), evidence), 1, 2, widen=0.0)
    assert conformal.n.tolist() == [[190, 10]]
    assert conformal.z[conformal.place[0, 1]][MIDDLE] == pytest.approx(99.5, abs=0.6)


def test_a_centred_evidence_serves_the_location_and_keeps_its_width():
    z = np.random.default_rng(1).normal(0.4, 1, 4_000)
    scores = scores_of(z)
    plain, centred = (
        ConformalTables.fit(scores.centre(which), 1, 1, 0.05, which).z[0] for which in ((), (0,))
    )
    assert centred[MIDDLE] == 0
    assert plain[MIDDLE] == pytest.approx(0.4, abs=0.05)
    np.testing.assert_allclose(centred, plain - plain[MIDDLE], atol=1e-12)


def test_each_platform_has_the_spread_of_its_own_scores():
    random = np.random.default_rng(2)
    z = np.r_[random.normal(0, 0.5, 4_000), random.normal(0, 2.0, 4_000)]
    conformal = ConformalTables.fit(
        scores_of(z, platform=np.repeat([0, 2], 4_000)), 4, 1, widen=0.0
    )
    calm, wild = (conformal.z[conformal.place[platform, 0]][HIGH] for platform in (0, 2))
    assert (calm, wild) == pytest.approx((0.5 * ndtri(0.9), 2 * ndtri(0.9)), rel=0.06)
    assert conformal.n[:, 0].tolist() == [4_000, 0, 4_000, 0]


def test_a_platform_without_scores_takes_the_widest_table():
    random = np.random.default_rng(3)
    z = np.r_[random.normal(0, 0.5, 500), random.normal(0, 2.0, 500)]
    conformal = ConformalTables.fit(scores_of(z, platform=np.repeat([0, 2], 500)), 4, 1, widen=0.0)
    assert conformal.place[:, 0].tolist() == [0, 1, 1, 1]


def test_few_creators_of_a_platform_are_filled_up_to_twenty_by_the_pool():
    """Five creators at 1, the pool at 0: a quarter of the table is 1."""
    creators = 5
    own = np.repeat(np.arange(creators), 40)
    z = np.r_[np.ones(len(own)), np.zeros(4_000)]
    platform = np.r_[np.zeros(len(own), int), np.ones(4_000, int)]
    creator = np.r_[own, 100 + np.arange(4_000)]
    conformal = ConformalTables.fit(
        scores_of(z, platform=platform, creator=creator), 2, 1, widen=-6 / ENOUGH_CREATORS
    )
    share = creators / ENOUGH_CREATORS
    table = conformal.z[conformal.place[0, 0]]
    assert table[1 - share - 0.01 > GRID].max() == pytest.approx(0.0)
    assert table[1 - share + 0.01 < GRID].min() == pytest.approx(1.0)


def test_enough_creators_of_a_platform_stand_alone():
    random = np.random.default_rng(4)
    z, platform = random.normal(size=2_000), np.repeat([0, 2], 1_000)
    creator = np.r_[np.arange(1_000) % ENOUGH_CREATORS, 100 + np.arange(1_000)]
    alone = ConformalTables.fit(scores_of(z[:1_000], creator=creator[:1_000]), 4, 1, 0.05)
    beside = ConformalTables.fit(
        scores_of(z * np.repeat([1, 9], 1_000), platform=platform, creator=creator), 4, 1, 0.05
    )
    np.testing.assert_allclose(beside.z[beside.place[0, 0]], alone.z[0], rtol=1e-12)


def test_one_platform_alone_has_one_table_an_evidence():
    conformal = ConformalTables.fit(
        scores_of(np.arange(300.0), np.repeat([0, 1, 2], 100)), 4, 3, widen=0.0
    )
    assert len(conformal.z) == 3
    assert conformal.place.tolist() == [[0, 1, 2]] * 4


def test_the_ceiling_is_what_one_creator_in_so_many_reached():
    few = scores_of(np.arange(100.0), creator=np.arange(100) % 4, residual=np.arange(100.0) / 10)
    assert ConformalTables.fit(few, 1, 1, 0.0).ceiling[0] == pytest.approx(
        weighted_quantile(few.residual, few.weight, 0.8)
    )
    many = scores_of(np.arange(1_000.0))
    expected = weighted_quantile(many.residual, many.weight, CEILING)
    assert ConformalTables.fit(many, 1, 1, 0.0).ceiling[0] == pytest.approx(expected)
