"""What is answered of a tracked partnership and of each of its posts."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from features.tables.currency import USD

#: What an answer without a model was trained on.
NO_MODEL = "none"
#: The quantiles of answers, by name.
QUANTILES = {"p10": 0.10, "p25": 0.25, "p50": 0.50, "p75": 0.75, "p90": 0.90}


@dataclass(frozen=True)
class ModelOfAnswer:
    """What an answer was made by: `model_version`, None without a model; `trained_on`: simulated,
    real, published figures, or NO_MODEL; `as_of`: the moment of the forecast, microseconds UTC.
    """

    model_version: str | None
    trained_on: str
    as_of: int


@dataclass(frozen=True)
class MaturationSource:
    """The curve that was used: `basis` is fitted or published; `posts`: those that it was fitted
    to; `source`: of the published figures.
    """

    basis: str
    posts: int
    source: str


@dataclass(frozen=True)
class UsableReading:
    """A count of a post at an age in days."""

    age_days: float
    count: float


@dataclass(frozen=True)
class PostMeasure:
    """One measure of a post.

    - `count`, `age_days`, `observed_at` (microseconds UTC): the reading that was used last
    - `horizon`: quantiles of the count at the horizon, by name
    - `share_reached`: the present count over the median at the horizon
    - `day_90`: days after posting by which 90 % of that median are there; None where the count is
      0 and there is no forecast
    - `pace`: the share of the forecast made before that lies below the present count
    - `forecast`: quantiles of the forecast made before, at the horizon
    - `readings`: all usable ones, the earliest first
    """

    count: float
    age_days: float
    horizon: Mapping[str, float]
    share_reached: float | None
    day_90: float | None
    pace: float | None
    forecast: Mapping[str, float] | None
    maturation_source: MaturationSource
    readings: tuple[UsableReading, ...] = ()


@dataclass(frozen=True)
class PostAnswer:
    """A deliverable that is online; `fault`: why its readings could not be used, else None."""

    post_id: str
    format: str | None
    posted_at: int
    is_over: bool
    measures: Mapping[str, PostMeasure | None]
    sentence: str
    warnings: tuple[str, ...] = ()
    fault: str | None = None


@dataclass(frozen=True)
class TotalMeasure:
    """One measure of all deliverables: `count` at present, of those that were read; quantiles at
    the horizon, None with the `reason`; the share of the median that is there; the forecast made
    before of the deliverables that were booked.
    """

    count: float | None
    horizon: Mapping[str, float] | None
    share_reached: float | None
    mean: float | None
    forecast: Mapping[str, float] | None
    reason: str | None = None


@dataclass(frozen=True)
class PartnershipAnswer:
    """A tracked partnership.

    `deliverables`: booked, or online where more are; `booked`: None where it was not said; `read`:
    those online of which the measure was read that the sentence tells: engagements, and views where
    they were read of no post; `forecast_source`: given, model, or None with `forecast_reason`;
    `make_good_source`: given, or half of the forecast's median; `make_good_reason`: why there is no
    probability of staying below that line; `model`: what made the answer, and as of when; `fee`,
    `currency`, `cpe`: fee and costs in the currency that the fee was given in, None where it was
    given in no currency of its own.
    """

    partnership_id: str
    creator_id: str | None
    platform: str
    horizon_days: float
    deliverables: int
    booked: int | None
    published: int
    read: int
    posts: tuple[PostAnswer, ...]
    totals: Mapping[str, TotalMeasure]
    definition: str
    forecast_source: str | None
    forecast_evidence: str | None
    forecast_reason: str | None
    goal_engagements: float | None
    probability_goal: float | None
    make_good_engagements: float | None
    make_good_source: str | None
    probability_make_good: float | None
    make_good_reason: str | None
    fee_usd: float | None
    cpe_usd: Mapping[str, float | None] | None
    sentence: str
    model: ModelOfAnswer
    warnings: tuple[str, ...] = ()
    fee: float | None = None
    currency: str | None = None
    cpe: Mapping[str, float | None] | None = None

    @property
    def told_fee(self) -> tuple[float | None, Mapping[str, float | None] | None, str]:
        """Fee, costs per engagement and their currency, as people are told them: in the currency
        of the fee, else in USD.
        """
        if self.fee is not None and self.currency is not None:
            return self.fee, self.cpe, self.currency
        return self.fee_usd, self.cpe_usd, USD


@dataclass(frozen=True)
class Rejection:
    """A partnership that cannot be answered, and why; `posts`: faults of posts, by position."""

    partnership_id: str
    column: str
    reasons: tuple[str, ...]
    posts: Mapping[int, str] = field(default_factory=dict)
