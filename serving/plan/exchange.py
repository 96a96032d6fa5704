"""Better choices by exchange: one option out, one in, as long as the objective grows.

It needs no bound and no concave objective, so it serves every objective over scenarios. From time
to time some options are taken out and the exchange begins again (iterated local search).
"""

import time
from collections.abc import Callable

import numpy as np

from serving.plan.choice_model import ROUNDING, ChoiceModel

#: Returns the objective of many choices by their totals in the scenarios, (draws, q) -> (q,).
Score = Callable[[np.ndarray], np.ndarray]
#: Returns how much each scenario counts for a choice by its totals, (draws,) -> (draws,).
Weights = Callable[[np.ndarray], np.ndarray]

#: Exchanges that are scored in one step: those that look best by the weights of the scenarios.
SCORED_EXCHANGES = 200
#: Options taken out at once.
TAKEN_OUT = 3


class Exchange:
    """Exchanges between the chosen options and those of a `pool`, positions (p,).

    `scenarios`: (draws, n); `score`, `weights`: the objective, and what it pays to improve;
    `deadline`: of time.monotonic, after which no more is exchanged.
    """

    def __init__(
        self,
        model: ChoiceModel,
        scenarios: np.ndarray,
        score: Score,
        weights: Weights,
        pool: np.ndarray,
        deadline: float = np.inf,
    ):
        self.deadline = deadline
        self.score, self.weights = score, weights
        self.options = pool[model.allowed[pool]]
        self.scenarios = scenarios[:, self.options]
        self.rows = model.matrix[model.first_rule :, self.options].toarray()
        self.low, self.high = model.low[model.first_rule :], model.high[model.first_rule :]
        candidates = model.matrix[: model.first_rule, self.options].tocsc()
        self.candidate = candidates.indices
        self.size = len(model.allowed)

    def improve(self, chosen: np.ndarray) -> np.ndarray:
        """Return the choice, mask (n,), that exchanges lead to from `chosen`; options outside of
        the pool are left out.
        """
        taken = self._run(np.flatnonzero(chosen[self.options]))
        return self._mask(taken)

    def restarts(self, chosen: np.ndarray, times: int, seed: int = 0) -> np.ndarray:
        """Return the best choice, mask (n,), of `times` restarts from the best one yet."""
        random = np.random.default_rng(seed)
        best = np.flatnonzero(chosen[self.options])
        value = self._value(best)
        for _ in range(times):
            if not len(best) or time.monotonic() > self.deadline:
                break
            kept = random.permutation(best)[min(TAKEN_OUT, len(best)) :]
            taken = self._run(np.sort(kept))
            found = self._value(taken)
            if found > value and self._holds(taken):
                best, value = taken, found
        return self._mask(best)

    def _run(self, taken: np.ndarray) -> np.ndarray:
        """Return the options, places in the pool, that exchanges lead to from `taken`."""
        value = self._value(taken) if self._holds(taken) else -np.inf
        while True:
            step = self._best_step(taken) if time.monotonic() < self.deadline else None
            if step is None or not step[0] > value + 1e-9 * abs(value):
                return taken
            value, taken = step

    def _best_step(self, taken: np.ndarray) -> tuple[float, np.ndarray] | None:
        """Return the best exchange that looks better by the weights: its objective and options."""
        totals = self.scenarios[:, taken].sum(axis=1)
        gain = np.append(self.weights(totals) @ self.scenarios, 0.0)
        rows = np.hstack([self.rows, np.zeros((len(self.rows), 1))])
        nothing = len(self.options)
        out = np.append(taken, nothing)
        into = np.append(np.setdiff1d(np.arange(nothing), taken), nothing)
        sums = self.rows[:, taken].sum(axis=1)[:, None] - rows[:, out]
        holds = np.ones((len(out), len(into)), dtype=bool)
        for row, low, high, after in zip(rows, self.low, self.high, sums, strict=True):
            total = after[:, None] + row[into]
            holds &= (total >= low - ROUNDING) & (total <= high + ROUNDING)
        holds &= self._is_free(out, into, taken)
        better = gain[into] - gain[out][:, None]
        better[~holds] = -np.inf
        best = np.argsort(-better, axis=None, kind="stable")[:SCORED_EXCHANGES]
        best = best[better.ravel()[best] > 0]
        if not len(best):
            return None
        first, second = np.unravel_index(best, better.shape)
        padded = np.hstack([self.scenarios, np.zeros((len(totals), 1))])
        after_exchange = totals[:, None] - padded[:, out[first]] + padded[:, into[second]]
        scores = self.score(after_exchange)
        at = int(np.argmax(scores))
        changed = np.setdiff1d(np.append(taken, into[second[at]]), [out[first[at]], nothing])
        return float(scores[at]), changed

    def _is_free(self, out: np.ndarray, into: np.ndarray, taken: np.ndarray) -> np.ndarray:
        """Return which exchanges leave one option a candidate, (out, into)."""
        candidate = np.append(self.candidate, -1)
        is_taken = np.isin(candidate[into], candidate[taken])
        same = candidate[out][:, None] == candidate[into]
        return (~is_taken | same) | (into == len(self.options))

    def _holds(self, taken: np.ndarray) -> bool:
        sums = self.rows[:, taken].sum(axis=1)
        return bool(((sums >= self.low - ROUNDING) & (sums <= self.high + ROUNDING)).all())

    def _value(self, taken: np.ndarray) -> float:
        return float(self.score(self.scenarios[:, taken].sum(axis=1)[:, None])[0])

    def _mask(self, taken: np.ndarray) -> np.ndarray:
        chosen = np.zeros(self.size, dtype=bool)
        chosen[self.options[taken]] = True
        return chosen
