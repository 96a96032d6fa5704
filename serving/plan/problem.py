"""What a plan is chosen from and by: options, rules, an objective, and the program's solution.

An option is a candidate with a number of deliverables, at the fee of all of them; a plan takes at
most one option of each candidate. All arrays are in the order of the options.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from features.errors import CreatorcastError

#: What a plan can make as large as possible: the expectation; the mean of the worst share `level`
#: of the scenarios (conditional value at risk, Rockafellar and Uryasev 2000); the quantile at
#: `level`; the probability that the total reaches `goal`.
ObjectiveKind = Literal["mean", "cvar", "quantile", "probability"]


class PlanError(CreatorcastError):
    """A plan cannot be made; the message says why and what to do."""


@dataclass(frozen=True)
class Objective:
    """What is made as large as possible; `level`: of a cvar or quantile, in 0 to 1; `goal`: of a
    probability, in the unit of the totals.
    """

    kind: ObjectiveKind = "mean"
    level: float = 0.1
    goal: float | None = None


@dataclass(frozen=True)
class LinearRule:
    """low <= coefficients @ chosen <= high; `name`: the rule in the words of the user, as
    "at most 3 creators on tiktok"; `coefficients` (n,); a bound that there is not is infinite.
    """

    name: str
    coefficients: np.ndarray
    low: float = -np.inf
    high: float = np.inf


@dataclass(frozen=True)
class PlanProblem:
    """A choice among n options of m candidates.

    `candidate` (n,): position of the candidate of each option, 0 to m - 1; `fee` (n,) and `budget`:
    in one currency, whichever it is; `expected` (n,): expected totals; `scenarios` (draws, n):
    totals of each option in jointly drawn scenarios, None where the objective is the mean;
    `rules`: what else must hold. The budget is a rule of its own.
    """

    candidate: np.ndarray
    fee: np.ndarray
    budget: float
    expected: np.ndarray
    scenarios: np.ndarray | None = None
    rules: tuple[LinearRule, ...] = ()
    objective: Objective = Objective()


@dataclass(frozen=True)
class PlanSolution:
    """`chosen`: positions of the options taken, ascending; `value`: of the objective; `bound`: no
    plan has more; `gap`: (bound - value) / |bound|; `is_complete`: whether the gap that was asked
    for was reached before the time limit.
    """

    chosen: np.ndarray
    value: float
    bound: float
    gap: float
    is_complete: bool


class NoPlan(PlanError):
    """No choice holds all rules; `conflict`: the names of a smallest set of rules (the budget among
    them where it plays a part) that no choice holds together.
    """

    def __init__(self, conflict: tuple[str, ...], message: str):
        super().__init__(message)
        self.conflict = conflict
