"""The options of a plan, n of m candidates, as arrays."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np


@dataclass(frozen=True)
class Options:
    """Options, (n,) each unless said otherwise. An option is one row of the list with a number of
    deliverables, at the fee of all of them.

    `row`: position among the rows of the list; `candidate`: the account that a row is about, 0 to
    m - 1; `key`: a text that names the account, for draws that do not depend on the order; `fee`:
    with all its parts, and `fee_for_engagement`, in the currency of the plan; `fee_source`;
    `times`: how often the fee of the list is bought, 1 where it is bought as it stands;
    `market_fee` (n, 3): low, typical, high, NaN where there is none; `parts`: name and amount of
    each part of the fee; `expected`: of the measure of the plan; `authenticity`: 0 to 1, NaN where
    unknown; `group`: which of the forecasts, those of one format or of packages, and `forecast`:
    position among these; `names_of_row`: the words by which a user may
    name each row, in lower case, without @.
    """

    row: np.ndarray
    candidate: np.ndarray
    key: np.ndarray
    deliverables: np.ndarray
    fee: np.ndarray
    fee_for_engagement: np.ndarray
    fee_source: np.ndarray
    times: np.ndarray
    market_fee: np.ndarray
    parts: list[list[tuple[str, float]]]
    expected: np.ndarray
    platform: np.ndarray
    band: np.ndarray
    niche: np.ndarray
    evidence: np.ndarray
    authenticity: np.ndarray
    group: np.ndarray
    forecast: np.ndarray
    names_of_row: list[frozenset[str]] = field(default_factory=list)

    @property
    def n(self) -> int:
        """How many options there are."""
        return len(self.row)

    def named(self, name: str) -> np.ndarray:
        """Mark the options, (n,), of the rows that a user may name so; case and a leading @ do not
        count.
        """
        rows = self.rows_named(name)
        return np.isin(self.row, rows)

    def rows_named(self, name: str) -> list[int]:
        """Return the rows that a user may name so."""
        return self._rows_by_name.get(fold_name(name), [])

    @cached_property
    def _rows_by_name(self) -> dict[str, list[int]]:
        rows: dict[str, list[int]] = {}
        for row, names in enumerate(self.names_of_row):
            for name in names:
                rows.setdefault(name, []).append(row)
        return rows

    def __getitem__(self, chosen: np.ndarray) -> "Options":
        """Return the options at positions or under a mask; candidates keep their numbers."""
        positions = np.flatnonzero(chosen) if chosen.dtype == bool else chosen
        arrays = {
            name: value[positions]
            for name, value in vars(self).items()
            if isinstance(value, np.ndarray)
        }
        parts = [self.parts[position] for position in positions.tolist()]
        return Options(**arrays, parts=parts, names_of_row=self.names_of_row)


def fold_name(name: str) -> str:
    """Return a name as names are compared.

    >>> fold_name(" @Anna_Bakes")
    'anna_bakes'
    """
    return name.strip().removeprefix("@").casefold()
