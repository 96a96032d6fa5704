"""The rows of a frame as the objects that POST /v1/predict takes, so that both have one reader."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from serving.registered_model.errors import ModelInputError


def frame_objects(frame: pd.DataFrame) -> list[dict]:
    """Return a dict of plain values for each row; a missing value is left out.

    Raises ModelInputError where a column stands twice.
    """
    objects: list[dict] = [{} for _ in range(len(frame))]
    for name in frame.columns:
        if isinstance(frame[name], pd.DataFrame):
            raise ModelInputError(f"column {name!r} stands twice: give each column once")
        for row, value in zip(objects, frame[name].tolist(), strict=True):
            plain = plain_value(value)
            if plain is not None:
                row[str(name)] = plain
    return objects


def plain_value(value: Any) -> Any:
    """Return a value of a frame, a Spark row or JSON as JSON has it, None where it is missing.

    >>> plain_value(np.array([{"likes": np.int64(3), "views": np.nan}]))
    [{'likes': 3}]
    >>> plain_value(pd.Timestamp("2026-07-01T12:00Z")), plain_value(pd.NA)
    ('2026-07-01T12:00:00+00:00', None)
    """
    if isinstance(value, str | bool | int) or value is None:
        return value
    if isinstance(value, float):
        return None if np.isnan(value) else float(value)
    if isinstance(value, np.datetime64):
        value = pd.Timestamp(value)
    if value is pd.NaT or value is pd.NA:
        return None
    if isinstance(value, np.generic):
        return plain_value(value.item())
    if isinstance(value, date):  # a datetime is one too
        return value.isoformat()
    if isinstance(value, Decimal):
        return plain_value(float(value))
    return _plain_container(value)


def _plain_container(value: Any) -> Any:
    if hasattr(value, "asDict"):  # a row of Spark is a tuple besides
        value = value.asDict()
    if isinstance(value, Mapping):
        plain = {str(name): plain_value(item) for name, item in value.items()}
        return {name: item for name, item in plain.items() if item is not None}
    if isinstance(value, list | tuple | np.ndarray):
        return [plain_value(item) for item in value]
    return value
