"""What clients send: the types of a request, generated from the table specs, and the reading of one
with every fault.

Ranges, kinds and closed lists stand in `features.tables.schema` alone. A faulty partnership does
not sink the others: its row carries its faults. Only what is no question at all is refused as a
whole.
"""

import contextlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    ValidationError,
    WithJsonSchema,
    create_model,
)
from pydantic_core import PydanticCustomError

from features.tables.schema import EARLIEST, LATEST, NOT_WHOLE, POSTS, PROSPECTS, Column, TableSpec
from serving.http.errors import (
    MAX_FAULTS,
    ErrorCollector,
    ErrorDetail,
    RequestRefused,
    expected_values,
    field_path,
    limit_unknown_fields,
    shorten_value,
)
from serving.http.strict_json import read_strict_json

MAX_PARTNERSHIPS = 1000
MAX_RECENT_POSTS = 500
#: Fields from which on an object is looked at for unknown ones before pydantic sees it.
MOST_FIELDS = 100
#: Places named in one sentence.
MOST_NAMED = 3

ZONE_SLACK = timedelta(days=1)

_CONFIG = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


def read_time(value: object) -> datetime | None:
    """Read an ISO time with a zone as UTC; None stays None. Raises PydanticCustomError with the
    rule that is broken.
    """
    if value is None:
        return None
    try:
        time = datetime.fromisoformat(value.strip())
    except (AttributeError, TypeError, ValueError):
        raise PydanticCustomError("no_date", "is no date that exists") from None
    if time.tzinfo is None:
        raise PydanticCustomError("no_time_zone", "has no time zone: add Z or an offset")
    if not EARLIEST - ZONE_SLACK < time < LATEST + ZONE_SLACK:  # keeps astimezone from running over
        raise PydanticCustomError("time_out_of_range", "lies outside 2004 to 2100")
    time = time.astimezone(UTC)
    if not EARLIEST <= time <= LATEST:
        raise PydanticCustomError("time_out_of_range", "lies outside 2004 to 2100")
    return time


def stripped(value: object) -> object:
    """Take the blanks about a text away; None where nothing is left of it."""
    return (value.strip() or None) if isinstance(value, str) else value


def whole(value: float) -> float:
    """Give a count that is a whole number. Raises PydanticCustomError for another."""
    if not value.is_integer():
        raise PydanticCustomError("not_whole", NOT_WHOLE)
    return value


#: How the schema of a count says that it is a whole number.
WHOLE = Field(json_schema_extra={"multipleOf": 1})

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
        return Annotated[
            (Literal[column.allowed] if column.allowed else str) | None, BeforeValidator(stripped)
        ]
    bounds = Field(ge=column.minimum, le=column.maximum)
    if column.kind == "count":
        return Annotated[float, bounds, AfterValidator(whole), WHOLE] | None
    return Annotated[float, bounds] | None


def _fields(
    spec: TableSpec, without: tuple[str, ...] = (), needed: tuple[str, ...] = ()
) -> dict[str, Any]:
    return {
        c.name: (_type(c), Field(... if c.name in needed else None, description=c.meaning))
        for c in spec.columns
        if c.name not in without
    }


Post: type[BaseModel] = create_model(
    "Post",
    __config__=_CONFIG,
    __doc__="A past post of the creator, with its counts as they were read.",
    **_fields(POSTS, without=("platform", "creator_id"), needed=("posted_at",)),
)

Partnership: type[BaseModel] = create_model(
    "Partnership",
    __config__=_CONFIG,
    __doc__=(
        "A partnership to forecast: a creator_id that the service knows; or platform and profile, with averages or "
        "recent_posts where known. Posts of a creator that the service knows count beside those that it knows."
    ),
    **_fields(PROSPECTS),
    recent_posts=(
        list[Post] | None,
        Field(
            None,
            max_length=MAX_RECENT_POSTS,
            description="past posts of the creator, newest or oldest first",
        ),
    ),
)

Envelope: type[BaseModel] = create_model(
    "Envelope",
    __config__=_CONFIG,
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
    partnerships=(list[Any], Field(min_length=1, max_length=MAX_PARTNERSHIPS)),
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
    partnerships=(list[Partnership], Field(min_length=1, max_length=MAX_PARTNERSHIPS)),
)

