"""What one worker of the service is made of: the app, the model in use, and what keeps forecasts.

The process that starts the workers does not import this module: it needs none of it.
"""

import gc
import logging

from ledger.keeper import ForecastKeeper
from serving.http.metrics import Metrics
from serving.http.model_store import ModelStore
from serving.http.routes import build_app
from serving.http.temporary_folder import sweep_lists
from serving.http.watch_figures import WatchFigures
from serving.settings import Settings

log = logging.getLogger("bentoml.creatorcast")


class Worker:
    """An app that answers from the champion, and all that it needs, from start to `stop`."""

    def __init__(self, settings: Settings, metrics: Metrics):
        sweep_lists()
        self._metrics = metrics
        self.app = build_app()
        self.champion = ModelStore(settings, on_change=self._on_new_champion)
        self.champion.start()
        self.keeper = None
        if settings.ledger is not None:
            self.keeper = ForecastKeeper(settings.ledger, metrics.ledger, log)
            self.keeper.start()
            self.watch_figures = WatchFigures(settings.ledger, log)
            metrics.register(self.watch_figures)
            self.watch_figures.start()
            self.app.state.watch_figures = self.watch_figures
        self.app.state.metrics = metrics
        self.app.state.champion = self.champion
        self.app.state.ledger = self.keeper

    def _on_new_champion(self, manifest: dict) -> None:
        """Count a new champion, and exempt what is loaded from garbage collection.

        The loaded objects stay, and a collection that goes through them holds requests up by 0.1 s.
        """
        self._metrics.model(manifest)
        gc.freeze()

    @property
    def is_ready(self) -> bool:
        """Whether there is a model to answer from."""
        return self.champion.current is not None

    def stop(self) -> None:
        """Stop looking for new champions, and move what waits into the ledger."""
        self.champion.stop()
        if self.keeper is not None:
            self.watch_figures.stop()
            self.keeper.stop()
        gc.unfreeze()  # libraries complain at the end of what is never freed
