"""A linear correction by least absolute deviations with a ridge penalty.

- columns are clipped to their central 99 % and put on unit scale; unknown values become the median
- it is fitted by iteratively reweighted least squares (Schlossmacher 1973); errors below NEAR have
  the same weight
"""

from dataclasses import dataclass, replace

import numpy as np

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
        """Fit to y (n,) and x (n, columns), NaN where unknown; a column that never varies gets no
        slope.
        """
        ranges = np.array([_central_range(column) for column in x.T]).reshape(-1, 4)
        low, middle, high, spread = ranges.T
        varies = spread > 1e-9 * np.maximum(np.abs(middle), 1)
        scale = np.where(varies, spread, np.inf)
        without_slopes = cls(middle, low, high, scale, np.zeros(x.shape[1]), 0.0)
        design = np.ones((len(x), x.shape[1] + 1))
        without_slopes.standardise(x, out=design[:, :-1])
        solution = _least_absolute(design, y, weight)
        return replace(without_slopes, slope=solution[:-1].copy(), intercept=float(solution[-1]))

    def standardise(self, x: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        """Return the columns on unit scale about their median, 0 where unknown, (n, columns); in
        `out` where it is given.
        """
        standard = np.maximum(x, self.low, out=out)
        np.minimum(standard, self.high, out=standard)
        standard -= self.middle
        standard /= self.scale
        standard[np.isnan(standard)] = 0.0
        return standard

    def contributions(self, x: np.ndarray) -> np.ndarray:
        """Return what each column adds to the intercept, (n, columns)."""
        standard = self.standardise(x)
        standard *= self.slope
        return standard

    def predict(self, x: np.ndarray) -> np.ndarray:
        """Return intercept + contributions, (n,)."""
        return self.contributions(x).sum(axis=1) + self.intercept

    def state(self) -> dict:
        """Return the JSON values that `from_state` takes; a column without a slope has the scale
        null.
        """
        scale = [value if np.isfinite(value) else None for value in self.scale.tolist()]
        lists = {name: getattr(self, name).tolist() for name in ("middle", "low", "high", "slope")}
        return {**lists, "scale": scale, "intercept": self.intercept}

    @classmethod
    def from_state(cls, state: dict) -> "LinearCorrection":
        """Return the fitted correction that gave `state`."""
        scale = np.array([np.inf if value is None else value for value in state["scale"]])
        middle, low, high = (np.array(state[name]) for name in ("middle", "low", "high"))
        return cls(middle, low, high, scale, np.array(state["slope"]), state["intercept"])


def predict_by_evidence(
    lines: list[LinearCorrection], x: np.ndarray, evidence: np.ndarray
) -> np.ndarray:
    """Return the linear correction of each row, (n,), by the line of its evidence.

    `lines`: one for each evidence code; `x`: (n, columns); `evidence`: codes (n,).
    """
    correction = np.zeros(len(x))
    for code in np.bincount(evidence).nonzero()[0]:
        rows = evidence == code
        correction[rows] = lines[code].predict(x[rows])
    return correction


def _central_range(column: np.ndarray) -> tuple[float, float, float, float]:
    """Return low, median and high of a column's known values, and their spread about the median,
    unknown values counted as the median.
    """
    values = column[np.isfinite(column)]
    if not len(values):
        return 0.0, 0.0, 0.0, 0.0
    low, middle, high = np.quantile(values, [CENTRAL[0], 0.5, CENTRAL[1]])
    deviation = np.clip(values, low, high) - middle
    mean = deviation.sum() / len(column)
    return low, middle, high, np.sqrt(max((deviation**2).sum() / len(column) - mean**2, 0.0))


def _least_absolute(design: np.ndarray, y: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Return the slopes and last the intercept, (columns + 1,).

    `design`: columns of unit scale, and last one of ones, (n, columns + 1).
    """
    x = design[:, :-1]
    penalty = np.diag([PENALTY * weight.mean()] * x.shape[1] + [0.0])
    solution, row_weight = np.zeros(design.shape[1]), weight
    for _ in range(ROUNDS):
        square, product = _products(design, y, row_weight)
        solution = np.linalg.lstsq(square + penalty, product, rcond=None)[0]
        error = np.abs(y - x @ solution[:-1] - solution[-1])
        row_weight = weight / np.maximum(error, NEAR)
    return solution


def _products(x: np.ndarray, y: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return X'WX and X'Wy, in chunks of rows, so that x is never copied as a whole."""
    square, product = np.zeros((x.shape[1],) * 2), np.zeros(x.shape[1])
    weighted = np.empty((min(len(x), ROWS_PER_CHUNK), x.shape[1]))
    for first in range(0, len(x), ROWS_PER_CHUNK):
        rows = slice(first, first + ROWS_PER_CHUNK)
        part = np.multiply(x[rows], weight[rows, None], out=weighted[: len(x[rows])])
        square += part.T @ x[rows]
        product += part.T @ y[rows]
    return square, product
