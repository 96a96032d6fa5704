"""Ways to lose a worker of a Dask cluster at a step of work, not at a time."""

import os
import signal
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import pytest
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


def slowly(steps):
    """Give steps of the kinds that others show too, which are tried in the slow tests alone."""
    return [pytest.param(step, marks=pytest.mark.slow) for step in steps]


def lose_a_worker(cluster, monkeypatch, folder, step):
    """Arrange that a worker is lost at a step; give what says whether that has happened.

    `step`: a method of Client and whether the worker is killed before or after it, or a function of a task by its name.
    """
    if isinstance(step, tuple):
        waiting = kill_at(cluster, monkeypatch, *step)
        return lambda: not waiting
    marker, (module, name) = folder / "killed", step.rsplit(".", 1)
    monkeypatch.setattr(step, Deadly(getattr(import_module(module), name), str(marker)))
    return marker.exists


def kill_at(cluster, monkeypatch, method, moment, number=signal.SIGKILL):
    """Have the next call of a method of Client kill a worker just before it begins, or just after it ended."""
    original, waiting = getattr(Client, method), [moment]

    def kill(when):
        if waiting == [when]:
            waiting.clear()
            os.kill(next(iter(cluster.workers.values())).pid, number)

    def call(self, *args, **kwargs):
        kill("before")
        result = original(self, *args, **kwargs)
        kill("after")
        return result

    monkeypatch.setattr(Client, method, call)
    return waiting
