"""The HTTP side: addresses, limits, and one JSON shape for every error. Plain Starlette, no BentoML.

One request is scored at a time in each worker, in a thread, so that health checks and refusals are never kept waiting.
"""

import asyncio
import logging
import traceback
from datetime import UTC, datetime

import anyio
import anyio.to_thread
import orjson
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from serving.answers import NoneScored, answer
from serving.cells import FILTERS, CellsError, cells_json, chosen
from serving.champion import NO_CHAMPION, Champion, Loaded
from serving.faults import Fault, Refused, error_body, shown
from serving.messages import read_question
from serving.openapi import openapi
from serving.settings import Limits

log = logging.getLogger("bentoml.creatorcast")

#: What GET /v1/model leaves out of the manifest: of use to the loader alone.
_NOT_SHOWN = ("format", "columns", "sha256")
#: Times the limit up to which a body that is too large is still read to its end.
_READ_OUT = 8


def build_app(champion: Champion | None = None, limits: Limits | None = None) -> Starlette:
    """Make the app. `app.state.champion` is what it answers from, and may be set later, at the start of the service."""
    app = Starlette(
        routes=[
            Route("/v1/predict", predict, methods=["POST"]),
            Route("/v1/model", model, methods=["GET"]),
            Route("/v1/benchmarks", benchmarks, methods=["GET"]),
            Route("/v1/openapi.json", document, methods=["GET"]),
        ],
        exception_handlers={Refused: _refused, HTTPException: _no_route, ClientDisconnect: _gone},
    )
    app.router.redirect_slashes = False
    app.state.champion = champion
    app.state.limits = limits or Limits()
    app.state.turn = None
    app.state.document = orjson.dumps(openapi())
    return app


async def predict(request: Request) -> Response:
    """POST /v1/predict."""
    limits, loaded = request.app.state.limits, _loaded(request)
    _only_json(request)
    turn = _turn(request.app.state)
    if turn.statistics().tasks_waiting >= limits.waiting:
        raise Refused(503, "busy", Fault("service", "is busy", "another try in a second", None))
    body = await _body(request, limits)
    status, content = await anyio.to_thread.run_sync(_predict, loaded, body, limiter=turn)
    return _json(content, status)


async def model(request: Request) -> Response:
    """GET /v1/model."""
    manifest = _loaded(request).manifest
    return _json(orjson.dumps({key: value for key, value in manifest.items() if key not in _NOT_SHOWN}))


async def benchmarks(request: Request) -> Response:
    """GET /v1/benchmarks, whole or narrowed by platform, band, niche and measure."""
    bundle, asked = _loaded(request).scorer.bundle, dict(request.query_params)
    unknown = [Fault(f"query.{name}", "is no known field", ", ".join(FILTERS), None) for name in {*asked} - {*FILTERS}]
    if unknown:
        raise Refused(400, "malformed", *unknown)
    try:
        return _json(orjson.dumps(cells_json(bundle, chosen(bundle, **asked))))
    except CellsError as error:
        raise Refused(404, "no_benchmarks", Fault("query", str(error), None, None)) from None


async def document(request: Request) -> Response:
    """GET /v1/openapi.json."""
    return _json(request.app.state.document)


def _predict(loaded: Loaded, body: bytes) -> tuple[int, bytes]:
    """Answer a body: HTTP status and content. Raises Refused where the body is no question."""
    try:
        return 200, orjson.dumps(answer(loaded, *read_question(body, datetime.now(UTC))))
    except NoneScored as none:
        return none.status, orjson.dumps(none.body)
    except Refused:
        raise
    except Exception as error:  # a fault of ours: told in the log without the message, which may quote the request
        ours = [f for f in traceback.extract_tb(error.__traceback__) if "site-packages" not in f.filename]
        log.error("predict failed: %s at %s:%d", type(error).__name__, ours[-1].filename, ours[-1].lineno)
        fault = Fault("service", "failed at this request; its log has the reason", None, None)
        raise Refused(500, "internal", fault) from None


def _loaded(request: Request) -> Loaded:
    champion = request.app.state.champion
    if champion is None or champion.current is None:
        raise Refused(503, "no_champion", NO_CHAMPION)
    return champion.current


def _turn(state) -> anyio.CapacityLimiter:
    if state.turn is None:  # a limiter belongs to the event loop that runs it
        state.turn = anyio.CapacityLimiter(1)
    return state.turn


def _only_json(request: Request) -> None:
    given = request.headers.get("content-type", "")
    if given.split(";")[0].strip().lower() != "application/json":
        wrong = Fault("headers.content-type", "is not accepted", "application/json", given[:80] or None)
        raise Refused(415, "not_json_type", wrong)


async def _body(request: Request, limits: Limits) -> bytes:
    """Read the body within the limits. Raises Refused where it is too large or too slow.

    What is somewhat too large is read to its end and dropped: many clients see an early answer as a broken connection.
    """
    declared = request.headers.get("content-length", "0")
    size = int(declared[:18]) if declared.isdecimal() else 0
    if size > _READ_OUT * limits.body_bytes:
        raise _too_large(limits)
    body, size = bytearray(), 0
    try:
        async with asyncio.timeout(limits.body_seconds):
            async for chunk in request.stream():
                size += len(chunk)
                if size > _READ_OUT * limits.body_bytes:
                    break
                if size <= limits.body_bytes:
                    body += chunk
    except TimeoutError:
        late = Fault("body", "did not arrive in time", f"all of it within {limits.body_seconds:g} s", None)
        raise Refused(408, "too_slow", late) from None
    if size > limits.body_bytes:
        raise _too_large(limits)
    return bytes(body)


def _too_large(limits: Limits) -> Refused:
    most = f"at most {limits.body_bytes:,} bytes: send fewer partnerships at a time"
    return Refused(413, "too_large", Fault("body", "is too large", most, None))


def _json(content: bytes, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(content, status, headers, media_type="application/json")


async def _refused(_: Request, refused: Refused) -> Response:
    headers = {"Retry-After": "1"} if refused.status == 503 else None
    return _json(orjson.dumps(error_body(refused)), refused.status, headers)


async def _no_route(request: Request, error: HTTPException) -> Response:
    code, fault = "refused", Fault("request", error.detail, None, None)
    if error.status_code == 404:
        got = shown(request.url.path)
        code, fault = "unknown_path", Fault("path", "is no address of this service", "one of /v1/openapi.json", got)
    elif error.status_code == 405:
        allowed = (error.headers or {}).get("Allow")
        code, fault = "wrong_method", Fault("method", "is not taken at this path", allowed, shown(request.method))
    return _json(orjson.dumps(error_body(Refused(error.status_code, code, fault))), error.status_code, error.headers)


async def _gone(_: Request, __: ClientDisconnect) -> Response:
    return Response(status_code=400)  # nobody reads it
