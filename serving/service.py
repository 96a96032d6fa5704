"""The BentoML service: `creatorcast serve`, or `bentoml serve serving.service:Creatorcast`.

BentoML runs the workers, and answers its own paths; `serving.http.routes` answers everything else.
Its requests do not pass BentoML's layers: each of those takes time, and one of them leaves a timer
of a minute or more behind every request.
"""

import gc
import logging
import os
import sys
from functools import cache

import bentoml
import click
from starlette.types import ASGIApp, Receive, Scope, Send

from ledger.keeper import ForecastKeeper
from serving.http.auth import PUBLIC_PATHS, AccessControl, AuthMiddleware
from serving.http.metrics import MetricsMiddleware
from serving.http.model_store import ModelStore
from serving.http.processes import end_with_supervisor, supervise
from serving.http.routes import build_app
from serving.http.startup import check_listening, check_start, exit_on_lost_port
from serving.http.strict_http import use_strict_http
from serving.http.temporary_folder import sweep_lists, use_temporary_folder
from serving.http.watch_figures import WatchFigures
from serving.settings import CHECKED, ENVIRONMENT, HOST, PORT, settings_from

log = logging.getLogger("bentoml.creatorcast")
app = build_app()
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
        await (app if is_ours else bentoml_app)(scope, receive, send)

    return MetricsMiddleware(AuthMiddleware(by_path, app.state), app.state.metrics)


def _on_new_champion(manifest: dict) -> None:
    """Count a new champion, and exempt what is loaded from garbage collection.

    The loaded objects stay, and a collection that goes through them holds requests up by 0.1 s.
    """
    app.state.metrics.model(manifest)
    gc.freeze()


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
                check_start(*address, settings_from(os.environ), waits=True)
        except ValueError as error:
            click.echo(f"creatorcast: {error}", err=True)
            sys.exit(2)
        exit_on_lost_port(*address)
        app.state.metrics.share(os.environ)
        supervise(os.environ)
        use_temporary_folder()

    def __init__(self) -> None:
        end_with_supervisor(os.environ)
        use_temporary_folder()
        sweep_lists()
        app.state.metrics.join(os.environ, bentoml.server_context.worker_index or 0)
        settings = settings_from(os.environ)
        app.state.access = AccessControl(settings)
        self.champion = ModelStore(settings, on_change=_on_new_champion)
        self.champion.start()
        app.state.champion = self.champion
        self.keeper = None
        if settings.ledger is not None:
            self.keeper = ForecastKeeper(settings.ledger, app.state.metrics.ledger, log)
            self.keeper.start()
            self.watch_figures = WatchFigures(settings.ledger, log)
            app.state.metrics.register(self.watch_figures)
            self.watch_figures.start()
            app.state.watch_figures = self.watch_figures
        app.state.ledger = self.keeper

    def __is_ready__(self) -> bool:
        return self.champion.current is not None

    @bentoml.on_shutdown
    def stop(self) -> None:
        """Stop looking for new champions, and move what waits into the ledger."""
        self.champion.stop()
        if self.keeper is not None:
            self.watch_figures.stop()
            self.keeper.stop()
        gc.unfreeze()  # libraries complain at the end of what is never freed


use_strict_http(front)
