"""Columns of frames as the arrays that features are computed from: times as microseconds,
categories as positions in a list of names.
"""

from collections.abc import Iterable

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

DAY_US = 86_400_000_000
#: The value of an unknown time.
NAT_US = np.iinfo(np.int64).min


def to_us(times: pd.Series) -> np.ndarray:
    """Return UTC times as microseconds since 1970 (int64); NaT becomes NAT_US.

    Raises TypeError for times without a zone.
    """
    if not isinstance(times.dtype, pd.DatetimeTZDtype):
        raise TypeError(f"times must be UTC times with their zone, not {times.dtype}")
    return times.array.as_unit("us").asi8


def encode_categories(values: pd.Series, names: tuple[str, ...]) -> np.ndarray:
    """Return the position of each value in `names` as float64; NaN where missing or not in it."""
    if not names or pd.api.types.is_numeric_dtype(values.dtype):
        return np.full(len(values), np.nan)
    positions = pc.index_in(arrow_text(values), value_set=text_array(names), skip_nulls=True)
    return positions.to_numpy(zero_copy_only=False).astype(float)  # a null is NaN


def decode_categories(names: tuple[str, ...], codes: np.ndarray) -> np.ndarray:
    """Return the name of each code, None where it is NaN; the inverse of `encode_categories`."""
    return np.array([*names, None], dtype=object)[code_positions(codes)]


def code_positions(codes: np.ndarray) -> np.ndarray:
    """Return codes (n,) as positions in an array; that of its last value where unknown."""
    return np.where(np.isnan(codes), -1, codes).astype(int)


def text_array(texts: Iterable[str | None]) -> pa.Array:
    """Return texts as an Arrow array, null for None."""
    return pa.array(texts, pa.large_string())


def arrow_text(values: pd.Series) -> pa.Array:
    """Return a column of texts as an Arrow array; a missing value is null."""
    strings = values if values.dtype == "str" else values.astype("str")
    # of the values and not of the Series, which costs ten times as much for a few rows
    texts = pa.array(strings.array, pa.large_string())
    return texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts


def positions_in(values: pa.Array, among: pa.Array) -> np.ndarray:
    """Return the position of each value in `among`, -1 where it is missing or not there."""
    positions = pc.index_in(values, value_set=among, skip_nulls=True)
    if positions.null_count:
        positions = pc.fill_null(positions, -1)
    return positions.to_numpy(zero_copy_only=False)


def flag_array(values: pd.Series) -> np.ndarray:
    """Return a flag column as bool, missing as False."""
    return values.to_numpy(bool, na_value=False)
