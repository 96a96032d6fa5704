"""What clients send: the fields of a request from the table specs, its types for the OpenAPI
document, and the reading of what surrounds the partnerships.

Ranges, kinds and closed lists stand in `features.tables.schema` alone. The partnerships themselves
are read by `serving.http.request_reader`.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    ValidationError,
    WithJsonSchema,
    create_model,
)
from pydantic_core import PydanticCustomError

from features.tables.schema import POSTS, PROSPECTS, Column
from features.tables.vocabulary import FORMATS
from ledger.campaign_name import MAX_CAMPAIGN, CampaignNameError, campaign_name
from models.conformal import GRID
from serving.http.errors import (
    ErrorCollector,
    RequestRefused,
    expected_values,
    limit_unknown_fields,
)
from serving.http.json_columns import ANY, LIST, read_time
from serving.http.strict_json import read_strict_json

MAX_PARTNERSHIPS = 1000
PARTNERSHIPS_MEANING = "answered each at its place; a bad one does not sink the others"
MAX_RECENT_POSTS = 500
CAMPAIGN_MEANING = (
    "name under which the ledger keeps the forecasts; they are compared with their outcomes by it; "
    "blanks around it are left out"
)
KEEP_MEANING = (
    "whether the ledger keeps the forecasts; false for a question that only tries something out"
)

RECENT_POSTS = Column("recent_posts", LIST, "past posts of the creator, newest or oldest first")
#: Read by serving.http.packages: a list or a text.
PACKAGE = replace(PROSPECTS["package"], kind=ANY)
PARTNERSHIP_FIELDS = (
    *(PACKAGE if column.name == PACKAGE.name else column for column in PROSPECTS.columns),
    RECENT_POSTS,
)
#: Platform and creator are those of the partnership, and only the moment of posting must be there.
#: Nobody can have read the counts of a request after it.
_MEANINGS = {"observed_at": "moment of the reading, UTC; that of the request where missing"}
POST_FIELDS = tuple(
    replace(
        column,
        required=column.name == "posted_at",
        meaning=_MEANINGS.get(column.name, column.meaning),
    )
    for column in POSTS.columns
    if column.name not in ("platform", "creator_id")
)

QUANTILES_MEANING = (
    "probabilities of further quantiles of engagements and views, ascending; that of 0.01 is in "
    "the answer as p01, that of 0.025 as p02_5"
)
MAX_QUANTILES = 99
_LEAST_PROBABILITY, _MOST_PROBABILITY = float(GRID[0]), float(GRID[-1])

#: How all types of requests are configured.
STRICT = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)
#: How the schema of a count says that it is a whole number.
_WHOLE = Field(json_schema_extra={"multipleOf": 1})

Time = Annotated[
    datetime | None,
    PlainValidator(read_time),
    WithJsonSchema({"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]}),
]


def _type(column: Column) -> Any:
    if column.kind == "time":
        return Time
    if column.kind == "flag":
        return bool | None
    if column.kind == "text":
        return (Literal[column.allowed] if column.allowed else str) | None
    bounds = Field(ge=column.minimum, le=column.maximum)
    if column.kind == "count":
        return Annotated[float, bounds, _WHOLE] | None
    return Annotated[float, bounds] | None


def schema_fields(columns: Iterable[Column]) -> dict[str, Any]:
    """Return columns as the fields of a type, for create_model."""
    return {
        column.name: (
            _type(column),
            Field(... if column.required else None, description=column.meaning),
        )
        for column in columns
    }


Post: type[BaseModel] = create_model(
    "Post",
    __config__=STRICT,
    __doc__="A past post of the creator, with its counts as they were read.",
    **schema_fields(POST_FIELDS),
)

PackagePart: type[BaseModel] = create_model(
    "PackagePart",
    __config__=STRICT,
    __doc__="A format of a package, with how many of it are booked.",
    format=(  # type: ignore[arg-type]  # the type is made of a table
        Literal[FORMATS],  # type: ignore[valid-type]
        Field(description="format of the posts"),
    ),
    deliverables=(
        Annotated[float, Field(ge=1, le=100), _WHOLE],
        Field(1, description="posts booked of it"),
    ),
)

Partnership: type[BaseModel] = create_model(
    "Partnership",
    __config__=STRICT,
    __doc__=(
        "A partnership to forecast: a creator_id that the service knows; or platform and profile, "
        "with averages or recent_posts where known. Posts of a creator that the service knows "
        "count beside those that it knows."
    ),
    **schema_fields(PROSPECTS.columns)
    | {
        PACKAGE.name: (
            list[PackagePart] | str | None,  # type: ignore[valid-type]
            Field(None, description=PACKAGE.meaning),
        )
    },
    recent_posts=(  # type: ignore[arg-type]  # the type is made by create_model
        list[Post] | None,  # type: ignore[valid-type]
        Field(None, max_length=MAX_RECENT_POSTS, description=RECENT_POSTS.meaning),
    ),
)


def _read_campaign(text: str) -> str:
    try:
        return campaign_name(text)
    except CampaignNameError as error:
        raise PydanticCustomError("bad_name", "{fault}", {"fault": str(error)}) from None


_CampaignName = Annotated[
    str,
    Field(json_schema_extra={"minLength": 1, "maxLength": MAX_CAMPAIGN}),
    AfterValidator(_read_campaign),
]
#: The field of a request that names its campaign, for create_model.
CAMPAIGN_FIELD: Any = (_CampaignName | None, Field(None, description=CAMPAIGN_MEANING))
#: The field of a request that says whether its forecasts are kept, for create_model.
KEEP_FIELD: Any = (bool, Field(True, description=KEEP_MEANING))


def _check_ascending(quantiles: list[float]) -> list[float]:
    if any(first >= second for first, second in pairwise(quantiles)):
        raise PydanticCustomError("not_ascending", "does not ascend")
    return quantiles


_Quantiles = Annotated[
    list[Annotated[float, Field(ge=_LEAST_PROBABILITY, le=_MOST_PROBABILITY)]],
    AfterValidator(_check_ascending),
]

Envelope: type[BaseModel] = create_model(
    "Envelope",
    __config__=STRICT,
    as_of=(
        Time,
        Field(
            None,
            description="moment of the forecast, nothing later is used; the present where missing",
        ),
    ),
    explain=(bool, Field(False, description="give the reasons of each forecast")),
    comparables=(
        bool,
        Field(False, description="give the known creators most like each, with what they got"),
    ),
    quantiles=(
        _Quantiles,
        Field([], max_length=MAX_QUANTILES, description=QUANTILES_MEANING),
    ),
    campaign=CAMPAIGN_FIELD,
    keep=KEEP_FIELD,
    partnerships=(
        list[Any],
        Field(min_length=1, max_length=MAX_PARTNERSHIPS, description=PARTNERSHIPS_MEANING),
    ),
)

_GROUNDS: dict[str, Any] = {
    name: (field.annotation, Field(True, description=field.description))
    for name, field in Envelope.model_fields.items()
    if name in ("explain", "comparables")
}
ExplainEnvelope: type[BaseModel] = create_model("ExplainEnvelope", __base__=Envelope, **_GROUNDS)

Question: type[BaseModel] = create_model(
    "Question",
    __base__=Envelope,
    __doc__="Partnerships to forecast, each answered at its place in the list.",
    partnerships=(  # the type is made by create_model
        list[Partnership],  # type: ignore[valid-type]
        Field(min_length=1, max_length=MAX_PARTNERSHIPS, description=PARTNERSHIPS_MEANING),
    ),
)

ExplainQuestion: type[BaseModel] = create_model(
    "ExplainQuestion",
    __base__=Question,
    __doc__="As Question, with the grounds of each forecast.",
    **_GROUNDS,
)

#: What the fields of an envelope accept.
_EXPECTED = {
    "as_of": expected_values(Column("as_of", "time", "")),
    "explain": "true or false",
    "comparables": "true or false",
    "quantiles": f"probabilities from {_LEAST_PROBABILITY:g} to {_MOST_PROBABILITY:g}, ascending",
    "keep": "true or false",
    "campaign": f"a name of 1 to {MAX_CAMPAIGN} characters that can be seen, in one line",
    "partnerships": f"a list of 1 to {MAX_PARTNERSHIPS:,} partnerships",
}


def read_request(
    body: bytes,
    envelope: type[BaseModel] = Envelope,
    expected: dict[str, str] | None = None,
) -> Any:
    """Read what surrounds the partnerships, which stay as JSON gives them.

    `envelope`: Envelope or a type that adds fields; `expected`: what those accept, in words.
    Raises RequestRefused where the body is no JSON, or no such object.
    """
    document = read_strict_json(body)
    few, uncounted = limit_unknown_fields(document, envelope.model_fields)
    try:
        request = envelope.model_validate(few)
    except ValidationError as error:
        errors = ErrorCollector("")
        errors.add_errors(error, _EXPECTED | (expected or {}), envelope.model_fields)
        errors.count += uncounted
        raise RequestRefused(400, "malformed", *errors.faults()) from None
    return request
