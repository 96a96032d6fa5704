"""What this service knows and has, for programs that ask people: the words that requests may use,
currencies, texts, limits, and whether creators are known and forecasts kept.
"""

from pydantic import BaseModel, Field

from features.tables.vocabulary import (
    ENGAGEMENT_DEFINITION,
    EVIDENCE,
    FORMATS,
    HORIZON_DAYS,
    MOST_HORIZON_DAYS,
    NICHES,
    PLATFORM_FORMATS,
    PLATFORM_NAMES,
)
from models.reasons import reason_meanings
from serving.http.model_store import LoadedModel
from serving.http.request_schema import MAX_PARTNERSHIPS, MAX_RECENT_POSTS
from serving.scoring.deal_terms import DEFAULT_CONFIDENCE
from serving.scoring.measures import RANKING_MEASURES
from serving.scoring.verdict import CUT_OFFS, VERDICT_WORDS
from serving.scoring.warning_texts import DOUBTS, TRACK_WARNING_TEXTS, WARNING_TEXTS, warning_text
from serving.settings import Limits

#: The warnings that name a format.
_VIEWS_WARNINGS = {
    name: warning_text(name) for name in (f"views_of_{one}_not_shown" for one in FORMATS)
}
_EVIDENCE_MEANINGS = {
    "history": "past posts",
    "summary": "averages",
    "profile": "followers and niche alone",
}


class PlatformFacts(BaseModel):
    """A platform, and what can be booked on it."""

    name: str = Field(description="as requests and answers have it")
    label: str = Field(description="as people write it")
    formats: list[str] = Field(description="that posts have there")
    engagements: str = Field(description="what counts as engagement there")


class MeasureFacts(BaseModel):
    """A measure that answers can be put in order by."""

    name: str = Field(description="as `by` of /v1/rank takes it")
    meaning: str = Field(description="what it tells")
    is_highest_best: bool = Field(description="which end is best")


class VerdictFacts(BaseModel):
    """A verdict on a fee."""

    name: str = Field(description="as answers have it")
    mark: str = Field(description="a sign that is told apart without colour")
    text: str = Field(description="in words")
    least_probability: float = Field(description="of beating the benchmark or the target")


class HorizonFacts(BaseModel):
    """The days after posting at which counts can be forecast."""

    default: int = Field(description="where none is asked for")
    least: int = Field(description="first day that may be asked for")
    most: int = Field(description="last day that may be asked for")


class LimitFacts(BaseModel):
    """How much one request may hold."""

    partnerships: int = Field(description="of one request")
    recent_posts: int = Field(description="of one partnership")
    body_bytes: int = Field(description="of a body")


class ServiceFacts(BaseModel):
    """What this service knows and has."""

    model_version: str = Field(description="version of the bundle that answers")
    trained_on: str = Field(description="real or simulated data, or published figures")
    creators: int = Field(description="accounts that the service knows by creator_id")
    has_ledger: bool = Field(description="whether forecasts are kept, to be compared later")
    platforms: list[PlatformFacts] = Field(description="that can be forecast")
    bands: dict[str, float] = Field(description="follower band -> its lower edge, in followers")
    niches: list[str] = Field(description="that creators and brands may have")
    currencies: dict[str, float] = Field(description="currency -> USD that one unit is worth")
    measures: list[MeasureFacts] = Field(description="that answers can be put in order by")
    verdicts: list[VerdictFacts] = Field(description="best first")
    evidence: dict[str, str] = Field(description="what a forecast rests on -> in words")
    horizon_days: HorizonFacts = Field(description="days after posting that may be asked for")
    default_confidence: float = Field(
        description="with which the break-even fee pays where a partnership names none"
    )
    limits: LimitFacts = Field(description="how much one request may hold")
    warnings: dict[str, str] = Field(
        description="warning of answers -> its sentence; `<column>_not_used` is not listed"
    )
    doubts: list[str] = Field(
        description="warnings that question what was given, or the verdict itself: they belong "
        "beside the verdict"
    )
    reasons: dict[str, str] = Field(
        description="reason of a forecast -> what it means; `counted on day <n>` is not listed"
    )


def service_facts(loaded: LoadedModel, has_ledger: bool, limits: Limits) -> dict:
    """Return the body of GET /v1/service."""
    scorer = loaded.scorer
    facts = ServiceFacts(
        model_version=loaded.manifest["version"],
        trained_on=loaded.manifest["trained_on"],
        creators=len(scorer.creator_store),
        has_ledger=has_ledger,
        platforms=[
            PlatformFacts(
                name=name,
                label=label,
                formats=list(PLATFORM_FORMATS[name]),
                engagements=ENGAGEMENT_DEFINITION[name],
            )
            for name, label in PLATFORM_NAMES.items()
        ],
        bands=dict(scorer.bundle.reference.band_edges),
        niches=list(NICHES),
        currencies=dict(scorer.rates.usd_per_unit),
        measures=[
            MeasureFacts(name=name, meaning=one.meaning, is_highest_best=one.is_highest_best)
            for name, one in RANKING_MEASURES.items()
        ],
        verdicts=[
            VerdictFacts(name=name, mark=mark, text=text, least_probability=CUT_OFFS[name])
            for name, (mark, text) in VERDICT_WORDS.items()
        ],
        evidence={name: _EVIDENCE_MEANINGS[name] for name in EVIDENCE},
        horizon_days=HorizonFacts(default=HORIZON_DAYS, least=1, most=MOST_HORIZON_DAYS),
        default_confidence=DEFAULT_CONFIDENCE,
        limits=LimitFacts(
            partnerships=MAX_PARTNERSHIPS,
            recent_posts=MAX_RECENT_POSTS,
            body_bytes=limits.body_bytes,
        ),
        warnings=WARNING_TEXTS | TRACK_WARNING_TEXTS | _VIEWS_WARNINGS,
        doubts=list(DOUBTS),
        reasons=reason_meanings(scorer.bundle.reference.horizon_days),
    )
    return facts.model_dump()
