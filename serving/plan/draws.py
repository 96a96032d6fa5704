"""Joint draws of the totals of options, made only for those that are asked for."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from features.tables.vocabulary import UNKNOWN
from models.delivery import DeliveredTotals
from models.joint_draws import draw_uniforms
from models.shared_shock import SharedShock
from serving.plan.offers import Offers
from serving.plan.scenarios import draw_totals


@dataclass(frozen=True)
class PlanDraws:
    """Scenarios of the options of a plan: those of an option are the same whatever others are asked
    for. `shock`: what posts of different creators have in common.
    """

    offers: Offers
    shock: SharedShock
    draws: int
    seed: int

    def totals(self, measure: str, chosen: np.ndarray) -> np.ndarray:
        """Return the totals of options at the positions `chosen` in all scenarios, (draws, k)."""
        if not len(chosen):
            return np.zeros((self.draws, 0), dtype=np.float32)
        drawn = np.empty((self.draws, len(chosen)), dtype=np.float32)
        for places, totals in self.offers.totals(measure, chosen):
            drawn[:, places] = self._draw(measure, chosen[places], totals)
        return drawn

    def _draw(self, measure: str, chosen: np.ndarray, totals: DeliveredTotals) -> np.ndarray:
        options = self.offers.options
        creators = options.key[chosen].tolist()
        niches = ["" if niche in (None, UNKNOWN) else niche for niche in options.niche[chosen]]
        u = draw_uniforms(
            creators,
            options.platform[chosen].tolist(),
            niches,
            self.shock.shares_of(totals.forecast),
            self.draws,
            self.seed,
        )
        expected = self.offers.expected(measure)[chosen]
        return draw_totals(totals, u, creators, expected, self.seed)

    def shared_shock(self) -> dict[str, Any]:
        """Return what posts of different creators have in common, as JSON."""
        return self.shock.to_json()
