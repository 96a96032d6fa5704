"""What a worker takes on: bodies within limits, one short and one long request scored at a time,
answers that are read.

Bodies and answers held in memory are counted together. Past a limit a request is refused with 503,
after its body was read to the end and dropped: many clients see an earlier answer as a broken
connection.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from typing import TypeVar

import anyio
import anyio.to_thread
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from serving.http.errors import ErrorDetail, RequestRefused
from serving.settings import Limits

T = TypeVar("T")

#: Times the limit up to which a body that is too large is still read to its end.
_READ_OUT = 8
#: Answers go out in pieces of as many bytes: what a client that does not read keeps in memory once
#: it is given up.
_PIECE = 2**18


class LoadShedder:
    """The counts of one worker."""

    def __init__(self, limits: Limits | None = None):
        self.limits = limits or Limits()
        self.held_bytes = 0
        self._short, self._long = anyio.CapacityLimiter(1), anyio.CapacityLimiter(1)

    async def score(self, request: Request, work: Callable[[bytes], T]) -> T:
        """Read the body and do the work on it in a thread, in turn; long requests do not keep short
        ones waiting.

        Raises RequestRefused where the body is too large or too slow, or too much is waiting
        already.
        """
        with self._holding() as held:
            body = await self._read(request, held)
            if len(body) <= self.limits.short_bytes:
                turn, waiting = self._short, self.limits.waiting
            else:
                turn, waiting = self._long, self.limits.waiting_long
            if turn.statistics().tasks_waiting >= waiting:
                raise _busy()
            return await anyio.to_thread.run_sync(work, body, limiter=turn)

    def answer(self, content: bytes, status: int = 200) -> Response:
        """Give a JSON response that counts as held while it is sent, and is given up where the
        client does not read.
        """
        return _Answer(self, content, status)

    @contextlib.contextmanager
    def _holding(self) -> Iterator[Callable[[int], bool]]:
        """Give a function that counts bytes as held until the end of the block, and says whether
        that many fit.
        """
        mine = 0

        def held(count: int) -> bool:
            nonlocal mine
            fits = self.held_bytes + count <= self.limits.held_bytes
            if fits:
                self.held_bytes, mine = self.held_bytes + count, mine + count
            return fits

        try:
            yield held
        finally:
            self.held_bytes -= mine

    async def _read(self, request: Request, held: Callable[[int], bool]) -> bytes:
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
                    elif refused is None and not held(len(chunk)):
                        refused = _busy()
                    if refused is None:
                        body += chunk
                    else:
                        body.clear()
        except TimeoutError:
            wanted = f"all of it within {limits.body_seconds:g} s"
            raise RequestRefused.for_error(
                408, ErrorDetail("too_slow", "body", "did not arrive in time", wanted)
            ) from None
        if refused is not None:
            raise refused
        return bytes(body)


class _Answer(Response):
    """A response that is sent in pieces, each counted as held; what is not read in time is given
    up.
    """

    media_type = "application/json"

    def __init__(self, admission: LoadShedder, content: bytes, status: int):
        super().__init__(content, status)
        self._admission = admission

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with contextlib.suppress(TimeoutError), self._admission._holding() as held:
            held(len(self.body))
            async with asyncio.timeout(self._admission.limits.answer_seconds):
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


def _busy() -> RequestRefused:
    return RequestRefused.for_error(
        503, ErrorDetail("busy", "service", "is busy", "another try in a second")
    )


def _too_large(limits: Limits) -> RequestRefused:
    most = f"at most {limits.body_bytes:,} bytes: send fewer partnerships at a time"
    return RequestRefused.for_error(413, ErrorDetail("too_large", "body", "is too large", most))
