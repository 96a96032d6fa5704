"""What the JSON files of a bundle must hold: types, ranges, finite numbers, and lists of the right length.

A bundle whose files have the right sha256 may still be wrong inside: whoever edits a file can mend its checksum. What
is checked here is what the loader and the forecasts rely on; that it forecasts well is the backtest's to say.
"""

import re
from collections.abc import Collection
from datetime import datetime
from typing import Annotated, Literal

import numpy as np
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from features.authenticity import PARTS as SIGNS
from features.benchmarks import LEVELS as BENCHMARK_LEVELS
from features.benchmarks import MEASURES
from features.benchmarks import PARTS as CELL
from features.columns import COLUMNS
from features.vocabulary import BAND_EDGES, COUNTED_PARTS, EVIDENCE, FORMATS, NICHES, PLATFORMS, UNKNOWN
from models.conformal import GRID
from models.distribution import DELIVERABLES, SCALES
from models.fee import LEVELS as FEE_LEVELS
from models.fee import LINE
from models.rate_card import ANY, PLACE

TARGETS = ("engagements", "views")
#: A version names a folder, and stands in logs, figures and answers.
VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
#: Logarithms of counts, ratios and rates lie far within; so do sums of counts of up to 1e12, and costs by the thousand.
LARGEST_LOG, LARGEST, MOST = 1e3, 1e18, 10**15


class ContentError(ValueError):
    """A file of a bundle does not hold what it must; the message says where and what, without the file's name."""


def _of(*names: str):
    """Give the type of a text that is one of `names`."""
    return Annotated[str, AfterValidator(lambda text: _one_of(text, names))]


def _one_of(text: str, names: Collection[str]) -> str:
    if text not in names:
        raise ValueError(f"is none of {', '.join(names) if len(names) <= 30 else f'the {len(names)} columns'}")
    return text


def _version(text: str) -> str:
    if not VERSION.fullmatch(text):
        raise ValueError("is no name of a folder: expected up to 128 letters, digits, dots, - and _")
    return text


def _moment(text: str) -> str:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None or not 1970 <= at.year <= 2200:
        raise ValueError("is no moment with a zone between 1970 and 2200")
    return text


Number = Annotated[float, Field(ge=-LARGEST, le=LARGEST)]
Log = Annotated[float, Field(ge=-LARGEST_LOG, le=LARGEST_LOG)]
Amount = Annotated[float, Field(ge=0, le=LARGEST)]
Positive = Annotated[float, Field(gt=0, le=LARGEST)]
Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0, le=MOST)]
Code = Annotated[int, Field(ge=0, le=10**6)]
Moment = Annotated[str, AfterValidator(_moment)]
Platform, Format, Niche = _of(*PLATFORMS), _of(*FORMATS), _of(*NICHES)
PlatformOrAll, Figure = _of(*PLATFORMS, "all"), str | int | float | bool | None


class _Open(BaseModel):
    model_config = ConfigDict(strict=True, allow_inf_nan=False, extra="allow", protected_namespaces=())


class _Closed(BaseModel):
    model_config = ConfigDict(strict=True, allow_inf_nan=False, extra="forbid", protected_namespaces=())


# --- manifest.json ---


class _Sampling(_Open):
    longest_lead_days: Amount


class _Recipe(_Open):
    sampling: _Sampling


class _Judged(_Open):
    __pydantic_extra__: dict[str, Figure]
    split: str
    forecaster: str


class _Covered(_Open):
    __pydantic_extra__: dict[str, Figure]
    split: str
    platform: Platform
    band: str
    evidence: _of(*EVIDENCE)
    fails: bool
    coverage_80: Share


class _Record(_Open):
    table: list[_Judged]
    coverage: list[_Covered] = []


class _Extent(_Open):
    __pydantic_extra__: dict[str, Figure]
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
    targets: list[_of(*TARGETS)]
    columns: list[str]
    sha256: dict[str, str]
    recipe: _Recipe
    created_at: str = ""
    source: str = ""
    data_digest: str = ""
    posts: Count = 0
    accounts: Count = 0
    backtest: _Record = _Record(table=[])
    platforms: dict[Platform, _Extent] = {}

    @model_validator(mode="after")
    def _targets_once(self) -> "Manifest":
        if self.targets[:1] != ["engagements"] or len(set(self.targets)) < len(self.targets):
            raise ValueError("targets must begin with engagements and name none twice")
        return self


