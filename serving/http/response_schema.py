"""The types of an answer, for the OpenAPI document: a result a partnership, with its parts."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from serving.http.errors import CODES
from serving.scoring.column_meanings import column_meaning
from serving.scoring.verdict import CUT_OFFS

LEDGER_MEANING = (
    "kept, or not kept and why: whether the forecasts are in the ledger; only where the service "
    "has one, or where a campaign was named"
)
_IN_FEE_CURRENCY = "in the currency of the fee; null where none was given"


def _listed(meanings: dict[str, str]) -> str:
    return "; ".join(f"{name}, {meaning}" for name, meaning in meanings.items())


def _column(name: str) -> Any:
    """Return the field of a column of answers, with its meaning."""
    return Field(None, description=column_meaning(name))


class Quantiles(BaseModel):
    """A distribution of a total over the deliverables: quantiles and mean, and those quantiles that
    the request asks for.
    """

    model_config = ConfigDict(extra="allow")
    p05: float = Field(description="5 of 100 outcomes lie below it")
    p10: float = Field(description="10 of 100 outcomes lie below it")
    p25: float = Field(description="25 of 100 outcomes lie below it")
    p50: float = Field(description="the middle: half of the outcomes lie below it")
    p75: float = Field(description="75 of 100 outcomes lie below it")
    p90: float = Field(description="90 of 100 outcomes lie below it")
    p95: float = Field(description="95 of 100 outcomes lie below it")
    mean: float | None = Field(
        description="expected total, its upper tail held where the posts behind the intervals end; "
        "null if not finite"
    )


class Cost(BaseModel):
    """Quantiles of a cost, or of a value; null where one has no finite value, see cost_note."""

    p10: float | None = Field(description="10 of 100 outcomes lie below it")
    p50: float | None = Field(description="the middle: half of the outcomes lie below it")
    p90: float | None = Field(description="90 of 100 outcomes lie below it")


class Benchmark(BaseModel):
    """What creators like this one get and cost, at the horizon of the row; null where that is not
    known.
    """

    cell: str | None = Field(
        description="the creators compared with: the finest cell with enough of them"
    )
    creators: float | None = Field(
        description="how many they are; null where nobody counted them, as for published figures"
    )
    engagements_p50: float | None = Field(
        description="what they usually get, of as many deliverables"
    )
    engagement_rate_by_followers_p50: float | None = Field(
        description="their usual engagements per follower and deliverable, as a fraction"
    )
    cpe_usd: float | None = Field(description="what they usually cost per engagement, in USD")
    cpe: float | None = Field(description=f"the same {_IN_FEE_CURRENCY}")
    cpe_source: str | None = Field(
        description="own_deals, or rate_card: a card's fee over what they usually get"
    )
    cpe_cell: str | None = Field(description="the creators whose cost that is")
    cpe_creators: float | None = Field(
        description="how many they are; null for costs by a rate card"
    )


class Offer(BaseModel):
    """Fees to open and to walk away at; null where no fee is low enough."""

    open: float | None = Field(
        description="fee to begin a negotiation with: it pays with half of the remaining doubt, "
        "and is at most the low market fee"
    )
    walk_away: float | None = Field(
        description="fee above which to end a negotiation: the break-even fee"
    )


class MarketFees(BaseModel):
    """Usual cost of such a deal: quantiles of own deals, else the figures of the rate card."""

    low: float | None = Field(
        description="one of ten such deals costs less; of a card: its low figure"
    )
    typical: float | None = Field(
        description="half of such deals cost less; of a card: its typical one"
    )
    high: float | None = Field(
        description="nine of ten such deals cost less; of a card: its high one"
    )


class Factor(BaseModel):
    """One reason, and what it multiplies the forecast of a post by."""

    reason: str = Field(description="in words")
    factor: float = Field(
        description="above 1 the reason raises the forecast, below 1 it lowers it"
    )


class Reasons(BaseModel):
    """What accounts of the platform, size and niche get for a post, and factors from there."""

    per_post: float = Field(description="engagements of a post of a usual account like this one")
    factors: list[Factor] = Field(
        description="the strongest first; (per_post + 1) times all of them is the middle of the "
        "forecast of a post + 1"
    )


class Comparable(BaseModel):
    """A known creator near in size and niche, and its results by the day of the forecast."""

    creator_id: str = Field(description="as the service knows it")
    followers: float | None = Field(description="on the day of the forecast; null if not known")
    niche: str | None = Field(description="what it is about; null if not known")
    posts: float = Field(
        description="its last posts that the medians are of, at the model's own horizon"
    )
    engagements_p50: float | None = Field(description="their median engagements")
    views_p50: float | None = Field(description="their median views; null if not known")
    deals: float = Field(description="its partnerships with a known outcome")
    cpe_usd: float | None = Field(description="their median cost per engagement")
    similarity: float = Field(description="of size and niche: 1 where both are the same")


class FaultMessage(BaseModel):
    """One broken rule: code, place in the request, what is wrong, what was expected, value."""

    code: Literal[tuple(CODES)] = Field(  # type: ignore[valid-type]  # a list made of a table
        description="what is wrong, for programs: " + _listed(CODES)
    )
    where: str = Field(
        description="down to the field, as partnerships[3].recent_posts[7].likes; or service"
    )
    what: str = Field(description="what is wrong, for people: its words may change")
    expected: str | None = Field(
        description="what is right, or the nearest known field; null where that is plain"
    )
    got: str | float | bool | None = Field(
        description="the value that was sent, shortened; null where there was none"
    )


class Result(BaseModel):
    """The forecast of one partnership, or its errors."""

    model_config = ConfigDict(extra="allow")
    partnership_id: str = Field(description=column_meaning("partnership_id"))
    errors: list[FaultMessage] | None = Field(
        None, description="why there is no forecast; then nothing else is given"
    )
    creator_id: str | None = _column("creator_id")
    platform: str | None = _column("platform")
    band: str | None = _column("band")
    niche: str | None = _column("niche")
    evidence: str | None = Field(None, description="what it rests on: history, summary or profile")
    as_of: datetime | None = _column("as_of")
    start_at: datetime | None = _column("start_at")
    package: str | None = Field(
        None,
        description="the formats booked, as 1 short + 3 story; null for a row of one format",
    )
    deliverables: float | None = Field(
        None, description="all that are booked, also those without public counts (stories)"
    )
    engagements: Quantiles | None = Field(None, description="total over all deliverables")
    views: Quantiles | None = Field(
        None, description="total over all deliverables; null where the platform does not show them"
    )
    engagement_rate_by_followers_p50: float | None = _column("engagement_rate_by_followers_p50")
    engagement_rate_by_views_p50: float | None = _column("engagement_rate_by_views_p50")
    goal_engagements: float | None = _column("goal_engagements")
    probability_goal: float | None = Field(None, description="that the engagements reach the goal")
    fee_usd: float | None = _column("fee_usd")
    fee: float | None = Field(
        None, description="as given in currency; null where it was given in USD alone"
    )
    currency: str | None = _column("currency")
    usd_per_unit: float | None = Field(
        None, description="USD that a unit of currency is taken to be worth"
    )
    completion_rate: float | None = Field(
        None, description="as given; without it costs suppose that all is delivered"
    )
    cpe_usd: Cost | None = Field(None, description="per engagement; null without a fee")
    cpm_usd: Cost | None = Field(None, description="per 1,000 views; null without a fee or views")
    cost_per_view_usd: Cost | None = Field(
        None, description="per view; null without a fee or views"
    )
    cpe: Cost | None = Field(None, description=f"cpe_usd {_IN_FEE_CURRENCY}")
    cpm: Cost | None = Field(None, description=f"cpm_usd {_IN_FEE_CURRENCY}")
    cost_note: str | None = Field(None, description="which cost has no finite value, and why")
    target_cpe_usd: float | None = _column("target_cpe_usd")
    probability_target: float | None = Field(
        None, description="that the cost per engagement stays within the target"
    )
    benchmark: Benchmark | None = Field(
        None, description="what it is compared with; null where the model has no benchmarks"
    )
    probability_benchmark: float | None = Field(
        None, description="that it is at most the benchmark's"
    )
    cpe_index: float | None = Field(
        None, description="cpe_usd.p50 over the benchmark's, 100 where they are the same"
    )
    cheaper_than_share: float | None = Field(
        None, description="of the benchmark's creators, those that cost more"
    )
    confidence: float | None = _column("confidence")
    break_even_fee_usd: float | None = Field(
        None, description="highest fee that beats it with this confidence"
    )
    break_even_fee: float | None = Field(None, description=f"the same {_IN_FEE_CURRENCY}")
    break_even_against: str | None = Field(None, description="benchmark or target")
    offer_usd: Offer | None = Field(
        None, description="fees to negotiate between, in USD; null without a break-even fee"
    )
    offer: Offer | None = Field(None, description=f"the same {_IN_FEE_CURRENCY}")
    market_fee_usd: MarketFees | None = Field(
        None, description="what such a deal usually costs, in USD; null where nothing tells it"
    )
    market_fee: MarketFees | None = Field(None, description=f"the same {_IN_FEE_CURRENCY}")
    market_fee_source: str | None = Field(None, description="own_deals or rate_card")
    verdict: str | None = Field(
        None, description=f"one of {', '.join(CUT_OFFS)}; null without a fee or benchmark"
    )
    sentence: str | None = Field(None, description="the forecast and the verdict in words")
    emv_usd: Cost | None = Field(
        None, description="earned media value at the values given; null without one"
    )
    emv_source: str | None = _column("emv_source")
    reasons: Reasons | None = Field(None, description="where explain asks")
    comparables: list[Comparable] | None = Field(
        None, description="where comparables asks, most similar first"
    )
    definition: str | None = Field(None, description="what counts as engagement")
    horizon_days: int | None = Field(
        None, description="days after posting at which the counts of this row are forecast"
    )
    maturation_source: str | None = Field(
        None,
        description="how engagements of the platform are brought from their age at reading to the "
        "horizon: fitted, by a curve fitted to repeated readings; published, by one of published "
        "figures; none, they stay as read",
    )
    warnings: list[str] | None = Field(
        None,
        description="what the forecast suffers from, by name, "
        "and <column>_not_used for given values without effect",
    )


class Answer(BaseModel):
    """The answer to a Question: one result a partnership, in the order asked."""

    model_version: str = Field(description="the model that answered")
    trained_on: str = Field(description="real or simulated data, or published figures")
    ledger: str | None = Field(None, description=LEDGER_MEANING)
    results: list[Result] = Field(description="one for each partnership, at its place")
