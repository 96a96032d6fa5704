"""From a question read to its answer: frames for the scorer, and the scorer's frame as JSON at the places asked.

But: no arithmetic here; the figures are the scorer's.
"""

import re
from dataclasses import asdict
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from features.schema import DTYPES, POSTS, PROSPECTS, TableSpec
from serving.champion import Loaded
from serving.faults import Fault, Refused, error_body
from serving.messages import Row
from serving.terms import Extras
from serving.verdict import CUT_OFFS

#: Columns that answers put into one object: engagements_p50 -> engagements: {p50: ...}.
_PART = re.compile(
    r"(engagements|views|(?:cpe|cpm|cost_per_view|emv)_usd)_(p\d\d|mean)"
    r"|(benchmark)_(.+)|(offer_usd)_(.+)|(market_fee_usd)_(.+)"
)
#: Reasons may quote the request.
LONGEST_REASON = 300
#: Said once for the whole answer: its name there, and in the manifest.
_HEAD = {"model_version": "version", "trained_on": "trained_on"}


class Quantiles(BaseModel):
    """A distribution of a total over the deliverables: quantiles and mean."""

    p05: float
    p10: float
    p25: float
    p50: float
    p75: float
    p90: float
    p95: float
    mean: float | None = Field(description="null where it is not finite")


class Cost(BaseModel):
    """Quantiles of a cost in USD, or of a value; null where one has no finite value, see cost_note."""

    p10: float | None
    p50: float | None
    p90: float | None


class Benchmark(BaseModel):
    """What creators like this one get and cost; null where that is not known."""

    cell: str | None = Field(description="the creators compared with: the finest cell with enough of them")
    creators: float | None
    engagements_p50: float | None = Field(description="what they usually get, of as many deliverables")
    engagement_rate_by_followers_p50: float | None
    cpe_usd: float | None
    cpe_source: str | None = Field(description="own_deals, or rate_card: a card's fee over what they usually get")
    cpe_cell: str | None
    cpe_creators: float | None


class Offer(BaseModel):
    """Fees to open and to walk away at, USD; null where no fee is low enough."""

    open: float | None
    walk_away: float | None


class MarketFees(BaseModel):
    """What such a deal usually costs, USD: own deals' 10, 50 and 90 % quantiles, else the rate card's figures."""

    low: float | None
    typical: float | None
    high: float | None


class Factor(BaseModel):
    """One reason, and what it multiplies the forecast of a post by."""

    reason: str
    factor: float


class Reasons(BaseModel):
    """What accounts of the platform, size and niche get a post, and the factors that lead from there."""

    per_post: float
    factors: list[Factor]


class Comparable(BaseModel):
    """A known creator of the same platform, near in size and niche, and what it got by the day of the forecast."""

    creator_id: str
    followers: float | None
    niche: str | None
    posts: float = Field(description="its last posts that the medians are of")
    engagements_p50: float | None
    views_p50: float | None
    deals: float = Field(description="its partnerships with a known outcome")
    cpe_usd: float | None = Field(description="their median cost per engagement")
    similarity: float


class FaultMessage(BaseModel):
    """One broken rule: the place in the request, what is wrong, what was expected, the value, cut short."""

    where: str
    what: str
    expected: str | None
    got: str | float | bool | None


class Result(BaseModel):
    """The forecast of one partnership, or its errors."""

    model_config = ConfigDict(extra="allow")
    partnership_id: str
    errors: list[FaultMessage] | None = Field(None, description="why there is no forecast; then nothing else is given")
    creator_id: str | None = None
    platform: str | None = None
    band: str | None = None
    niche: str | None = None
    evidence: str | None = Field(None, description="what it rests on: history, summary or profile")
    as_of: datetime | None = None
    start_at: datetime | None = None
    deliverables: float | None = None
    engagements: Quantiles | None = None
    views: Quantiles | None = Field(None, description="null where the platform does not show them")
    engagement_rate_by_followers_p50: float | None = None
    engagement_rate_by_views_p50: float | None = None
    goal_engagements: float | None = None
    probability_goal: float | None = Field(None, description="that the engagements reach the goal")
    fee_usd: float | None = None
    completion_rate: float | None = Field(None, description="as given; without it costs suppose that all is delivered")
    cpe_usd: Cost | None = Field(None, description="per engagement; null without a fee")
    cpm_usd: Cost | None = Field(None, description="per 1,000 views; null without a fee or views")
    cost_per_view_usd: Cost | None = None
    cost_note: str | None = Field(None, description="which cost has no finite value, and why")
    target_cpe_usd: float | None = None
    probability_target: float | None = Field(None, description="that the cost per engagement stays within the target")
    benchmark: Benchmark | None = None
    probability_benchmark: float | None = Field(None, description="that it is at most the benchmark's")
    cpe_index: float | None = Field(None, description="cpe_usd.p50 over the benchmark's, 100 where they are the same")
    cheaper_than_share: float | None = Field(None, description="of the benchmark's creators, those that cost more")
    confidence: float | None = None
    break_even_fee_usd: float | None = Field(None, description="highest fee that beats it with this confidence")
    break_even_against: str | None = Field(None, description="benchmark or target")
    offer_usd: Offer | None = None
    market_fee_usd: MarketFees | None = None
    market_fee_source: str | None = Field(None, description="own_deals or rate_card")
    verdict: str | None = Field(None, description=f"one of {', '.join(CUT_OFFS)}; null without a fee or benchmark")
    sentence: str | None = Field(None, description="the forecast and the verdict in words")
    emv_usd: Cost | None = Field(None, description="earned media value at the values given; null without one")
    emv_source: str | None = None
    reasons: Reasons | None = Field(None, description="where explain asks")
    comparables: list[Comparable] | None = Field(None, description="where comparables asks, most similar first")
    definition: str | None = Field(None, description="what counts as engagement")
    horizon_days: int | None = None
    warnings: list[str] | None = None