# --- reference.json ---


class _Prior(_Closed):
    intercept: Log
    slope: Log
    bend: Log
    without_followers: Log
    niche_effects: dict[Niche, Log]
    creators: Count
    least_followers_log: Log = 0.0


class _Market(_Closed):
    priors: dict[PlatformOrAll, _Prior]
    trust: Positive
    summary_shift: Log
    creators: dict[Platform, Count] | None = None


class _Norm(_Closed):
    median: Log
    scale: Amount


class _Effects(_Closed):
    formats: dict[Platform, dict[Format, Log]]
    sponsored: dict[Platform, Log]


class _ClassifierSettings(_Closed):
    minimum: Count
    strength: Amount
    penalty: Amount
    max_terms: Count


class _Classifier(_Closed):
    niches: list[Niche]
    settings: _ClassifierSettings
    learned: bool
    n_creators: Count
    seeds: dict[str, Annotated[list[Niche], Field(min_length=1)]]
    seed_scale: Log
    base: Annotated[list[Annotated[Positive, Field(le=1)]], Field(min_length=len(NICHES), max_length=len(NICHES))]
    weights: dict[str, Annotated[list[Log], Field(min_length=len(NICHES), max_length=len(NICHES))]]


class ReferenceState(_Closed):
    """reference.json: the market as of the end of training (features.reference)."""

    engagements: _Market
    views: _Market | None
    part_shares: dict[Platform, dict[_of(*COUNTED_PARTS), Share]]
    views_shown: dict[Platform, list[_of(*FORMATS, UNKNOWN)]]
    formats_posted: dict[Platform, list[_of(*FORMATS, UNKNOWN)]]
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
        edges = list(self.band_edges.values())
        if not edges or edges[0] != 0 or edges != sorted(set(edges)):
            raise ValueError("band_edges must ascend from 0")
        return self


# --- engagements.json, views.json ---


class _Line(_Closed):
    middle: list[Number]
    low: list[Number]
    high: list[Number]
    slope: list[Number]
    scale: list[Positive | None]
    intercept: Log


class _Tables(_Closed):
    z: list[list[Log]]
    ceiling: list[Log]
    place: list[list[Code]]
    n: list[list[Count]]


class ForecasterState(_Closed):
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
        for name in (self.offset, self.evidence, self.platform, self.posts, self.mad, *self.leave_out, *self.codes):
            _one_of(name, COLUMNS)
        evidences, tables = len(EVIDENCE), len(self.conformal.ceiling)
        sloped = len([name for name in self.columns if name not in self.codes])
        for name in ("middle", "low", "high", "slope", "scale"):
            _require_shape(f"linear.{name}", [getattr(line, name) for line in self.linear], (evidences, sloped))
        _require_shape("correction", self.correction, (evidences, 2))
        _require_shape("trained", self.trained, (len(PLATFORMS),))
        z = _require_shape("conformal.z", self.conformal.z, (tables, len(GRID)))
        place = _require_shape("conformal.place", self.conformal.place, (len(PLATFORMS), evidences))
        _require_shape("conformal.n", self.conformal.n, (len(PLATFORMS), evidences))
        _require_shape("correlation", self.correlation, (tables,))
        totals = _require_shape("totals", self.totals, (tables, len(SCALES), len(DELIVERABLES), len(GRID)))
        _require_shape("log_mean", self.log_mean, (tables, len(SCALES)))
        _require_ascending("conformal.z", z)
        _require_ascending("totals", totals)
        if place.max() >= tables:
            raise ValueError(f"conformal.place names a table that there is not: there are {tables}")
        if any(low > high for line in self.linear for low, high in zip(line.low, line.high, strict=True)):
            raise ValueError("linear.low lies above linear.high")
        return self


# --- benchmarks.json ---


