"""The OpenAPI document of the service, built from the message types, with examples that work when
pasted.
"""

from typing import Literal

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from features.segments import MEASURES
from features.tables.vocabulary import NICHES, PLATFORMS
from serving.http.campaign_response import CampaignReview, Campaigns
from serving.http.creator_posts import MAX_POSTS
from serving.http.creator_profile import Creator
from serving.http.creator_search import DEFAULT_FOUND, MAX_FOUND, FoundCreators
from serving.http.lists.examples import (
    LIST_FILE_EXAMPLES,
    LIST_READ_EXAMPLES,
    LIST_SCORE_EXAMPLES,
)
from serving.http.lists.read_response import ListAnswer
from serving.http.lists.request_schema import (
    ListFileQuestion,
    ListReadQuestion,
    ListScoreQuestion,
)
from serving.http.lists.score_file import FILES
from serving.http.load_shedding import NDJSON
from serving.http.model_card import CARD_KINDS
from serving.http.model_response import BenchmarkAnswer, ModelFacts, WatchAnswer
from serving.http.plan_examples import PLAN_EXAMPLES
from serving.http.plan_response import PlanAnswer
from serving.http.plan_schema import PlanQuestion
from serving.http.ranking import Ranking, RankQuestion
from serving.http.request_examples import EXAMPLES, RANK_EXAMPLES
from serving.http.request_schema import ExplainQuestion, Question
from serving.http.response_schema import Answer, FaultMessage
from serving.http.service_facts import ServiceFacts
from serving.http.track_examples import TRACK_EXAMPLES
from serving.http.track_response import TrackAnswer
from serving.http.track_schema import TrackQuestion

_REFUSALS = {
    "400": "not JSON, no list of 1 to 1,000 partnerships, "
    "or headers that leave unclear where the body ends",
    "401": "the service asks for an API key, and none or another was sent",
    "403": "the service has no keys and was asked from another machine",
    "408": "the body did not arrive in time",
    "413": "the body is larger than the limit, or holds too many values or recent_posts: send "
    "fewer partnerships, or a shorter list",
    "415": "the content type is not application/json",
    "431": "the request line and the headers are larger than the limit",
    "422": "no partnership could be scored; `results` has the errors of each, as in a 200",
    "500": "a fault of the service: its log has the reason",
    "503": "no model is loaded, too many requests are waiting, or there was no time for this one: "
    "try again after Retry-After",
}
#: The types of requests and answers.
_MESSAGES: list[tuple[type[BaseModel], Literal["validation", "serialization"]]] = [
    (Question, "validation"),
    (ExplainQuestion, "validation"),
    (RankQuestion, "validation"),
    (TrackQuestion, "validation"),
    (PlanQuestion, "validation"),
    (ListReadQuestion, "validation"),
    (ListScoreQuestion, "validation"),
    (ListFileQuestion, "validation"),
    (ListAnswer, "serialization"),
    (Answer, "serialization"),
    (TrackAnswer, "serialization"),
    (PlanAnswer, "serialization"),
    (Ranking, "serialization"),
    (Creator, "serialization"),
    (FoundCreators, "serialization"),
    (ServiceFacts, "serialization"),
    (ModelFacts, "serialization"),
    (WatchAnswer, "serialization"),
    (BenchmarkAnswer, "serialization"),
    (Campaigns, "serialization"),
    (CampaignReview, "serialization"),
    (FaultMessage, "serialization"),
]
_DOCUMENT = {"type": "object", "description": "an OpenAPI 3.1 document"}
_PARAMETERS = {
    "creator_id": "of the creator, as the data of the service has it",
    "platform": "on which the account is",
    "band": "size by followers, as in `bands` of /v1/service",
    "niche": "what creators are about",
    "measure": "what is measured, per deliverable",
    "name": "of the campaign, as the ledger has it",
    "search": "a part of an id or handle, an @ in front is left out; all without it",
    "kind": "of the file, Markdown where it is missing",
}
_LEDGER_REFUSALS = {
    "400": "a field of the query: there are none",
    "404": "the service has no ledger, or the ledger no such campaign",
    "408": "the body did not arrive in time",
    "413": "a body that is too large: none is needed",
    "422": "the ledger has more rows than the service reads for an answer",
}
_ANY_GET = ("401", "403", "431", "500", "503")
_EACH = (
    "Each partnership has its result or its errors; "
    "one with errors does not keep the others from being scored. "
    "A creator_id alone is enough for a creator that the service knows."
)
_TRACKED = (
    "Each partnership has its answer or its errors. A post grows from its last reading by the "
    "curve of its platform; the deliverables that were not read count by the forecast made before."
)
_LIST_READ = (
    "The list is read as `creatorcast score`, `plan` or `track` reads it: the same rows are used, "
    "and the same reasons are given for the others. Send `sheet` to correct how it was read."
)
_LIST_SCORED = (
    "Lines of JSON, each with its `kind`: begin (how the list was read), rows (those scored and "
    "those rejected, as they are ready), and end (counts, and the places of the rows, best first), "
    "or error. All rows are scored by one model. With a campaign the forecasts are kept, else not."
)
_LIST_FILE = (
    "The file that `creatorcast score` makes of the list: a workbook, CSV, the page of --report, "
    "or the rejected rows. No forecast is kept."
)
_PLANNED = (
    "Which partnerships to sign, and how many deliverables of each, within a budget and rules. A "
    "fee for one deliverable may be bought several times; any other is bought whole or not at all. "
    "Partnerships with errors are listed as rejected; 422 tells why no plan can be made."
)


