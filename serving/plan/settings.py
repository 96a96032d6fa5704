"""How a plan is made: the budget, what is made as large as possible, rules, fees and draws."""

import math
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

from features.tables.currency import USD, CurrencyRates
from serving.plan.problem import Objective, PlanError
from serving.plan.rules import PlanRules, check_rules
from serving.plan.rules_file import parse_rules, rules_json

Measure = Literal["engagements", "views"]
MEASURES: tuple[Measure, ...] = ("engagements", "views")
#: The words that users choose an objective by -> its kind.
OBJECTIVES = {"mean": "mean", "cvar": "cvar", "quantile": "quantile", "goal": "probability"}
#: The kind of an objective -> the word that users choose it by.
KIND_WORDS = {kind: word for word, kind in OBJECTIVES.items()}
#: Which end of a market fee is planned with -> its position among low, typical, high.
MARKET_FEES = {"low": 0, "typical": 1, "high": 2}
LARGEST_BUDGET, LARGEST_GOAL = 1e12, 1e12
MOST_SCENARIOS, MOST_DELIVERABLES = 5000, 100


@dataclass(frozen=True)
class PlanSettings:
    """`budget`, and all amounts of `rules`, in `currency`; `max_deliverables`: how often a fee for
    one deliverable may be bought where the list does not say; `scenarios`: those that the program
    chooses by, drawn with `seed`; `time_limit`: seconds for the plan, and as many again for what is
    told of it; `gap`: share of the best value that a plan may miss; `details`: whether frontier,
    reasons and close plans are made.
    """

    budget: float
    currency: str = USD
    measure: Measure = "engagements"
    objective: Objective = field(default_factory=Objective)
    goal: float | None = None
    rules: PlanRules = field(default_factory=PlanRules)
    market_fee: str = "high"
    max_deliverables: int = 3
    scenarios: int = 500
    seed: int = 1
    time_limit: float = 10.0
    gap: float = 0.005
    details: bool = True


def build_objective(by: str, level: float | None, goal: float | None) -> Objective:
    """Return the objective that a user names. Raises PlanError for what does not fit together."""
    if by not in OBJECTIVES:
        raise PlanError(f"by {by!r} is unknown: expected one of {', '.join(OBJECTIVES)}")
    if by == "goal" and goal is None:
        raise PlanError("a plan by goal needs the goal: give it by --goal, or `goal` in a request")
    if level is not None and by not in ("cvar", "quantile"):
        raise PlanError(f"a level is for cvar and quantile, not for {by}: leave it out")
    kind: Any = OBJECTIVES[by]
    return Objective(kind, 0.1 if level is None else level, goal if by == "goal" else None)


def check_settings(settings: PlanSettings, rates: CurrencyRates) -> None:
    """Raise PlanError for settings that no plan can be made with."""
    budget = settings.budget
    if not (math.isfinite(budget) and 0 < budget <= LARGEST_BUDGET):
        raise PlanError(
            f"the budget is {budget:g}: give an amount above 0, at most {LARGEST_BUDGET:,.0f}"
        )
    check_currency(settings.currency, rates)
    if settings.goal is not None and not 1 <= settings.goal <= LARGEST_GOAL:
        raise PlanError(f"the goal is {settings.goal:g}: give a number from 1 to 1e12")
    if not 0.001 <= settings.objective.level <= 1:
        raise PlanError(f"the level is {settings.objective.level:g}: give 0.001 to 1, such as 0.1")
    if settings.rules.least_probability is not None and settings.goal is None:
        raise PlanError("least_probability is of reaching a goal: give the goal, too")
    if settings.measure not in MEASURES:
        raise PlanError(f"{settings.measure!r} cannot be planned: expected engagements or views")
    if settings.market_fee not in MARKET_FEES:
        raise PlanError(f"market fee {settings.market_fee!r}: expected low, typical or high")
    if not 1 <= settings.max_deliverables <= MOST_DELIVERABLES:
        raise PlanError(f"max_deliverables is {settings.max_deliverables}: give 1 to 100")
    if not 50 <= settings.scenarios <= MOST_SCENARIOS:
        raise PlanError(f"scenarios is {settings.scenarios}: give 50 to {MOST_SCENARIOS:,}")
    check_rules(settings.rules)


def check_currency(currency: str, rates: CurrencyRates) -> None:
    """Raise PlanError for a currency that has no rate."""
    if np.isnan(rates.of([currency])[0]):
        known = ", ".join(rates.usd_per_unit)
        if currency.upper() in rates.usd_per_unit:
            raise PlanError(f"the currency {currency!r} is unknown: write {currency.upper()!r}")
        raise PlanError(
            f"the budget is in {currency!r}, which has no rate to USD, known is {known}: name a "
            "rates file that has it (--rates; of the service CREATORCAST_RATES)"
        )


def settings_json(settings: PlanSettings) -> dict[str, Any]:
    """Return settings as a dict that `settings_from_json` reads again."""
    objective = settings.objective
    by = KIND_WORDS[objective.kind]
    plain = ("budget", "currency", "measure", "goal", "market_fee", "max_deliverables")
    return {
        **{name: getattr(settings, name) for name in plain},
        "by": by,
        "level": objective.level if by in ("cvar", "quantile") else None,
        "scenarios": settings.scenarios,
        "seed": settings.seed,
        "rules": rules_json(settings.rules),
    }


def settings_from_json(document: dict[str, Any]) -> PlanSettings:
    """Return the settings of a saved plan. Raises PlanError for what is none."""
    try:
        given = dict(document)
        rules = parse_rules(given.pop("rules"), given["currency"], "settings.rules")
        objective = build_objective(given.pop("by"), given.pop("level"), given["goal"])
        return replace(PlanSettings(**given), objective=objective, rules=rules)
    except (KeyError, TypeError, ValueError) as error:
        raise PlanError(f"the settings of the saved plan cannot be read: {error}") from None
