"""The HTTP side: addresses, limits, and one JSON shape for every error. Plain Starlette, no
BentoML.

Requests are scored in threads, in turn (`serving.http.load_shedding`): health checks and refusals
are never kept waiting.
"""

import contextlib
import logging
import re
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import cache, partial
from typing import Any
from urllib.parse import quote

import anyio.to_thread
import orjson
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from ledger.settings import LedgerSettings
from serving.http.addresses import ADDRESSES, ENDPOINTS
from serving.http.answer import NoneScored, RequestAnswer
from serving.http.auth import KEY_NAME
from serving.http.benchmark_listing import (
    FILTERS,
    BenchmarkListingError,
    benchmarks_json,
    filter_benchmarks,
)
from serving.http.campaigns import campaigns_answer, review_answer
from serving.http.creator_posts import MAX_POSTS
from serving.http.creator_profile import creator_json
from serving.http.creator_search import DEFAULT_FOUND, MAX_FOUND, found_creators_json
from serving.http.endpoints import answer_explain, answer_predict, answer_rank
from serving.http.errors import (
    LONGEST_SHOWN,
    ErrorCollector,
    ErrorDetail,
    RequestRefused,
    error_body,
    shorten_value,
    unknown_field,
)
from serving.http.lists.read_answer import answer_list_read
from serving.http.lists.score_file import ListAnswerFile, answer_list_file
from serving.http.lists.score_stream import stream_list_scores
from serving.http.load_shedding import LoadShedder, Unwanted, Wanted
from serving.http.memory import release_memory
from serving.http.metrics import CONTENT_TYPE, Metrics
from serving.http.model_card import CARD_ENDINGS, CARD_KINDS, card_file, model_card
from serving.http.model_store import NO_CHAMPION, LoadedModel, ModelStore
from serving.http.plan_answer import answer_plan
from serving.http.request_ledger import RequestLedger
from serving.http.service_facts import service_facts
from serving.http.track_answer import answer_track
from serving.http.watch_answer import watch_answer
from serving.page.routes import page_routes
from serving.settings import Limits

#: Makes an answer, and its JSON, from the champion, the body of a request, the present moment, and
#: what keeps its forecasts.
AnswerBuilder = Callable[[LoadedModel, bytes, datetime, RequestLedger], tuple[RequestAnswer, bytes]]

#: Headers of a refusal, by its status; a body that comes too slowly would keep its connection
#: open.
_REFUSAL_HEADERS = {408: {"Connection": "close"}, 503: {"Retry-After": "1"}}

log = logging.getLogger("bentoml.creatorcast")


def build_app(champion: ModelStore | None = None, limits: Limits | None = None) -> Starlette:
    """Return the app. It answers from `app.state.champion`, which may be set later, when the
    service starts.
    """
    handlers: dict[Any, Any] = {  # Starlette types them for any exception
        RequestRefused: _answer_refused,
        HTTPException: _answer_no_route,
        ClientDisconnect: _answer_disconnected,
    }
    app = Starlette(
        routes=[
            Route("/v1/predict", predict, methods=["POST"]),
            Route("/v1/rank", rank, methods=["POST"]),
            Route("/v1/explain", explain, methods=["POST"]),
            Route("/v1/track", track, methods=["POST"]),
            Route("/v1/plan", plan, methods=["POST"]),
            Route("/v1/lists/read", list_read, methods=["POST"]),
            Route("/v1/creators", creators, methods=["GET"]),
            Route("/v1/lists/score", list_score, methods=["POST"]),
            Route("/v1/lists/file", list_file, methods=["POST"]),
            Route("/v1/creators/{creator_id:path}", creator, methods=["GET"]),
            Route("/v1/campaigns", campaigns, methods=["GET"]),
            Route("/v1/campaigns/{name:path}", campaign, methods=["GET"]),
            Route("/v1/service", service, methods=["GET"]),
            Route("/v1/model", model, methods=["GET"]),
            Route("/v1/model/card", card, methods=["GET"]),
            Route("/v1/watch", watch, methods=["GET"]),
            Route("/v1/benchmarks", benchmarks, methods=["GET"]),
            Route("/v1/openapi.json", document, methods=["GET"]),
            Route("/metrics", figures, methods=["GET"]),
            *page_routes(),
        ],
        exception_handlers=handlers,
    )
    app.router.redirect_slashes = False
    app.state.champion = champion
    app.state.ledger = None
    app.state.watch_figures = None
    app.state.metrics = Metrics(ADDRESSES)
    app.state.admission = LoadShedder(limits)
    return app


