"""Partnerships in the order of a measure: for POST /v1/rank.

- equal values share a rank, the next one counts them all (1, 1, 3), and among themselves they keep
  the order asked
- what has no value of the measure comes last, in the order asked, with the reason; `limit` never
  cuts those
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import orjson
from pydantic import BaseModel, Field, create_model

from serving.http.answer import RequestAnswer
from serving.http.errors import ErrorDetail
from serving.http.request_schema import MAX_PARTNERSHIPS, Envelope, Question
from serving.http.response_schema import Answer, FaultMessage, Result

NO_BENCHMARK = "there is no cost benchmark for such creators"


@dataclass(frozen=True)
class RankingMeasure:
    """What answers can be ordered by: what it tells, and which end is best.

    `required_columns`: fields of the request without which it is missing; `missing_reason`: why
    else it may be.
    """

    meaning: str
    is_highest_best: bool = True
    required_columns: tuple[str, ...] = ()
    missing_reason: str = "the forecast does not give it"

    @property
    def order(self) -> str:
        """Which end comes first, in words."""
        return "highest first" if self.is_highest_best else "lowest first"


_NO_VIEWS = "views are not forecast for that platform and format"
_FEE = ("fee_usd",)
_NO_COST = "the cost has no finite value, see cost_note"
#: By name, which is that of the figure in answers with its place: engagements_p50 is
#: engagements.p50.
RANKING_MEASURES = {
    "fee_headroom": RankingMeasure(
        "break-even fee over fee: above 1 the fee pays",
        required_columns=_FEE,
        missing_reason=NO_BENCHMARK,
    ),
    "break_even_fee_usd": RankingMeasure("the highest fee that pays", missing_reason=NO_BENCHMARK),
    "probability_benchmark": RankingMeasure(
        "that the cost beats the benchmark", required_columns=_FEE, missing_reason=NO_BENCHMARK
    ),
    "probability_target": RankingMeasure(
        "that the cost stays within the target", required_columns=("fee_usd", "target_cpe_usd")
    ),
    "probability_goal": RankingMeasure(
        "that the engagements reach the goal", required_columns=("goal_engagements",)
    ),
    "cpe_usd_p50": RankingMeasure("cost per engagement", False, _FEE, _NO_COST),
    "cpe_usd_p90": RankingMeasure("cost per engagement if it goes badly", False, _FEE, _NO_COST),
    "cpm_usd_p50": RankingMeasure("cost per 1,000 views", False, _FEE, _NO_VIEWS),
    "cpe_index": RankingMeasure(
        "cost per engagement against the benchmark's", False, _FEE, NO_BENCHMARK
    ),
    "fee_usd": RankingMeasure("the fee", False, _FEE),
    "engagements_p50": RankingMeasure("engagements"),
    "engagements_p10": RankingMeasure("engagements if it goes badly"),
    "views_p50": RankingMeasure("views", missing_reason=_NO_VIEWS),
    "engagement_rate_by_followers_p50": RankingMeasure(
        "engagements per follower", missing_reason="the followers are not known"
    ),
    "engagement_rate_by_views_p50": RankingMeasure(
        "engagements per view", missing_reason=_NO_VIEWS
    ),
    "emv_usd_p50": RankingMeasure(
        "earned media value", missing_reason="no value of a like, comment, share or view is given"
    ),
}
#: A measure that is no figure of answers itself -> those whose ratio it is.
RATIOS = {"fee_headroom": ("break_even_fee_usd", "fee_usd")}
#: What is taken where none is named: the first that any partnership has.
DEFAULT_MEASURES = ("fee_headroom", "cpe_usd_p50", "engagements_p50")

_LIMIT = f"a whole number from 1 to {MAX_PARTNERSHIPS:,}"
#: What the fields accept that a ranking adds to a question.
EXPECTED_RANK_VALUES = {"by": f"one of {', '.join(RANKING_MEASURES)}", "limit": _LIMIT}
_ADDED: dict[str, Any] = {
    "by": (
        Literal[tuple(RANKING_MEASURES)] | None,
        Field(
            None,
            description=f"the measure; where none is named the first that any has of {', '.join(DEFAULT_MEASURES)}",
        ),
    ),
    "limit": (
        int | None,
        Field(
            None,
            ge=1,
            le=MAX_PARTNERSHIPS,
            description="ranked results to give; those without a rank always are",
        ),
    ),
}
RankEnvelope: type[BaseModel] = create_model("RankEnvelope", __base__=Envelope, **_ADDED)
RankQuestion: type[BaseModel] = create_model(
    "RankQuestion",
    __base__=Question,
    __doc__="Partnerships to forecast and to put in order.",
    **_ADDED,
)


class Ranked(Result):
    """A result with its rank, or without one and why."""

    rank: int | None = Field(
        description="1 is best; equal values share a rank; null where there is no value"
    )
    value: float | None = Field(description="of the measure")
    unranked: FaultMessage | None = Field(description="why there is no rank")


class Ranking(Answer):
    """The answer to a RankQuestion: best first, those without a value of the measure last."""

    by: str = Field(description=f"the measure: one of {', '.join(RANKING_MEASURES)}")
    order: str = Field(description="highest first or lowest first")
    asked: int
    ranked: int
    results: list[Ranked]


def rank_answer(answered: RequestAnswer, by: str | None = None, limit: int | None = None) -> bytes:
    """Order an answer by a measure, best first, as JSON; `by` None takes the first of
    DEFAULT_MEASURES that any has.
    """
    by = by or next(
        (name for name in DEFAULT_MEASURES if np.isfinite(_figure(answered, name)).any()),
        DEFAULT_MEASURES[-1],
    )
    values = _figure(answered, by)
    measure, known = RANKING_MEASURES[by], np.isfinite(values)
    order = best_first(by, values)[: known.sum()].tolist()
    ranks, ranked = {}, []
    for position, place in enumerate(order[:limit], 1):
        value = float(values[place])
        said = {"rank": ranks.setdefault(value, position), "value": value, "unranked": None}
        ranked.append(_with(said, answered.results[place]))
    last = [
        _with(
            {"rank": None, "value": None, "unranked": asdict(_why(answered, place, by))},
            answered.results[place],
        )
        for place in np.flatnonzero(~known).tolist()
    ]
    head = {"by": by, "order": measure.order, "asked": len(values), "ranked": len(order)}
    return answered.body(head, ranked + last)


def measure_values(by: str, columns: Mapping[str, np.ndarray]) -> np.ndarray:
    """Give a measure of answers, (n,), from their columns; not finite where there is none.

    >>> measure_values("fee_headroom", {"break_even_fee_usd": np.array([900.0]), "fee_usd": np.array([600.0])}).tolist()
    [1.5]
    """
    values = [columns[name] for name in measure_columns(by)]
    with np.errstate(divide="ignore", invalid="ignore"):
        return values[0] if len(values) == 1 else values[0] / values[1]


def measure_columns(by: str) -> tuple[str, ...]:
    """Give the columns that a measure is made of."""
    return RATIOS.get(by, (by,))


def best_first(by: str, values: np.ndarray) -> np.ndarray:
    """Give the places of values of a measure, best first, equals in their order; what is unknown
    comes last.
    """
    known = np.where(np.isfinite(values), values, np.nan)
    return np.argsort(-known if RANKING_MEASURES[by].is_highest_best else known, kind="stable")


def _figure(answered: RequestAnswer, by: str) -> np.ndarray:
    return measure_values(by, answered.columns)


def _with(said: dict, result: bytes) -> bytes:
    return orjson.dumps(said)[1:-1] + b"," + result


def _why(answered: RequestAnswer, place: int, by: str) -> ErrorDetail:
    """Say why a result has no value of a measure; `place`: of its partnership in the request."""
    where, measure = f"partnerships[{place}]", RANKING_MEASURES[by]
    if answered.is_refused[place]:
        return ErrorDetail("not_scored", where, "could not be scored: see its errors")
    for name in measure.required_columns:
        if np.isnan(answered.columns[name][place]):
            return ErrorDetail(
                "missing", f"{where}.{name}", "is missing", f"a value, which {by} needs"
            )
    return ErrorDetail("no_value", where, f"has no {by}: {measure.missing_reason}")
