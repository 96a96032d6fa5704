"""A connection to a Dask cluster that runs a step of work and watches for lost workers.

The step runs in its own thread, so that the caller can abandon it where it waits for a worker that
is gone.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from contextlib import suppress
from typing import Any, TypeVar

#: Seconds to wait for the scheduler to answer.
CONNECT_SECONDS = 10.0
#: Seconds between two checks of the cluster.
POLL_SECONDS = 0.5
#: Seconds without a heartbeat after which a worker counts as lost, and those that a new one may
#: take to start.
SILENT_SECONDS, START_SECONDS = 120.0, 30.0

T = TypeVar("T")
log = logging.getLogger(__name__)


class WorkerLost(Exception):
    """A step was abandoned: a worker was lost, and no task ended since."""


class StepStalled(Exception):
    """No task ended for too long."""


class ClusterConnection:
    """A connection to the scheduler at an address. Raises the errors of distributed.Client.

    Attributes
    ----------
    client : distributed.Client
    state : the result of models.cluster.ClusterSession's `prepare`, such as futures of data that
        the workers keep
    """

    def __init__(self, address: str):
        from distributed import Client

        self.client = Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
        self.state: Any = None
        self.last_progress = time.monotonic()
        self.last_loss: float | None = None
        #: Of each worker its last heartbeat by the scheduler's clock, and when this process first
        #: read that, by its own clock.
        self._heartbeats: dict[str, tuple[float, float]] = {}
        self._lock = threading.Lock()

    def progress(self, *_: object) -> None:
        """Note that a task ended; takes the arguments of any callback."""
        self.last_progress = time.monotonic()

    def gather(self, futures: list) -> list:
        """Wait for futures and return their results; each that ends is progress."""
        for future in futures:
            future.add_done_callback(self.progress)
        return self.client.gather(futures)

    def run(
        self, step: Callable[["ClusterConnection"], T], minutes: float, stall_seconds: float
    ) -> T:
        """Run a step while watching the cluster; return its result.

        Raises WorkerLost where a worker was lost and no task ended for `stall_seconds`, StepStalled
        where no task ended for `minutes`, and the step's own errors.
        """
        outcome: Future = Future()
        self.progress()
        threading.Thread(target=_fill, args=(outcome, self, step), daemon=True).start()
        while not wait([outcome], POLL_SECONDS).done:
            workers = self.check_workers()
            since_progress = time.monotonic() - self.last_progress
            if self.last_loss is not None:
                since_loss = time.monotonic() - self.last_loss
                if min(since_progress, since_loss) > stall_seconds:
                    raise WorkerLost("a worker was lost, and nothing ended since")
            if since_progress > minutes * 60:
                raise StepStalled(f"nothing ended for {minutes:g} minutes, with {workers} workers")
        return outcome.result()

    def check_workers(self) -> int:
        """Return the number of workers; note whether any was lost, and restart silent ones."""
        try:
            identity = self.client.scheduler.identity
            workers = self.client.sync(identity, n_workers=-1, callback_timeout=CONNECT_SECONDS)[
                "workers"
            ]
        except Exception:
            # the scheduler is gone or the client is closed: the step will fail, or time is up
            return 0
        silent = self._note({address: worker["last_seen"] for address, worker in workers.items()})
        if silent:
            log.warning(
                "workers that were silent for %g seconds are started anew: %s",
                SILENT_SECONDS,
                silent,
            )
            self.restart(silent)
        return len(workers) - len(silent)

    def _note(self, last_seen: dict[str, float]) -> list[str]:
        """Note the workers' heartbeats; return the addresses of those that are silent."""
        now = time.monotonic()
        with self._lock:
            if self._heartbeats.keys() - last_seen.keys():
                self.last_loss = now
            before, self._heartbeats = self._heartbeats, {}
            for address, heartbeat in last_seen.items():
                is_old = address in before and before[address][0] == heartbeat
                self._heartbeats[address] = before[address] if is_old else (heartbeat, now)
            return [
                address
                for address, (_, since) in self._heartbeats.items()
                if now - since > SILENT_SECONDS
            ]

    def has_lost_worker(self) -> bool:
        """Return whether a worker was lost; the scheduler may learn of it a moment later."""
        for _ in range(4):
            self.check_workers()
            if self.last_loss is not None:
                return True
            time.sleep(POLL_SECONDS)
        return False

    def restart(self, workers: list[str]) -> None:
        """Restart workers by their nannies (Dask's word); those without one leave the cluster."""
        restart = self.client.scheduler.restart_workers
        with suppress(Exception):  # it is tried again at the next check
            self.client.sync(
                restart,
                workers=workers,
                timeout=START_SECONDS,
                wait_for_workers=False,
                on_error="return",
                stimulus_id=f"creatorcast-restart-{time.time()}",
                callback_timeout=2 * START_SECONDS,
            )

    def close(self) -> set[str]:
        """Close the connection, which ends its tasks; return their keys."""
        keys = set(self.client.futures)
        with suppress(Exception):  # of a cluster that is gone
            self.client.close(timeout=CONNECT_SECONDS)
        return keys


def _fill(outcome: Future, connection: ClusterConnection, step: Callable) -> None:
    """Run the step and put its result or its error into `outcome`."""
    try:
        with connection.client.as_current():
            outcome.set_result(step(connection))
    except asyncio.CancelledError:
        outcome.set_exception(WorkerLost("the connection was closed"))
    except BaseException as error:
        outcome.set_exception(error)
