"""Columns of a frame, as they come, read as the kind that the schema names: text, number, flag or
time.

But: whether the column accepts a value that could be read is decided in
`features.tables.column_checks`.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd

from features.tables.column_checks import DATE_OUT_OF_RANGE
from features.tables.schema import DTYPES, Column

NO_TIME_ZONE = 'has no time zone: add Z or an offset, or declare "timezone": "UTC" in dataset.json'
IMPOSSIBLE_DATE = "is no date that exists: write 2026-03-01T12:00:00Z"
NOT_A_DATE = "is no date: write 2026-03-01T12:00:00Z"
NUMBER_NOT_DATE = "is a number, no date: write 2026-03-01T12:00:00Z"
NUMBER_NOT_TEXT = "is a number: keep the column as text"
#: Moments that every unit of NumPy from seconds to nanoseconds can hold.
_EARLIEST_IN_ALL_UNITS, _LATEST_IN_ALL_UNITS = np.datetime64("1700"), np.datetime64("2200")
_FLAGS = {
    "true": True,
    "false": False,
    "1": True,
    "0": False,
    "1.0": True,
    "0.0": False,
    "yes": True,
    "no": False,
}


class ValueFault(NamedTuple):
    """A value of a column that breaks a rule: its row from 0, the value, and the rule in words."""

    row: int
    value: object
    rule: str


#: A parsed column, and the rule that a value breaks where it could not be read: one for all, or
#: one a row.
_Parsed = tuple[pd.Series, pd.Series | str]


def parse_column(
    values: pd.Series, column: Column, utc: bool
) -> tuple[pd.Series, list[ValueFault]]:
    """Read a column as its kind, and list the values that cannot be read, which become missing.

    `utc`: whether times without an offset are UTC; else they are faults.
    """
    is_missing = values.isna().to_numpy()
    if is_missing.all():
        return missing_column(len(values), DTYPES[column.kind]), []
    if isinstance(values.dtype, pd.CategoricalDtype):  # a dictionary of Parquet
        values = values.astype(values.cat.categories.dtype)
    parsed, rule = _parse_kind(values, column.kind, utc)
    unread = parsed.isna().to_numpy() & ~is_missing
    if not unread.any():
        return parsed, []
    rows = np.flatnonzero(unread & _is_filled(values))
    rules = rule.iloc[rows] if isinstance(rule, pd.Series) else [rule] * len(rows)
    faults = map(ValueFault, rows.tolist(), _values_at(values, rows), rules)
    return parsed, list(faults)


def missing_column(length: int, dtype: str) -> pd.Series:
    """Return a column without a value."""
    return pd.Series(None, index=range(length), dtype=dtype)


def _parse_kind(values: pd.Series, kind: str, utc: bool) -> _Parsed:
    match kind:
        case "time":
            return _parse_time(values, utc)
        case "text":
            return _parse_text(values)
        case "flag":
            return _parse_flag(values)
        case _:
            return _parse_number(values)


def _values_at(values: pd.Series, rows: np.ndarray) -> list:
    """Return the values of some rows; times as text, which can hold years that no datetime has."""
    if not pd.api.types.is_datetime64_any_dtype(values.dtype):
        return values.iloc[rows].tolist()
    return np.datetime_as_string(_utc_times(values)[rows]).tolist()


def _utc_times(values: pd.Series) -> np.ndarray:
    """Return times, with a zone or without one, as NumPy holds them."""
    return values.to_numpy(dtype=f"datetime64[{values.dt.unit}]")


def _is_filled(values: pd.Series) -> pd.Series:
    """Return which values are neither missing nor blank."""
    known = values.notna()
    return known & (values.astype(str).str.strip() != "") if _is_text(values) else known


def _is_text(values: pd.Series) -> bool:
    return pd.api.types.is_string_dtype(values.dtype) or values.dtype == object


def _parse_text(values: pd.Series) -> _Parsed:
    if not _is_text(values):  # an id kept as a number has lost leading zeros and, past 2^53, digits
        return missing_column(len(values), "str"), NUMBER_NOT_TEXT
    text = values.astype("str").str.strip()
    return text.mask(text == ""), "is not text"


def _parse_number(values: pd.Series) -> _Parsed:
    dtype = values.dtype
    if pd.api.types.is_bool_dtype(dtype) or pd.api.types.is_datetime64_any_dtype(dtype):
        return missing_column(len(values), "float64"), "is not a number: write it as 1234.5"
    numbers = values
    if dtype != np.float64:
        numbers = pd.to_numeric(values, errors="coerce").astype("float64")
    if np.isinf(numbers).any():
        numbers = numbers.where(np.isfinite(numbers))
    return numbers, "is not a finite number: write it as 1234.5"


def _parse_flag(values: pd.Series) -> _Parsed:
    if pd.api.types.is_bool_dtype(values.dtype):
        return values.astype("boolean"), ""
    text = values.astype("str").str.strip().str.lower()
    return text.map(_FLAGS).astype("boolean"), "is not true or false"


def _parse_time(values: pd.Series, utc: bool) -> _Parsed:
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        return _parse_datetimes(values, utc)
    if not _is_text(values):
        is_number = pd.api.types.is_numeric_dtype(values.dtype)
        rule = NUMBER_NOT_DATE if is_number else NOT_A_DATE
        return missing_column(len(values), DTYPES["time"]), rule
    text = values.astype("str").str.strip()
    times = pd.to_datetime(text, errors="coerce", utc=True, format="ISO8601").astype(DTYPES["time"])
    has_zone = text.str.contains(r"(?:Z|[+-]\d\d:?\d\d)$", regex=True, na=False)
    naive = times.notna() & ~has_zone
    rules = pd.Series(IMPOSSIBLE_DATE, index=values.index).mask(naive, NO_TIME_ZONE)
    return (times if utc else times.mask(naive)), rules


def _parse_datetimes(values: pd.Series, utc: bool) -> _Parsed:
    """Read times that are no text, in any unit: seconds reach years that microseconds do not."""
    if values.dt.tz is None and not utc:
        return missing_column(len(values), DTYPES["time"]), NO_TIME_ZONE
    times = _utc_times(values)
    with np.errstate(invalid="ignore"):
        is_far = (times < _EARLIEST_IN_ALL_UNITS) | (times > _LATEST_IN_ALL_UNITS)
    near = np.where(is_far, np.datetime64("NaT"), times).astype("datetime64[us]")
    parsed = pd.Series(near, index=values.index).dt.tz_localize("UTC").astype(DTYPES["time"])
    return parsed, DATE_OUT_OF_RANGE
