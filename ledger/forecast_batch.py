"""Forecasts that were made together, column by column, as the journal holds them; and the rows of
the table that they become.

A batch is encoded in one step, because a request waits for it; its rows are made later.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

import numpy as np
import orjson

from ledger.entry_rows import JSON_COLUMNS, entry_of
from ledger.forecast_entry import ForecastEntry

#: A column: numbers (n,), or a list of n values.
Column = np.ndarray | list
_NAMES = tuple(field.name for field in fields(ForecastEntry))
#: Fields that are text: Postgres knows no text with the character NUL.
_NUL = b"\\u0000"


@dataclass(frozen=True)
class ForecastBatch:
    """n forecasts. `shared`: the fields of ForecastEntry that all have in common; `columns`: those
    that differ; `inputs` and `question`: by name, missing values NaN or None; `views` (m, levels)
    are those of the rows `view_rows`.
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
        """Return the batch as one line of JSON, without the line's end."""
        parts = {name: getattr(self, name) for name in _PARTS}
        return orjson.dumps(parts, option=orjson.OPT_SERIALIZE_NUMPY)

    def entries(self) -> list[ForecastEntry]:
        """Return the forecasts one by one."""
        return [entry_of(row) for row in batch_rows(self.encode())]


_PARTS = tuple(field.name for field in fields(ForecastBatch))
_DEFAULTS = {
    name: value
    for name, value in asdict(
        ForecastEntry("", 0, 0, "", "", "", 0.0, "", "", 0, "", (), 0.0, {})
    ).items()
    if name not in JSON_COLUMNS
}


def batch_rows(content: bytes) -> list[dict[str, Any]]:
    """Return the rows of the table FORECASTS of an encoded batch.

    Raises ValueError, KeyError or TypeError for what is no batch.
    """
    batch = orjson.loads(content.replace(_NUL, b"") if _NUL in content else content)
    count = len(batch["engagements"])
    columns = {name: values for name, values in batch["columns"].items() if name in _NAMES}
    columns["engagements"] = [_text(values) for values in batch["engagements"]]
    columns["views"] = _view_texts(batch, count)
    for name in ("inputs", "question"):
        columns[name] = [_text(value) for value in _mappings(batch[name], count)]
    columns["warnings"] = [_text(value or ()) for value in columns.get("warnings", [()] * count)]
    base = {**_DEFAULTS, **batch["shared"]}
    names = list(columns)
    return [
        {**base, **dict(zip(names, values, strict=True))}
        for values in zip(*columns.values(), strict=True)
    ]


def _rows_of(columns: Mapping[str, Column], rows: slice) -> dict[str, Column]:
    return {name: values[rows] for name, values in columns.items()}


def _view_texts(batch: Mapping[str, Any], count: int) -> list[str | None]:
    texts: list[str | None] = [None] * count
    for row, values in zip(batch["view_rows"], batch["views"] or (), strict=True):
        texts[row] = _text(values)
    return texts


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
