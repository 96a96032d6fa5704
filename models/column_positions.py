"""Where the columns that a forecaster uses stand in its matrix, and what they hold."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models.fit_validation import require_codes, require_finite

if TYPE_CHECKING:
    from models.fitted_forecaster import FittedForecaster

#: The name of a column, or its position where columns have no names.
ColumnName = str | int


@dataclass(frozen=True)
class ColumnPositions:
    """Positions in X of the columns that the corrections see and of those with a role.

    `seen`: positions in X of the columns that the corrections see, (seen,); `sloped`: positions
    among those seen of the columns with a slope in the linear correction; `platform_seen`: position
    among those seen of the platform. A role without a column is None.
    """

    seen: np.ndarray
    sloped: np.ndarray
    offset: int | None
    evidence: int | None
    platform: int | None
    posts: int | None
    mad: int | None
    platform_seen: int | None

    @classmethod
    def of(cls, forecaster: "FittedForecaster", names: list[ColumnName]) -> "ColumnPositions":
        """Return the positions of a forecaster's columns in a matrix with the columns `names`.

        Raises ValueError for a column that is not among them.
        """
        columns = forecaster.columns_
        sloped = [at for at, name in enumerate(columns) if name not in forecaster.codes]
        return cls(
            seen=np.array([_position(name, names) for name in columns]),
            sloped=np.array(sloped, dtype=int),
            offset=_position_or_none(forecaster.offset, names),
            evidence=_position_or_none(forecaster.evidence, names),
            platform=_position_or_none(forecaster.platform, names),
            posts=_position_or_none(forecaster.posts, names),
            mad=_position_or_none(forecaster.mad, names),
            platform_seen=_index_or_none(columns, forecaster.platform),
        )

    def seen_columns(self, x: np.ndarray) -> np.ndarray:
        """Return the columns that the corrections see, (n, seen)."""
        return x.take(self.seen, axis=1)

    def offsets(self, x: np.ndarray, median: float) -> np.ndarray:
        """Return the offset of each row, (n,): its column, or the median where it has none."""
        return np.full(len(x), median) if self.offset is None else x[:, self.offset]

    def evidence_codes(self, x: np.ndarray) -> np.ndarray:
        """Return the evidence code of each row, (n,); 0 where there is no such column."""
        return _codes(x, self.evidence)

    def platform_codes(self, x: np.ndarray) -> np.ndarray:
        """Return the platform code of each row, (n,); 0 where there is no such column."""
        return _codes(x, self.platform)

    def require_usable(self, x: np.ndarray, forecaster: "FittedForecaster") -> None:
        """Raise ValueError where a row has no finite offset, or an evidence or platform code that
        is out of range.
        """
        if self.offset is not None:
            name = f"the offset, column {forecaster.offset!r},"
            require_finite(x[:, self.offset], name)
        if self.evidence is not None:
            name = f"the evidence, column {forecaster.evidence!r},"
            require_codes(x[:, self.evidence], name, forecaster.evidences)
        if self.platform is not None:
            name = f"the platform, column {forecaster.platform!r},"
            require_codes(x[:, self.platform], name, forecaster.platforms)


def _position(name: ColumnName, names: list[ColumnName]) -> int:
    if name not in names:
        raise ValueError(f"column {name!r} is not in X; it has {names}")
    return names.index(name)


def _position_or_none(name: ColumnName | None, names: list[ColumnName]) -> int | None:
    return None if name is None else _position(name, names)


def _index_or_none(names: Sequence[ColumnName], name: ColumnName | None) -> int | None:
    return names.index(name) if name is not None and name in names else None


def _codes(x: np.ndarray, position: int | None) -> np.ndarray:
    return np.zeros(len(x), int) if position is None else x[:, position].astype(int)
