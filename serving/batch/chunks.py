"""A list to score as lots of rows, in order, whatever file it is.

A lot holds its rows as told, where each stands in the source, and the source's own text of rows for
those that come back unscored.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class InvalidLine:
    """Something in the source that is no row: where, its cells and what is wrong with it."""

    position: int
    cells: list[str]
    reason: str


@dataclass(frozen=True)
class Chunk:
    """Rows of a list, n of them.

    `rows`: columns of features.tables.schema.PROSPECTS as told, numbered from 0; `positions` (n,):
    line or row in the source; `reasons`: row -> what could not be read of it; `text`: gives the
    source's text of rows, cell by cell; `invalid_lines`: what stands between the rows and is none;
    `blank`: blank lines; `notes`: what there is to say of these rows alone; `unread`: by column the
    rows (n,) that hold a value of it which could not be read, and which are scored without it;
    `remarks`: warning -> the rows (n,) that get it.
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


class ProspectList(Protocol):
    """A list that can be read from its beginning, again and again with the same lots."""

    #: The columns of the source, and what a place in it is called.
    header: list[str]
    position_name: str
    #: What was detected of it, and its rows as far as that is known beforehand.
    notes: list[str]
    total: int | None

    def chunks(self, rows: int) -> Iterator[Chunk]:
        """Give the rows, about so many at a time. Raises BatchError for what cannot be read."""
