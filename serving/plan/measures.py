"""What a plan is judged by: concave measures of a choice with their tangents, and objectives."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from serving.plan.choice_model import Cut
from serving.plan.problem import Objective


class Measure(Protocol):
    """A concave measure of a choice among n options, in whole options or shares."""

    def at(self, chosen: np.ndarray) -> tuple[float, Cut]:
        """Return the measure of a choice (n,), and its tangent there."""


@dataclass(frozen=True)
class TailMean:
    """The mean of the worst share `level` of the scenarios (draws, n), as the smallest mean that
    weights of at most 1 / (level draws) can give (Rockafellar and Uryasev 2000). At level 1 it is
    the expectation.
    """

    scenarios: np.ndarray
    level: float

    def at(self, chosen: np.ndarray) -> tuple[float, Cut]:
        totals = totals_of(self.scenarios, chosen)
        weights = self.weights(totals)
        return float(weights @ totals), Cut(0.0, weights @ self.scenarios)

    def weights(self, totals: np.ndarray) -> np.ndarray:
        """Return the weight of each scenario by a choice's totals, (draws,)."""
        return tail_weights(totals, self.level)

    def score(self, totals: np.ndarray) -> np.ndarray:
        """Return the measure of many choices by their totals, (draws, q) -> (q,)."""
        ordered = np.sort(totals, axis=0)
        return tail_weights(np.arange(len(totals)), self.level) @ ordered


@dataclass(frozen=True)
class CappedMean:
    """The mean of the scenarios (draws, n) in units of `cap`, each held at it: the share of
    scenarios that reach the cap is no more.
    """

    scenarios: np.ndarray
    cap: float

    def at(self, chosen: np.ndarray) -> tuple[float, Cut]:
        totals = totals_of(self.scenarios, chosen)
        weights = self.weights(totals)
        constant = float((totals >= self.cap).mean())
        return float(weights @ totals) + constant, Cut(constant, weights @ self.scenarios)

    def weights(self, totals: np.ndarray) -> np.ndarray:
        """Return the weight of each scenario by a choice's totals, (draws,)."""
        return (totals < self.cap) / (self.cap * len(totals))

    def score(self, totals: np.ndarray) -> np.ndarray:
        """Return the measure of many choices by their totals, (draws, q) -> (q,)."""
        return np.minimum(totals / self.cap, 1.0).mean(axis=0)


def totals_of(scenarios: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Return the totals of a choice (n,) in the scenarios (draws, n), (draws,)."""
    taken = np.flatnonzero(chosen)
    return scenarios[:, taken] @ np.asarray(chosen[taken], dtype=float)


def tail_weights(totals: np.ndarray, level: float) -> np.ndarray:
    """Return the weight of each scenario in the mean of the worst share `level`, (draws,)."""
    draws = len(totals)
    rank = np.empty(draws)
    rank[np.argsort(totals, kind="stable")] = np.arange(draws)
    return np.clip(level * draws - rank, 0, 1) / (level * draws)


def scenario_values(totals: np.ndarray, objective: Objective) -> np.ndarray:
    """Return the objective of many plans by their totals in the scenarios, (draws, q) -> (q,).

    A quantile is the largest total that at most a share `level` of the scenarios fall below.
    """
    if objective.kind == "mean":
        return totals.mean(axis=0)
    if objective.kind == "cvar":
        return TailMean(totals, objective.level).score(totals)
    if objective.kind == "quantile":
        below = scenarios_below(len(totals), objective.level)
        return np.partition(totals, below, axis=0)[below]
    assert objective.goal is not None
    return (totals >= objective.goal).mean(axis=0)


def scenarios_below(draws: int, level: float) -> int:
    """Return how many scenarios may lie below a quantile at `level`."""
    return min(int(np.floor(level * draws + 1e-9)), draws - 1)
