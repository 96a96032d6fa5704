"""A file as a header and records, whatever it is: what was detected of it is told in notes.

Which line is the header, which worksheet is used and what separates the cells is decided alike: by
how many columns are recognised.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from features.files.regular import check_regular
from features.tables.vocabulary import PLATFORMS
from ingest.sheets.delimited import DELIMITERS, split_records
from ingest.sheets.export_layouts import readable_layout
from ingest.sheets.headers import (
    Record,
    count_known_columns,
    find_header,
    record_before,
    unique_column_names,
    with_platform_prefixes,
)
from ingest.sheets.hidden_rows import hidden_notes
from ingest.sheets.labels import platform_of
from ingest.sheets.sheet_types import SheetError, SheetOptions
from ingest.sheets.text_files import detect_encoding, is_gzip, read_lines
from ingest.sheets.workbook import MOST_WORKSHEETS, list_worksheets, read_worksheet

#: How many records tell the usual width of a row.
WIDTH_FROM = 500
_DELIMITER_NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
_KINDS = (
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook (.xls)", "open it and save it as .xlsx or CSV"),
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


@dataclass
class SheetSource:
    """A file that can be read again and again. `records()` gives those after the header; `epoch` is
    Excel's.

    `header`: what the columns are called, with the platform that stands above or before them.
    `raw_header`: the same as the file has it. `delimiter` and `encoding` are those of text.
    """

    path: Path
    header: list[str]
    raw_header: list[str]
    header_line: int
    records: Callable[[], Iterator[Record]]
    notes: list[str] = field(default_factory=list)
    epoch: int = 1900
    workbook: bool = False
    platform: str | None = None
    delimiter: str = ""
    encoding: str = ""

    @property
    def names(self) -> list[str]:
        """Name every column differently, as `ingest.sheets.headers.unique_column_names` does."""
        return unique_column_names(self.header)

    @property
    def mapping_names(self) -> list[tuple[str, str]]:
        """Give the two names by which a map may name each column: that of `names`, and the file's
        own.
        """
        return list(zip(self.names, unique_column_names(self.raw_header), strict=True))


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
        return _open_workbook(path, options)
    _refuse_other_kinds(path, start)
    return _open_text(path, options)


def _refuse_other_kinds(path: Path, start: bytes) -> None:
    for magic, kind, remedy in _KINDS:
        if start.startswith(magic):
            with open(path, "rb") as file:
                encrypted = (
                    "EncryptedPackage".encode("utf-16-le") in file.read(1 << 22)
                    and magic[0] == 0xD0
                )
            if encrypted:
                kind, remedy = "an encrypted workbook", "save it without a password"
            raise SheetError(f"{str(path)!r} is {kind}, which is not read: {remedy}")
    text = start.lstrip(b"\xef\xbb\xbf \r\n\t").lower()
    if text.startswith((b"<", b"{", b"[{", b'["', b"[\n", b"[]")):
        kind = "JSON" if text[:1] in b"{[" else "a web page or XML"
        raise SheetError(f"{str(path)!r} is {kind}, no spreadsheet: expected CSV or XLSX")
    if path.suffix.lower() in (".xlsx", ".xlsm"):
        raise SheetError(
            f"{str(path)!r} is no whole XLSX workbook, in spite of its name: get or save the file anew"
        )


# --- delimited text
# ---------------------------------------------------------------------------------------------


def _open_text(path: Path, options: SheetOptions) -> SheetSource:
    if options.encoding:
        encoding, told = options.encoding, f"{options.encoding}, as asked for"
    else:
        encoding, told = detect_encoding(path)
    notes = [f"encoding: {told}"] + (["unpacked from gzip"] if is_gzip(path) else [])
    sample = list(islice(read_lines(path, encoding), WIDTH_FROM))
    announced = (
        sample[0][4:]
        if sample and sample[0].lower().startswith("sep=") and len(sample[0]) == 5
        else None
    )
    start = 1 if announced else 0
    if options.delimiter or announced:
        choices = [options.delimiter or announced]
    else:
        choices = [mark for mark in DELIMITERS if any(mark in line for line in sample)] or [","]
    found = {
        mark: [(n + start, *rest) for n, *rest in split_records(sample[start:], mark)]
        for mark in choices
    }
    headers = {mark: find_header(found[mark], options) for mark in choices}
    delimiter = max(
        choices,
        key=lambda mark: (
            count_known_columns(headers[mark]),
            _steadiness(found[mark]),
            -choices.index(mark),
        ),
    )
    header = headers[delimiter]
    if header is None:
        _refuse_header(path, found[delimiter], options)
    line = header[0]
    after = [record for record in found[delimiter] if record[0] > line]
    written = [str(cell) for cell in header[1]]
    cells = _fit_header(
        with_platform_prefixes(written, record_before(found[delimiter], line)), after
    )
    written = _fit_header(written, after)
    name = _DELIMITER_NAMES.get(delimiter, repr(delimiter))
    notes += [f"cells separated by: {name}" + (", as asked for" if options.delimiter else "")]
    read = _text_records(path, encoding, delimiter, len(cells), start, line)
    source = SheetSource(
        path, cells, written, line, read, notes, delimiter=delimiter, encoding=encoding
    )
    source.notes += _header_notes(source, found[delimiter])
    return source


def _text_records(
    path, encoding, delimiter, width, start, header_line
) -> Callable[[], Iterator[Record]]:
    def read() -> Iterator[Record]:
        lines = islice(read_lines(path, encoding), start, None)
        for line, cells, problem in split_records(lines, delimiter, width):
            if line + start > header_line:
                yield line + start, cells, problem

    return read


def _steadiness(rows: list[Record]) -> float:
    """Say how far rows agree on a number of cells above one, from 0 to 1."""
    widths = Counter(len(cells) for _, cells, _ in rows if any(cell.strip() for cell in cells))
    width, times = widths.most_common(1)[0] if widths else (1, 0)
    return times / widths.total() if width > 1 else 0.0


def _fit_header(header: list[str], after: list[Record]) -> list[str]:
    """Give unnamed columns to a header that most rows are longer than, in front where they are
    numbered.
    """
    rows = [cells for _, cells, _ in after if any(cell.strip() for cell in cells)]
    widths = Counter(len(cells) for cells in rows)
    usual = widths.most_common(1)[0][0] if widths else 0
    more = usual - len(header)
    if (
        more <= 0
        or widths[usual] <= 0.5 * len(rows)
        or not any(any(c.strip() for c in r[len(header) :]) for r in rows)
    ):
        return header
    first = [cells[0].strip('" ') for cells in rows if len(cells) == usual]
    numbered = more == 1 and all(cell.isdigit() for cell in first) and len(set(first)) == len(first)
    return ["", *header] if numbered else [*header, *[""] * more]


# --- workbooks
# --------------------------------------------------------------------------------------------------


def _open_workbook(path: Path, options: SheetOptions) -> SheetSource:
    titles, epoch, parts = list_worksheets(path)
    if options.sheet is not None and options.sheet not in titles:
        raise SheetError(
            f"{str(path)!r} has no worksheet {options.sheet!r}: it has {', '.join(map(repr, titles))}"
        )
    if options.sheet is None and len(titles) > MOST_WORKSHEETS:
        raise SheetError(
            f"{str(path)!r} has {len(titles):,} worksheets, at most {MOST_WORKSHEETS} are looked at: "
            "name one by --worksheet"
        )
    tried = [options.sheet] if options.sheet is not None else list(titles)
    tops = {
        title: [(n, cells, "") for n, cells in islice(read_worksheet(path, title), WIDTH_FROM)]
        for title in tried
    }
    headers = {title: find_header(tops[title], options) for title in tried}

    def rank(title: str) -> tuple:
        known = count_known_columns(headers[title])
        filled = known > 0 and any(
            n > headers[title][0] and any(c != "" for c in row) for n, row, _ in tops[title]
        )
        return filled, titles[title] == "visible" and known > 0, known, -tried.index(title)

    best = max(tried, key=rank, default=None)
    if best is None or headers[best] is None:
        _refuse_header(path, [record for title in tried for record in tops[title]], options)
    line, cells, _ = headers[best]
    width = max(len(cells), *(len(row) for _, row, _ in tops[best]))
    written = [*map(str, cells), *[""] * (width - len(cells))]
    header = with_platform_prefixes(written, record_before(tops[best], line))

    def read() -> Iterator[Record]:
        return ((n, row, "") for n, row in read_worksheet(path, best) if n > line)

    known = {title: count_known_columns(headers[title]) for title in tried if title != best}
    source = SheetSource(
        path, header, written, line, read, [_worksheet_note(best, titles, known)], epoch, True
    )
    source.platform = platform_of(best) if platform_of(best) in PLATFORMS else None
    source.notes += _header_notes(source, tops[best]) + (
        ["dates count from 1904"] if epoch == 1904 else []
    )
    source.notes += hidden_notes(path, parts[best], header, line)
    return source


def _worksheet_note(best: str, titles: dict[str, str], known: dict[str, int]) -> str:
    shown = {
        title: f"{title!r}" + ("" if state == "visible" else " (hidden)")
        for title, state in titles.items()
    }
    others = [
        text + (f" with {known[title]} known column(s)" if known.get(title) else "")
        for title, text in shown.items()
        if title != best
    ]
    remedy = ": name one by --worksheet to read it" if any(known.values()) else ""
    return f"worksheet: {shown[best]}" + (
        f"; not read: {', '.join(others)}{remedy}" if others else ""
    )


# --- the header
# --------------------------------------------------------------------------------------------------


def _header_notes(source: SheetSource, rows: list[Record]) -> list[str]:
    place = "row" if source.workbook else "line"
    notes = [f"header in {place} {source.header_line:,}"]
    before = [cells for n, cells, _ in rows if n < source.header_line]
    if before:
        text = " ".join(str(cell) for cells in before for cell in cells if str(cell).strip())
        notes.append(
            f"{len(before):,} {place}(s) before the header left out: {repr(text[:80]) if text else 'blank'}"
        )
    return notes


def _refuse_header(path: Path, rows: list[Record], options: SheetOptions) -> None:
    if options.header_row is not None and not any(n == options.header_row for n, _, _ in rows):
        raise SheetError(
            f"{str(path)!r} has no line {options.header_row} among its first: give the header's line by --header-row"
        )
    filled = [cells for _, cells, _ in rows if any(str(cell).strip() for cell in cells)]
    if not filled:
        raise SheetError(f"{str(path)!r} holds only blank rows: expected a header and rows")
    readable_layout(path, [str(cell) for cell in filled[0]])
    found = ", ".join(repr(str(cell).strip()[:40]) for cell in filled[0][:20] if str(cell).strip())
    raise SheetError(
        f"{str(path)!r} has no column that is known: found {found}; looked for a handle or link, followers, average "
        f"likes, engagement rate, fee and the like in six languages; name the columns in a map file (--map)"
    )
