"""Opening a list: a file or a folder of any kind, or standard input."""

import hashlib
import json
import shutil
from pathlib import Path
from typing import BinaryIO

from features.files.change_guard import list_files
from features.files.regular import check_regular
from ingest.sheets.sheet_source import open_sheet
from ingest.sheets.sheet_types import SheetOptions
from ingest.sheets.text_files import is_gzip
from serving.batch.chunks import ProspectList
from serving.batch.csv_blocks import has_uniform_newlines
from serving.batch.csv_fast import FastCsvList
from serving.batch.errors import BatchError
from serving.batch.parquet_list import ParquetList
from serving.batch.sheet_list import SheetList, count_lines

#: Lines from which on a text is read with Arrow.
FAST_CSV_MIN_LINES = 20_000


def check_list(path: Path) -> None:
    """Raise BatchError where a list is not there, or is neither a folder nor a regular file."""
    if not path.exists():
        raise BatchError(
            f"{str(path)!r} does not exist: give a CSV, XLSX or Parquet file, or a folder of "
            f"Parquet files"
        )
    if not path.is_dir():
        _check_regular(path)


def open_list(path: Path, sheet: SheetOptions) -> ProspectList:
    """Open a list. Raises BatchError or ingest.sheets.SheetError for what cannot be read as one."""
    check_list(path)
    if path.is_dir() or path.suffix == ".parquet" or _first_bytes(path) == b"PAR1":
        return ParquetList(path, sheet.columns)
    is_long = (count_lines(path) or 0) > FAST_CSV_MIN_LINES
    if is_long and _is_plain_text(path, sheet):
        return FastCsvList(path, sheet)
    return SheetList(path, sheet)


def _check_regular(path: Path) -> None:
    try:
        check_regular(path)
    except OSError as error:
        raise BatchError(f"{str(path)!r} cannot be read: {error.strerror or error}") from error


def _is_plain_text(path: Path, sheet: SheetOptions) -> bool:
    """Tell whether a file is UTF-8 text whose lines `read_blocks` can split."""
    source = open_sheet(path, sheet)
    is_utf8 = source.encoding.lower() in ("utf-8", "utf-8-sig") and not is_gzip(path)
    return is_utf8 and has_uniform_newlines(path)


def spool_input(source: BinaryIO, folder: Path) -> Path:
    """Copy standard input to a file, as a list is read more than once; return its path."""
    path = folder / "input"
    with open(path, "wb") as file:
        shutil.copyfileobj(source, file, 1 << 20)
    return path


def content_digest(path: Path, named: bool = True) -> str:
    """Return a digest of a file, or of the files of a folder: names, sizes, times of change and all
    bytes.

    `named` False leaves out names and times, as for standard input. A gigabyte takes 1 to 2
    seconds. Raises BatchError for what is no regular file.
    """
    states = []
    for file in list_files(path):
        _check_regular(file)
        try:
            state = file.stat()
            identity = [str(file.relative_to(path)), state.st_mtime_ns] if named else []
            with open(file, "rb") as content:
                states.append(
                    [*identity, state.st_size, hashlib.file_digest(content, "sha256").hexdigest()]
                )
        except OSError as error:
            raise BatchError(f"{str(file)!r} cannot be read: {error.strerror or error}") from error
    return hashlib.sha256(json.dumps(states).encode()).hexdigest()


def _first_bytes(path: Path) -> bytes:
    with open(path, "rb") as file:
        return file.read(4)
