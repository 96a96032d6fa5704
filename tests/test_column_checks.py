import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.tables.column_checks import BrokenRule, broken_rules, rule_text, rules_broken_by
from features.tables.schema import TABLE_SPECS

COLUMNS = [column for spec in TABLE_SPECS.values() for column in spec.columns]
NUMBERS = [column for column in COLUMNS if column.kind in ("count", "real")]


@given(
    column=st.sampled_from(NUMBERS), values=st.lists(st.floats(-10, 2e12), min_size=1, max_size=5)
)
def test_many_numbers_at_once_break_the_rules_that_each_breaks(column, values):
    at_once = broken_rules(column, np.array(values))
    for row, value in enumerate(values):
        broken = {rule for rule, rows in at_once.items() if rows[row]}
        assert broken == set(rules_broken_by(column, value))


@pytest.mark.parametrize(
    "column", [column for column in COLUMNS if column.allowed], ids=lambda column: column.name
)
def test_texts_outside_the_list_are_not_accepted(column):
    values = pd.Series([column.allowed[0], "nonsense", None], dtype="str")
    assert broken_rules(column, values)[BrokenRule.NOT_ACCEPTED].tolist() == [False, True, False]
    assert list(rules_broken_by(column, "nonsense")) == [BrokenRule.NOT_ACCEPTED]


def test_unknown_values_break_no_rule_but_that_they_are_needed():
    for column in NUMBERS:
        broken = {
            rule for rule, rows in broken_rules(column, np.array([np.nan])).items() if rows[0]
        }
        assert broken == ({BrokenRule.MISSING} if column.required else set())
        assert list(rules_broken_by(column, None)) == []


def test_times_before_2004_or_after_2100_are_out_of_range():
    column = next(column for column in COLUMNS if column.name == "posted_at")
    times = pd.Series(pd.to_datetime(["2003-12-31", "2026-01-01", "2100-01-02", None], utc=True))
    assert broken_rules(column, times)[BrokenRule.TIME_OUT_OF_RANGE].tolist() == [
        True,
        False,
        True,
        False,
    ]
    assert rule_text(BrokenRule.TIME_OUT_OF_RANGE, column) == "lies outside 2004 to 2100"
