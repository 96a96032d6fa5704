import numpy as np
import pandas as pd
import pytest

from features.derive import window_stats
from features.tables.vocabulary import BAND_EDGES, band_codes

NAN = np.nan


def row(*values):
    return np.array([values], dtype=float)


def seeded_rows(width=24):
    random = np.random.default_rng(7)
    values = random.normal(8, 2, (60, width))
    values[random.random(values.shape) < 0.3] = NAN
    values[0] = NAN
    values[1, 1:] = NAN
    return values, random.random(values.shape), np.sort(random.random(values.shape) * 300, axis=1)


STATISTICS = {
    "count": lambda values, weights, age: window_stats.count_known(values),
    "quantile": lambda values, weights, age: window_stats.quantile(values, 0.3),
    "weighted_mean": lambda values, weights, age: window_stats.weighted_mean(values, weights),
    "weighted_median": lambda values, weights, age: window_stats.weighted_median(values, weights),
    "effective_count": lambda values, weights, age: window_stats.effective_count(
        weights, np.isfinite(values)
    ),
    "spread": lambda values, weights, age: window_stats.standard_deviation(values),
    "autocorrelation": lambda values, weights, age: window_stats.autocorrelation(
        values, window_stats.quantile(values, 0.5)
    ),
    "slope": lambda values, weights, age: window_stats.slope(values, age, shrink=3600.0),
}


def lower_weighted_median(values, weights):
    order = np.argsort(values)
    return values[order][np.cumsum(weights[order]) >= weights.sum() / 2][0]


def lag_one(values):
    centred = pd.Series(values - np.nanmedian(values))
    known = centred.notna().sum()
    return (centred * centred.shift(1)).sum() / (centred**2).sum() * known / (known + 4)


def ridge_slope(values, age, shrink):
    # a pseudo-row (0, sqrt(shrink)) whose target is 0 adds shrink * slope^2 to the squares
    design = np.vstack([np.column_stack([np.ones(len(age)), -age]), [0, np.sqrt(shrink)]])
    return np.linalg.lstsq(design, np.append(values, 0.0))[0][1]


INDEPENDENT = {
    "count": lambda values, weights, age: len(values),
    "quantile": lambda values, weights, age: np.quantile(values, 0.3),
    "weighted_mean": lambda values, weights, age: np.average(values, weights=weights),
    "weighted_median": lambda values, weights, age: lower_weighted_median(values, weights),
    "effective_count": lambda values, weights, age: weights.sum() ** 2 / (weights**2).sum(),
    "spread": lambda values, weights, age: pd.Series(values).std(),
    "slope": lambda values, weights, age: ridge_slope(values, age, 3600.0),
}


@pytest.mark.parametrize("name", INDEPENDENT)
def test_statistics_agree_with_an_independent_computation(name):
    values, weights, age = seeded_rows()
    got = STATISTICS[name](values, weights, age)[1:]
    known = [np.isfinite(line) for line in values[1:]]
    expected = [
        INDEPENDENT[name](values[i][at], weights[i][at], age[i][at])
        for i, at in enumerate(known, start=1)
    ]
    np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-12)


def test_autocorrelation_agrees_with_an_independent_computation():
    values, _, _ = seeded_rows()
    got = window_stats.autocorrelation(values, window_stats.quantile(values, 0.5))[2:]
    np.testing.assert_allclose(got, [lag_one(line) for line in values[2:]], rtol=1e-9)


@pytest.mark.parametrize(
    "name", [name for name in STATISTICS if name not in ("count", "effective_count")]
)
def test_a_statistic_of_nothing_is_unknown(name):
    nothing = np.full((2, 8), NAN)
    assert np.isnan(STATISTICS[name](nothing, np.ones((2, 8)), nothing)).all()


def test_nothing_known_counts_as_none():
    nothing = np.full((1, 8), NAN)
    assert window_stats.count_known(nothing).tolist() == [0.0]
    assert window_stats.effective_count(np.ones((1, 8)), np.isfinite(nothing)).tolist() == [0.0]


def test_no_columns_at_all_is_unknown():
    none = np.empty((2, 0))
    assert np.isnan(window_stats.quantile(none, 0.5)).all()
    assert np.isnan(window_stats.weighted_median(none, none)).all()


@pytest.mark.parametrize("name", STATISTICS)
@pytest.mark.parametrize("width", [8, 24, 40])
def test_padding_to_another_multiple_of_eight_changes_nothing(name, width):
    arrays = seeded_rows(width)
    plain = STATISTICS[name](*arrays)
    for wider in range(width + 8, 97, 8):
        padded = [
            np.pad(array, ((0, 0), (0, wider - width)), constant_values=NAN) for array in arrays
        ]
        padded[1] = np.nan_to_num(padded[1])
        np.testing.assert_array_equal(STATISTICS[name](*padded), plain)


