"""Tables of totals over several deliverables, simulated once for each conformal table.

Deliverables of one partnership share a Gaussian copula with one correlation for each table: the
less is known of a creator, the more the deliverables err together.
"""

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from scipy.special import ndtr

from models.conformal import GRID, ConformalTables
from models.sobol import normal_points

#: Scales and numbers of deliverables of which a table holds the totals.
SCALE_GRID = np.geomspace(0.02, 3.0, 20)
DELIVERABLES_GRID = np.array([1, 2, 3, 4, 5, 7, 10, 15, 25, 50, 100])
#: Where the deliverables begin that each of them has more than the one before.
_STARTS = np.append(0, DELIVERABLES_GRID[:-1])
#: Draws behind a table of totals; the standard error of its 10 % and 90 % quantiles is then about
#: 0.01 scale units.
DRAWS = 8192
#: Probabilities, evenly spaced, at which a conformal table is averaged.
MEAN_POINTS = 4000


@dataclass(frozen=True)
class TotalsTables:
    """ln of the mean of exp(scale z) over k deliverables.

    `correlation`: of the deliverables, by conformal table, (tables,); `quantiles`: (tables,
    len(SCALE_GRID), len(DELIVERABLES_GRID), len(GRID)); `log_mean`: ln of the expected exp(scale z)
    of one deliverable, (tables, len(SCALE_GRID)).
    """

    correlation: np.ndarray
    quantiles: np.ndarray
    log_mean: np.ndarray

    @classmethod
    def fit(
        cls,
        conformal: ConformalTables,
        correlation: float | np.ndarray,
        seed: int = 0,
        draws: int = DRAWS,
    ) -> "TotalsTables":
        """Simulate the tables from `draws` scrambled Sobol points, a power of two.

        `correlation`: of the Gaussian copula, in 0 to 1, one number or one for each conformal
        table. In `log_mean` scale z is held at the table's ceiling; the quantiles are those of the
        table as it is.
        """
        correlation = np.broadcast_to(np.asarray(correlation, dtype=float), len(conformal.z))
        normal = normal_draws(seed, draws)
        quantiles = np.empty((len(conformal.z), len(SCALE_GRID), len(DELIVERABLES_GRID), len(GRID)))
        log_mean = np.empty((len(conformal.z), len(SCALE_GRID)))
        for number, table in enumerate(conformal.z):
            z = _correlated_scores(normal, correlation[number], table)
            evenly = np.interp((np.arange(MEAN_POINTS) + 0.5) / MEAN_POINTS, GRID, table)
            for j, scale in enumerate(SCALE_GRID):
                quantiles[number, j] = _quantiles_of_means(scale, z)
                quantiles[number, j, 0] = scale * table
                held = np.minimum(scale * evenly, conformal.ceiling[number])
                log_mean[number, j] = np.log(np.exp(held).mean())
        # six decimals lie far inside the simulation's error and keep the bundle small
        return cls(correlation, quantiles.round(6), log_mean.round(6))

    @cached_property
    def flat(self) -> np.ndarray:
        """`quantiles` as one row."""
        return self.quantiles.ravel()


@lru_cache(maxsize=2)
def normal_draws(seed: int, draws: int = DRAWS) -> np.ndarray:
    """Return normal draws, (draws, 1 + most deliverables): the first column is the shared part."""
    return normal_points(1 + int(DELIVERABLES_GRID[-1]), draws, seed)


def _correlated_scores(normal: np.ndarray, correlation: float, table: np.ndarray) -> np.ndarray:
    """Return scores z of deliverables that share a Gaussian copula, (draws, most deliverables)."""
    shared, single = normal[:, :1], normal[:, 1:]
    together = np.sqrt(correlation) * shared + np.sqrt(1 - correlation) * single
    return np.interp(ndtr(together), GRID, table)


def _quantiles_of_means(scale: float, z: np.ndarray) -> np.ndarray:
    """Return quantiles at GRID of ln(mean of exp(scale z)) over the first k deliverables, for each
    k of DELIVERABLES_GRID: (len(DELIVERABLES_GRID), len(GRID)).
    """
    # sums of the deliverables from one number of DELIVERABLES_GRID to the next
    parts = np.add.reduceat(np.exp(scale * z), _STARTS, axis=1)
    means = np.sort((np.cumsum(parts, axis=1) / DELIVERABLES_GRID).T, axis=1)
    position = GRID * (means.shape[1] - 1)
    low = np.floor(position).astype(int)
    share = position - low
    high = np.minimum(low + 1, means.shape[1] - 1)
    return np.log(means[:, low]) * (1 - share) + np.log(means[:, high]) * share
