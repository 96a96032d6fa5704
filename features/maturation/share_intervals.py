"""How sure a fitted curve is: its shares with intervals, and what the readings alone tell.

Shares are those of the count at a horizon, so that they are above 1 beyond it.
"""

from dataclasses import replace

import numpy as np
from scipy.sparse import csr_array

from features.maturation.curve import GROWN_UP_DAYS, YOUNGEST_DAYS, Curve
from features.maturation.fit_curves import fit_cells, published_cells
from features.maturation.growth_pairs import (
    AGE_EDGES,
    Cells,
    GrowthPairs,
    PairsByCell,
    sort_by_cell,
    weigh_ages_alike,
)
from features.maturation.maturation import MaturationCurve
from features.tables.vocabulary import HORIZON_DAYS

#: Draws of accounts behind an interval.
DRAWS = 200
#: Accounts that an interval takes: a few drawn with replacement say nothing of others.
MIN_INTERVAL_ACCOUNTS = 10


def share_of_horizon(
    curve: Curve, age_days: np.ndarray, horizon_days: float = HORIZON_DAYS
) -> np.ndarray:
    """Return the share of the count at the horizon that is reached at each age (n,)."""
    return curve.share(age_days) / curve.share(horizon_days)


def draw_curves(
    pairs: GrowthPairs, fitted: MaturationCurve, default: MaturationCurve | None, seed: int = 0
) -> list[Curve]:
    """Return the curves of DRAWS draws of the accounts, whose posts may grow alike (a cluster
    bootstrap): each is fitted to the cells of the accounts drawn, with the same pull to `default`.

    None are drawn from fewer than MIN_INTERVAL_ACCOUNTS accounts.
    """
    if len(np.unique(pairs.account)) < MIN_INTERVAL_ACCOUNTS:
        return []
    sorted_pairs = sort_by_cell(pairs.within_curve())
    cells = sorted_pairs.means()
    pull = None if default is None else published_cells(default.curve)
    curves = []
    for size, growth in zip(*_drawn_cells(sorted_pairs, seed), strict=True):
        weight = weigh_ages_alike(cells.age_class, size, sorted_pairs.pairs.posts)
        drawn = replace(cells, growth=growth / np.maximum(size, 1), weight=weight)
        drawn = drawn if pull is None else drawn.followed_by(pull)
        # the sd of a cell is that of the curve fitted to all: one round is enough
        curves.append(fit_cells(drawn, fitted.curve, rounds=1))
    return curves


def share_intervals(
    drawn: list[Curve], age_days: np.ndarray, horizon_days: float = HORIZON_DAYS
) -> np.ndarray:
    """Return the 95 % intervals (n, 2) of `share_of_horizon` at ages (n,), by `draw_curves`; NaN
    where there are none.
    """
    if not drawn:
        return np.full((len(age_days), 2), np.nan)
    shares = [share_of_horizon(curve, age_days, horizon_days) for curve in drawn]
    return np.quantile(shares, [0.025, 0.975], axis=0).T


def read_shares(
    pairs: GrowthPairs, curve: Curve, horizon_days: float = HORIZON_DAYS
) -> tuple[np.ndarray, np.ndarray]:
    """Return ages in days and the share of the count at the horizon that readings tell, (points,).

    The growth between two ages is the curve's times the ratio of the growth that was read to the
    one that the curve expects, over all pairs that lie within these ages or partly so: what a pair
    grew is spread over its ages as the curve has it. Ages from which no pairs lead on to the
    horizon are left out.
    """
    cells = sort_by_cell(pairs.within_curve()).means()
    edges = np.unique([YOUNGEST_DAYS, *AGE_EDGES, horizon_days, 45, 65, GROWN_UP_DAYS])
    overlap = _growth_between(curve, cells, edges)
    weight = cells.weight / np.maximum(overlap.sum(axis=0), 1e-9)
    expected = overlap @ cells.weight
    with np.errstate(invalid="ignore"):
        ratio = (overlap @ (weight * cells.growth)) / expected
    growth = curve.growth(edges[:-1], edges[1:]) * ratio
    at = int(np.flatnonzero(edges == horizon_days)[0])
    before, after = -np.cumsum(growth[:at][::-1])[::-1], np.cumsum(growth[at:])
    log_share = np.concatenate([before, [0.0], after])
    known = ~np.isnan(log_share)
    return edges[known], np.exp(log_share[known])


def _growth_between(curve: Curve, cells: Cells, edges: np.ndarray) -> np.ndarray:
    """Return the growth that the curve expects of each cell between two edges, (edges - 1,
    cells).
    """
    low = np.maximum(edges[:-1, None], cells.age_from_days)
    high = np.minimum(edges[1:, None], cells.age_to_days)
    return curve.growth(low, np.maximum(low, high))


def _drawn_cells(pairs: PairsByCell, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the number of pairs and their growth added up, (draws, cells), of accounts drawn with
    replacement.
    """
    accounts, account = np.unique(pairs.pairs.account, return_inverse=True)
    cell = np.repeat(np.arange(len(pairs.start)), np.diff(np.append(pairs.start, len(pairs.cell))))
    shape = (len(accounts), len(pairs.start))
    size = csr_array((np.ones(len(cell)), (account, cell)), shape=shape)
    growth = csr_array((pairs.growth, (account, cell)), shape=shape)
    n = len(accounts)
    draws = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=DRAWS)
    return draws @ size, draws @ growth
