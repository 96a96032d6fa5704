"""A file of the journal: lines that are whole or not there.

Each line is a check sum, how many forecasts it has, and a batch of them (ledger.forecast_batch).
It is written by one call, so that a process that is killed leaves at most one line in part, the
last, which was never confirmed. A process holds the lock of its files as long as it lives: a file
that nobody holds is of a process that has ended.
"""

import errno
import fcntl
import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SUFFIX, DAMAGED = ".journal", ".damaged"
#: Bytes read at a time.
_BLOCK = 4 * 2**20


@dataclass(frozen=True)
class Line:
    """`count` forecasts; `content`: their batch, None where it is damaged; `raw`: the whole."""

    count: int
    content: bytes | None
    raw: bytes


@dataclass
class Segment:
    """A file that this process has locked: `size` bytes are written, `moved` of them are in the
    database.
    """

    path: Path
    descriptor: int
    size: int = 0
    moved: int = 0

    @classmethod
    def new(cls, folder: Path, name: str) -> "Segment":
        """Make an empty file, for its owner alone. Raises OSError."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        beside = folder / f".{name}.new"  # it is locked before others see it
        flags = os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_APPEND
        descriptor = os.open(beside, flags, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path = beside.rename(folder / f"{name}{SUFFIX}")
        except OSError:
            os.close(descriptor)
            beside.unlink(missing_ok=True)
            raise
        return cls(path, descriptor)

    @classmethod
    def take_over(cls, path: Path) -> "Segment | None":
        """Return the file of a process that has ended; None where its process lives, or where
        another has taken it. Raises OSError.
        """
        try:
            descriptor = os.open(path, os.O_RDWR)
        except FileNotFoundError:
            return None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(descriptor)
            if error.errno in (errno.EAGAIN, errno.EACCES):
                return None
            raise
        status = os.fstat(descriptor)
        if not status.st_nlink:
            os.close(descriptor)
            return None
        return cls(path, descriptor, status.st_size)

    @property
    def is_whole(self) -> bool:
        """Whether the file ends with the last line that was confirmed."""
        return os.fstat(self.descriptor).st_size == self.size

    @property
    def is_in_place(self) -> bool:
        """Whether the file is still where others look for it."""
        try:
            found = os.stat(self.path)
        except OSError:
            return False
        return os.path.samestat(found, os.fstat(self.descriptor))

    def append(self, data: bytes) -> None:
        """Write lines, all or nothing. Raises OSError."""
        try:
            written = os.write(self.descriptor, data)
            while written < len(data):  # the rest tells why it did not fit
                written += os.write(self.descriptor, data[written:])
        except OSError:
            os.ftruncate(self.descriptor, self.size)
            raise
        self.size += len(data)

    def lines(self) -> Iterator[tuple[int, Line]]:
        """Yield each whole line that is not moved yet, and where it ends."""
        at, end, rest = self.moved, self.size, b""
        while at + len(rest) < end:
            rest += os.pread(self.descriptor, min(_BLOCK, end - at - len(rest)), at + len(rest))
            *whole, rest = rest.split(b"\n")
            for text in whole:
                at += len(text) + 1
                yield at, _parse(text)

    def close(self, removes: bool = False) -> None:
        """Give the file up, and remove it if it is no longer needed."""
        if removes:
            self.path.unlink(missing_ok=True)
        os.close(self.descriptor)


def encode_line(content: bytes, count: int) -> bytes:
    """Return a batch with `count` forecasts as a line.

    >>> encode_line(b"{}", 0)
    b'0b5dcce1 0 {}\\n'
    """
    text = b"%d %b" % (count, content)
    return b"%08x %b\n" % (zlib.crc32(text), text)


def count_of_line(text: bytes) -> int:
    """Return how many forecasts a line says that it has, 0 where it is not whole.

    >>> count_of_line(b"f7ec0b96 12 {}\\n"), count_of_line(b"f7ec0b96 12 {")
    (12, 0)
    """
    _, count, *_ = *text.split(b" ", 2), b"", b""
    return int(count) if text.endswith(b"\n") and count.isdigit() else 0


def _parse(text: bytes) -> Line:
    sum_text, _, rest = text.partition(b" ")
    count, _, content = rest.partition(b" ")
    if sum_text != b"%08x" % zlib.crc32(rest) or not count.isdigit():
        return Line(0, None, text)
    return Line(int(count), content, text)
