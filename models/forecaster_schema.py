"""What engagements.json and views.json of a bundle must hold: a forecaster without its boosters."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from features.derive.catalog import COLUMNS
from features.tables.vocabulary import EVIDENCE, PLATFORMS
from models.bundle_schema import (
    Code,
    Count,
    Log,
    Number,
    Positive,
    Share,
    StrictModel,
    check_choice,
    require_ascending,
    require_shape,
)
from models.conformal import GRID
from models.totals import DELIVERABLES_GRID, SCALE_GRID


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
    """TARGET.json: a forecaster without its boosters (models.forecast)."""

    offset: str
    evidence: str
    evidences: Literal[len(EVIDENCE)]  # type: ignore[valid-type]
    platform: str
    platforms: Literal[len(PLATFORMS)]  # type: ignore[valid-type]
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
        """The columns that the corrections see."""
        return [name for name in self.features if name not in self.leave_out]

    @model_validator(mode="after")
    def _check_names(self) -> "ForecasterState":
        if tuple(self.features) != COLUMNS:
            raise ValueError("features are not the columns that this code derives, in their order")
        roles = (self.offset, self.evidence, self.platform, self.posts, self.mad)
        for name in (*roles, *self.leave_out, *self.codes):
            check_choice(name, COLUMNS)
        return self

    @model_validator(mode="after")
    def _check_shapes_of_lines(self) -> "ForecasterState":
        sloped = len([name for name in self.columns if name not in self.codes])
        for name in ("middle", "low", "high", "slope", "scale"):
            values = [getattr(line, name) for line in self.linear]
            require_shape(f"linear.{name}", values, (len(EVIDENCE), sloped))
        return self

    @model_validator(mode="after")
    def _check_tables(self) -> "ForecasterState":
        evidences, platforms = len(EVIDENCE), len(PLATFORMS)
        tables = len(self.conformal.ceiling)
        require_shape("correction", self.correction, (evidences, 2))
        require_shape("trained", self.trained, (platforms,))
        z = require_shape("conformal.z", self.conformal.z, (tables, len(GRID)))
        place = require_shape("conformal.place", self.conformal.place, (platforms, evidences))
        require_shape("conformal.n", self.conformal.n, (platforms, evidences))
        require_shape("correlation", self.correlation, (tables,))
        grids = len(SCALE_GRID), len(DELIVERABLES_GRID), len(GRID)
        totals = require_shape("totals", self.totals, (tables, *grids))
        require_shape("log_mean", self.log_mean, (tables, len(SCALE_GRID)))
        require_ascending("conformal.z", z)
        require_ascending("totals", totals)
        if place.max() >= tables:
            raise ValueError(f"conformal.place names a table that there is not: there are {tables}")
        return self

    @model_validator(mode="after")
    def _check_ranges_of_lines(self) -> "ForecasterState":
        for line in self.linear:
            if any(low > high for low, high in zip(line.low, line.high, strict=True)):
                raise ValueError("linear.low lies above linear.high")
        return self
