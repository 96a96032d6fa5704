"""The types and checks that the schemas of a bundle's files share.

Schemas: models.manifest_schema, reference_schema, forecaster_schema and pricing_schema, one for
each file. A bundle whose files have the right sha256 may still be wrong inside: whoever edits a
file can correct its checksum too. Checked is what the loader and the forecasts rely on: types,
ranges, finite numbers, and lists of the right length. How well a bundle forecasts is for the
backtest to say.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Annotated, Any, TypeAlias, TypeVar

import numpy as np
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from features.errors import CreatorcastError
from features.tables.vocabulary import EVIDENCE, FORMATS, NICHES, PLATFORMS

#: Logarithms of counts, ratios and rates lie far within; so do sums of counts of up to 1e12, and
#: costs by the thousand.
LARGEST_LOG, LARGEST, MOST = 1e3, 1e18, 10**15
#: By how much the level of a niche, in ln, can lie off that of all.
LARGEST_LEVEL = 40.0
#: Names up to which a message lists what is allowed.
MAX_NAMES_SHOWN = 30

Model = TypeVar("Model", bound=BaseModel)


class ContentError(CreatorcastError):
    """A file of a bundle does not hold what it must; the message says where and what, without the
    file's name.
    """


def check_choice(text: str, names: Collection[str]) -> str:
    """Return the text. Raises ValueError unless it is one of `names`."""
    if text not in names:
        listed = ", ".join(names) if len(names) <= MAX_NAMES_SHOWN else f"the {len(names)} columns"
        raise ValueError(f"is none of {listed}")
    return text


def one_of(*names: str) -> AfterValidator:
    """Return a validator of a text that must be one of `names`."""

    def check(text: str) -> str:
        return check_choice(text, names)

    return AfterValidator(check)


def _check_moment(text: str) -> str:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None or not 1970 <= at.year <= 2200:
        raise ValueError("is no moment with a zone between 1970 and 2200")
    return text


Number: TypeAlias = Annotated[float, Field(ge=-LARGEST, le=LARGEST)]
Log: TypeAlias = Annotated[float, Field(ge=-LARGEST_LOG, le=LARGEST_LOG)]
Level: TypeAlias = Annotated[float, Field(ge=-LARGEST_LEVEL, le=LARGEST_LEVEL)]
Amount: TypeAlias = Annotated[float, Field(ge=0, le=LARGEST)]
Positive: TypeAlias = Annotated[float, Field(gt=0, le=LARGEST)]
Share: TypeAlias = Annotated[float, Field(ge=0, le=1)]
Count: TypeAlias = Annotated[int, Field(ge=0, le=MOST)]
Code: TypeAlias = Annotated[int, Field(ge=0, le=10**6)]
Moment: TypeAlias = Annotated[str, AfterValidator(_check_moment)]
Platform: TypeAlias = Annotated[str, one_of(*PLATFORMS)]
PlatformOrAll: TypeAlias = Annotated[str, one_of(*PLATFORMS, "all")]
Format: TypeAlias = Annotated[str, one_of(*FORMATS)]
Niche: TypeAlias = Annotated[str, one_of(*NICHES)]
Evidence: TypeAlias = Annotated[str, one_of(*EVIDENCE)]


class OpenModel(BaseModel):
    """A JSON object that may hold more than its schema names."""

    model_config = ConfigDict(
        strict=True, allow_inf_nan=False, extra="allow", protected_namespaces=()
    )


class StrictModel(BaseModel):
    """A JSON object that holds what its schema names and nothing else."""

    model_config = ConfigDict(
        strict=True, allow_inf_nan=False, extra="forbid", protected_namespaces=()
    )


def check_content(schema: type[Model], value: object) -> Model:
    """Return a file's content by its schema. Raises ContentError, which names the first fault."""
    try:
        return schema.model_validate(value)
    except ValidationError as error:
        first, *others = error.errors(include_url=False, include_context=False)
        steps = [str(step) for step in first["loc"]]
        place = ".".join(step for step in steps if not step.startswith(("function-", "list[")))
        more = f", and {len(others):,} more fault(s)" if others else ""
        start = f"{place}: " if place else ""
        raise ContentError(f"{start}{_fault_text(first)}{more}") from None


def _fault_text(fault: ErrorDetails) -> str:
    words = fault["msg"].removeprefix("Value error, ")
    if fault["type"] == "missing":
        return "it is missing"
    value = fault["input"]
    if isinstance(value, dict | list):
        if fault["type"] == "value_error":
            return words
        return f"{words}, not {type(value).__name__} of {len(value):,}"
    shown = repr(value)
    if len(shown) > 60:
        shown = shown[:57] + "..."
    return f"{shown} is wrong: {words}"


def require_shape(name: str, values: list[Any], shape: tuple[int, ...]) -> np.ndarray:
    """Return nested lists as an array, None as NaN. Raises ValueError for another shape."""
    is_text = bool(values) and isinstance(values[0], str)
    try:
        array = np.array(values, dtype=object if is_text else float)
    except ValueError:
        array = np.empty(0)
    if array.shape != shape:
        raise ValueError(f"{name} must be lists of {' x '.join(map(str, shape))}")
    return array


def require_ascending(name: str, values: np.ndarray) -> None:
    """Raise ValueError where the last axis descends; NaN is ignored."""
    if (np.diff(values, axis=-1) < 0).any():
        raise ValueError(f"{name} must not descend from one probability to the next")
