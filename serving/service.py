"""The BentoML service: `creatorcast serve`, or `bentoml serve serving.service:Creatorcast`.

BentoML runs the workers, /livez and /readyz; `serving.routes` answers everything else, mounted because that
carries more requests than BentoML's own routing (benchmarks/serve_routing.py).
"""

import os

import bentoml
from starlette.types import Receive, Scope, Send

from serving.champion import Champion
from serving.routes import build_app
from serving.settings import HOST, PORT, settings_from

app = build_app()


async def every_path(scope: Scope, receive: Receive, send: Send) -> None:
    """Pass everything on: a mounted Starlette app would be asked for its paths first, and others get no JSON error."""
    await app(scope, receive, send)


@bentoml.service(
    name="creatorcast",
    workers=2,
    http={"host": HOST, "port": PORT},
    logging={"access": {"enabled": False}},  # its lines hold paths as the client wrote them; /metrics counts requests
    metrics={"enabled": False},  # they have a series for every path that a client makes up: see serving.metrics
)
@bentoml.asgi_app(every_path)
class Creatorcast:
    """Forecasts what partnerships with social-media creators bring; see /v1/openapi.json."""

    def __init__(self):
        self.champion = Champion(settings_from(os.environ), told=app.state.metrics.model)
        self.champion.start()
        app.state.champion = self.champion

    def __is_ready__(self) -> bool:
        return self.champion.current is not None

    @bentoml.on_shutdown
    def stop(self) -> None:
        """Stop looking for new champions."""
        self.champion.stop()
