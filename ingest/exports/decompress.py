"""A file as text: unpacked where it is gzip or xz, decoded as its mark tells, and never larger than
it should be.
"""

import gzip
import io
import lzma
import zlib
from collections.abc import Callable
from pathlib import Path

from ingest.exports.errors import SourceError

#: Bytes and characters read at a time.
CHUNK = 1 << 20
#: How many times its size a compressed file may grow, once it is past `FREE` bytes. JSON shrinks to
#: a 10th or 30th.
MOST_GROWTH = 300
FREE = 64 << 20
PACKED = {b"\x1f\x8b": gzip.open, b"\xfd7zXZ\x00": lzma.open}

ReadProgress = Callable[[int, int], None]


class DecompressedFile(io.RawIOBase):
    """The bytes of a file, unpacked where it is packed; refuses one that grows out of all
    proportion.
    """

    def __init__(self, path: Path, progress: ReadProgress):
        self._path, self._progress = path, progress
        self._size = path.stat().st_size
        self._file = path.open("rb")
        opener = next(
            (opener for magic, opener in PACKED.items() if self._file.peek(6).startswith(magic)),
            None,
        )
        self._source = opener(self._file) if opener else self._file
        self._given = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        try:
            data = self._source.read(len(buffer))
        except (EOFError, gzip.BadGzipFile, lzma.LZMAError, zlib.error) as error:
            raise SourceError(
                f"{str(self._path)!r} is cut short or damaged: {error}; fetch it again"
            ) from error
        self._given += len(data)
        if self._source is not self._file and self._given > max(FREE, MOST_GROWTH * self._size):
            raise SourceError(
                f"{str(self._path)!r} unpacks to more than {MOST_GROWTH} times its size: refused as a trap; "
                "unpack it yourself if you trust it"
            )
        self._progress(self._file.tell(), self._size)
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._source.close()
        self._file.close()
        super().close()


def open_text(path: Path, progress: ReadProgress = lambda done, total: None) -> io.TextIOWrapper:
    """Open a file as text in the encoding that its mark tells, UTF-8 where it has none. Raises
    SourceError.
    """
    try:
        binary = io.BufferedReader(DecompressedFile(path, progress), CHUNK)
        start = binary.peek(4)
    except OSError as error:
        raise SourceError(f"{str(path)!r} cannot be read: {error.strerror or error}") from error
    encoding = "utf-16" if start[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    return io.TextIOWrapper(binary, encoding=encoding, errors="replace", newline="\n")
