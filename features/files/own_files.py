"""Whether a file that is there was written by the same command before, and may be replaced.

What a user keeps, such as the list of what came of a campaign, is never written over.
"""

import zipfile
from pathlib import Path

import pyarrow.parquet as pq
from pyarrow import ArrowException

_PROPERTIES = "docProps/core.xml"


def foreign_file_fault(path: Path, what: str, columns: tuple[str, ...], title: str) -> str | None:
    """Return why a table must not replace the file at `path`; None where none is there, or one of
    the same kind.

    `what`: of the table, with its article; `columns`: the first ones that tables of its kind have,
    `title`: that of its workbooks.
    """
    try:
        if not path.is_file() or not path.stat().st_size or _is_own(path, columns, title):
            return None
    except (OSError, ValueError, KeyError, ArrowException, zipfile.BadZipFile):
        pass  # whatever it is, it is no such table
    return (
        f"{str(path)!r} is there and is not {what}: name another file, or remove it first; "
        "nothing was written"
    )


def _is_own(path: Path, columns: tuple[str, ...], title: str) -> bool:
    if path.suffix == ".parquet":
        return tuple(pq.read_schema(path).names[: len(columns)]) == columns
    if path.suffix == ".xlsx":
        with zipfile.ZipFile(path) as archive:
            return f"<dc:title>{title}</dc:title>".encode() in archive.read(_PROPERTIES)
    with open(path, encoding="utf-8") as file:
        return tuple(file.readline(10_000).strip().split(",")[: len(columns)]) == columns
