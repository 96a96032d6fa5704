"""A linear correction by least absolute deviations with a ridge penalty: what many creators share,
without trees.

- columns are clipped to their central 99 %, put on unit scale, and unknown values set to the median
- fitted by iteratively reweighted least squares (Schlossmacher 1973); errors below NEAR weigh alike
"""

from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

#: Penalty on squared slopes of columns of unit scale, in rows of the mean weight.
PENALTY = 300.0
ROUNDS, NEAR = 8, 0.3
CENTRAL = (0.005, 0.995)
#: Rows multiplied at a time.
ROWS_PER_CHUNK = 32_768


@dataclass(frozen=True)
class LinearCorrection:
    """Fitted slopes: `middle`, `low`, `high`, `scale` and `slope` of each column, (columns,), and
    `intercept`.
    """

    middle: np.ndarray
    low: np.ndarray
    high: np.ndarray
    scale: np.ndarray
    slope: np.ndarray
    intercept: float

    @classmethod
    def fit(cls, x: np.ndarray, y: np.ndarray, weight: np.ndarray) -> "LinearCorrection":
        """Fit y (n,) to x (n, columns), NaN where unknown; columns that never vary get no slope."""
        low, middle, high, spread = np.array([_central(column) for column in x.T]).reshape(-1, 4).T
        varies = spread > 1e-9 * np.maximum(np.abs(middle), 1)
        plain = cls(middle, low, high, np.where(varies, spread, np.inf), np.zeros(x.shape[1]), 0.0)
        *slope, intercept = _least_absolute(plain.standardise(x), y, weight)
        return cls(middle, low, high, plain.scale, np.array(slope), float(intercept))

    def standardise(self, x: np.ndarray) -> np.ndarray:
        """Give the columns on unit scale about their median, 0 where unknown, shape (n, columns)."""
        found = np.clip(x, self.low, self.high)
        found -= self.middle
        found /= self.scale
        found[np.isnan(found)] = 0.0
        return found

    def contributions(self, x: np.ndarray) -> np.ndarray:
        """Give what each column adds to the intercept, shape (n, columns)."""
        return self.standardise(x) * self.slope

    def predict(self, x: np.ndarray) -> np.ndarray:
        """Give intercept + contributions, shape (n,)."""
        return self.contributions(x).sum(axis=1) + self.intercept

    def state(self) -> dict:
        """Give JSON values that `from_state` takes; a column without a slope has scale null."""
        scale = [value if np.isfinite(value) else None for value in self.scale.tolist()]
        lists = {name: getattr(self, name).tolist() for name in ("middle", "low", "high", "slope")}
        return {**lists, "scale": scale, "intercept": self.intercept}

    @classmethod
    def from_state(cls, state: dict) -> "LinearCorrection":
        """Make the fitted correction that gave `state`."""
        scale = np.array([np.inf if value is None else value for value in state["scale"]])
        return cls(
            *(np.array(state[name]) for name in ("middle", "low", "high")),
            scale,
            np.array(state["slope"]),
            state["intercept"],
        )


def _central(column: np.ndarray) -> tuple[float, float, float, float]:
    """Give the low, middle and high of a column's known values, and the spread about the middle
    with unknown at it.
    """
    known = column[np.isfinite(column)]
    if not len(known):
        return 0.0, 0.0, 0.0, 0.0
    low, middle, high = np.quantile(known, [CENTRAL[0], 0.5, CENTRAL[1]])
    deviation = np.clip(known, low, high) - middle
    mean = deviation.sum() / len(column)
    return low, middle, high, np.sqrt(max((deviation**2).sum() / len(column) - mean**2, 0.0))


def _least_absolute(x: np.ndarray, y: np.ndarray, weight: np.ndarray) -> np.ndarray:
    penalty = np.diag([PENALTY * weight.mean()] * x.shape[1] + [0.0])
    found, own = np.zeros(x.shape[1] + 1), weight
    # products this narrow gain little from threads, and fits side by side on busy cores wait long
    # for them
    with threadpool_limits(1, user_api="blas"):
        for _ in range(ROUNDS):
            square, product = _products(x, y, own)
            found = np.linalg.lstsq(square + penalty, product, rcond=None)[0]
            own = weight / np.maximum(np.abs(y - x @ found[:-1] - found[-1]), NEAR)
    return found


def _products(x: np.ndarray, y: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give X'WX and X'Wy of x with a column of ones, some rows at a time so that no copy of all is
    made.
    """
    square, product = np.zeros((x.shape[1] + 1,) * 2), np.zeros(x.shape[1] + 1)
    for first in range(0, len(x), ROWS_PER_CHUNK):
        rows = slice(first, first + ROWS_PER_CHUNK)
        part = np.column_stack([x[rows], np.ones(len(x[rows]))])
        weighed = part * weight[rows, None]
        square += weighed.T @ part
        product += weighed.T @ y[rows]
    return square, product
