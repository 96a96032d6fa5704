"""The answers to POST requests: forecasts, forecasts with their grounds, or a ranking.

The way of a request: dicts, ProspectBatch, feature matrix, distribution, AnswerTable, JSON.
"""

from datetime import datetime
from typing import Any

from serving.http.answer import RequestAnswer, answer
from serving.http.model_store import LoadedModel
from serving.http.ranking import EXPECTED_RANK_VALUES, RankEnvelope, rank_answer
from serving.http.request_ledger import RequestLedger
from serving.http.request_reader import read_partnerships
from serving.http.request_schema import Envelope, ExplainEnvelope, read_request
from serving.scoring.deal_terms import AnswerOptions


def answer_predict(
    loaded: LoadedModel, body: bytes, now: datetime, ledger: RequestLedger
) -> tuple[RequestAnswer, bytes]:
    """Answer POST /v1/predict; return the answer and its JSON.

    Raises RequestRefused, as all here, where the body is no such request or none could be scored.
    """
    answered = _answer(loaded, read_request(body, Envelope), now, ledger, "predict")
    return answered, answered.body()


def answer_explain(
    loaded: LoadedModel, body: bytes, now: datetime, ledger: RequestLedger
) -> tuple[RequestAnswer, bytes]:
    """Answer POST /v1/explain: as predict, with reasons and comparables unless the request
    declines them.
    """
    answered = _answer(loaded, read_request(body, ExplainEnvelope), now, ledger, "explain")
    return answered, answered.body()


def answer_rank(
    loaded: LoadedModel, body: bytes, now: datetime, ledger: RequestLedger
) -> tuple[RequestAnswer, bytes]:
    """Answer POST /v1/rank."""
    request = read_request(body, RankEnvelope, EXPECTED_RANK_VALUES)
    answered = _answer(loaded, request, now, ledger, "rank")
    return answered, rank_answer(answered, request.by, request.limit)


def _answer(
    loaded: LoadedModel, request: Any, now: datetime, ledger: RequestLedger, door: str
) -> RequestAnswer:
    partnerships = read_partnerships(request.partnerships, now)
    options = AnswerOptions(request.explain, request.comparables, tuple(request.quantiles))
    ledger.begin(door, request.campaign, now, request.keep)
    return answer(loaded, request.as_of or now, partnerships, options, ledger)
