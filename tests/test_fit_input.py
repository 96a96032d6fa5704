"""What fit and calibrate are given: creators named in any way, and one error before anything is fitted."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from models.boosting import Boosting
from models.fit_validation import creator_codes, row_weights
from models.forecast import Forecaster

SMALL = {
    "location": Boosting(10, 4, 0.1, min_child=10),
    "scale": Boosting(5, 4, 0.1),
    "folds": 2,
    "threads": 1,
}
ROWS = 120
CREATOR = np.arange(ROWS) % 12
NAMES = [f"c{number:02}" for number in CREATOR]


class Handle:
    """A creator's name that can be compared with nothing but itself."""


HANDLES = [Handle() for _ in range(12)]


def table():
    random = np.random.default_rng(0)
    level = random.normal(6, 2, ROWS)
    x = pd.DataFrame({"level": level, "video": CREATOR % 2.0, "evidence": np.arange(ROWS) % 2.0})
    return x, level + random.normal(0, 0.3, ROWS)


def forecaster():
    return Forecaster(offset="level", evidence="evidence", evidences=2, **SMALL)


def with_value(values, row, value):
    changed = list(values)
    changed[row] = value
    return changed


@pytest.mark.parametrize(
    "groups",
    [
        NAMES,
        tuple(NAMES),
        np.array(NAMES),
        np.array(NAMES, dtype=object),
        pd.Series(NAMES, index=range(7, 7 + ROWS)),
        pd.Series(NAMES, dtype="category"),
        pd.Index(NAMES),
        pa.array(NAMES),
        [name.encode() for name in NAMES],
        pd.Series([("instagram", name) for name in NAMES]),
        pd.Timestamp("2026-01-01") + pd.to_timedelta(CREATOR, unit="D"),
        CREATOR / 4,
        pd.array(CREATOR, dtype="Int64"),
    ],
    ids=lambda groups: type(groups).__name__,
)
def test_creators_in_the_same_order_make_the_same_forecaster_however_they_are_named(groups):
    x, y = table()
    by_number, by_name = (forecaster().fit(x, y, groups=creators) for creators in (CREATOR, groups))
    assert creator_codes(groups, ROWS).tolist() == CREATOR.tolist()
    np.testing.assert_array_equal(by_name.conformal_.z, by_number.conformal_.z)
    np.testing.assert_array_equal(by_name.correlation_, by_number.correlation_)
    np.testing.assert_array_equal(by_name.predict(x), by_number.predict(x))


@pytest.mark.parametrize(
    "groups", [[HANDLES[number] for number in CREATOR], with_value(NAMES, 0, 5)]
)
def test_names_that_cannot_be_ordered_are_creators_too(groups):
    x, y = table()
    assert len(np.unique(creator_codes(groups, ROWS))) == len(set(groups))
    assert np.isfinite(forecaster().fit(x, y, groups=groups).conformal_.z).all()


