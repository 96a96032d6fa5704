"""The HTTP side: addresses, limits, and one JSON shape for every error. Plain Starlette, no
BentoML.

Requests are scored in threads, in turn (`serving.http.load_shedding`): health checks and refusals
are never kept waiting.
"""

import contextlib
import logging
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial

import anyio.to_thread
import orjson
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from serving.http.answer import NoneScored, RequestAnswer
from serving.http.auth import PUBLIC_PATHS
from serving.http.benchmark_listing import (
    FILTERS,
    BenchmarkListingError,
    benchmarks_json,
    filter_benchmarks,
)
from serving.http.creator_profile import creator_json
from serving.http.endpoints import answer_explain, answer_predict, answer_rank
from serving.http.errors import (
    ErrorCollector,
    ErrorDetail,
    RequestRefused,
    error_body,
    shorten_value,
    unknown_field,
)
from serving.http.load_shedding import LoadShedder
from serving.http.metrics import CONTENT_TYPE, Metrics
from serving.http.model_card import model_card
from serving.http.model_store import NO_CHAMPION, LoadedModel, ModelStore
from serving.http.openapi import openapi
from serving.settings import Limits

#: What makes an answer, and it as JSON: from the champion, the body asked, and the present moment.
AnswerBuilder = Callable[[LoadedModel, bytes, datetime], tuple[RequestAnswer, bytes]]

#: What a refusal of that status says in its headers; a body that comes too slowly would keep its
#: connection open.
_TOLD_WITH = {408: {"Connection": "close"}, 503: {"Retry-After": "1"}}

log = logging.getLogger("bentoml.creatorcast")


def build_app(champion: ModelStore | None = None, limits: Limits | None = None) -> Starlette:
    """Make the app. `app.state.champion` is what it answers from, and may be set later, at the
    start of the service.
    """
    app = Starlette(
        routes=[
            Route("/v1/predict", predict, methods=["POST"]),
            Route("/v1/rank", rank, methods=["POST"]),
            Route("/v1/explain", explain, methods=["POST"]),
            Route("/v1/creators/{creator_id:path}", creator, methods=["GET"]),
            Route("/v1/model", model, methods=["GET"]),
            Route("/v1/benchmarks", benchmarks, methods=["GET"]),
            Route("/v1/openapi.json", document, methods=["GET"]),
            Route("/metrics", figures, methods=["GET"]),
        ],
        exception_handlers={
            RequestRefused: _refused,
            HTTPException: _no_route,
            ClientDisconnect: _gone,
        },
    )
    app.router.redirect_slashes = False
    app.state.champion = champion
    app.state.metrics = Metrics((*PATHS.values(), *PUBLIC_PATHS))
    app.state.admission = LoadShedder(limits)
    app.state.document = orjson.dumps(openapi())
    return app


async def predict(request: Request) -> Response:
    """POST /v1/predict."""
    return await _scored(request, answer_predict)


async def rank(request: Request) -> Response:
    """POST /v1/rank."""
    return await _scored(request, answer_rank)


async def explain(request: Request) -> Response:
    """POST /v1/explain."""
    return await _scored(request, answer_explain)


async def _scored(request: Request, reply: AnswerBuilder) -> Response:
    work = partial(_replied, reply, request.app.state.metrics, PATHS[request.scope["endpoint"]])
    loaded, admission = _loaded(request), request.app.state.admission
    _only_json(request)
    status, content = await admission.score(request, partial(work, loaded))
    return admission.answer(content, status)


async def model(request: Request) -> Response:
    """GET /v1/model."""
    loaded = _loaded(request)
    return _json(orjson.dumps(model_card(loaded.manifest, loaded.scorer.bundle)))


async def benchmarks(request: Request) -> Response:
    """GET /v1/benchmarks, whole or narrowed by platform, band, niche and measure."""
    bundle, asked = _loaded(request).scorer.bundle, _query(request, FILTERS)
    try:
        return _json(orjson.dumps(benchmarks_json(bundle, filter_benchmarks(bundle, **asked))))
    except BenchmarkListingError as error:
        if error.name is None:
            raise RequestRefused.for_error(
                404, ErrorDetail("no_benchmarks", "service", str(error))
            ) from None
        wanted, got = f"one of {', '.join(error.allowed)}", shorten_value(asked[error.name])
        fault = ErrorDetail("not_accepted", f"query.{error.name}", "is unknown", wanted, got)
        raise RequestRefused(400, "malformed", fault) from None


