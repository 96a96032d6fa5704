"""How the service words what is wrong: one Fault for each broken rule, and Refused for a request as a whole."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from difflib import get_close_matches

from pydantic import ValidationError

from features.schema import Column, figure

LONGEST_SHOWN = 80
#: Faults named for one partnership, or for a request as a whole.
MAX_FAULTS = 50

_KINDS = {
    "flag": "true or false",
    "text": "text",
    "time": "an ISO time with a zone from 2004 to 2100, such as 2026-03-01T12:00:00Z",
}
_SAYS = {
    "missing": "is missing",
    "extra_forbidden": "is no known field",
    "float_type": "is not a number",
    "int_type": "is not a whole number",
    "int_from_float": "is not a whole number",
    "finite_number": "is not a finite number",
    "greater_than_equal": "is below {ge}, the least possible",
    "less_than_equal": "is above {le}, the most accepted",
    "string_type": "is not text",
    "bool_type": "is not true or false",
    "literal_error": "is not one of the accepted values",
    "model_type": "is not an object",
    "list_type": "is not a list",
    "too_short": "is too short",
    "too_long": "is too long",
}
_SHAPES = {
    "model_type": "an object",
    "list_type": "a list",
    "too_short": "at least {min_length}",
    "too_long": "at most {max_length}",
}


@dataclass(frozen=True)
class Fault:
    """One broken rule: the place in the request, what is wrong there, what was expected, and the value, cut short."""

    where: str
    what: str
    expected: str | None
    got: str | float | bool | None


class Refused(Exception):
    """A request that is answered by errors alone: HTTP status, a code for programs, and at least one fault."""

    def __init__(self, status: int, code: str, *faults: Fault):
        super().__init__(code)
        self.status, self.code, self.faults = status, code, faults


def error_body(refused: Refused) -> dict:
    """Give the one JSON shape that every error of the service has."""
    return {"code": refused.code, "errors": [asdict(found) for found in refused.faults]}


def shown(value: object) -> str | float | bool | None:
    """Give a value fit to be repeated in an answer: short, and never a whole list or object.

    >>> shown([1, 2]), shown(-5), shown("x" * 100) == "x" * 77 + "..."
    ('a list of 2', -5, True)
    """
    if isinstance(value, dict):
        return f"an object of {len(value)}"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    if isinstance(value, str) and len(value) > LONGEST_SHOWN:
        return value[: LONGEST_SHOWN - 3] + "..."
    return value


def path(start: str, steps: Iterable[str | int]) -> str:
    """Word a place in a document.

    >>> path("partnerships[3]", ("recent_posts", 0, "likes"))
    'partnerships[3].recent_posts[0].likes'
    """
    for step in steps:
        start += f"[{step}]" if isinstance(step, int) else f".{shown(step)}" if start else str(shown(step))
    return start


def expected(column: Column) -> str:
    """Word what a column accepts.

    >>> expected(Column("deliverables", "count", "posts booked", minimum=1, maximum=100))
    'a number from 1 to 100'
    """
    if column.allowed:
        return f"one of {', '.join(column.allowed)}"
    if column.kind in _KINDS:
        return _KINDS[column.kind]
    if column.maximum is None:
        return f"a number of at least {figure(column.minimum)}"
    remedy = f": {column.remedy}" if column.remedy else ""
    return f"a number from {figure(column.minimum)} to {figure(column.maximum)}{remedy}"


def faults_of(error: ValidationError, start: str, wanted: dict[str, str], names: dict[int, list[str]]) -> list[Fault]:
    """Word every fault that pydantic found below the place `start`; past MAX_FAULTS, the last one counts the rest.

    `wanted` says what each field accepts, `names` gives the known fields by their depth below `start`.
    """
    found = error.errors(include_url=False)
    return [_fault_of(one, start, wanted, names) for one in found[:MAX_FAULTS]] + _rest(len(found), start)


def limited(faults: list[Fault], start: str) -> list[Fault]:
    """Cut a list of faults after MAX_FAULTS; the last one then counts the rest."""
    return faults[:MAX_FAULTS] + _rest(len(faults), start)


def _rest(count: int, start: str) -> list[Fault]:
    if count <= MAX_FAULTS:
        return []
    return [Fault(start or "body", f"has {count - MAX_FAULTS:,} more faults", None, None)]


def _fault_of(one: dict, start: str, wanted: dict[str, str], names: dict[int, list[str]]) -> Fault:
    kind, steps, context = one["type"], one["loc"], _worded(one.get("ctx", {}))
    where = path(start, steps) or "body"
    what = _SAYS[kind].format(**context) if kind in _SAYS else one["msg"]
    if kind == "missing":
        return Fault(where, what, wanted.get(steps[-1]), None)
    if kind == "extra_forbidden":
        return unknown_field(where, steps[-1], names[len(steps)], shown(one["input"]))
    rule = _SHAPES[kind].format(**context) if kind in _SHAPES else wanted.get(steps[-1])
    return Fault(where, what, rule, shown(one["input"]))


def unknown_field(where: str, name: str, known: Iterable[str], got: str | float | bool | None = None) -> Fault:
    """Word a field that there is not, with the known one nearest to it.

    >>> unknown_field("query.bnad", "bnad", ("band", "niche")).expected
    'did you mean band?'
    """
    return Fault(where, "is no known field", _nearest(name, known), got)


def _worded(context: dict) -> dict:
    return {name: figure(value) if isinstance(value, int | float) else value for name, value in context.items()}


def _nearest(name: str, known: Iterable[str]) -> str:
    """Name the known field nearest to an unknown one; long names are no slips, and comparing them is slow."""
    near = get_close_matches(name, list(known), 1) if len(name) <= 40 else []
    return f"did you mean {near[0]}?" if near else "a field that /v1/openapi.json names"
