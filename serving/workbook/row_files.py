"""Rows of long sheets in files beside the workbook, which they are put into when all else is there:
XlsxWriter writes cell by cell.
"""

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO
from zipfile import ZIP64_LIMIT, ZIP_DEFLATED, ZipFile

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet

#: How hard to compress. Level 6 takes twice as long, for a file that is smaller by a sixth.
_LEVEL = 3
_COPIED_BYTES = 1 << 20
_END_OF_ROWS = b"</sheetData>"


class RowFiles:
    """The files of a workbook's long sheets, in one folder."""

    def __init__(self, folder: Path):
        self._folder = folder
        self._paths: dict[str, Path] = {}

    @contextmanager
    def open(self, sheet: "Worksheet") -> Iterator[BinaryIO]:
        """Open the file of a sheet's rows, XML in UTF-8."""
        part = f"xl/worksheets/sheet{sheet.index + 1}.xml"
        self._paths[part] = self._folder / f"rows-{sheet.index + 1}"
        with open(self._paths[part], "wb") as file:
            yield file

    def insert(self, frame: Path, book: Path, check: Callable[[], None]) -> None:
        """Write `book`: the workbook `frame` with these rows behind those that its sheets have.

        `check`: called after every megabyte. Removes all files but `book`. Raises OSError, EFBIG
        where a sheet is larger than XLSX holds.
        """
        with (
            ZipFile(frame) as source,
            ZipFile(book, "w", ZIP_DEFLATED, compresslevel=_LEVEL) as target,
        ):
            for part in source.infolist():
                content = source.read(part)
                if part.filename in self._paths:
                    self._insert_part(target, part.filename, content, check)
                else:
                    target.writestr(part, content)
        frame.unlink()

    def _insert_part(
        self, target: ZipFile, part: str, content: bytes, check: Callable[[], None]
    ) -> None:
        path = self._paths[part]
        if path.stat().st_size > 0.95 * ZIP64_LIMIT:
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
        before, end_of_rows, after = content.partition(_END_OF_ROWS)
        with target.open(part, "w") as file, open(path, "rb") as rows:
            file.write(before)
            while block := rows.read(_COPIED_BYTES):
                check()
                file.write(block)
            file.write(end_of_rows + after)
        path.unlink()
