"""Files and folders that are there whole or not at all: written beside their place, then put there
in one step.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


def beside(path: Path) -> Path:
    """Return the hidden place beside `path` where this process writes what is to replace it."""
    return path.with_name(f".{path.name}.{os.getpid()}")


def replace_file(path: Path, write: Callable[[Path], object]) -> None:
    """Have a file written beside `path` and put it there; it is on the disk by then. Raises
    OSError.
    """
    unfinished = beside(path)
    try:
        write(unfinished)
        with open(unfinished, "rb") as file:
            os.fsync(file.fileno())
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


def replace_text(path: Path, text: str) -> None:
    """Replace a text file. Raises OSError."""
    replace_file(path, lambda unfinished: unfinished.write_text(text))


def move_file(source: Path, target: Path) -> None:
    """Move a file to its place in one step, from another disk too. Raises OSError."""
    try:
        os.replace(source, target)
    except OSError:
        replace_file(target, lambda unfinished: shutil.copyfile(source, unfinished))


@contextmanager
def new_folder(path: Path, replaces: bool = False) -> Iterator[Path]:
    """Return an empty folder to write to; it takes the place of `path` at the end, and is removed
    after an error.

    A folder at `path` that holds anything is an OSError, unless the new one `replaces` it; the
    former one then goes only once the new one is in its place.
    """
    unfinished = beside(path)
    shutil.rmtree(unfinished, ignore_errors=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished.mkdir()
    try:
        yield unfinished
        if replaces and path.exists():
            _replace_folder(unfinished, path)
        else:
            os.replace(unfinished, path)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _replace_folder(new: Path, path: Path) -> None:
    """Put a folder in the place of another one, which stays where that fails."""
    former = path.with_name(f".{path.name}.former-{os.getpid()}")
    os.replace(path, former)
    try:
        os.replace(new, path)
    except OSError:
        os.replace(former, path)
        raise
    shutil.rmtree(former, ignore_errors=True)
