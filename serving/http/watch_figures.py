"""What `creatorcast watch` found last, as figures for Prometheus.

A thread reads the newest result from the ledger every minute; no request waits for it. Every series
is there from the start, NaN as long as nothing is known. Each worker tells the same result.
"""

import logging
import math
import threading
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from prometheus_client.core import GaugeMetricFamily, Metric

from features.tables.vocabulary import PLATFORMS
from ledger.settings import LedgerSettings
from monitoring.verdict import VERDICTS

if TYPE_CHECKING:
    from ledger.store import Ledger

#: Seconds between two looks at the ledger.
PAUSE_SECONDS = 60.0
CELLS = ("all", *PLATFORMS)
#: Figures of each platform: name, the key of a score, and what it is.
FIGURES = (
    ("outcomes", "outcomes", "Matured outcomes that were scored"),
    ("crps", "crps", "Mean CRPS of ln(1 + engagements)"),
    ("expected_crps", "expected_crps", "What the forecasts expect of creatorcast_watch_crps"),
    ("width_80", "width_80", "Mean width of the 80 % interval of ln(1 + engagements)"),
    ("bias", "bias", "Mean of ln outcome less ln median"),
    ("saved_usd", "saved_usd", "USD saved against the usual rule, lost below 0"),
    ("expected_saved_usd", "expected_saved_usd", "What the forecasts expect of ..._saved_usd"),
)
LEVELS = (("80", "coverage_80"), ("90", "coverage_90"))
_LABEL_CHARACTERS = 255


class WatchFigures:
    """A collector of the newest result, and the thread that reads it."""

    def __init__(self, settings: LedgerSettings, log: logging.Logger, pause: float = PAUSE_SECONDS):
        self._settings, self._log, self._pause = settings, log, pause
        self._result: dict[str, Any] | None = None
        self._ledger: Ledger | None = None
        self._fault = ""
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._ended.set()

    @property
    def newest(self) -> dict[str, Any] | None:
        """What the ledger had last; None before the first look, and where it has nothing."""
        return self._result

    def describe(self) -> Iterator[Metric]:
        """Yield nothing: whoever registers it need not collect it."""
        yield from ()

    def collect(self) -> Iterator[Metric]:
        """Yield the figures as metric families of Prometheus."""
        result = self._result or {}
        rows = _rows_by_cell(result)
        for name, key, meaning in FIGURES:
            family = GaugeMetricFamily(f"creatorcast_watch_{name}", meaning, labels=["platform"])
            for cell in CELLS:
                family.add_metric([cell], float(rows.get(cell, {}).get(key, math.nan)))
            yield family
        coverage = GaugeMetricFamily(
            "creatorcast_watch_coverage",
            "Share of outcomes inside of the interval of a level",
            labels=["platform", "level"],
        )
        for cell in CELLS:
            for level, key in LEVELS:
                value = float(rows.get(cell, {}).get(key, math.nan))
                coverage.add_metric([cell, level], value)
        yield coverage
        yield from _states(result)

    def _run(self) -> None:
        self._look()
        while not self._ended.wait(self._pause):
            self._look()
        if self._ledger is not None:
            self._ledger.close()

    def _look(self) -> None:
        # imported here: what starts the service need not wait for SQLAlchemy
        from ledger.store import open_ledger
        from monitoring.watch_results import newest_result

        try:
            if self._ledger is None:
                self._ledger = open_ledger(self._settings.home, self._settings.address)
            self._result = newest_result(self._ledger)
        except Exception as error:  # of whatever kind: it is tried again, the last result stays
            self._tell(str(error) or type(error).__name__)
        else:
            self._tell("")

    def _tell(self, fault: str) -> None:
        """Log a fault once."""
        if fault and fault != self._fault:
            self._log.error("figures do not tell the newest creatorcast watch: %s", fault)
        self._fault = fault


def _rows_by_cell(result: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return what is told of each cell; before any outcome what the forecasts expect."""
    rows = [row for row in result.get("scores", ()) if row["by"] in ("all", "platform")]
    if rows or not result:
        return {row["cell"]: row for row in rows}
    expected = result["expected_all"]
    early = {"outcomes": 0}
    if expected["forecasts"]:
        early |= {
            "expected_crps": expected["crps"],
            "width_80": expected["width_80"],
            "expected_saved_usd": expected["saved_usd"],
        }
    return {"all": early}


def _states(result: dict[str, Any]) -> Iterator[Metric]:
    """Yield verdict, alarm, model and age of a result."""
    verdict = GaugeMetricFamily(
        "creatorcast_watch_verdict", "1 for the verdict on the model", labels=["verdict"]
    )
    for one in VERDICTS:
        verdict.add_metric([one.replace(" ", "_")], float(result.get("verdict") == one))
    yield verdict
    raised = result["alarm"]["is_raised"] if result else math.nan
    yield GaugeMetricFamily("creatorcast_watch_alarm", "1 where it was raised", value=raised)
    if result:
        model = GaugeMetricFamily(
            "creatorcast_watch_model_info", "1 for the model that was watched", labels=["version"]
        )
        model.add_metric([str(result["model_version"])[:_LABEL_CHARACTERS]], 1)
        yield model
    age = time.time() - result["made_at"] / 1e6 if result else math.nan
    yield GaugeMetricFamily(
        "creatorcast_watch_age_seconds", "Since creatorcast watch was run", value=age
    )
