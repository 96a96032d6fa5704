"""Partnerships in the order of a measure: for POST /v1/rank.

- equal values share a rank, the next one counts them all (1, 1, 3), and among themselves they keep the order asked
- what has no value of the measure comes last, in the order asked, with the reason; `limit` never cuts those
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import orjson
from pydantic import BaseModel, Field, create_model

from serving.answers import Answered
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

    @property
    def order(self) -> str:
        """Which end comes first, in words."""
        return "highest first" if self.highest else "lowest first"


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


def ranking(answered: Answered, by: str | None = None, limit: int | None = None) -> bytes:
    """Order an answer by a measure, best first, as JSON; `by` None takes the first of DEFAULTS that any has."""
    by = by or next((name for name in DEFAULTS if np.isfinite(_figure(answered, name)).any()), DEFAULTS[-1])
    values = _figure(answered, by)
    measure, known = MEASURES[by], np.isfinite(values)
    order = best_first(by, values)[: known.sum()].tolist()
    ranks, ranked = {}, []
    for position, place in enumerate(order[:limit], 1):
        value = float(values[place])
        said = {"rank": ranks.setdefault(value, position), "value": value, "unranked": None}
        ranked.append(_with(said, answered.results[place]))
    last = [
        _with({"rank": None, "value": None, "unranked": asdict(_why(answered, place, by))}, answered.results[place])
        for place in np.flatnonzero(~known).tolist()
    ]
    head = {"by": by, "order": measure.order, "asked": len(values), "ranked": len(order)}
    return answered.body(head, ranked + last)


def figure_of(by: str, columns: Mapping[str, np.ndarray]) -> np.ndarray:
    """Give a measure of answers, (n,), from their columns; not finite where there is none.

    >>> figure_of("fee_headroom", {"break_even_fee_usd": np.array([900.0]), "fee_usd": np.array([600.0])}).tolist()
    [1.5]
    """
    values = [columns[name] for name in columns_of(by)]
    with np.errstate(divide="ignore", invalid="ignore"):
        return values[0] if len(values) == 1 else values[0] / values[1]


def columns_of(by: str) -> tuple[str, ...]:
    """Give the columns that a measure is made of."""
    return RATIOS.get(by, (by,))


def best_first(by: str, values: np.ndarray) -> np.ndarray:
    """Give the places of values of a measure, best first, equals in their order; what is unknown comes last."""
    known = np.where(np.isfinite(values), values, np.nan)
    return np.argsort(-known if MEASURES[by].highest else known, kind="stable")


def _figure(answered: Answered, by: str) -> np.ndarray:
    return figure_of(by, answered.columns)


def _with(said: dict, result: bytes) -> bytes:
    return orjson.dumps(said)[1:-1] + b"," + result


def _why(answered: Answered, place: int, by: str) -> Fault:
    """Say why a result has no value of a measure; `place`: of its partnership in the request."""
    where, measure = f"partnerships[{place}]", MEASURES[by]
    if answered.refused[place]:
        return Fault("not_scored", where, "could not be scored: see its errors")
    for name in measure.needs:
        if np.isnan(answered.columns[name][place]):
            return Fault("missing", f"{where}.{name}", "is missing", f"a value, which {by} needs")
    return Fault("no_value", where, f"has no {by}: {measure.lacking}")
