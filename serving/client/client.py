"""The client: a method for each address of the service.

Answers are dicts, as the service sends them; every failure is a ServiceError.
"""

import json
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Any
from urllib.parse import quote

import httpx

from serving.client.types import (
    Answer,
    Creator,
    Error,
    FoundCreators,
    Partnership,
    Plan,
    PlanPartnership,
    Ranking,
    TrackAnswer,
    TrackedPartnership,
)

#: Statuses of requests that are sent again.
RETRIED = (429, 503)


class ServiceError(Exception):
    """The service refused a request, or could not be reached.

    `status`: of the response, None where there was none; `code`; `errors`; `results`: one for each
    partnership, with its errors, where none of the request could be scored.
    """

    def __init__(
        self, status: int | None, code: str, errors: Sequence[Error], results: Sequence[dict] = ()
    ):
        first = errors[0] if errors else _error(code, "service", "gave no reason")
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        expected = f"; expected: {first['expected']}" if first["expected"] else ""
        super().__init__(f"{code}: {first['where']} {first['what']}{expected}{more}")
        self.status, self.code = status, code
        self.errors, self.results = list(errors), list(results)


@dataclass(frozen=True)
class Retries:
    """How often a request is sent again after the statuses 429 and 503.

    Before each try the client waits a random time up to a limit that doubles from `first_seconds`,
    in addition to the Retry-After of the response, at most `longest_seconds` in all. Where
    Retry-After is longer than that, the request is not sent again.
    """

    times: int = 3
    first_seconds: float = 0.2
    longest_seconds: float = 10.0

    def wait(self, tries: int, retry_after: str | None) -> float | None:
        """Return the seconds to wait after so many tries, None to stop trying."""
        least = float(retry_after) if retry_after and retry_after.isdecimal() else 0.0
        if tries > self.times or least > self.longest_seconds:
            return None
        backoff = random.uniform(0, self.first_seconds * 2 ** (tries - 1))
        return min(least + backoff, self.longest_seconds)