def openapi() -> dict:
    """Return the OpenAPI 3.1 document."""
    _, definitions = models_json_schema(_MESSAGES, ref_template="#/components/schemas/{model}")
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "creatorcast",
            "version": "1",
            "description": "Forecasts what a partnership with a social-media creator brings.",
        },
        "paths": {**_posts(), **_lists(), **_gets()},
        "components": {"schemas": definitions["$defs"] | {"Error": _error()}},
    }


def _posts() -> dict:
    """Describe the addresses that take partnerships."""
    return {
        "/v1/predict": _post(
            "predict", "Forecast 1 to 1,000 partnerships", "Question", "Answer", EXAMPLES
        ),
        "/v1/rank": _post(
            "rank", "Forecast and put in order", "RankQuestion", "Ranking", RANK_EXAMPLES
        ),
        "/v1/explain": _post(
            "explain",
            "Forecast, with reasons and comparables",
            "ExplainQuestion",
            "Answer",
            EXAMPLES,
        ),
        "/v1/track": _post(
            "track",
            "Forecast deliverables that are online, and their partnerships",
            "TrackQuestion",
            "TrackAnswer",
            TRACK_EXAMPLES,
            _TRACKED,
        ),
        "/v1/plan": _post(
            "plan",
            "Choose whom to sign within a budget",
            "PlanQuestion",
            "Plan",
            PLAN_EXAMPLES,
            _PLANNED,
        ),
    }


def _lists() -> dict:
    """Describe the addresses that take a list as a file."""
    paths = {
        "/v1/lists/read": _post(
            "list_read",
            "Read a list as a file into partnerships",
            "ListReadQuestion",
            "ListAnswer",
            LIST_READ_EXAMPLES,
            _LIST_READ,
        ),
        "/v1/lists/score": _post(
            "list_score",
            "Score a list as a file, row by row",
            "ListScoreQuestion",
            "ListAnswer",
            LIST_SCORE_EXAMPLES,
            _LIST_SCORED,
        ),
        "/v1/lists/file": _post(
            "list_file",
            "Make a workbook, CSV or report of a list",
            "ListFileQuestion",
            "ListAnswer",
            LIST_FILE_EXAMPLES,
            _LIST_FILE,
        ),
    }
    text = {"schema": {"type": "string"}}
    lines = paths["/v1/lists/score"]["post"]["responses"]["200"]
    lines["content"] = {NDJSON: text}
    file = paths["/v1/lists/file"]["post"]["responses"]["200"]
    file["content"] = {kind.partition(";")[0]: text for _, kind in FILES.values()}
    return paths


def _gets() -> dict:
    """Describe the addresses that are asked without a body."""
    return {
        "/v1/creators": _creators(),
        "/v1/creators/{creator_id}": _creator(),
        **_campaigns(),
        "/v1/service": _get(
            "service",
            "What this service knows and has: words, currencies, texts, limits",
            _ref("ServiceFacts"),
        ),
        "/v1/model": _get(
            "model", "The model in use: its data, record and limits", _ref("ModelFacts")
        ),
        "/v1/model/card": _model_card(),
        "/v1/watch": _get(
            "watch", "What comparing forecasts with outcomes found last", _ref("WatchAnswer")
        ),
        "/v1/benchmarks": _benchmarks(),
        "/v1/openapi.json": _get("document", "This document", _DOCUMENT),
        "/metrics": {"get": _metrics()},
    }


def _post(
    name: str,
    summary: str,
    question: str,
    answer: str,
    examples: dict,
    description: str = _EACH,
) -> dict:
    """Describe an address that takes partnerships."""
    content = {"application/json": {"schema": _ref(question), "examples": examples}}
    operation = {
        "operationId": name,
        "summary": summary,
        "description": description,
        "requestBody": {"required": True, "content": content},
        "responses": {
            "200": _json("A result or the errors of each partnership", _ref(answer)),
            **_refusals(*_REFUSALS),
        },
    }
    return {"post": operation}


