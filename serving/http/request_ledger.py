"""The forecasts of a request on their way to the ledger, and what its answer says of that."""

import logging
from collections.abc import Callable, Mapping
from datetime import datetime

import numpy as np

from features.history.post_readings import PostReadings
from ledger.forecast_batch import ForecastBatch
from ledger.keeper import ForecastKeeper
from ledger.settings import LEDGER
from serving.ledger_entries import AskedBy, forecast_batch
from serving.scoring.forecast_rows import ForecastRows, KeepForecasts
from serving.scoring.prospect_batch import ProspectBatch, microseconds

log = logging.getLogger("bentoml.creatorcast")

_NO_LEDGER = f"the service has no ledger: set {LEDGER} where it runs"


class RequestLedger:
    """Keeps the forecasts of one request. `keeper`: None where the service has no ledger;
    `key_name`: the name of the key that asked.
    """

    def __init__(self, keeper: ForecastKeeper | None = None, key_name: str | None = None):
        self._keeper, self._key_name = keeper, key_name
        self._batches: list[ForecastBatch] = []
        self._asked = AskedBy("", 0)
        self._fault = ""
        self._posts: dict[str, int] = {}

    def begin(self, door: str, campaign: str | None, now: datetime) -> None:
        """Note what is asked: by which endpoint, for which campaign, when."""
        self._asked = AskedBy(door, microseconds(now), campaign, self._key_name)

    def count_posts(self, prospects: ProspectBatch, posts: PostReadings | None) -> None:
        """Note how many recent posts each prospect has: the posts themselves are not kept."""
        if posts is not None and self._keeper is not None:
            counts = np.bincount(posts.account, minlength=prospects.n).tolist()
            names = prospects.text("partnership_id").tolist()
            self._posts = dict(zip(names, counts, strict=True))

    @property
    def keep(self) -> KeepForecasts | None:
        """What the scorer gives its forecasts to, None where there is no ledger."""
        return None if self._keeper is None else self._keep_rows

    def keep_batch(self, make: Callable[[AskedBy], ForecastBatch], number: int) -> None:
        """Keep a batch with that number of forecasts; a fault costs the answer nothing."""
        if self._keeper is None:
            return
        try:
            self._batches.append(make(self._asked))
        except Exception as error:  # whatever it is, the answer is given
            reason = f"a forecast could not be put into the ledger: {type(error).__name__}"
            self._fault = self._keeper.lose(number, reason)

    def finish(self) -> dict[str, str]:
        """Keep what was made; return what the answer says of it: kept, or why not."""
        if self._keeper is None:
            return {"ledger": f"not kept: {_NO_LEDGER}"} if self._asked.campaign else {}
        if self._batches:
            self._fault = self._keeper.keep(self._batches) or self._fault
        elif not self._fault:
            return {}
        return {"ledger": f"not kept: {self._fault}" if self._fault else "kept"}

    def _keep_rows(self, rows: ForecastRows, answers: Mapping[str, np.ndarray]) -> None:
        def make(asked: AskedBy) -> ForecastBatch:
            return forecast_batch(rows, answers, asked, self._post_counts(rows))

        self.keep_batch(make, len(rows.x))

    def _post_counts(self, rows: ForecastRows) -> np.ndarray | None:
        if not self._posts:
            return None
        names = rows.prospects.text("partnership_id").tolist()
        return np.array([self._posts.get(name, 0) for name in names])
