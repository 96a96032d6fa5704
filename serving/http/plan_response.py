"""The types of an answer of POST /v1/plan, for the OpenAPI document: those of serving.plan.answer,
with what each field means.
"""

import re
from typing import Any, get_args, get_origin, get_type_hints, is_typeddict

from pydantic import BaseModel, Field, create_model

from serving.http.response_schema import LEDGER_MEANING
from serving.plan import answer

_MEANINGS: dict[str, dict[str, str]] = {
    "Figures": {
        "p10": "10 % of the outcomes lie below it",
        "p50": "the median",
        "p90": "90 % of the outcomes lie below it",
        "mean": "the expectation",
    },
    "FeePartAmount": {
        "name": "usage_rights, whitelisting, exclusivity or agency",
        "amount": "in the currency of the plan",
    },
    "PlannedFee": {
        "total": "what the partnership costs, with all parts",
        "for_engagement": "the part that buys engagement: cost and break-even are about it",
        "source": "quoted; own_deals or rate_card for a market fee",
        "times": "how often the fee of one deliverable is bought; 1 for a fee as it stands",
        "each": "the fee that is bought so often, without parts",
        "low": "low market fee of as many deliverables; null where there is none",
        "typical": "typical market fee",
        "high": "high market fee",
        "parts": "what is added to the fee for engagement",
    },
    "RosterEntry": {
        "partnership_id": "as given, else numbered",
        "creator_id": "as given",
        "name": "handle, else creator_id, else partnership_id",
        "platform": "of the account",
        "band": "size by followers",
        "niche": "of the creator",
        "evidence": "what the forecast rests on: history, summary or profile",
        "format": "as given; null where it was not said",
        "package": "formats and numbers where there are several",
        "deliverables": "to book",
        "horizon_days": "days after posting at which the counts are forecast",
        "completion_rate": "share of the posts that are expected to appear",
        "fee": "what it costs, in the currency of the plan",
        "engagements": "forecast of all deliverables",
        "views": "forecast of all deliverables; null where the platform shows none",
        "cpe": "cost of an engagement by the middle case: fee for engagement over the median",
        "break_even_fee": "the highest fee for engagement that beats the benchmark",
        "adds": "value of the plan by its objective (see `objective.kind`) less that of the plan "
        "without this partnership, its money unspent: engagements or views on average for mean, in "
        "the bad cases for cvar, reached in all but the bad cases for quantile; for goal a "
        "probability, 0 to 1",
        "sentence": "the forecast in words",
        "warnings": "what was not used, and what to beware of",
    },
    "PlanTotal": {
        "creators": "to sign",
        "deliverables": "to book",
        "engagements": "forecast of the whole roster, in scenarios drawn jointly",
        "views": "the same; null where some of the roster has no forecast of views",
        "cpe": "all fees for engagement over the median",
        "probability_goal": "that the total reaches the goal; null without one",
    },
    "LeftOut": {
        "partnership_id": "as given, else numbered",
        "creator_id": "as given",
        "name": "as in the roster",
        "reason": "; ".join(f"{code}: {meaning}" for code, meaning in answer.REASONS.items()),
        "text": "the reason in words",
        "replaced_by": "partnership_ids of the plan that would leave if it were signed; null where "
        "that was not tried",
        "evidence": "what its forecast rests on",
    },
    "RejectedCandidate": {
        "row": "its place in the request, from 1",
        "partnership_id": "as given, else numbered",
        "reasons": "why it could not be used",
    },
    "Counts": {
        "read": "partnerships of the request",
        "candidates": "those that could be used: in_plan + left_out",
        "rejected": "those that could not",
        "in_plan": "in the roster",
        "left_out": "not in the roster",
    },
    "PlanObjective": {
        "kind": "as `by` of the request; mean where a goal is out of reach",
        "measure": "engagements or views",
        "level": "share of bad cases; null where there is none",
        "goal": "as given",
        "value": "what the plan reaches by `kind`: an average for mean, the average of the bad "
        "cases for cvar, a total for quantile, a probability for goal",
    },
    "BindingRule": {
        "name": "the rule in words",
        "text": "what the plan would bring without it",
    },
    "NextMoney": {
        "amount": "how much more money, in the currency of the plan",
        "adds": "what it adds to the expected total of the measure; null where the search stopped "
        "too early to tell",
        "text": "the same in words",
    },
    "FrontierPoint": {
        "budget": "another budget",
        "spend": "what its best plan costs",
        "creators": "of its best plan",
        "engagements": "of its best plan",
        "is_proven": "whether no plan of it is better by more than the gap asked for",
    },
    "ClosePlan": {
        "text": "the other roster in words",
        "roster": "its partnership_ids",
        "spend": "what it costs",
        "mean": "its expected total of the measure",
        "value": "its value by the objective",
        "probability_better": "that the plan brings more than it",
    },
    "Plan": {
        "plan_version": "version of this shape",
        "currency": "of all amounts",
        "budget": "as given",
        "spend": "what the roster costs",
        "left": "budget less spend",
        "objective": "what was made as large as possible",
        "status": "complete; time limit or not proven: a better plan may exist, by `gap` at most",
        "gap": "share of the best value that the plan may miss",
        "seed": "as given",
        "scenarios": "draws that the plan was chosen by",
        "as_of": "moment of the forecasts",
        "model_version": "the model that made them",
        "trained_on": "real or simulated data, or published figures",
        "counts": "read = candidates + rejected",
        "roster": "whom to sign, those that add most first",
        "total": "what the roster brings",
        "left_out": "candidates that are not in the roster, with the reason",
        "rejected": "partnerships that could not be used, with the reasons",
        "binding": "rules without which the plan would bring more",
        "next_1000": "what more money would bring; null where there was no time to tell",
        "frontier": "the best plans of other budgets, ascending",
        "close_plans": "other rosters, compared on the same draws",
        "shared_shock": "what posts of different creators have in common",
        "warnings": "what to beware of",
        "sentence": "the plan in words",
        "settings": "what the plan can be made with again",
    },
}
_models: dict[str, type[BaseModel]] = {}


def _model(shape: Any) -> type[BaseModel]:
    """Return a TypedDict as a type of pydantic, its fields described."""
    name = shape.__name__
    if name not in _models:
        fields: dict[str, Any] = {
            field: (_type(hint), Field(description=_MEANINGS[name][field]))
            for field, hint in get_type_hints(shape).items()
        }
        title = name if name.startswith("Plan") else f"Plan{name}"
        # what follows the first clause is about fields, which are described one by one
        doc = re.split(r"[:;.]", " ".join((shape.__doc__ or "").split()))[0] + "."
        _models[name] = create_model(title, __doc__=doc, **fields)
    return _models[name]


def _type(hint: Any) -> Any:
    """Return a type with the TypedDicts in it as types of pydantic."""
    if is_typeddict(hint):
        return _model(hint)
    if get_origin(hint) is list:
        return list[_type(get_args(hint)[0])]  # type: ignore[misc]
    if type(None) in get_args(hint):
        inner = [_type(one) for one in get_args(hint) if one is not type(None)]
        return inner[0] | None
    return hint


PlanAnswer: type[BaseModel] = create_model(
    "Plan",
    __base__=_model(answer.Plan),
    __doc__=_model(answer.Plan).__doc__,
    report=(str | None, Field(None, description="the page that `report` asks for, one HTML file")),
    ledger=(str | None, Field(None, description=LEDGER_MEANING)),
)
