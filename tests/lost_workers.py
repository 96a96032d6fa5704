"""Ways to lose a worker of a Dask cluster at a step of work, not at a time."""

import os
import signal
from dataclasses import dataclass
from typing import Any

from distributed import Client


@dataclass
class Deadly:
    """A function that kills the first worker which calls it, and does its work in all others.

    `marker`: path of a file that the first one makes.
    """

    function: Any
    marker: str
    __name__ = "deadly"

    def __call__(self, *args, **kwargs):
        if is_first(self.marker):
            os.kill(os.getpid(), signal.SIGKILL)
        return self.function(*args, **kwargs)


def is_first(marker):
    """Say whether no other process made the file before."""
    try:
        os.close(os.open(marker, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return False
    return True


def kill_at(cluster, monkeypatch, method, moment):
    """Have the next call of a method of Client kill a worker just before it begins, or just after it ended."""
    original, waiting = getattr(Client, method), [moment]

    def call(self, *args, **kwargs):
        if waiting == ["before"]:
            kill(cluster, waiting)
        result = original(self, *args, **kwargs)
        if waiting == ["after"]:
            kill(cluster, waiting)
        return result

    monkeypatch.setattr(Client, method, call)
    return waiting


def kill(cluster, waiting):
    waiting.clear()
    os.kill(cluster.workers[0].pid, signal.SIGKILL)
