"""What a value of a column may be: the ranges, lists and whole numbers of the schema, applied here
and nowhere else.

Every door (tables, lists, exports, requests) parses a value to its column's kind by itself, and
asks here whether the column accepts it. But: how a fault is worded is a matter of the door.
"""

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from typing import Any

import numpy as np
import pandas as pd

from features.tables.schema import EARLIEST, LATEST, NOT_WHOLE, Column, format_exact, is_fractional

DATE_OUT_OF_RANGE = f"lies outside {EARLIEST:%Y} to {LATEST:%Y}"


class BrokenRule(StrEnum):
    """The rules of a column that a value can break; the HTTP service answers by these codes."""

    MISSING = "missing"
    BELOW_MINIMUM = "below_minimum"
    ABOVE_MAXIMUM = "above_maximum"
    NOT_WHOLE = "not_whole"
    NOT_ACCEPTED = "not_accepted"
    TIME_OUT_OF_RANGE = "time_out_of_range"


def broken_rules(column: Column, values: pd.Series | np.ndarray) -> dict[BrokenRule, np.ndarray]:
    """Return for each rule of the column the rows (n,) that break it; rules that the column does
    not have are left out.

    `values` (n,): numbers as float64 with NaN where unknown, times as a series in UTC, text as a
    series with missing values. Flags have no rule but MISSING.
    """
    rules: dict[BrokenRule, np.ndarray] = {}
    if column.required:
        rules[BrokenRule.MISSING] = np.asarray(pd.isna(values))
    if column.minimum is not None:
        rules[BrokenRule.BELOW_MINIMUM] = np.asarray(values) < column.minimum
    if column.maximum is not None:
        rules[BrokenRule.ABOVE_MAXIMUM] = np.asarray(values) > column.maximum
    if column.kind == "count":
        rules[BrokenRule.NOT_WHOLE] = is_fractional(np.asarray(values))
    if column.allowed is not None:
        texts = pd.Series(values)
        rules[BrokenRule.NOT_ACCEPTED] = (texts.notna() & ~texts.isin(column.allowed)).to_numpy()
    if column.kind == "time":
        times = pd.Series(values)
        outside = (times < pd.Timestamp(EARLIEST)) | (times > pd.Timestamp(LATEST))
        rules[BrokenRule.TIME_OUT_OF_RANGE] = outside.to_numpy()
    return rules


def rules_broken_by(column: Column, value: Any) -> Iterator[BrokenRule]:
    """Return the rules that one known value breaks, as `broken_rules` does for many.

    `value`: a float, a text, or a datetime in UTC; None, which is unknown, breaks none.

    >>> views = Column("views", "count", "views", minimum=0, maximum=1e12)
    >>> [rule.value for rule in rules_broken_by(views, -0.5)]
    ['not_whole', 'below_minimum']
    """
    if value is None:
        return
    if column.allowed is not None and value not in column.allowed:
        yield BrokenRule.NOT_ACCEPTED
    if column.kind == "count" and not float(value).is_integer():
        yield BrokenRule.NOT_WHOLE
    if column.minimum is not None and value < column.minimum:
        yield BrokenRule.BELOW_MINIMUM
    if column.maximum is not None and value > column.maximum:
        yield BrokenRule.ABOVE_MAXIMUM
    if column.kind == "time" and not is_possible_time(value):
        yield BrokenRule.TIME_OUT_OF_RANGE


def is_possible_time(time: datetime) -> bool:
    """Return whether a moment lies in the years that tables may hold."""
    return EARLIEST <= time <= LATEST


def rule_text(rule: BrokenRule, column: Column) -> str:
    """Word a broken rule for the reader of a table: what is wrong, and what the column accepts."""
    match rule:
        case BrokenRule.MISSING:
            return "is missing: a value is required"
        case BrokenRule.BELOW_MINIMUM:
            return f"is below {_bound_text(column.minimum)}, the least possible"
        case BrokenRule.ABOVE_MAXIMUM:
            remedy = f": {column.remedy}" if column.remedy else ""
            return f"is above {_bound_text(column.maximum)}, the most accepted{remedy}"
        case BrokenRule.NOT_WHOLE:
            return NOT_WHOLE
        case BrokenRule.NOT_ACCEPTED:
            return f"is not one of {', '.join(column.allowed or ())}"
        case BrokenRule.TIME_OUT_OF_RANGE:
            return DATE_OUT_OF_RANGE


def _bound_text(bound: float | None) -> str:
    return "" if bound is None else format_exact(bound)