async def predict(request: Request) -> Response:
    """POST /v1/predict."""
    return await _score(request, answer_predict)


async def rank(request: Request) -> Response:
    """POST /v1/rank."""
    return await _score(request, answer_rank)


async def explain(request: Request) -> Response:
    """POST /v1/explain."""
    return await _score(request, answer_explain)


async def track(request: Request) -> Response:
    """POST /v1/track."""
    return await _score(request, answer_track)


async def plan(request: Request) -> Response:
    """POST /v1/plan; it takes seconds, so that its turn is that of long requests."""
    return await _score(request, answer_plan, is_long=True)


async def list_read(request: Request) -> Response:
    """POST /v1/lists/read; a short list has the turn of short requests."""
    return await _score(request, answer_list_read)


async def list_score(request: Request) -> Response:
    """POST /v1/lists/score: lines of JSON as the rows are scored, by one model for all."""
    loaded, state = _loaded(request), request.app.state
    _check_content_type(request)
    ledger = RequestLedger(state.ledger, request.scope.get(KEY_NAME))
    return await state.admission.stream(request, partial(_score_lines, loaded, ledger))


async def list_file(request: Request) -> Response:
    """POST /v1/lists/file; a long list takes seconds."""
    loaded, state = _loaded(request), request.app.state
    _check_content_type(request)
    work = partial(_file_of_list, loaded)
    made = await state.admission.make_file(request, work)
    answer = state.admission.answer(made.content)
    answer.headers.update({"Content-Type": made.content_type, **_file_headers(made.name)})
    return answer


def _file_of_list(loaded: LoadedModel, body: bytes, wanted: Wanted) -> ListAnswerFile:
    try:
        with _log_internal_errors(ENDPOINTS["list_file"]):
            return answer_list_file(loaded, body, datetime.now(UTC), wanted.check)
    finally:
        release_memory()


def _score_lines(loaded: LoadedModel, ledger: RequestLedger, body: bytes) -> Iterator[bytes]:
    """Yield the lines of an answer; what fails after the first is told in the last one.

    Raises RequestRefused before the first.
    """
    has_begun = False
    try:
        with _log_internal_errors(ENDPOINTS["list_score"]):
            for line in stream_list_scores(loaded, body, datetime.now(UTC), ledger):
                yield line
                has_begun = True
    except RequestRefused as refused:
        if not has_begun:
            raise
        yield orjson.dumps({"kind": "error", **error_body(refused)}) + b"\n"
    finally:
        release_memory()


async def _score(request: Request, build: AnswerBuilder, is_long: bool = False) -> Response:
    loaded = _loaded(request)
    _check_content_type(request)
    path, state = ENDPOINTS[request.scope["endpoint"].__name__], request.app.state
    ledger = RequestLedger(state.ledger, request.scope.get(KEY_NAME))
    work = partial(_answer_body, build, state.metrics, path, loaded, ledger)
    status, content = await state.admission.score(request, work, is_long)
    return state.admission.answer(content, status)


async def service(request: Request) -> Response:
    """GET /v1/service."""
    state = request.app.state
    limits = state.admission.limits
    facts = service_facts(_loaded(request), state.ledger is not None, limits)
    return _json(orjson.dumps(facts))


async def model(request: Request) -> Response:
    """GET /v1/model."""
    loaded = _loaded(request)
    return _json(orjson.dumps(model_card(loaded.manifest, loaded.scorer.bundle)))


async def card(request: Request) -> Response:
    """GET /v1/model/card, as Markdown, or as the kind that the query names."""
    kind = _query(request, ("kind",)).get("kind", next(iter(CARD_KINDS)))
    if kind not in CARD_KINDS:
        expected, got = f"one of {', '.join(CARD_KINDS)}", shorten_value(kind)
        detail = ErrorDetail("not_accepted", "query.kind", "is unknown", expected, got)
        raise RequestRefused(400, "malformed", detail)
    with _log_internal_errors(ENDPOINTS["card"]):
        text, media_type = card_file(_loaded(request).scorer.bundle, kind)
    name = f"model-card{CARD_ENDINGS[kind]}"
    return Response(text, media_type=media_type, headers=_file_headers(name))


