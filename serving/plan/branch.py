"""Branch and cut: the exact search among whole options by a measure over scenarios.

Every choice has bad scenarios of its own, so tangents that are good for one are of little use for
the next. The program is therefore solved in shares again and again, with an option taken or left
out (branch and bound, Land and Doig 1960), each time with the tangents that are missing there
(Quesada and Grossmann 1992). Options whose loss exceeds what is open are left out on the way.
"""

import heapq
from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_array, hstack, vstack

from serving.plan.choice_model import INFEASIBLE, OPTIMAL, Cut
from serving.plan.search import TINY, Search

#: Tangents that are kept; beyond, those that did not bind lately are dropped.
MOST_CUTS = 40
#: Nodes after which a tangent that did not bind is old.
OLD_AFTER = 30
#: Tangents added at one node whose choice is not whole.
ROUNDS = 4
#: What counts as whole.
WHOLE = 1e-6


@dataclass(order=True)
class Node:
    """A part of the choices: options that must be taken, `taken`, and that may be, `free`, masks
    (n,). The part with the largest bound comes first.
    """

    rank: float
    number: int
    bound: float = field(compare=False)
    taken: np.ndarray = field(compare=False)
    free: np.ndarray = field(compare=False)


@dataclass(frozen=True)
class Solved:
    """The best choice of a node in shares: `share`, `loss` (n,); `bound`: of the node."""

    share: np.ndarray
    loss: np.ndarray
    bound: float


class BranchAndCut:
    """The search among whole options; it goes on in the state of `search`, which has a choice."""

    def __init__(self, search: Search, worth: np.ndarray):
        """`worth` (n,): of the options whose share is not whole that with the most is branched
        on.
        """
        self.search, self.worth = search, worth
        model = search.model
        self.rules = model.matrix[model.first_rule :].tocsc()
        self.candidates = model.matrix[: model.first_rule].tocsc()
        self.candidate = self.candidates.indices
        self.low, self.high = model.low[model.first_rule :], model.high[model.first_rule :]
        self.cuts = [Used(cut) for cut in search.cuts[-MOST_CUTS:]]
        self.nodes = 0

    def run(self) -> None:
        """Search until the gap or the deadline is reached."""
        search = self.search
        free = search.model.allowed & ~search.hopeless()
        taken = np.zeros(len(free), dtype=bool)
        heap = [Node(-search.bound, 0, search.bound, taken, free)]
        while heap and heap[0].bound > search.cutoff and search.time_left > 0:
            node = heapq.heappop(heap)
            self.nodes += 1
            for child in self._children(node):
                heapq.heappush(heap, child)
        open_bound = heap[0].bound if heap else -np.inf
        search.lower_bound_to(max(open_bound, search.cutoff))

    def _children(self, node: Node) -> list[Node]:
        """Return the parts of a node that may have a choice above the cutoff."""
        solved = self._solve_with_cuts(node)
        if solved is None:
            return []
        free = node.free & (solved.bound - solved.loss > self.search.cutoff)
        fraction = np.minimum(solved.share, 1 - solved.share)
        unsettled = free & ~node.taken
        place = fraction * self.worth
        if fraction.max() < WHOLE:
            place = np.where(unsettled, 1 + solved.share, 0.0)
        option = int(np.argmax(np.where(unsettled, place, -1.0)))
        if not unsettled[option]:
            return []
        without = free.copy()
        without[option] = False
        of_candidate = self.candidate == self.candidate[option]
        taken, beside = node.taken.copy(), free & ~of_candidate
        taken[option] = beside[option] = True
        bound = min(solved.bound, node.bound)
        return [
            Node(-bound, 2 * self.nodes, bound, node.taken, without),
            Node(-bound, 2 * self.nodes + 1, bound, taken, beside),
        ]

    def _solve_with_cuts(self, node: Node) -> Solved | None:
        """Return the node's choice in shares once its tangents are in; None where no choice of the
        node is above the cutoff.
        """
        search, rounds = self.search, 0
        while True:
            solved = self._solve(node)
            if solved is None or solved.bound <= search.cutoff:
                return None
            is_whole = np.minimum(solved.share, 1 - solved.share).max() < WHOLE
            self._round(solved.share)
            value, cut = search.measure.at(solved.share)
            is_exact = value >= solved.bound - max(search.gap / 8 * abs(solved.bound), TINY)
            is_enough = rounds >= (MOST_CUTS if is_whole else ROUNDS)
            if is_exact or is_enough or search.time_left <= 0:
                return solved if solved.bound > search.cutoff else None
            self._add(cut)
            rounds += 1

    def _round(self, share: np.ndarray) -> None:
        """Consider the options of which more than half is taken."""
        chosen = share > 0.5
        if self.search.model.holds(chosen):
            self.search.consider(chosen)

    def _solve(self, node: Node) -> Solved | None:
        """Return the node's best choice in shares; None where nothing holds."""
        options = np.flatnonzero(node.free)
        answer = self._program(options, node.taken[options])
        if answer.status == INFEASIBLE:
            return None
        share, loss = np.zeros(len(node.free)), np.full(len(node.free), np.inf)
        if answer.status != OPTIMAL:
            share[node.taken], loss[options] = 1.0, 0.0
            return Solved(share, loss, node.bound)
        share[options] = answer.x[:-1]
        marginals = answer.lower.marginals + answer.upper.marginals
        loss[options] = np.where(node.taken[options], 0.0, np.maximum(marginals[:-1], 0.0))
        binds = answer.ineqlin.marginals[-len(self.cuts) :] < -1e-9
        for used, is_tight in zip(self.cuts, binds, strict=True):
            used.last = self.nodes if is_tight else used.last
        return Solved(share, loss, min(node.bound, -answer.fun))

    def _program(self, options: np.ndarray, taken: np.ndarray):  # type: ignore[no-untyped-def]
        """Return scipy's answer to the program in shares of these options, and the value."""
        rules = self.rules[:, options].tocsr()
        several = self.candidates[:, options].tocsr()
        several = several[np.diff(several.indptr) > 1]
        upper, lower = np.isfinite(self.high), np.isfinite(self.low)
        rows = vstack([several, rules[upper], -rules[lower]])
        tangents = np.array([np.append(-used.cut.coefficients[options], 1.0) for used in self.cuts])
        constants = [used.cut.constant for used in self.cuts]
        none = csr_array((rows.shape[0], 1))
        return linprog(
            np.append(np.zeros(len(options)), -1.0),
            A_ub=vstack([hstack([rows, none]), csr_array(tangents)]),
            b_ub=np.concatenate(
                [np.ones(several.shape[0]), self.high[upper], -self.low[lower], constants]
            ),
            bounds=np.vstack(
                [np.column_stack([taken, np.ones(len(options))]), [[-np.inf, np.inf]]]
            ),
            method="highs-ds",
            options={"presolve": False},
        )

    def _add(self, cut: Cut) -> None:
        self.cuts.append(Used(cut, self.nodes))
        if len(self.cuts) > MOST_CUTS:
            self.cuts = [used for used in self.cuts if used.last > self.nodes - OLD_AFTER]


@dataclass
class Used:
    """A tangent, and the node at which it bound last."""

    cut: Cut
    last: int = 0
