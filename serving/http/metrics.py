"""Figures for Prometheus: requests and their time by address, partnerships by evidence, and the
model in use.

Each worker gives the figures of all (`serving.http.counts`). Every series is known at start:
counting needs no more memory and no file while the service runs, so it cannot fail, and no text of
a client becomes a series. BentoML's own figures are off, because they have a series
for every path that a client makes up.
"""

import contextlib
import json
import logging
import time
from bisect import bisect_left
from collections import Counter as Tally
from collections.abc import Iterable, Iterator, MutableMapping
from http import HTTPStatus
from itertools import accumulate

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from features.tables.vocabulary import EVIDENCE
from ledger.count_names import KEPT, LOST, WAITING
from serving.http.counts import SharedCounters

log = logging.getLogger("bentoml.creatorcast")

CONTENT_TYPE = CONTENT_TYPE_LATEST
#: Names the memory that the workers of a service share: its descriptor.
METRICS_MEMORY = "CREATORCAST_FIGURES"
#: The endpoint of a request that no address is for, and any other label without a series of its
#: own.
OTHER = "other"
#: The code of a request whose answer was not begun.
NO_ANSWER = "none"
_BUCKETS = (
    0.0005,
    0.001,
    0.0025,
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1.0,
    2.5,
    5.0,
    10.0,
    30.0,
)
_BOUNDS = (*map(str, _BUCKETS), "+Inf")
_CODES = (NO_ANSWER, *(str(status.value) for status in HTTPStatus), OTHER)
_LABEL_CHARACTERS = 255


class Metrics:
    """The figures of one worker, and the sums over all workers.

    `endpoints` are the addresses that have series of their own; what is counted for another one
    goes to OTHER.
    """

    def __init__(self, endpoints: Iterable[str]):
        self.endpoints = (*endpoints, OTHER)
        self._cells = {series: cell for cell, series in enumerate(_series(self.endpoints))}
        self._labels = {label for _, *labels in self._cells for label in labels}
        self._counts = SharedCounters(len(self._cells))
        self._registry = CollectorRegistry()
        self._registry.register(self)

    def share(self, environment: MutableMapping[str, str]) -> None:
        """Make memory for the workers that get this environment; without it each gives its own
        figures.
        """
        environment.pop(METRICS_MEMORY, None)
        try:
            environment[METRICS_MEMORY] = str(self._counts.share())
        except OSError as error:
            log.warning(
                "figures are not shared, /metrics tells those of the worker that is asked: %s",
                error,
            )

    def join(self, environment: MutableMapping[str, str], worker: int) -> None:
        """Count in a row of the shared memory from now on, if there is any; `worker`: the row."""
        if METRICS_MEMORY not in environment:
            return
        try:
            self._counts.join(int(environment[METRICS_MEMORY]), worker)
        except (OSError, ValueError) as error:
            log.warning(
                "figures of this worker are its own alone: %s %r: %s",
                METRICS_MEMORY,
                environment[METRICS_MEMORY],
                error,
            )

    def request(self, endpoint: str, code: str, seconds: float) -> None:
        """Count a request that took so long."""
        self._add("request", endpoint, code)
        self._add("within", endpoint, _BOUNDS[bisect_left(_BUCKETS, seconds)])
        self._add("seconds", endpoint, amount=seconds)

    def results(self, endpoint: str, results: Iterable[str | None]) -> None:
        """Count the results of an answer by their evidence; those without are rejected."""
        for evidence, count in Tally(results).items():
            series = ("rejected", endpoint) if evidence is None else ("scored", endpoint, evidence)
            self._add(*series, amount=count)

    def model(self, manifest: dict) -> None:
        """Note which model this worker answers from, from now on."""
        labels = [
            str(manifest.get(name, ""))[:_LABEL_CHARACTERS] for name in ("version", "trained_on")
        ]
        self._counts.note(json.dumps(labels, ensure_ascii=False))

    def ledger(self, what: str, forecasts: float) -> None:
        """Count forecasts that the ledger kept or lost, or that wait for it (ledger.keeper)."""
        self._add("ledger", what, amount=forecasts)

    def register(self, collector: Collector) -> None:
        """Tell the figures of a further collector, which each worker has for itself."""
        self._registry.register(collector)

    def text(self) -> bytes:
        """Return the figures of all workers in the text format of Prometheus."""
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        """Yield the figures of all workers as metric families of Prometheus.

        Counters that are 0 are left out.
        """
        totals = dict(zip(self._cells, self._counts.totals(), strict=True))
        yield _counter(
            totals, "request", "requests", "Requests by HTTP status", ["endpoint", "code"]
        )
        yield self._histogram(totals)
        yield _counter(
            totals,
            "scored",
            "partnerships",
            "Partnerships forecast, by what the forecast rests on",
            ["endpoint", "evidence"],
        )
        yield _counter(
            totals,
            "rejected",
            "partnerships_rejected",
            "Partnerships answered by errors",
            ["endpoint"],
        )
        yield from _ledger(totals)
        models = GaugeMetricFamily(
            "creatorcast_model_info",
            "1 for the model that a worker answers from",
            labels=["version", "trained_on"],
        )
        for note in sorted(set(self._counts.notes())):
            with contextlib.suppress(ValueError):  # it was being replaced
                models.add_metric(json.loads(note), 1)
        yield models

    def _add(self, kind: str, *labels: str, amount: float = 1.0) -> None:
        cell = self._cells.get((kind, *labels))
        if cell is None:
            cell = self._cells[
                kind, *(label if label in self._labels else OTHER for label in labels)
            ]
        self._counts.add(cell, amount)

    def _histogram(self, totals: dict[tuple[str, ...], float]) -> Metric:
        family = HistogramMetricFamily(
            "creatorcast_request_seconds",
            "From a request's first byte to its answer's last",
            labels=["endpoint"],
        )
        for endpoint in self.endpoints:
            within = list(accumulate(totals["within", endpoint, bound] for bound in _BOUNDS))
            if within[-1]:
                buckets = list(zip(_BOUNDS, within, strict=True))
                family.add_metric([endpoint], buckets, totals["seconds", endpoint])
        return family


