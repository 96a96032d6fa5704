"""The types of the answers about campaigns of the ledger, for the OpenAPI document."""

from datetime import datetime

from pydantic import BaseModel, Field

from serving.review.words import PLACES, STATUS_WORDS

_WAITING = (
    "forecasts that are kept and on their way into the ledger, of any campaign: those are not "
    "counted here yet"
)
_STATUSES = ", ".join(f"{name.replace(' ', '_')} ({text})" for name, text in STATUS_WORDS.items())
_PLACES = " or ".join(PLACES)


class OutcomeCounts(BaseModel):
    """Partnerships by how far their outcome is; their sum is all partnerships."""

    matured: int = Field(description="with an outcome")
    young: int = Field(description="read, but earlier than 7 days after posting")
    partial: int = Field(description="some deliverables have no reading yet")
    waiting: int = Field(description="no reading yet")
    not_scored: int = Field(description="cannot be compared; the partnership has the reason")


class CampaignEntry(BaseModel):
    """A campaign of the ledger."""

    name: str = Field(description="as requests and commands named it")
    forecasts: int = Field(description="that were made for it")
    after: int = Field(description="of them those of posts that were online, which are not judged")
    partnerships: int = Field(description="each counted once, however often it was forecast")
    first_forecast_at: datetime = Field(description="when the first forecast was made, UTC")
    last_forecast_at: datetime = Field(description="when the last forecast was made, UTC")
    outcomes: OutcomeCounts = Field(description="its partnerships by how far they are")


class Campaigns(BaseModel):
    """The campaigns of the ledger, the one with the newest forecast first."""

    waiting: int = Field(description=_WAITING)
    campaigns: list[CampaignEntry] = Field(description="newest forecast first")


class PlaceCounts(BaseModel):
    """Outcomes by where they lie."""

    above: int = Field(description="above the range")
    within: int = Field(description="in the range")
    below: int = Field(description="below the range")


class ReviewedOutcome(BaseModel):
    """What came, and where it lies in the forecast."""

    engagements: float = Field(description="at the horizon of the forecast, whole")
    place: str = Field(description=_PLACES)
    place_text: str = Field(description="the same in words")
    mark: str = Field(description="a sign of the place that is told apart without colour")
    probability_below: float = Field(description="that the forecast gave to as many or fewer")
    unusual: str = Field(description="how unusual it is, in words; blank inside of the range")


class ReviewedRange(BaseModel):
    """The range of a forecast of engagements, at its horizon."""

    p10: float = Field(description="in 1 of 10 cases fewer")
    p50: float = Field(description="the middle")
    p90: float = Field(description="in 1 of 10 cases more")


class ReviewedPartnership(BaseModel):
    """A partnership of a campaign: what was forecast, and what came."""

    name: str = Field(description="the creator as the list named it, else what names it")
    partnership_id: str | None = Field(description="as given")
    platform: str = Field(description="where it is")
    booked: str = Field(description="what was booked, in words; blank where it is not known")
    forecast_made_at: datetime = Field(
        description="of the last forecast before its first post, UTC"
    )
    model_version: str = Field(description="of the model that made it")
    horizon_days: float = Field(description="days after posting that were forecast")
    forecast: ReviewedRange = Field(description="of the engagements of all deliverables")
    status: str = Field(description=f"how far its outcome is: {_STATUSES}")
    status_text: str = Field(description="the same in words")
    reason: str = Field(description="why it has no outcome; blank where it has one")
    note: str = Field(description="what else to know of the outcome; blank where nothing")
    outcome: ReviewedOutcome | None = Field(description="null unless its status is matured")
    as_read: float | None = Field(description="engagements as they were read, where they were")
    read_age_days: float | None = Field(description="age of its posts when they were read")
    average_of_last_12: float | None = Field(
        description="deliverables times the average of the last 12 posts, the rule of thumb"
    )
    fee: float | None = Field(description="in the currency of the review, to the cent")
    cpe: float | None = Field(
        description="fee over engagements; null where one is unknown or none came"
    )
    cpe_text: str = Field(description="the same in words; blank where it is unknown")
    yardstick_cpe: float | None = Field(description="the cost that the verdict was about")
    yardstick: str = Field(description="what that is: the target that was asked with, or benchmark")
    verdict: str | None = Field(description="of the forecast, as in its answer")
    verdict_text: str = Field(description="the same in words; blank where there was none")
    was_right: bool | None = Field(description="whether what came bears the verdict out")
    was_right_text: str = Field(description="the same in words; blank where it is unknown")
    sentence: str = Field(description="what came and what it cost, in words")


class ReviewedTotal(BaseModel):
    """All partnerships with an outcome together."""

    forecast: ReviewedRange = Field(
        description="of the sum; creators of a platform and niche do well or badly together"
    )
    outcome: ReviewedOutcome = Field(description="the sum of what came")


class ReviewedMoney(BaseModel):
    """What the money bought, in the currency of the review."""

    paid: int = Field(description="partnerships with an outcome and a fee")
    fees: float = Field(description="their fees together")
    engagements: float = Field(description="what came of them")
    cpe_text: str = Field(description="the cost per engagement, in words")
    compared: int = Field(description="of them those whose cost can be compared")
    compared_fees: float = Field(description="the fees of those")
    at_yardstick: float = Field(
        description="what the engagements of those would have cost at the target or benchmark"
    )


class CampaignReview(BaseModel):
    """What was forecast of the partnerships of a campaign, and what came."""

    waiting: int = Field(description=_WAITING)
    campaign: str = Field(description="its name")
    outcomes: OutcomeCounts = Field(description="its partnerships by how far they are")
    after: int = Field(description="forecasts of posts that were online, which are no part of it")
    places: PlaceCounts = Field(description="outcomes by where they lie")
    currency: str = Field(description="of all amounts: that of the fees, USD if they have several")
    total: ReviewedTotal | None = Field(description="null with fewer than two outcomes")
    money: ReviewedMoney | None = Field(description="null where no outcome has a fee")
    sentences: list[str] = Field(description="what is told of the whole campaign")
    how_to_read: list[str] = Field(description="what ranges and outcomes mean")
    partnerships: list[ReviewedPartnership] = Field(
        description="those with an outcome first, then the others, each by the size of the fee"
    )
    not_listed: int = Field(description="further partnerships, which the command's table has")
