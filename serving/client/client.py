"""Client: one method an address, answers as the dicts that the service sends, every failure as a
ServiceError.
"""

import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

import httpx

from serving.client.types import Answer, Creator, Error, Partnership, Ranking

#: Statuses by which the service asks to come back; nothing else is sent twice.
RETRIED = (429, 503)


class ServiceError(Exception):
    """The service refused, or could not be reached: `status` (None where there was no answer),
    `code`, `errors`.

    `results` are those of a question of which no partnership could be scored, each with its own
    errors.
    """

    def __init__(
        self, status: int | None, code: str, errors: Sequence[Error], results: Sequence[dict] = ()
    ):
        first = errors[0] if errors else _error(code, "service", "gave no reason")
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        wanted = f"; expected: {first['expected']}" if first["expected"] else ""
        super().__init__(f"{code}: {first['where']} {first['what']}{wanted}{more}")
        self.status, self.code, self.errors, self.results = (
            status,
            code,
            list(errors),
            list(results),
        )


@dataclass(frozen=True)
class Retries:
    """How often and how long a client comes back: between tries a random part of a wait that
    doubles.

    What Retry-After asks for is waited at least, and given up where it is more than
    `longest_seconds`.
    """

    times: int = 3
    first_seconds: float = 0.2
    longest_seconds: float = 10.0

    def wait(self, tried: int, retry_after: str | None) -> float | None:
        """Give the seconds to wait after so many tries, None where no other is worth it."""
        asked = float(retry_after) if retry_after and retry_after.isdecimal() else 0.0
        if tried > self.times or asked > self.longest_seconds:
            return None
        return min(
            asked + random.uniform(0, self.first_seconds * 2 ** (tried - 1)), self.longest_seconds
        )


class Client:
    """Asks one service; a context manager, and safe to share between threads.

    `timeout`: seconds for connecting, and for each wait on the service; `transport`: of httpx, for
    tests.
    """

    def __init__(
        self,
        address: str = "http://127.0.0.1:3000",
        api_key: str | None = None,
        timeout: float = 30.0,
        retries: Retries | None = None,
        transport: httpx.BaseTransport | None = None,
    ):
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._http = httpx.Client(
            base_url=address, headers=headers, timeout=timeout, transport=transport
        )
        self._retries = retries or Retries()

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def predict(
        self,
        partnerships: Sequence[Partnership],
        as_of: datetime | str | None = None,
        explain: bool = False,
        comparables: bool = False,
    ) -> Answer:
        """Forecast 1 to 1,000 partnerships; each has its result or its errors. Raises ServiceError,
        as all here do.
        """
        return self._ask(
            "/v1/predict", partnerships, as_of, explain=explain, comparables=comparables
        )

    def rank(
        self,
        partnerships: Sequence[Partnership],
        by: str | None = None,
        limit: int | None = None,
        as_of: datetime | str | None = None,
        explain: bool = False,
        comparables: bool = False,
    ) -> Ranking:
        """Forecast, and put in the order of a measure, best first; those without a value of it come
        last.
        """
        more = {"by": by, "limit": limit, "explain": explain, "comparables": comparables}
        return self._ask("/v1/rank", partnerships, as_of, **more)

    def explain(
        self, partnerships: Sequence[Partnership], as_of: datetime | str | None = None
    ) -> Answer:
        """Forecast, with the reasons of each and comparable creators."""
        return self._ask("/v1/explain", partnerships, as_of)

    def creator(self, creator_id: str, platform: str | None = None) -> Creator:
        """Tell what the service knows of a creator."""
        return self._send(
            "GET", f"/v1/creators/{quote(creator_id, safe='')}", params=_told(platform=platform)
        )

    def benchmarks(
        self,
        platform: str | None = None,
        band: str | None = None,
        niche: str | None = None,
        measure: str | None = None,
    ) -> dict[str, Any]:
        """List what creators do, all or some."""
        only = _told(platform=platform, band=band, niche=niche, measure=measure)
        return self._send("GET", "/v1/benchmarks", params=only)

    def model(self) -> dict[str, Any]:
        """Tell which model answers: its data, record and limits."""
        return self._send("GET", "/v1/model")

    def _ask(
        self,
        path: str,
        partnerships: Sequence[Partnership],
        as_of: datetime | str | None,
        **more: object,
    ) -> Any:
        moment = _text(as_of) if as_of is not None else None
        rows = [{name: _text(value) for name, value in row.items()} for row in partnerships]
        return self._send("POST", path, json={"partnerships": rows, **_told(as_of=moment, **more)})

    def _send(self, method: str, path: str, **rest: Any) -> Any:
        tried = 0
        while True:
            tried += 1
            try:
                response = self._http.request(method, path, **rest)
            except httpx.HTTPError as error:
                what = f"could not be asked: {type(error).__name__} {error}".rstrip()
                fault = _error("unreachable", str(self._http.base_url), what)
                raise ServiceError(None, "unreachable", [fault]) from error
            if response.is_success:
                return response.json()
            again = response.status_code in RETRIED
            wait = self._retries.wait(tried, response.headers.get("retry-after")) if again else None
            if wait is None:
                raise _refused(response)
            time.sleep(wait)


def _refused(response: httpx.Response) -> ServiceError:
    try:
        body = response.json()
        return ServiceError(
            response.status_code, body["code"], body["errors"], body.get("results", ())
        )
    except (
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
    ):  # not the service's own words: of a proxy, say
        what = f"answered {response.status_code} {response.reason_phrase}"
        return ServiceError(
            response.status_code, "no_answer", [_error("no_answer", "service", what)]
        )


def _error(code: str, where: str, what: str) -> Error:
    return {"code": code, "where": where, "what": what, "expected": None, "got": None}


def _told(**given: object) -> dict[str, Any]:
    return {name: value for name, value in given.items() if value is not None}


def _text(value: Any) -> Any:
    """Give times as ISO text, also those of posts in a list; the service refuses times without a
    zone.
    """
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {name: _text(inner) for name, inner in value.items()}
    return [_text(inner) for inner in value] if isinstance(value, list | tuple) else value
