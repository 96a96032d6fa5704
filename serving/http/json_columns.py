"""JSON objects as columns: the fields of many objects, read field by field, and every value that
its field does not accept.

Partnerships and their recent posts are read alike. What a field accepts stands in the schema and
is applied by `features.tables.column_checks`; this module reads the types of JSON, and words what
is wrong for the answer.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from types import NoneType

import numpy as np
from pydantic_core import PydanticCustomError

from features.tables.column_checks import (
    DATE_OUT_OF_RANGE,
    BrokenRule,
    broken_rules,
    is_possible_time,
    rules_broken_by,
)
from features.tables.schema import EARLIEST, LATEST, NOT_WHOLE, Column, format_exact
from serving.http.errors import (
    MAX_FAULTS,
    ErrorCollector,
    ErrorDetail,
    expected_values,
    field_path,
    shorten_value,
    unknown_field,
)

#: How far the clocks of two zones may lie apart.
ZONE_SLACK = timedelta(days=1)
#: The kinds of fields that hold a list of objects, or one; the other kinds are those of tables.
LIST, OBJECT = "list", "object"
#: The kind of a field whose reader judges the type of its values.
ANY = "any"

_TYPES: dict[str, set[type]] = {
    "count": {int, float, NoneType},
    "real": {int, float, NoneType},
    "flag": {bool, NoneType},
    "text": {str, NoneType},
    "time": {str, NoneType},
    LIST: {list, NoneType},
    OBJECT: {dict, NoneType},
}
_NOT_A_DATE = ("no_date", "is no date that exists")
_NOT_ACCEPTED = (BrokenRule.NOT_ACCEPTED.value, "is not one of the accepted values")
#: Code and words of a value of another type, by the kind of its field.
_WRONG_TYPE = {
    "count": ("wrong_type", "is not a number"),
    "real": ("wrong_type", "is not a number"),
    "flag": ("wrong_type", "is not true or false"),
    "text": ("wrong_type", "is not text"),
    "time": _NOT_A_DATE,
    LIST: ("wrong_type", "is not a list"),
    OBJECT: ("wrong_type", "is not an object"),
}
#: What a field of these kinds accepts.
_EXPECTED = {LIST: "a list", OBJECT: "an object"}


class ErrorsByRow(dict[int, ErrorCollector]):
    """The errors of rows, by position; `path` gives the place of a row in the request."""

    def __init__(self, path: Callable[[int], str]):
        super().__init__()
        self._path = path

    def __missing__(self, row: int) -> ErrorCollector:
        self[row] = ErrorCollector(self._path(row))
        return self[row]


def read_objects(
    objects: Sequence[object], fields: Sequence[Column], path: Callable[[int], str]
) -> tuple[dict[str, list], ErrorsByRow]:
    """Return the fields of n objects as columns, and the errors of each object that has some.

    A column is a list of n clean values, None where there is none; fields that no object has are
    left out. Errors come in the order of `fields`, unknown fields last.
    """
    errors = ErrorsByRow(path)
    if not objects:
        return {}, errors
    rows = _read_dicts(objects, fields, errors)
    names = set().union(*rows)
    columns = {}
    for field in fields:
        if field.required:
            _add_missing(field, rows, errors)
        if field.name in names:
            columns[field.name] = _read_column(field, [row.get(field.name) for row in rows], errors)
    _add_unknown_fields(names.difference(field.name for field in fields), rows, fields, errors)
    return columns, errors


def read_time(value: object) -> datetime | None:
    """Return an ISO time with a zone in UTC; None stays None.

    Raises PydanticCustomError with the code and the words of the rule that is broken.
    """
    if value is None:
        return None
    try:
        time = datetime.fromisoformat(value.strip())  # type: ignore[attr-defined]  # caught below
    except (AttributeError, TypeError, ValueError):
        raise PydanticCustomError(*_NOT_A_DATE) from None
    if time.tzinfo is None:
        raise PydanticCustomError("no_time_zone", "has no time zone: add Z or an offset")
    # the first check keeps astimezone from overflowing
    if EARLIEST - ZONE_SLACK < time < LATEST + ZONE_SLACK:
        time = time.astimezone(UTC)
        if is_possible_time(time):
            return time
    raise PydanticCustomError(BrokenRule.TIME_OUT_OF_RANGE.value, DATE_OUT_OF_RANGE)


def missing_value(field: Column, path: str) -> ErrorDetail:
    """Return the error of a required field that is not there; `path`: the place of its object."""
    return ErrorDetail(
        "missing", field_path(path, (field.name,)), "is missing", expected_values(field)
    )


def _read_dicts(
    objects: Sequence[object], fields: Sequence[Column], errors: ErrorsByRow
) -> list[dict]:
    """Return the objects; one without errors of its own replaces what is no object."""
    no_object = dict.fromkeys(field.name for field in fields if field.required)
    for row in _rows_of_other_types(objects, {dict}):
        path, got = errors[row].where, shorten_value(objects[row])
        errors[row].add(
            partial(ErrorDetail, "wrong_type", path, "is not an object", "an object", got)
        )
    return [one if isinstance(one, dict) else no_object for one in objects]


def _add_missing(field: Column, rows: list[dict], errors: ErrorsByRow) -> None:
    for number, row in enumerate(rows):
        if field.name not in row:
            errors[number].add(partial(missing_value, field, errors[number].where))


def _add_unknown_fields(
    unknown: set[str], rows: list[dict], fields: Sequence[Column], errors: ErrorsByRow
) -> None:
    """Add the fields of each row that are in `unknown`; past MAX_FAULTS they are only counted."""
    if not unknown:
        return
    known = tuple(field.name for field in fields)
    for number, row in enumerate(rows):
        names = [name for name in row if name in unknown]
        if not names:
            continue
        path = errors[number].where
        for name in names[:MAX_FAULTS]:
            where, got = field_path(path, (name,)), shorten_value(row[name])
            errors[number].add(partial(unknown_field, where, name, known, got))
        errors[number].count += len(names[MAX_FAULTS:])


def _read_column(field: Column, values: list, errors: ErrorsByRow) -> list:
    """Return the clean values of a field; a value with an error becomes None or stays as it is."""
    if field.kind == ANY:
        return values
    _drop_other_types(field, values, errors)
    if field.kind in ("count", "real"):
        _check_numbers(field, values, errors)
    elif field.kind == "text":
        return _read_texts(field, values, errors)
    elif field.kind == "time":
        return _read_times(field, values, errors)
    return values


def _drop_other_types(field: Column, values: list, errors: ErrorsByRow) -> None:
    """Replace the values of another type by None, and add an error for each."""
    code, words = _NOT_ACCEPTED if field.allowed else _WRONG_TYPE[field.kind]
    for row in _rows_of_other_types(values, _TYPES[field.kind]):
        _add_error(errors[row], field, code, words, values[row])
        values[row] = None


def _rows_of_other_types(values: Sequence[object], types: set[type]) -> list[int]:
    if set(map(type, values)) <= types:
        return []
    return [row for row, value in enumerate(values) if type(value) not in types]


def _check_numbers(field: Column, values: list[float | None], errors: ErrorsByRow) -> None:
    """Add an error for each number that the field does not accept, by the first rule it breaks."""
    first_broken: dict[int, BrokenRule] = {}
    for rule, rows in broken_rules(field, np.array(values, dtype=float)).items():
        for row in rows.nonzero()[0].tolist():
            first_broken.setdefault(row, rule)
    for row, rule in first_broken.items():
        _add_error(errors[row], field, rule.value, _rule_words(rule, field), values[row])


def _read_texts(field: Column, values: list[str | None], errors: ErrorsByRow) -> list[str | None]:
    """Return texts without surrounding blanks, None where nothing is left.

    Equal texts are read once.
    """
    stripped = {value: value.strip() or None if value else None for value in set(values)}
    refused = set()
    if field.allowed:
        refused = {value for value, text in stripped.items() if any(rules_broken_by(field, text))}
    if refused:
        for row, value in enumerate(values):
            if value in refused:
                _add_error(errors[row], field, *_NOT_ACCEPTED, stripped[value])
    return [stripped[value] for value in values]


def _read_times(
    field: Column, values: list[str | None], errors: ErrorsByRow
) -> list[datetime | None]:
    """Return times in UTC; equal texts are read once."""
    times: dict[str | None, datetime | None] = {}
    rules: dict[str | None, tuple[str, str]] = {}
    for value in set(values):
        try:
            times[value] = read_time(value)
        except PydanticCustomError as error:
            times[value], rules[value] = None, (error.type, error.message())
    if rules:
        for row, value in enumerate(values):
            if value in rules:
                _add_error(errors[row], field, *rules[value], value)
    return [times[value] for value in values]


def _add_error(errors: ErrorCollector, field: Column, code: str, words: str, value: object) -> None:
    errors.add(partial(_value_error, errors.where, field, code, words, value))


def _value_error(path: str, field: Column, code: str, words: str, value: object) -> ErrorDetail:
    expected = _EXPECTED.get(field.kind) or expected_values(field)
    return ErrorDetail(code, field_path(path, (field.name,)), words, expected, shorten_value(value))


def _rule_words(rule: BrokenRule, field: Column) -> str:
    match rule:
        case BrokenRule.BELOW_MINIMUM:
            return f"is below {format_exact(field.minimum or 0)}, the least possible"
        case BrokenRule.ABOVE_MAXIMUM:
            return f"is above {format_exact(field.maximum or 0)}, the most accepted"
        case _:
            return NOT_WHOLE