async def creator(request: Request) -> Response:
    """GET /v1/creators/{creator_id}, on the platform that the query names where there are several."""
    loaded, platform = _loaded(request), _query(request, ("platform",)).get("platform")
    asked = (loaded, request.path_params["creator_id"], platform, datetime.now(UTC))
    with _faults_told(PATHS[creator]):
        found = await anyio.to_thread.run_sync(creator_json, *asked)
    return _json(orjson.dumps(found))


async def figures(request: Request) -> Response:
    """GET /metrics."""
    content = await anyio.to_thread.run_sync(request.app.state.metrics.text)
    return Response(content, media_type=CONTENT_TYPE)


async def document(request: Request) -> Response:
    """GET /v1/openapi.json."""
    return _json(request.app.state.document)


def _replied(
    reply: AnswerBuilder, metrics: Metrics, path: str, loaded: LoadedModel, body: bytes
) -> tuple[int, bytes]:
    """Answer a body: HTTP status and content. Raises RequestRefused where the body is no question."""
    try:
        with _faults_told(path):
            (answered, content), status = reply(loaded, body, datetime.now(UTC)), 200
    except NoneScored as none:
        answered, content, status = none.answer, none.body(), none.status
    metrics.results(path, answered.evidence())
    return status, content


@contextlib.contextmanager
def _faults_told(path: str) -> Iterator[None]:
    """Turn a fault of ours into a refusal; the log has it without its message, which may quote the
    request.
    """
    try:
        yield
    except RequestRefused:
        raise
    except Exception as error:
        ours = [
            f
            for f in traceback.extract_tb(error.__traceback__)
            if "site-packages" not in f.filename
        ]
        log.error(
            "%s failed: %s at %s:%d", path, type(error).__name__, ours[-1].filename, ours[-1].lineno
        )
        fault = ErrorDetail("internal", "service", "failed at this request; its log has the reason")
        raise RequestRefused.for_error(500, fault) from None


def _query(request: Request, known: tuple[str, ...]) -> dict[str, str]:
    """Give the fields of a query. Raises RequestRefused for those that are not known, and for those
    given twice.
    """
    count, found = (
        Counter(name for name, _ in request.query_params.multi_items()),
        ErrorCollector("query"),
    )
    for name in count:
        where = f"query.{shorten_value(name)}"
        if name not in known:
            found.add(partial(unknown_field, where, name, known))
        elif count[name] > 1:
            found.add(
                partial(ErrorDetail, "repeated_key", where, "is given twice", "each field once")
            )
    if found.count:
        raise RequestRefused(400, "malformed", *found.faults())
    return dict(request.query_params)


def _loaded(request: Request) -> LoadedModel:
    champion = request.app.state.champion
    if champion is None or champion.current is None:
        raise RequestRefused.for_error(503, NO_CHAMPION)
    return champion.current


def _only_json(request: Request) -> None:
    given = request.headers.get("content-type", "")
    if given.split(";")[0].strip().lower() != "application/json":
        got = shorten_value(given) or None
        raise RequestRefused.for_error(
            415,
            ErrorDetail(
                "not_json_type", "headers.content-type", "is not accepted", "application/json", got
            ),
        )


def _json(content: bytes, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(content, status, headers, media_type="application/json")


async def _refused(_: Request, refused: RequestRefused) -> Response:
    return _json(orjson.dumps(error_body(refused)), refused.status, _TOLD_WITH.get(refused.status))


async def _no_route(request: Request, error: HTTPException) -> Response:
    fault = ErrorDetail("refused", "request", error.detail)
    if error.status_code == 404:
        got = shorten_value(request.url.path)
        fault = ErrorDetail(
            "unknown_path", "path", "is no address of this service", "one of /v1/openapi.json", got
        )
    elif error.status_code == 405:
        allowed = (error.headers or {}).get("Allow")
        fault = ErrorDetail(
            "wrong_method",
            "method",
            "is not taken at this path",
            allowed,
            shorten_value(request.method),
        )
    return _json(
        orjson.dumps(error_body(RequestRefused.for_error(error.status_code, fault))),
        error.status_code,
        error.headers,
    )


async def _gone(_: Request, __: ClientDisconnect) -> Response:
    return Response(status_code=400)  # nobody reads it


#: The address of each endpoint, as figures name it.
PATHS = {
    predict: "/v1/predict",
    rank: "/v1/rank",
    explain: "/v1/explain",
    creator: "/v1/creators/{creator_id}",
    model: "/v1/model",
    benchmarks: "/v1/benchmarks",
    document: "/v1/openapi.json",
    figures: "/metrics",
}
