"""The lock of a home: one command at a time changes its bundles, its champion and MLflow's store.

It is held on a file by the operating system, so that it goes with a process however that ends.
Others wait for it.
"""

import contextlib
import fcntl
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TextIO

from features.errors import CreatorcastError


class HomeError(CreatorcastError):
    """A home cannot be written to, or its lock cannot be held."""


@contextlib.contextmanager
def home_lock(home: Path, report: Callable[[str], None] = lambda text: None) -> Iterator[None]:
    """Hold the lock of a home; `report` is called where another process holds it.

    A home without artifacts needs no lock. One process cannot take it twice. Raises HomeError where
    the file cannot be written or locked.
    """
    if not (Path(home) / "artifacts").exists():
        yield
        return
    with _lock_file(Path(home) / "artifacts" / "lock") as file:
        _wait(file, report)
        file.truncate(0)
        file.write(f"process {os.getpid()}, {' '.join(map(os.path.basename, sys.argv[:2]))}\n")
        file.flush()
        yield
        file.truncate(0)


def make_artifacts(home: Path) -> None:
    """Make the folder artifacts of a home where it is missing. Raises HomeError."""
    path = Path(home) / "artifacts"
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _not_writable(path, error) from error


def _not_writable(path: Path, error: OSError) -> HomeError:
    remedy = "make it writable for this user, or name another home in CREATORCAST_HOME"
    return HomeError(f"{str(path)!r} cannot be written: {error.strerror or error}: {remedy}")


def _lock_file(path: Path) -> TextIO:
    try:
        return open(
            os.open(
                path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NONBLOCK, 0o666
            ),
            "a+",
        )
    except OSError as error:
        raise _not_writable(path, error) from error


def _wait(file: TextIO, report: Callable[[str], None]) -> None:
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip() or "another process"
            report(f"waiting for {holder}, which is changing this home")
            fcntl.flock(file, fcntl.LOCK_EX)
    except OSError as error:
        raise HomeError(
            f"{file.name!r} cannot be locked: {error.strerror}: the home must lie on a disk that "
            f"has locks"
        ) from error
