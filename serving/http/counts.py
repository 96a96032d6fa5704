"""Numbers that the workers of one service add to, each in a row of its own, in memory that they
share.

The memory has no file, so it does not depend on the temporary folder. The process that starts the
workers makes it, and they inherit its descriptor. The row of a worker that died stays, and the
worker that replaces it goes on from there.
"""

import mmap
import os
import tempfile
import threading

import numpy as np

#: A worker's number is its place among those of its service, from 1 on: BentoML counts to twice
#: their number.
ROWS = 64
_NOTE_BYTES = 4096
_LENGTH_BYTES = 8


class SharedCounters:
    """The rows of all workers; a row is `cells` numbers and a note of up to some 4,000 bytes.

    Until it joins others it has one row of its own. One process writes to a row, from any of its
    threads.
    """

    def __init__(self, cells: int):
        self._cells, self._row_bytes = cells, 8 * cells + _NOTE_BYTES
        self._lock = threading.Lock()
        self._use(mmap.mmap(-1, self._row_bytes), 0)

    def share(self) -> int:
        """Make memory for the workers that this process starts; return its descriptor, which they
        inherit.

        All of it is written at once: a page that was never written may find no room later, which
        ends a process. Raises OSError.
        """
        descriptor = _memory_file()
        os.set_inheritable(descriptor, True)
        with os.fdopen(descriptor, "wb", closefd=False) as file:
            file.write(bytes(ROWS * self._row_bytes))
        return descriptor

    def join(self, descriptor: int, row: int) -> None:
        """Count in a row of the memory that `share` made.

        Raises OSError or ValueError where that is impossible.
        """
        if not 0 <= row < ROWS:
            raise ValueError(f"there are rows for {ROWS} workers")
        self._use(mmap.mmap(descriptor, ROWS * self._row_bytes), row)
        self.note("")

    def add(self, cell: int, amount: float = 1.0) -> None:
        """Add to a number of this process."""
        with self._lock:
            self._numbers[cell] += amount

    def totals(self) -> list[float]:
        """Return the sums over all rows, in the order of the cells."""
        rows = np.frombuffer(self._memory).reshape(-1, self._row_bytes // 8)
        return rows[:, : self._cells].sum(axis=0).tolist()

    def note(self, text: str) -> None:
        """Replace the note of this process; its length is written last, so that no reader gets half
        of it.
        """
        content = text.encode(errors="replace")
        if len(content) > _NOTE_BYTES - _LENGTH_BYTES:
            raise ValueError(f"a note has at most {_NOTE_BYTES - _LENGTH_BYTES:,} bytes")
        with self._lock:
            self._note[:_LENGTH_BYTES] = bytes(_LENGTH_BYTES)
            self._note[_LENGTH_BYTES : _LENGTH_BYTES + len(content)] = content
            self._note[:_LENGTH_BYTES] = len(content).to_bytes(_LENGTH_BYTES, "little")

    def notes(self) -> list[str]:
        """Return the notes of all rows that have one."""
        size, step = len(self._memory), self._row_bytes
        starts = range(8 * self._cells, size, step)
        notes = (self._memory[start : start + _NOTE_BYTES] for start in starts)
        return [text for text in map(_text, notes) if text]

    def _use(self, memory: mmap.mmap, row: int) -> None:
        start = row * self._row_bytes
        view = memoryview(memory)[start : start + self._row_bytes]
        self._memory = memory
        self._numbers, self._note = view[: 8 * self._cells].cast("d"), view[8 * self._cells :]


def _memory_file() -> int:
    """Open a file that has no name: in memory where the system has such files, else in the
    temporary folder.
    """
    if hasattr(os, "memfd_create"):
        return os.memfd_create("creatorcast-figures")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def _text(note: bytes) -> str:
    length = int.from_bytes(note[:_LENGTH_BYTES], "little")
    return note[_LENGTH_BYTES : _LENGTH_BYTES + length].decode(errors="replace")
