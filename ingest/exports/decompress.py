"""A file as text: unpacked where it is gzip or xz, decoded by its mark, and never larger than
it should be.
"""

import gzip
import io
import lzma
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ingest.exports.errors import SourceError

#: Bytes and characters read at a time.
CHUNK = 1 << 20
#: How many times its size a compressed file may grow, once it is past `FREE_BYTES`. JSON shrinks to
#: a 10th or 30th.
MOST_GROWTH = 300
FREE_BYTES = 64 << 20
GZIP_MAGIC, XZ_MAGIC = b"\x1f\x8b", b"\xfd7zXZ\x00"
DAMAGED = (EOFError, gzip.BadGzipFile, lzma.LZMAError, zlib.error)

ReadProgress = Callable[[int, int], None]


class DecompressedFile(io.RawIOBase):
    """The bytes of a file, unpacked where it is packed; refuses one that grows out of all
    proportion.
    """

    def __init__(self, path: Path, progress: ReadProgress):
        self._path, self._progress = path, progress
        self._size = path.stat().st_size
        self._file = path.open("rb")
        self._source = self._open_source()
        self._unpacked_bytes = 0

    def _open_source(self) -> io.BufferedIOBase:
        magic = self._file.peek(len(XZ_MAGIC))
        if magic.startswith(GZIP_MAGIC):
            return gzip.open(self._file)
        if magic.startswith(XZ_MAGIC):
            return lzma.open(self._file)
        return self._file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        """Read bytes into a buffer and return their number; raises SourceError for a damaged file
        and for one that grows too much.
        """
        view = memoryview(buffer)
        try:
            data = self._source.read(len(view))
        except DAMAGED as error:
            raise SourceError(
                f"{str(self._path)!r} is cut short or damaged: {error}; fetch it again"
            ) from error
        self._unpacked_bytes += len(data)
        is_packed = self._source is not self._file
        if is_packed and self._unpacked_bytes > max(FREE_BYTES, MOST_GROWTH * self._size):
            raise SourceError(
                f"{str(self._path)!r} unpacks to more than {MOST_GROWTH} times its size: "
                "refused as a trap; unpack it yourself if you trust it"
            )
        self._progress(self._file.tell(), self._size)
        view[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._source.close()
        self._file.close()
        super().close()


def open_text(path: Path, progress: ReadProgress = lambda done, total: None) -> io.TextIOWrapper:
    """Open a file as text in the encoding that its mark tells, UTF-8 where it has none.

    `progress` is called with the bytes read and the size of the file. Raises SourceError.
    """
    try:
        binary = io.BufferedReader(DecompressedFile(path, progress), CHUNK)
        start = binary.peek(4)
    except OSError as error:
        raise SourceError(f"{str(path)!r} cannot be read: {error.strerror or error}") from error
    encoding = "utf-16" if start[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    return io.TextIOWrapper(binary, encoding=encoding, errors="replace", newline="\n")