def test_without_groups_every_row_is_a_creator_of_its_own():
    assert creator_codes(None, 3).tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("argument", "value", "rule"),
    [
        (
            "groups",
            with_value(NAMES, 3, None),
            "groups is unknown in row 3: give the creator of each row",
        ),
        ("groups", with_value(NAMES, 3, np.nan), "groups is unknown in row 3"),
        ("groups", with_value(NAMES, 3, pd.NA), "groups is unknown in row 3"),
        ("groups", with_value(NAMES, 3, " "), "groups is unknown in row 3"),
        ("groups", with_value(CREATOR.astype(float), 3, np.nan), "groups is unknown in row 3"),
        (
            "groups",
            pd.Series(CREATOR, dtype="Int64").where(CREATOR > 0),
            "groups is unknown in row 0 and 9 more",
        ),
        (
            "groups",
            NAMES[:-1],
            r"groups has the shape \(119,\): expected \(120,\), the creator of each row",
        ),
        (
            "groups",
            [[name] for name in NAMES],
            r"groups has the shape \(120, 1\): expected \(120,\)",
        ),
        ("groups", "c01", r"groups has the shape \(\): expected \(120,\)"),
        (
            "groups",
            pd.Series([[name] for name in NAMES]),
            "groups holds what cannot name a creator",
        ),
        ("y", ["12"] * 119 + ["many"], "y holds 'many' in row 119, which is no number: give"),
        ("y", np.array(["12"] * 120), "y holds <U2, no numbers: give"),
        ("y", [None] * 120, "y holds None in row 0, which is no number"),
        ("y", np.full(120, np.nan), "Input y contains NaN"),
        ("y", np.ones(119), r"inconsistent numbers of samples: \[120, 119\]"),
        (
            "sample_weight",
            ["heavy"] * 120,
            "sample_weight holds 'heavy' in row 0, which is no number: give",
        ),
        (
            "sample_weight",
            with_value(np.ones(120), 3, np.nan),
            "sample_weight is unknown or infinite in row 3",
        ),
        ("sample_weight", with_value(np.ones(120), 3, -1.0), "sample_weight is negative in row 3"),
        ("sample_weight", np.ones(119), r"sample_weight has the shape \(119,\): expected \(120,\)"),
        ("sample_weight", 0, "sample_weight is zero for every row"),
        (
            "level",
            np.nan,
            "the offset, column 'level', is unknown or infinite in row 0 and 119 more",
        ),
        (
            "evidence",
            np.nan,
            "the evidence, column 'evidence', is nan in row 0: expected whole numbers from 0 to 1",
        ),
        ("evidence", 2.0, "the evidence, column 'evidence', is 2 in row 0"),
    ],
)
def test_what_fit_cannot_use_is_told_before_anything_is_fitted(argument, value, rule, monkeypatch):
    monkeypatch.setattr(Forecaster, "_dataset", None)
    x, y = table()
    given = {"X": x, "y": y, "groups": NAMES}
    given |= {"X": x.assign(**{argument: value})} if argument in x else {argument: value}
    with pytest.raises(ValueError, match=rule):
        forecaster().fit(**given)


@pytest.mark.parametrize(
    ("argument", "value", "rule"),
    [
        ("y", with_value(np.zeros(120), 3, np.nan), "y is unknown or infinite in row 3: give"),
        ("y", np.zeros(119), r"y has the shape \(119,\): expected \(120,\)"),
        (
            "evidence",
            2.0,
            "the evidence, column 'evidence', is 2 in row 0: expected whole numbers from 0 to 1",
        ),
        ("weight", np.zeros(120), "sample_weight is zero for every row"),
        ("weight", np.ones(119), r"sample_weight has the shape \(119,\)"),
        ("groups", with_value(NAMES, 3, None), "groups is unknown in row 3"),
        ("groups", NAMES[:-1], r"groups has the shape \(119,\)"),
    ],
)
def test_what_cannot_calibrate_is_told(argument, value, rule):
    x, y = table()
    fitted = forecaster().fit(x, y, groups=NAMES)
    given = {"X": x, "y": y, "weight": np.ones(ROWS), "groups": NAMES}
    given |= {"X": x.assign(**{argument: value})} if argument in x else {argument: value}
    with pytest.raises(ValueError, match=rule):
        fitted.calibration_set(**given)


def test_creators_named_by_text_calibrate_as_numbers_do():
    x, y = table()
    twin, weight = forecaster().fit(x, y, groups=CREATOR), np.ones(ROWS)
    by_number, by_name = (
        forecaster()
        .fit(x, y, groups=creators)
        .calibrate(twin.calibration_set(x, y, weight, creators))
        for creators in (CREATOR, pd.Series(NAMES, dtype="category"))
    )
    np.testing.assert_array_equal(by_name.conformal_.z, by_number.conformal_.z)
    np.testing.assert_array_equal(by_name.correlation_, by_number.correlation_)


def test_one_weight_for_all_is_the_weight_of_each_row():
    assert row_weights(None, 2).tolist() == row_weights(1, 2).tolist() == [1.0, 1.0]
