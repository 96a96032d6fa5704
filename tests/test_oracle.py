from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from features.tables.vocabulary import FORMATS
from training.simulate.oracle import Oracle
from training.simulate.parameters import DEMO_MARKET, brand_fit_matrix
from training.simulate.simulate import simulate, write_market
from training.simulate.truth import (
    OracleError,
    expected_log_engagements,
    fit_effect,
    interpolate_paths,
    timing_effect,
)

DAY = pd.Timedelta(days=1)


@pytest.fixture(scope="session")
def simulated():
    return simulate(400, seed=11)


@pytest.fixture(scope="session")
def oracle(simulated):
    return Oracle(simulated[1])


@pytest.fixture(scope="session")
def mature(simulated):
    """Mature posts as questions, each with the engagements as read."""
    posts = simulated[0].posts
    shares = posts["shares"].where(posts["platform"] == "tiktok", 0)
    posts = posts.assign(
        start_at=posts["posted_at"],
        age_days=(posts["observed_at"] - posts["posted_at"]) / DAY,
        engagements=posts["likes"] + posts["comments"] + shares,
    )
    posts = posts[(posts["age_days"] >= 7) & posts["engagements"].notna()].drop_duplicates(
        "post_id"
    )
    return posts.sample(4000, random_state=1).reset_index(drop=True)


def one_creator(truth, engagements):
    """Give the truth of the first creator, made to expect so many engagements of any post at 30 days, with sd 0.5."""
    level = {name: np.log(engagements) for name in truth.creators if name.startswith("level_")}
    effects = {name: 0.0 for name in truth.creators if name.startswith(("effect_", "momentum_"))}
    creators = truth.creators.head(1).assign(platform="instagram", post_sd=0.5, **level, **effects)
    return replace(truth, creators=creators)


def draws_of(oracle, questions):
    """Return the oracle's draws of ln(1 + engagements), (questions, draws): its hazen quantiles are its draws."""
    return oracle.quantiles(questions, (np.arange(oracle.draws) + 0.5) / oracle.draws)


def test_mature_posts_are_uniform_under_the_oracle(oracle, mature):
    pit = oracle.pit(mature, mature["engagements"])
    assert stats.kstest(pit, "uniform").pvalue > 0.01
    assert np.mean((pit > 0.1) & (pit < 0.9)) == pytest.approx(0.8, abs=0.02)
    sponsored = mature["sponsored"].to_numpy(dtype=bool)
    for part in (sponsored, *(mature["platform"] == name for name in DEMO_MARKET.platforms)):
        assert stats.kstest(pit[np.asarray(part)], "uniform").pvalue > 0.005


def test_intervals_cover_as_they_say(oracle, mature):
    low, high = oracle.quantiles(mature, [0.1, 0.9]).T
    y = np.log1p(mature["engagements"])
    assert np.mean((y >= low) & (y <= high)) == pytest.approx(0.8, abs=0.025)


def test_unknown_circumstances_are_averaged_over(oracle, mature):
    questions = mature[["creator_id", "start_at", "age_days"]]
    assert stats.kstest(oracle.pit(questions, mature["engagements"]), "uniform").pvalue > 0.01
    missing = questions.assign(
        format=None, sponsored=pd.Series(pd.NA, index=questions.index, dtype="boolean")
    )
    np.testing.assert_array_equal(
        oracle.quantiles(missing.head(50), [0.5]), oracle.quantiles(questions.head(50), [0.5])
    )


def test_totals_of_partnerships_are_uniform():
    tables, truth = simulate(1500, seed=12)
    deals = tables.partnerships.merge(truth.partnerships[["partnership_id", "age_days"]]).assign(
        sponsored=True
    )
    deals = deals[deals["engagements"].notna()]
    pit = Oracle(truth).pit(deals, deals["engagements"])
    assert stats.kstest(pit, "uniform").pvalue > 0.01
    assert np.mean((pit > 0.1) & (pit < 0.9)) == pytest.approx(0.8, abs=0.06)


def test_posts_that_grow_at_their_own_pace_are_uniform_under_the_oracle():
    ages = (1.0, 7.0, 90.0)
    market = replace(DEMO_MARKET, growth_theta=0.3, truth_ages_days=ages, later_days=30)
    _, truth = simulate(150, seed=13, market=market)
    questions = truth.readings.merge(
        truth.posts[["post_id", "creator_id", "posted_at"]], on="post_id"
    ).rename(columns={"posted_at": "start_at"})
    oracle = Oracle(truth, draws=512)
    for age in ages:
        asked = questions[questions["age_days"] == age].sample(1200, random_state=1)
        assert stats.kstest(oracle.pit(asked, asked["engagements"]), "uniform").pvalue > 0.01


def test_large_counts_have_the_closed_form(simulated):
    truth = one_creator(simulated[1], 5000.0)
    question = pd.DataFrame(
        {
            "creator_id": truth.creators["creator_id"],
            "start_at": ["2026-01-07T19:00:00Z"],
            "format": "short",
        }
    )
    p = np.array([0.05, 0.25, 0.5, 0.75, 0.95])
    oracle, question = Oracle(truth), question.assign(sponsored=False)
    at_30_days = np.log(5000) + 0.05 + 0.5 * stats.t.ppf(p, 6) * np.sqrt(4 / 6)
    np.testing.assert_allclose(oracle.quantiles(question, p)[0], at_30_days, atol=0.01)
    # the published 80 % at 24 hours [CampaignDeus], which the curve meets within 2 %
    np.testing.assert_allclose(
        oracle.quantiles(question.assign(age_days=1.0), p)[0],
        at_30_days + np.log(0.8),
        atol=0.03,
    )


