"""Branch and cut: the exact search among whole options by a measure over scenarios.

Every choice has bad scenarios of its own, so tangents that are good for one are of little use for
the next. The program is therefore solved in shares again and again, with an option taken or left
out (branch and bound, Land and Doig 1960), each time with the tangents that are missing there
(Quesada and Grossmann 1992). Options whose loss exceeds what is open are left out on the way.
"""

import heapq
from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import OptimizeResult, linprog
from scipy.sparse import csr_array

from serving.plan.choice_model import INFEASIBLE, OPTIMAL, Cut
from serving.plan.exchange import Exchange
from serving.plan.search import TINY, Search

#: Tangents that are kept; beyond, those that did not bind lately are dropped.
MOST_CUTS = 40
#: Programs after which a tangent that did not bind is old.
OLD_AFTER = 40
#: Options in the program of a node at first, and rounds in which others come in.
FIRST_COLUMNS, PRICING_ROUNDS = 150, 4
#: Tangents added at one node whose choice is not whole.
ROUNDS = 4
#: Nodes from one exchange to the next.
EXCHANGE_EVERY = 5
#: What counts as whole.
WHOLE = 1e-6


@dataclass(order=True)
class Node:
    """A part of the choices: options that must be taken, `taken`, and that may be, `free`, masks
    (n,); `loss` (n,): of the options in the part around it. The largest bound comes first.
    """

    rank: float
    number: int
    bound: float = field(compare=False)
    taken: np.ndarray = field(compare=False)
    free: np.ndarray = field(compare=False)
    loss: np.ndarray = field(compare=False)


@dataclass(frozen=True)
class Solved:
    """The best choice of a node in shares: `share`, `loss` (n,); `bound`: of the node."""

    share: np.ndarray
    loss: np.ndarray
    bound: float


@dataclass
class Used:
    """A tangent, and the number of the program in which it bound last."""

    cut: Cut
    last: int = 0


@dataclass(frozen=True)
class Duals:
    """Prices of the rows of a solved program: of `candidates` (c,), those with several of its
    `options`, and of rules and tangents, all of them.
    """

    options: np.ndarray
    candidates: np.ndarray
    of_candidates: np.ndarray
    of_rules: np.ndarray
    of_tangents: np.ndarray


