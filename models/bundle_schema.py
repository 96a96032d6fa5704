"""What the JSON files of a bundle must hold: types, ranges, finite numbers, and lists of the right
length.

A bundle whose files have the right sha256 may still be wrong inside: whoever edits a file can mend
its checksum. What is checked here is what the loader and the forecasts rely on; that it forecasts
well is the backtest's to say.
"""

import re
from collections.abc import Collection
from datetime import datetime
from typing import Annotated, Literal

import numpy as np
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from features.derive.authenticity import AUTHENTICITY_PARTS as SIGNS
from features.derive.catalog import COLUMNS
from features.errors import CreatorcastError
from features.tables.vocabulary import (
    ALL_ENGAGEMENT_PARTS,
    EVIDENCE,
    FORMATS,
    NICHES,
    PLATFORMS,
    TARGETS,
    UNKNOWN,
)
from models.conformal import GRID
from models.totals import DELIVERABLES_GRID, SCALE_GRID

#: A version names a folder, and stands in logs, figures and answers.
VERSION_PATTERN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
#: Logarithms of counts, ratios and rates lie far within; so do sums of counts of up to 1e12, and
#: costs by the thousand.
LARGEST_LOG, LARGEST, MOST = 1e3, 1e18, 10**15
#: Characters of a text of a manifest; and by how much the level of a niche, in ln, can lie off that
#: of all.
LONGEST_TEXT, LARGEST_LEVEL = 500, 40.0


class ContentError(CreatorcastError):
    """A file of a bundle does not hold what it must; the message says where and what, without the
    file's name.
    """


def choice_type(*names: str):
    """Give the type of a text that is one of `names`."""
    return Annotated[str, AfterValidator(lambda text: check_choice(text, names))]


def check_choice(text: str, names: Collection[str]) -> str:
    if text not in names:
        raise ValueError(
            f"is none of {', '.join(names) if len(names) <= 30 else f'the {len(names)} columns'}"
        )
    return text


def _version(text: str) -> str:
    if not VERSION_PATTERN.fullmatch(text):
        raise ValueError(
            "is no name of a folder: expected up to 128 letters, digits, dots, - and _"
        )
    return text


def _moment(text: str) -> str:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None or not 1970 <= at.year <= 2200:
        raise ValueError("is no moment with a zone between 1970 and 2200")
    return text


def check_printable(value: object) -> None:
    """Raise ValueError for a text at any depth, also a name, that cannot be shown on one line or is
    too long.
    """
    parts = [value]
    while parts:
        part = parts.pop()
        if isinstance(part, dict | list):
            parts += [*part, *part.values()] if isinstance(part, dict) else part
        elif isinstance(part, str) and not (part.isprintable() and len(part) <= LONGEST_TEXT):
            raise ValueError(
                f"the text {part[:40]!a} is not printable on one line, or over {LONGEST_TEXT} characters"
            )


Number = Annotated[float, Field(ge=-LARGEST, le=LARGEST)]
Log = Annotated[float, Field(ge=-LARGEST_LOG, le=LARGEST_LOG)]
Level = Annotated[float, Field(ge=-LARGEST_LEVEL, le=LARGEST_LEVEL)]
Amount = Annotated[float, Field(ge=0, le=LARGEST)]
Positive = Annotated[float, Field(gt=0, le=LARGEST)]
Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0, le=MOST)]
Code = Annotated[int, Field(ge=0, le=10**6)]
Moment = Annotated[str, AfterValidator(_moment)]
Platform, Format, Niche = choice_type(*PLATFORMS), choice_type(*FORMATS), choice_type(*NICHES)
PlatformOrAll, MetricValue = choice_type(*PLATFORMS, "all"), int | float | bool | None


class _Open(BaseModel):
    model_config = ConfigDict(
        strict=True, allow_inf_nan=False, extra="allow", protected_namespaces=()
    )


class StrictModel(BaseModel):
    model_config = ConfigDict(
        strict=True, allow_inf_nan=False, extra="forbid", protected_namespaces=()
    )


# --- manifest.json ---


class _Sampling(_Open):
    longest_lead_days: Annotated[float, Field(ge=0, le=3650)]


class _Recipe(_Open):
    sampling: _Sampling


class _Judged(_Open):
    __pydantic_extra__: dict[str, MetricValue]
    split: str
    forecaster: str


class _Covered(_Open):
    __pydantic_extra__: dict[str, MetricValue]
    split: str
    platform: Platform
    band: str
    evidence: choice_type(*EVIDENCE)
    fails: bool
    coverage_80: Share


class _Record(_Open):
    table: list[_Judged]
    coverage: list[_Covered] = []


