"""The hidden folder beside the answers in which a run keeps what it has done, so that it can be
resumed.

    .scored.parquet.work/lock         held by the run
                         manifest     what the run is of: input, options, model, moment
                         journal      a line for each finished chunk: where each file ends, and
                                      what the summary counts
                         answers, rejected, best (of a report)

Files only grow. When a run is resumed, what a killed run wrote past the last line of the journal
is cut off.
"""

import json
import os
import shutil
import zlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from features.files.atomic import replace_text
from serving.batch.errors import BatchError

FILES = ("answers", "rejected", "best")
#: What a manifest holds, and the words for it in an error.
_MANIFEST_WORDS = {
    "input": "the input",
    "options": "the options",
    "model": "the model",
    "tables": "the tables or rates",
    "as_of": "as_of",
    "format": "the version of creatorcast",
}


@dataclass(frozen=True)
class JournalLine:
    """A line of the journal: each file's size in bytes and CRC-32, and the counts of the chunk.

    Lines that this run wrote keep no counts in memory: a long list has many.
    """

    ends: dict[str, int]
    sums: dict[str, int]
    figures: dict


class Checkpoint:
    """A run's folder, locked while it is used as a context.

    `lines`: of the journal, one for the start of the files and one for each chunk that is done;
    `is_owned`: the folder holds nothing of an earlier run, except one that is resumed.
    """

    def __init__(self, out: Path, folder: Path):
        """Raises BatchError where another run has locked the folder."""
        self.out, self.folder = out, folder
        self.lines: list[JournalLine] = []
        self._files: dict[str, BinaryIO] = {}
        self._ends, self._sums = dict.fromkeys(FILES, 0), dict.fromkeys(FILES, 0)
        self._lock = _lock_folder(folder, out)
        self.is_owned = self.manifest is None

    def __enter__(self) -> "Checkpoint":
        return self

    def __exit__(self, *_: object) -> None:
        for file in self._files.values():
            file.close()
        os.close(self._lock)

    @property
    def manifest(self) -> dict | None:
        """The manifest of the unfinished run in this folder, None where there is none."""
        try:
            return json.loads((self.folder / "manifest").read_text())
        except (OSError, ValueError):
            return None

    def begin(self, manifest: dict) -> None:
        """Start a run: remove what an earlier one left."""
        for name in (*FILES, "journal", "manifest"):
            (self.folder / name).unlink(missing_ok=True)
        self._open()
        replace_text(self.folder / "manifest", json.dumps(manifest))
        self.is_owned = True

    def resume(self, manifest: dict) -> None:
        """Continue the unfinished run. Raises BatchError where its manifest is another."""
        earlier, manifest = self.manifest or {}, json.loads(json.dumps(manifest))
        changes = [
            words
            for name, words in _MANIFEST_WORDS.items()
            if earlier.get(name) != manifest.get(name)
        ]
        if changes:
            raise BatchError(
                f"the unfinished run of {str(self.out)!r} was of something else: "
                f"{', '.join(changes)} changed; run it without --resume to start anew"
            )
        self.lines = self._read_journal()
        if self.lines:
            self._ends, self._sums = dict(self.lines[-1].ends), dict(self.lines[-1].sums)
        for name, end in self._ends.items():
            if end:
                os.truncate(self.folder / name, end)
        self._open()
        self.is_owned = True

    def append(self, name: str, content: bytes) -> None:
        """Add to a file."""
        self._files[name].write(content)
        self._ends[name] += len(content)
        self._sums[name] = zlib.crc32(content, self._sums[name])

    def commit(self, figures: dict) -> None:
        """Write to the journal that what was appended since its last line is a whole chunk."""
        for file in self._files.values():
            file.flush()
        line = JournalLine(dict(self._ends), dict(self._sums), figures)
        with open(self.folder / "journal", "a", encoding="utf-8") as journal:
            journal.write(json.dumps(line.__dict__) + "\n")
        self.lines.append(replace(line, figures={}))

    def close(self) -> None:
        """Write the files through to the disk and close them."""
        for file in self._files.values():
            file.flush()
            os.fsync(file.fileno())
            file.close()
        self._files = {}

    def discard(self) -> None:
        """Remove the folder with all that is in it."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _open(self) -> None:
        self._files = {name: (self.folder / name).open("ab") for name in FILES}

    def _read_journal(self) -> list[JournalLine]:
        """Return the lines from the first on whose bytes the files still have; drop the others."""
        try:
            texts = (self.folder / "journal").read_bytes().split(b"\n")[:-1]
            lines = [JournalLine(**json.loads(text)) for text in texts]
        except (OSError, ValueError, TypeError):
            return []
        count = min(_intact_lines(self.folder / name, lines, name) for name in FILES)
        whole = b"".join(text + b"\n" for text in texts[:count])
        (self.folder / "journal").write_bytes(whole)
        return lines[:count]


def _intact_lines(path: Path, lines: list[JournalLine], name: str) -> int:
    """Return how many lines, from the first on, describe the file as it is."""
    end = checksum = 0
    with open(path, "rb") as file:
        for number, line in enumerate(lines):
            content = file.read(line.ends[name] - end)
            end, checksum = line.ends[name], zlib.crc32(content, checksum)
            if file.tell() != end or checksum != line.sums[name]:
                return number
    return len(lines)


def _lock_folder(folder: Path, out: Path) -> int:
    """Make the folder and lock it; return the lock's descriptor. Raises BatchError where another
    run holds it.
    """
    import fcntl  # of POSIX alone: elsewhere no list can be scored, all else works

    while True:
        folder.mkdir(exist_ok=True)
        try:
            lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o644)
        except FileNotFoundError:  # another run ended at this moment
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.stat(folder / "lock").st_ino == os.fstat(lock).st_ino:
                return lock
        except FileNotFoundError:
            pass
        except BlockingIOError:
            os.close(lock)
            raise BatchError(
                f"{str(out)!r} is being written by another run: wait for it, or name another file"
            ) from None
        os.close(lock)
