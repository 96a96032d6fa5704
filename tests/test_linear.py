import json

import numpy as np
import pytest

from models.linear import LinearCorrection


def rows(n=2000, seed=0):
    random = np.random.default_rng(seed)
    x = random.normal(size=(n, 3))
    x[:, 2] = 5.0
    x[::7, 1] = np.nan
    y = 1 + 2 * x[:, 0] + random.standard_t(2, n)
    return x, y


def test_the_slope_is_found_under_heavy_tails_and_a_constant_column_gets_none():
    x, y = rows(20_000)
    line = LinearCorrection.fit(x, y, np.ones(len(y)))
    assert line.slope[0] / line.scale[0] == pytest.approx(2, abs=0.1)
    assert line.slope[2] == pytest.approx(0, abs=1e-9)
    assert line.predict(np.zeros((1, 3)))[0] == pytest.approx(1, abs=0.1)


def test_unknown_values_count_as_the_median_and_far_ones_as_the_end_of_the_central_range():
    x, y = rows()
    line = LinearCorrection.fit(x, y, np.ones(len(y)))
    unknown, middle = np.full((1, 3), np.nan), line.middle[None, :]
    assert line.predict(unknown)[0] == line.predict(middle)[0] == line.intercept
    assert line.predict(np.array([[1e9, 0, 0]])) == line.predict(np.array([[line.high[0], 0, 0]]))


def test_many_rows_at_once_equal_one_at_a_time_and_contributions_add_up():
    x, y = rows()
    line = LinearCorrection.fit(x, y, np.ones(len(y)))
    np.testing.assert_array_equal(line.predict(x), [line.predict(row[None])[0] for row in x])
    np.testing.assert_array_equal(
        line.contributions(x).sum(axis=1) + line.intercept, line.predict(x)
    )


def test_a_column_that_is_never_known_changes_nothing():
    x, y = rows()
    with_unknown = np.column_stack([x, np.full(len(x), np.nan)])
    found = LinearCorrection.fit(with_unknown, y, np.ones(len(y)))
    np.testing.assert_allclose(
        found.predict(with_unknown),
        LinearCorrection.fit(x, y, np.ones(len(y))).predict(x),
        atol=1e-9,
    )


def test_the_state_is_json_and_makes_the_same_line():
    x, y = rows()
    line = LinearCorrection.fit(x, y, np.ones(len(y)))
    again = LinearCorrection.from_state(json.loads(json.dumps(line.state())))
    np.testing.assert_array_equal(again.predict(x), line.predict(x))
