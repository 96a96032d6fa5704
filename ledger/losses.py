"""How many forecasts were lost, noted in a small file beside the journals, as far as that can be
written.
"""

import contextlib
import fcntl
import os
import time
from dataclasses import dataclass
from pathlib import Path

import orjson

_NAME = "losses.json"


@dataclass(frozen=True)
class Losses:
    """`number`: forecasts that were lost; the last one at `last_at` (microseconds UTC), and why."""

    number: int = 0
    last_at: int = 0
    reason: str = ""


def add_losses(folder: Path, number: int, reason: str) -> bool:
    """Add forecasts that were lost; return whether that could be written."""
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(folder / _NAME, os.O_CREAT | os.O_RDWR, 0o600)
        with open(descriptor, "r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            before = _decode(file.read())
            now = time.time_ns() // 1000
            text = orjson.dumps(Losses(before.number + number, now, reason[:500]))
            file.seek(0)
            file.truncate()
            file.write(text)
        return True
    return False


def read_losses(folder: Path) -> Losses:
    """Return what was lost, as far as it was noted."""
    try:
        return _decode((folder / _NAME).read_bytes())
    except OSError:
        return Losses()


def _decode(text: bytes) -> Losses:
    with contextlib.suppress(ValueError, TypeError):
        return Losses(**orjson.loads(text))
    return Losses()
