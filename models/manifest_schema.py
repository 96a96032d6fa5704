"""What manifest.json of a bundle must hold."""

import re
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, Field, model_validator

from features.maturation.maturation import MEASURES
from features.tables.vocabulary import TARGETS
from models.bundle_schema import (
    Count,
    Evidence,
    Moment,
    Number,
    OpenModel,
    Platform,
    Share,
    one_of,
    require_ascending,
    require_shape,
)
from models.input_reference import REFERENCE_LEVELS

#: A version names a folder, and stands in logs, figures and answers.
VERSION_PATTERN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
#: Characters of a text of a manifest.
LONGEST_TEXT = 500

MetricValue: TypeAlias = int | float | bool | None
Target: TypeAlias = Annotated[str, one_of(*TARGETS)]
Measure: TypeAlias = Annotated[str, one_of(*MEASURES)]


def _check_version(text: str) -> str:
    if not VERSION_PATTERN.fullmatch(text):
        raise ValueError(
            "is no name of a folder: expected up to 128 letters, digits, dots, - and _"
        )
    return text


def check_printable(value: object) -> None:
    """Raise ValueError for a text or a name, at any depth, that cannot be shown on one line or is
    too long.
    """
    parts = [value]
    while parts:
        part = parts.pop()
        if isinstance(part, dict):
            parts += [*part, *part.values()]
        elif isinstance(part, list):
            parts += part
        elif isinstance(part, str) and not (part.isprintable() and len(part) <= LONGEST_TEXT):
            raise ValueError(
                f"the text {part[:40]!a} is not printable on one line, "
                f"or over {LONGEST_TEXT} characters"
            )


class _Sampling(OpenModel):
    longest_lead_days: Annotated[float, Field(ge=0, le=3650)]


class _Recipe(OpenModel):
    sampling: _Sampling


class _ReportRow(OpenModel):
    __pydantic_extra__: dict[str, MetricValue]
    split: str
    forecaster: str


class _CoverageRow(OpenModel):
    __pydantic_extra__: dict[str, MetricValue]
    split: str
    platform: Platform
    band: str
    evidence: Evidence
    fails: bool
    coverage_80: Share


class _ReliabilityRow(OpenModel):
    __pydantic_extra__: dict[str, MetricValue]
    split: str
    level: Share
    below: Share


class _Backtest(OpenModel):
    table: list[_ReportRow]
    coverage: list[_CoverageRow] = Field(default_factory=list)
    reliability: list[_ReliabilityRow] = Field(default_factory=list)


class _CurveEntry(OpenModel):
    basis: Literal["fitted", "published"]
    posts: Count
    tau_days: Annotated[float, Field(gt=0)]
    gamma: Annotated[float, Field(gt=0)]
    theta: Annotated[float, Field(ge=0)]
    source: str


class _Correlation(OpenModel):
    correlation: Share
    low: Share
    high: Share


class _SharedShock(OpenModel):
    platform: _Correlation
    niche: _Correlation
    n_creators: Count
    n_posts: Count
    windows: Count
    source: str


class _NumberReference(OpenModel):
    missing: Share
    quantiles: list[Number]

    @model_validator(mode="after")
    def _check_quantiles(self) -> "_NumberReference":
        if self.quantiles:
            count = (len(REFERENCE_LEVELS),)
            require_ascending("quantiles", require_shape("quantiles", self.quantiles, count))
        return self


class _PlatformInputs(OpenModel):
    rows: Count
    accounts: Count
    numbers: dict[str, _NumberReference]
    words: dict[str, dict[str, Share]]


class _InputReference(OpenModel):
    platforms: dict[Platform, _PlatformInputs] = Field(default_factory=dict)


class _PlatformExtent(OpenModel):
    __pydantic_extra__: dict[str, MetricValue]
    first_post: Moment | None = None
    until: Moment | None = None
    posts: Count = 0
    calibration: Count = 0
    backtest: Count = 0


class Manifest(OpenModel):
    """manifest.json: what a bundle says of itself. Other entries may be anything."""

    version: Annotated[str, AfterValidator(_check_version)]
    trained_on: Literal["real", "simulated", "published figures"]
    until: Moment
    horizon_days: Annotated[int, Field(ge=1, le=90)]
    maturation: dict[Platform, dict[Measure, _CurveEntry]] = Field(default_factory=dict)
    targets: list[Target]
    columns: list[str]
    sha256: dict[str, str]
    recipe: _Recipe
    created_at: str = ""
    source: str
    data_digest: str
    posts: Count
    accounts: Count = 0
    backtest: _Backtest = _Backtest(table=[])
    platforms: dict[Platform, _PlatformExtent] = Field(default_factory=dict)
    shared_shock: _SharedShock | None = None
    input_reference: _InputReference = _InputReference()

    @model_validator(mode="before")
    @classmethod
    def _check_texts(cls, value: object) -> object:
        check_printable(value)
        return value

    @model_validator(mode="after")
    def _check_targets(self) -> "Manifest":
        if self.targets[:1] != ["engagements"] or len(set(self.targets)) < len(self.targets):
            raise ValueError("targets must begin with engagements and name none twice")
        return self
