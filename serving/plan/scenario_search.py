"""The whole search by a concave measure over scenarios: bound, a choice soon, exchange, proof."""

import numpy as np

from serving.plan.branch import BranchAndCut
from serving.plan.exchange import Exchange
from serving.plan.measures import CappedMean, TailMean
from serving.plan.search import FIRST_ROUNDS, Search

#: Restarts of the exchange, before and after the relaxation is closed.
RESTARTS = 30
#: Pairs of options, taken and not, up to which exchanges go on where the gap is reached already.
LARGEST_EXCHANGE = 100_000


def search_scenarios(search: Search, measure: TailMean | CappedMean, worth: np.ndarray) -> bool:
    """Search by a measure until the gap or the deadline of `search` is reached; return whether any
    choice holds the rows.

    `worth` (n,): expected totals of the options, for the order of the search.
    """
    if not search.relax(FIRST_ROUNDS) or not BranchAndCut(search, worth).find_first():
        return False
    if search.best is None:
        return True
    _exchange(search, measure)
    if not search.is_done and search.relax():
        exchange = _exchange(search, measure)
        BranchAndCut(search, worth, exchange).run()
    return True


def _exchange(search: Search, measure: TailMean | CappedMean) -> Exchange:
    """Make the choice of a search better by exchange; return the exchange."""
    assert search.best is not None
    pool = np.union1d(search.least_loss(), np.flatnonzero(search.best))
    exchange = Exchange(
        search.model, measure.scenarios, measure.score, measure.weights, pool, search.deadline
    )
    if not search.is_done or len(pool) * int(search.best.sum()) <= LARGEST_EXCHANGE:
        search.consider(exchange.restarts(exchange.improve(search.best), RESTARTS))
    return exchange
