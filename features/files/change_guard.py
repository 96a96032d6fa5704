"""Files that must not change while they are read, as they are read several times or for long."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from features.errors import CreatorcastError


class FileChangedError(CreatorcastError):
    """A file was changed, replaced or removed while it was read."""

    def __init__(self, file: Path):
        super().__init__(
            f"{str(file)!r} was changed while it was read: run it again when nothing writes to it"
        )
        self.file = str(file)


@dataclass(frozen=True)
class FileFingerprint:
    """The state of files at one moment: device, inode, size and times of the last changes, by path.

    A file that is written to, replaced or touched has another one, also where its size and its time
    of change are set back: the time of the change of its state cannot be set.
    """

    paths: tuple[Path, ...]
    states: dict[Path, tuple | None]

    @classmethod
    def take(cls, paths: Iterable[Path]) -> "FileFingerprint":
        """Read the state of files, and of all files in folders; None for a missing path."""
        paths = tuple(paths)
        return cls(paths, {file: _state(file) for path in paths for file in list_files(path)})

    def check(self) -> None:
        """Raise FileChangedError where a file is another one now, naming it."""
        now = FileFingerprint.take(self.paths).states
        if now == self.states:
            return
        files = (*self.states, *now)
        raise FileChangedError(next(f for f in files if self.states.get(f) != now.get(f)))


def list_files(path: Path) -> list[Path]:
    """Return a file, or all files in a folder, sorted."""
    return sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]


@contextmanager
def require_unchanged(*paths: Path | None) -> Iterator[None]:
    """Raise FileChangedError at the end where a file, or one in a folder, was changed meanwhile;
    None is none.
    """
    identity = FileFingerprint.take(path for path in paths if path is not None)
    yield
    identity.check()


def _state(path: Path) -> tuple | None:
    try:
        state = os.stat(path)
    except OSError:
        return None
    return state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns
