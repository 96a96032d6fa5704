"""Files that are there whole or not at all: written beside their place, then put there in one step."""

import os
from collections.abc import Callable
from pathlib import Path


def replace_file(path: Path, write: Callable[[Path], object]) -> None:
    """Have a file written beside `path` and put it there; it is on the disk by then. Raises OSError."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        write(beside)
        with open(beside, "rb") as file:
            os.fsync(file.fileno())
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)


def replace_text(path: Path, text: str) -> None:
    """Replace a text file. Raises OSError."""
    replace_file(path, lambda beside: beside.write_text(text))