def test_small_counts_have_the_distribution_of_a_mixed_poisson(simulated):
    truth = one_creator(simulated[1], 4.0)
    question = pd.DataFrame(
        {
            "creator_id": truth.creators["creator_id"],
            "start_at": ["2026-01-07T19:00:00Z"],
            "format": "short",
        }
    ).assign(sponsored=False)
    counts = np.expm1(draws_of(Oracle(truth, draws=4096), question)[0]).round()
    u = (np.arange(20_000) + 0.5) / 20_000
    rates = np.exp(np.log(4) + 0.05 + 0.5 * stats.t.ppf(u, 6) * np.sqrt(4 / 6))
    exact = [stats.poisson.cdf(k, rates).mean() for k in (0, 2, 4, 8, 16)]
    np.testing.assert_allclose([(counts <= k).mean() for k in (0, 2, 4, 8, 16)], exact, atol=0.03)


def test_crps_is_that_of_the_definition_and_the_truth_beats_a_shifted_forecast(oracle, mature):
    questions, y = mature.head(600), np.log1p(mature["engagements"].head(600).to_numpy())
    crps = oracle.crps(questions, y)
    draws = draws_of(oracle, questions)
    spread = np.abs(draws[0][:, None] - draws[0][None, :]).mean()
    assert crps[0] == pytest.approx(np.abs(draws[0] - y[0]).mean() - spread / 2)
    assert crps.mean() < oracle.crps(questions, y + 0.3).mean()
    assert crps.mean() < oracle.crps(questions, y - 0.3).mean()


def test_generator_and_oracle_share_one_mean(simulated):
    tables, truth = simulated
    posts = truth.posts
    shown = tables.posts.drop_duplicates("post_id").set_index("post_id")[["format", "sponsored"]]
    known = posts.set_index("post_id").loc[shown.index, ["format", "sponsored"]]
    assert known.astype("str").equals(shown.astype("str"))
    days = (posts["posted_at"] - pd.Timestamp("2025-01-01", tz="UTC")) / DAY
    mean = expected_log_engagements(
        truth.creators,
        pd.Index(truth.creators["creator_id"]).get_indexer(posts["creator_id"]),
        days.to_numpy(),
        pd.Index(FORMATS).get_indexer(posts["format"]),
        posts["sponsored"].to_numpy(dtype=bool),
        posts["fit"].fillna(0).to_numpy(),
        truth.market,
    )
    np.testing.assert_allclose(mean, posts["ln_expected"], atol=1e-9)


def test_draws_are_accurate_as_stated(simulated, oracle, mature):
    fine = Oracle(simulated[1], draws=16_384, seed=9)
    questions = mature.sort_values("engagements").iloc[::50]
    exact = fine.quantiles(questions, [0.1, 0.5, 0.9])
    error = np.abs(oracle.quantiles(questions, [0.1, 0.5, 0.9]) - exact)
    few = np.expm1(exact[:, 1]) < 20
    assert error[~few].mean() < 0.02
    assert error[few].mean() < 0.05


def test_no_questions_no_answers(oracle, mature):
    none = mature.head(0)
    assert oracle.quantiles(none, [0.1, 0.9]).shape == (0, 2)
    assert oracle.crps(none, np.array([])).shape == (0,)


def test_oracle_of_a_folder_is_the_oracle_of_its_truth(tmp_path):
    folder = write_market(tmp_path / "demo", 20, seed=4)
    _, truth = simulate(20, seed=4)
    question = pd.DataFrame(
        {"creator_id": ["c0000001", "c0000002"], "start_at": ["2026-08-01T00:00:00Z"] * 2}
    )
    np.testing.assert_array_equal(
        Oracle.read(folder).quantiles(question, [0.1, 0.9]),
        Oracle(truth).quantiles(question, [0.1, 0.9]),
    )


def test_what_the_oracle_cannot_answer(oracle, tmp_path):
    with pytest.raises(
        OracleError, match="holds no truth: only a simulated data set has an oracle"
    ):
        Oracle.read(tmp_path)
    question = pd.DataFrame({"creator_id": ["nobody"], "start_at": ["2026-01-01T00:00:00Z"]})
    with pytest.raises(
        OracleError, match="creator_id 'nobody' has no truth: ask for creators of this"
    ):
        oracle.quantiles(question, [0.5])
    with pytest.raises(OracleError, match="start_at is missing: the oracle needs"):
        oracle.quantiles(question.assign(creator_id="c0000001", start_at=None), [0.5])


def test_paths_are_read_between_their_months_and_stay_at_their_ends():
    path = np.array([[0.0, 1.0, 3.0]])
    days = np.array([-5.0, 0.0, 365.25 / 24, 365.25 / 12, 1.5 * 365.25 / 12, 1000.0])
    np.testing.assert_allclose(
        interpolate_paths(path, np.zeros(6, dtype=int), days), [0.0, 0.0, 0.5, 1.0, 2.0, 3.0]
    )


def test_effects_of_timing_and_fit():
    wednesday = 7 + 19 / 24
    assert timing_effect(np.array([wednesday]), DEMO_MARKET)[0] == pytest.approx(0.05)
    assert np.abs(timing_effect(np.arange(0, 21, 0.01), DEMO_MARKET)).max() <= 0.05 + 1e-12
    none, kin, same = fit_effect(np.array([0.0, 0.5, 1.0]), DEMO_MARKET)
    assert none < same < kin
    assert np.array([none, kin, same]) @ DEMO_MARKET.fit_shares == pytest.approx(0.0)
    assert set(np.unique(brand_fit_matrix())) == {0.0, 0.5, 1.0}
