"""Forecasts that were made together, column by column, as the journal holds them; and the rows of
the table that they become.

A batch is encoded in one step, because a request waits for it; its rows are made later. The
quantiles of a row then stand in the table as they stand in the journal, and are decoded nowhere in
between.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import orjson

from ledger.entry_rows import JSON_COLUMNS, ROW_NAMES
from ledger.forecast_entry import ForecastEntry

#: A column: numbers (n,), or a list of n values.
Column = np.ndarray | list
#: Stands between the parts of a line: no JSON has it.
_TAB = b"\t"
#: Fields that are text: Postgres knows no text with the character NUL.
_NUL = b"\\u0000"


@dataclass(frozen=True)
class ForecastBatch:
    """n forecasts. `shared`: the fields of ForecastEntry that all have in common; `columns`: those
    that differ; `inputs` and `question`: by name, missing values NaN or None; `engagements` (n,
    levels), and `views` (m, levels) of the rows `view_rows`: quantiles, kept with the 7 digits of
    float32.
    """

    shared: Mapping[str, Any]
    columns: Mapping[str, Column]
    inputs: Mapping[str, Column]
    question: Mapping[str, Column]
    engagements: np.ndarray
    views: np.ndarray | None = None
    view_rows: Sequence[int] = ()

    @property
    def n(self) -> int:
        """How many forecasts it has."""
        return len(self.engagements)

    def parts(self, rows: int) -> Iterator["ForecastBatch"]:
        """Yield the batch in parts of at most so many rows."""
        if self.n <= rows:
            yield self
            return
        place = np.asarray(self.view_rows, dtype=int)
        for start in range(0, self.n, rows):
            cut = slice(start, start + rows)
            views = slice(*np.searchsorted(place, [start, start + rows]))
            yield replace(
                self,
                columns=_rows_of(self.columns, cut),
                inputs=_rows_of(self.inputs, cut),
                question=_rows_of(self.question, cut),
                engagements=self.engagements[cut],
                views=None if self.views is None else self.views[views],
                view_rows=(place[views] - start).tolist(),
            )

    def encode(self) -> bytes:
        """Return the batch as one line, without its end: three JSON texts, of all but the
        quantiles, of those of engagements, and of those of views.
        """
        parts: list[Any] = [{name: getattr(self, name) for name in _PARTS}]
        for quantiles in (self.engagements, self.views):
            rows = () if quantiles is None else np.ascontiguousarray(quantiles, dtype=np.float32)
            parts.append(rows)
        return _TAB.join([orjson.dumps(part, option=orjson.OPT_SERIALIZE_NUMPY) for part in parts])


_PARTS = ("shared", "columns", "inputs", "question", "view_rows")
_DEFAULTS = {
    name: value
    for name, value in asdict(
        ForecastEntry("", 0, 0, "", "", "", 0.0, "", "", 0, "", (), 0.0, {})
    ).items()
    if name not in JSON_COLUMNS
}


def batch_rows(content: bytes) -> list[tuple]:
    """Return the rows of the table FORECASTS of an encoded batch, each with the values of
    ledger.entry_rows.ROW_NAMES.

    Raises ValueError, KeyError or TypeError for what is no batch.
    """
    if _NUL in content:
        content = content.replace(_NUL, b"")
    head, engagements, views = content.split(_TAB)
    batch = orjson.loads(head)
    quantiles = _row_texts(engagements)
    count = len(quantiles)
    columns = {name: [value] * count for name, value in {**_DEFAULTS, **batch["shared"]}.items()}
    columns |= batch["columns"]
    columns["engagements"], columns["views"] = quantiles, [None] * count
    for row, text in zip(batch["view_rows"], _row_texts(views), strict=True):
        columns["views"][row] = text
    for name in ("inputs", "question"):
        columns[name] = [_text(value) for value in _mappings(batch[name], count)]
    columns["warnings"] = [
        _text(value or ()) for value in batch["columns"].get("warnings", [()] * count)
    ]
    return list(zip(*[columns[name] for name in ROW_NAMES], strict=True))


def _row_texts(rows: bytes) -> list[str]:
    """Return the JSON text of each row of an array of arrays of numbers, as it stands there."""
    text = rows.decode()
    if not (text.startswith("[") and text.endswith("]")):
        raise ValueError("no array")
    return [f"[{row}]" for row in text[2:-2].split("],[")] if len(text) > 2 else []


def _rows_of(columns: Mapping[str, Column], rows: slice) -> dict[str, Column]:
    return {name: values[rows] for name, values in columns.items()}


def _mappings(columns: Mapping[str, list], count: int) -> list[dict[str, Any]]:
    """Return one mapping for each row, without what the row does not have."""
    if not columns:
        return [{}] * count
    return [
        {name: value for name, value in zip(columns, values, strict=True) if value is not None}
        for values in zip(*columns.values(), strict=True)
    ]


def _text(value: Any) -> str:
    return orjson.dumps(value).decode()
