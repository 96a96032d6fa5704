"""From candidates and settings to a plan: the one way for the command line, HTTP and Python.

The program chooses by `settings.scenarios` draws; what is told of the plan is read off other ones,
EVALUATION_DRAWS, so that a plan is not praised by the very draws that it was chosen by.
"""

import time
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

import numpy as np

from features.number_text import (
    format_estimates,
    format_money,
    format_probability,
    pluralize,
)
from models.shared_shock import SharedShock
from serving.plan.answer import (
    PLAN_VERSION,
    ClosePlan,
    Plan,
    PlanObjective,
    RosterEntry,
    plain_values,
)
from serving.plan.candidates import CandidateList
from serving.plan.cautions import (
    above_warnings,
    fee_word_warnings,
    horizon_warnings,
    model_warnings,
    rejected_warnings,
    share_warnings,
)
from serving.plan.choice import VALUE_NOISE, better_solution, choose_plan, mean_notes
from serving.plan.close_plans import NOISE, Roster, close_plans, close_rosters, noise_warnings
from serving.plan.draws import PlanDraws
from serving.plan.frontier import OtherBudget, frontier_points, next_money, other_budgets
from serving.plan.left_out import MOST_RULES, LeftOutReasons
from serving.plan.offers import QUOTED, Offers, build_offers, rejected_candidates
from serving.plan.options import Options, fold_name
from serving.plan.outcomes import Outcomes
from serving.plan.problem import PlanError, PlanSolution
from serving.plan.roster import roster_entries
from serving.plan.rules import bans
from serving.plan.settings import KIND_WORDS, PlanSettings, check_settings, settings_json
from serving.plan.solver import PlanSolver
from serving.scoring.forecast_rows import KeepForecasts
from serving.scoring.prospect_batch import moment_text
from serving.scoring.scorer import Scorer

#: Draws that what is told of a plan is read off.
EVALUATION_DRAWS = 4000
_UNPROVEN = {
    "time limit": "the time limit was reached",
    "not proven": "the search ended without a proof",
}


def make_plan(
    scorer: Scorer,
    candidates: CandidateList,
    settings: PlanSettings,
    as_of: int,
    keep: KeepForecasts | None = None,
) -> Plan:
    """Return the best plan within the budget and the rules; `as_of`: microseconds UTC; `keep`: is
    given the forecasts of the roster.

    The same seed gives the same plan. Raises PlanError where no plan can be made, and NoPlan, which
    is one, with the smallest set of rules that conflict.
    """
    check_settings(settings, scorer.rates)
    if not candidates.prospects.n:
        raise PlanError(_no_candidates(candidates))
    offers = build_offers(scorer, candidates, settings, as_of)
    warnings = _check_names(candidates, offers, settings)
    _check_affordable(candidates, offers.options, settings)
    shock = SharedShock.of_manifest(scorer.bundle.manifest)
    solver = PlanSolver(offers.options, settings, _scenarios(offers, shock, settings))
    outcomes = evaluation(offers, shock, settings)
    began = time.monotonic()
    choice = choose_plan(solver, outcomes)
    solution = choice.solution
    ended = time.monotonic()
    solver.deadline = ended + settings.time_limit
    rosters, budgets = close_rosters(solver, solution), other_budgets(solver, solution)
    found = [*(roster for _, roster in rosters), *(other.chosen for other in budgets)]
    best = better_solution(solver, outcomes, solution, found)
    notes = [*choice.notes, *mean_notes(outcomes, best.chosen, choice.by_mean)]
    if best is not solution:
        rosters.append(("the plan that was found first", solution.chosen))
    made = _Made(
        scorer, candidates, settings, as_of, offers, solver, outcomes, best, ended - began,
        rosters, budgets, keep,
    )  # fmt: skip
    return plain_values(made.answer([*warnings, *notes]))


def _no_candidates(candidates: CandidateList) -> str:
    if not candidates.rejected:
        return "there are no candidates: give a list with at least one row"
    first = candidates.rejected[0]
    return (
        f"none of {candidates.read:,} rows can be used: {candidates.place_word} {first['row']}: "
        f"{'; '.join(first['reasons'])}"
    )


def evaluation(offers: Offers, shock: SharedShock, settings: PlanSettings) -> Outcomes:
    """Return what rosters bring, in draws that no plan is chosen by."""
    draws = PlanDraws(offers, shock, EVALUATION_DRAWS, settings.seed + 1)
    return Outcomes(offers, settings, draws)


