"""What a roster brings in joint draws that it was not chosen by."""

from dataclasses import dataclass, field

import numpy as np

from serving.plan.answer import Figures, PlanTotal
from serving.plan.draws import PlanDraws
from serving.plan.measures import scenario_values
from serving.plan.offers import Offers
from serving.plan.settings import PlanSettings


@dataclass
class Outcomes:
    """The totals of rosters, given as positions of options; draws are kept once they are made."""

    offers: Offers
    settings: PlanSettings
    draws: PlanDraws
    _kept: dict[tuple[str, int], np.ndarray] = field(default_factory=dict)

    def totals(self, measure: str, chosen: np.ndarray) -> np.ndarray:
        """Return the totals of a roster in all draws, (draws,)."""
        new = [one for one in chosen.tolist() if (measure, one) not in self._kept]
        columns = self.draws.totals(measure, np.array(new, dtype=int))
        self._kept |= {(measure, one): columns[:, place] for place, one in enumerate(new)}
        total = np.zeros(self.draws.draws)
        for one in chosen.tolist():
            total += self._kept[measure, one]
        return total

    def value(self, chosen: np.ndarray) -> float:
        """Return the objective of a roster; of a mean the sum of the expected totals."""
        objective = self.settings.objective
        if objective.kind == "mean":
            return float(self.offers.options.expected[chosen].sum())
        totals = self.totals(self.settings.measure, chosen)
        return float(scenario_values(totals[:, None], objective)[0])

    def probability(self, chosen: np.ndarray, goal: float | None) -> float:
        """Return the share of draws in which a roster reaches a goal."""
        return float((self.totals(self.settings.measure, chosen) >= (goal or 0.0)).mean())

    def figures(self, measure: str, chosen: np.ndarray) -> Figures | None:
        """Return quantiles and expectation of a roster's total; None where some of it has no
        forecast of the measure.
        """
        if measure == "views" and not self.offers.has_views(chosen).all():
            return None
        if len(chosen) == 1:
            _, own = next(self.offers.totals(measure, chosen))
            p10, p50, p90 = own.quantile([0.1, 0.5, 0.9])[0].tolist()
        else:
            totals = self.totals(measure, chosen)
            p10, p50, p90 = np.quantile(totals, [0.1, 0.5, 0.9]).tolist()
        mean = float(self.offers.expected(measure)[chosen].sum())
        return {"p10": p10, "p50": p50, "p90": p90, "mean": mean}

    def total(self, chosen: np.ndarray) -> PlanTotal:
        """Return what the whole roster brings."""
        options, goal = self.offers.options, self.settings.goal
        engagements = self.figures("engagements", chosen)
        assert engagements is not None
        cost = float(options.fee_for_engagement[chosen].sum())
        middle = engagements["p50"]
        return {
            "creators": len(chosen),
            "deliverables": int(options.deliverables[chosen].sum()),
            "engagements": engagements,
            "views": self.figures("views", chosen),
            "cpe": cost / middle if middle > 0 else None,
            "probability_goal": None if goal is None else self.probability(chosen, goal),
        }
