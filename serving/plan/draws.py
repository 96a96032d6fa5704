"""Joint draws of the totals of options, made only for those that are asked for."""

import hashlib
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from serving.plan.offers import Offers


@dataclass(frozen=True)
class PlanDraws:
    """Scenarios of the options of a plan: the same for an option whatever others are asked for."""

    offers: Offers
    draws: int
    seed: int

    def totals(self, measure: str, chosen: np.ndarray) -> np.ndarray:
        """Return the totals of options at the positions `chosen` in all scenarios, (draws, k)."""
        if not len(chosen):
            return np.zeros((self.draws, 0))
        u = self._uniforms(chosen)
        return self.offers.totals(measure, chosen).quantile(u.T).T

    def shared_shock(self) -> dict:
        """Return what share of the variance posts of different creators have in common."""
        return {}

    def _uniforms(self, chosen: np.ndarray) -> np.ndarray:
        options, a, b = self.offers.options, 0.05, 0.02
        columns = []
        for one in chosen.tolist():
            platform, key = str(options.platform[one]), str(options.key[one])
            shocks = (
                self._normal(platform),
                self._normal(f"{platform}/{options.niche[one]}"),
                self._normal(key),
            )
            weights = (np.sqrt(a), np.sqrt(b), np.sqrt(1 - a - b))
            columns.append(ndtr(sum(w * z for w, z in zip(weights, shocks, strict=True))))
        return np.column_stack(columns)

    def _normal(self, name: str) -> np.ndarray:
        digest = hashlib.sha256(f"{self.seed}/{name}".encode()).digest()
        return np.random.default_rng(int.from_bytes(digest[:8])).standard_normal(self.draws)
