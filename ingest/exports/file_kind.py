"""Which kind of file a path is, before it is read: JSON, a spreadsheet, the panel's folder, or
none of them.
"""

import hashlib
import io
from pathlib import Path

from features.files.regular import check_regular
from ingest.exports.decompress import CHUNK, open_text
from ingest.exports.errors import SourceError
from ingest.exports.instagram_panel import PANEL_FOLLOWERS, PANEL_POSTS
from ingest.exports.json_stream import is_json_text
from ingest.shapes.shape_catalog import JSON_KINDS, list_known_kinds

PANEL, SHEET = "instagram-panel", "sheet"
FILE_KINDS = (*JSON_KINDS, PANEL, SHEET)
JSON_ENDINGS = {".json", ".jsonl", ".ndjson"}
SHEET_ENDINGS = {".csv", ".tsv", ".tab", ".xlsx", ".xlsm", ".xls", ".ods", ".xlsb"}
#: How files begin that are often taken for exports -> what they are, and what to do.
UNSUPPORTED_SIGNATURES = {
    b"PAR1": "is Parquet: tables in canonical columns need no import",
    b"%PDF": "is a PDF: export a spreadsheet instead",
    b"\x89PNG": "is a picture",
    b"\xff\xd8\xff": "is a picture",
    b"SQLite format 3": "is a database: export its tables as CSV",
    b"<!DOCTYPE": "is a web page, perhaps a log-in page saved by mistake",
    b"<html": "is a web page, perhaps a log-in page saved by mistake",
    b"BZh": "is packed with bzip2: unpack it",
    b"\x28\xb5\x2f\xfd": "is packed with zstd: unpack it",
}
#: How zip archives begin, which workbooks are too.
ZIP_SIGNATURE = b"PK\x03\x04"
UTF8_MARK = b"\xef\xbb\xbf"


def detect_file_kind(path: Path, named_kind: str | None = None) -> str:
    """Return the reader that a file needs: PANEL, SHEET or "json".

    `named_kind` is the kind that the user names. Raises SourceError for a kind that does not exist,
    and for a file that no reader can read.
    """
    if named_kind is not None and named_kind not in FILE_KINDS:
        raise SourceError(f"{named_kind!r} is no kind: expected one of {', '.join(FILE_KINDS)}")
    if path.is_dir():
        return _folder_kind(path, named_kind)
    if named_kind == PANEL:
        raise SourceError(
            f"{str(path)!r} is no folder: expected one with {PANEL_POSTS} and {PANEL_FOLLOWERS}"
        )
    check_file(path)
    start = _read_start(path)
    _check_signature(path, start)
    if named_kind is not None:
        return SHEET if named_kind == SHEET else "json"
    return _kind_by_content(path, start)


def _check_signature(path: Path, start: bytes) -> None:
    """Raise SourceError for a file of a kind that is often taken for an export."""
    for signature, problem in UNSUPPORTED_SIGNATURES.items():
        if start[: len(signature)].lower() == signature.lower():
            raise SourceError(
                f"{str(path)!r} {problem}; looked for {list_known_kinds()} or a spreadsheet"
            )


def _kind_by_content(path: Path, start: bytes) -> str:
    """Return the kind of a file by its first bytes, its name, and else its text."""
    endings = {ending.lower() for ending in path.suffixes[-2:]}
    if start.startswith(ZIP_SIGNATURE):
        if ".zip" in endings:
            raise SourceError(f"{str(path)!r} is a zip archive: unpack it and name the files in it")
        return SHEET
    if endings & JSON_ENDINGS:
        return "json"
    if endings & SHEET_ENDINGS:
        return SHEET
    with open_text(path) as stream:
        return "json" if is_json_text(stream.read(CHUNK)) else SHEET


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file, or of all that a folder holds, by which it is known again under
    another name.
    """
    digest = hashlib.sha256()
    for file in sorted(path.iterdir()) if path.is_dir() else [path]:
        if file.is_file():
            with file.open("rb") as stream:
                digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()


def _folder_kind(path: Path, named_kind: str | None) -> str:
    names = {file.name for file in path.iterdir()}
    if named_kind == PANEL or {PANEL_POSTS, PANEL_FOLLOWERS} <= names:
        return PANEL
    raise SourceError(
        f"{str(path)!r} is a folder: name the files in it, such as {str(path)!r}/*.json"
    )


def check_file(path: Path) -> None:
    """Raise SourceError where a file is none that can be read."""
    try:
        check_regular(path)
    except FileNotFoundError:
        raise SourceError(
            f"{str(path)!r} does not exist: name an export, or a folder with the panel"
        ) from None
    except OSError as error:
        raise SourceError(f"{str(path)!r} cannot be read: {error.strerror}") from error


def _read_start(path: Path) -> bytes:
    """Return the first bytes of a file, without a mark of UTF-8 and white space."""
    try:
        with io.BufferedReader(path.open("rb", buffering=0)) as file:
            start = file.read(64)
    except OSError as error:
        raise SourceError(f"{str(path)!r} cannot be read: {error.strerror}") from error
    if not start:
        raise SourceError(f"{str(path)!r} is empty: expected an export with records")
    return start.removeprefix(UTF8_MARK).lstrip() or start
