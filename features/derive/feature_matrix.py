"""The matrix of an account's features: the place of each column, and blocks of named columns
written into it.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from features.derive.catalog import COLUMNS
from features.history.post_readings import CONTENT_FIELDS
from features.tables.vocabulary import FORMATS

#: The formats of FORMATS, and last the posts whose format is unknown.
FORMATS_AND_NONE = (*FORMATS, "not_told")
#: Columns beside COLUMNS: what a query about an account needs of its profile and posts.
ACCOUNT_EXTRA_COLUMNS = (
    "followers",
    "not_told_effect",
    *(f"{name}_count" for name in FORMATS_AND_NONE),
    *(f"{name}_own_mean" for name in CONTENT_FIELDS),
)
ACCOUNT_COLUMNS = (*COLUMNS, *ACCOUNT_EXTRA_COLUMNS)
COLUMN_INDEX = {name: index for index, name in enumerate(ACCOUNT_COLUMNS)}
FORMAT_EFFECT_COLUMNS = tuple(f"{name}_effect" for name in FORMATS_AND_NONE)
FORMAT_COUNT_COLUMNS = tuple(f"{name}_count" for name in FORMATS_AND_NONE)


@dataclass(frozen=True)
class ColumnBlock:
    """Columns by name, each (k,), of the rows `rows` (k,) of a matrix; None for all its rows."""

    columns: dict[str, np.ndarray]
    rows: np.ndarray | None = None


def write_blocks(values: np.ndarray, blocks: list[ColumnBlock]) -> None:
    """Write the columns of each block to their places in `values`, (columns, n)."""
    for block in blocks:
        indexes = column_indexes(tuple(block.columns))
        columns = np.array(list(block.columns.values()))
        if block.rows is None or len(block.rows) == values.shape[1]:
            values[indexes] = columns
        else:
            values[indexes[:, None], block.rows] = columns


def expand_rows(values: np.ndarray, rows: np.ndarray, n: int) -> np.ndarray:
    """Return a column (n,) that holds `values` (k,) at `rows` (k,), and NaN elsewhere."""
    column = np.full(n, np.nan)
    column[rows] = values
    return column


@lru_cache(maxsize=64)
def column_indexes(names: tuple[str, ...]) -> np.ndarray:
    """Return where columns stand in ACCOUNT_COLUMNS, (len(names),)."""
    return np.array([COLUMN_INDEX[name] for name in names])