def _scenarios(offers: Offers, shock: SharedShock, settings: PlanSettings) -> np.ndarray | None:
    """Return the draws that the program chooses by, None where it needs none."""
    if settings.objective.kind == "mean" and settings.rules.least_probability is None:
        return None
    draws = PlanDraws(offers, shock, settings.scenarios, settings.seed)
    return draws.totals(settings.measure, np.arange(offers.options.n))


def _check_names(candidates: CandidateList, offers: Offers, settings: PlanSettings) -> list[str]:
    """Raise PlanError for a creator that must be in the plan and cannot be; return a warning on
    excluded ones that the list does not have.
    """
    options = offers.options
    known = candidates.known_names()
    for name in settings.rules.must_have:
        rows = options.rows_named(name)
        if not rows:
            raise PlanError(f"must have {name!r}: {_unknown_name(name, known, candidates)}")
        if not np.isin(options.row, rows).any():
            raise PlanError(f"must have {name!r}: {_why_unusable(rows[0], candidates, offers)}")
    absent = [name for name in settings.rules.exclude if not options.rows_named(name)]
    if not absent:
        return []
    more = f" and {len(absent) - 5:,} more" if len(absent) > 5 else ""
    return [f"excluded, but not among the candidates: {', '.join(absent[:5])}{more}"]


def _unknown_name(name: str, known: list[frozenset[str]], candidates: CandidateList) -> str:
    for one in candidates.rejected:
        if fold_name(name) == fold_name(one["partnership_id"] or ""):
            return f"it was rejected: {'; '.join(one['reasons'])}"
    near = get_close_matches(fold_name(name), sorted(set().union(*known)), 1)
    hint = f"did you mean {near[0]!r}?" if near else "name one by id, handle or name"
    return f"no candidate has that name: {hint}"


def _why_unusable(row: int, candidates: CandidateList, offers: Offers) -> str:
    where = f"{candidates.place_word} {candidates.places[row]}"
    if row in offers.rejected:
        return f"{where} was rejected: {'; '.join(offers.rejected[row])}"
    what = "fee and no market fee" if offers.unused[row] == "no_fee" else "forecast of views"
    return f"{where} has no {what}: give one, or leave it out of must_have"


def _check_affordable(candidates: CandidateList, options: Options, settings: PlanSettings) -> None:
    """Raise PlanError where even the cheapest candidate costs more than the budget."""
    allowed = np.ones(options.n, dtype=bool)
    for _, _, banned in bans(settings.rules, options, settings.budget, settings.currency):
        allowed &= ~banned
    if not allowed.any():
        allowed[:] = True  # the program then tells which rules conflict
    fees = np.where(allowed, options.fee, np.inf)
    cheapest = int(np.argmin(fees))
    if fees[cheapest] > settings.budget * (1 + 1e-12):
        name = candidates.names[int(options.row[cheapest])]
        raise PlanError(
            f"no candidate is affordable: the cheapest, {name}, costs "
            f"{format_money(fees[cheapest], settings.currency)}, the budget is "
            f"{format_money(settings.budget, settings.currency)}"
        )


