"""How the service words what is wrong: an ErrorDetail for each broken rule, and RequestRefused for
a request as a whole.

Words may change from one version to the next; the codes are for programs and stay.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from functools import lru_cache, partial
from typing import Any

from pydantic import ValidationError

from features.tables.schema import Column, format_exact

LONGEST_SHOWN = 80
#: Letters up to which an unknown name may be a slip of a known one.
LONGEST_SLIP = 40
#: Faults worded of one partnership, or of what surrounds them.
MAX_FAULTS = 50
#: Faults worded of all partnerships of a request.
MAX_REQUEST_FAULTS = 2000

_KINDS = {
    "flag": "true or false",
    "text": "text",
    "time": "an ISO time with a zone from 2004 to 2100, such as 2026-03-01T12:00:00Z",
}
#: What a fault may be, by its code.
CODES = {
    "missing": "a field that is needed is not there",
    "unknown_field": "there is no field of that name",
    "wrong_type": "not text, a number, true or false, a list or an object, as it should be",
    "below_minimum": "a number below the least possible",
    "above_maximum": "a number above the most accepted",
    "too_few": "a list that is too short",
    "too_many": "a list that is too long",
    "not_whole": "a count (followers, deliverables, likes of a post) with a fraction; "
    "averages and rates may have one",
    "not_accepted": "a value that is not in the field's list",
    "no_date": "no ISO time that exists",
    "no_time_zone": "a time without Z or an offset",
    "time_out_of_range": "a time outside of 2004 to 2100",
    "in_future": "a time that is yet to come",
    "before_posted_at": "a post that was read before it was posted",
    "repeated_post": "a post that stands twice in recent_posts or published",
    "repeated_reading": "a reading of a post at the moment of an earlier one",
    "no_usable_reading": "no reading from which a post that is online can be forecast",
    "not_ascending": "quantiles that do not ascend",
    "two_posted_at": "a reading of a post that names another moment of posting than an earlier one",
    "repeated_id": "a partnership_id that several partnerships of the request have",
    "start_before_as_of": "a start before the moment of the forecast",
    "confusable_id": "a creator_id with a character that cannot be seen, "
    "or that looks like another, or too long",
    "bad_name": "a name of a campaign that is blank, too long, or has a character that cannot be "
    "seen",
    "unknown_creator": "a creator_id that the service does not know, without a profile to go by",
    "which_platform": "a creator_id that stands on several platforms, none named",
    "no_profile": "no creator_id, followers, averages or posts to go by",
    "before_snapshot": "an as_of before the snapshot that the service knows creators from",
    "no_curve": "a horizon_days other than the model's, on a platform without a curve of growth",
    "format_not_on_platform": "a format that the platform does not have",
    "no_public_count": "formats that show no public counts, as stories: nothing can be forecast",
    "bad_package": "a package that cannot be read, or that says something else than format or "
    "deliverables beside it",
    "two_fees": "fee beside fee_usd",
    "fee_without_currency": "fee without currency",
    "currency_without_fee": "currency without fee",
    "currency_without_rate": "a currency that the service has no rate of",
    "target_without_fee": "target_cpe_usd without a fee",
    "no_plan": "no plan can be made within the budget and the rules",
    "no_list": "a file that cannot be read as a list, or one that is too long",
    "not_planned": "a partnership that could not be a candidate of a plan",
    "more_faults": "how many more faults there are",
    "not_scored": "no rank, because the partnership has errors",
    "no_value": "no rank, because the forecast has no value of the measure",
    "not_json": "no JSON, or numbers past what it holds",
    "repeated_key": "a key given twice in one object, or a field twice in a query",
    "not_json_type": "another content type than application/json",
    "not_http": "no request of HTTP/1.1",
    "unclear_length": "a request of which readers may not agree where it ends",
    "too_slow": "a body that did not arrive in time",
    "too_large": "a body, its values or posts, or headers past the limit",
    "busy": "too many requests are waiting, or there was no time for this one",
    "no_key": "no key, or none of the service",
    "keys_needed": "a service without keys, asked from or in the name of another machine",
    "unknown_path": "no address of the service",
    "wrong_method": "a method that the address does not take",
    "refused": "refused by the server itself",
    "no_champion": "no model is loaded",
    "no_benchmarks": "a model without benchmarks",
    "no_ledger": "a service that keeps no forecasts",
    "unknown_campaign": "a campaign that the ledger does not have",
    "ledger_unavailable": "a ledger that cannot be read at present",
    "ledger_too_large": "a ledger with more rows than the service reads for an answer",
    "internal": "a fault of the service",
}
#: What pydantic finds: our code and words.
_FOUND = {
    "missing": ("missing", "is missing"),
    "extra_forbidden": ("unknown_field", "is no known field"),
    "int_type": ("wrong_type", "is not a whole number"),
    "int_from_float": ("wrong_type", "is not a whole number"),
    "float_type": ("wrong_type", "is not a number"),
    "finite_number": ("wrong_type", "is not a finite number"),
    "string_type": ("wrong_type", "is not text"),
    "dict_type": ("wrong_type", "is not an object"),
    "bool_type": ("wrong_type", "is not true or false"),
    "model_type": ("wrong_type", "is not an object"),
    "list_type": ("wrong_type", "is not a list"),
    "greater_than_equal": ("below_minimum", "is below {ge}, the least possible"),
    "less_than_equal": ("above_maximum", "is above {le}, the most accepted"),
    "bad_name": ("bad_name", "{fault}"),
    "not_ascending": ("not_ascending", "does not ascend"),
    "literal_error": ("not_accepted", "is not one of the accepted values"),
    "string_too_short": ("not_accepted", "is too short"),
    "string_too_long": ("not_accepted", "is too long"),
    "too_short": ("too_few", "is too short"),
    "too_long": ("too_many", "is too long"),
}
_SHAPES = {
    "model_type": "an object",
    "list_type": "a list",
    "too_short": "at least {min_length}",
    "too_long": "at most {max_length}",
}


@dataclass(frozen=True)
class ErrorDetail:
    """One broken rule: what is wrong at a place of the request, what was expected, and the value,
    cut short.

    `code` is one of CODES, `where` a place down to the field:
    `partnerships[3].recent_posts[7].likes`.
    """

    code: str
    where: str
    what: str
    expected: str | None = None
    got: str | float | bool | None = None


class RequestRefused(Exception):
    """A request that is answered by errors alone: HTTP status, a code for programs, and at least
    one ErrorDetail.
    """

    def __init__(self, status: int, code: str, *errors: ErrorDetail):
        super().__init__(code)
        self.status, self.code, self.faults = status, code, errors

    @classmethod
    def for_error(cls, status: int, error: ErrorDetail) -> "RequestRefused":
        """Return the refusal for one reason, whose code is then that of the answer."""
        return cls(status, error.code, error)


def error_body(refused: RequestRefused) -> dict:
    """Return the one JSON shape that every error of the service has."""
    return {"code": refused.code, "errors": [asdict(detail) for detail in refused.faults]}


def shorten_value(value: Any) -> Any:
    """Return a value fit to be repeated in an answer: short, and never a whole list or object.

    >>> shorten_value([1, 2]), shorten_value(-5), shorten_value("x" * 100) == "x" * 77 + "..."
    ('a list of 2', -5, True)
    """
    if isinstance(value, dict):
        return f"an object of {len(value)}"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    if isinstance(value, str) and len(value) > LONGEST_SHOWN:
        return value[: LONGEST_SHOWN - 3] + "..."
    return value


def field_path(start: str, steps: Iterable[str | int]) -> str:
    """Return the place that `steps` lead to from `start`, as text.

    >>> field_path("partnerships[3]", ("recent_posts", 0, "likes"))
    'partnerships[3].recent_posts[0].likes'
    """
    for step in steps:
        if isinstance(step, int):
            start += f"[{step}]"
        else:
            start += f".{shorten_value(step)}" if start else shorten_value(step)
    return start


def expected_values(column: Column) -> str:
    """Return in words what a column accepts.

    >>> expected_values(Column("deliverables", "count", "posts booked", minimum=1, maximum=100))
    'a whole number from 1 to 100'
    """
    if column.allowed:
        return f"one of {', '.join(column.allowed)}"
    if column.kind in _KINDS:
        return _KINDS[column.kind]
    number = "a whole number" if column.kind == "count" else "a number"
    least = format_exact(column.minimum or 0)
    if column.maximum is None:
        return f"{number} of at least {least}"
    remedy = f": {column.remedy}" if column.remedy else ""
    return f"{number} from {least} to {format_exact(column.maximum)}{remedy}"


class ErrorCollector:
    """The errors at one place of a request: how many there are, and how the first MAX_FAULTS of
    them are worded, which is done on demand.
    """

    def __init__(self, where: str):
        self.where, self.count = where, 0
        self._first: list[Callable[[], ErrorDetail]] = []

    def add(self, word: Callable[[], ErrorDetail]) -> None:
        """Add an error; `word` makes it, and is called only if the error is among the first."""
        self.count += 1
        if len(self._first) < MAX_FAULTS:
            self._first.append(word)

    def extend(self, other: "ErrorCollector") -> None:
        """Add the errors of a place within this one."""
        self.count += other.count
        self._first += other._first[: MAX_FAULTS - len(self._first)]

    def add_errors(
        self, error: ValidationError, expected: dict[str, str], names: Iterable[str]
    ) -> None:
        """Add every error that pydantic finds in an object.

        `expected` says what each field accepts, `names` gives the known fields.
        """
        for one in error.errors(include_url=False):
            self.add(partial(_detail_of, one, expected, names))

    def faults(self, most: int = MAX_FAULTS) -> list[ErrorDetail]:
        """Return the first `most` errors; the last one then counts the rest."""
        details = [word() for word in self._first[:most]]
        rest = self.count - len(details)
        if not rest:
            return details
        kind = "more " if details else ""
        words = f"has {rest:,} {kind}fault{'s' * (rest > 1)}"
        return [*details, ErrorDetail("more_faults", self.where, words)]


def limit_unknown_fields(value: object, names: Collection[str]) -> tuple[object, int]:
    """Return an object with the first MAX_FAULTS of its unknown fields, and how many are left out.

    >>> limit_unknown_fields({"likes": 1, "x": 2}, ["likes"])
    ({'likes': 1, 'x': 2}, 0)
    """
    if not isinstance(value, dict) or len(value) <= MAX_FAULTS:
        return value, 0
    unknown = [name for name in value if name not in names]
    cut = set(unknown[MAX_FAULTS:])
    return {name: field for name, field in value.items() if name not in cut}, len(cut)


def _detail_of(error: Any, expected: dict[str, str], names: Iterable[str]) -> ErrorDetail:
    """Return an error of pydantic as one of the service."""
    kind, steps, context = error["type"], error["loc"], _word_numbers(error.get("ctx", {}))
    where = field_path("", steps) or "body"
    code, words = _FOUND.get(kind, (kind, error["msg"]))
    if kind == "extra_forbidden":
        return unknown_field(where, steps[-1], names, shorten_value(error["input"]))
    if kind == "missing":
        return ErrorDetail(code, where, words, expected.get(steps[-1]))
    rule = _SHAPES[kind].format(**context) if kind in _SHAPES else expected.get(steps[-1])
    return ErrorDetail(code, where, words.format(**context), rule, shorten_value(error["input"]))


def unknown_field(
    where: str, name: str, known: Iterable[str], got: str | float | bool | None = None
) -> ErrorDetail:
    """Return the error of a field that does not exist, with the known one nearest to it.

    >>> unknown_field("query.bnad", "bnad", ("band", "niche")).expected
    'did you mean band?'
    """
    return ErrorDetail(
        "unknown_field", where, "is no known field", _nearest(name, tuple(known)), got
    )


def _word_numbers(context: dict) -> dict:
    return {
        name: format_exact(value) if isinstance(value, int | float) else value
        for name, value in context.items()
    }


@lru_cache(2048)
def _nearest(name: str, known: tuple[str, ...]) -> str:
    """Return a hint at the known field nearest to an unknown one.

    Long names are no slips of the pen, and comparing them is slow.
    """
    matches = get_close_matches(name, known, 1) if len(name) <= LONGEST_SLIP else []
    return f"did you mean {matches[0]}?" if matches else "a field that /v1/openapi.json names"
