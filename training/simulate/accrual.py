"""How much of its counts at 30 days a post of the demo market has at another age."""

import numpy as np
from scipy.special import gammaincinv

from training.simulate.parameters import MarketParameters


def ln_accrued(
    measure: str,
    platforms: np.ndarray,
    age_days: np.ndarray,
    pace: np.ndarray,
    market: MarketParameters,
) -> np.ndarray:
    """Return ln of a post's counts at an age over those at `market.horizon_days`.

    - `measure`: `engagements` or `views`
    - `platforms` (n,): names
    - `age_days`: shape (n,) or (n, 1)
    - `pace`: in 0 to 1, how fast the post grows among its kind; broadcasts with `age_days`, and is
      not used where `market.growth_theta` is 0

    The ln growth between an age and the horizon is the pace's quantile of a Gamma distribution: its
    mean is that of the platform's curve, its variance `growth_theta` times the mean. One post has
    one pace, so that a post that grows fast goes on to do so.
    """
    mean = np.zeros(np.shape(age_days))
    for name, platform in market.platforms.items():
        rows = platforms == name
        mean[rows] = platform.curves[measure].growth(market.horizon_days, age_days[rows])
    theta = market.growth_theta
    if theta == 0:
        return mean
    quantile = gammaincinv(np.maximum(np.abs(mean) / theta, np.finfo(float).tiny), pace)
    return np.sign(mean) * theta * quantile
