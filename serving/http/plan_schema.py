"""What POST /v1/plan takes: partnerships as POST /v1/predict does, with the terms that a plan adds,
and what the plan is to be; and the same as types for the OpenAPI document.
"""

from typing import Any, Literal

from pydantic import BaseModel, Field, create_model

from features.tables.schema import Column
from serving.http.json_columns import ANY
from serving.http.request_schema import (
    CAMPAIGN_FIELD,
    KEEP_FIELD,
    MAX_PARTNERSHIPS,
    PARTNERSHIPS_MEANING,
    STRICT,
    Envelope,
    Partnership,
    schema_fields,
)
from serving.plan.fees import PART_NAMES
from serving.plan.rules_file import RULE_NAMES
from serving.plan.settings import LARGEST_BUDGET, LARGEST_GOAL, MOST_SCENARIOS, OBJECTIVES

#: Seconds that a plan may be searched for; as many again go to what is told of it.
DEFAULT_SECONDS, MOST_SECONDS = 5.0, 30.0
_PART = "{} as a share of the fee or as an amount, added to the fee: '20 %', 0.2 or '150 EUR'"
#: What a partnership has beside those of POST /v1/predict.
PLAN_COLUMNS = (
    Column(
        "max_deliverables",
        "count",
        "how often a fee for one deliverable may be bought; that of the request where missing",
        minimum=1,
        maximum=100,
    ),
    *(Column(name, ANY, _PART.format(name.replace("_", " "))) for name in PART_NAMES),
)
_EXPECTED_RULES = f"an object of {', '.join(RULE_NAMES)}"
_FIELDS: dict[str, Any] = {
    "as_of": (Envelope.model_fields["as_of"].annotation, Envelope.model_fields["as_of"]),
    "budget": (float, Field(ge=0.01, le=LARGEST_BUDGET, description="what may be spent")),
    "currency": (
        str,
        Field("USD", description="of budget, rules and answer, ISO 4217; its rate must be known"),
    ),
    "maximise": (
        Literal["engagements", "views"],
        Field("engagements", description="what to get most of"),
    ),
    "by": (
        Literal[tuple(OBJECTIVES)],
        Field(
            "mean",
            description="mean: most expected; cvar: most expected in the worst `level` of cases; "
            "quantile: most that is reached in all but `level` of cases; goal: the best chance to "
            "reach `goal`",
        ),
    ),
    "level": (
        float | None,
        Field(None, ge=0.001, le=1, description="share of bad cases; 0.1 where missing"),
    ),
    "goal": (
        float | None,
        Field(None, ge=1, le=LARGEST_GOAL, description="total to reach; gives probability_goal"),
    ),
    "rules": (
        dict[str, Any] | None,
        Field(None, description=f"what else must hold, as in docs/plan.md: {_EXPECTED_RULES}"),
    ),
    "market_fee": (
        Literal["low", "typical", "high"],
        Field("high", description="what is planned with where no fee is given"),
    ),
    "max_deliverables": (
        int,
        Field(3, ge=1, le=100, description="how often a fee for one deliverable may be bought"),
    ),
    "scenarios": (
        int,
        Field(500, ge=50, le=MOST_SCENARIOS, description="draws that a plan is chosen by"),
    ),
    "seed": (int, Field(1, ge=0, le=2**31, description="of the draws: same seed, same plan")),
    "time_limit": (
        float,
        Field(
            DEFAULT_SECONDS,
            ge=0.1,
            le=MOST_SECONDS,
            description="seconds to search, and as many again for what is told of the plan",
        ),
    ),
    "report": (
        Literal["with_fees", "without_fees"] | None,
        Field(None, description="a page for the client in the answer, as HTML (docs/report.md)"),
    ),
    "campaign": CAMPAIGN_FIELD,
    "keep": KEEP_FIELD,
    "partnerships": (list[Any], Envelope.model_fields["partnerships"]),
}
#: What surrounds the partnerships; those stay as JSON gives them.
PlanEnvelope: type[BaseModel] = create_model("PlanEnvelope", __config__=STRICT, **_FIELDS)

_PART_FIELDS = schema_fields(column for column in PLAN_COLUMNS if column.kind == ANY)
PlanPartnership: type[BaseModel] = create_model(
    "PlanPartnership",
    __base__=Partnership,
    __doc__="A partnership that may be signed. Its fee is planned at the market fee where missing.",
    **{
        **schema_fields(PLAN_COLUMNS),
        **{name: (str | float | None, field) for name, (_, field) in _PART_FIELDS.items()},
    },
)
PlanQuestion: type[BaseModel] = create_model(
    "PlanQuestion",
    __base__=PlanEnvelope,
    __doc__="A budget, and the partnerships that it may be spent on.",
    partnerships=(  # the type is made by create_model
        list[PlanPartnership],  # type: ignore[valid-type]
        Field(min_length=1, max_length=MAX_PARTNERSHIPS, description=PARTNERSHIPS_MEANING),
    ),
)
#: What the fields accept that a plan adds to a request.
EXPECTED_PLAN_VALUES = {
    "budget": f"an amount from 0.01 to {LARGEST_BUDGET:,.0f}",
    "currency": "a currency code such as EUR",
    "maximise": "engagements or views",
    "by": f"one of {', '.join(OBJECTIVES)}",
    "level": "a number from 0.001 to 1",
    "goal": f"a number from 1 to {LARGEST_GOAL:,.0f}",
    "rules": _EXPECTED_RULES,
    "market_fee": "one of low, typical, high",
    "max_deliverables": "a whole number from 1 to 100",
    "scenarios": f"a whole number from 50 to {MOST_SCENARIOS:,}",
    "seed": f"a whole number from 0 to {2**31:,}",
    "time_limit": f"seconds from 0.1 to {MOST_SECONDS:.0f}",
    "report": "with_fees or without_fees",
}
