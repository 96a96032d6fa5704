"""The temporary folder, where it is full: BentoML makes folders in it, though nothing of this
service is ever in them.

Python looks for a folder that it can write to, and without one BentoML neither starts nor brings a
worker back. To make a folder needs less than to write a file, so one that is full still serves.
"""

import contextlib
import os
import tempfile
from pathlib import Path


def use_temporary_folder() -> None:
    """Let `tempfile` of this process use a folder in which folders can be made, where there is none
    for files.
    """
    try:
        tempfile.gettempdir()
    except FileNotFoundError:
        tempfile.tempdir = next(filter(_takes_folders, _candidates()), None)


def _candidates() -> list[str]:
    """Give the folders to try: those that are named, those of the system, and that of shared
    memory.
    """
    named = [os.environ.get(name) for name in ("TMPDIR", "TEMP", "TMP")]
    return [*filter(None, named), "/tmp", "/var/tmp", "/dev/shm"]


def _takes_folders(folder: str) -> bool:
    with contextlib.suppress(OSError):
        Path(tempfile.mkdtemp(prefix="creatorcast-", dir=folder)).rmdir()
        return True
    return False
