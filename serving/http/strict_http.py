"""Requests as bytes: one parser, h11, and checks of the bytes of a head before it parses them.

h11 takes what other readers take in another way: it drops a Content-Length beside a
Transfer-Encoding, folds lines, ends lines at a bare LF, and holds its limit only while a head is
incomplete. A proxy in front may then see one request where h11 sees two. Such a request is refused,
in the one shape of errors, and its connection is closed.

uvicorn would take another parser where one is installed; `use_strict_http` has every worker take
this one, and names the app that its requests go to.
"""

import re
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import h11
import orjson
from starlette.types import ASGIApp
from uvicorn.config import HTTP_PROTOCOLS
from uvicorn.protocols.http.h11_impl import H11Protocol

from serving.http.errors import ErrorDetail, RequestRefused, error_body
from serving.settings import Limits

#: Where h11 ends a head.
_END = re.compile(rb"\n\r?\n")
_BARE_LF = re.compile(rb"(?<!\r)\n")
#: As many digits as any reader can hold.
_LENGTH = re.compile(rb"[0-9]{1,18}")
_NOT_HTTP = ErrorDetail(
    "not_http",
    "request",
    "is not HTTP/1.1",
    "a request line with a path, headers, one Host among them, and a body",
)
_REMEDY = (
    "one Content-Length in digits, or Transfer-Encoding: chunked alone; "
    "whole lines that end with CR LF"
)


def use_strict_http(front: Callable[[ASGIApp], ASGIApp]) -> None:
    """Make every server that uvicorn starts from now on read requests by StrictHTTP, and pass them
    to what `front` makes of the server's own app.

    BentoML has no setting for either.
    """
    StrictHTTP.front = staticmethod(front)
    HTTP_PROTOCOLS["auto"] = f"{StrictHTTP.__module__}:{StrictHTTP.__name__}"


def head_refusal(received: bytes, most: int) -> RequestRefused | None:
    """Return why a head is refused, by its bytes so far; None where nothing is wrong, or it is
    incomplete.

    `most`: bytes of request line and headers, with the empty line at their end.
    """
    end = _END.search(received)
    head = received[: end.end()] if end else received
    if len(head) > most:
        rule = f"at most {most:,} bytes of request line and headers"
        error = ErrorDetail("too_large", "headers", "are too large", rule)
        return RequestRefused.for_error(431, error)
    if end is None:
        return None
    if not _names_path(head):
        return RequestRefused.for_error(400, _NOT_HTTP)
    words = _unclear_end(head)
    if words is None:
        return None
    return RequestRefused.for_error(400, ErrorDetail("unclear_length", "headers", words, _REMEDY))


def _names_path(head: bytes) -> bool:
    """Return whether the request line names a path: not an address, which is for proxies, and not
    `*`.
    """
    words = head.lstrip(b"\r\n").split(b" ", 2)
    return len(words) < 3 or words[1].startswith(b"/")


def _unclear_end(head: bytes) -> str | None:
    """Return why readers may not agree where a request ends."""
    if _BARE_LF.search(head):
        return "have a line that does not end with CR LF"
    request, *lines = head.split(b"\r\n")
    if any(line[:1] in (b" ", b"\t") for line in lines):
        return "have a line that is continued on the next one"
    return _length_fault(
        request.endswith(b" HTTP/1.1"), _values(lines, b"content-length"), _codings(lines)
    )


def _values(lines: list[bytes], name: bytes) -> list[bytes]:
    fields = (line.partition(b":") for line in lines)
    return [value.strip(b" \t") for field, _, value in fields if field.strip().lower() == name]


def _codings(lines: list[bytes]) -> list[bytes]:
    return [value.lower() for value in _values(lines, b"transfer-encoding")]


def _length_fault(knows_chunks: bool, lengths: list[bytes], codings: list[bytes]) -> str | None:
    """Return what is unclear about the values of Content-Length and Transfer-Encoding.

    `knows_chunks`: whether the request is of HTTP/1.1.
    """
    if lengths and codings:
        return "have Content-Length and Transfer-Encoding"
    if len(lengths) > 1:
        return "have Content-Length more than once"
    if lengths and not _LENGTH.fullmatch(lengths[0]):
        return "have a Content-Length that is no whole number"
    if codings and codings != [b"chunked"]:
        return "have a Transfer-Encoding that is not chunked alone"
    if codings and not knows_chunks:
        return "have a Transfer-Encoding, which is of HTTP/1.1 alone"
    return None


class _Refused(h11.RemoteProtocolError):
    """A head is refused before h11 reads it."""


class _Connection(h11.Connection):
    """The server's side of a connection; a head is checked before it is parsed, also where it
    waited behind another.
    """

    refused: RequestRefused | None = None

    def next_event(self) -> h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]:
        """Return the next event, as h11 does.

        Raises RemoteProtocolError where a head is refused.
        """
        if self.their_state is h11.IDLE and self.refused is None:
            self.refused = head_refusal(self.trailing_data[0], Limits.head_bytes)
        if self.refused is not None:
            raise _Refused("refused")
        return super().next_event()


class StrictHTTP(H11Protocol):
    """uvicorn's reader of HTTP/1 by h11, which refuses what is unclear, and words every refusal as
    the service does.
    """

    conn: _Connection
    front: Callable[[ASGIApp], ASGIApp] = staticmethod(lambda app: app)

    def __init__(self, *args: Any, **options: Any):
        super().__init__(*args, **options)
        self.app = self.front(self.app)
        self.conn = _Connection(h11.SERVER, Limits.head_bytes)

    def _should_upgrade_to_ws(self) -> bool:
        return False  # it is answered as what it is besides: a request of HTTP

    def _unsupported_upgrade_warning(self) -> None:
        """Log nothing: whoever likes could fill the log."""

    def send_400_response(self, msg: str) -> None:
        """Answer what is no clear request, where no answer was begun, and close the connection."""
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            refused = self.conn.refused or RequestRefused.for_error(400, _NOT_HTTP)
            for event in _answer(refused):
                self.transport.write(self.conn.send(event) or b"")
        self.transport.close()


def _answer(refused: RequestRefused) -> list[h11.Event]:
    content = orjson.dumps(error_body(refused))
    headers = {
        "content-type": "application/json",
        "content-length": str(len(content)),
        "connection": "close",
    }
    start = h11.Response(
        status_code=refused.status,
        headers=list(headers.items()),
        reason=HTTPStatus(refused.status).phrase.encode(),
    )
    return [start, h11.Data(data=content), h11.EndOfMessage()]
