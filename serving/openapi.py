"""The OpenAPI document of the service, built from the message types, with examples that work when pasted."""

from pydantic.json_schema import models_json_schema

from serving.answers import Answer, FaultMessage
from serving.cells import FILTERS
from serving.messages import Question

_PROFILE = {"platform": "instagram", "followers": 48_000, "niche": "food"}
_DEAL = {"brand_niche": "food", "format": "carousel", "deliverables": 2, "fee_usd": 900}
_WHEN = {"start_at": "2026-11-20T09:00:00Z"}

EXAMPLES = {
    "averages": {
        "summary": "A profile with the averages of a vendor's export",
        "value": {
            "as_of": "2026-11-01T00:00:00Z",
            "partnerships": [
                {"partnership_id": "autumn-1", **_PROFILE, "avg_likes": 1150, "avg_comments": 31, **_DEAL, **_WHEN}
            ],
        },
    },
    "recent_posts": {
        "summary": "A profile with its recent posts",
        "value": {
            "as_of": "2026-11-01T00:00:00Z",
            "partnerships": [
                {
                    "partnership_id": "autumn-2",
                    **_PROFILE,
                    "recent_posts": [
                        {"posted_at": "2026-10-02T18:00:00Z", "format": "carousel", "likes": 1420, "comments": 40},
                        {"posted_at": "2026-10-09T18:30:00Z", "format": "video", "likes": 980, "comments": 22},
                        {"posted_at": "2026-10-16T17:45:00Z", "format": "image", "likes": 1105, "comments": 35},
                    ],
                    **_DEAL,
                }
            ],
        },
    },
    "profile": {
        "summary": "Two profiles of which nothing else is known",
        "value": {
            "partnerships": [
                {"platform": "tiktok", "followers": 320_000, "niche": "dance", "fee_usd": 2500},
                {"platform": "youtube", "followers": 91_000, "format": "video"},
            ]
        },
    },
}

_REFUSALS = {
    "400": "not JSON, or no list of 1 to 1,000 partnerships",
    "408": "the body did not arrive in time",
    "413": "the body is larger than the limit of 8 MiB",
    "415": "the content type is not application/json",
    "422": "no partnership could be scored; `results` has the errors of each, as in a 200",
    "503": "no model is loaded, or too many requests are waiting: try again later",
}


def openapi() -> dict:
    """Give the OpenAPI 3.1 document."""
    _, definitions = models_json_schema(
        [(Question, "validation"), (Answer, "serialization"), (FaultMessage, "serialization")],
        ref_template="#/components/schemas/{model}",
    )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "creatorcast",
            "version": "1",
            "description": "Forecasts what a partnership with a social-media creator brings.",
        },
        "paths": {
            "/v1/predict": {"post": _predict()},
            "/v1/model": {"get": _get("The model in use", {"type": "object"}, {"503": _REFUSALS["503"]})},
            "/v1/benchmarks": {"get": _benchmarks()},
            "/v1/openapi.json": {"get": _get("This document", {"type": "object"}, {})},
        },
        "components": {"schemas": definitions["$defs"] | {"Error": _error()}},
    }


def _predict() -> dict:
    return {
        "operationId": "predict",
        "summary": "Forecast 1 to 1,000 partnerships",
        "description": (
            "Each partnership has its result or its errors at its place in `results`; one with errors does not keep "
            "the others from being scored. A creator_id alone is enough for a creator whose tables the service holds."
        ),
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": _ref("Question"), "examples": EXAMPLES}},
        },
        "responses": {"200": _json("A result or the errors of each partnership", _ref("Answer"))}
        | {status: _json(text, _ref("Error")) for status, text in _REFUSALS.items()},
    }


def _benchmarks() -> dict:
    refusals = {"400": "a query field that is none", "404": "a value that no cell has", "503": _REFUSALS["503"]}
    fields = [{"name": name, "in": "query", "required": False, "schema": {"type": "string"}} for name in FILTERS]
    said = _get("What creators do, by platform, band, niche and format", {"type": "object"}, refusals)
    return {**said, "parameters": fields}


def _get(summary: str, schema: dict, refusals: dict[str, str]) -> dict:
    answers = {"200": _json(summary, schema)}
    return {
        "summary": summary,
        "responses": answers | {status: _json(text, _ref("Error")) for status, text in refusals.items()},
    }


def _json(description: str, schema: dict) -> dict:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _ref(name: str) -> dict:
    return {"$ref": f"#/components/schemas/{name}"}


def _error() -> dict:
    body = {"code": {"type": "string"}, "errors": {"type": "array", "items": _ref("FaultMessage"), "minItems": 1}}
    return {"type": "object", "properties": body, "required": list(body)}
