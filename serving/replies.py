"""What is made of the body of a question at each address: an answer, an order, or an answer with its grounds."""

from datetime import datetime

from pydantic import BaseModel

from serving.answers import Answered, answer
from serving.champion import Loaded
from serving.messages import Envelope, ExplainEnvelope, read_envelope
from serving.prospects import Prospects
from serving.ranking import WANTED, RankEnvelope, ranking
from serving.terms import Extras


def predicted(loaded: Loaded, body: bytes, now: datetime) -> tuple[Answered, bytes]:
    """Answer POST /v1/predict: what was found, and as JSON.

    Raises Refused, as all here, where the body is no question or none could be scored.
    """
    found = _answered(loaded, read_envelope(body, Envelope), now)
    return found, found.body()


def explained(loaded: Loaded, body: bytes, now: datetime) -> tuple[Answered, bytes]:
    """Answer POST /v1/explain: as predict, with reasons and comparables unless the question declines them."""
    found = _answered(loaded, read_envelope(body, ExplainEnvelope), now)
    return found, found.body()


def ranked(loaded: Loaded, body: bytes, now: datetime) -> tuple[Answered, bytes]:
    """Answer POST /v1/rank."""
    asked = read_envelope(body, RankEnvelope, WANTED)
    found = _answered(loaded, asked, now)
    return found, ranking(found, asked.by, asked.limit)


def _answered(loaded: Loaded, asked: BaseModel, now: datetime) -> Answered:
    prospects = Prospects.of(asked.partnerships, now)
    return answer(loaded, asked.as_of or now, prospects, Extras(asked.explain, asked.comparables))
