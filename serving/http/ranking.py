"""Partnerships in the order of a measure: for POST /v1/rank.

- equal values share a rank, the next one counts them all (1, 1, 3), and among themselves they keep
  the order asked
- what has no value of the measure comes last, in the order asked, with the reason; `limit` never
  cuts those
"""

from dataclasses import asdict
from typing import Any, Literal

import numpy as np
import orjson
from pydantic import BaseModel, Field, create_model

from serving.http.answer import RequestAnswer
from serving.http.errors import ErrorDetail
from serving.http.request_schema import MAX_PARTNERSHIPS, Envelope, Question
from serving.http.response_schema import Answer, FaultMessage, Result
from serving.scoring.measures import DEFAULT_MEASURES, RANKING_MEASURES, best_first, measure_values

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
