"""Who may send requests: clients with a key of the service; without keys, this machine alone."""

import logging
from collections.abc import Iterable

import orjson
from starlette.datastructures import State
from starlette.types import ASGIApp, Receive, Scope, Send

from serving.http.errors import ErrorDetail, RequestRefused, error_body
from serving.http.keys import REMEDY, Keys, is_loopback
from serving.page.routes import is_page_path
from serving.settings import Settings

log = logging.getLogger("bentoml.creatorcast")

#: What probes ask without a key.
PUBLIC_PATHS = ("/livez", "/readyz", "/healthz")
#: What the scope of a request names its key by, where the file of keys gives it a name.
KEY_NAME = "creatorcast.key_name"
_EXPECTED = "a key of the service as `Authorization: Bearer KEY` or `X-API-Key: KEY`"


class AccessControl:
    """Decides whether a request may be answered: by its path, its headers, and the address that it
    reached.
    """

    def __init__(self, settings: Settings):
        self.keys = (
            Keys(settings.api_keys_file, settings.poll_seconds) if settings.api_keys_file else None
        )
        self.insecure = settings.insecure
        self._has_logged = False

    def refusal(self, scope: Scope) -> RequestRefused | None:
        """Return why a request is refused; None where it may be answered, whose scope then has the
        name of its key.
        """
        if scope["path"] in PUBLIC_PATHS or is_page_path(scope["path"]):
            return None
        if self.keys is not None:
            sent_keys = list(_sent_keys(scope["headers"]))
            found = next(filter(None, map(self.keys.find, sent_keys)), None)
            if found is not None:
                scope[KEY_NAME] = found.name
                return None
            words = "is no key of this service" if sent_keys else "is missing"
            error = ErrorDetail("no_key", "headers.authorization", words, _EXPECTED)
            return RequestRefused.for_error(401, error)
        if self.insecure or _stays_here(scope):
            return None
        if not self._has_logged:
            log.error("refused a request from outside: %s", REMEDY)
            self._has_logged = True
        words = "has no keys, so it answers its own machine only, under a name such as localhost"
        return RequestRefused.for_error(403, ErrorDetail("keys_needed", "service", words))


def _stays_here(scope: Scope) -> bool:
    """Return whether a request reached this machine at an address, and under a name, of its own.

    A page of another site can have its name mean 127.0.0.1 (DNS rebinding); its requests then come
    from this machine, under that name.
    """
    if not is_loopback((scope.get("server") or ("",))[0]):
        return False
    hosts = (value.decode("latin-1") for name, value in scope["headers"] if name == b"host")
    return all(is_loopback(_without_port(host)) for host in hosts)


def _without_port(host: str) -> str:
    """Return the name or address of a Host header.

    >>> [_without_port(host) for host in ("localhost:3000", "[::1]:3000", "127.0.0.1", "a.b:1")]
    ['localhost', '::1', '127.0.0.1', 'a.b']
    """
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].lower()


def _sent_keys(headers: Iterable[tuple[bytes, bytes]]) -> Iterable[bytes]:
    for name, value in headers:
        if name == b"x-api-key":
            yield value.strip()
        elif name == b"authorization" and value[:7].lower() == b"bearer ":
            yield value[7:].strip()


class AuthMiddleware:
    """The ASGI layer before every path: refuses what `state.access` refuses, with the JSON of all
    errors.
    """

    def __init__(self, app: ASGIApp, state: State):
        self.app, self.state = app, state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refused = self.state.access.refusal(scope) if scope["type"] == "http" else None
        if refused is None:
            return await self.app(scope, receive, send)
        headers = [(b"content-type", b"application/json")]
        if refused.status == 401:
            headers.append((b"www-authenticate", b'Bearer realm="creatorcast"'))
        await send({"type": "http.response.start", "status": refused.status, "headers": headers})
        await send({"type": "http.response.body", "body": orjson.dumps(error_body(refused))})