@pytest.mark.parametrize("name", STATISTICS)
def test_a_row_alone_equals_the_row_among_others(name):
    arrays = seeded_rows()
    alone = [
        STATISTICS[name](*(array[i : i + 1] for array in arrays))[0] for i in range(len(arrays[0]))
    ]
    np.testing.assert_array_equal(alone, STATISTICS[name](*arrays))


@pytest.mark.parametrize("name", STATISTICS)
def test_statistics_leave_their_arguments_alone(name):
    arrays = seeded_rows()
    copies = [array.copy() for array in arrays]
    STATISTICS[name](*arrays)
    for array, copy in zip(arrays, copies, strict=True):
        np.testing.assert_array_equal(array, copy)


def test_quantiles_interpolate_between_the_known():
    values = row(4, NAN, 1, 2, 3, NAN)
    assert [window_stats.quantile(values, p)[0] for p in (0, 0.25, 0.5, 0.9, 1)] == pytest.approx(
        [1, 1.75, 2.5, 3.7, 4]
    )
    assert window_stats.quantile(row(NAN, 5), 0.9).tolist() == [5.0]


def test_weighted_mean_leaves_out_what_is_unknown():
    assert window_stats.weighted_mean(row(10, 20, NAN), row(3, 1, 5)).tolist() == [12.5]
    assert window_stats.weighted_mean(row(10, 20), row(1, NAN)).tolist() == [10.0]
    assert np.isnan(window_stats.weighted_mean(row(10, 20), row(0, 0)))


def test_weighted_median_is_the_lower_one():
    assert window_stats.weighted_median(row(1, 2, 3, 4), row(1, 1, 1, 1)).tolist() == [2.0]
    assert window_stats.weighted_median(row(1, 2, 9), row(1, 1, 5)).tolist() == [9.0]
    assert window_stats.weighted_median(row(9, NAN, 1), row(1, 100, 2)).tolist() == [1.0]


def test_effective_count_of_equal_weights_is_the_count():
    assert window_stats.effective_count(
        row(1, 1, 1, 1), np.array([[True, True, True, False]])
    ).tolist() == [3.0]
    # (1 + 1/2 + 1/4)^2 / (1 + 1/4 + 1/16) = 49/21
    assert window_stats.effective_count(row(1, 0.5, 0.25), np.full((1, 3), True)) == pytest.approx(
        [7 / 3]
    )


def test_spread_needs_two_posts():
    assert window_stats.standard_deviation(row(1, 3, NAN)) == pytest.approx([np.sqrt(2)])
    assert window_stats.standard_deviation(row(5, 5, 5)).tolist() == [0.0]
    assert np.isnan(window_stats.standard_deviation(row(5, NAN)))


def test_autocorrelation_is_shrunk_and_unknown_for_constant_posts():
    # pairs: -1 * 1 + 1 * -1 + -1 * 1 = -3; squares: 4; four posts are halved by four more
    assert window_stats.autocorrelation(row(1, -1, 1, -1), np.zeros(1)).tolist() == [-3 / 8]
    assert np.isnan(window_stats.autocorrelation(row(2, 2, 2), np.array([2.0])))


def test_slope_rises_where_newer_posts_are_higher():
    # ages 0, 10, 20: time about its mean 10, 0, -10; sum of squares 200
    assert window_stats.slope(row(3, 2, 1), row(0, 10, 20), 0.0) == pytest.approx([0.1])
    assert window_stats.slope(row(3, 2, 1), row(0, 10, 20), 200.0) == pytest.approx([0.05])
    assert window_stats.slope(row(3, NAN), row(0, 10), 200.0).tolist() == [0.0]


def test_gather_counts_back_from_stop_and_never_past_start():
    rows, exists = window_stats.last_rows(np.array([0, 5, 7]), np.array([2, 9, 7]), 3)
    assert exists.tolist() == [[True, True, False], [True, True, True], [False, False, False]]
    assert rows[exists].tolist() == [1, 0, 8, 7, 6]
    assert (rows[~exists] == 0).all()


@pytest.mark.parametrize(("band", "edge"), list(enumerate(BAND_EDGES.values()))[1:])
def test_a_band_starts_at_its_edge(band, edge):
    assert band_codes(np.array([edge - 1, edge])).tolist() == [band - 1, band]


def test_bands_know_none_and_the_unknown():
    codes = band_codes(np.array([0, NAN, 1e12]))
    assert codes[[0, 2]].tolist() == [0, len(BAND_EDGES) - 1]
    assert np.isnan(codes[1])
    assert band_codes(np.array([])).tolist() == []


def test_band_edges_are_data():
    assert band_codes(np.array([5, 50]), {"small": 0, "large": 50}).tolist() == [0, 1]
