"""How the growth of a post and the forecast made before are pooled, so that a larger count is never
forecast lower than a smaller one.

Beside a count c, the growth G to come and a forecast of standard deviation s in ln, growth has the
weight u / (u + k), u = 1 + c and k = (1 - exp(-G)) / s^2 (models.running_post). Where u is small
and the forecast's ln(1 + count), F, far above, the weight of F falls faster than ln u rises: the
mean of ln u + g and F rises with u only from u / k + ln u = F - g - 1 on. So a smaller count is
pooled as the u that solves u / m + ln u = F - 1 / 2, which is m omega(F - 1 / 2 - ln m), omega the
Wright function (Corless and Jeffrey 2002). F is the forecast's 90 % quantile, g is taken as 0, and
m = 2 k leaves room for the spread of g, which falls with u. So p10, p50 and p90 rise with the
count, or stay. Below the median, the level q starts from ln(1 + c) and 2 q of that lift, as few
more may come.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri, wrightomega

from models.conformal import GRID

#: Ages, in days, up to which the forecast made before counts in full beside a large count, and from
#: which on it does not.
YOUNG_DAYS, SETTLED_DAYS = 0.5, 1.0
#: Positions in GRID of the quantiles that the spread of a forecast is taken from.
_SPREAD = np.searchsorted(GRID, [0.1, 0.9])


@dataclass(frozen=True)
class CountPooling:
    """How growth and the forecast made before are pooled, for n posts: the `count` that the growth
    starts from, its `weight`, (n,) each, and the `forecast`, (n, len(GRID)) or None.
    """

    count: np.ndarray
    weight: np.ndarray
    forecast: np.ndarray | None

    @classmethod
    def of(
        cls,
        count: np.ndarray,
        age_days: np.ndarray,
        growth: np.ndarray,
        theta: np.ndarray,
        forecast: np.ndarray | None,
    ) -> "CountPooling":
        """Return the pooling of counts of these ages, by growth and theta of the curve, (n,)."""
        if forecast is None:
            return cls(count, np.ones(len(growth)), None)
        square = _forecast_spread(forecast) ** 2
        fade = (SETTLED_DAYS - age_days) / (SETTLED_DAYS - YOUNG_DAYS)
        of_growth = np.clip(fade, 0.0, 1.0) * theta * growth / square
        of_chance = count_noise(growth, np.zeros(len(growth))) / square
        room = np.maximum(2 * of_chance / (1 + of_growth), 1e-12)
        least = room * wrightomega(forecast[:, _SPREAD[1]] - 0.5 - np.log(room))
        start = np.where(of_chance > 0, np.fmax(count, least - 1), count)
        weight = (1 + start) / ((1 + start) * (1 + of_growth) + of_chance)
        return cls(start, np.where(np.isnan(square), 1.0, weight), forecast)

    def pool(self, log_curve: np.ndarray) -> np.ndarray:
        """Return the quantiles by growth, (n, len(GRID)), pooled with the forecast."""
        if self.forecast is None:
            return log_curve
        other = np.where(np.isnan(self.forecast), log_curve, self.forecast)
        return self.weight[:, None] * log_curve + (1 - self.weight[:, None]) * other


def count_noise(growth: np.ndarray, count: np.ndarray) -> np.ndarray:
    """Return the variance of a growth that comes from the count's own chance, (n,).

    The increment of a Poisson count c whose rate is known from c alone has the variance
    c (x + x^2), x = exp(G) - 1: in ln of the end (1 - exp(-G)) / c.
    """
    return -np.expm1(-growth) / (1 + count)


def _forecast_spread(forecast: np.ndarray) -> np.ndarray:
    """Return the standard deviation of a forecast by its quantiles of 10 % and 90 %, (n,)."""
    spread = (forecast[:, _SPREAD[1]] - forecast[:, _SPREAD[0]]) / (2 * ndtri(0.9))
    return np.maximum(spread, 1e-6)