class BranchAndCut:
    """The search among whole options; it goes on in the state of `search`, which has a choice."""

    def __init__(self, search: Search, worth: np.ndarray, exchange: Exchange):
        """`worth` (n,): of the options whose share is not whole that with the most is branched on;
        `exchange` makes choices that are found better.
        """
        self.search, self.worth, self.exchange = search, worth, exchange
        model = search.model
        self.rules = model.matrix[model.first_rule :].toarray()
        self.candidate = model.matrix[: model.first_rule].tocsc().indices
        self.candidates = model.first_rule
        self.low, self.high = model.low[model.first_rule :], model.high[model.first_rule :]
        self.cuts = [Used(cut) for cut in search.cuts[-MOST_CUTS:]]
        self.nodes = self.programs = 0

    def run(self) -> None:
        """Search until the gap or the deadline is reached."""
        search = self.search
        free = search.model.allowed & ~search.hopeless()
        taken = np.zeros(len(free), dtype=bool)
        assert search.loss is not None
        heap = [Node(-search.bound, 0, search.bound, taken, free, search.loss)]
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
            Node(-bound, 2 * self.nodes, bound, node.taken, without, solved.loss),
            Node(-bound, 2 * self.nodes + 1, bound, taken, beside, solved.loss),
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
        """Consider the options of which more than half is taken, at times after exchanges."""
        chosen = share > 0.5
        if not self.search.model.holds(chosen):
            return
        self.search.consider(chosen)
        if self.nodes % EXCHANGE_EVERY == 0:
            self.search.consider(self.exchange.improve(chosen))

    def _solve(self, node: Node) -> Solved | None:
        """Return the node's best choice in shares; None where nothing holds.

        The program has the options with the least loss; the others come in where its prices would
        let them (column generation), and what is then left of such options is added to the bound.
        """
        options = np.flatnonzero(node.free)
        order = np.argsort(np.where(node.taken, -1.0, node.loss)[options], kind="stable")
        inside = np.zeros(len(node.free), dtype=bool)
        inside[options[order[:FIRST_COLUMNS]]] = True
        for _ in range(PRICING_ROUNDS):
            answer, duals = self._program(np.flatnonzero(inside), node.taken[inside])
            if answer.status == INFEASIBLE and inside.sum() < len(options):
                inside = node.free.copy()
                continue
            if duals is None:
                return None if answer.status == INFEASIBLE else self._unsolved(node)
            cost = self._reduced_cost(duals)
            wanted = np.flatnonzero(node.free & ~inside & (cost < -TINY / 10))
            if not len(wanted):
                break
            inside[wanted[np.argsort(cost[wanted], kind="stable")[:FIRST_COLUMNS]]] = True
        assert duals is not None  # once all options are in, the program is solved or nothing holds
        bound = -answer.fun
        if len(wanted):
            by_candidate = np.zeros(self.candidates)
            np.maximum.at(by_candidate, self.candidate[wanted], -cost[wanted])
            bound += by_candidate.sum()
        share, loss = np.zeros(len(node.free)), np.maximum(cost, 0.0)
        share[duals.options] = answer.x[:-1]
        loss[node.taken], loss[~node.free] = 0.0, np.inf
        return Solved(share, loss, min(node.bound, bound))

    def _unsolved(self, node: Node) -> Solved:
        """Return what is known of a node whose program was not solved."""
        loss = np.where(node.free, 0.0, np.inf)
        return Solved(node.taken.astype(float), loss, node.bound)

    def _reduced_cost(self, duals: Duals) -> np.ndarray:
        """Return what taking a unit of each option would cost by the duals of a program, (n,)."""
        of_candidate = np.zeros(self.candidates)
        of_candidate[duals.candidates] = duals.of_candidates
        value = duals.of_tangents @ self._tangents() - self.rules.T @ duals.of_rules
        return value - of_candidate[self.candidate]

    def _tangents(self) -> np.ndarray:
        return np.array([used.cut.coefficients for used in self.cuts])

    def _program(
        self, options: np.ndarray, taken: np.ndarray
    ) -> tuple[OptimizeResult, Duals | None]:
        """Return scipy's answer to the program in shares of these options, and the value, which
        comes last; with its duals where it was solved.
        """
        of_candidate = self.candidate[options]
        several = np.flatnonzero(np.bincount(of_candidate) > 1)
        one_of_each = several[:, None] == of_candidate
        upper, lower = np.isfinite(self.high), np.isfinite(self.low)
        rules = self.rules[:, options]
        rows = np.vstack([one_of_each, rules[upper], -rules[lower], -self._tangents()[:, options]])
        of_value = np.append(np.zeros(len(rows) - len(self.cuts)), np.ones(len(self.cuts)))
        constants = [used.cut.constant for used in self.cuts]
        answer = linprog(
            np.append(np.zeros(len(options)), -1.0),
            A_ub=csr_array(np.column_stack([rows, of_value])),
            b_ub=np.concatenate(
                [np.ones(len(several)), self.high[upper], -self.low[lower], constants]
            ),
            bounds=np.vstack(
                [np.column_stack([taken, np.ones(len(options))]), [[-np.inf, np.inf]]]
            ),
            method="highs-ds",
            options={"presolve": False},
        )
        self.programs += 1
        if answer.status != OPTIMAL:
            return answer, None
        sizes = np.cumsum([len(several), upper.sum(), lower.sum()])
        of_candidates, of_upper, of_lower, of_tangents = np.split(answer.ineqlin.marginals, sizes)
        of_rules = np.zeros(len(self.high))
        of_rules[upper] += of_upper
        of_rules[lower] -= of_lower
        for used, dual in zip(self.cuts, of_tangents, strict=True):
            used.last = self.programs if dual < -TINY / 10 else used.last
        return answer, Duals(options, several, of_candidates, of_rules, of_tangents)

    def _add(self, cut: Cut) -> None:
        self.cuts.append(Used(cut, self.programs))
        if len(self.cuts) > MOST_CUTS:
            self.cuts = [used for used in self.cuts if used.last > self.programs - OLD_AFTER]
