"""Text files of any encoding, plain or gzipped, read line by line.

But: no charset-normalizer for the encoding. It takes short sheets in cp1252 for cp775, cp437 or
cp857, and looks at a sample only."""

import codecs
import gzip
import io
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

from ingest.sheets.sheet_types import SheetError

#: A longer line is no row of a spreadsheet.
LONGEST_LINE = 1 << 20
#: A gzip that grows past this size and by more than this factor is refused.
LARGEST_GROWTH, UNPACKED_FREE = 200, 1 << 28
_BLOCK = 1 << 20
#: Bytes in which zeros are counted, to recognise UTF-16.
_COUNTED_BYTES = 16 * _BLOCK
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def is_gzip(path: Path) -> bool:
    """Return whether the file is gzipped, by its first bytes."""
    with open(path, "rb") as file:
        return file.read(2) == b"\x1f\x8b"


def open_bytes(path: Path) -> IO[bytes]:
    """Open a plain or gzipped file for reading."""
    if is_gzip(path):
        return cast(IO[bytes], gzip.open(path, "rb"))  # typeshed keeps GzipFile out of IO
    return open(path, "rb")


def read_decompressed(path: Path) -> Iterator[bytes]:
    """Yield the unpacked content block by block. Raises SheetError for a broken gzip, and for one
    that grows too much.
    """
    packed, unpacked = path.stat().st_size, 0
    most = max(UNPACKED_FREE, packed * LARGEST_GROWTH)
    try:
        with open_bytes(path) as file:
            while block := file.read(_BLOCK):
                unpacked += len(block)
                if unpacked > most and is_gzip(path):
                    raise SheetError(
                        f"{str(path)!r} grows to more than {LARGEST_GROWTH} times its size when it "
                        f"is unpacked: unpack it yourself if you trust it"
                    )
                yield block
    except (gzip.BadGzipFile, EOFError, OSError, zlib.error) as error:
        raise SheetError(f"{str(path)!r} cannot be read: {error}") from error


def detect_encoding(path: Path) -> tuple[str, str]:
    """Detect the encoding by all bytes of a file; return the codec's name and a note of it.

    A byte order mark decides; else it is UTF-8 where all bytes are, UTF-16 where every other byte
    is zero, and cp1252 where neither holds. Raises SheetError for bytes that are no text.
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    is_utf8 = True
    start = b""
    zeros_at_even = zeros_at_odd = size = 0
    for block in read_decompressed(path):
        start = start or block[:4096]
        if size < _COUNTED_BYTES:
            zeros_at_even += block[::2].count(0)
            zeros_at_odd += block[1::2].count(0)
        size += len(block)
        if is_utf8:
            try:
                decoder.decode(block)
            except UnicodeDecodeError:
                is_utf8 = False
    for mark, name in _BOMS:
        if start.startswith(mark):
            return name, f"{name.removesuffix('-sig').upper()}, with a byte order mark"
    half = min(size, _COUNTED_BYTES) / 2
    fewer, more = sorted((zeros_at_even, zeros_at_odd))
    if more > 0.3 * half and fewer < 0.05 * half:
        if zeros_at_odd > zeros_at_even:
            return "utf-16-le", "UTF-16, little end first"
        return "utf-16-be", "UTF-16, big end first"
    has_many_zeros = zeros_at_even + zeros_at_odd > max(4, 0.01 * size)
    if has_many_zeros or _control_characters(start) > max(4, 0.02 * len(start)):
        raise SheetError(
            f"{str(path)!r} is no text and no XLSX workbook: expected CSV or XLSX, found other "
            f"binary data"
        )
    if is_utf8:
        return "utf-8", "UTF-8"
    return "cp1252", "cp1252 (Windows), as its bytes are no UTF-8"


def _control_characters(start: bytes) -> int:
    """Return how many bytes are control characters that no text has."""
    return sum(byte < 32 and byte not in b"\t\n\r\x0b\x0c\x1a\x1b" for byte in start)


def read_lines(path: Path, encoding: str) -> Iterator[str]:
    """Yield the lines without their ends, whichever ends they have. Raises SheetError for what is
    no text or no rows.
    """
    number = 0
    try:
        with (
            open_bytes(path) as raw,
            io.TextIOWrapper(raw, encoding, _errors(encoding), newline=None) as file,
        ):
            while line := file.readline(LONGEST_LINE):
                number += 1
                if len(line) >= LONGEST_LINE:
                    raise SheetError(
                        f"{str(path)!r} has more than {LONGEST_LINE:,} characters in line "
                        f"{number:,}: expected the rows of a spreadsheet"
                    )
                yield line.rstrip("\n")
    except (gzip.BadGzipFile, EOFError, OSError, UnicodeError, LookupError, zlib.error) as error:
        raise SheetError(
            f"{str(path)!r} cannot be read as {encoding} after line {number:,}: {error}"
        ) from error


def _errors(encoding: str) -> str:
    """Return how to decode bytes that the code page leaves undefined: cp1252 has five of them."""
    return "replace" if encoding.lower().replace("-", "") in ("cp1252", "windows1252") else "strict"
