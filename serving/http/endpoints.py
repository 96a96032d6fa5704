"""What is made of the body of a question at each address: an answer, an order, or an answer with
its grounds.
"""

from datetime import datetime

from pydantic import BaseModel

from serving.http.answer import RequestAnswer, answer
from serving.http.model_store import LoadedModel
from serving.http.ranking import EXPECTED_RANK_VALUES, RankEnvelope, rank_answer
from serving.http.request_reader import ParsedRequest
from serving.http.request_schema import Envelope, ExplainEnvelope, read_request
from serving.scoring.deal_terms import AnswerOptions


def answer_predict(loaded: LoadedModel, body: bytes, now: datetime) -> tuple[RequestAnswer, bytes]:
    """Answer POST /v1/predict: what was found, and as JSON.

    Raises Refused, as all here, where the body is no question or none could be scored.
    """
    found = _answered(loaded, read_request(body, Envelope), now)
    return found, found.body()


def answer_explain(loaded: LoadedModel, body: bytes, now: datetime) -> tuple[RequestAnswer, bytes]:
    """Answer POST /v1/explain: as predict, with reasons and comparables unless the question
    declines them.
    """
    found = _answered(loaded, read_request(body, ExplainEnvelope), now)
    return found, found.body()


def answer_rank(loaded: LoadedModel, body: bytes, now: datetime) -> tuple[RequestAnswer, bytes]:
    """Answer POST /v1/rank."""
    asked = read_request(body, RankEnvelope, EXPECTED_RANK_VALUES)
    found = _answered(loaded, asked, now)
    return found, rank_answer(found, asked.by, asked.limit)


def _answered(loaded: LoadedModel, asked: BaseModel, now: datetime) -> RequestAnswer:
    prospects = ParsedRequest.of(asked.partnerships, now)
    return answer(
        loaded, asked.as_of or now, prospects, AnswerOptions(asked.explain, asked.comparables)
    )