class _Extent(_Open):
    __pydantic_extra__: dict[str, MetricValue]
    until: Moment | None = None
    posts: Count = 0
    calibration: Count = 0
    backtest: Count = 0


class Manifest(_Open):
    """manifest.json: what a bundle says of itself; what is not named here is told as it stands."""

    version: Annotated[str, AfterValidator(_version)]
    trained_on: Literal["real", "simulated"]
    until: Moment
    horizon_days: Annotated[int, Field(ge=1, le=365)]
    targets: list[choice_type(*TARGETS)]
    columns: list[str]
    sha256: dict[str, str]
    recipe: _Recipe
    created_at: str = ""
    source: str
    data_digest: str
    posts: Count
    accounts: Count = 0
    backtest: _Record = _Record(table=[])
    platforms: dict[Platform, _Extent] = {}

    @model_validator(mode="before")
    @classmethod
    def _printable(cls, value: object) -> object:
        check_printable(value)
        return value

    @model_validator(mode="after")
    def _targets_once(self) -> "Manifest":
        if self.targets[:1] != ["engagements"] or len(set(self.targets)) < len(self.targets):
            raise ValueError("targets must begin with engagements and name none twice")
        return self


# --- reference.json ---


class _Prior(StrictModel):
    intercept: Log
    slope: Log
    bend: Log
    without_followers: Level
    niche_effects: dict[Niche, Level]
    creators: Count
    least_followers_log: Log = 0.0


class _Market(StrictModel):
    priors: dict[PlatformOrAll, _Prior]
    trust: Positive
    summary_shift: Log
    creators: dict[Platform, Count] | None = None


class _Norm(StrictModel):
    median: Log
    scale: Amount


class _Effects(StrictModel):
    formats: dict[Platform, dict[Format, Log]]
    sponsored: dict[Platform, Log]


class _ClassifierSettings(StrictModel):
    minimum: Count
    strength: Amount
    penalty: Amount
    max_terms: Count


class _Classifier(StrictModel):
    niches: list[Niche]
    settings: _ClassifierSettings
    learned: bool
    n_creators: Count
    seeds: dict[str, Annotated[list[Niche], Field(min_length=1)]]
    seed_scale: Log
    base: Annotated[
        list[Annotated[Positive, Field(le=1)]],
        Field(min_length=len(NICHES), max_length=len(NICHES)),
    ]
    weights: dict[str, Annotated[list[Log], Field(min_length=len(NICHES), max_length=len(NICHES))]]


class ReferenceState(StrictModel):
    """reference.json: the market as of the end of training (features.derive.market_priors)."""

    engagements: _Market
    views: _Market | None
    part_shares: dict[Platform, dict[choice_type(*ALL_ENGAGEMENT_PARTS), Share]]
    views_shown: dict[Platform, list[choice_type(*FORMATS, UNKNOWN)]]
    formats_posted: dict[Platform, list[choice_type(*FORMATS, UNKNOWN)]]
    platforms_until: dict[Platform, Moment]
    norms: dict[PlatformOrAll, dict[str, _Norm]]
    effects: _Effects
    niche_classifier: _Classifier
    sponsored_posts: Count
    until: Moment
    creators: Count
    horizon_days: Annotated[int, Field(ge=1, le=365)]
    band_edges: dict[str, Count]
    platforms: list[str]
    formats: list[str]
    niches: list[str]

    @model_validator(mode="after")
    def _whole(self) -> "ReferenceState":
        for name, table in (
            ("engagements.priors", self.engagements.priors),
            ("views.priors", self.views.priors if self.views else {"all": None}),
            ("norms", self.norms),
        ):
            if "all" not in table:
                raise ValueError(f"{name} lacks all")
        for name, norms in self.norms.items():
            lacking = {sign for sign, _, _ in SIGNS.values()} - set(norms)
            if lacking:
                raise ValueError(f"norms.{name} lacks {', '.join(sorted(lacking))}")
        for name, shares in self.part_shares.items():
            if (
                sum(shares.values()) > 1.5 + 1e-6
            ):  # medians of three parts of one add up to that at most
                raise ValueError(f"part_shares.{name} are more than parts of one whole")
        named = self.engagements.creators
        if self.platforms_until.keys() != (
            self.platforms_until.keys() if named is None else named.keys()
        ):
            raise ValueError("platforms_until must name the platforms that have creators")
        latest = datetime.fromisoformat(self.until)
        if any(datetime.fromisoformat(at) > latest for at in self.platforms_until.values()):
            raise ValueError("platforms_until must not lie after until")
        edges = list(self.band_edges.values())
        if not edges or edges[0] != 0 or edges != sorted(set(edges)):
            raise ValueError("band_edges must ascend from 0")
        return self


