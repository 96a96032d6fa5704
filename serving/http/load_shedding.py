"""The load that a worker accepts: bodies within limits; one short request, one long one and one
file made at a time; answers that clients read in time.

Bodies and answers held in memory are counted together. Past a limit a request is refused with 503,
after its body was read to the end and dropped: many clients see an earlier answer as a broken
connection.
"""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from typing import TypeVar

import anyio
import anyio.to_thread
from starlette.requests import ClientDisconnect, Request
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


class Unwanted(Exception):
    """The work on a request ends: nobody waits for the answer, or it took too long."""


class Wanted:
    """Whether somebody still waits for an answer; asked by the thread that makes it."""

    def __init__(self) -> None:
        self._is_over = threading.Event()

    def end(self) -> None:
        """Have `check` raise from now on."""
        self._is_over.set()

    def check(self) -> None:
        """Raise Unwanted where nobody waits any more."""
        if self._is_over.is_set():
            raise Unwanted


class LoadShedder:
    """The limits and the load of one worker."""

    def __init__(self, limits: Limits | None = None):
        self.limits = limits or Limits()
        self.held_bytes = 0
        seconds = self.limits.turn_seconds
        self._short = _Turn(self.limits.waiting, seconds)
        self._long = _Turn(self.limits.waiting_long, seconds)
        self._files = _Turn(self.limits.waiting_files, seconds)

    async def score(self, request: Request, work: Callable[[bytes], T], is_long: bool = False) -> T:
        """Read the body and do the work on it in a thread, in turn; long requests, those that
        `is_long` marks among them, do not keep short ones waiting.

        Raises RequestRefused where the body is too large or too slow, or too much is waiting
        already.
        """
        with self._holding() as hold:
            body = await self._read(request, hold)
            is_short = len(body) <= self.limits.short_bytes and not is_long
            async with (self._short if is_short else self._long).taken(request):
                return await anyio.to_thread.run_sync(work, body)

    async def make_file(self, request: Request, work: Callable[[bytes, Wanted], T]) -> T:
        """Read the body and have the work make a file of it in a thread, in the turn of files.

        The work ends where the client goes away, or it takes longer than `file_seconds`. Raises
        RequestRefused as `score` does, and ClientDisconnect.
        """
        limits, wanted = self.limits, Wanted()
        with self._holding() as hold:
            body = await self._read(request, hold)
            async with self._files.taken(request):
                watch = asyncio.ensure_future(_end_when_gone(request, wanted))
                timer = asyncio.get_running_loop().call_later(limits.file_seconds, wanted.end)
                try:
                    return await anyio.to_thread.run_sync(work, body, wanted)
                except Unwanted:
                    if watch.done():
                        raise ClientDisconnect from None
                    raise _no_time(limits) from None
                finally:
                    timer.cancel()
                    watch.cancel()

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


class _Turn:
    """What one request does at a time; at most `most` others wait for it, each for `seconds`."""

    def __init__(self, most: int, seconds: float):
        self._most, self._seconds = most, seconds
        self._lock, self._waiting = asyncio.Lock(), 0

    @contextlib.asynccontextmanager
    async def taken(self, request: Request) -> AsyncIterator[None]:
        """Have the turn in the block.

        Raises RequestRefused where too many wait, or it takes too long, and ClientDisconnect where
        the client goes away meanwhile.
        """
        if self._waiting >= self._most:
            raise _busy()
        if self._lock.locked() or self._waiting:
            await self._wait(request)
        else:
            await self._lock.acquire()
        try:
            yield
        finally:
            self._lock.release()

    async def _wait(self, request: Request) -> None:
        self._waiting += 1
        turn, gone = (
            asyncio.ensure_future(self._lock.acquire()),
            asyncio.ensure_future(_gone(request)),
        )
        try:
            await asyncio.wait((turn, gone), timeout=self._seconds, return_when="FIRST_COMPLETED")
            if gone.done():
                raise ClientDisconnect
            if not turn.done():
                raise _busy()
        except BaseException:
            if turn.done():
                self._lock.release()
            turn.cancel()
            raise
        finally:
            self._waiting -= 1
            gone.cancel()


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
            async with shedder._long.taken(self._request):
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


async def _gone(request: Request) -> None:
    """Return when the client has gone away; its body was read before."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _end_when_gone(request: Request, wanted: Wanted) -> None:
    await _gone(request)
    wanted.end()


def _close(pieces: Iterator[bytes]) -> None:
    if isinstance(pieces, Generator):
        pieces.close()


def _busy() -> RequestRefused:
    return RequestRefused.for_error(
        503, ErrorDetail("busy", "service", "is busy", "another try in a second")
    )


def _no_time(limits: Limits) -> RequestRefused:
    words = f"had no time to make the file within {limits.file_seconds:g} s"
    remedy = "another try when fewer ask, a shorter list, or the command `creatorcast score LIST`"
    return RequestRefused.for_error(503, ErrorDetail("busy", "service", words, remedy))


def _too_large(limits: Limits) -> RequestRefused:
    most = (
        f"at most {limits.body_bytes:,} bytes: send fewer partnerships at a time, or a shorter "
        f"list; long lists are for the command `creatorcast score LIST`"
    )
    return RequestRefused.for_error(413, ErrorDetail("too_large", "body", "is too large", most))
