"""Forecast entries as rows of the table: quantiles, mappings and lists as JSON texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from functools import partial
from typing import TYPE_CHECKING, Any

import orjson

from ledger.forecast_entry import ForecastEntry

if TYPE_CHECKING:
    import pandas as pd
    from sqlalchemy import Column

#: Columns of JSON texts.
JSON_COLUMNS = ("engagements", "views", "inputs", "warnings", "question")
#: The columns of a row in their order.
ROW_NAMES = tuple(field.name for field in fields(ForecastEntry))
#: Columns of JSON that hold a tuple.
_TUPLES = ("engagements", "views", "warnings")


def entry_row(entry: ForecastEntry) -> tuple:
    """Return an entry as a row: the values of ROW_NAMES, JSON encoded."""
    return tuple(
        orjson.dumps(value).decode() if name in JSON_COLUMNS and value is not None else value
        for name, value in zip(ROW_NAMES, map(partial(getattr, entry), ROW_NAMES), strict=True)
    )


def decode_json(name: str, text: str | None) -> Any:
    """Return the value of a column of JSON_COLUMNS; quantiles and warnings are tuples."""
    if text is None:
        return None
    value = orjson.loads(text)
    return tuple(value) if name in _TUPLES else value


def decode_column(column: Column, values: Sequence[Any]) -> pd.Series:
    """Return the values of a column: JSON decoded, numbers as float64 with NaN where unknown,
    moments as Int64, texts as objects with None.
    """
    import pandas as pd
    from sqlalchemy import BigInteger, Float, Integer, Text

    if column.name in JSON_COLUMNS and isinstance(column.type, Text):
        return pd.Series([decode_json(column.name, value) for value in values], dtype=object)
    if isinstance(column.type, Float):
        return pd.Series(values, dtype="float64")
    if isinstance(column.type, BigInteger | Integer):
        return pd.Series(values, dtype="int64" if not column.nullable else "Int64")
    return pd.Series(values, dtype=object)
