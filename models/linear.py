"""A linear correction by least absolute deviations with a ridge penalty: what many creators share, without trees.

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


@dataclass(frozen=True)
class Linear:
    """Fitted slopes: `middle`, `low`, `high`, `scale` and `slope` of each column, (columns,), and `intercept`."""

    middle: np.ndarray
    low: np.ndarray
    high: np.ndarray
    scale: np.ndarray
    slope: np.ndarray
    intercept: float

    @classmethod
    def fit(cls, x: np.ndarray, y: np.ndarray, weight: np.ndarray) -> "Linear":
        """Fit y (n,) to x (n, columns), NaN where unknown; columns that never vary get no slope."""
        known = np.isfinite(x)
        filled = np.where(known.any(axis=0), x, 0.0)
        low, middle, high = np.nanquantile(filled, [CENTRAL[0], 0.5, CENTRAL[1]], axis=0)
        scale = np.where(known, np.clip(x, low, high) - middle, 0.0).std(axis=0)
        varies = scale > 1e-9 * np.maximum(np.abs(middle), 1)
        plain = cls(middle, low, high, np.where(varies, scale, np.inf), np.zeros(x.shape[1]), 0.0)
        *slope, intercept = _least_absolute(plain.standard(x), y, weight)
        return cls(middle, low, high, plain.scale, np.array(slope), float(intercept))

    def standard(self, x: np.ndarray) -> np.ndarray:
        """Give the columns on unit scale about their median, 0 where unknown, shape (n, columns)."""
        found = (np.clip(x, self.low, self.high) - self.middle) / self.scale
        return np.where(np.isfinite(found), found, 0.0)

    def contributions(self, x: np.ndarray) -> np.ndarray:
        """Give what each column adds to the intercept, shape (n, columns)."""
        return self.standard(x) * self.slope

    def predict(self, x: np.ndarray) -> np.ndarray:
        """Give intercept + contributions, shape (n,)."""
        return self.contributions(x).sum(axis=1) + self.intercept

    def state(self) -> dict:
        """Give JSON values that `from_state` takes; a column without a slope has scale null."""
        scale = [value if np.isfinite(value) else None for value in self.scale.tolist()]
        lists = {name: getattr(self, name).tolist() for name in ("middle", "low", "high", "slope")}
        return {**lists, "scale": scale, "intercept": self.intercept}

    @classmethod
    def from_state(cls, state: dict) -> "Linear":
        """Make the fitted correction that gave `state`."""
        scale = np.array([np.inf if value is None else value for value in state["scale"]])
        return cls(
            *(np.array(state[name]) for name in ("middle", "low", "high")),
            scale,
            np.array(state["slope"]),
            state["intercept"],
        )


def _least_absolute(x: np.ndarray, y: np.ndarray, weight: np.ndarray) -> np.ndarray:
    columns = np.column_stack([x, np.ones(len(x))])
    penalty = np.diag([PENALTY * weight.mean()] * x.shape[1] + [0.0])
    found, own = np.zeros(columns.shape[1]), weight
    # products this narrow gain little from threads, and fits side by side on busy cores wait long for them
    with threadpool_limits(1, user_api="blas"):
        for _ in range(ROUNDS):
            weighed = columns * own[:, None]
            found = np.linalg.lstsq(weighed.T @ columns + penalty, weighed.T @ y, rcond=None)[0]
            own = weight / np.maximum(np.abs(y - columns @ found), NEAR)
    return found