class Client:
    """A client of one service; a context manager, and safe to share between threads.

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
        campaign: str | None = None,
        quantiles: Sequence[float] | None = None,
    ) -> Answer:
        """Forecast 1 to 1,000 partnerships; each has its result or its errors.

        `campaign`: as in all methods, the name under which the service's ledger keeps forecasts;
        `quantiles`: probabilities of further quantiles of the totals, ascending: that of 0.01 is
        `p01` of engagements and views.

        Raises ServiceError, as all methods do.
        """
        more = {"explain": explain, "comparables": comparables, "campaign": campaign}
        return self._ask("/v1/predict", partnerships, as_of, quantiles=quantiles, **more)

    def rank(
        self,
        partnerships: Sequence[Partnership],
        by: str | None = None,
        limit: int | None = None,
        as_of: datetime | str | None = None,
        explain: bool = False,
        comparables: bool = False,
        campaign: str | None = None,
    ) -> Ranking:
        """Forecast partnerships and sort them by a measure, best first; those without a value of it
        come last.
        """
        more = {"by": by, "limit": limit, "explain": explain, "comparables": comparables}
        more |= {"campaign": campaign}
        return self._ask("/v1/rank", partnerships, as_of, **more)

    def explain(
        self,
        partnerships: Sequence[Partnership],
        as_of: datetime | str | None = None,
        campaign: str | None = None,
        quantiles: Sequence[float] | None = None,
    ) -> Answer:
        """Forecast partnerships, each with its reasons and comparable creators."""
        more = {"campaign": campaign, "quantiles": quantiles}
        return self._ask("/v1/explain", partnerships, as_of, **more)

    def track(
        self,
        partnerships: Sequence[TrackedPartnership],
        as_of: datetime | str | None = None,
        campaign: str | None = None,
    ) -> TrackAnswer:
        """Forecast deliverables that are online, from the counts that were read of them."""
        return self._ask("/v1/track", partnerships, as_of, campaign=campaign)

    def plan(
        self,
        partnerships: Sequence[PlanPartnership],
        budget: float,
        currency: str = "USD",
        as_of: datetime | str | None = None,
        **settings: Any,
    ) -> Plan:
        """Choose whom to sign within a budget.

        `settings`: as POST /v1/plan takes them, such as by="goal", goal=50_000, rules={...}.
        """
        more = {"budget": budget, "currency": currency, **settings}
        return self._ask("/v1/plan", partnerships, as_of, **more)

    def creator(
        self, creator_id: str, platform: str | None = None, posts: int | None = None
    ) -> Creator:
        """Return what the service knows of a creator; `posts`: how many of its last posts too."""
        return self._send(
            "GET",
            f"/v1/creators/{quote(creator_id, safe='')}",
            params=_without_none(platform=platform, posts=posts),
        )

    def creators(
        self, search: str | None = None, platform: str | None = None, limit: int | None = None
    ) -> FoundCreators:
        """Return the known creators whose id or handle begins with a text, or contains it."""
        found = _without_none(search=search, platform=platform, limit=limit)
        return self._send("GET", "/v1/creators", params=found)

    def benchmarks(
        self,
        platform: str | None = None,
        band: str | None = None,
        niche: str | None = None,
        measure: str | None = None,
    ) -> dict[str, Any]:
        """Return the benchmarks, all or some."""
        filters = _without_none(platform=platform, band=band, niche=niche, measure=measure)
        return self._send("GET", "/v1/benchmarks", params=filters)

    def model(self) -> dict[str, Any]:
        """Return the model in use: its data, record and limits."""
        return self._send("GET", "/v1/model")

    def _ask(
        self,
        path: str,
        partnerships: Sequence[Partnership]
        | Sequence[TrackedPartnership]
        | Sequence[PlanPartnership],
        as_of: datetime | str | None,
        **more: object,
    ) -> Any:
        moment = _iso_text(as_of) if as_of is not None else None
        question = {"partnerships": _iso_text(list(partnerships))}
        try:
            body = json.dumps(question | _without_none(as_of=moment, **more), allow_nan=False)
        except (TypeError, ValueError) as error:
            unreadable = _error("not_json", "partnerships", f"is no JSON: {error}")
            raise ServiceError(None, "not_json", [unreadable]) from error
        headers = {"Content-Type": "application/json"}
        return self._send("POST", path, content=body, headers=headers)

    def _send(self, method: str, path: str, **rest: Any) -> Any:
        for tries in count(1):
            try:
                response = self._http.request(method, path, **rest)
            except httpx.HTTPError as error:
                text = f"could not be asked: {type(error).__name__} {error}".rstrip()
                unreachable = _error("unreachable", str(self._http.base_url), text)
                raise ServiceError(None, "unreachable", [unreachable]) from error
            if response.is_success:
                return response.json()
            if response.status_code not in RETRIED:
                raise _service_error(response)
            wait = self._retries.wait(tries, response.headers.get("retry-after"))
            if wait is None:
                raise _service_error(response)
            time.sleep(wait)


def _service_error(response: httpx.Response) -> ServiceError:
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
    ):  # the response of a proxy, not of the service
        text = f"answered {response.status_code} {response.reason_phrase}"
        no_answer = _error("no_answer", "service", text)
        return ServiceError(response.status_code, "no_answer", [no_answer])


def _error(code: str, where: str, what: str) -> Error:
    return {"code": code, "where": where, "what": what, "expected": None, "got": None}


def _without_none(**values: object) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _iso_text(value: Any) -> Any:
    """Return a value with its times as ISO text, also those of posts in a list.

    The service refuses times without a zone.
    """
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {name: _iso_text(inner) for name, inner in value.items()}
    return [_iso_text(inner) for inner in value] if isinstance(value, list | tuple) else value
