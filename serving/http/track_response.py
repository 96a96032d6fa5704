"""The types of an answer of POST /v1/track, for the OpenAPI document."""

from datetime import datetime

from pydantic import BaseModel, Field

from serving.http.response_schema import LEDGER_MEANING, Cost, FaultMessage


class TrackQuantiles(BaseModel):
    """Quantiles of a count at the horizon."""

    p10: float = Field(description="10 % of the forecast's outcomes lie below it")
    p25: float = Field(description="25 % lie below it")
    p50: float = Field(description="the median")
    p75: float = Field(description="75 % lie below it")
    p90: float = Field(description="90 % lie below it")


class MaturationSource(BaseModel):
    """The curve by which the count grows."""

    basis: str = Field(description="fitted, to repeated readings, or published")
    posts: int = Field(description="posts that it was fitted to, 0 for a published one")
    source: str = Field(description="the published figures, also those that a fit was pulled to")


class UsableReading(BaseModel):
    """A reading of a post."""

    age_days: float = Field(description="age of the post, in days")
    count: float = Field(description="what it had then")


class TrackedMeasure(BaseModel):
    """One measure of a post."""

    count: float = Field(description="as it was read last")
    age_days: float = Field(description="age of the post at that reading, in days")
    horizon: TrackQuantiles = Field(description="the count at the horizon")
    share_reached: float | None = Field(
        description="count over the median at the horizon; null where that is 0"
    )
    day_90: float | None = Field(
        description="days after posting by which 90 % of the median are there; null where the "
        "count is 0 and there is no forecast"
    )
    pace: float | None = Field(
        description="share of the forecast made before, at this age, that lies below the count; "
        "null without a forecast"
    )
    forecast: TrackQuantiles | None = Field(description="the forecast made before")
    maturation_source: MaturationSource = Field(description="what the curve of growth rests on")
    readings: list[UsableReading] = Field(description="those that tell it, the earliest first")


class TrackedPostResult(BaseModel):
    """A deliverable that is online."""

    post_id: str = Field(description="as given, else numbered")
    format: str | None = Field(description="as given")
    posted_at: datetime = Field(description="as given, UTC")
    is_over: bool = Field(description="read at the horizon or later: its count is its outcome")
    engagements: TrackedMeasure | None = Field(description="null where they are not known")
    views: TrackedMeasure | None = Field(description="null where they are not known")
    sentence: str = Field(description="the answer in words")
    warnings: list[str] = Field(description="what was not used, and what to beware of")
    fault: str | None = Field(
        description="why its readings could not be used; it then counts by the forecast"
    )


class TrackedTotal(BaseModel):
    """One measure of all deliverables together."""

    count: float | None = Field(description="at present, of the posts that were read")
    horizon: TrackQuantiles | None = Field(description="null with the reason")
    share_reached: float | None = Field(description="count over the median at the horizon")
    mean: float | None = Field(description="expected total at the horizon")
    forecast: TrackQuantiles | None = Field(
        description="the forecast made before, of the deliverables that were booked"
    )
    reason: str | None = Field(description="why there is no total")


class TrackResult(BaseModel):
    """The answer for one partnership, or its errors."""

    partnership_id: str = Field(description="as given, else numbered")
    errors: list[FaultMessage] | None = Field(
        None, description="why there is no answer; then nothing else is given"
    )
    creator_id: str | None = Field(None, description="as given")
    platform: str | None = Field(None, description="as given, or of the known creator")
    horizon_days: float | None = Field(
        None, description="days after posting at which counts are forecast"
    )
    deliverables: int | None = Field(None, description="booked, or online where more are")
    booked: int | None = Field(None, description="as given; null where it was not said")
    published: int | None = Field(None, description="those online")
    read: int | None = Field(
        None,
        description="those online whose engagements were read; where they were read of none, those "
        "whose views were",
    )
    posts: list[TrackedPostResult] | None = Field(None, description="those online, as given")
    engagements: TrackedTotal | None = Field(None, description="of all deliverables")
    views: TrackedTotal | None = Field(None, description="of all deliverables")
    definition: str | None = Field(None, description="what counts as engagement")
    forecast_source: str | None = Field(None, description="given or model; null with the reason")
    forecast_evidence: str | None = Field(
        None, description="what the model's forecast rests on: history, summary or profile"
    )
    forecast_reason: str | None = Field(None, description="why no forecast was made before")
    goal_engagements: float | None = Field(None, description="as given")
    probability_goal: float | None = Field(None, description="that the total reaches the goal")
    make_good_engagements: float | None = Field(
        None,
        description="the make-good line, the engagements below which the creator owes another "
        "post: as given, else half of the forecast's median of the deliverables that were booked",
    )
    make_good_source: str | None = Field(None, description="given or forecast")
    probability_make_good: float | None = Field(
        None, description="that the total stays below the make-good line"
    )
    make_good_reason: str | None = Field(None, description="why there is no such probability")
    fee_usd: float | None = Field(None, description="as given")
    cpe_usd: Cost | None = Field(None, description="the fee over the total; null without a fee")
    sentence: str | None = Field(None, description="the answer in words")
    warnings: list[str] | None = Field(None, description="what was not used, and what to beware of")


class TrackAnswer(BaseModel):
    """The answer to a TrackQuestion: one result a partnership, in the order asked."""

    as_of: datetime = Field(description="the moment up to which readings are used")
    model_version: str = Field(description="the model that made the forecasts")
    trained_on: str = Field(description="real or simulated data, or published figures")
    ledger: str | None = Field(None, description=LEDGER_MEANING)
    results: list[TrackResult] = Field(description="one for each partnership, at its place")