def _file_headers(name: str) -> dict[str, str]:
    """Return the headers of a file to keep: no browser shows it in the place of the page."""
    plain = re.sub(r'[^ -~]|["\\%]', "_", name)
    value = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
    return {"Content-Disposition": value, "X-Content-Type-Options": "nosniff"}


async def watch(request: Request) -> Response:
    """GET /v1/watch."""
    state = request.app.state
    newest = None if state.watch_figures is None else state.watch_figures.newest
    return _json(orjson.dumps(watch_answer(state.ledger is not None, newest)))


async def benchmarks(request: Request) -> Response:
    """GET /v1/benchmarks, whole or narrowed by platform, band, niche and measure."""
    bundle, filters = _loaded(request).scorer.bundle, _query(request, FILTERS)
    try:
        segments = filter_benchmarks(bundle, **filters)
    except BenchmarkListingError as error:
        if error.name is None:
            no_benchmarks = ErrorDetail("no_benchmarks", "service", str(error))
            raise RequestRefused.for_error(404, no_benchmarks) from None
        expected, got = f"one of {', '.join(error.allowed)}", shorten_value(filters[error.name])
        detail = ErrorDetail("not_accepted", f"query.{error.name}", "is unknown", expected, got)
        raise RequestRefused(400, "malformed", detail) from None
    return _json(orjson.dumps(benchmarks_json(bundle, segments)))


async def creators(request: Request) -> Response:
    """GET /v1/creators: those whose id or handle fits a search."""
    loaded, query = _loaded(request), _query(request, ("search", "platform", "limit"))
    search, platform = query.get("search", ""), query.get("platform")
    limit, now = _whole(query, "limit", DEFAULT_FOUND, 1, MAX_FOUND), datetime.now(UTC)
    with _log_internal_errors(ENDPOINTS["creators"]):
        body = await anyio.to_thread.run_sync(
            found_creators_json, loaded, search, platform, limit, now
        )
    return _json(orjson.dumps(body))


async def creator(request: Request) -> Response:
    """GET /v1/creators/{creator_id}; the query names the platform where there are several."""
    loaded, query = _loaded(request), _query(request, ("platform", "posts"))
    platform, posts = query.get("platform"), _whole(query, "posts", 0, 0, MAX_POSTS)
    creator_id, now = request.path_params["creator_id"], datetime.now(UTC)
    with _log_internal_errors(ENDPOINTS["creator"]):
        body = await anyio.to_thread.run_sync(
            creator_json, loaded, creator_id, platform, now, posts
        )
    return _json(orjson.dumps(body))


async def campaigns(request: Request) -> Response:
    """GET /v1/campaigns."""
    return await _read_ledger(request, campaigns_answer)


async def campaign(request: Request) -> Response:
    """GET /v1/campaigns/{name}."""
    return await _read_ledger(request, partial(review_answer, name=request.path_params["name"]))


async def _read_ledger(
    request: Request, read: Callable[[LedgerSettings | None], bytes]
) -> Response:
    """Answer by what the ledger has; that may take seconds, so that its turn is that of long
    requests.
    """
    state, path = request.app.state, ENDPOINTS[request.scope["endpoint"].__name__]
    _query(request, ())
    settings = None if state.ledger is None else state.ledger.settings

    def work(_: bytes) -> bytes:
        with _log_internal_errors(path):
            return read(settings)

    content = await state.admission.score(request, work, is_long=True)
    return state.admission.answer(content)


async def figures(request: Request) -> Response:
    """GET /metrics."""
    content = await anyio.to_thread.run_sync(request.app.state.metrics.text)
    return Response(content, media_type=CONTENT_TYPE)


async def document(request: Request) -> Response:
    """GET /v1/openapi.json."""
    return _json(await anyio.to_thread.run_sync(_document))


@cache
def _document() -> bytes:
    """Return the description of this service; it is the same for all apps."""
    # late: nothing else needs the models of what is answered, a tenth of what a worker imports
    from serving.http.openapi import openapi

    return orjson.dumps(openapi())


