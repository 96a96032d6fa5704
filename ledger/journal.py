"""The journal: forecasts that are confirmed and not yet in the database, in files beside it.

What was written stays when a process is killed, because the operating system has it. When the
machine itself loses power, what it has not yet written to its disk may be lost: some 30 seconds on
a usual Linux.
"""

import contextlib
import errno
import os
import secrets
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from ledger.errors import JournalError
from ledger.forecast_batch import ForecastBatch
from ledger.segment import DAMAGED, SUFFIX, Segment, encode_line
from ledger.settings import DEFAULT_MB, JOURNAL, JOURNAL_MB

#: Forecasts of one line.
_LINE_ROWS = 1000
#: Seconds until a folder that could not be written is tried again.
_RETRY_SECONDS = 2.0


class Journal:
    """The journal of this process; any of its threads may append."""

    def __init__(self, folder: Path, limit: int = int(DEFAULT_MB * 2**20)):
        self.folder, self.limit = folder, limit
        self._lock = threading.Lock()
        self._active: Segment | None = None
        self._closed: list[Segment] = []
        self._gone: list[Segment] = []
        self._retry_at, self._fault = 0.0, ""

    def append(self, batches: Sequence[ForecastBatch]) -> None:
        """Write batches of forecasts, all or nothing.

        Raises JournalError where they cannot be kept.
        """
        data = b"".join(
            [
                encode_line(part.encode(), part.n)
                for batch in batches
                for part in batch.parts(_LINE_ROWS)
            ]
        )
        with self._lock:
            if self._bytes() + len(data) > self.limit:
                raise JournalError(
                    f"the journal is full ({self.limit / 2**20:,.6g} MB)",
                    f"see why the database does not take what waits in {str(self.folder)!r}, or "
                    f"allow more by {JOURNAL_MB}",
                )
            try:
                segment = self._writable()
                segment.append(data)
            except OSError as error:
                if self._active is not None and not self._active.is_whole:
                    self._closed.append(self._active)  # no line may follow one in part
                    self._active = None
                self._fault = f"the journal cannot be written: {error.strerror or error}"
                raise JournalError(
                    self._fault,
                    f"see that the folder {str(self.folder)!r} is there, may be written and has "
                    f"room, or name another one by {JOURNAL}",
                ) from None

    def waiting_segments(self) -> list[Segment]:
        """Return the files with forecasts that are not in the database, oldest first. What is
        appended from now on goes to another one, if one can be made.
        """
        with self._lock:
            with contextlib.suppress(OSError):
                for number, segment in enumerate(self._closed):
                    self._closed[number] = self._rescue(segment)
            active = self._active
            if active is None or not active.size:
                return list(self._closed)
            with contextlib.suppress(OSError):
                self._active = self._new_segment()
                self._closed.append(active)
                return list(self._closed)
            return [*self._closed, active]

    def release(self, segment: Segment) -> None:
        """Remove a file whose forecasts are in the database."""
        with self._lock:
            if segment in self._closed:
                self._closed.remove(segment)
                segment.close(removes=True)

    def close(self) -> None:
        """Give all files up; what is in them is for another process to move."""
        with self._lock:
            if self._active is not None:
                self._closed.append(self._active)
            for segment in self._closed:
                segment.close(removes=not segment.size)
            for segment in self._gone:
                segment.close()
            self._active, self._closed, self._gone = None, [], []

    def orphans(self) -> Iterator[Segment]:
        """Yield the files of processes that have ended, each locked by this one."""
        for path in journal_files(self.folder):
            with contextlib.suppress(OSError):
                segment = Segment.take_over(path)
                if segment is not None:
                    yield segment

    def _bytes(self) -> int:
        return sum(one.size for one in [*self._closed, *filter(None, [self._active])])

    def _writable(self) -> Segment:
        if self._active is not None:
            self._active = self._rescue(self._active)
        else:
            if time.monotonic() < self._retry_at:
                raise OSError(errno.EIO, self._fault.rpartition(": ")[2])
            try:
                self._active = self._new_segment()
            except OSError:
                self._retry_at = time.monotonic() + _RETRY_SECONDS
                raise
        return self._active

    def _rescue(self, segment: Segment) -> Segment:
        """Return a file, written anew where it was removed while this process had it open: what it
        holds was confirmed, and would be gone with the process. Raises OSError.
        """
        if segment.is_in_place:
            return segment
        fresh = self._new_segment()
        fresh.append(os.pread(segment.descriptor, segment.size - segment.moved, segment.moved))
        self._gone.append(segment)
        return fresh

    def _new_segment(self) -> Segment:
        # the parent tells files of this service from those of an earlier one
        return Segment.new(self.folder, f"{os.getppid()}-{os.getpid()}-{secrets.token_hex(6)}")


def journal_files(folder: Path, suffix: str = SUFFIX) -> list[Path]:
    """Return the files of a journal, oldest first; those that are damaged by DAMAGED."""
    found = []
    for path in folder.glob(f"*{suffix}") if folder.is_dir() else ():
        with contextlib.suppress(OSError):
            found.append((path.stat().st_mtime_ns, path))
    return [path for _, path in sorted(found)]


def set_aside(folder: Path, raw: bytes) -> None:
    """Keep a line that cannot be moved into the database. Raises OSError."""
    file = folder / f"{os.getpid()}{DAMAGED}"
    descriptor = os.open(file, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)
    with open(descriptor, "ab") as target:
        target.write(raw + b"\n")
