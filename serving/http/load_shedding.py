"""The load that a worker accepts: bodies within limits, one short and one long request scored at a
time, answers that clients read in time.

Bodies and answers held in memory are counted together. Past a limit a request is refused with 503,
after its body was read to the end and dropped: many clients see an earlier answer as a broken
connection.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from typing import TypeVar

import anyio
import anyio.to_thread
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from serving.http.errors import ErrorDetail, RequestRefused
from serving.settings import Limits

T = TypeVar("T")

#: A body that is too large is still read to its end up to so many times the limit.
_READ_OUT = 8
#: The content type of lines of JSON.
NDJSON = "application/x-ndjson"
#: Bytes of a piece of an answer: as much stays in memory once the answer to a client that does not
#: read is dropped.
_PIECE = 2**18


class LoadShedder:
    """The limits and the load of one worker."""

    def __init__(self, limits: Limits | None = None):
        self.limits = limits or Limits()
        self.held_bytes = 0
        self._short, self._long = anyio.CapacityLimiter(1), anyio.CapacityLimiter(1)

    async def score(self, request: Request, work: Callable[[bytes], T], is_long: bool = False) -> T:
        """Read the body and do the work on it in a thread, in turn; long requests, those that
        `is_long` marks among them, do not keep short ones waiting.

        Raises RequestRefused where the body is too large or too slow, or too much is waiting
        already.
        """
        with self._holding() as hold:
            body = await self._read(request, hold)
            if len(body) <= self.limits.short_bytes and not is_long:
                turn, waiting = self._short, self.limits.waiting
            else:
                turn, waiting = self._long, self.limits.waiting_long
            if turn.statistics().tasks_waiting >= waiting:
                raise _busy()
            return await anyio.to_thread.run_sync(work, body, limiter=turn)

    async def stream(self, request: Request, work: Callable[[bytes], Iterator[bytes]]) -> Response:
        """Return a response that reads the body and sends what the work yields, in the turn of long
        requests; the work is closed where the client goes away, or takes too long.

        Sending it raises RequestRefused as `score` does, and what the work raises before its first
        piece.
        """
        return _Stream(self, request, work)

    def answer(self, content: bytes, status: int = 200) -> Response:
        """Return a JSON response that counts as held while it is sent, and is dropped where the
        client does not read it.
        """
        return _Answer(self, content, status)

    @contextlib.contextmanager
    def _holding(self) -> Iterator[Callable[[int], bool]]:
        """Yield a function that counts bytes as held until the end of the block.

        It returns whether that many fit.
        """
        held_here = 0

        def hold(count: int) -> bool:
            nonlocal held_here
            fits = self.held_bytes + count <= self.limits.held_bytes
            if fits:
                self.held_bytes += count
                held_here += count
            return fits

        try:
            yield hold
        finally:
            self.held_bytes -= held_here

    async def _read(self, request: Request, hold: Callable[[int], bool]) -> bytes:
        """Return the body, read to its end also where it is refused."""
        limits, refused = self.limits, None
        declared = request.headers.get("content-length", "0")
        if declared.isdecimal() and int(declared[:18]) > _READ_OUT * limits.body_bytes:
            raise _too_large(limits)
        body, size = bytearray(), 0
        try:
            async with asyncio.timeout(limits.body_seconds):
                async for chunk in request.stream():
                    size += len(chunk)
                    if size > _READ_OUT * limits.body_bytes:
                        break
                    if size > limits.body_bytes:
                        refused = _too_large(limits)
                    elif refused is None and not hold(len(chunk)):
                        refused = _busy()
                    if refused is None:
                        body += chunk
                    else:
                        body.clear()
        except TimeoutError:
            rule = f"all of it within {limits.body_seconds:g} s"
            error = ErrorDetail("too_slow", "body", "did not arrive in time", rule)
            raise RequestRefused.for_error(408, error) from None
        if refused is not None:
            raise refused
        return bytes(body)


class _Answer(Response):
    """A response that counts as held while it is sent in pieces.

    It is dropped where the client does not read it in time.
    """

    media_type = "application/json"

    def __init__(self, load_shedder: LoadShedder, content: bytes, status: int):
        super().__init__(content, status)
        self._load_shedder = load_shedder

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with contextlib.suppress(TimeoutError), self._load_shedder._holding() as hold:
            hold(len(self.body))
            async with asyncio.timeout(self._load_shedder.limits.answer_seconds):
                await send(
                    {
                        "type": "http.response.start",
                        "status": self.status_code,
                        "headers": self.raw_headers,
                    }
                )
                for start in range(0, max(len(self.body), 1), _PIECE):
                    piece = self.body[start : start + _PIECE]
                    more = start + _PIECE < len(self.body)
                    await send({"type": "http.response.body", "body": piece, "more_body": more})


class _Stream(Response):
    """A response of which each piece is made in a thread when the one before it is sent."""

    def __init__(
        self,
        load_shedder: LoadShedder,
        request: Request,
        work: Callable[[bytes], Iterator[bytes]],
    ):
        super().__init__()
        self._load_shedder, self._request, self._work = load_shedder, request, work

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        shedder = self._load_shedder
        with shedder._holding() as hold:
            body = await shedder._read(self._request, hold)
            if shedder._long.statistics().tasks_waiting >= shedder.limits.waiting_long:
                raise _busy()
            async with shedder._long:
                pieces = self._work(body)
                try:
                    first = await anyio.to_thread.run_sync(next, pieces, b"")
                    answer = StreamingResponse(_all(first, pieces), media_type=NDJSON)
                    with anyio.move_on_after(shedder.limits.stream_seconds):
                        await answer(scope, receive, send)
                finally:
                    with anyio.CancelScope(shield=True):
                        await anyio.to_thread.run_sync(_close, pieces)


async def _all(first: bytes, pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Yield the first piece, and the others as they are made."""
    while first:
        yield first
        first = await anyio.to_thread.run_sync(next, pieces, b"")


def _close(pieces: Iterator[bytes]) -> None:
    if isinstance(pieces, Generator):
        pieces.close()


def _busy() -> RequestRefused:
    return RequestRefused.for_error(
        503, ErrorDetail("busy", "service", "is busy", "another try in a second")
    )


def _too_large(limits: Limits) -> RequestRefused:
    most = f"at most {limits.body_bytes:,} bytes: send fewer partnerships at a time"
    return RequestRefused.for_error(413, ErrorDetail("too_large", "body", "is too large", most))
