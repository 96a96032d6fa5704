"""Partnerships in the order of a measure: for POST /v1/rank.

- equal values share a rank, the next one counts them all (1, 1, 3), and among themselves they keep the order asked
- what has no value of the measure comes last, in the order asked, with the reason; `limit` never cuts those
"""

from dataclasses import asdict, dataclass
from typing import Any, Literal

from pydantic import BaseModel, Field, create_model

from serving.faults import Fault
from serving.messages import MAX_PARTNERSHIPS, Envelope, Question
from serving.results import Answer, FaultMessage, Result

NO_BENCHMARK = "there is no cost benchmark for such creators"


@dataclass(frozen=True)
class Measure:
    """What answers can be ordered by: what it tells, and which end is best.

    `needs`: fields of the request without which it is missing; `lacking`: why else it may be.
    """

    meaning: str
    highest: bool = True
    needs: tuple[str, ...] = ()
    lacking: str = "the forecast does not give it"


_NO_VIEWS = "views are not forecast for that platform and format"
_FEE = ("fee_usd",)
_NO_COST = "the cost has no finite value, see cost_note"
#: By name, which is that of the figure in answers with its place: engagements_p50 is engagements.p50.
MEASURES = {
    "fee_headroom": Measure("break-even fee over fee: above 1 the fee pays", needs=_FEE, lacking=NO_BENCHMARK),
    "break_even_fee_usd": Measure("the highest fee that pays", lacking=NO_BENCHMARK),
    "probability_benchmark": Measure("that the cost beats the benchmark", needs=_FEE, lacking=NO_BENCHMARK),
    "probability_target": Measure("that the cost stays within the target", needs=("fee_usd", "target_cpe_usd")),
    "probability_goal": Measure("that the engagements reach the goal", needs=("goal_engagements",)),
    "cpe_usd_p50": Measure("cost per engagement", False, _FEE, _NO_COST),
    "cpe_usd_p90": Measure("cost per engagement if it goes badly", False, _FEE, _NO_COST),
    "cpm_usd_p50": Measure("cost per 1,000 views", False, _FEE, _NO_VIEWS),
    "cpe_index": Measure("cost per engagement against the benchmark's", False, _FEE, NO_BENCHMARK),
    "fee_usd": Measure("the fee", False, _FEE),
    "engagements_p50": Measure("engagements"),
    "engagements_p10": Measure("engagements if it goes badly"),
    "views_p50": Measure("views", lacking=_NO_VIEWS),
    "engagement_rate_by_followers_p50": Measure("engagements per follower", lacking="the followers are not known"),
    "engagement_rate_by_views_p50": Measure("engagements per view", lacking=_NO_VIEWS),
    "emv_usd_p50": Measure("earned media value", lacking="no value of a like, comment, share or view is given"),
}
#: A measure that is no figure of answers itself -> those whose ratio it is.
RATIOS = {"fee_headroom": ("break_even_fee_usd", "fee_usd")}
#: What is taken where none is named: the first that any partnership has.
DEFAULTS = ("fee_headroom", "cpe_usd_p50", "engagements_p50")

_LIMIT = f"a whole number from 1 to {MAX_PARTNERSHIPS:,}"
#: What the fields accept that a ranking adds to a question.
WANTED = {"by": f"one of {', '.join(MEASURES)}", "limit": _LIMIT}
_ADDED: dict[str, Any] = {
    "by": (
        Literal[tuple(MEASURES)] | None,
        Field(None, description=f"the measure; where none is named the first that any has of {', '.join(DEFAULTS)}"),
    ),
    "limit": (
        int | None,
        Field(None, ge=1, le=MAX_PARTNERSHIPS, description="ranked results to give; those without a rank always are"),
    ),
}
RankEnvelope: type[BaseModel] = create_model("RankEnvelope", __base__=Envelope, **_ADDED)
RankQuestion: type[BaseModel] = create_model(
    "RankQuestion", __base__=Question, __doc__="Partnerships to forecast and to put in order.", **_ADDED
)


class Ranked(Result):
    """A result with its rank, or without one and why."""

    rank: int | None = Field(description="1 is best; equal values share a rank; null where there is no value")
    value: float | None = Field(description="of the measure")
    unranked: FaultMessage | None = Field(description="why there is no rank")


class Ranking(Answer):
    """The answer to a RankQuestion: best first, those without a value of the measure last."""

    by: str = Field(description=f"the measure: one of {', '.join(MEASURES)}")
    order: str = Field(description="highest first or lowest first")
    asked: int
    ranked: int
    results: list[Ranked]


def ranking(answer: dict, by: str | None = None, limit: int | None = None) -> dict:
    """Order the results of an answer by a measure, best first; `by` None takes the first of DEFAULTS that any has."""
    results = answer["results"]
    by = by or next(
        (name for name in DEFAULTS if any(value_of(one, name) is not None for one in results)), DEFAULTS[-1]
    )
    measure, values = MEASURES[by], [value_of(one, by) for one in results]
    sign = -1 if measure.highest else 1
    known = sorted((place for place, value in enumerate(values) if value is not None), key=lambda n: sign * values[n])
    ranked, ranks = [], {}
    for position, place in enumerate(known[:limit], 1):
        rank = ranks.setdefault(values[place], position)
        ranked.append({"rank": rank, "value": values[place], "unranked": None, **results[place]})
    last = [
        {"rank": None, "value": None, "unranked": asdict(_why(one, place, by)), **one}
        for place, one in enumerate(results)
        if values[place] is None
    ]
    order = "highest first" if measure.highest else "lowest first"
    counts = {"asked": len(results), "ranked": len(known)}
    return {**answer, "by": by, "order": order, **counts, "results": ranked + last}


def value_of(result: dict, name: str) -> float | None:
    """Give the value of a measure in a result, None where it has none.

    >>> value_of({"break_even_fee_usd": 900.0, "fee_usd": 600.0}, "fee_headroom")
    1.5
    """
    if name in RATIOS:
        above, below = map(result.get, RATIOS[name])
        return None if above is None or below is None else above / below
    if name in result:
        return result[name]
    group, _, part = name.rpartition("_")
    return (result.get(group) or {}).get(part)


def _why(result: dict, place: int, by: str) -> Fault:
    """Say why a result has no value of a measure; `place`: of its partnership in the request."""
    where, measure = f"partnerships[{place}]", MEASURES[by]
    if result.get("errors"):
        return Fault(where, "could not be scored: see its errors", None, None)
    for name in measure.needs:
        if result.get(name) is None:
            return Fault(f"{where}.{name}", "is missing", f"a value, which {by} needs", None)
    return Fault(where, f"has no {by}: {measure.lacking}", None, None)
