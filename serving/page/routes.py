"""The routes of the page: its two documents, and the files that they load.

Nothing here is secret, so no key is asked for: the page asks for one when it calls the service.
"""

from pathlib import Path

from starlette.datastructures import MutableHeaders
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

STATIC = Path(__file__).parent / "static"
#: Where the files that the documents load are found.
FILES_PATH = "/page"
#: Address of a document -> its file.
DOCUMENTS = {"/": "index.html", "/docs": "docs.html"}
#: Headers of every file. Only what the service itself gives is loaded and asked; nothing inline is
#: run, and no other page may show this one in a frame.
SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    # a browser asks each time whether a file has changed, so that page and service fit each other
    "Cache-Control": "no-cache",
}
#: Shortest file that is sent compressed, in bytes.
_LEAST_COMPRESSED = 500


def page_routes() -> list[BaseRoute]:
    """Return the routes of the page's documents and files."""
    files = StaticFiles(directory=STATIC)
    documents = [
        Route(path, _guarded(_Document(files, name)), methods=["GET"])
        for path, name in DOCUMENTS.items()
    ]
    return [*documents, Mount(FILES_PATH, _guarded(files))]


def is_page_path(path: str) -> bool:
    """Return whether a path is of a document of the page, or of a file that it loads.

    >>> [is_page_path(path) for path in ("/", "/docs", "/page/app/main.js", "/v1/model", "/pages")]
    [True, True, True, False, False]
    """
    return path in DOCUMENTS or path.startswith(f"{FILES_PATH}/")


class _Document:
    """An ASGI app that answers every request with one file."""

    def __init__(self, files: StaticFiles, name: str):
        self._files, self._name = files, name

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response: Response = await self._files.get_response(self._name, scope)
        await response(scope, receive, send)


class _SecurityHeaders:
    """The ASGI layer that adds SECURITY_HEADERS to every answer."""

    def __init__(self, app: ASGIApp):
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(SECURITY_HEADERS)
            await send(message)

        await self._app(scope, receive, send_with_headers)


def _guarded(app: ASGIApp) -> ASGIApp:
    return _SecurityHeaders(GZipMiddleware(app, minimum_size=_LEAST_COMPRESSED))
