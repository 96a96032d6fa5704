"""The answer to POST /v1/track: the tracker's answers as JSON, at the places of the request."""

from datetime import datetime
from functools import partial

import numpy as np

from serving.http.answer import NoneScored, RequestAnswer
from serving.http.errors import ErrorDetail, field_path
from serving.http.model_store import LoadedModel
from serving.http.request_ledger import RequestLedger
from serving.http.request_schema import read_request
from serving.http.response_json import encode_fields
from serving.http.track_reader import read_tracked
from serving.http.track_schema import TrackEnvelope
from serving.scoring.prospect_batch import microseconds
from serving.track.answer_json import answer_json
from serving.track.answers import PartnershipAnswer, Rejection
from serving.track.kept_posts import ONLY_VIEWS, PostForecasts, post_batch
from serving.track.tracker import NO_PLATFORM, Tracker

#: What figures count an answer as that rests on counts alone: posts that were read.
_BY_COUNTS = "history"


def answer_track(
    loaded: LoadedModel, body: bytes, now: datetime, ledger: RequestLedger
) -> tuple[RequestAnswer, bytes]:
    """Answer POST /v1/track; return the answer and its JSON.

    Raises RequestRefused where the body is no such request or none could be answered.
    """
    envelope = read_request(body, TrackEnvelope)
    as_of = envelope.as_of or now
    request = read_tracked(envelope.partnerships, now)
    results, errors = [b""] * len(request.names), dict(request.faults)
    evidence = np.full(len(request.names), None)
    ledger.begin("track", envelope.campaign, now, envelope.keep)
    found = Tracker(loaded.scorer).track(
        request.partnerships,
        microseconds(as_of),
        partial(_keep, ledger),
    )
    for position, answer in zip(request.valid_positions, found, strict=True):
        if isinstance(answer, Rejection):
            errors[position] = _errors(position, answer)
        else:
            results[position] = encode_fields(answer_json(answer))
            evidence[position] = _evidence(answer)
    for position, details in errors.items():
        refusal = {"partnership_id": request.names[position], "errors": details}
        results[position] = encode_fields(refusal)
    is_refused = np.zeros(len(results), dtype=bool)
    is_refused[list(errors)] = True
    manifest = loaded.manifest
    model = {"model_version": manifest["version"], "trained_on": manifest["trained_on"]}
    model |= ledger.finish()
    answered = RequestAnswer(model, results, {"evidence": evidence}, is_refused)
    if is_refused.all():
        raise NoneScored(answered, [one for row in sorted(errors) for one in errors[row]])
    head = {"as_of": as_of.isoformat().replace("+00:00", "Z")}
    return answered, answered.body(head)


def _keep(ledger: RequestLedger, made: PostForecasts) -> None:
    if made.kept:
        ledger.keep_batch(partial(post_batch, made), len(made.kept))
    ledger.leave_out(made.left_out, ONLY_VIEWS)


def _evidence(answer: PartnershipAnswer) -> str:
    return answer.forecast_evidence or _BY_COUNTS


def _errors(position: int, rejection: Rejection) -> tuple[ErrorDetail, ...]:
    """Return why a partnership has no answer, as errors at their places."""
    if rejection.column == "platform":
        where = field_path("", ("partnerships", position, "platform"))
        return (ErrorDetail("missing", where, NO_PLATFORM, "a platform"),)
    return tuple(
        ErrorDetail(
            "no_usable_reading",
            field_path("", ("partnerships", position, "published", number)),
            fault,
        )
        for number, fault in rejection.posts.items()
    )
