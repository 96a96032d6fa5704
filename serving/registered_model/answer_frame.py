"""Answers as the frame that the registered model returns.

A text that is unknown is empty: MLflow's function of Spark would make the word None of a missing
one.
"""

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd

from features.history.arrays import NAT_US
from serving.scoring.answer_table import TEXT_COLUMNS, TIME_COLUMNS
from serving.scoring.prospect_batch import EPOCH
from serving.scoring.quantiles import columns_with

#: What answers of the model have beside those of the scorer.
ERROR, COLUMNS_READ = "error", "columns_read"
MEANINGS = {
    ERROR: "why the row could not be scored; empty where it was",
    COLUMNS_READ: "the columns that the model got: MLflow leaves out those that the signature does "
    "not name, such as a name with a slip in it",
}


def answer_columns(quantiles: Collection[float]) -> tuple[str, ...]:
    """Return the names of the columns of an answer, in order."""
    return (*columns_with(quantiles), ERROR, COLUMNS_READ)


#: The columns of texts; `warnings` holds lists of them, all others are numbers.
TEXTS = frozenset({*TEXT_COLUMNS, *TIME_COLUMNS, *MEANINGS})


class AnswerFrame(pd.DataFrame):
    """A frame whose records are JSON: MLflow's server writes what `to_dict` returns, and NaN, which
    no JSON has, would make its answer unreadable.
    """

    def to_dict(self, orient: Any = "dict", **options: Any) -> Any:
        """Return the same as pandas, in records with None in place of NaN."""
        frame = pd.DataFrame(self)
        if orient == "records":
            frame = frame.astype(object).where(frame.notna(), None)
        return frame.to_dict(orient, **options)


def answer_frame(
    columns: Mapping[str, np.ndarray], quantiles: Collection[float], index: pd.Index
) -> AnswerFrame:
    """Return columns (n,) as a frame on `index`; those that are missing are unknown in all rows."""
    n, data = len(index), {}
    for name in answer_columns(quantiles):
        if name in columns:
            data[name] = _cells(name, columns[name])
        elif name in TEXTS:
            data[name] = np.full(n, "", dtype=object)
        elif name == "warnings":
            data[name] = np.full(n, None)
        else:
            data[name] = np.full(n, np.nan)
    return AnswerFrame(data, index=index)


def with_text_times(columns: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return columns (n,) with times in UTC as ISO text, None where unknown."""
    return {
        name: _objects([_iso_text(moment) for moment in values.view(np.int64).tolist()])
        if values.dtype.kind == "M"
        else values
        for name, values in columns.items()
    }


def _cells(name: str, values: np.ndarray) -> np.ndarray:
    """Return values (n,): unknown texts empty, warnings as lists, all numbers as float64."""
    if name in TEXTS:
        return _objects(["" if one is None else one for one in values.tolist()])
    if name == "warnings":
        return _objects([None if one is None else list(one) for one in values.tolist()])
    return values.astype(float) if values.dtype.kind in "iu" else values


def _iso_text(moment: int) -> str | None:
    if moment == NAT_US:
        return None
    return (EPOCH + timedelta(microseconds=moment)).isoformat().replace("+00:00", "Z")


def _objects(values: list) -> np.ndarray:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array