ExplainQuestion: type[BaseModel] = create_model(
    "ExplainQuestion",
    __base__=Question,
    __doc__="As Question, with the grounds of each forecast.",
    **_GROUNDS,
)

_WANTED = {
    c.name: expected_values(c)
    for c in (*POSTS.columns, *PROSPECTS.columns, Column("as_of", "time", ""))
} | {
    "explain": "true or false",
    "comparables": "true or false",
    "partnerships": f"a list of 1 to {MAX_PARTNERSHIPS:,} partnerships",
}


@dataclass(frozen=True)
class ParsedPartnership:
    """One partnership as read: `asked` is None where there are faults; `partnership_id` is as
    given, else numbered.
    """

    partnership_id: str
    asked: BaseModel | None
    faults: tuple[ErrorDetail, ...] = ()

    def given_fields(self) -> dict[str, Any]:
        """Give the fields that the row has."""
        given = vars(self.asked)
        return {name: given[name] for name in self.asked.model_fields_set}


def read_request(
    body: bytes, kind: type[BaseModel] = Envelope, wanted: dict[str, str] | None = None
) -> BaseModel:
    """Read what surrounds the partnerships; `kind`: Envelope or one that adds fields, `wanted`:
    what those accept.

    Raises RequestRefused where the body is no question.
    """
    found = ErrorCollector("")
    read = _checked(kind, read_strict_json(body), found, "", _WANTED | (wanted or {}))
    if found.count:
        raise RequestRefused(400, "malformed", *found.faults())
    return read


def read_partnership(
    raw: object, number: int, now: datetime, most: int = MAX_FAULTS
) -> ParsedPartnership:
    """Read the `number`-th partnership, from 0; `now`: what is posted later is a fault; `most`:
    faults worded.
    """
    given = raw.get("partnership_id") if isinstance(raw, dict) else None
    name = given.strip() if isinstance(given, str) else ""
    found = ErrorCollector(f"partnerships[{number}]", most)
    asked = _partnership(raw, found)
    if asked is None:
        return ParsedPartnership(shorten_value(name), None, tuple(found.faults()))
    _check_identity(asked, found)
    _check_times(asked, found, now)
    _check_repeats(asked, found)
    return (
        ParsedPartnership(name, None, tuple(found.faults()))
        if found.count
        else ParsedPartnership(name, asked)
    )


def _partnership(raw: object, found: ErrorCollector) -> BaseModel | None:
    """Read a partnership; where it has faults, find them in it without its posts, and then in each
    of those.
    """
    posts = raw.get("recent_posts") if isinstance(raw, dict) else None
    posts = posts if isinstance(posts, list) else []
    many = any(len(one) > MOST_FIELDS for one in (raw, *posts) if isinstance(one, dict))
    if len(posts) <= MAX_RECENT_POSTS and not many:
        with contextlib.suppress(ValidationError):
            return Partnership.model_validate(raw)
    _checked(Partnership, {**raw, "recent_posts": None} if posts else raw, found, found.where)
    if len(posts) > MAX_RECENT_POSTS:
        where, most = f"{found.where}.recent_posts", f"at most {MAX_RECENT_POSTS:,}"
        found.add(lambda: ErrorDetail("too_many", where, "is too long", most, shorten_value(posts)))
        return None
    for number, post in enumerate(posts):
        _checked(Post, post, found, field_path(found.where, ("recent_posts", number)))
    return None


def _checked(
    kind: type[BaseModel],
    value: object,
    found: ErrorCollector,
    where: str,
    wanted: dict[str, str] = _WANTED,
) -> BaseModel | None:
    """Read an object, or find its faults: few unknown fields are worded, so pydantic sees no more
    of them.
    """
    few, cut = limit_unknown_fields(value, kind.model_fields)
    try:
        return kind.model_validate(few)
    except ValidationError as error:
        found.add_errors(error, where, wanted, kind.model_fields)
        found.count += cut
        return None


def _check_identity(asked: BaseModel, found: ErrorCollector) -> None:
    if asked.platform is not None:
        return
    where = f"{found.where}.platform"
    if asked.recent_posts:
        found.add(
            lambda: ErrorDetail("missing", where, "is missing", "the platform of recent_posts")
        )
    elif asked.creator_id is None:
        wanted = "a creator_id that the service knows, or a platform and the creator's profile"
        found.add(lambda: ErrorDetail("missing", where, "is missing, and so is creator_id", wanted))


