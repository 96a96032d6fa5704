"""The forecasts of a request on their way to the ledger, and what its answer says of that."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import numpy as np

from features.history.post_readings import PostReadings
from ledger.forecast_batch import ForecastBatch
from ledger.keeper import ForecastKeeper
from ledger.settings import LEDGER
from serving.ledger_entries import AskedBy, ForecastCollector
from serving.scoring.forecast_rows import KeepForecasts
from serving.scoring.prospect_batch import ProspectBatch, microseconds

_NO_LEDGER = f"the service has no ledger: set {LEDGER} where it runs"
_DECLINED = "the request asked for that"


class RequestLedger:
    """Keeps the forecasts of one request. `keeper`: None where the service has no ledger;
    `key_name`: the name of the key that asked.
    """

    def __init__(self, keeper: ForecastKeeper | None = None, key_name: str | None = None):
        self._keeper, self._key_name = keeper, key_name
        self._made = ForecastCollector(AskedBy("", 0))
        self._left_out, self._left_out_for = 0, ""
        self._is_declined = False

    def begin(self, door: str, campaign: str | None, now: datetime, is_wanted: bool = True) -> None:
        """Note what is asked: by which endpoint, for which campaign, when, and whether its
        forecasts are to be kept.
        """
        if not is_wanted:
            self._keeper, self._is_declined = None, self._keeper is not None
        asked = AskedBy(door, microseconds(now), campaign, self._key_name)
        self._made = ForecastCollector(asked)

    def count_posts(self, prospects: ProspectBatch, posts: PostReadings | None) -> None:
        """Note how many recent posts each prospect has: the posts themselves are not kept."""
        if posts is not None and self._keeper is not None:
            counts = np.bincount(posts.account, minlength=prospects.n).tolist()
            names = prospects.text("partnership_id").tolist()
            self._made.post_counts = dict(zip(names, counts, strict=True))

    def asked(self, run: str) -> AskedBy | None:
        """Return who asks for the forecasts of a run over a list, which its name tells apart; None
        where none are kept.
        """
        return None if self._keeper is None else replace(self._made.asked, run=run)

    def keep_collected(self, made: ForecastCollector) -> None:
        """Keep the forecasts of some rows of a list."""
        if self._keeper is not None:
            self._made.batches += made.batches
            self._made.lost, self._made.fault = self._made.lost + made.lost, made.fault

    @property
    def keep(self) -> KeepForecasts | None:
        """What the scorer gives its forecasts to, None where there is no ledger."""
        return None if self._keeper is None else self._made

    def keep_batch(self, make: Callable[[AskedBy], ForecastBatch], number: int) -> None:
        """Keep a batch with that number of forecasts."""
        if self._keeper is not None:
            self._made.add(lambda: make(self._made.asked), number)

    def leave_out(self, number: int, reason: str) -> None:
        """Note forecasts that the ledger does not keep, and why."""
        self._left_out, self._left_out_for = number, reason

    def finish(self) -> dict[str, str]:
        """Keep what was made; return what the answer says of it: kept, or why not."""
        made = self._made
        if self._is_declined:
            return {"ledger": f"not kept: {_DECLINED}"}
        if self._keeper is None:
            return {"ledger": f"not kept: {_NO_LEDGER}"} if made.asked.campaign else {}
        fault = self._keeper.lose(made.lost, made.fault) if made.lost else None
        if made.batches:
            fault = self._keeper.keep(made.batches) or fault
        elif not fault:
            return {"ledger": f"not kept: {self._left_out_for}"} if self._left_out else {}
        if fault or not self._left_out:
            return {"ledger": f"not kept: {fault}" if fault else "kept"}
        return {"ledger": f"kept; {self._left_out:,} not kept: {self._left_out_for}"}
