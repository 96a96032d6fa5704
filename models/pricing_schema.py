"""What benchmarks.json and market_fee.json of a bundle must hold."""

from typing import Annotated, TypeAlias

from pydantic import Field, model_validator

from features.segments import MEASURES, SEGMENT_KEYS
from features.segments import QUANTILE_LEVELS as BENCHMARK_LEVELS
from features.tables.vocabulary import BAND_EDGES, FORMATS, NICHES, PLATFORMS
from models.bundle_schema import (
    Amount,
    Count,
    Log,
    Platform,
    StrictModel,
    check_choice,
    one_of,
    require_ascending,
    require_shape,
)
from models.fee import FEE_LEVELS, LINE_COLUMNS
from models.rate_card import ANY, RATE_CARD_KEY

#: The largest values that training can give: sums of counts of up to 1e12, over one follower or
#: half a view;
#: fees up to 1e9 USD.
MAX_OF_MEASURE = {
    "engagements": 4e12,
    "views": 2e12,
    "engagement_rate_by_followers": 1e13,
    "engagement_rate_by_views": 1e13,
    "cpe_usd": 1e9,
    "cpm_usd": 1e12,
}

Measure: TypeAlias = Annotated[str, one_of(*MEASURES)]


def _least(rows: list[list[float | None]]) -> float:
    return min((value for row in rows for value in row if value is not None), default=1.0)


def _most(rows: list[list[float | None]]) -> float:
    return max((value for row in rows for value in row if value is not None), default=1.0)


# --- benchmarks.json ---


class BenchmarksState(StrictModel):
    """benchmarks.json: the segments of features.segments."""

    cells: list[
        Annotated[list[str], Field(min_length=len(SEGMENT_KEYS), max_length=len(SEGMENT_KEYS))]
    ]
    creators: dict[Measure, list[Count]]
    quantiles: dict[Measure, list[list[Amount | None]]]
    bands: list[str]
    followers: dict[Platform, Annotated[list[Amount], Field(min_length=2, max_length=2)]]
    is_counted: bool = True

    @model_validator(mode="after")
    def _fits(self) -> "BenchmarksState":
        for segment in self.cells:
            for part, names in zip(segment, (PLATFORMS, self.bands, NICHES, FORMATS), strict=True):
                check_choice(part, ("", *names))
        if self.creators.keys() != set(MEASURES) or self.quantiles.keys() != set(MEASURES):
            raise ValueError(f"creators and quantiles must have {', '.join(MEASURES)}")
        for name in MEASURES:
            require_shape(f"creators.{name}", self.creators[name], (len(self.cells),))
            least, most = (limit(self.quantiles[name]) for limit in (_least, _most))
            if not (least > 0 and most <= MAX_OF_MEASURE[name]):
                raise ValueError(
                    f"quantiles.{name} go from {least:g} to {most:g}, "
                    f"expected above 0 to {MAX_OF_MEASURE[name]:g}"
                )
            if self.cells:
                shape = (len(self.cells), len(BENCHMARK_LEVELS))
                levels = require_shape(f"quantiles.{name}", self.quantiles[name], shape)
                require_ascending(f"quantiles.{name}", levels)
        return self


# --- market_fee.json ---


class _Card(StrictModel):
    name: str
    places: list[
        Annotated[list[str], Field(min_length=len(RATE_CARD_KEY), max_length=len(RATE_CARD_KEY))]
    ]
    figures: list[list[Annotated[float, Field(ge=1e-9, le=1e12)]]]
    sources: list[str]

    @model_validator(mode="after")
    def _fits(self) -> "_Card":
        for place in self.places:
            for part, names in zip(
                place, ((*PLATFORMS, ANY), BAND_EDGES, (*FORMATS, ANY)), strict=True
            ):
                check_choice(part, names)
        require_shape("sources", self.sources, (len(self.places),))
        if self.places:
            figures = require_shape("figures", self.figures, (len(self.places), len(FEE_LEVELS)))
            require_ascending("figures", figures)
        return self


class _Learned(StrictModel):
    middle: Annotated[list[Log], Field(min_length=len(LINE_COLUMNS), max_length=len(LINE_COLUMNS))]
    line: Annotated[
        list[Log], Field(min_length=len(LINE_COLUMNS) + 2, max_length=len(LINE_COLUMNS) + 2)
    ]
    residual: Annotated[list[Log], Field(min_length=len(FEE_LEVELS), max_length=len(FEE_LEVELS))]
    fees: Count
    creators: Count
    error: Amount
    platforms: list[Platform]


class MarketFeeState(StrictModel):
    """market_fee.json: the rate card, and what was learned of the user's own deals (models.fee)."""

    card: _Card
    learned: _Learned | None
