"""The shape of a plan: one dict, the same as JSON of the command line and of POST /v1/plan, as a
saved plan, and for a report.

Amounts are in the currency of the plan, counts are totals over deliverables, unknown is None.
"""

from typing import Any, Literal, TypedDict

import numpy as np

#: Why a candidate is left out: the code of each reason -> its meaning.
REASONS = {
    "no_fee": "no fee is given, and there is no market fee",
    "gift": "the fee is a word such as gifted, which is no amount",
    "no_views": "views are not forecast for that platform and format",
    "excluded": "excluded by the user",
    "over_max_fee": "the fee is above the most that one creator may cost",
    "over_max_share": "the fee is above the share of the budget that one creator may have",
    "authenticity": "the authenticity is below the least that is asked for",
    "evidence": "the forecast rests on less than is asked for",
    "over_budget": "the fee is above the budget",
    "other_offer": "another offer of the same creator is in the plan",
    "rule": "would be in the plan without one of its rules",
    "does_not_fit": "cheap enough, but no exchange makes the plan better",
    "costs_more": "costs more for what it brings than those in the plan",
}

#: The version of this shape, which saved plans carry.
PLAN_VERSION = 1


class Figures(TypedDict):
    """A forecast: three quantiles and the expectation."""

    p10: float
    p50: float
    p90: float
    mean: float


class FeePartAmount(TypedDict):
    """A part of a fee beside what buys engagement: its name as in fees.PART_NAMES."""

    name: str
    amount: float


class PlannedFee(TypedDict):
    """What a partnership costs: `total` is `for_engagement` and the `parts`.

    `source`: quoted, or own_deals or rate_card for a market fee; `times`: how often the fee of one
    deliverable is in `for_engagement`, 1 where it is the fee as it stands; `each`: that fee,
    without parts; `low`, `typical`, `high`: the market fee of as many deliverables, None where
    there is none.
    """

    total: float
    for_engagement: float
    source: Literal["quoted", "own_deals", "rate_card"]
    times: int
    each: float
    low: float | None
    typical: float | None
    high: float | None
    parts: list[FeePartAmount]


class RosterEntry(TypedDict):
    """A partnership to sign.

    `name`: as the list has it; `cpe`: fee for engagement over the median of engagements;
    `break_even_fee`: to compare with the fee for engagement; `horizon_days`: after posting, at
    which counts are forecast; `completion_rate`: share of the posts that appear; `adds`: the plan's
    value by its objective less that of the same plan without this partnership, its money unspent.
    """

    partnership_id: str
    creator_id: str | None
    name: str
    platform: str
    band: str
    niche: str | None
    evidence: str
    format: str | None
    package: str | None
    deliverables: int
    horizon_days: float
    completion_rate: float
    fee: PlannedFee
    engagements: Figures
    views: Figures | None
    cpe: float | None
    break_even_fee: float | None
    adds: float
    sentence: str
    warnings: list[str]


class PlanTotal(TypedDict):
    """The whole roster, in scenarios drawn jointly; `views` only where all of it has them."""

    creators: int
    deliverables: int
    engagements: Figures
    views: Figures | None
    cpe: float | None
    probability_goal: float | None


class LeftOut(TypedDict):
    """A candidate that is not signed; `reason` is a code of REASONS, `text` a sentence,
    `replaced_by`: partnership_ids of the plan that would leave if it were signed; `evidence`: what
    its forecast rests on.
    """

    partnership_id: str
    creator_id: str | None
    name: str
    reason: str
    text: str
    replaced_by: list[str] | None
    evidence: str


class RejectedCandidate(TypedDict):
    """A row that could not be used: its line or row in a list, from 1 in a request."""

    row: int
    partnership_id: str | None
    reasons: list[str]


class Counts(TypedDict):
    """read = candidates + rejected; candidates = in_plan + left_out. All count rows of the list."""

    read: int
    candidates: int
    rejected: int
    in_plan: int
    left_out: int


class PlanObjective(TypedDict):
    """What was made as large as possible, and its value; `kind`: one of settings.OBJECTIVES, as in
    a request."""

    kind: str
    measure: Literal["engagements", "views"]
    level: float | None
    goal: float | None
    value: float


class BindingRule(TypedDict):
    """A rule without which the plan would be better, in the user's words."""

    name: str
    text: str


class NextMoney(TypedDict):
    """What `amount` more would bring: `adds` to the expected total of the measure, None where the
    search stopped too early to tell.
    """

    amount: float
    adds: float | None
    text: str


class FrontierPoint(TypedDict):
    """The plan of another budget; `is_proven`: whether none is better by more than the gap asked
    for.
    """

    budget: float
    spend: float
    creators: int
    engagements: Figures
    is_proven: bool


class ClosePlan(TypedDict):
    """Another roster; `value`: of the objective; `probability_better`: that the plan brings more
    than it, in joint draws.
    """

    text: str
    roster: list[str]
    spend: float
    mean: float
    value: float
    probability_better: float


class Plan(TypedDict):
    """A plan; `settings` are those that it can be made with again, as JSON.

    `status`: complete where no plan is better by more than the gap asked for; time limit where the
    search was stopped; not proven where it ended without a bound that close.
    """

    plan_version: int
    currency: str
    budget: float
    spend: float
    left: float
    objective: PlanObjective
    status: Literal["complete", "time limit", "not proven"]
    gap: float
    seed: int
    scenarios: int
    as_of: str
    model_version: str
    trained_on: str
    counts: Counts
    roster: list[RosterEntry]
    total: PlanTotal
    left_out: list[LeftOut]
    rejected: list[RejectedCandidate]
    binding: list[BindingRule]
    next_1000: NextMoney | None
    frontier: list[FrontierPoint]
    close_plans: list[ClosePlan]
    shared_shock: dict[str, Any]
    warnings: list[str]
    sentence: str
    settings: dict[str, Any]


def plain_values(value: Any) -> Any:
    """Return a value with its numbers as those of Python, and no number that JSON does not have."""
    if isinstance(value, dict):
        return {name: plain_values(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain_values(inner) for inner in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value