def _answer_body(
    build: AnswerBuilder,
    metrics: Metrics,
    path: str,
    loaded: LoadedModel,
    ledger: RequestLedger,
    body: bytes,
) -> tuple[int, bytes]:
    """Return the HTTP status and the content of the answer to a body.

    Raises RequestRefused where the body is no such request.
    """
    status = 200
    try:
        with _log_internal_errors(path):
            answered, content = build(loaded, body, datetime.now(UTC), ledger)
    except NoneScored as none:
        answered, content, status = none.answer, none.body(), none.status
    metrics.results(path, answered.evidence())
    return status, content


@contextlib.contextmanager
def _log_internal_errors(path: str) -> Iterator[None]:
    """Turn an error of the service itself into a refusal; the log has it without its message, which
    may quote the request.
    """
    try:
        yield
    except (RequestRefused, Unwanted):
        raise
    except Exception as error:
        frames = traceback.extract_tb(error.__traceback__)
        last = [frame for frame in frames if "site-packages" not in frame.filename][-1]
        name = type(error).__name__
        log.error("%s failed: %s at %s:%d", path, name, last.filename, last.lineno)
        words = "failed at this request; its log has the reason"
        raise RequestRefused.for_error(500, ErrorDetail("internal", "service", words)) from None


def _query(request: Request, known: tuple[str, ...]) -> dict[str, str]:
    """Return the fields of a query.

    Raises RequestRefused for fields that are not known, and for those given twice.
    """
    counts = Counter(name for name, _ in request.query_params.multi_items())
    errors = ErrorCollector("query")
    for name, count in counts.items():
        where = f"query.{shorten_value(name)}"
        if name not in known:
            errors.add(partial(unknown_field, where, name, known))
        elif count > 1:
            words, rule = "is given twice", "each field once"
            errors.add(partial(ErrorDetail, "repeated_key", where, words, rule))
    if errors.count:
        raise RequestRefused(400, "malformed", *errors.faults())
    return dict(request.query_params)


def _whole(query: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    """Return a field of a query as a whole number. Raises RequestRefused where it is none, or not
    between `least` and `most`.
    """
    text = query.get(name)
    if text is None:
        return default
    is_number = text.isascii() and text.isdecimal() and len(text) < LONGEST_SHOWN
    if is_number and least <= int(text) <= most:
        return int(text)
    code, words = "wrong_type", "is not a whole number"
    if is_number:
        is_low = int(text) < least
        code = "below_minimum" if is_low else "above_maximum"
        words = "is too small" if is_low else "is too large"
    expected = f"a whole number from {least} to {most}"
    detail = ErrorDetail(code, f"query.{name}", words, expected, shorten_value(text))
    raise RequestRefused(400, "malformed", detail)


def _loaded(request: Request) -> LoadedModel:
    champion = request.app.state.champion
    if champion is None or champion.current is None:
        raise RequestRefused.for_error(503, NO_CHAMPION)
    return champion.current


def _check_content_type(request: Request) -> None:
    """Raise RequestRefused where the body is not declared to be JSON."""
    content_type = request.headers.get("content-type", "")
    expected = "application/json"
    if content_type.split(";")[0].strip().lower() != expected:
        where, got = "headers.content-type", shorten_value(content_type) or None
        error = ErrorDetail("not_json_type", where, "is not accepted", expected, got)
        raise RequestRefused.for_error(415, error)


def _json(content: bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(content, status, headers, media_type="application/json")


async def _answer_refused(_: Request, refused: RequestRefused) -> Response:
    return _json(
        orjson.dumps(error_body(refused)), refused.status, _REFUSAL_HEADERS.get(refused.status)
    )


async def _answer_no_route(request: Request, error: HTTPException) -> Response:
    refused = RequestRefused.for_error(error.status_code, _routing_error(request, error))
    return _json(orjson.dumps(error_body(refused)), error.status_code, error.headers)


def _routing_error(request: Request, error: HTTPException) -> ErrorDetail:
    if error.status_code == 404:
        words, expected = "is no address of this service", "one that /v1/openapi.json lists"
        got = shorten_value(request.url.path)
        return ErrorDetail("unknown_path", "path", words, expected, got)
    if error.status_code == 405:
        allowed, got = (error.headers or {}).get("Allow"), shorten_value(request.method)
        return ErrorDetail("wrong_method", "method", "is not taken at this path", allowed, got)
    return ErrorDetail("refused", "request", error.detail)


async def _answer_disconnected(_: Request, __: ClientDisconnect) -> Response:
    return Response(status_code=400)  # nobody reads it
