"""A connection to a Dask cluster by which a step of work is done while it is watched that no worker
is lost.

The step runs in a thread of its own, so that the caller can leave it where it waits for a worker
that is gone.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from contextlib import suppress
from typing import Any, TypeVar

#: Seconds to wait for an answer of the scheduler.
CONNECT_SECONDS = 10.0
#: Seconds between two looks at the cluster.
POLL_SECONDS = 0.5
#: Seconds without a heartbeat after which a worker counts as lost, and those that a new one may
#: take to start.
SILENT_SECONDS, START_SECONDS = 120.0, 30.0

T = TypeVar("T")
log = logging.getLogger(__name__)


class WorkerLost(Exception):
    """A step was given up, as a worker was lost and nothing ended since."""


class StepStalled(Exception):
    """Nothing ended for too long."""


class ClusterConnection:
    """A connection to the scheduler at an address, and what it saw of the workers. Raises what
    Client does.

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
        #: Of each worker its last heartbeat by the scheduler's clock, and when that was first seen
        #: by the clock here.
        self._heartbeats: dict[str, tuple[float, float]] = {}
        self._lock = threading.Lock()

    def progress(self, *_: object) -> None:
        """Note that something ended; takes the arguments of any callback."""
        self.last_progress = time.monotonic()

    def gather(self, futures: list) -> list:
        """Wait for futures and give their results; each that ends is progress."""
        for future in futures:
            future.add_done_callback(self.progress)
        return self.client.gather(futures)

    def run(
        self, step: Callable[["ClusterConnection"], T], minutes: float, stall_seconds: float
    ) -> T:
        """Run a step while watching the cluster; gives what it gives and raises what it raises.

        Raises WorkerLost where a worker was lost and nothing ended for `stall_seconds`, StepStalled
        where nothing ended for `minutes`.
        """
        outcome: Future = Future()
        self.progress()
        threading.Thread(target=_fill, args=(outcome, self, step), daemon=True).start()
        while not wait([outcome], POLL_SECONDS).done:
            workers = self.check_workers()
            still = time.monotonic() - self.last_progress
            if (
                self.last_loss is not None
                and min(still, time.monotonic() - self.last_loss) > stall_seconds
            ):
                raise WorkerLost("a worker was lost, and nothing ended since")
            if still > minutes * 60:
                raise StepStalled(f"nothing ended for {minutes:g} minutes, with {workers} workers")
        return outcome.result()

    def check_workers(self) -> int:
        """Give how many workers there are, note whether any was lost, and have silent ones started
        anew.
        """
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
        """Note the workers' heartbeats; return those that have had none for too long."""
        now = time.monotonic()
        with self._lock:
            if self._heartbeats.keys() - last_seen.keys():
                self.last_loss = now
            before, self._heartbeats = self._heartbeats, {}
            for address, seen in last_seen.items():
                same = address in before and before[address][0] == seen
                self._heartbeats[address] = before[address] if same else (seen, now)
            return [
                address
                for address, (_, since) in self._heartbeats.items()
                if now - since > SILENT_SECONDS
            ]

    def has_lost_worker(self) -> bool:
        """Say whether a worker was lost; the scheduler learns of it a moment after the others."""
        for _ in range(4):
            self.check_workers()
            if self.last_loss is not None:
                return True
            time.sleep(POLL_SECONDS)
        return False

    def restart(self, workers: list[str]) -> None:
        """Have workers started anew by their nannies; those without one are removed from the
        cluster.
        """
        restart = self.client.scheduler.restart_workers
        with suppress(Exception):  # it is tried again at the next look
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
        """Close it, which ends its tasks; give the keys of those."""
        keys = set(self.client.futures)
        with suppress(Exception):  # of a cluster that is gone
            self.client.close(timeout=CONNECT_SECONDS)
        return keys


def _fill(outcome: Future, connection: ClusterConnection, step: Callable) -> None:
    try:
        with connection.client.as_current():
            outcome.set_result(step(connection))
    except asyncio.CancelledError:
        outcome.set_exception(WorkerLost("the connection was closed"))
    except BaseException as error:
        outcome.set_exception(error)