class BenchmarksState(_Closed):
    """benchmarks.json: the cells of features.benchmarks."""

    cells: list[Annotated[list[str], Field(min_length=len(CELL), max_length=len(CELL))]]
    creators: dict[_of(*MEASURES), list[Count]]
    quantiles: dict[_of(*MEASURES), list[list[Amount | None]]]
    bands: list[str]
    followers: dict[Platform, Annotated[list[Amount], Field(min_length=2, max_length=2)]]

    @model_validator(mode="after")
    def _fits(self) -> "BenchmarksState":
        for cell in self.cells:
            for part, names in zip(cell, (PLATFORMS, self.bands, NICHES, FORMATS), strict=True):
                _one_of(part, ("", *names))
        if self.creators.keys() != set(MEASURES) or self.quantiles.keys() != set(MEASURES):
            raise ValueError(f"creators and quantiles must have {', '.join(MEASURES)}")
        for name in MEASURES:
            _require_shape(f"creators.{name}", self.creators[name], (len(self.cells),))
            if self.cells:
                levels = (len(self.cells), len(BENCHMARK_LEVELS))
                _require_ascending(
                    f"quantiles.{name}", _require_shape(f"quantiles.{name}", self.quantiles[name], levels)
                )
        return self


# --- market_fee.json ---


class _Card(_Closed):
    name: str
    places: list[Annotated[list[str], Field(min_length=len(PLACE), max_length=len(PLACE))]]
    figures: list[list[Positive]]
    sources: list[str]

    @model_validator(mode="after")
    def _fits(self) -> "_Card":
        for place in self.places:
            for part, names in zip(place, ((*PLATFORMS, ANY), BAND_EDGES, (*FORMATS, ANY)), strict=True):
                _one_of(part, names)
        _require_shape("sources", self.sources, (len(self.places),))
        if self.places:
            figures = _require_shape("figures", self.figures, (len(self.places), len(FEE_LEVELS)))
            _require_ascending("figures", figures)
        return self


class _Learned(_Closed):
    middle: Annotated[list[Log], Field(min_length=len(LINE), max_length=len(LINE))]
    line: Annotated[list[Log], Field(min_length=len(LINE) + 2, max_length=len(LINE) + 2)]
    residual: Annotated[list[Log], Field(min_length=len(FEE_LEVELS), max_length=len(FEE_LEVELS))]
    fees: Count
    creators: Count
    error: Amount
    platforms: list[Platform]


class MarketFeeState(_Closed):
    """market_fee.json: the rate card, and what was learned of own deals (models.fee)."""

    card: _Card
    learned: _Learned | None


def check_content(schema: type[BaseModel], value: object) -> BaseModel:
    """Give a file's content by its schema. Raises ContentError, which names the first fault."""
    try:
        return schema.model_validate(value)
    except ValidationError as error:
        first, *others = error.errors(include_url=False, include_context=False)
        place = ".".join(str(step) for step in first["loc"] if not str(step).startswith(("function-", "list[")))
        more = f", and {len(others):,} more fault(s)" if others else ""
        raise ContentError(f"{f'{place}: ' if place else ''}{_worded(first)}{more}") from None


def _worded(fault: dict) -> str:
    words = fault["msg"].removeprefix("Value error, ")
    if fault["type"] == "missing":
        return "it is missing"
    value = fault["input"]
    if isinstance(value, dict | list):
        return f"{words}, not {type(value).__name__} of {len(value):,}" if fault["type"] != "value_error" else words
    shown = repr(value)
    return f"{shown if len(shown) <= 60 else shown[:57] + '...'} is wrong: {words}"


def _require_shape(name: str, values: list, shape: tuple[int, ...]) -> np.ndarray:
    """Give nested lists as an array; None as NaN."""
    try:
        array = np.array(values, dtype=object if values and isinstance(values[0], str) else float)
    except ValueError:
        array = np.empty(0)
    if array.shape != shape:
        raise ValueError(f"{name} must be lists of {' x '.join(map(str, shape))}")
    return array


def _require_ascending(name: str, values: np.ndarray) -> None:
    """Raise ValueError where the last axis descends; NaN does not count."""
    if (np.diff(values, axis=-1) < 0).any():
        raise ValueError(f"{name} must not descend from one probability to the next")
