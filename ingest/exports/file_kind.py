"""What kind of file a path is, before it is read: JSON, a spreadsheet, the panel's folder, or none
of them.
"""

import hashlib
import io
from pathlib import Path

from features.files.regular import check_regular
from ingest.exports.decompress import CHUNK, open_text
from ingest.exports.errors import SourceError
from ingest.exports.instagram_panel import PANEL_FOLLOWERS, PANEL_POSTS
from ingest.exports.json_stream import is_json_text
from ingest.exports.known_shapes import JSON_KINDS, list_known_kinds

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
PACKAGE = b"PK\x03\x04"


def detect_file_kind(path: Path, told: str | None = None) -> str:
    """Tell a file's family: PANEL, SHEET or "json"; `told` is the kind that the user names. Raises
    SourceError.
    """
    if told is not None and told not in FILE_KINDS:
        raise SourceError(f"{told!r} is no kind: expected one of {', '.join(FILE_KINDS)}")
    if path.is_dir():
        return _folder_kind(path, told)
    if told == PANEL:
        raise SourceError(
            f"{str(path)!r} is no folder: expected one with {PANEL_POSTS} and {PANEL_FOLLOWERS}"
        )
    check_file(path)
    begins = _begins(path)
    for magic, what in UNSUPPORTED_SIGNATURES.items():
        if begins[: len(magic)].lower() == magic.lower():
            raise SourceError(
                f"{str(path)!r} {what}; looked for {list_known_kinds()} or a spreadsheet"
            )
    if told == SHEET or told in JSON_KINDS:
        return SHEET if told == SHEET else "json"
    endings = {ending.lower() for ending in path.suffixes[-2:]}
    if begins.startswith(PACKAGE):
        if endings & {".zip"}:
            raise SourceError(f"{str(path)!r} is a zip archive: unpack it and name the files in it")
        return SHEET
    if endings & JSON_ENDINGS:
        return "json"
    if endings & SHEET_ENDINGS:
        return SHEET
    with open_text(path) as stream:
        return "json" if is_json_text(stream.read(CHUNK)) else SHEET


def file_digest(path: Path) -> str:
    """Give the SHA-256 of a file, or of all that a folder holds, by which it is known again under
    another name.
    """
    digest = hashlib.sha256()
    for file in sorted(path.iterdir()) if path.is_dir() else [path]:
        if file.is_file():
            with file.open("rb") as stream:
                digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()


def _folder_kind(path: Path, told: str | None) -> str:
    there = {file.name for file in path.iterdir()}
    if told == PANEL or {PANEL_POSTS, PANEL_FOLLOWERS} <= there:
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


def _begins(path: Path) -> bytes:
    try:
        with io.BufferedReader(path.open("rb", buffering=0)) as file:
            begins = file.read(64)
    except OSError as error:
        raise SourceError(f"{str(path)!r} cannot be read: {error.strerror}") from error
    if not begins:
        raise SourceError(f"{str(path)!r} is empty: expected an export with records")
    return begins.removeprefix(b"\xef\xbb\xbf").lstrip() or begins
