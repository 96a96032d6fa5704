"""A saved plan at the fees of a list and by the model of today, compared with another plan, or with
the best one of today, on the same draws.
"""

from dataclasses import dataclass
from typing import TypedDict

import numpy as np

from features.number_text import format_estimates, format_money
from models.shared_shock import SharedShock
from serving.plan.answer import Figures, Plan, RosterEntry, plain_values
from serving.plan.candidates import CandidateList
from serving.plan.close_plans import NOISE, probability_better
from serving.plan.offers import Offers, account_key, build_offers
from serving.plan.outcomes import Outcomes
from serving.plan.planner import evaluation, make_plan
from serving.plan.problem import PlanError
from serving.plan.settings import PlanSettings, check_settings
from serving.plan.words import outcomes_words
from serving.scoring.scorer import Scorer


class Change(TypedDict):
    """A partnership of a saved plan, then and now; what is now is None where it is not offered any
    more, which `reason` tells.
    """

    partnership_id: str
    name: str
    deliverables: int
    fee_then: float
    fee_now: float | None
    engagements_then: float
    engagements_now: float | None
    reason: str | None


class PlanNow(TypedDict):
    """A saved plan at present."""

    spend_then: float
    spend_now: float
    engagements_then: Figures
    engagements_now: Figures
    changes: list[Change]


class Comparison(TypedDict):
    """Two plans on the same draws; `other` is the second saved plan, None where the first is
    compared with `best`, the best plan of today.
    """

    currency: str
    saved: PlanNow
    other: PlanNow | None
    best: Plan | None
    probability_better: float
    warnings: list[str]
    sentence: str


def compare_plans(
    scorer: Scorer,
    candidates: CandidateList,
    saved: Plan,
    other: Plan | None,
    settings: PlanSettings,
    as_of: int,
) -> Comparison:
    """Return a saved plan now, against another one, or against the best plan by `settings`.

    `probability_better`: that the other brings more than the saved one. Raises PlanError.
    """
    check_settings(settings, scorer.rates)
    for plan in (saved, other):
        if plan is not None and plan["currency"] != settings.currency:
            raise PlanError(
                f"a saved plan is in {plan['currency']}, the comparison in {settings.currency}: "
                "compare plans of one currency"
            )
    offers = build_offers(scorer, candidates, settings, as_of)
    outcomes = evaluation(offers, SharedShock.of_manifest(scorer.bundle.manifest), settings)
    first = _SavedRoster.of(saved, candidates, offers)
    best = None if other is not None else make_plan(scorer, candidates, settings, as_of)
    second = _SavedRoster.of(other or best, candidates, offers)  # type: ignore[arg-type]
    better = probability_better(outcomes, settings.measure, second.chosen, first.chosen)
    now = first.now(outcomes)
    then = None if other is None else second.now(outcomes)
    warnings = _warnings(now, settings)
    same = first.chosen.tolist() == second.chosen.tolist()
    if not same and 1 - NOISE < better < NOISE:
        warnings.append("the two plans are about as good: neither brings clearly more")
    compared: Comparison = {
        "currency": settings.currency,
        "saved": now,
        "other": then,
        "best": best,
        "probability_better": better,
        "warnings": warnings,
        "sentence": _sentence(now, second, outcomes, better, settings, other is None, same),
    }
    return plain_values(compared)


