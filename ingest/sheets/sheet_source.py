"""Opening a file as a sheet, whatever it is: delimited text or a workbook."""

from pathlib import Path

from features.files.regular import check_regular
from ingest.sheets.sheet_records import SheetSource
from ingest.sheets.sheet_types import SheetError, SheetOptions
from ingest.sheets.text_source import open_text
from ingest.sheets.workbook_source import open_workbook

#: First bytes of a file -> what it is, and what to do.
_OLE_MAGIC = b"\xd0\xcf\x11\xe0"
_KINDS = (
    (_OLE_MAGIC, "an old Excel workbook (.xls)", "open it and save it as .xlsx or CSV"),
    (b"%PDF", "a PDF", "export the table as CSV or XLSX"),
    (b"PAR1", "a Parquet file", "give it where tables are read, or write it as CSV"),
    (b"\x89PNG", "an image", "export the table as CSV or XLSX"),
    (b"\xff\xd8\xff", "an image", "export the table as CSV or XLSX"),
    (b"BZh", "a bzip2 archive", "unpack it"),
    (b"\xfd7zXZ", "an xz archive", "unpack it"),
    (b"(\xb5/\xfd", "a Zstandard archive", "unpack it"),
    (b"7z\xbc\xaf", "a 7-Zip archive", "unpack it"),
    (b"Rar!", "a RAR archive", "unpack it"),
    (b"SQLite format 3", "an SQLite database", "export the table as CSV"),
)


def open_sheet(path: Path, options: SheetOptions) -> SheetSource:
    """Open a file and find its header. Raises SheetError for what is no spreadsheet, or has no
    known column.
    """
    path = Path(path)
    if path.is_dir():
        raise SheetError(f"{str(path)!r} is a folder: give the CSV or XLSX files in it")
    if not path.exists():
        raise SheetError(f"{str(path)!r} does not exist: give a CSV or XLSX file")
    try:
        check_regular(path)
    except OSError as error:
        raise SheetError(f"{str(path)!r} cannot be read: {error.strerror}") from error
    with open(path, "rb") as file:
        start = file.read(4096)
    if not start:
        raise SheetError(
            f"{str(path)!r} is empty: expected a CSV or XLSX file with a header and rows"
        )
    if start.startswith(b"PK\x03\x04"):
        return open_workbook(path, options)
    _refuse_other_kinds(path, start)
    return open_text(path, options)


def _refuse_other_kinds(path: Path, start: bytes) -> None:
    """Raise SheetError for a file whose first bytes are those of another kind."""
    for magic, kind, remedy in _KINDS:
        if start.startswith(magic):
            if magic == _OLE_MAGIC and _is_encrypted(path):
                kind, remedy = "an encrypted workbook", "save it without a password"
            raise SheetError(f"{str(path)!r} is {kind}, which is not read: {remedy}")
    text = start.lstrip(b"\xef\xbb\xbf \r\n\t").lower()
    if text.startswith((b"<", b"{", b"[{", b'["', b"[\n", b"[]")):
        kind = "JSON" if text[:1] in b"{[" else "a web page or XML"
        raise SheetError(f"{str(path)!r} is {kind}, no spreadsheet: expected CSV or XLSX")
    if path.suffix.lower() in (".xlsx", ".xlsm"):
        raise SheetError(
            f"{str(path)!r} is no whole XLSX workbook, in spite of its name: get or save the file "
            f"anew"
        )


def _is_encrypted(path: Path) -> bool:
    """Return whether an old container of Office holds an encrypted workbook."""
    with open(path, "rb") as file:
        return "EncryptedPackage".encode("utf-16-le") in file.read(1 << 22)