def _check_times(asked: BaseModel, found: ErrorCollector, now: datetime) -> None:
    _check_past(asked.created_at, found, now, "created_at")
    for number, post in enumerate(asked.recent_posts or ()):
        place = "recent_posts", number
        _check_past(post.posted_at, found, now, *place, "posted_at")
        _check_past(post.observed_at, found, now, *place, "observed_at")
        if post.posted_at is None:
            found.add(partial(_no_posted_at, field_path(found.where, (*place, "posted_at"))))
        elif post.observed_at is not None and post.observed_at < post.posted_at:
            found.add(
                partial(
                    _read_early, field_path(found.where, (*place, "observed_at")), post.observed_at
                )
            )


def _check_past(
    time: datetime | None, found: ErrorCollector, now: datetime, *steps: str | int
) -> None:
    if time is not None and time > now + ZONE_SLACK:
        rule = f"at most {now:%Y-%m-%dT%H:%M:%SZ}"
        found.add(
            lambda: ErrorDetail(
                "in_future",
                field_path(found.where, steps),
                "lies in the future",
                rule,
                time.isoformat(),
            )
        )


def _no_posted_at(where: str) -> ErrorDetail:
    return ErrorDetail("missing", where, "is missing", _WANTED["posted_at"])


def _read_early(where: str, time: datetime) -> ErrorDetail:
    return ErrorDetail(
        "before_posted_at",
        where,
        "is before posted_at",
        "a time at or after posted_at",
        time.isoformat(),
    )


def _check_repeats(asked: BaseModel, found: ErrorCollector) -> None:
    seen, posted = set(), {}
    for number, post in enumerate(asked.recent_posts or ()):
        if post.post_id is None:
            continue
        key, first = (
            (post.post_id, post.observed_at),
            posted.setdefault(post.post_id, post.posted_at),
        )
        if key in seen:
            found.add(
                partial(
                    _repeated,
                    field_path(found.where, ("recent_posts", number, "post_id")),
                    post.post_id,
                )
            )
        if None not in (first, post.posted_at) and post.posted_at != first:
            at = field_path(found.where, ("recent_posts", number, "posted_at"))
            found.add(partial(_moved, at, post.posted_at, first))
        seen.add(key)


def _repeated(where: str, post_id: str) -> ErrorDetail:
    rule = "each post_id and observed_at once"
    return ErrorDetail(
        "repeated_post", where, "repeats an earlier post", rule, shorten_value(post_id)
    )


def _moved(where: str, time: datetime, first: datetime) -> ErrorDetail:
    what, rule = "differs from an earlier reading of the post", f"{first.isoformat()}, as there"
    return ErrorDetail("two_posted_at", where, what, rule, time.isoformat())


def assign_ids(rows: list[ParsedPartnership]) -> list[ParsedPartnership]:
    """Number the rows without an id, from 1, and fault every row whose id another has: answers
    could not be told apart.

    Faulty rows keep their places and ids.
    """
    names = fill_missing_ids([row.partnership_id for row in rows])
    places: dict[str, list[int]] = {}
    for number, name in enumerate(names):
        places.setdefault(name, []).append(number)
    return [
        _with_id(row, number, name, places[name])
        for number, (row, name) in enumerate(zip(rows, names, strict=True))
    ]


def _with_id(
    row: ParsedPartnership, number: int, name: str, places: list[int]
) -> ParsedPartnership:
    """Name a row, the `number`-th; `places`: of all rows of that name."""
    if len(places) == 1:
        return replace(row, partnership_id=name)
    others = [f"partnerships[{place}]" for place in places[: MOST_NAMED + 1] if place != number][
        :MOST_NAMED
    ]
    rest = len(places) - 1 - len(others)
    what = f"is that of {', '.join(others)}{f' and {rest:,} more' if rest else ''} too"
    repeat = ErrorDetail(
        "repeated_id",
        f"partnerships[{number}].partnership_id",
        what,
        "each id once",
        shorten_value(name),
    )
    return ParsedPartnership(name, None, (*row.faults, repeat))


def fill_missing_ids(names: list[str]) -> list[str]:
    """Give each empty name its number, from 1, or one made of it where that is taken."""
    taken = set(names)
    return [name or _free_name(str(number), taken) for number, name in enumerate(names, 1)]


def _free_name(name: str, taken: set[str]) -> str:
    while name in taken:
        name = f"row-{name}"
    return name
