"""Steps of work on a Dask cluster whose workers may be lost at any moment.

A step is a function of a ClusterConnection. Where a worker is lost and the step fails or makes no
progress, the connection is closed, which ends all its tasks, and a new connection repeats the step
on the workers that remain. No step waits for ever: TIMEOUT_MINUTES without progress end the run.
Workers must run the same code as this process.

But: a worker is restarted where it still works on a task of a closed connection, or is silent. If
others use the same workers, Dask repeats their tasks.
"""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import CancelledError
from typing import Any, TypeVar

from features.derive.version import features_version
from features.errors import CreatorcastError
from models.cluster_connection import (
    POLL_SECONDS,
    START_SECONDS,
    ClusterConnection,
    StepStalled,
    WorkerLost,
)

#: Minutes without progress (a task ended, a tree made) after which a run gives up.
TIMEOUT_MINUTES = 10.0
#: Failures of one step after which a run gives up, and seconds before the step is repeated, twice
#: as many each time.
ATTEMPTS, PAUSE_SECONDS = 6, 0.5
#: Seconds without progress after the loss of a worker until a step is repeated.
STALL_SECONDS = 60.0
#: Seconds that a worker has to end a task of a closed connection.
RELEASE_SECONDS = 2.0
#: The remedy in messages where a cluster fails again and again.
REMEDY = "see the logs of its workers, start more by dask worker, and run it again"

T = TypeVar("T")
log = logging.getLogger(__name__)


class ClusterError(CreatorcastError):
    """A Dask cluster cannot be used."""


