"""What the scorer is asked: prospects as plain arrays, whichever door they came through.

A column that nobody told may be absent, which spares all work on it; told or not, `number`, `code`,
`time` and `text` give it. Values are clean: read once, at the door (`features.tables.validate`, or
`serving.http.request_schema`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd

from features.history.arrays import NAT_US, encode_categories, to_us
from features.tables.schema import PROSPECTS, Column

EPOCH, MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)


def _kind(column: Column) -> str:
    if column.kind == "text":
        return "codes" if column.allowed else "texts"
    return "times" if column.kind == "time" else "numbers"


#: Which of the dicts of ProspectBatch holds each column of a prospect.
PROSPECT_COLUMN_KINDS = {column.name: _kind(column) for column in PROSPECTS.columns}
#: The lists that codes are positions in.
ALLOWED_VALUES = {column.name: column.allowed for column in PROSPECTS.columns if column.allowed}
_POSITIONS = {
    name: {value: float(n) for n, value in enumerate(names)}
    for name, names in ALLOWED_VALUES.items()
}


@dataclass(frozen=True)
class ProspectBatch:
    """Prospects, n of them; every array has shape (n,).

    `numbers`: float64, NaN where not told, flags as 0 and 1; `codes`: float64 positions in
    ALLOWED_VALUES, NaN where not told; `times`: int64 microseconds UTC,
    features.history.history.NAT_US where not told; `texts`: objects, None where not told.
    """

    n: int
    numbers: dict[str, np.ndarray] = field(default_factory=dict)
    codes: dict[str, np.ndarray] = field(default_factory=dict)
    times: dict[str, np.ndarray] = field(default_factory=dict)
    texts: dict[str, np.ndarray] = field(default_factory=dict)

    @classmethod
    def from_frame(cls, frame: pd.DataFrame) -> "ProspectBatch":
        """Take a clean frame in PROSPECTS columns and dtypes; columns without a value are left out."""
        read = {"numbers": _numbers, "codes": _codes, "times": to_us, "texts": _texts}
        asked = cls(len(frame))
        for name, kind in PROSPECT_COLUMN_KINDS.items():
            if name in frame and frame[name].notna().any():
                getattr(asked, kind)[name] = read[kind](frame[name])
        return asked

    @classmethod
    def from_rows(cls, rows: Sequence[Mapping]) -> "ProspectBatch":
        """Take rows of clean values: float, bool, str, datetime with a zone; None or absent where
        not told.
        """
        names = set().union(*rows) & PROSPECT_COLUMN_KINDS.keys()
        return batch_from_columns(
            len(rows), {name: [row.get(name) for row in rows] for name in names}
        )

    def __getitem__(self, rows: slice | np.ndarray) -> "ProspectBatch":
        """Return the prospects at `rows`: a slice, positions (m,), or a mask (n,)."""
        return ProspectBatch(
            _count(rows, self.n),
            _rows_of(self.numbers, rows),
            _rows_of(self.codes, rows),
            _rows_of(self.times, rows),
            _rows_of(self.texts, rows),
        )

    def number(self, name: str) -> np.ndarray:
        """Give a number or flag, NaN where not told."""
        return self.numbers[name] if name in self.numbers else np.full(self.n, np.nan)

    def code(self, name: str) -> np.ndarray:
        """Give positions in ALLOWED_VALUES[name], NaN where not told."""
        return self.codes[name] if name in self.codes else np.full(self.n, np.nan)

    def time(self, name: str) -> np.ndarray:
        """Give microseconds UTC, NAT_US where not told."""
        return self.times[name] if name in self.times else np.full(self.n, NAT_US)

    def text(self, name: str) -> np.ndarray:
        """Give texts as objects, None where not told."""
        return self.texts[name] if name in self.texts else np.full(self.n, None)


def _count(rows: slice | np.ndarray, n: int) -> int:
    if isinstance(rows, slice):
        return len(range(n)[rows])
    return int(np.count_nonzero(rows)) if rows.dtype == bool else len(rows)


def _rows_of(columns: dict[str, np.ndarray], rows: slice | np.ndarray) -> dict[str, np.ndarray]:
    return {name: values[rows] for name, values in columns.items()}


def batch_from_columns(n: int, columns: Mapping[str, list]) -> ProspectBatch:
    """Take columns of clean values, n each, as in `ProspectBatch.of_rows`; those without a value
    are left out.
    """
    asked = ProspectBatch(n)
    for name, values in columns.items():
        if values.count(None) < n:
            getattr(asked, PROSPECT_COLUMN_KINDS[name])[name] = _READ[PROSPECT_COLUMN_KINDS[name]](
                values, name
            )
    return asked


def microseconds(time: datetime) -> int:
    """Give a time with a zone as microseconds since 1970, UTC."""
    return (time - EPOCH) // MICROSECOND


def moment_text(at: int) -> str:
    """Word a moment, microseconds UTC.

    >>> moment_text(1_772_323_200_000_000)
    '2026-03-01T00:00:00Z'
    """
    return f"{EPOCH + at * MICROSECOND:%Y-%m-%dT%H:%M:%SZ}"


def _numbers(values: pd.Series) -> np.ndarray:
    return values.to_numpy(float, na_value=np.nan)


def _codes(values: pd.Series) -> np.ndarray:
    return encode_categories(values, ALLOWED_VALUES[values.name])


def _texts(values: pd.Series) -> np.ndarray:
    return values.astype(object).where(values.notna(), None).to_numpy()


_READ = {
    "numbers": lambda values, name: np.array(values, dtype=float),
    "codes": lambda values, name: np.array(
        [_POSITIONS[name].get(value, np.nan) for value in values]
    ),
    "times": lambda values, name: np.array(
        [NAT_US if v is None else microseconds(v) for v in values], dtype=np.int64
    ),
    "texts": lambda values, name: np.array(values, dtype=object),
}
