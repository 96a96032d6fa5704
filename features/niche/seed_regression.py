"""Multinomial logistic regression whose Gaussian prior is centred on the scores of seed words."""

import numpy as np
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

from features.niche.fitted_niches import softmax


def fit_around_seeds(
    bag: csr_matrix, seeded: np.ndarray, bias: np.ndarray, niches: np.ndarray, penalty: float
) -> tuple[float, np.ndarray]:
    """Minimise -log likelihood + penalty / 2 x (squared weights + (scale - 1)^2) over the seed
    scale and the weights.

    `bag` (n, terms), `seeded` (n, niches) scores, `bias` (niches,) not fitted, `niches` (n,)
    true columns. Returns the scale, 0 or more, and the weights (terms, niches).
    """
    rows = np.arange(len(niches))

    def loss(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        scale, weights = parameters[0], parameters[1:].reshape(bag.shape[1], -1)
        share = softmax(bias + scale * seeded + bag @ weights)
        value = -np.log(np.maximum(share[rows, niches], 1e-300)).sum()
        value += penalty / 2 * (np.sum(weights**2) + (scale - 1) ** 2)
        error = share.copy()
        error[rows, niches] -= 1
        scale_gradient = np.sum(error * seeded) + penalty * (scale - 1)
        weights_gradient = bag.T @ error + penalty * weights
        return value, np.append(scale_gradient, weights_gradient)

    start = np.append(1.0, np.zeros(bag.shape[1] * seeded.shape[1]))
    bounds = [(0, None), *[(None, None)] * (len(start) - 1)]
    best = minimize(
        loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 300}
    ).x
    return float(best[0]), best[1:].reshape(bag.shape[1], -1)
