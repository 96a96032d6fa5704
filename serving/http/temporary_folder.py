"""The temporary folder: one for BentoML where all are full, since it makes folders there, which
this service leaves empty; and the folders of lists, of which none outlives its process for long.

Python looks for a folder that it can write a file to, and without one BentoML neither starts nor
restarts a worker. Making a folder needs less space than writing a file, so a full one still serves.
"""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

#: Begins the names of folders of lists; the number of their process follows.
_LIST_PREFIX = "creatorcast-list-"


def use_temporary_folder() -> None:
    """Set the folder of `tempfile` in this process to one in which folders can be made, where there
    is none for files.
    """
    try:
        tempfile.gettempdir()
    except FileNotFoundError:
        tempfile.tempdir = next(filter(_takes_folders, _candidates()), None)


@contextlib.contextmanager
def list_folder() -> Iterator[Path]:
    """Yield a new folder, which this user alone can read; it is removed at the end of the block."""
    with tempfile.TemporaryDirectory(prefix=f"{_LIST_PREFIX}{os.getpid()}-") as folder:
        yield Path(folder)


def sweep_lists() -> None:
    """Remove the folders of lists whose processes were killed. Call it before this process has made
    any: those under its own number are of an earlier one.
    """
    for folder in Path(tempfile.gettempdir()).glob(f"{_LIST_PREFIX}*-*"):
        number = folder.name.removeprefix(_LIST_PREFIX).partition("-")[0]
        if number.isdecimal() and not _runs(int(number)):
            shutil.rmtree(folder, ignore_errors=True)


def _runs(process: int) -> bool:
    """Return whether another process with this number runs."""
    if process == os.getpid():
        return False
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass  # it is another user's
    return True


def _candidates() -> list[str]:
    """Return the folders to try: those of the environment, those of the system, and that of shared
    memory.
    """
    configured = [os.environ.get(name) for name in ("TMPDIR", "TEMP", "TMP")]
    return [*filter(None, configured), "/tmp", "/var/tmp", "/dev/shm"]


def _takes_folders(folder: str) -> bool:
    with contextlib.suppress(OSError):
        Path(tempfile.mkdtemp(prefix="creatorcast-", dir=folder)).rmdir()
        return True
    return False
