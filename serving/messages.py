"""What clients send: the types of a request, generated from the table specs, and the reading of one with every fault.

Ranges, kinds and closed lists stand in `features.schema` alone. A faulty partnership does not sink the others: its row
carries its faults. Only what is no question at all is refused as a whole.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import (
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

from features.schema import EARLIEST, LATEST, POSTS, PROSPECTS, Column, TableSpec
from serving.documents import read_document
from serving.faults import Fault, Refused, expected, faults_of, limited, path, shown

MAX_PARTNERSHIPS = 1000
MAX_RECENT_POSTS = 500
#: Places named in one sentence.
MOST_NAMED = 3

ZONE_SLACK = timedelta(days=1)

_CONFIG = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


def read_time(value: object) -> datetime | None:
    """Read an ISO time with a zone as UTC; None stays None. Raises PydanticCustomError with the rule that is broken."""
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
        return Annotated[(Literal[column.allowed] if column.allowed else str) | None, BeforeValidator(stripped)]
    return Annotated[float, Field(ge=column.minimum, le=column.maximum)] | None


def _fields(spec: TableSpec, without: tuple[str, ...] = (), needed: tuple[str, ...] = ()) -> dict[str, Any]:
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
        Field(None, max_length=MAX_RECENT_POSTS, description="past posts of the creator, newest or oldest first"),
    ),
)

Envelope: type[BaseModel] = create_model(
    "Envelope",
    __config__=_CONFIG,
    as_of=(Time, Field(None, description="moment of the forecast, nothing later is used; the present where missing")),
    explain=(bool, Field(False, description="give the reasons of each forecast")),
    comparables=(bool, Field(False, description="give the known creators most like each, with what they got")),
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
    "ExplainQuestion", __base__=Question, __doc__="As Question, with the grounds of each forecast.", **_GROUNDS
)

_WANTED = {c.name: expected(c) for c in (*POSTS.columns, *PROSPECTS.columns, Column("as_of", "time", ""))} | {
    "explain": "true or false",
    "comparables": "true or false",
    "partnerships": f"a list of 1 to {MAX_PARTNERSHIPS:,} partnerships",
}
#: Known fields by their depth: of a partnership, and of a post in its recent_posts.
_ROW_NAMES = {1: list(Partnership.model_fields), 3: list(Post.model_fields)}


@dataclass(frozen=True)
class Row:
    """One partnership as read: `asked` is None where there are faults; `partnership_id` is as given, else numbered."""

    partnership_id: str
    asked: BaseModel | None
    faults: tuple[Fault, ...] = ()

    def told(self) -> dict[str, Any]:
        """Give the fields that the row has."""
        given = vars(self.asked)
        return {name: given[name] for name in self.asked.model_fields_set}


def read_envelope(body: bytes, kind: type[BaseModel] = Envelope, wanted: dict[str, str] | None = None) -> BaseModel:
    """Read what surrounds the partnerships; `kind`: Envelope or one that adds fields, `wanted`: what those accept.

    Raises Refused where the body is no question.
    """
    try:
        return kind.model_validate(read_document(body))
    except ValidationError as error:
        faults = faults_of(error, "", _WANTED | (wanted or {}), {1: list(kind.model_fields)})
        raise Refused(400, "malformed", *faults) from None


def read_row(raw: object, number: int, now: datetime) -> Row:
    """Read one partnership, the `number`-th; nothing can have been posted after `now`."""
    given = raw.get("partnership_id") if isinstance(raw, dict) else None
    name = given.strip() if isinstance(given, str) else ""
    where = f"partnerships[{number}]"
    try:
        asked = Partnership.model_validate(raw)
    except ValidationError as error:
        return Row(shown(name), None, tuple(faults_of(error, where, _WANTED, _ROW_NAMES)))
    faults = _identity_faults(asked, where) + _time_faults(asked, where, now) + _repeated_posts(asked, where)
    return Row(name, None, tuple(limited(faults, where))) if faults else Row(name, asked)


def _identity_faults(asked: BaseModel, where: str) -> list[Fault]:
    if asked.platform is not None:
        return []
    if asked.recent_posts:
        return [Fault("missing", f"{where}.platform", "is missing", "the platform of recent_posts")]
    if asked.creator_id is not None:
        return []
    wanted = "a creator_id that the service knows, or a platform and the creator's profile"
    return [Fault("missing", f"{where}.platform", "is missing, and so is creator_id", wanted)]


def _time_faults(asked: BaseModel, where: str, now: datetime) -> list[Fault]:
    faults = _future(asked.created_at, f"{where}.created_at", now)
    for number, post in enumerate(asked.recent_posts or ()):
        at = path(where, ("recent_posts", number))
        faults += _future(post.posted_at, f"{at}.posted_at", now) + _future(post.observed_at, f"{at}.observed_at", now)
        if post.posted_at is None:
            faults.append(Fault("missing", f"{at}.posted_at", "is missing", _WANTED["posted_at"]))
        elif post.observed_at is not None and post.observed_at < post.posted_at:
            rule, got = "a time at or after posted_at", post.observed_at.isoformat()
            faults.append(Fault("before_posted_at", f"{at}.observed_at", "is before posted_at", rule, got))
    return faults


def _future(time: datetime | None, where: str, now: datetime) -> list[Fault]:
    if time is None or time <= now + ZONE_SLACK:
        return []
    return [Fault("in_future", where, "lies in the future", f"at most {now:%Y-%m-%dT%H:%M:%SZ}", time.isoformat())]


def _repeated_posts(asked: BaseModel, where: str) -> list[Fault]:
    seen, posted, faults = set(), {}, []
    for number, post in enumerate(asked.recent_posts or ()):
        if post.post_id is None:
            continue
        key, first = (post.post_id, post.observed_at), posted.setdefault(post.post_id, post.posted_at)
        if key in seen:
            at = path(where, ("recent_posts", number, "post_id"))
            rule, got = "each post_id and observed_at once", shown(post.post_id)
            faults.append(Fault("repeated_post", at, "repeats an earlier post", rule, got))
        if None not in (first, post.posted_at) and post.posted_at != first:
            at, rule = path(where, ("recent_posts", number, "posted_at")), f"{first.isoformat()}, as there"
            what = "differs from an earlier reading of the post"
            faults.append(Fault("two_posted_at", at, what, rule, post.posted_at.isoformat()))
        seen.add(key)
    return faults


def with_ids(rows: list[Row]) -> list[Row]:
    """Number the rows without an id, from 1, and fault every row whose id another has: answers could not be told apart.

    Faulty rows keep their places and ids.
    """
    names = numbered([row.partnership_id for row in rows])
    places: dict[str, list[int]] = {}
    for number, name in enumerate(names):
        places.setdefault(name, []).append(number)
    return [
        _with_id(row, number, name, places[name]) for number, (row, name) in enumerate(zip(rows, names, strict=True))
    ]


def _with_id(row: Row, number: int, name: str, places: list[int]) -> Row:
    """Name a row, the `number`-th; `places`: of all rows of that name."""
    if len(places) == 1:
        return replace(row, partnership_id=name)
    others = [f"partnerships[{place}]" for place in places if place != number]
    more = f" and {len(others) - MOST_NAMED:,} more" if len(others) > MOST_NAMED else ""
    what = f"is that of {', '.join(others[:MOST_NAMED])}{more} too"
    repeat = Fault("repeated_id", f"partnerships[{number}].partnership_id", what, "each id once", shown(name))
    return Row(name, None, (*row.faults, repeat))


def numbered(names: list[str]) -> list[str]:
    """Give each empty name its number, from 1, or one made of it where that is taken."""
    taken = set(names)
    return [name or _free_name(str(number), taken) for number, name in enumerate(names, 1)]


def _free_name(name: str, taken: set[str]) -> str:
    while name in taken:
        name = f"row-{name}"
    return name
