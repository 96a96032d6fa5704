"""What an XLSX archive unpacks to, looked at before anything in it is parsed: bytes, tags of XML,
and long texts.

A few kilobytes can hold millions of rows. Parsing them takes minutes, counting where tags begin
takes seconds.
"""

import zipfile
import zlib
from pathlib import Path

import numpy as np

from ingest.sheets.sheet_types import SheetError

#: Bounds of what a workbook may unpack to: in all, and by which factor once it is large.
LARGEST, LARGEST_GROWTH, UNPACKED_FREE = 1 << 30, 300, 1 << 26
#: Tags of XML that a workbook may hold in all, a cell has two to four; and in a byte of the file,
#: past so many.
MOST_TAGS, MOST_TAGS_PER_BYTE, TAGS_FREE = 50_000_000, 10, 4_000_000
#: Bytes between two tags: a cell holds 32,767 characters.
LONGEST_TEXT = 1 << 20
_BLOCK, _TAG = 1 << 22, ord("<")


def check_archive(path: Path) -> None:
    """Raise SheetError for what is no XLSX workbook, is encrypted, or unpacks to too much."""
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
            _check_kind(path, parts)
            _check_sizes(path, parts)
            _check_tags(path, archive, parts)
    except (
        zipfile.BadZipFile,
        OSError,
        EOFError,
        zlib.error,
        NotImplementedError,
        RuntimeError,
    ) as error:
        raise SheetError(
            f"{str(path)!r} is no whole XLSX workbook: {error}; get or save the file anew"
        ) from error


def _check_kind(path: Path, parts: list[zipfile.ZipInfo]) -> None:
    names = {part.filename for part in parts}
    if "xl/workbook.xml" not in names:
        kind = "an OpenDocument sheet" if "content.xml" in names else "another ZIP archive"
        raise SheetError(f"{str(path)!r} is {kind}, no XLSX workbook: save it as XLSX or CSV")
    if any(part.flag_bits & 1 for part in parts):
        raise SheetError(f"{str(path)!r} is encrypted: save it without a password")


def _check_sizes(path: Path, parts: list[zipfile.ZipInfo]) -> None:
    size, packed = sum(part.file_size for part in parts), sum(part.compress_size for part in parts)
    if size > LARGEST or (size > UNPACKED_FREE and size > packed * LARGEST_GROWTH):
        raise SheetError(
            f"{str(path)!r} would unpack to {size:,} bytes from {packed:,}: expected at most "
            f"{LARGEST:,} bytes, and at most {LARGEST_GROWTH} times the packed ones (an archive "
            f"bomb has more); save the worksheet as CSV"
        )


def _check_tags(path: Path, archive: zipfile.ZipFile, parts: list[zipfile.ZipInfo]) -> None:
    packed, tags = sum(part.compress_size for part in parts), 0
    for part in parts:
        if not part.filename.lower().endswith((".xml", ".rels")):
            continue
        tags += _tags_in(path, archive, part)
        if tags > MOST_TAGS or (tags > TAGS_FREE and tags > packed * MOST_TAGS_PER_BYTE):
            raise SheetError(
                f"{str(path)!r} holds more than {tags:,} tags of XML in {packed:,} bytes: expected "
                f"at most {MOST_TAGS:,} tags (about 12 million cells), and at most "
                f"{MOST_TAGS_PER_BYTE} a packed byte (an archive bomb has more); save the "
                f"worksheet as CSV"
            )


def _tags_in(path: Path, archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> int:
    """Count the tags of a part."""
    tags = since = 0
    with archive.open(part) as file:
        while block := file.read(_BLOCK):
            places = np.flatnonzero(np.frombuffer(block, dtype=np.uint8) == _TAG)
            tags += len(places)
            edges = np.concatenate([[-since], places, [len(block)]])
            if np.diff(edges).max() > LONGEST_TEXT:
                raise SheetError(
                    f"{str(path)!r} holds a text of more than {LONGEST_TEXT:,} bytes in "
                    f"{part.filename}: a cell holds "
                    f"32,767 characters; save the worksheet as CSV"
                )
            since = int(len(block) - places[-1]) if len(places) else since + len(block)
    return tags
