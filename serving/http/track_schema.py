"""What POST /v1/track takes: the fields of a partnership with deliverables that are online, of
those, and of their readings; and the same as types for the OpenAPI document.
"""

from dataclasses import replace
from typing import Any

from pydantic import BaseModel, Field, create_model

from features.tables.schema import (
    AVERAGE_COLUMNS,
    CONTENT_COLUMNS,
    POSTS,
    PROFILE_COLUMNS,
    PROSPECTS,
    PUBLISHED_POSTS,
    Column,
)
from serving.http.json_columns import LIST, OBJECT
from serving.http.request_schema import (
    CAMPAIGN_FIELD,
    KEEP_FIELD,
    MAX_PARTNERSHIPS,
    PARTNERSHIPS_MEANING,
    STRICT,
    Envelope,
    Time,
    schema_fields,
)

#: Posts of one partnership, and readings of one post.
MAX_PUBLISHED, MAX_READINGS = 100, 500
PUBLISHED = Column("published", LIST, "the deliverables that are online, with their readings")
READINGS = Column("readings", LIST, "counts of the post as they were read, in any order")
FORECAST = Column(
    "forecast",
    OBJECT,
    "the forecast made before, of the engagements of one deliverable at the horizon; where it is "
    "missing the model makes one as of the day of the first post",
)
#: What the model makes the forecast of before by: no price, and nothing that has no effect.
PROSPECT_FIELDS = (
    *(PROSPECTS[name] for name in ("partnership_id", "creator_id", "platform")),
    *PROFILE_COLUMNS,
    *AVERAGE_COLUMNS,
    *(PROSPECTS[name] for name in ("brand_niche", "format", "start_at")),
    *CONTENT_COLUMNS,
)
TERM_FIELDS = tuple(
    PUBLISHED_POSTS[name]
    for name in (
        *("deliverables", "fee_usd", "goal_engagements"),
        *("horizon_days", "make_good_engagements"),
    )
)
PLAIN_FIELDS = (*PROSPECT_FIELDS, *TERM_FIELDS)
TRACK_FIELDS = (*PLAIN_FIELDS, FORECAST, PUBLISHED)
FORECAST_FIELDS = tuple(
    replace(
        PUBLISHED_POSTS[f"forecast_{name}"],
        name=name,
        meaning=f"{share} % quantile",
    )
    for name, share in (("p10", 10), ("p50", 50), ("p90", 90))
)
_POST_COLUMNS = (
    replace(
        POSTS["post_id"], required=False, meaning="identifier of the post; numbered if missing"
    ),
    POSTS["format"],
    replace(POSTS["posted_at"], required=True),
)
POST_FIELDS = (*_POST_COLUMNS, READINGS)
READING_FIELDS = (
    replace(POSTS["observed_at"], required=True, meaning="moment of the reading, UTC"),
    *(POSTS[name] for name in ("likes", "comments", "shares", "saves", "views", "likes_hidden")),
)

Reading: type[BaseModel] = create_model(
    "Reading",
    __config__=STRICT,
    __doc__="The counts of a post at a moment; what is not given is unknown.",
    **schema_fields(READING_FIELDS),
)
PublishedPost: type[BaseModel] = create_model(
    "PublishedPost",
    __config__=STRICT,
    __doc__="A deliverable that is online.",
    **schema_fields(_POST_COLUMNS),
    readings=(  # type: ignore[arg-type]  # the type is made by create_model
        list[Reading],  # type: ignore[valid-type]
        Field(min_length=1, max_length=MAX_READINGS, description=READINGS.meaning),
    ),
)
ForecastOfBefore: type[BaseModel] = create_model(
    "ForecastOfBefore",
    __config__=STRICT,
    __doc__="Three quantiles of the engagements of one deliverable at the horizon.",
    **schema_fields(replace(field, required=True) for field in FORECAST_FIELDS),
)
TrackedPartnership: type[BaseModel] = create_model(
    "TrackedPartnership",
    __config__=STRICT,
    __doc__=(
        "A partnership with deliverables that are online. Creator, profile and averages are what "
        "the forecast of before is made by, where none is given; the platform may be left out "
        "for a creator that the service knows."
    ),
    **schema_fields(PLAIN_FIELDS),
    forecast=(  # type: ignore[arg-type]
        ForecastOfBefore | None,
        Field(None, description=FORECAST.meaning),
    ),
    published=(  # type: ignore[arg-type]
        list[PublishedPost],  # type: ignore[valid-type]
        Field(min_length=1, max_length=MAX_PUBLISHED, description=PUBLISHED.meaning),
    ),
)
_AS_OF: Any = (
    Time,
    Field(None, description="readings after this moment are not used; the present where missing"),
)
#: What surrounds the partnerships; those stay as JSON gives them.
TrackEnvelope: type[BaseModel] = create_model(
    "TrackEnvelope",
    __config__=STRICT,
    as_of=_AS_OF,
    campaign=CAMPAIGN_FIELD,
    keep=KEEP_FIELD,
    partnerships=(list[Any], Envelope.model_fields["partnerships"]),
)
TrackQuestion: type[BaseModel] = create_model(
    "TrackQuestion",
    __config__=STRICT,
    __doc__="Partnerships with deliverables that are online, each answered at its place.",
    as_of=_AS_OF,
    campaign=CAMPAIGN_FIELD,
    keep=KEEP_FIELD,
    partnerships=(  # the type is made by create_model
        list[TrackedPartnership],  # type: ignore[valid-type]
        Field(min_length=1, max_length=MAX_PARTNERSHIPS, description=PARTNERSHIPS_MEANING),
    ),
)
