"""What `fit` and `calibrate` are given, checked before anything is fitted: one ValueError, which
names the argument.
"""

import numpy as np
import pandas as pd

#: dtypes that hold no numbers: bytes, text, moments and spans of time.
_NO_NUMBERS = "SUMm"


def creator_codes(groups, rows: int) -> np.ndarray:
    """Number the creators, in the order of their names: an integer for each row, shape (rows,).

    `groups`: the creator of each row, of any kind (numbers, text, other objects that can be
    dictionary keys); None makes every row a creator of its own. Raises ValueError where a row has
    none.

    >>> creator_codes(["zoe", "ana", "zoe"], 3).tolist()
    [1, 0, 1]
    """
    if groups is None:
        return np.arange(rows)
    wanted = "the creator of each row"
    try:
        codes, names = _numbered(_column(groups, "groups", wanted, rows))
    except TypeError as error:
        raise ValueError(
            f"groups holds what cannot name a creator ({error}): give text or numbers"
        ) from None
    blank = [code for code, name in enumerate(names) if isinstance(name, str) and not name.strip()]
    unknown = np.flatnonzero(np.isin(codes, [-1, *blank]))
    if len(unknown):
        raise ValueError(
            f"groups is unknown in {_places(unknown)}: give {wanted}, or leave such rows out"
        )
    return codes


def row_weights(weight, rows: int) -> np.ndarray:
    """Give the weight of each row, shape (rows,): numbers from 0 up, not all of them 0; 1 each for
    None.
    """
    if weight is None:
        return np.ones(rows)
    name, wanted = "sample_weight", "the weight of each row, a number from 0 up"
    if _array(weight).ndim == 0:
        weight = np.full(rows, weight)
    numbers = finite_numbers(weight, name, wanted, rows)
    negative = np.flatnonzero(numbers < 0)
    if len(negative):
        raise ValueError(f"{name} is negative in {_places(negative)}: give {wanted}")
    if not numbers.any():
        raise ValueError(f"{name} is zero for every row: give at least one row a weight above zero")
    return numbers


def finite_numbers(values, name: str, wanted: str, rows: int) -> np.ndarray:
    """Give one finite number a row, shape (rows,); `name` and `wanted`: of the argument, for the
    error.
    """
    require_numbers(values, name, wanted)
    numbers = _column(values, name, wanted, rows).astype(float)
    infinite = np.flatnonzero(~np.isfinite(numbers))
    if len(infinite):
        raise ValueError(f"{name} is unknown or infinite in {_places(infinite)}: give {wanted}")
    return numbers


def require_numbers(values, name: str, wanted: str) -> None:
    """Raise ValueError unless values are numbers; shape, NaN and infinity are not looked at."""
    array = _array(values)
    if array.dtype.kind in _NO_NUMBERS:
        raise ValueError(f"{name} holds {array.dtype}, no numbers: give {wanted}")
    if array.dtype != object:
        return
    for row, value in enumerate(array.ravel()):
        try:
            float(value)
        except (TypeError, ValueError):
            raise ValueError(
                f"{name} holds {value!r} in row {row}, which is no number: give {wanted}"
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
            f"{name} is unknown or infinite in {_places(unknown)}: give a number in every row"
        )


def _array(values) -> np.ndarray:
    """Take a list as objects: as an array of text it would hide what is unknown."""
    return np.asarray(values) if hasattr(values, "__array__") else np.asarray(values, dtype=object)


def _column(values, name: str, wanted: str, rows: int) -> np.ndarray:
    array = _array(values)
    if array.shape != (rows,):
        raise ValueError(f"{name} has the shape {array.shape}: expected ({rows},), {wanted}")
    return array


def _numbered(names: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give the number of each row's name, -1 where it is missing, and the names."""
    try:
        return pd.factorize(names, sort=True)
    except TypeError:
        # names that cannot be ordered among themselves: in the order of their first rows
        return pd.factorize(names)


def _places(rows: np.ndarray) -> str:
    more = f" and {len(rows) - 1:,} more" if len(rows) > 1 else ""
    return f"row {rows[0]}{more}"
