"""The hidden folder beside the answers in which a run keeps what it has done, so that it can be
taken up again.

    .scored.parquet.work/lock         held by the run
                         manifest     what the run is of: input, options, model, moment
                         journal      one line a finished lot: how far each file reached, and what
                         to sum up answers, rejected, footers

Files only grow. What a killed run wrote past the last line of the journal is cut off when it is
taken up again.
"""

import json
import os
import shutil
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from features.files.atomic import replace_text
from serving.batch.errors import BatchError

FILES = ("answers", "rejected", "footers")
#: What a manifest holds, and how that is called where it differs.
_CALLED = {
    "input": "the input", "options": "the options", "model": "the model", "tables": "the tables or rates",
    "as_of": "as_of", "format": "the version of creatorcast",
}  # fmt: skip


@dataclass(frozen=True)
class JournalLine:
    """A line of the journal: where the files end, their checksums, and the figures of the lot.

    Lines written by this run keep no figures: they are summed up, and a long list has many.
    """

    ends: dict[str, int]
    sums: dict[str, int]
    figures: dict


class Checkpoint:
    """A run's folder, locked. `lines` are those of lots that are done; use it as a context, which
    lets go of it.

    `is_owned`: it holds nothing of an earlier run that was not taken up.
    """

    def __init__(self, out: Path, folder: Path):
        self.out, self.folder = out, folder
        self.lines: list[JournalLine] = []
        self._files: dict[str, BinaryIO] = {}
        self._ends, self._sums = dict.fromkeys(FILES, 0), dict.fromkeys(FILES, 0)
        self._lock = _locked(folder, out)
        self.is_owned = self.manifest is None

    def __enter__(self) -> "Checkpoint":
        return self

    def __exit__(self, *_) -> None:
        for file in self._files.values():
            file.close()
        os.close(self._lock)

    @property
    def manifest(self) -> dict | None:
        """What the unfinished run in this folder is of, None where there is none."""
        try:
            return json.loads((self.folder / "manifest").read_text())
        except (OSError, ValueError):
            return None

    def begin(self, manifest: dict) -> None:
        """Start anew: forget what an earlier run left."""
        for name in (*FILES, "journal", "manifest"):
            (self.folder / name).unlink(missing_ok=True)
        self._open()
        replace_text(self.folder / "manifest", json.dumps(manifest))
        self.is_owned = True

    def resume(self, manifest: dict) -> None:
        """Take up the run that is there; raises BatchError where it is of something else, naming
        what.
        """
        held, manifest = self.manifest or {}, json.loads(json.dumps(manifest))
        other = [called for name, called in _CALLED.items() if held.get(name) != manifest.get(name)]
        if other:
            raise BatchError(
                f"the unfinished run of {str(self.out)!r} was of something else: {', '.join(other)} changed; run it "
                f"without --resume to start anew"
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
        """Write down that all that was added since the last time belongs to a lot that is done."""
        for file in self._files.values():
            file.flush()
        line = JournalLine(dict(self._ends), dict(self._sums), figures)
        with open(self.folder / "journal", "a", encoding="utf-8") as journal:
            journal.write(json.dumps(line.__dict__) + "\n")
        self.lines.append(replace(line, figures={}))

    def close(self) -> None:
        """Close the files, written to the disk."""
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
        """Give the lines that hold: whole ones, of which the files have all they say."""
        try:
            texts = (self.folder / "journal").read_bytes().split(b"\n")[:-1]
            lines = [JournalLine(**json.loads(text)) for text in texts]
        except (OSError, ValueError, TypeError):
            return []
        sound = {name: set(_sound(self.folder / name, lines, name)) for name in FILES}
        count = next(
            (k for k in range(len(lines)) if any(k not in held for held in sound.values())),
            len(lines),
        )
        whole = b"".join(text + b"\n" for text in texts[:count])
        (self.folder / "journal").write_bytes(whole)
        return lines[:count]


def _sound(path: Path, lines: list[JournalLine], name: str) -> Iterable[int]:
    """Give the numbers of lines up to which a file is as it was written."""
    end = check = 0
    with open(path, "rb") as file:
        for number, line in enumerate(lines):
            content = file.read(line.ends[name] - end)
            end, check = line.ends[name], zlib.crc32(content, check)
            if file.tell() != end or check != line.sums[name]:
                return
            yield number


def _locked(folder: Path, out: Path) -> int:
    """Make the folder and lock it; raises BatchError where another run holds it."""
    import fcntl  # of POSIX alone: elsewhere lists cannot be scored, all else works

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
