"""A list to score as chunks of rows, in order, whatever kind of file it is."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import pandas as pd
import pyarrow as pa


@dataclass(frozen=True)
class InvalidLine:
    """A line of the source that is no row: its position, its cells, and what is wrong with it."""

    position: int
    cells: list[str]
    reason: str


def no_own_columns(rows: np.ndarray) -> pa.Table:
    """Return the kept columns of some rows where none is kept."""
    return pa.table({})


@dataclass(frozen=True)
class Chunk:
    """Rows of a list, n of them.

    `rows`: columns of features.tables.schema.PROSPECTS, not validated, numbered from 0;
    `positions` (n,): line or row in the source; `text`: returns the source's text of rows, cell by
    cell; `reasons`: row -> what could not be read of it; `invalid_lines`: lines between the rows
    that are none; `blank`: blank lines; `notes`: for the user, of these rows alone; `unread`:
    column -> the rows (n,) with a value of it that could not be read, and which are scored without
    it; `unclear`: such a column -> its place and name in the
    source, and why it could not be read;
    `remarks`: warning -> the rows (n,) that get it; `own`: returns the list's own columns that
    are kept, in the order of `ProspectList.keep_columns`, of rows (m,).
    """

    rows: pd.DataFrame
    positions: np.ndarray
    text: Callable[[list[int]], list[list[str]]]
    reasons: dict[int, list[str]] = field(default_factory=dict)
    invalid_lines: list[InvalidLine] = field(default_factory=list)
    blank: int = 0
    notes: list[str] = field(default_factory=list)
    unread: dict[str, np.ndarray] = field(default_factory=dict)
    remarks: dict[str, np.ndarray] = field(default_factory=dict)
    unclear: dict[str, tuple[int, str, str]] = field(default_factory=dict)
    own: Callable[[np.ndarray], pa.Table] = no_own_columns


class ProspectList(Protocol):
    """A list that can be read again and again, each time with the same chunks.

    `header`: the columns of the source; `position_name`: line or row; `notes`: for the user, what
    was detected; `total`: its rows, about, None where that is not known before they are read;
    `own_fields`: its columns that can stand in the answers, with the types that they have there;
    `faulty_names`: what reasons of rejected rows call columns -> the column of `header`;
    `tells_offers`: whether rows that repeat an offer are marked, as people's lists need it.
    """

    header: list[str]
    position_name: str
    notes: list[str]
    total: int | None
    own_fields: list[pa.Field]
    faulty_names: dict[str, int]
    tells_offers: bool

    def keep_columns(self, names: Sequence[str]) -> None:
        """Have chunks give these of `own_fields`. Raises BatchError for what cannot be read."""

    def chunks(self, rows: int) -> Iterator[Chunk]:
        """Yield the rows, about so many at a time. Raises BatchError for what cannot be read."""
