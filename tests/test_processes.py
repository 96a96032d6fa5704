"""A worker ends with its supervisor, and the supervisor by no stray signal."""

import os
import signal
import subprocess
import sys
import time

import pytest

from serving.http.processes import SUPERVISOR, end_with_supervisor, stray_signals

#: A process that may or may not heed SIGTERM, which tells when it is ready and lives for half a minute.
WORKER = """
import os, signal, sys, time
from serving.http import processes
processes.DRAIN_SECONDS, processes.MORE_SECONDS = 0, 0.5
if sys.argv[1] == "hangs":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
processes.end_with_supervisor(os.environ)
print("ready", flush=True)
time.sleep(30)
"""
#: A supervisor that tells what circus would do at SIGHUP.
SUPERVISE = """
import os
from circus.sighandler import SysHandler
from serving.http.processes import supervise
supervise(os.environ)
print(SysHandler.handle_hup.__name__)
"""


@pytest.mark.parametrize(("behaviour", "code"), [("heeds", -signal.SIGTERM), ("hangs", 1)])
def test_a_worker_ends_once_its_supervisor_has_whether_or_not_it_heeds_a_signal(behaviour, code):
    reading, writing = os.pipe()
    worker = subprocess.Popen(
        [sys.executable, "-c", WORKER, behaviour],
        env={**os.environ, SUPERVISOR: str(reading)}, pass_fds=[reading], stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    with worker:
        assert worker.stdout.readline() == "ready\n"
        time.sleep(0.2)
        assert worker.poll() is None
        os.close(writing)
        assert worker.wait(20) == code
    os.close(reading)


@pytest.mark.parametrize("text", ["", "no number", "999999", "regular"])
def test_what_names_no_pipe_ends_nobody(tmp_path, text):
    handler = signal.getsignal(signal.SIGHUP)
    with (tmp_path / "regular").open("wb") as file:
        end_with_supervisor({SUPERVISOR: str(file.fileno()) if text == "regular" else text})
    assert signal.getsignal(signal.SIGHUP) == handler


@pytest.mark.parametrize(("before", "handler"), [("", "handle_term"), ("nohup", "handle_winch")])
def test_a_closed_terminal_stops_the_service_unless_it_was_started_not_to_mind(before, handler):
    command = [*before.split(), sys.executable, "-c", SUPERVISE]
    result = subprocess.run(
        command, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL
    )
    assert result.stdout == f"{handler}\n", result.stderr


def test_no_stray_signal_is_one_that_others_need():
    others = {
        "CHLD",
        "TERM",
        "INT",
        "QUIT",
        "HUP",
        "KILL",
        "STOP",
        "CONT",
        "PIPE",
        "WINCH",
        "SEGV",
        "ABRT",
        "BUS",
    }
    assert not {getattr(signal, f"SIG{name}") for name in others} & {*stray_signals()}
    assert {signal.SIGUSR1, signal.SIGUSR2, signal.SIGALRM, signal.SIGTSTP} <= {*stray_signals()}


def test_the_environment_of_workers_names_a_pipe_that_stays_open():
    """In a process of its own: signals are of a whole process."""
    code = (
        "import os, select\nfrom serving.http.processes import SUPERVISOR, supervise\nsupervise(environment := {})\n"
        "end = int(environment[SUPERVISOR])\nprint(os.get_inheritable(end), select.select([end], [], [], 0.1)[0])"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60
    )
    assert result.stdout == "True []\n", result.stderr