def _creator() -> dict:
    refused = {"400": "on several platforms: name one", "404": "no creator that the service knows"}
    operation = _get("creator", "What is known of a creator, as of now", _ref("Creator"), refused)
    operation["get"]["parameters"] = [
        _in_path("creator_id"),
        _query("platform", PLATFORMS),
        _whole("posts", "how many of its last posts to add", 0, 0, MAX_POSTS),
    ]
    return operation


def _creators() -> dict:
    refused = {"400": "a field or value that there is not"}
    operation = _get(
        "creators",
        "Known creators whose id or handle begins with a text, or contains it",
        _ref("FoundCreators"),
        refused,
    )
    operation["get"]["parameters"] = [
        _query("search", ()),
        _query("platform", PLATFORMS),
        _whole("limit", "most creators of the answer", DEFAULT_FOUND, 1, MAX_FOUND),
    ]
    return operation


def _campaigns() -> dict:
    """Describe the addresses of the campaigns of the ledger, and of one of them."""
    every = _get(
        "campaigns",
        "The campaigns of the ledger, and how far they are",
        _ref("Campaigns"),
        _LEDGER_REFUSALS,
    )
    one = _get(
        "campaign",
        "What was forecast of the partnerships of a campaign, and what came",
        _ref("CampaignReview"),
        _LEDGER_REFUSALS,
    )
    one["get"]["parameters"] = [_in_path("name")]
    return {"/v1/campaigns": every, "/v1/campaigns/{name}": one}


def _benchmarks() -> dict:
    refused = {"400": "a field or value that there is not", "404": "the model has no benchmarks"}
    operation = _get(
        "benchmarks",
        "What creators do, by platform, band, niche and format",
        _ref("BenchmarkAnswer"),
        refused,
    )
    lists = {
        "platform": PLATFORMS,
        "band": (),
        "niche": NICHES,
        "measure": MEASURES,
    }  # bands are the bundle's
    operation["get"]["parameters"] = [_query(name, allowed) for name, allowed in lists.items()]
    return operation


def _model_card() -> dict:
    content = {kind: {"schema": {"type": "string"}} for kind in CARD_KINDS.values()}
    refused = {"400": _json("a kind that there is not", _ref("Error"))}
    file = {"description": "The card, as a file", "content": content}
    operation = {
        "operationId": "model_card",
        "summary": "The model card: what it is for, its data, record and limits, to read or print",
        "parameters": [_query("kind", tuple(CARD_KINDS))],
        "responses": {"200": file, **refused, **_refusals(*_ANY_GET)},
    }
    return {"get": operation}


def _metrics() -> dict:
    text = {
        "description": "Figures for Prometheus",
        "content": {"text/plain": {"schema": {"type": "string"}}},
    }
    return {
        "operationId": "metrics",
        "summary": "Requests, partnerships and the model, for Prometheus",
        "responses": {"200": text, **_refusals("401", "403", "431")},
    }


def _get(name: str, summary: str, schema: dict, refused: dict[str, str] | None = None) -> dict:
    special = {status: _json(text, _ref("Error")) for status, text in (refused or {}).items()}
    answers = {"200": _json(summary, schema), **special, **_refusals(*_ANY_GET)}
    return {"get": {"operationId": name, "summary": summary, "responses": answers}}


def _refusals(*statuses: str) -> dict:
    return {status: _json(_REFUSALS[status], _ref("Error")) for status in statuses}


def _in_path(name: str) -> dict:
    schema = {"type": "string", "minLength": 1}
    described = {"name": name, "in": "path", "description": _PARAMETERS[name]}
    return {**described, "required": True, "schema": schema}


def _query(name: str, allowed: tuple[str, ...]) -> dict:
    schema = {"type": "string", "enum": list(allowed)} if allowed else {"type": "string"}
    described = {"name": name, "in": "query", "description": _PARAMETERS[name]}
    return {**described, "required": False, "schema": schema}


def _whole(name: str, description: str, default: int, least: int, most: int) -> dict:
    """Describe a whole number in a query."""
    schema = {"type": "integer", "minimum": least, "maximum": most, "default": default}
    return {
        "name": name,
        "in": "query",
        "required": False,
        "description": description,
        "schema": schema,
    }


def _json(description: str, schema: dict) -> dict:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _ref(name: str) -> dict:
    return {"$ref": f"#/components/schemas/{name}"}


def _error() -> dict:
    body = {
        "code": {"type": "string", "description": "why the request was refused, for programs"},
        "errors": {
            "type": "array",
            "items": _ref("FaultMessage"),
            "minItems": 1,
            "description": "what is wrong, each with its place",
        },
    }
    return {
        "type": "object",
        "description": "Why a request as a whole was refused.",
        "properties": body,
        "required": list(body),
    }