@dataclass(frozen=True)
class _Made:
    """A plan that was found, and all that is told of it."""

    scorer: Scorer
    candidates: CandidateList
    settings: PlanSettings
    as_of: int
    offers: Offers
    solver: PlanSolver
    outcomes: Outcomes
    solution: PlanSolution
    seconds: float
    rosters: list[Roster]
    budgets: list[OtherBudget]
    keep: KeepForecasts | None

    def answer(self, warnings: list[str]) -> Plan:
        """Return the plan as a dict."""
        settings, offers, chosen = self.settings, self.offers, self.solution.chosen
        manifest = self.scorer.bundle.manifest
        rejected = rejected_candidates(self.candidates, offers.rejected)
        reasons = LeftOutReasons(self.candidates, self.offers, self.solver, self.solution)
        left_out, binding = reasons.entries(), reasons.binding_rules()
        others = close_plans(self.candidates, self.solver, self.outcomes, chosen, self.rosters)
        roster = self._roster()
        spend = float(offers.options.fee[chosen].sum())
        more = next_money(self.solver, self.outcomes, self.solution)
        points = frontier_points(self.solver, self.outcomes, self.solution, self.budgets)
        return {
            "plan_version": PLAN_VERSION,
            "currency": settings.currency,
            "budget": settings.budget,
            "spend": spend,
            "left": settings.budget - spend,
            "objective": self._objective(),
            "status": self._status(),
            "gap": self.solution.gap,
            "seed": settings.seed,
            "scenarios": settings.scenarios,
            "as_of": moment_text(self.as_of),
            "model_version": manifest["version"],
            "trained_on": manifest["trained_on"],
            "counts": {
                "read": self.candidates.read,
                "candidates": self.candidates.read - len(rejected),
                "rejected": len(rejected),
                "in_plan": len(chosen),
                "left_out": len(left_out),
            },
            "roster": roster,
            "total": self.outcomes.total(chosen),
            "left_out": left_out,
            "rejected": rejected,
            "binding": binding,
            "next_1000": more,
            "frontier": points,
            "close_plans": others,
            "shared_shock": self.outcomes.draws.shared_shock(),
            "warnings": [
                *model_warnings(manifest["trained_on"]),
                *rejected_warnings(rejected, self.candidates.read, self.candidates.place_word),
                *warnings,
                *self._fee_word_warnings(),
                *above_warnings(roster),
                *horizon_warnings(roster),
                *share_warnings(
                    [self.candidates.names[row] for row in offers.options.row[chosen].tolist()],
                    offers.options.fee[chosen],
                ),
                *noise_warnings(others, self._is_as_good),
                *self._time_warnings(),
            ],
            "sentence": self._sentence(),
            "settings": settings_json(settings),
        }

    def _roster(self) -> list[RosterEntry]:
        return roster_entries(
            self.scorer,
            self.candidates,
            self.settings,
            self.as_of,
            self.offers,
            self.outcomes,
            self.solution.chosen,
            self.keep,
        )

    def _objective(self) -> PlanObjective:
        objective = self.solver.settings.objective
        has_level = objective.kind in ("cvar", "quantile")
        return {
            "kind": KIND_WORDS[objective.kind],
            "measure": self.settings.measure,
            "level": objective.level if has_level else None,
            "goal": self.settings.goal,
            "value": self.outcomes.value(self.solution.chosen),
        }

    def _is_as_good(self, other: ClosePlan) -> bool:
        """Return whether another roster is as good as the plan, within the noise of the draws."""
        objective = self.solver.settings.objective
        if objective.kind == "mean":
            return other["probability_better"] < NOISE
        value = self.outcomes.value(self.solution.chosen)
        margin = VALUE_NOISE * (1.0 if objective.kind == "probability" else abs(value))
        return other["value"] > value - margin

    def _status(self) -> Literal["complete", "time limit", "not proven"]:
        if self.solution.is_complete:
            return "complete"
        return "time limit" if self.seconds > 0.9 * self.settings.time_limit else "not proven"

    def _time_warnings(self) -> list[str]:
        warnings = []
        if self.solver.objective != self.solver.settings.objective:
            aim = self.solver.objective
            words = f"{aim.kind} at level {aim.level:g}" if aim.kind == "cvar" else "probability"
            warnings.append(
                f"the plan that is best by {self.settings.objective.kind} does not reach the goal "
                f"with the probability asked for: this one is best by {words}"
            )
        if not self.solution.is_complete:
            warnings.append(
                f"{_UNPROVEN[self._status()]}: another plan may be better by up to "
                f"{self.solution.gap:.1%}"
            )
        rules = len(self.solver.rules_at(self.settings.budget))
        if rules > MOST_RULES and self.settings.details:
            warnings.append(f"which rules bind was tried for {MOST_RULES} of {rules} rules")
        if self.solver.skipped:
            warnings.append(f"the time limit left out: {', '.join(self.solver.skipped)}")
        return warnings

    def _fee_word_warnings(self) -> list[str]:
        options = self.offers.options[self.solution.chosen]
        rows = options.row[options.fee_source != QUOTED].tolist()
        words = [self.candidates.fee_word(row) for row in rows]
        return fee_word_warnings([self.candidates.names[row] for row in rows], words)

    def _sentence(self) -> str:
        settings, chosen = self.settings, self.solution.chosen
        spend = format_money(float(self.offers.options.fee[chosen].sum()), settings.currency)
        accounts = pluralize(f"{self.offers.accounts:,}", "creator")
        head = f"Sign {len(chosen):,} of {accounts} for {spend}"
        figures = self.outcomes.figures(settings.measure, chosen)
        if figures is None:
            return f"{head}."
        middle, low, high, mean = format_estimates(
            np.array([figures["p50"], figures["p10"], figures["p90"], figures["mean"]])
        )
        average = "" if mean == middle else f", {mean} on average"
        text = f"{head}: about {middle} {settings.measure} (80 %: {low}-{high}){average}."
        if settings.goal is None:
            return text
        probability = self.outcomes.probability(chosen, settings.goal)
        return (
            f"{text} They reach {settings.goal:,.0f} with probability "
            f"{format_probability(probability)}."
        )
