"""Derived columns by name, from a frame of them or from the matrix in `features.columns.COLUMNS` order."""

from functools import lru_cache

import numpy as np
import pandas as pd

from features.columns import COLUMNS

_PLACE = {name: place for place, name in enumerate(COLUMNS)}


def column(x: np.ndarray | pd.DataFrame, name: str) -> np.ndarray:
    """Give one column, shape (n,)."""
    return x[name].to_numpy() if isinstance(x, pd.DataFrame) else x[:, _PLACE[name]]


def columns(x: np.ndarray | pd.DataFrame, names: tuple[str, ...]) -> np.ndarray:
    """Give columns side by side, shape (n, len(names))."""
    return x[list(names)].to_numpy() if isinstance(x, pd.DataFrame) else x[:, _places(names)]


@lru_cache(maxsize=16)
def _places(names: tuple[str, ...]) -> np.ndarray:
    return np.array([_PLACE[name] for name in names])
