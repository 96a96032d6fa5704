"""Plans by a quantile of the total or by the probability that it reaches a goal."""

import numpy as np

from serving.plan.problem import PlanProblem
from serving.plan.search import Search


def search_chance(problem: PlanProblem, search: Search, start: np.ndarray | None) -> bool:
    return search.run(start)
