"""Draws of quasi-random points, by which sums of few distributions are found."""

import numpy as np
from scipy.special import ndtri


def uniform_points(dimensions: int, draws: int, seed: int = 0) -> np.ndarray:
    """Return scrambled Sobol points in the unit cube, (draws, dimensions); `draws`: a power of
    two.
    """
    # a third of all that a worker would import, and few requests need it
    from scipy.stats import qmc

    return qmc.Sobol(dimensions, seed=seed).random(draws)


def normal_points(dimensions: int, draws: int, seed: int = 0) -> np.ndarray:
    """Return standard normal draws from `uniform_points`, (draws, dimensions)."""
    return ndtri(np.clip(uniform_points(dimensions, draws, seed), 1e-9, 1 - 1e-9))
