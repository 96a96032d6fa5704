"""The arguments of `fit` and `calibrate`, checked before anything is fitted. Each fault is one
ValueError that names the argument.
"""

import numbers
from typing import Any

import numpy as np
import pandas as pd

#: dtypes that hold no numbers: bytes, text, moments and spans of time.
_NO_NUMBERS = "SUMm"


def creator_codes(groups: Any, rows: int) -> np.ndarray:
    """Return an integer for the creator of each row, (rows,), in the order of their names.

    `groups`: the creator of each row, of any kind (numbers, text, other objects that can be
    dictionary keys); None makes every row a creator of its own. Raises ValueError where a row has
    none.

    >>> creator_codes(["zoe", "ana", "zoe"], 3).tolist()
    [1, 0, 1]
    """
    if groups is None:
        return np.arange(rows)
    expected = "the creator of each row"
    try:
        codes, names = _numbers_and_names(_column(groups, "groups", expected, rows))
    except TypeError as error:
        raise ValueError(
            f"groups holds what cannot name a creator ({error}): give text or numbers"
        ) from None
    blank = [code for code, name in enumerate(names) if isinstance(name, str) and not name.strip()]
    unknown = np.flatnonzero(np.isin(codes, [-1, *blank]))
    if len(unknown):
        raise ValueError(
            f"groups is unknown in {_rows_text(unknown)}: give {expected}, or leave such rows out"
        )
    return codes


def row_weights(weight: Any, rows: int) -> np.ndarray:
    """Return the weight of each row, (rows,): 1 for None. Raises ValueError unless they are numbers
    from 0 up, not all of them 0.
    """
    if weight is None:
        return np.ones(rows)
    name, expected = "sample_weight", "the weight of each row, a number from 0 up"
    if _array(weight).ndim == 0:
        weight = np.full(rows, weight)
    numbers = finite_numbers(weight, name, expected, rows)
    negative = np.flatnonzero(numbers < 0)
    if len(negative):
        raise ValueError(f"{name} is negative in {_rows_text(negative)}: give {expected}")
    if not numbers.any():
        raise ValueError(f"{name} is zero for every row: give at least one row a weight above zero")
    return numbers


def finite_numbers(values: Any, name: str, expected: str, rows: int) -> np.ndarray:
    """Return one finite number for each row, (rows,). Raises ValueError, with the `name` of the
    argument and what is `expected`.
    """
    require_numbers(values, name, expected)
    numbers = _column(values, name, expected, rows).astype(float)
    infinite = np.flatnonzero(~np.isfinite(numbers))
    if len(infinite):
        raise ValueError(
            f"{name} is unknown or infinite in {_rows_text(infinite)}: give {expected}"
        )
    return numbers


def require_numbers(values: Any, name: str, expected: str) -> None:
    """Raise ValueError unless values are numbers; shape, NaN and infinity are not checked."""
    array = _array(values)
    if array.dtype.kind in _NO_NUMBERS:
        raise ValueError(f"{name} holds {array.dtype}, no numbers: give {expected}")
    if array.dtype != object:
        return
    for row, value in enumerate(array.ravel()):
        try:
            float(value)
        except (TypeError, ValueError):
            raise ValueError(
                f"{name} holds {value!r} in row {row}, which is no number: give {expected}"
            ) from None


def require_codes(codes: np.ndarray, name: str, count: int) -> None:
    """Raise ValueError unless all codes are whole numbers from 0 to count - 1."""
    wrong = np.flatnonzero(~np.isin(codes, np.arange(count)))
    if len(wrong):
        value = codes[wrong[0]]
        raise ValueError(
            f"{name} is {value:g} in row {wrong[0]}: expected whole numbers from 0 to {count - 1}"
        )


def require_finite(values: np.ndarray, name: str) -> None:
    """Raise ValueError unless all values are finite."""
    unknown = np.flatnonzero(~np.isfinite(values))
    if len(unknown):
        raise ValueError(
            f"{name} is unknown or infinite in {_rows_text(unknown)}: give a number in every row"
        )


def _array(values: Any) -> np.ndarray:
    """Return values as an array, a list as objects: an array of text would hide unknown values."""
    return np.asarray(values) if hasattr(values, "__array__") else np.asarray(values, dtype=object)


def _column(values: Any, name: str, expected: str, rows: int) -> np.ndarray:
    array = _array(values)
    if array.shape != (rows,):
        raise ValueError(f"{name} has the shape {array.shape}: expected ({rows},), {expected}")
    return array


def _numbers_and_names(names: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the number of each row's name, -1 where it is missing, and the names."""
    try:
        return pd.factorize(names, sort=True)
    except TypeError:
        # names that cannot be ordered among themselves: in the order of their first rows
        return pd.factorize(names)


def _rows_text(rows: np.ndarray) -> str:
    more = f" and {len(rows) - 1:,} more" if len(rows) > 1 else ""
    return f"row {rows[0]}{more}"


def require_number(value: object, name: str, least: float, whole: bool = False) -> None:
    """Raise ValueError unless a parameter is a finite number of at least `least`; `whole`: without
    a fraction.
    """
    kind = "a whole number" if whole else "a number"
    types = numbers.Integral if whole else numbers.Real
    is_number = isinstance(value, types) and not isinstance(value, bool)
    if not is_number or not least <= float(value) < np.inf:  # type: ignore[arg-type]
        raise ValueError(f"{name} is {value!r}: give {kind} of at least {least:g}")
