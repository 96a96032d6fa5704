"""Columns of the canonical tables from NumPy arrays: seconds as times, codes as text, and all
columns of a table.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from features.tables.schema import DTYPES, TableSpec


def time_column(start: str, seconds: np.ndarray) -> pd.Series:
    """Return moments, UTC, from whole seconds since `start`."""
    moments = np.datetime64(start, "us") + np.asarray(seconds).astype("timedelta64[s]")
    return pd.Series(moments).dt.tz_localize("UTC")


def text_column(pool: Sequence[str], codes: np.ndarray) -> pd.Series:
    """Return `pool[code]` for each code; missing where the code is -1."""
    return pd.Series(pd.array(list(pool), dtype="str").take(codes, allow_fill=True))


def id_column(prefix: str, numbers: np.ndarray) -> pd.Series:
    """Return identifiers such as p0000012: prefix and number with seven digits.

    >>> id_column("p", np.array([12])).tolist()
    ['p0000012']
    """
    return prefix + pd.Series(numbers).astype("str").str.zfill(7)


def table_from_columns(spec: TableSpec, length: int, **columns: ArrayLike) -> pd.DataFrame:
    """Return the table with all columns of `spec`, in order and of their dtype; those without
    values are missing.
    """
    table = {}
    for column in spec.columns:
        values = pd.Series(columns.get(column.name), index=range(length))
        table[column.name] = values.astype(DTYPES[column.kind])
    return pd.DataFrame(table)