# --- engagements.json, views.json ---


class _Line(StrictModel):
    middle: list[Number]
    low: list[Number]
    high: list[Number]
    slope: list[Number]
    scale: list[Positive | None]
    intercept: Log


class _Tables(StrictModel):
    z: list[list[Log]]
    ceiling: list[Log]
    place: list[list[Code]]
    n: list[list[Count]]


class ForecasterState(StrictModel):
    """TARGET.json: what a forecaster is besides its boosters (models.forecast)."""

    offset: str
    evidence: str
    evidences: Literal[len(EVIDENCE)]
    platform: str
    platforms: Literal[len(PLATFORMS)]
    posts: str
    mad: str
    centred: list[Annotated[int, Field(ge=0, lt=len(EVIDENCE))]]
    leave_out: list[str]
    codes: list[str]
    features: list[str]
    median: Log
    linear: list[_Line]
    correction: list[list[Share]]
    trained: list[Count]
    conformal: _Tables
    correlation: list[Share]
    totals: list[list[list[list[Log]]]]
    log_mean: list[list[Log]]

    @property
    def columns(self) -> list[str]:
        """The columns that the boosters see."""
        return [name for name in self.features if name not in self.leave_out]

    @model_validator(mode="after")
    def _fits(self) -> "ForecasterState":
        if tuple(self.features) != COLUMNS:
            raise ValueError("features are not the columns that this code derives, in their order")
        for name in (
            self.offset,
            self.evidence,
            self.platform,
            self.posts,
            self.mad,
            *self.leave_out,
            *self.codes,
        ):
            check_choice(name, COLUMNS)
        evidences, tables = len(EVIDENCE), len(self.conformal.ceiling)
        sloped = len([name for name in self.columns if name not in self.codes])
        for name in ("middle", "low", "high", "slope", "scale"):
            require_shape(
                f"linear.{name}", [getattr(line, name) for line in self.linear], (evidences, sloped)
            )
        require_shape("correction", self.correction, (evidences, 2))
        require_shape("trained", self.trained, (len(PLATFORMS),))
        z = require_shape("conformal.z", self.conformal.z, (tables, len(GRID)))
        place = require_shape("conformal.place", self.conformal.place, (len(PLATFORMS), evidences))
        require_shape("conformal.n", self.conformal.n, (len(PLATFORMS), evidences))
        require_shape("correlation", self.correlation, (tables,))
        totals = require_shape(
            "totals", self.totals, (tables, len(SCALE_GRID), len(DELIVERABLES_GRID), len(GRID))
        )
        require_shape("log_mean", self.log_mean, (tables, len(SCALE_GRID)))
        require_ascending("conformal.z", z)
        require_ascending("totals", totals)
        if place.max() >= tables:
            raise ValueError(f"conformal.place names a table that there is not: there are {tables}")
        if any(
            low > high
            for line in self.linear
            for low, high in zip(line.low, line.high, strict=True)
        ):
            raise ValueError("linear.low lies above linear.high")
        return self


def check_content(schema: type[BaseModel], value: object) -> BaseModel:
    """Give a file's content by its schema. Raises ContentError, which names the first fault."""
    try:
        return schema.model_validate(value)
    except ValidationError as error:
        first, *others = error.errors(include_url=False, include_context=False)
        place = ".".join(
            str(step) for step in first["loc"] if not str(step).startswith(("function-", "list["))
        )
        more = f", and {len(others):,} more fault(s)" if others else ""
        raise ContentError(f"{f'{place}: ' if place else ''}{_worded(first)}{more}") from None


def _worded(fault: dict) -> str:
    words = fault["msg"].removeprefix("Value error, ")
    if fault["type"] == "missing":
        return "it is missing"
    value = fault["input"]
    if isinstance(value, dict | list):
        return (
            f"{words}, not {type(value).__name__} of {len(value):,}"
            if fault["type"] != "value_error"
            else words
        )
    shown = repr(value)
    return f"{shown if len(shown) <= 60 else shown[:57] + '...'} is wrong: {words}"


def require_shape(name: str, values: list, shape: tuple[int, ...]) -> np.ndarray:
    """Give nested lists as an array; None as NaN."""
    try:
        array = np.array(values, dtype=object if values and isinstance(values[0], str) else float)
    except ValueError:
        array = np.empty(0)
    if array.shape != shape:
        raise ValueError(f"{name} must be lists of {' x '.join(map(str, shape))}")
    return array


def require_ascending(name: str, values: np.ndarray) -> None:
    """Raise ValueError where the last axis descends; NaN does not count."""
    if (np.diff(values, axis=-1) < 0).any():
        raise ValueError(f"{name} must not descend from one probability to the next")
