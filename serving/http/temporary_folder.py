"""A temporary folder for BentoML where all are full: it makes folders there, which this service
leaves empty.

Python looks for a folder that it can write a file to, and without one BentoML neither starts nor
restarts a worker. Making a folder needs less space than writing a file, so a full one still serves.
"""

import contextlib
import os
import tempfile
from pathlib import Path


def use_temporary_folder() -> None:
    """Set the folder of `tempfile` in this process to one in which folders can be made, where there
    is none for files.
    """
    try:
        tempfile.gettempdir()
    except FileNotFoundError:
        tempfile.tempdir = next(filter(_takes_folders, _candidates()), None)


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
