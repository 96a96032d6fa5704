"""Figures for Prometheus: requests and their time by address, partnerships by evidence, and the model in use.

Each worker keeps its figures in files of one folder, PROMETHEUS_MULTIPROC_DIR, and whichever is asked tells those of
all. `bentoml serve` sets one that all services of a user share, and empties it at each start: ours have their own.
BentoML's own figures are off, because they have a series for every path that a client makes up.
"""

import atexit
import os
import shutil
import tempfile
import time
from collections import Counter as Tally
from collections.abc import Iterable, MutableMapping

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    multiprocess,
)
from starlette.types import ASGIApp, Message, Receive, Scope, Send

CONTENT_TYPE = CONTENT_TYPE_LATEST
_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_FOLDER, _SHARED = "CREATORCAST_FIGURES", "PROMETHEUS_MULTIPROC_DIR"
#: The endpoint of a request that no address is for.
NO_ADDRESS = "other"


def own_figures(environment: MutableMapping[str, str]) -> None:
    """Make a folder for the figures of one service and name it in the environment of its workers, until the end."""
    environment[_FOLDER] = tempfile.mkdtemp(prefix="creatorcast-figures-")
    atexit.register(shutil.rmtree, environment[_FOLDER], ignore_errors=True)


def use_figures(environment: MutableMapping[str, str]) -> None:
    """Keep the figures of this worker in the folder that its environment names, where it names one."""
    if _FOLDER in environment:
        environment[_SHARED] = environment[_FOLDER]


class Metrics:
    """The figures of one worker."""

    def __init__(self):
        self._registry = own = CollectorRegistry()
        prefix = "creatorcast"
        self.requests = Counter(
            "requests", "Requests by HTTP status", ["endpoint", "code"], namespace=prefix, registry=own
        )
        self.seconds = Histogram(
            "request_seconds", "From a request's first byte to its answer's last", ["endpoint"],
            namespace=prefix, registry=own, buckets=_BUCKETS,
        )  # fmt: skip
        self.scored = Counter(
            "partnerships", "Partnerships forecast, by what the forecast rests on", ["endpoint", "evidence"],
            namespace=prefix, registry=own,
        )  # fmt: skip
        self.rejected = Counter(
            "partnerships_rejected", "Partnerships answered by errors", ["endpoint"], namespace=prefix, registry=own
        )
        self._model = Gauge(
            "model_info", "1 for the model that a worker answers from", ["version", "trained_on"],
            namespace=prefix, registry=own, multiprocess_mode="livemax",
        )  # fmt: skip
        self._labels: tuple[str, str] | None = None

    def results(self, endpoint: str, results: Iterable[str | None]) -> None:
        """Count the results of an answer by their evidence; those without are rejected."""
        for evidence, count in Tally(results).items():
            found = self.rejected.labels(endpoint) if evidence is None else self.scored.labels(endpoint, evidence)
            found.inc(count)

    def model(self, manifest: dict) -> None:
        """Tell which model is in use from now on."""
        labels = (manifest["version"], manifest["trained_on"])
        if self._labels not in (None, labels):
            self._model.labels(*self._labels).set(0)
        self._labels = labels
        self._model.labels(*labels).set(1)

    def text(self) -> bytes:
        """Give the figures of all workers in the text format of Prometheus."""
        if _SHARED not in os.environ:
            return generate_latest(self._registry)
        together = CollectorRegistry()
        multiprocess.MultiProcessCollector(together)
        return generate_latest(together)


class Counted:
    """The ASGI layer before every other: counts and times each request once, whoever answers it.

    A request goes by the address that its path names: one that the Guard refuses never gets to a route.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics, addresses: Iterable[str]):
        self._app, self._metrics, self._addresses = app, metrics, frozenset(addresses)
        self._open = [(one.partition("{")[0], one) for one in self._addresses if "{" in one]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; its code is `none` where no answer was begun."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        endpoint, code, began = self._address(scope["path"]), "none", time.perf_counter()

        async def sent(message: Message) -> None:
            nonlocal code
            if message["type"] == "http.response.start":
                code = str(message["status"])
            await send(message)

        try:
            await self._app(scope, receive, sent)
        finally:
            self._metrics.requests.labels(endpoint, code).inc()
            self._metrics.seconds.labels(endpoint).observe(time.perf_counter() - began)

    def _address(self, path: str) -> str:
        if path in self._addresses:
            return path
        return next((address for start, address in self._open if path.startswith(start)), NO_ADDRESS)
