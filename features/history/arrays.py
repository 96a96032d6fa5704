"""Columns of frames as the arrays that features are computed from: times as microseconds,
categories as positions.
"""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

DAY_US = 86_400_000_000
#: What a time that is not told becomes.
NAT_US = np.iinfo(np.int64).min


def to_us(times: pd.Series) -> np.ndarray:
    """Give UTC times as microseconds since 1970 (int64); NaT becomes the smallest int64."""
    if not isinstance(times.dtype, pd.DatetimeTZDtype):
        raise TypeError(f"times must be UTC times with their zone, not {times.dtype}")
    return times.array.as_unit("us").asi8


def encode_categories(values: pd.Series, names: tuple[str, ...]) -> np.ndarray:
    """Give the position of each value in `names` as float; NaN where missing or not in it."""
    if not names or pd.api.types.is_numeric_dtype(values.dtype):
        return np.full(len(values), np.nan)
    codes = positions_in(arrow_text(values), pa.array(names, pa.large_string())).astype(float)
    codes[codes < 0] = np.nan
    return codes


def arrow_text(values: pd.Series) -> pa.Array:
    """Give texts as an Arrow array; a missing value is null."""
    # of the values and not of the Series, which costs ten times as much for a few rows
    found = pa.array(
        (values if values.dtype == "str" else values.astype("str")).array, pa.large_string()
    )
    return found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found


def positions_in(values: pa.Array, among: pa.Array) -> np.ndarray:
    """Give the position of each value in `among`, -1 where it is not there."""
    return pc.fill_null(pc.index_in(values, value_set=among, skip_nulls=True), -1).to_numpy(
        zero_copy_only=False
    )


def account_names(frame: pd.DataFrame) -> pa.Array:
    """Name each row's account, platform/creator_id."""
    parts = (arrow_text(frame[name]) for name in ("platform", "creator_id"))
    return pc.binary_join_element_wise(*parts, pa.scalar("/", pa.large_string()))


def flag_array(values: pd.Series) -> np.ndarray:
    """Give a flag column as bool, missing as False."""
    return values.to_numpy(bool, na_value=False)
