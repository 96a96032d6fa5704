"""A client of the service: needs httpx alone, and nothing of the rest of the project.

>>> with Client("http://127.0.0.1:3000") as client:  # doctest: +SKIP
...     answer = client.predict([{"platform": "instagram", "followers": 25_000, "fee_usd": 450}])
...     answer["results"][0]["engagements"]["p50"]
"""

from serving.client.client import Client, Retries, ServiceError
from serving.client.types import (
    Answer,
    Cost,
    Creator,
    Error,
    Feature,
    PackagePart,
    Partnership,
    Plan,
    PlanFigures,
    PlannedFee,
    PlanPartnership,
    PlanTotal,
    PublishedPost,
    Quantiles,
    Ranked,
    Ranking,
    Reading,
    RecentPost,
    Result,
    RosterEntry,
    TrackAnswer,
    TrackedPartnership,
    TrackedTotal,
    TrackResult,
)

__all__ = [
    "Answer",
    "Client",
    "Cost",
    "Creator",
    "Error",
    "Feature",
    "PackagePart",
    "Partnership",
    "Plan",
    "PlanFigures",
    "PlanPartnership",
    "PlanTotal",
    "PlannedFee",
    "PublishedPost",
    "Quantiles",
    "Ranked",
    "Ranking",
    "Reading",
    "RecentPost",
    "Result",
    "Retries",
    "RosterEntry",
    "ServiceError",
    "TrackAnswer",
    "TrackResult",
    "TrackedPartnership",
    "TrackedTotal",
]
