"""The BentoML service: `creatorcast serve`, or `bentoml serve serving.service:Creatorcast`.

BentoML runs the workers, /livez and /readyz; `serving.http.routes` answers everything else, mounted
because that carries more requests than BentoML's own routing (benchmarks/serve_routing.py).
"""

import os
import sys

import bentoml
import click
from starlette.datastructures import State
from starlette.types import Receive, Scope, Send

from serving.http.addresses import ADDRESSES
from serving.http.auth import AccessControl, AuthMiddleware
from serving.http.metrics import Metrics, MetricsMiddleware
from serving.http.processes import end_with_supervisor, supervise
from serving.http.start_check import check_listening, check_start, exit_on_lost_port
from serving.http.strict_http import use_strict_http
from serving.http.temporary_folder import use_temporary_folder
from serving.settings import CHECKED, ENVIRONMENT, HOST, PORT, Limits, settings_from

metrics = Metrics(ADDRESSES)
#: Of the service in a worker: `access`, and the `app` that answers.
state = State()


async def every_path(scope: Scope, receive: Receive, send: Send) -> None:
    """Pass every request to the app.

    BentoML would ask a mounted Starlette app for its paths, and answer others without a JSON error.
    """
    await state.app(scope, receive, send)


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
    # the limits of serving.settings end every request before, in the form of our errors
    traffic={"timeout": Limits().most_seconds + 10},
)
@bentoml.asgi_app(every_path)
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
        # here alone: the process that starts the workers takes a third of the time without it
        from serving.worker import Worker

        self.worker = Worker(settings, metrics)
        state.app = self.worker.app

    def __is_ready__(self) -> bool:
        return self.worker.is_ready

    @bentoml.on_shutdown
    def stop(self) -> None:
        """Stop what the worker has started."""
        self.worker.stop()


use_strict_http()
# the decorator makes the class a Service, which has add_asgi_middleware
Creatorcast.add_asgi_middleware(MetricsMiddleware, metrics=metrics)  # type: ignore[attr-defined]
Creatorcast.add_asgi_middleware(AuthMiddleware, state=state)  # type: ignore[attr-defined]