class ClusterSession:
    """Steps on the cluster of a scheduler; use it as a context.

    Parameters
    ----------
    address : of the scheduler
    prepare : function of a ClusterConnection, called once for each; its result becomes the
        connection's `state`
    minutes : minutes without progress after which it gives up
    started : whether the cluster has answered before; if so, wait `minutes` for a scheduler or
        workers that are gone

    Raises ClusterError on entry where there is no such cluster. Anyone who can reach a scheduler
    can run code on its workers: keep it in a private network.
    """

    def __init__(
        self,
        address: str,
        prepare: Callable[[ClusterConnection], Any] = lambda connection: None,
        minutes: float = TIMEOUT_MINUTES,
        started: bool = False,
    ):
        self.address, self.minutes, self.prepare = address, minutes, prepare
        self._started = started
        self._connection: ClusterConnection | None = None
        self._lock = threading.Lock()
        #: Keys of tasks of closed connections.
        self._abandoned: set[str] = set()

    def __enter__(self) -> "ClusterSession":
        try:
            import distributed  # noqa: F401
        except ImportError as error:
            raise ClusterError("Dask is not installed: pip install 'creatorcast[dask]'") from error
        self.run_step(lambda connection: None, "connecting")
        return self

    def __exit__(self, *_: object) -> None:
        if self._connection is not None:
            self._connection.close()

    def new_session(self) -> "ClusterSession":
        """Return another session of the same cluster with connections of its own."""
        return ClusterSession(self.address, minutes=self.minutes, started=True)

    def run_step(
        self,
        step: Callable[[ClusterConnection], T],
        name: str,
        stall_seconds: float | None = None,
        losses: tuple[type[Exception], ...] = (),
    ) -> T:
        """Run a step and return its result; repeat it where a worker is lost.

        `name`: the step in messages, such as "fitting a booster"; `stall_seconds`: as in
        ClusterConnection.run, default STALL_SECONDS; `losses`: errors, besides those of Dask, that
        a lost worker leads to. Raises ClusterError after ATTEMPTS failures or `minutes` without
        progress, and the step's own errors.
        """
        stall_seconds = STALL_SECONDS if stall_seconds is None else stall_seconds
        for attempt in range(ATTEMPTS):
            connection = None
            try:
                connection = self._connected()
                return connection.run(step, self.minutes, stall_seconds)
            except StepStalled as error:
                self._leave(connection)
                raise ClusterError(f"{self._named()}: {error}, while {name}; {REMEDY}") from error
            except Exception as error:
                if not self._is_loss(error, connection, losses):
                    raise
                self._leave(connection)
                cause = error
            if attempt + 1 < ATTEMPTS:
                log.warning(
                    "a worker was lost while %s, which is done anew: %s", name, _text(cause)
                )
                time.sleep(PAUSE_SECONDS * 2**attempt)
        raise ClusterError(
            f"{self._named()} failed {ATTEMPTS} times while {name}, the last time by "
            f"{_text(cause)}; {REMEDY}"
        ) from cause

    def _connected(self) -> ClusterConnection:
        """Return the connection in use, or a new one where there is none."""
        with self._lock:
            if self._connection is None:
                connection = self._reach()
                try:
                    connection.run(self._begin, self.minutes + 1, STALL_SECONDS)
                except BaseException:
                    self._abandoned |= connection.close()
                    raise
                self._connection, self._started = connection, True
            return self._connection

    def _reach(self) -> ClusterConnection:
        """Connect to the scheduler. Raises ClusterError where it does not answer."""
        end = time.monotonic() + (self.minutes * 60 if self._started else 0)
        while True:
            try:
                return ClusterConnection(self.address)
            except (OSError, TimeoutError, ValueError) as error:
                if time.monotonic() >= end:
                    raise ClusterError(
                        f"no Dask scheduler answers at {self.address!r}: start one by dask "
                        "scheduler, and give its "
                        f"tcp:// address"
                    ) from error
            time.sleep(POLL_SECONDS)

    def _begin(self, connection: ClusterConnection) -> None:
        """Make a new connection ready: wait for free workers that run this code, and call
        `prepare`.
        """
        self._wait_for_workers(connection)
        self._release(connection)
        self._wait_for_workers(connection)
        versions = connection.client.run(features_version)
        if set(versions.values()) != {features_version()}:
            raise ClusterError(
                f"workers of {self.address!r} run another version of creatorcast: install this "
                "one there"
            )
        connection.check_workers()
        connection.last_loss = None
        connection.state = self.prepare(connection)

    def _wait_for_workers(self, connection: ClusterConnection) -> None:
        seconds = self.minutes * 60 if self._started else START_SECONDS
        if not connection.check_workers():
            log.warning(
                "%s has no workers: waiting up to %g minutes for some", self._named(), seconds / 60
            )
        try:
            connection.client.wait_for_workers(1, timeout=seconds)
        except TimeoutError as error:
            raise ClusterError(
                f"the Dask scheduler at {self.address!r} has no workers, after {seconds / 60:g} "
                "minutes: start some by "
                f"dask worker {self.address}"
            ) from error

    def _release(self, connection: ClusterConnection) -> None:
        """Wait until workers have ended the tasks of closed connections; restart those that do not
        end them.
        """
        end = time.monotonic() + RELEASE_SECONDS
        while self._abandoned:
            active = connection.client.run(_active_tasks, on_error="ignore")
            busy = [worker for worker, keys in active.items() if self._abandoned.intersection(keys)]
            if busy and time.monotonic() < end:
                time.sleep(POLL_SECONDS)
                continue
            if busy:
                log.warning(
                    "workers that are still at tasks of a lost step are started anew: %s", busy
                )
                connection.restart(busy)
            self._abandoned = set()

    def _leave(self, connection: ClusterConnection | None) -> None:
        """Close a connection, so that the next step makes a new one."""
        if connection is None:
            return
        with self._lock:
            if self._connection is connection:
                self._connection = None
            self._abandoned |= connection.close()

    def _is_loss(
        self,
        error: Exception,
        connection: ClusterConnection | None,
        losses: tuple[type[Exception], ...],
    ) -> bool:
        """Return whether a step failed because a worker was lost. Raises ClusterError where one
        task lost several workers in a row.
        """
        from distributed import KilledWorker

        if isinstance(error, KilledWorker):
            raise ClusterError(
                f"{self._named()} lost worker after worker at one task: see their logs; most "
                "often it needs more memory"
            ) from error
        if isinstance(error, (WorkerLost, OSError, CancelledError, *losses)):
            return True
        if connection is None or isinstance(error, ClusterError):
            return False
        return connection.client.status != "running" or connection.has_lost_worker()

    def _named(self) -> str:
        return f"the Dask cluster at {self.address!r}"


def _active_tasks(dask_worker: Any) -> list[str]:
    """Return the keys of the tasks that run on a worker."""
    return [str(key) for key in dask_worker.active_threads.values()]


def _text(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
