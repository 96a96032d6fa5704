"""One forecast as the ledger keeps it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

#: Probabilities of the quantiles by which the ledger keeps a distribution.
LEVELS = (
    *(0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5),
    *(0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.975, 0.99, 0.995),
)
#: The commands and endpoints that make forecasts.
DOORS = ("predict", "rank", "explain", "plan", "track", "score")


@dataclass(frozen=True)
class ForecastEntry:
    """A forecast of the total of one partnership, or of one post that is online.

    Moments are microseconds UTC. None where something is unknown.

    - `forecast_id`: 32 hex digits, of a row of a list always the same (serving/ledger_entries.py)
    - `door`: one of DOORS; `key_name`: the name of the API key that asked; `campaign`: as the user
      names it
    - `post_id`: of a running post (door track), whose forecast is conditional on its readings
    - `question`: what was asked, as a row of the list or a partnership of the request
    - `features_digest`: of the row of derived columns that the model saw
    - `inputs`: the values of models.monitored_inputs.MONITORED_INPUTS, by which drift is measured
    - `location`, `scale`: of ln(1 + engagements) of one deliverable at the forecast's horizon,
      before the conformal table; None where the forecast is no single table (packages, bounded by
      views, in part, running posts): such a forecast cannot recalibrate
    - `engagements`, `views`: quantiles of the total at LEVELS; the means beside them
    - `alternative_engagements`: the total by the rule that planning tools use, deliverables times
      the average of the last 12 posts; None where the creator has none
    """

    forecast_id: str
    made_at: int
    as_of: int
    door: str
    platform: str
    evidence: str
    horizon_days: float
    model_version: str
    trained_on: str
    features_version: int
    features_digest: str
    engagements: tuple[float, ...]
    engagements_mean: float
    question: Mapping[str, Any]
    deliverables: float = 1.0
    key_name: str | None = None
    campaign: str | None = None
    partnership_id: str | None = None
    creator_id: str | None = None
    handle: str | None = None
    post_id: str | None = None
    start_at: int | None = None
    format: str | None = None
    package: str | None = None
    completion_rate: float | None = None
    band: str | None = None
    niche: str | None = None
    followers: float | None = None
    location: float | None = None
    scale: float | None = None
    views: tuple[float, ...] | None = None
    views_mean: float | None = None
    alternative_engagements: float | None = None
    fee_usd: float | None = None
    fee: float | None = None
    currency: str | None = None
    benchmark_cpe_usd: float | None = None
    probability_benchmark: float | None = None
    break_even_fee_usd: float | None = None
    goal_engagements: float | None = None
    probability_goal: float | None = None
    verdict: str | None = None
    inputs: Mapping[str, float | str | None] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
