"""Choices among options as rows of a mixed-integer program, solved with HiGHS.

Money is counted in budgets and every rule in its own largest coefficient, so that the program is
the same in any currency. HiGHS allows a row to be overstepped by a millionth: a choice that
oversteps its rules by more than rounding is cut off and the program solved again.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, OptimizeResult, linprog, milp
from scipy.sparse import csr_array, hstack, vstack

from serving.plan.problem import LinearRule, PlanError, PlanProblem

#: The name of the budget among the rules.
BUDGET = "budget"
#: By how much a rule may be overstepped, in its largest coefficient: rounding, nothing else.
ROUNDING = 1e-9
#: Times that a choice which oversteps its rules by more than rounding is cut off.
MOST_REPAIRS = 50
#: Options of every scipy.optimize.milp: with its presolve HiGHS 1.12 writes a line to the standard
#: output at times, and no option stops it.
QUIET = {"presolve": False}
#: Status of scipy.optimize.milp and linprog.
OPTIMAL, LIMIT, INFEASIBLE, UNCLEAR = 0, 1, 2, 4


@dataclass(frozen=True)
class Cut:
    """No choice has more than constant + coefficients @ chosen; `coefficients` (n,)."""

    constant: float
    coefficients: np.ndarray


@dataclass(frozen=True)
class Choice:
    """A choice of the program: `chosen` mask (n,), None where none was found; `bound`: no choice
    has more; `is_impossible`: whether no choice holds all rows.
    """

    chosen: np.ndarray | None
    bound: float
    is_impossible: bool


@dataclass(frozen=True)
class Relaxation:
    """The program without whole numbers: `share` (n,) of each option that is taken; `bound`: no
    choice has more; `loss` (n,): by how much the bound falls if the option is taken whole.
    """

    share: np.ndarray
    bound: float
    loss: np.ndarray


@dataclass(frozen=True)
class ChoiceModel:
    """Rows low <= matrix @ chosen <= high over n options; `matrix`: (rows, n); `allowed`: mask (n,)
    of the options that may be chosen at all; `first_rule`: the row after those of the candidates.
    """

    matrix: csr_array
    low: np.ndarray
    high: np.ndarray
    allowed: np.ndarray
    first_rule: int

    @classmethod
    def of(cls, problem: PlanProblem, names: Iterable[str] | None = None) -> "ChoiceModel":
        """Return the rows of a problem; `names`: of the rules that count, default all and the
        budget.
        """
        rules = [budget_rule(problem), *problem.rules]
        if names is not None:
            counted = set(names)
            rules = [rule for rule in rules if rule.name in counted]
        scaled = [_scaled(rule) for rule in rules]
        options = len(problem.fee)
        candidates = int(problem.candidate.max(initial=-1)) + 1
        rows = (np.ones(options), (problem.candidate, np.arange(options)))
        one_of_each = csr_array(rows, shape=(candidates, options))
        matrix = vstack([one_of_each, *(csr_array(rule.coefficients[None]) for rule in scaled)])
        low = np.concatenate([np.full(candidates, -np.inf), [rule.low for rule in scaled]])
        high = np.concatenate([np.ones(candidates), [rule.high for rule in scaled]])
        return cls(matrix.tocsr(), low, high, _allowed(scaled, options), candidates)

    def holds(self, chosen: np.ndarray) -> bool:
        """Return whether a choice, mask (n,), holds all rows but for rounding."""
        sums = self.matrix @ chosen.astype(float)
        return bool(((sums >= self.low - ROUNDING) & (sums <= self.high + ROUNDING)).all())

    def without(self, left_out: np.ndarray) -> "ChoiceModel":
        """Return the model in which the options `left_out`, mask (n,), are not chosen."""
        allowed = self.allowed & ~left_out
        return ChoiceModel(self.matrix, self.low, self.high, allowed, self.first_rule)

    def relax(self, cuts: list[Cut], time_limit: float) -> Relaxation | None:
        """Return the best choice in shares under the cuts; None where no share holds all rows.

        Raises PlanError where the time limit is reached.
        """
        columns, matrix, low, high = self._rows(cuts)
        upper, lower = np.isfinite(high), np.isfinite(low)
        answer = linprog(
            np.append(np.zeros(len(columns)), -1.0),
            A_ub=vstack([matrix[upper], -matrix[lower]]),
            b_ub=np.concatenate([high[upper], -low[lower]]),
            bounds=np.array([*[(0.0, 1.0)] * len(columns), (-np.inf, np.inf)]),
            method="highs",
            options={"time_limit": max(time_limit, 0.1)},
        )
        if answer.status in (INFEASIBLE, UNCLEAR):
            return None
        if answer.status != OPTIMAL:
            raise PlanError(NOTHING_FOUND)
        share, loss = np.zeros(len(self.allowed)), np.full(len(self.allowed), np.inf)
        share[columns] = answer.x[:-1]
        loss[columns] = np.maximum(answer.lower.marginals + answer.upper.marginals, 0)[:-1]
        return Relaxation(share, -answer.fun, loss)

    def choose(
        self, cut: Cut | None, time_limit: float, gap: float, nodes: int | None = None
    ) -> Choice:
        """Return the best choice of whole options by a linear measure; without one any choice that
        holds the rows.

        `gap`: relative distance to the bound at which it may stop; `nodes`: of the search tree at
        most.
        """
        model, answer = self, None
        for _ in range(MOST_REPAIRS):
            answer = model._solve(cut, time_limit, gap, nodes)
            if answer.x is None:
                break
            chosen = np.zeros(len(self.allowed), dtype=bool)
            chosen[np.flatnonzero(self.allowed)] = answer.x[:-1] > 0.5
            if self.holds(chosen):
                bound = answer.fun if answer.mip_dual_bound is None else answer.mip_dual_bound
                return Choice(chosen, (0.0 if cut is None else cut.constant) - bound, False)
            model = model._excluding(chosen)
        assert answer is not None
        is_impossible = answer.x is None and answer.status in (INFEASIBLE, UNCLEAR)
        return Choice(None, -np.inf if is_impossible else np.inf, is_impossible)

    def _solve(
        self, cut: Cut | None, time_limit: float, gap: float, nodes: int | None
    ) -> OptimizeResult:
        columns, rows, low, high = self._rows([])
        value = np.zeros(len(columns)) if cut is None else cut.coefficients[columns]
        options = {"time_limit": max(time_limit, 0.1), "mip_rel_gap": gap, **QUIET}
        if nodes is not None:
            options["node_limit"] = nodes
        return milp(
            np.append(-value, 0.0),
            integrality=np.ones(len(columns) + 1),
            bounds=Bounds(0, np.append(np.ones(len(columns)), 0.0)),
            constraints=LinearConstraint(rows, low, high),
            options=options,
        )

    def _rows(self, cuts: list[Cut]) -> tuple[np.ndarray, csr_array, np.ndarray, np.ndarray]:
        """Return the allowed options, and the rows over them and the value, which comes last:
        value - coefficients @ chosen <= constant for each cut.
        """
        columns = np.flatnonzero(self.allowed)
        rows = self.matrix[:, columns]
        kept = np.diff(rows.indptr) > 0
        kept[self.first_rule :] = True
        rows = rows[kept]
        empty = csr_array((rows.shape[0], 1))
        matrix = [csr_array(np.append(-cut.coefficients[columns], 1.0)[None]) for cut in cuts]
        rows = vstack([hstack([rows, empty]), *matrix]).tocsr()
        low = np.concatenate([self.low[kept], np.full(len(cuts), -np.inf)])
        high = np.concatenate([self.high[kept], [cut.constant for cut in cuts]])
        return columns, rows, low, high

    def _excluding(self, chosen: np.ndarray) -> "ChoiceModel":
        """Return the model in which exactly this choice is not possible."""
        row = csr_array(np.where(chosen, 1.0, -1.0)[None])
        matrix = vstack([self.matrix, row]).tocsr()
        high = np.append(self.high, chosen.sum() - 1.0)
        return ChoiceModel(
            matrix, np.append(self.low, -np.inf), high, self.allowed, self.first_rule
        )


NOTHING_FOUND = "no plan was found within the time limit: allow more time, or fewer rules"


def budget_rule(problem: PlanProblem) -> LinearRule:
    """Return the budget as a rule: fees in budgets, to 12 digits, are at most one in all."""
    share = problem.fee / problem.budget
    digits = 11 - np.floor(np.log10(np.where(share > 0, share, 1.0)))
    unit = 10.0 ** np.clip(digits, -200, 200)
    return LinearRule(BUDGET, np.rint(share * unit) / unit, high=1.0)


def _scaled(rule: LinearRule) -> LinearRule:
    """Return the rule in its largest coefficient."""
    largest = float(np.abs(rule.coefficients).max(initial=0.0))
    unit = largest if largest > 0 and rule.name != BUDGET else 1.0
    return LinearRule(rule.name, rule.coefficients / unit, rule.low / unit, rule.high / unit)


def _allowed(rules: list[LinearRule], options: int) -> np.ndarray:
    """Return which options, mask (n,), no rule of coefficients from 0 up excludes on their own."""
    allowed = np.ones(options, dtype=bool)
    for rule in rules:
        if (rule.coefficients >= 0).all():
            allowed &= rule.coefficients <= rule.high + ROUNDING
    return allowed
