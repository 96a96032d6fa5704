"""How the processes of a service end: together, whatever ends the one that started the others (the
supervisor).

Circus, which starts the workers for BentoML, ends them at SIGTERM, SIGINT and SIGQUIT. Other
signals that would end or halt the supervisor alone are ignored, SIGHUP stops the service as SIGTERM
does, and an end that cannot be caught is seen by the workers: they hold the reading end of a pipe
that nobody writes to, and it ends with the supervisor.
"""

import contextlib
import logging
import os
import signal
import stat
import threading
import time
from collections.abc import MutableMapping

from serving.settings import DRAIN_SECONDS

log = logging.getLogger("bentoml.creatorcast")

#: Names the pipe that ends with the supervisor: the descriptor of its reading end.
SUPERVISOR = "CREATORCAST_SUPERVISOR"
#: Seconds after DRAIN_SECONDS until a worker that ignores SIGTERM is ended.
MORE_SECONDS = 5
#: Signals whose default action is to end or to halt a process, and that are neither crashes nor
#: meant to stop a service.
_STRAY = "USR1 USR2 ALRM VTALRM PROF IO PWR STKFLT TSTP TTIN TTOU"


def supervise(environment: MutableMapping[str, str]) -> None:
    """Prepare the process that will start the workers with this environment: no signal ends it and
    leaves them running.
    """
    from circus.sighandler import SysHandler

    under_nohup = signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    SysHandler.handle_hup = SysHandler.handle_winch if under_nohup else SysHandler.handle_term
    for number in stray_signals():
        signal.signal(number, signal.SIG_IGN)
    reading, _ = os.pipe()  # the writing end is not inherited, and is never closed
    os.set_inheritable(reading, True)
    environment[SUPERVISOR] = str(reading)


def end_with_supervisor(environment: MutableMapping[str, str]) -> None:
    """Make this worker finish its requests and end once its supervisor has ended; do nothing where
    the environment names no supervisor.

    SIGHUP and SIGQUIT are ignored: the supervisor handles a signal to all processes of a service.
    """
    if not _is_pipe(environment.get(SUPERVISOR, "")):
        return
    for number in (signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)
    threading.Thread(
        target=_wait_for_supervisor, args=(int(environment[SUPERVISOR]),), daemon=True
    ).start()


def _wait_for_supervisor(descriptor: int) -> None:
    with contextlib.suppress(OSError):
        os.read(descriptor, 1)
    log.error("the supervisor has ended: this worker finishes what it has begun, and ends")
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(DRAIN_SECONDS + MORE_SECONDS)  # uvicorn gives up what is in flight before
    os._exit(1)


def _is_pipe(text: str) -> bool:
    try:
        return stat.S_ISFIFO(os.fstat(int(text)).st_mode)
    except (OSError, ValueError):
        return False


def stray_signals() -> list[int]:
    """Return the signals that would end or halt a process and mean nothing to this service."""
    names = [f"SIG{name}" for name in _STRAY.split()]
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    if hasattr(signal, "SIGRTMIN"):
        numbers += range(signal.SIGRTMIN, signal.SIGRTMAX + 1)
    return numbers
