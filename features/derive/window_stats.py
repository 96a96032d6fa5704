"""The last posts of each query as a matrix, and the order statistics read off it.

Every array here is (queries, posts), newest post first, NaN where there are fewer posts. A
statistic of nothing is NaN, never 0.
"""

from collections.abc import Iterable

import numpy as np

#: Rows up to which matrices are stacked before they are sorted.
MAX_STACKED_ROWS = 2_000


def last_rows(start: np.ndarray, stop: np.ndarray, length: int) -> tuple[np.ndarray, np.ndarray]:
    """Return row numbers (n, length) of the last `length` rows before each `stop`, newest first,
    and which exist.
    """
    index = stop[:, None] - 1 - np.arange(length)
    exists = index >= start[:, None]
    return np.where(exists, index, 0), exists


def nan_to_zero(values: np.ndarray) -> np.ndarray:
    """Return the values with 0 where unknown."""
    return np.where(np.isnan(values), 0.0, values)


def count_known(values: np.ndarray) -> np.ndarray:
    """Count the known values of each row."""
    return np.isfinite(values).sum(axis=1).astype(float)


def quantile(values: np.ndarray, probability: float) -> np.ndarray:
    """Return the linearly interpolated quantile of each row's known values.

    >>> quantile(np.array([[3.0, 1.0, np.nan], [np.nan, np.nan, np.nan]]), 0.5).tolist()
    [2.0, nan]
    """
    ordered = np.sort(values, axis=1)
    return quantiles_sorted(ordered, count_known(values), (probability,))[0]


def quantiles_sorted(
    ordered: np.ndarray, known: np.ndarray, probabilities: tuple[float, ...]
) -> np.ndarray:
    """Return several quantiles of rows that are already ascending with NaN last, (probabilities,
    n).

    `known` (n,): the number of values of each row.
    """
    if ordered.shape[1] == 0:
        return np.full((len(probabilities), len(ordered)), np.nan)
    last = np.maximum(known - 1, 0)
    place = np.multiply.outer(probabilities, last)
    low = place.astype(int)
    high = np.minimum(low + 1, last.astype(int))
    rows = np.arange(len(ordered))
    below = ordered[rows, low]
    return below + (place - low) * (ordered[rows, high] - below)


def stack_rows(blocks: Iterable[np.ndarray], fill: float = np.nan) -> np.ndarray:
    """Return matrices one below the other, at the width of the widest, with `fill` beside the
    others.

    >>> stack_rows([np.array([[1.0]]), np.array([[2.0, 3.0]])]).tolist()
    [[1.0, nan], [2.0, 3.0]]
    """
    blocks = list(blocks)
    shape = sum(map(len, blocks)), max(values.shape[1] for values in blocks)
    stacked, end = np.empty(shape, dtype=np.asarray(fill).dtype), 0
    for values in blocks:
        part = stacked[end : end + len(values)]
        part[:, : values.shape[1]] = values
        part[:, values.shape[1] :] = fill
        end += len(values)
    return stacked


def medians(blocks: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the median of each row's known values for several matrices, by their names."""
    ends = np.cumsum([len(values) for values in blocks.values()])
    if ends[-1] > MAX_STACKED_ROWS:
        return {name: quantile(values, 0.5) for name, values in blocks.items()}
    # few rows are sorted at once, which spares most of the time
    parts = np.split(quantile(stack_rows(blocks.values()), 0.5), ends[:-1])
    return dict(zip(blocks, parts, strict=True))


def weighted_mean(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the weighted mean of each row's known values; `weights`: (n, w), or those of any row,
    (w,).
    """
    known = np.isfinite(values) & np.isfinite(weights)
    total = np.where(known, weights, 0.0).sum(axis=1)
    return _divide(np.where(known, values * weights, 0.0).sum(axis=1), total)


def weighted_median(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the lower weighted median: the least known value that has half of the row's weight at
    or below it.
    """
    if values.shape[1] == 0:
        return np.full(len(values), np.nan)
    rows = np.arange(len(values))
    place = np.argsort(values, axis=1, kind="stable")
    place += (rows * values.shape[1])[:, None]  # in the flat arrays, which are read faster
    ordered = values.take(place)
    weight = np.where(np.isfinite(ordered), weights.take(place), 0.0)
    cumulative = np.cumsum(weight, axis=1)
    half = np.argmax(cumulative >= cumulative[:, -1:] / 2, axis=1)
    return ordered[rows, half]


def share_of(hits: np.ndarray, among: np.ndarray) -> np.ndarray:
    """Return the share of each row's `among` that are `hits`; NaN where there are none."""
    count = among.sum(axis=1)
    return np.where(count > 0, (hits & among).sum(axis=1) / np.maximum(count, 1), np.nan)


def effective_count(weights: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Return Kish's effective number of posts, (sum w)^2 / sum w^2; 0 where nothing is known.
    Source: Kish 1965.
    """
    weight = np.where(known, weights, 0.0)
    return nan_to_zero(_divide(weight.sum(axis=1) ** 2, (weight**2).sum(axis=1)))


def standard_deviation(values: np.ndarray) -> np.ndarray:
    """Return the standard deviation (n - 1) of each row's known values; NaN under two of them."""
    known = count_known(values)
    centred = np.where(
        np.isfinite(values), values - weighted_mean(values, np.ones(values.shape[1]))[:, None], 0.0
    )
    return np.sqrt(_divide((centred**2).sum(axis=1), np.where(known > 1, known - 1, 0)))


def autocorrelation(values: np.ndarray, centre: np.ndarray) -> np.ndarray:
    """Return the lag-1 autocorrelation about `centre` of each row, shrunk as if four uncorrelated
    posts were added.
    """
    centred = values - centre[:, None]
    # filled up, not cut: the width stays a multiple of 8, and with it the order in which NumPy adds
    # up
    before = np.full(centred.shape, np.nan)
    before[:, :-1] = centred[:, 1:]
    pairs = nan_to_zero(centred * before).sum(axis=1)
    squares = nan_to_zero(centred**2)
    known = count_known(values)
    return _divide(pairs, squares.sum(axis=1)) * _divide(known, known + 4)


def slope(values: np.ndarray, age: np.ndarray, shrink: float) -> np.ndarray:
    """Return the least-squares slope of values on time, shrunk by adding `shrink` to the sum of
    squares of time.
    """
    known = np.isfinite(values) & np.isfinite(age)
    pairs = known.sum(axis=1)
    time, value = np.where(known, -age, 0.0), np.where(known, values, 0.0)
    time, value = (
        np.where(known, of - (of.sum(axis=1) / np.maximum(pairs, 1))[:, None], 0.0)
        for of in (time, value)
    )
    return np.where(
        pairs > 0, (time * value).sum(axis=1) / ((time**2).sum(axis=1) + shrink), np.nan
    )


def _divide(top: np.ndarray, bottom: np.ndarray) -> np.ndarray:
    return np.divide(top, bottom, out=np.full(np.shape(top), np.nan), where=bottom != 0)
