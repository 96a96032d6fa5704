"""The curve by which a count grows with the age of its post.

The share of a count's end that is reached at age a, in days, is S(a) = 1 - (1 + a / tau)^-gamma
(Lomax 1954, the Pareto distribution of the second kind).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

#: The age, in days, to which readings and published figures reach: no growth after it is assumed,
#: so that a count read later counts as read at this age, and so does one of unknown age.
GROWN_UP_DAYS = 90.0
#: The least age that the curve tells: one hour.
YOUNGEST_DAYS = 1 / 24


@dataclass(frozen=True)
class Curve:
    """A curve of two parameters: `tau_days` and `gamma`, both above 0."""

    tau_days: float
    gamma: float

    def share(self, age_days: ArrayLike) -> np.ndarray:
        """Return the share of the count's end at each age, of any shape.

        Ages outside of YOUNGEST_DAYS to GROWN_UP_DAYS have the share at that end; NaN, an unknown
        age, has that of GROWN_UP_DAYS.

        >>> Curve(0.184, 0.02).share([1.0, 90.0, np.nan]).round(4).tolist()
        [0.0365, 0.1165, 0.1165]
        """
        age = np.maximum(np.fmin(age_days, GROWN_UP_DAYS), YOUNGEST_DAYS)
        return -np.expm1(-self.gamma * np.log1p(age / self.tau_days))

    def growth(self, from_days: ArrayLike, to_days: ArrayLike) -> np.ndarray:
        """Return ln of the count's growth from one age to another: below 0 where `to_days` is less.

        >>> float(Curve(0.184, 0.02).growth(7.0, 30.0).round(3))
        0.316
        """
        return np.log(self.share(to_days)) - np.log(self.share(from_days))