@dataclass(frozen=True)
class _SavedRoster:
    """The roster of a plan among the options of today.

    `position` of each entry among the options, -1 where it is not offered.
    """

    plan: Plan
    entries: list[RosterEntry]
    position: list[int]
    reasons: list[str | None]
    offers: Offers

    @classmethod
    def of(cls, plan: Plan, candidates: CandidateList, offers: Offers) -> "_SavedRoster":
        found = [_find(entry, candidates, offers) for entry in plan["roster"]]
        reasons = [
            None if place >= 0 else _why_not(entry, candidates, offers)
            for entry, place in zip(plan["roster"], found, strict=True)
        ]
        return cls(plan, plan["roster"], found, reasons, offers)

    @property
    def chosen(self) -> np.ndarray:
        """The options of the entries that are offered, ascending, each once."""
        return np.unique([place for place in self.position if place >= 0]).astype(int)

    def now(self, outcomes: Outcomes) -> PlanNow:
        """Return the plan then and now."""
        options = self.offers.options
        figures = outcomes.figures("engagements", self.chosen)
        assert figures is not None
        return {
            "spend_then": self.plan["spend"],
            "spend_now": float(options.fee[self.chosen].sum()),
            "engagements_then": self.plan["total"]["engagements"],
            "engagements_now": figures,
            "changes": [
                self._change(entry, place, reason)
                for entry, place, reason in zip(
                    self.entries, self.position, self.reasons, strict=True
                )
            ],
        }

    def _change(self, entry: RosterEntry, place: int, reason: str | None) -> Change:
        offered = place >= 0
        options, expected = self.offers.options, self.offers.expected("engagements")
        return {
            "partnership_id": entry["partnership_id"],
            "name": entry["name"],
            "deliverables": entry["deliverables"],
            "fee_then": entry["fee"]["total"],
            "fee_now": float(options.fee[place]) if offered else None,
            "engagements_then": entry["engagements"]["mean"],
            "engagements_now": float(expected[place]) if offered else None,
            "reason": reason,
        }


def _find(entry: RosterEntry, candidates: CandidateList, offers: Offers) -> int:
    """Return the option of an entry: the same creator and number of deliverables, and where there
    are several the same partnership_id; -1 for none.
    """
    options = offers.options
    key = account_key(entry["platform"], entry["creator_id"], entry["partnership_id"])
    same = (options.key == key) & (options.deliverables == entry["deliverables"])
    places = np.flatnonzero(same).tolist()
    named = [
        place
        for place in places
        if candidates.ids[int(options.row[place])] == entry["partnership_id"]
    ]
    return next(iter([*named, *places]), -1)


def _why_not(entry: RosterEntry, candidates: CandidateList, offers: Offers) -> str:
    options = offers.options
    key = account_key(entry["platform"], entry["creator_id"], entry["partnership_id"])
    if (options.key == key).any():
        return f"is not offered with {entry['deliverables']} deliverables"
    name = entry["creator_id"] or entry["partnership_id"]
    for row in options.rows_named(name):
        if row in offers.rejected:
            return f"was rejected: {'; '.join(offers.rejected[row])}"
        if row in offers.unused:
            return f"has {offers.unused[row].replace('_', ' ')}"
    rejected = {one["partnership_id"]: one["reasons"] for one in candidates.rejected}
    if entry["partnership_id"] in rejected:
        return f"was rejected: {'; '.join(rejected[entry['partnership_id']])}"
    return "is not in the list"


def _warnings(now: PlanNow, settings: PlanSettings) -> list[str]:
    warnings = [
        f"{change['name']} {change['reason']}" for change in now["changes"] if change["reason"]
    ]
    if now["spend_now"] > settings.budget * (1 + 1e-9):
        warnings.append(
            f"the saved plan now costs {format_money(now['spend_now'], settings.currency)}, more "
            f"than the budget of {format_money(settings.budget, settings.currency)}"
        )
    return warnings


def _sentence(
    now: PlanNow,
    second: _SavedRoster,
    outcomes: Outcomes,
    better: float,
    settings: PlanSettings,
    is_best: bool,
    same: bool,
) -> str:
    currency = settings.currency
    spends = [format_money(amount, currency) for amount in (now["spend_then"], now["spend_now"])]
    figures = outcomes.figures("engagements", second.chosen)
    assert figures is not None
    counts = format_estimates(
        np.array(
            [
                now["engagements_then"]["p50"],
                now["engagements_now"]["p50"],
                figures["p50"],
            ]
        )
    )
    spend = format_money(float(second.offers.options.fee[second.chosen].sum()), currency)
    name = "the best plan of today" if is_best else "the other plan"
    then = (
        f"The saved plan cost {spends[0]} for about {counts[0]} engagements, and now costs "
        f"{spends[1]} for about {counts[1]}."
    )
    if same:
        return f"{then} {name.capitalize()} is the same."
    return (
        f"{then} {name.capitalize()} costs {spend} for about "
        f"{counts[2]}, and brings more {settings.measure} in {outcomes_words(better)}."
    )
