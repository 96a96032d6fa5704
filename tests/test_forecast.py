import pickle
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from conftest import simulate_coarse_totals
from sklearn import config_context
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_score
from sklearn.utils.estimator_checks import parametrize_with_checks

from models.boosting import LOCATION_BOOSTING, Boosting
from models.corrections import CORRECTION_SHARE_GRID, choose_correction_shares, history_scale
from models.fitted_forecaster import FittedForecaster
from models.forecast import Forecaster

SMALL = {
    "location": Boosting(60, 7, 0.1, min_child=10),
    "scale": Boosting(20, 4, 0.1),
    "folds": 2,
    "threads": 1,
}


#: Row sampling and creator folds see a row with weight 2 as one row, not as two.
EXPECTED = {
    "check_sample_weight_equivalence_on_dense_data": "rows are subsampled",
    "check_sample_weight_equivalence_on_sparse_data": "rows are subsampled",
}


@parametrize_with_checks([Forecaster(**SMALL)], expected_failed_checks=lambda estimator: EXPECTED)
def test_sklearn_estimator_checks(estimator, check, monkeypatch):
    simulate_coarse_totals(monkeypatch)  # the checks fit a hundred times
    check(estimator)


def rows(n=3000, seed=0):
    random = np.random.default_rng(seed)
    creator = random.integers(0, n // 20, n)
    level = np.random.default_rng(9).normal(6, 2, n // 20)[creator]
    video = random.integers(0, 2, n)
    y = level + 0.4 * video + random.normal(0, np.where(video, 0.6, 0.3))
    x = pd.DataFrame(
        {"level": level, "video": video.astype(float), "evidence": (creator % 2).astype(float)}
    )
    return x, y, creator


@pytest.fixture(scope="module")
def fitted():
    x, y, creator = rows()
    return Forecaster(offset="level", evidence="evidence", evidences=2, **SMALL).fit(
        x, y, groups=creator
    )


def test_beats_the_offset_and_covers_as_it_says(fitted):
    x, y, _ = rows(seed=1)
    assert np.abs(fitted.predict(x) - y).mean() < 0.95 * np.abs(x["level"] - y).mean()
    ends = np.log1p(fitted.predict_distribution(x).interval(0.8))
    assert np.mean((y >= ends[:, 0]) & (y <= ends[:, 1])) == pytest.approx(0.8, abs=0.04)


def test_the_state_makes_the_same_forecaster(fitted):
    x, _, _ = rows(50, seed=2)
    again = FittedForecaster.from_state(*fitted.state())
    for k in (1, 3):
        expected = fitted.predict_distribution(x, k).quantile([0.1, 0.5, 0.9])
        np.testing.assert_array_equal(
            again.predict_distribution(x, k).quantile([0.1, 0.5, 0.9]), expected
        )


def test_what_was_read_from_a_state_takes_frames_and_matrices_of_its_columns(fitted):
    x, _, _ = rows(50, seed=2)
    again = FittedForecaster.from_state(*fitted.state())
    expected = fitted.predict(x)
    for given in (x, x.to_numpy(), np.asfortranarray(x)):
        np.testing.assert_array_equal(again.predict(given), expected)
    np.testing.assert_array_equal(again.contributions(x), fitted.contributions(x))
    for given in (x[["video", "level", "evidence"]], x.drop(columns="video"), x.to_numpy()[:, :2]):
        with pytest.raises(
            ValueError, match=r"X has other columns than the fitted ones: \['level'"
        ):
            again.predict(given)


def test_another_engine_forecasts_the_same(fitted):
    pytest.importorskip("daal4py")
    x, _, _ = rows(500, seed=4)
    fast = pickle.loads(pickle.dumps(fitted))
    assert (fast.use_engine("daal4py"), fitted.trees_.engine) == ("daal4py", "lightgbm")
    fast = pickle.loads(pickle.dumps(fast))
    assert fast.trees_.engine == "daal4py"
    expected = fitted.predict_distribution(x, 2).quantile([0.05, 0.5, 0.95])
    np.testing.assert_allclose(
        fast.predict_distribution(x, 2).quantile([0.05, 0.5, 0.95]), expected, rtol=1e-6
    )


def test_an_offset_that_x_lacks_is_named():
    x, y, _ = rows(100)
    with pytest.raises(ValueError, match="column 'nothing' is not in X"):
        Forecaster(offset="nothing", **SMALL).fit(x, y)


def test_constant_outcomes_and_few_rows_work():
    x, _, creator = rows(40)
    found = Forecaster(offset="level", **SMALL).fit(
        x.head(20), np.full(20, 3.0), groups=creator[:20]
    )
    assert np.isfinite(found.predict_distribution(x, 4).quantile([0.05, 0.95])).all()


def test_the_state_of_a_forecaster_fitted_to_an_array_works_too(fitted):
    x, y, creator = rows(400)
    found = Forecaster(offset=0, evidence=2, evidences=2, **SMALL).fit(
        x.to_numpy(), y, groups=creator
    )
    again = FittedForecaster.from_state(*found.state())
    np.testing.assert_array_equal(again.predict(x.to_numpy()), found.predict(x.to_numpy()))


def test_the_seed_decides_the_forecast():
    x, y, creator = rows(600)
    first, alike, other = (
        Forecaster(offset="level", seed=seed, **SMALL).fit(x, y, groups=creator).predict(x)
        for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, alike)
    assert not np.array_equal(first, other)


def test_without_an_offset_it_beats_the_mean_and_the_median_of_y():
    x, y, creator = rows(1000)
    found = Forecaster(leave_out=("evidence",), **SMALL).fit(x, y, groups=creator)
    fresh, outcome, _ = rows(1000, seed=3)
    error = np.abs(found.predict(fresh) - outcome).mean()
    assert found.columns_ == ["level", "video"]
    assert error < 0.5 * min(
        np.abs(y.mean() - outcome).mean(), np.abs(np.median(y) - outcome).mean()
    )


def test_prediction_refuses_columns_in_another_order(fitted):
    x, _, _ = rows(20)
    with pytest.raises(ValueError, match="Feature names must be in the same order"):
        fitted.predict(x[["video", "level", "evidence"]])


def test_the_crps_of_the_forecast_beats_a_shifted_one(fitted):
    x, y, _ = rows(seed=4)
    assert fitted.crps(x, y).mean() < min(
        fitted.crps(x, y + 0.5).mean(), fitted.crps(x, y - 0.5).mean()
    )
    z = fitted.scores(x, y)
    np.testing.assert_allclose(
        z * fitted.distribution_parts(x)[1] + fitted.distribution_parts(x)[0], y
    )


def test_weights_that_are_all_zero_are_refused():
    x, y, _ = rows(40)
    with pytest.raises(ValueError, match=r"(?i)sample.weights?.*zero"):
        Forecaster(**SMALL).fit(x, y, sample_weight=np.zeros(len(y)))


def test_contributions_add_up_to_the_forecast_minus_the_offset(fitted):
    x, _, _ = rows(60, seed=5)
    np.testing.assert_allclose(
        fitted.contributions(x).sum(axis=1), fitted.predict(x) - x["level"], atol=1e-9
    )


def test_a_correction_that_does_not_last_is_not_applied():
    """Creators left out bear the first correction, later posts only the second: the second is chosen."""
    by_creators, later = (
        np.full((1, len(CORRECTION_SHARE_GRID)), 1.2),
        np.full((1, len(CORRECTION_SHARE_GRID)), 1.2),
    )
    offset, linear, half = (
        int(np.flatnonzero((at == CORRECTION_SHARE_GRID).all(axis=1))[0])
        for at in ((0, 0), (1, 0), (0.5, 0))
    )
    by_creators[0, [offset, linear, half]] = 1.0, 0.8, 0.9
    later[0, [offset, linear, half]] = 1.0, 1.01, 0.95
    assert choose_correction_shares(by_creators).tolist() == [[1.0, 0.0]]
    assert choose_correction_shares(by_creators, later).tolist() == [[0.5, 0.0]]
    later[0, half] = 1.03
    assert choose_correction_shares(by_creators, later).tolist() == [[0.0, 0.0]]


def test_without_later_posts_the_offset_stands_alone_and_counts_none(fitted):
    x, _, _ = rows(50, seed=2)
    alone = pickle.loads(pickle.dumps(fitted)).calibrate(None)
    np.testing.assert_array_equal(alone.distribution_parts(x)[0], x["level"])
    assert (alone.conformal_.n == 0).all()
    assert (fitted.conformal_.n > 0).all()


def test_what_is_served_is_the_median_of_the_distribution(fitted):
    x, _, _ = rows(50, seed=2)
    np.testing.assert_allclose(
        np.expm1(fitted.predict(x)), fitted.predict_distribution(x).quantile(0.5)[:, 0], rtol=1e-6
    )


def test_scores_of_a_drift_set_the_width_and_not_the_median(fitted):
    """Later posts all half a unit above their forecasts: centred, the median stays; else it moves by half a unit."""
    x, y, creator = rows(2000, seed=6)
    drifted = fitted.calibration_set(
        x,
        fitted.distribution_parts(x)[0] + 0.5 * fitted.distribution_parts(x)[1],
        np.ones(len(y)),
        creator,
    )
    for centred, shift in (((0, 1), 0.0), ((), 0.5)):
        other = pickle.loads(pickle.dumps(fitted)).set_params(centred=centred).calibrate(drifted)
        location, scale, _, _ = other.distribution_parts(x)
        np.testing.assert_allclose(other.predict(x), location + shift * scale, atol=0.06)


def test_a_short_history_and_a_wide_one_widen_the_scale():
    assert history_scale(np.array([0.0, 5.0, 95.0]), np.array([np.nan, 0.5, 0.5])).tolist() == [
        1.4,
        1.2,
        1.02,
    ]
    calm, wild = history_scale(np.array([20.0, 20.0]), np.array([0.25, 1.0]))
    assert (calm * 2**0.2, wild / 2**0.2) == pytest.approx((1.08, 1.08))
    assert history_scale(np.array([20.0]), np.array([9.0])) == pytest.approx(1.08 * 6**0.2)


def two_platforms(seed):
    """Creators of platform 0, calm and risen by a format, and of platform 2, wild."""
    x, y, creator = rows(seed=seed)
    platform = np.where(creator % 2, 2.0, 0.0)
    y = np.where(platform == 2, x["level"] + 3 * (y - x["level"]), y)
    return x.assign(platform=platform), y, creator


def test_a_platform_that_nobody_trained_takes_the_offset_and_the_widest_spread():
    x, y, creator = two_platforms(0)
    found = Forecaster(offset="level", platform="platform", platforms=4, **SMALL).fit(
        x, y, groups=creator
    )
    asked, _, _ = two_platforms(1)
    elsewhere, wild = asked.assign(platform=1.0), asked.assign(platform=2.0)
    np.testing.assert_array_equal(found.distribution_parts(elsewhere)[0], elsewhere["level"])
    np.testing.assert_allclose(found.contributions(elsewhere)[:, :-1], 0, atol=1e-12)
    widths = [
        np.diff(found.predict_distribution(rows).quantile([0.1, 0.9])).ravel()
        for rows in (elsewhere, wild)
    ]
    assert np.median(widths[0] / widths[1]) == pytest.approx(1, abs=0.35)
    again = FittedForecaster.from_state(*found.state())
    np.testing.assert_array_equal(again.predict(elsewhere), found.predict(elsewhere))


def grouped_rows(frame):
    x, y, creator = rows(400)
    return (x if frame else x.to_numpy()), y, creator


def small_forecaster(frame, **parameters):
    return Forecaster(offset="level" if frame else 0, scale=SMALL["scale"], folds=2, **parameters)


def test_settings_of_a_booster_are_parameters_of_their_own():
    forecaster = Forecaster(scale=Boosting(trees=20, leaves=4))
    parameters = forecaster.get_params()
    assert (parameters["location"], parameters["location__trees"]) == (None, 150)
    assert parameters["scale__trees"] == 20
    assert "location__trees" not in forecaster.get_params(deep=False)
    assert forecaster.set_params(location__trees=7, scale__leaves=3, seed=4) is forecaster
    assert forecaster.location == replace(LOCATION_BOOSTING, trees=7)
    assert (forecaster.scale, forecaster.seed) == (Boosting(trees=20, leaves=3), 4)
    assert LOCATION_BOOSTING.trees == 150


def test_a_booster_and_its_setting_can_be_set_at_once():
    forecaster = Forecaster().set_params(location__trees=9, location=Boosting(5, 4))
    assert forecaster.location == Boosting(9, 4)


@pytest.mark.parametrize("name", ["location__tree", "place__trees", "trees"])
def test_an_unknown_setting_of_a_booster_is_refused(name):
    with pytest.raises(ValueError, match="Invalid parameter"):
        Forecaster().set_params(**{name: 1})


@pytest.mark.parametrize("location", [None, Boosting(60, 7, 0.1)])
def test_a_clone_has_the_same_parameters(location):
    forecaster = Forecaster(location=location, threads=1)
    copy = clone(forecaster)
    assert copy.get_params() == forecaster.get_params()
    copy.set_params(location__trees=3)
    assert forecaster.location == location
    assert clone(Boosting(5, 4)) == Boosting(5, 4)


def test_named_settings_that_are_the_default_change_nothing():
    x, y, creator = rows(400)
    default = Forecaster(offset="level", threads=1)
    named = clone(default).set_params(location__trees=150, scale__trees=50)
    for forecaster in (default, named):
        forecaster.fit(x, y, groups=creator)
    assert default.state() == named.state()


@pytest.mark.parametrize("frame", [True, False])
def test_a_setting_is_searched_by_name(frame):
    x, y, creator = grouped_rows(frame)
    search = GridSearchCV(
        small_forecaster(frame, threads=1),
        {"location__trees": [1, 40]},
        cv=GroupKFold(2),
        scoring="neg_mean_absolute_error",
    ).fit(x, y, groups=creator)
    assert search.best_params_ == {"location__trees": 40}
    assert search.best_estimator_.location_.trees <= 40
    assert search.predict(x).shape == y.shape


@pytest.mark.parametrize("frame", [True, False])
def test_cross_validation_takes_creators_and_weights(frame):
    x, y, creator = grouped_rows(frame)
    with config_context(enable_metadata_routing=True):
        forecaster = small_forecaster(frame, location=Boosting(20, 4), threads=1)
        forecaster.set_fit_request(groups=True, sample_weight=True)
        forecaster.set_score_request(sample_weight=True)
        params = {"groups": creator, "sample_weight": np.ones(len(y))}
        scores = cross_val_score(forecaster, x, y, cv=GroupKFold(2), params=params)
    assert scores.shape == (2,)
    assert (scores > 0.9).all()


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"widen": -5}, "widen is -5: give a number of at least 0"),
        ({"widen": float("nan")}, "widen is nan"),
        ({"folds": -2}, "folds is -2: give a whole number of at least 0"),
        ({"threads": 1.5}, "threads is 1.5: give a whole number"),
        ({"platforms": 0}, "platforms is 0: give a whole number of at least 1"),
        (
            {"location": "nonsense"},
            "location is 'nonsense': give a models.boosting.Boosting or None",
        ),
        ({"location": Boosting(trees="many", leaves=7)}, "location__trees is 'many'"),
        (
            {"scale": Boosting(trees=5, leaves=1)},
            "scale__leaves is 1: give a whole number of at least 2",
        ),
        ({"posts": "a"}, "posts and mad belong together"),
        ({"leave_out": "b"}, "leave_out is 'b': give a list of columns"),
        ({"leave_out": ["nope"]}, "leave_out names 'nope', which is no column of X"),
    ],
)
def test_a_parameter_that_cannot_be_is_named(parameters, message):
    x = pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": [0.0, 1.0, 0.0]})
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        Forecaster(offset="a", **parameters).fit(x, [1.0, 2.0, 3.0])
