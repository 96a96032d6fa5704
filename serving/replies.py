"""What is made of the body of a question at each address: an answer, an order, or an answer with its grounds."""

from datetime import datetime

from serving.answers import answer
from serving.champion import Loaded
from serving.messages import ExplainEnvelope, question_of, read_envelope, read_question
from serving.ranking import WANTED, RankEnvelope, ranking


def predicted(loaded: Loaded, body: bytes, now: datetime) -> dict:
    """Answer POST /v1/predict. Raises Refused, as all here, where the body is no question or none could be scored."""
    return answer(loaded, *read_question(body, now))


def explained(loaded: Loaded, body: bytes, now: datetime) -> dict:
    """Answer POST /v1/explain: as predict, with reasons and comparables unless the question declines them."""
    return answer(loaded, *question_of(read_envelope(body, ExplainEnvelope), now))


def ranked(loaded: Loaded, body: bytes, now: datetime) -> dict:
    """Answer POST /v1/rank."""
    asked = read_envelope(body, RankEnvelope, WANTED)
    return ranking(answer(loaded, *question_of(asked, now)), asked.by, asked.limit)
