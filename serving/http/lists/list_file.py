"""The list of a request as a file in a folder of its own, which is always removed; its name is
never a path.
"""

import base64
import binascii
import contextlib
import re
from collections.abc import Iterator
from pathlib import Path

import orjson

from features.errors import CreatorcastError
from ingest.sheets.mapping_file import mapping_of_json
from ingest.sheets.sheet_types import SheetOptions
from serving.http.errors import ErrorDetail, RequestRefused, shorten_value
from serving.http.lists.request_schema import ListFile, ListSheet
from serving.http.temporary_folder import list_folder

CSV = ".csv"
#: What messages call the columns of a request, as if they were a map file.
_COLUMNS = "sheet.columns"
#: What messages say of the command line alone: its options, and names of its tables.
_OPTIONS = re.compile(
    r" \(--[^()]*\)| by --[a-z-]+| in a map file(?= |$)|; looked for those of [a-z_, ]+"
    r"|: say --[^;]*map file\)?"
)
#: What messages say in words of the command -> the words of people.
_PLAIN = {
    r"becomes fee_usd by the rates of --rates": "turned into USD by the rates of the service",
    r"fee_usd from fee x currency: ": "fees turned into USD: ",
    r"name a rates file that has it": "start the service with a rates file that has it",
    r"start_at (\S{10})\S* lies before as_of (\S{10})\S*: ask about what is to come": (
        r"the start \1 lies before \2, the day of the forecast: choose an earlier day for the "
        r"forecast, or a later start"
    ),
    r"holds U\+200D ZERO WIDTH JOINER at position (\d+), which cannot be seen: take it out": (
        r"has an invisible sign at place \1 (U+200D, which may come from an emoji): take it out"
    ),
    r"(\d[\d,]*) value\(s\) are no amount": r"\1 value(s) give no fee",
    r"\b1 (\w+)\(s\) are\b": r"1 \1 is",
    r"\b1 (\w+)\(s\) give\b": r"1 \1 gives",
    r"\b1 (\w+)\(s\)": r"1 \1",
    r"(\w)\(s\)": r"\1s",
}


@contextlib.contextmanager
def list_file(file: ListFile) -> Iterator[Path]:
    """Write the list of a request, and yield its path; the file is removed at the end of the block.

    Raises RequestRefused for what is no list: CreatorcastErrors of the block too, with the name of
    the list in place of the path.
    """
    content = _content(file)
    with list_folder() as folder:
        path = folder / f"list{_suffix(file.name) if file.text is None else CSV}"
        path.touch(0o600)
        path.write_bytes(content)
        try:
            yield path
        except CreatorcastError as error:
            text = str(error).replace(repr(str(path)), repr(file.name))
            raise list_refused(text.replace(str(path), file.name)) from None  # libraries quote none


def list_refused(text: str) -> RequestRefused:
    """Return the refusal of a list that cannot be used; `text` says why, and what to do."""
    return RequestRefused(422, "no_list", ErrorDetail("no_list", "file", plain_words(text)))


def plain_words(text: str) -> str:
    """Return a message in the words of people, without what only the command line has.

    >>> plain_words("name the columns in a map file (--map)"), plain_words("1 row(s) are hidden")
    ('name the columns', '1 row is hidden')
    """
    text = _OPTIONS.sub("", text)
    for pattern, words in _PLAIN.items():
        text = re.sub(pattern, words, text)
    return text


def sheet_options(sheet: ListSheet) -> SheetOptions:
    """Return what a request says of a sheet. Raises RequestRefused for columns that are no map."""
    columns = {}
    if sheet.columns:
        text = orjson.dumps(sheet.columns).decode()  # as map files are read
        try:
            columns = mapping_of_json(_COLUMNS, text)
        except CreatorcastError as error:
            message = str(error).replace(f"the map {_COLUMNS!r} ", "")
            what, _, expected = message.partition(": expected ")
            detail = ErrorDetail("not_accepted", _COLUMNS, what, expected or None)
            raise RequestRefused(400, "malformed", detail) from None
    return SheetOptions(
        delimiter=sheet.delimiter,
        encoding=sheet.encoding,
        decimal=sheet.decimal,
        day_first=sheet.day_first,
        sheet=sheet.worksheet,
        header_row=sheet.header_row,
        columns=dict(columns),
        platform=sheet.platform,
    )


def _content(file: ListFile) -> bytes:
    """Return the bytes of a list. Raises RequestRefused where there are none, or two."""
    if (file.base64 is None) == (file.text is None):
        what = "has both text and base64" if file.text is not None else "has no content"
        detail = ErrorDetail("not_accepted", "file", what, "either text or base64")
        raise RequestRefused(400, "malformed", detail)
    if file.text is not None:
        return file.text.encode("utf-8", errors="replace")
    try:
        packed = "".join((file.base64 or "").split())  # some programs break its lines
        return base64.b64decode(packed, validate=True)
    except (binascii.Error, ValueError):
        got = shorten_value(file.base64)
        what, expected = "cannot be read", "the bytes of the file in base64"
        detail = ErrorDetail("not_accepted", "file.base64", what, expected, got)
        raise RequestRefused(400, "malformed", detail) from None


def _suffix(name: str) -> str:
    """Return the ending of a name where it is one that tells what a list is.

    >>> _suffix("Mine.XLSX"), _suffix("../../etc/passwd"), _suffix("a.parquet")
    ('.xlsx', '.csv', '.csv')
    """
    suffix = Path(name).suffix.lower()
    return suffix if suffix in (".xlsx", ".xlsm") else CSV
