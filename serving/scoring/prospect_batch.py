"""Prospects as plain arrays: what the scorer takes, from lists as from requests.

A column without a value may be absent, which saves all work on it; `number`, `code`, `time` and
`text` return it all the same. Values are valid: they were checked when they were read
(`features.tables.validate`, or `serving.http.request_schema`).
"""

from collections.abc import Callable, Mapping, Sequence
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
#: The column of frames that ProspectBatch.is_numbered is read from.
IS_NUMBERED = "is_numbered"
#: The lists that codes are positions in.
ALLOWED_VALUES = {column.name: column.allowed for column in PROSPECTS.columns if column.allowed}
_POSITIONS = {
    name: {value: float(n) for n, value in enumerate(names)}
    for name, names in ALLOWED_VALUES.items()
}


@dataclass(frozen=True)
class ProspectBatch:
    """Prospects, n of them; every array has shape (n,).

    `numbers`: float64, NaN where missing, flags as 0 and 1; `codes`: float64 positions in
    ALLOWED_VALUES, NaN where missing; `times`: int64 microseconds UTC,
    features.history.arrays.NAT_US where missing; `texts`: objects, None where missing;
    `is_numbered` (n,): rows that were given no partnership_id, and have their number in its place;
    None where each was given one, or has none at all.
    """

    n: int
    numbers: dict[str, np.ndarray] = field(default_factory=dict)
    codes: dict[str, np.ndarray] = field(default_factory=dict)
    times: dict[str, np.ndarray] = field(default_factory=dict)
    texts: dict[str, np.ndarray] = field(default_factory=dict)
    is_numbered: np.ndarray | None = None

    @classmethod
    def from_frame(cls, frame: pd.DataFrame) -> "ProspectBatch":
        """Return the rows of a valid frame in PROSPECTS columns and dtypes.

        Columns without a value are left out. The frame may have a column IS_NUMBERED.
        """
        numbered = frame[IS_NUMBERED].to_numpy(dtype=bool) if IS_NUMBERED in frame else None
        batch = cls(len(frame), is_numbered=numbered)
        for name, kind in PROSPECT_COLUMN_KINDS.items():
            if name in frame and frame[name].notna().any():
                getattr(batch, kind)[name] = _FROM_SERIES[kind](frame[name])
        return batch

    @classmethod
    def from_rows(cls, rows: Sequence[Mapping]) -> "ProspectBatch":
        """Return rows of valid values: float, bool, str, datetime with a zone.

        A missing value is None or absent.
        """
        names = set().union(*rows) & PROSPECT_COLUMN_KINDS.keys()
        columns = {name: [row.get(name) for row in rows] for name in names}
        return batch_from_columns(len(rows), columns)

    def __getitem__(self, rows: slice | np.ndarray) -> "ProspectBatch":
        """Return the prospects at `rows`: a slice, positions (m,), or a mask (n,)."""
        return ProspectBatch(
            _count(rows, self.n),
            _rows_of(self.numbers, rows),
            _rows_of(self.codes, rows),
            _rows_of(self.times, rows),
            _rows_of(self.texts, rows),
            None if self.is_numbered is None else self.is_numbered[rows],
        )

    def number(self, name: str) -> np.ndarray:
        """Return a number or flag, (n,), NaN where missing."""
        return self.numbers[name] if name in self.numbers else np.full(self.n, np.nan)

    def code(self, name: str) -> np.ndarray:
        """Return positions in ALLOWED_VALUES[name], (n,), NaN where missing."""
        return self.codes[name] if name in self.codes else np.full(self.n, np.nan)

    def time(self, name: str) -> np.ndarray:
        """Return microseconds UTC, (n,), NAT_US where missing."""
        return self.times[name] if name in self.times else np.full(self.n, NAT_US)

    def text(self, name: str) -> np.ndarray:
        """Return texts as objects, (n,), None where missing."""
        return self.texts[name] if name in self.texts else np.full(self.n, None)

    def given_ids(self) -> list[str | None]:
        """Return the partnership_id of each row as it was given, None where none was."""
        ids = self.text("partnership_id").copy()
        if self.is_numbered is not None:
            ids[self.is_numbered] = None
        return ids.tolist()


def _count(rows: slice | np.ndarray, n: int) -> int:
    if isinstance(rows, slice):
        return len(range(n)[rows])
    return int(np.count_nonzero(rows)) if rows.dtype == bool else len(rows)


def _rows_of(columns: dict[str, np.ndarray], rows: slice | np.ndarray) -> dict[str, np.ndarray]:
    return {name: values[rows] for name, values in columns.items()}


def batch_from_columns(
    n: int, columns: Mapping[str, list], is_numbered: np.ndarray | None = None
) -> ProspectBatch:
    """Return columns of valid values, n each, as in `ProspectBatch.from_rows`.

    Columns without a value are left out. `is_numbered`: as ProspectBatch has it.
    """
    batch = ProspectBatch(n, is_numbered=is_numbered)
    for name, values in columns.items():
        if values.count(None) < n:
            kind = PROSPECT_COLUMN_KINDS[name]
            getattr(batch, kind)[name] = _FROM_LIST[kind](values, name)
    return batch


def microseconds(time: datetime) -> int:
    """Return a time with a zone as microseconds since 1970, UTC."""
    return (time - EPOCH) // MICROSECOND


def now_us() -> int:
    """Return the present moment, microseconds UTC."""
    return microseconds(datetime.now(UTC))


def moment_text(at: int) -> str:
    """Return a moment, microseconds UTC, as text.

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


def _codes_of(values: list, name: str) -> np.ndarray:
    positions = _POSITIONS[name]
    return np.array([positions.get(value, np.nan) for value in values])


def _times_of(values: list) -> np.ndarray:
    times = [NAT_US if value is None else microseconds(value) for value in values]
    return np.array(times, dtype=np.int64)


_FROM_SERIES: dict[str, Callable[[pd.Series], np.ndarray]] = {
    "numbers": _numbers,
    "codes": _codes,
    "times": to_us,
    "texts": _texts,
}
_FROM_LIST: dict[str, Callable[[list, str], np.ndarray]] = {
    "numbers": lambda values, name: np.array(values, dtype=float),
    "codes": _codes_of,
    "times": lambda values, name: _times_of(values),
    "texts": lambda values, name: np.array(values, dtype=object),
}
