"""The BentoML service: `creatorcast serve`, or `bentoml serve serving.service:Creatorcast`.

BentoML runs the workers, and answers its own paths; `serving.http.routes` answers everything else.
Its requests do not pass BentoML's layers: each of those takes time, and one of them leaves a timer
of a minute or more behind every request.
"""

import gc
import os
import sys
from functools import cache

import bentoml
import click
from starlette.datastructures import State
from starlette.types import ASGIApp, Receive, Scope, Send

from serving.http.addresses import ADDRESSES
from serving.http.auth import PUBLIC_PATHS, AccessControl, AuthMiddleware
from serving.http.metrics import Metrics, MetricsMiddleware
from serving.http.processes import end_with_supervisor, supervise
from serving.http.start_check import check_listening, check_start, exit_on_lost_port
from serving.http.strict_http import use_strict_http
from serving.http.temporary_folder import use_temporary_folder
from serving.settings import CHECKED, ENVIRONMENT, HOST, PORT, settings_from

metrics = Metrics(ADDRESSES)
#: Of the service in a worker: `access`, and the `app` that answers.
state = State()
#: What BentoML answers: probes, and what its own clients read first.
BENTOML_PATHS = frozenset({*PUBLIC_PATHS, "/schema.json"})


@cache
def front(bentoml_app: ASGIApp) -> ASGIApp:
    """Return what every request goes to: figures and access first, then the app of BentoML for
    reading BENTOML_PATHS, ours for all else.
    """

    async def by_path(scope: Scope, receive: Receive, send: Send) -> None:
        is_request = scope["type"] == "http"
        is_ours = is_request and not (
            scope["path"] in BENTOML_PATHS and scope["method"] in ("GET", "HEAD")
        )
        await (state.app if is_ours else bentoml_app)(scope, receive, send)

    return MetricsMiddleware(AuthMiddleware(by_path, state), metrics)


@bentoml.service(
    name="creatorcast",
    workers=2,
    http={"host": HOST, "port": PORT},
    # its lines hold paths as the client wrote them; /metrics counts requests
    logging={"access": {"enabled": False}},
    # nobody is sent a trace, and making one takes a fifth of a millisecond
    tracing={"excluded_urls": [".*"]},
    # they have a series for every path that a client makes up: see serving.http.metrics
    metrics={"enabled": False},
)
class Creatorcast:
    """Forecasts what partnerships with social-media creators bring; see /v1/openapi.json."""

    @bentoml.on_deployment
    def prepare() -> None:
        """Check settings and address in the process that starts the workers, before it listens.

        BentoML has read the environment by now, so a wrong one is corrected by starting anew. Only
        an address on the command line is known here; AuthMiddleware judges any other.
        """
        command = click.get_current_context(silent=True)
        if command is None:
            return
        if not ENVIRONMENT.items() <= os.environ.items():
            os.execve(
                sys.executable, [sys.executable, *sys.orig_argv[1:]], {**os.environ, **ENVIRONMENT}
            )
        address = command.params.get("host") or HOST, command.params.get("port") or PORT
        try:
            if os.environ.pop(CHECKED, ""):
                check_listening(*address, settings_from(os.environ))
            else:
                check_start(*address, os.environ, waits=True)
        except ValueError as error:
            click.echo(f"creatorcast: {error}", err=True)
            sys.exit(2)
        exit_on_lost_port(*address)
        metrics.share(os.environ)
        supervise(os.environ)
        use_temporary_folder()

    def __init__(self) -> None:
        end_with_supervisor(os.environ)
        use_temporary_folder()
        metrics.join(os.environ, bentoml.server_context.worker_index or 0)
        settings = settings_from(os.environ)
        state.access = AccessControl(settings)
        # what is imported and loaded stays: collections meanwhile take a seventh of the time
        gc.disable()
        # here alone: the process that starts the workers takes a third of the time without it
        from serving.worker import Worker

        self.worker = Worker(settings, metrics)
        gc.enable()
        state.app = self.worker.app

    def __is_ready__(self) -> bool:
        return self.worker.is_ready

    @bentoml.on_shutdown
    def stop(self) -> None:
        """Stop what the worker has started."""
        self.worker.stop()


use_strict_http(front)