def _series(endpoints: Iterable[str]) -> Iterator[tuple[str, ...]]:
    """Yield the name of every number: what is counted, then its labels."""
    for endpoint in endpoints:
        yield from (("request", endpoint, code) for code in _CODES)
        yield from (("within", endpoint, bound) for bound in _BOUNDS)
        yield ("seconds", endpoint)
        yield from (("scored", endpoint, evidence) for evidence in (*EVIDENCE, OTHER))
        yield ("rejected", endpoint)
    yield from (("ledger", what) for what in (KEPT, LOST, WAITING))


def _ledger(totals: dict[tuple[str, ...], float]) -> Iterator[Metric]:
    """Yield what became of forecasts, 0 too: an alarm needs a series from the beginning."""
    for what, meaning in (
        (KEPT, "Forecasts kept in the ledger"),
        (LOST, "Forecasts that the ledger could not keep; their answers were given"),
    ):
        name = f"creatorcast_ledger_{what}"
        yield CounterMetricFamily(name, meaning, value=totals["ledger", what])
    waiting = max(totals["ledger", WAITING], 0.0)
    meaning = "Forecasts kept in the journal that are not yet in the database"
    yield GaugeMetricFamily("creatorcast_ledger_waiting", meaning, value=waiting)


def _counter(
    totals: dict[tuple[str, ...], float], kind: str, name: str, meaning: str, labels: list[str]
) -> Metric:
    family = CounterMetricFamily(f"creatorcast_{name}", meaning, labels=labels)
    for (what, *values), total in totals.items():
        if what == kind and total:
            family.add_metric(values, total)
    return family


class MetricsMiddleware:
    """The ASGI layer before every other: counts and times each request once.

    A request is counted for the address that its path names: one that AuthMiddleware refuses never
    gets to a route.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics):
        self._app, self._metrics, self._addresses = app, metrics, frozenset(metrics.endpoints)
        self._open = [
            (address.partition("{")[0], address) for address in self._addresses if "{" in address
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; its code is NO_ANSWER where no answer was begun."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        endpoint, code, began = self._address(scope["path"]), NO_ANSWER, time.perf_counter()

        async def sent(message: Message) -> None:
            nonlocal code
            if message["type"] == "http.response.start":
                code = str(message["status"])
            await send(message)

        try:
            await self._app(scope, receive, sent)
        finally:
            self._metrics.request(endpoint, code, time.perf_counter() - began)

    def _address(self, path: str) -> str:
        if path in self._addresses:
            return path
        return next((address for start, address in self._open if path.startswith(start)), OTHER)
