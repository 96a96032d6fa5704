"""What reference.json of a bundle must hold."""

from datetime import datetime
from typing import Annotated, TypeAlias

from pydantic import Field, model_validator

from features.derive.authenticity import AUTHENTICITY_PARTS
from features.maturation.maturation import MEASURES
from features.tables.vocabulary import ALL_ENGAGEMENT_PARTS, FORMATS, NICHES, UNKNOWN
from models.bundle_schema import (
    Amount,
    Count,
    Format,
    Level,
    Log,
    Moment,
    Niche,
    Platform,
    PlatformOrAll,
    Positive,
    Share,
    StrictModel,
    one_of,
)

#: The medians of three parts of one whole add up to 1.5 at most.
MOST_PART_SHARES = 1.5 + 1e-6

Measure: TypeAlias = Annotated[str, one_of(*MEASURES)]
EngagementPart: TypeAlias = Annotated[str, one_of(*ALL_ENGAGEMENT_PARTS)]
FormatOrUnknown: TypeAlias = Annotated[str, one_of(*FORMATS, UNKNOWN)]


class _Prior(StrictModel):
    intercept: Log
    slope: Log
    bend: Log
    without_followers: Level
    niche_effects: dict[Niche, Level]
    creators: Count
    least_followers_log: Log = 0.0
    knot: Log | None = None


class _Market(StrictModel):
    priors: dict[PlatformOrAll, _Prior]
    trust: Positive
    summary_shift: Log
    creators: dict[Platform, Count] | None = None
    summary_shifts: dict[Platform, Log] | None = None


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


class _MaturationCurve(StrictModel):
    tau_days: Annotated[float, Field(ge=1e-6, le=1e4)]
    gamma: Annotated[float, Field(ge=1e-6, le=1e3)]
    theta: Annotated[float, Field(ge=0, le=100)]
    posts: Count
    source: str


class ReferenceState(StrictModel):
    """reference.json: the market as of the end of training (features.derive.market_priors)."""

    engagements: _Market
    views: _Market | None
    part_shares: dict[Platform, dict[EngagementPart, Share]]
    views_shown: dict[Platform, list[FormatOrUnknown]]
    formats_posted: dict[Platform, list[FormatOrUnknown]]
    platforms_until: dict[Platform, Moment]
    norms: dict[PlatformOrAll, dict[str, _Norm]]
    effects: _Effects
    niche_classifier: _Classifier
    sponsored_posts: Count
    until: Moment
    creators: Count
    horizon_days: Annotated[int, Field(ge=1, le=90)]
    maturation: dict[Platform, dict[Measure, _MaturationCurve]]
    band_edges: dict[str, Count]
    platforms: list[str]
    formats: list[str]
    niches: list[str]

    @model_validator(mode="after")
    def _check_all_present(self) -> "ReferenceState":
        if "all" not in self.engagements.priors:
            raise ValueError("engagements.priors lacks all")
        if self.views is not None and "all" not in self.views.priors:
            raise ValueError("views.priors lacks all")
        if "all" not in self.norms:
            raise ValueError("norms lacks all")
        return self

    @model_validator(mode="after")
    def _check_norms(self) -> "ReferenceState":
        signs = {sign for sign, _, _ in AUTHENTICITY_PARTS.values()}
        for name, norms in self.norms.items():
            lacking = signs - set(norms)
            if lacking:
                raise ValueError(f"norms.{name} lacks {', '.join(sorted(lacking))}")
        return self

    @model_validator(mode="after")
    def _check_part_shares(self) -> "ReferenceState":
        for name, shares in self.part_shares.items():
            if sum(shares.values()) > MOST_PART_SHARES:
                raise ValueError(f"part_shares.{name} are more than parts of one whole")
        return self

    @model_validator(mode="after")
    def _check_platforms_until(self) -> "ReferenceState":
        creators = self.engagements.creators
        if creators is not None and self.platforms_until.keys() != creators.keys():
            raise ValueError("platforms_until must name the platforms that have creators")
        latest = datetime.fromisoformat(self.until)
        if any(datetime.fromisoformat(at) > latest for at in self.platforms_until.values()):
            raise ValueError("platforms_until must not lie after until")
        return self

    @model_validator(mode="after")
    def _check_band_edges(self) -> "ReferenceState":
        edges = list(self.band_edges.values())
        if not edges or edges[0] != 0 or edges != sorted(set(edges)):
            raise ValueError("band_edges must ascend from 0")
        return self
