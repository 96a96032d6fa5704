"""One request to a running service, for the commands that start one."""

import json


def http_answer(address: str, body: dict | None = None, seconds: float = 30.0) -> bytes:
    """Return what an address answers; a `body` is sent as JSON. Raises OSError."""
    import urllib.request  # with TLS and mail it takes a sixth of the time of help

    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(address, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=seconds) as response:
        answer: bytes = response.read()
    return answer