class Answer(BaseModel):
    """The answer to a Question: one result a partnership, in the order asked."""

    model_version: str
    trained_on: str = Field(description="simulated or real")
    results: list[Result]


class NoneScored(Refused):
    """No partnership of the request could be scored; `body` has the error and, as ever, each one's own errors."""

    def __init__(self, whole: dict):
        faults = [Fault(**found) for result in whole["results"] for found in result["errors"]]
        super().__init__(422, "none_scored", *faults)
        self.body = {**error_body(self), **whole}


def answer(loaded: Loaded, as_of: datetime, rows: list[Row], extras: Extras) -> dict:
    """Score the rows that have no faults; give the answer with a result or the errors of every row, in order.

    Raises NoneScored where no row could be scored.
    """
    results = [_refusal(row.partnership_id, row.faults) for row in rows]
    good = [number for number, row in enumerate(rows) if row.asked is not None]
    if good:
        scored = _score(loaded, as_of, [rows[number] for number in good], good, extras)
        for number, result in zip(good, scored, strict=True):
            results[number] = result
    whole = {**{key: loaded.manifest[name] for key, name in _HEAD.items()}, "results": results}
    if all("errors" in result for result in results):
        raise NoneScored(whole)
    return whole


def _score(loaded: Loaded, as_of: datetime, rows: list[Row], numbers: list[int], extras: Extras) -> list[dict]:
    moment = pd.Timestamp(as_of).tz_convert("UTC")
    frame, reasons = loaded.scorer.answer(prospects_frame(rows), moment, posts_frame(rows), extras)
    results = records(frame)
    for place, (row, number) in enumerate(zip(rows, numbers, strict=True)):
        if reasons[place]:
            faults = [
                Fault(f"partnerships[{number}]", reason[:LONGEST_REASON], None, None) for reason in reasons[place]
            ]
            results[place] = _refusal(row.partnership_id, faults)
        else:
            results[place] |= {"partnership_id": row.partnership_id, "creator_id": row.asked.creator_id}
    return results


def _refusal(partnership_id: str, faults) -> dict:
    return {"partnership_id": partnership_id, "errors": [asdict(found) for found in faults]}


def prospects_frame(rows: list[Row]) -> pd.DataFrame:
    """Give the partnerships as a frame in PROSPECTS columns and dtypes, one row each, in order."""
    asked = [
        {**row.asked.__dict__, "partnership_id": row.partnership_id, "creator_id": _creator_id(row)} for row in rows
    ]
    return _frame(asked, PROSPECTS)


def posts_frame(rows: list[Row]) -> pd.DataFrame | None:
    """Give all recent_posts as a frame in POSTS columns and dtypes, under the creator_id of `prospects_frame`.

    None where no partnership brings posts. Posts without a post_id are numbered.
    """
    posts = [
        {
            **post.__dict__,
            "post_id": post.post_id or f"recent-{number}",
            "creator_id": _creator_id(row),
            "platform": row.asked.platform,
        }
        for row in rows
        for number, post in enumerate(row.asked.recent_posts or ())
    ]
    return _frame(posts, POSTS) if posts else None


def _creator_id(row: Row) -> str | None:
    """Name the creator; one that brings its own posts gets a name of its own, so that no other row shares them."""
    if not row.asked.recent_posts:
        return row.asked.creator_id
    return f"{row.asked.creator_id or 'inline'} of partnership {row.partnership_id}"


def _frame(rows: list[dict], spec: TableSpec) -> pd.DataFrame:
    return pd.DataFrame({c.name: _series([row[c.name] for row in rows], c.kind) for c in spec.columns})


def _series(values: list, kind: str) -> Any:
    if kind in ("count", "real"):
        return np.array(values, dtype=float)
    return pd.Series(values, dtype=DTYPES[kind])


def records(frame: pd.DataFrame) -> list[dict]:
    """Give the rows of an answer frame as JSON objects: unknown is null, times are ISO in UTC, distributions nested.

    >>> records(pd.DataFrame({"cpe_usd_p10": [0.5, None], "cpe_usd_p50": [1.0, None], "fee_usd": [9.0, None]}))
    [{'cpe_usd': {'p10': 0.5, 'p50': 1.0}, 'fee_usd': 9.0}, {'cpe_usd': None, 'fee_usd': None}]
    """
    columns = {name: _plain(frame[name]) for name in frame if name not in _HEAD}
    groups: dict[str, dict[str, list]] = {}
    flat: dict[str, list | None] = {}
    for name, values in columns.items():
        part = _PART.fullmatch(name)
        if part:
            whole, inner = filter(None, part.groups())
            groups.setdefault(whole, {})[inner] = values
            flat[whole] = None
        else:
            flat[name] = values
    flat |= {name: _nested(parts) for name, parts in groups.items()}
    return [dict(zip(flat, row, strict=True)) for row in zip(*flat.values(), strict=True)]


def _nested(parts: dict[str, list]) -> list[dict | None]:
    rows = zip(*parts.values(), strict=True)
    return [dict(zip(parts, row, strict=True)) if any(v is not None for v in row) else None for row in rows]


def _plain(column: pd.Series) -> list:
    """Give a column as values that JSON has."""
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        return [None if pd.isna(time) else time.isoformat().replace("+00:00", "Z") for time in column]
    if pd.api.types.is_float_dtype(column.dtype):
        values = column.to_numpy(dtype=float, na_value=np.nan)
        return [value if finite else None for value, finite in zip(values.tolist(), np.isfinite(values), strict=True)]
    return [None if pd.api.types.is_scalar(value) and pd.isna(value) else value for value in column.tolist()]
