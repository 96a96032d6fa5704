"""Partnerships in the order of a measure: for POST /v1/rank.

- equal values share a rank, the next one counts them all (1, 1, 3), and among themselves they keep
  the order of the request
- partnerships without a value of the measure come last, in the order of the request, with the
  reason; `limit` never cuts those
"""

from collections.abc import Iterator
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, Field, create_model

from serving.http.answer import RequestAnswer
from serving.http.errors import ErrorDetail
from serving.http.request_schema import MAX_PARTNERSHIPS, Envelope, Question
from serving.http.response_json import encode_fields
from serving.http.response_schema import Answer, FaultMessage, Result
from serving.scoring.measures import DEFAULT_MEASURES, RANKING_MEASURES, best_first, measure_values

_LIMIT = f"a whole number from 1 to {MAX_PARTNERSHIPS:,}"
#: What the fields accept that a ranking adds to a request.
EXPECTED_RANK_VALUES = {"by": f"one of {', '.join(RANKING_MEASURES)}", "limit": _LIMIT}
_ADDED: dict[str, Any] = {
    "by": (
        Literal[tuple(RANKING_MEASURES)] | None,
        Field(
            None,
            description="the measure; where none is named the first that any has of "
            + ", ".join(DEFAULT_MEASURES),
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
    asked: int = Field(description="partnerships of the request")
    ranked: int = Field(description="those with a rank, also those that `limit` cuts")
    results: list[Ranked] = Field(  # type: ignore[assignment]  # each Ranked is a Result
        description="best first, at most `limit` of them; then those without a rank"
    )


def rank_answer(answer: RequestAnswer, by: str | None = None, limit: int | None = None) -> bytes:
    """Return an answer as JSON in the order of a measure, best first.

    `by` None takes the first of DEFAULT_MEASURES that any partnership has; `limit`: the most ranked
    results.
    """
    by = by or _default_measure(answer)
    values = measure_values(by, answer.columns)
    has_value = np.isfinite(values)
    order = best_first(by, values)[: has_value.sum()].tolist()
    results = [*_ranked_results(answer, values, order[:limit])]
    for position in np.flatnonzero(~has_value).tolist():
        reason = _missing_reason(answer, position, by)
        results.append(_with_rank(answer.results[position], None, None, reason))
    measure = RANKING_MEASURES[by]
    head = {"by": by, "order": measure.order, "asked": len(values), "ranked": len(order)}
    return answer.body(head, results)


def _default_measure(answer: RequestAnswer) -> str:
    for name in DEFAULT_MEASURES:
        if np.isfinite(measure_values(name, answer.columns)).any():
            return name
    return DEFAULT_MEASURES[-1]


def _ranked_results(answer: RequestAnswer, values: np.ndarray, order: list[int]) -> Iterator[bytes]:
    """Yield the results at the positions `order`, best first; equal values share a rank."""
    ranks: dict[float, int] = {}
    for number, position in enumerate(order, 1):
        value = float(values[position])
        rank = ranks.setdefault(value, number)
        yield _with_rank(answer.results[position], rank, value, None)


def _with_rank(
    result: bytes, rank: int | None, value: float | None, unranked: ErrorDetail | None
) -> bytes:
    """Return the JSON fields of a result with those of its rank before them."""
    return encode_fields({"rank": rank, "value": value, "unranked": unranked}) + b"," + result


def _missing_reason(answer: RequestAnswer, position: int, by: str) -> ErrorDetail:
    """Return why the result of a partnership has no value of a measure."""
    where, measure = f"partnerships[{position}]", RANKING_MEASURES[by]
    if answer.is_refused[position]:
        return ErrorDetail("not_scored", where, "could not be scored: see its errors")
    for name in measure.required_columns:
        if np.isnan(answer.columns[name][position]):
            expected = f"a value, which {by} needs"
            return ErrorDetail("missing", f"{where}.{name}", "is missing", expected)
    return ErrorDetail("no_value", where, f"has no {by}: {measure.missing_reason}")
