"""Delimited text opened as a sheet: its encoding, delimiter and header.

The delimiter is the one under which most columns are recognised.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

from ingest.sheets.delimited import DELIMITERS, split_records
from ingest.sheets.headers import (
    Record,
    count_known_columns,
    find_header,
    record_before,
    with_platform_prefixes,
)
from ingest.sheets.sheet_records import (
    WIDTH_FROM,
    SheetSource,
    header_notes,
    refuse_without_header,
)
from ingest.sheets.sheet_types import SheetOptions
from ingest.sheets.text_files import detect_encoding, is_gzip, read_lines
from ingest.sheets.workbook import Cell

_DELIMITER_NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}


def open_text(path: Path, options: SheetOptions) -> SheetSource:
    """Open a text file. Raises SheetError for one that has no known column."""
    if options.encoding:
        encoding, encoding_note = options.encoding, f"{options.encoding}, as asked for"
    else:
        encoding, encoding_note = detect_encoding(path)
    lines = list(islice(read_lines(path, encoding), WIDTH_FROM))
    announced = _announced_delimiter(lines)
    skipped = 1 if announced else 0
    choices = _delimiter_choices(lines, options.delimiter or announced)
    samples = {mark: _split_sample(lines[skipped:], mark, skipped) for mark in choices}
    headers = {mark: find_header(samples[mark], options) for mark in choices}

    def rank(mark: str) -> tuple[int, float, int]:
        columns = count_known_columns(headers[mark])
        return columns, _steadiness(samples[mark]), -choices.index(mark)

    delimiter = max(choices, key=rank)
    sample, header = samples[delimiter], headers[delimiter]
    if header is None:
        refuse_without_header(path, sample, options)
    line, cells, _ = header
    after = [record for record in sample if record[0] > line]
    raw_names = [str(cell) for cell in cells]
    names = with_platform_prefixes(raw_names, record_before(sample, line))
    names = _fit_to_rows(names, after)
    delimiter_name = _DELIMITER_NAMES.get(delimiter, repr(delimiter))
    source = SheetSource(
        path,
        names,
        _fit_to_rows(raw_names, after),
        line,
        _record_reader(path, encoding, delimiter, len(names), skipped, line),
        [
            f"encoding: {encoding_note}",
            *(["unpacked from gzip"] if is_gzip(path) else []),
            f"cells separated by: {delimiter_name}"
            + (", as asked for" if options.delimiter else ""),
        ],
        delimiter=delimiter,
        encoding=encoding,
    )
    source.notes += header_notes(source, sample)
    return source


def _announced_delimiter(lines: list[str]) -> str | None:
    """Return the delimiter that a first line such as "sep=;" names, as Excel reads it."""
    if lines and len(lines[0]) == 5 and lines[0].lower().startswith("sep="):
        return lines[0][4:]
    return None


def _delimiter_choices(lines: list[str], delimiter: str | None) -> list[str]:
    """Return the delimiters to try: the one that is said, else those that occur."""
    if delimiter:
        return [delimiter]
    return [mark for mark in DELIMITERS if any(mark in line for line in lines)] or [","]


def _split_sample(lines: list[str], delimiter: str, skipped: int) -> list[Record]:
    """Split the first lines into records; `skipped`: how many lines stand before them."""
    return [
        (number + skipped, cells, problem)
        for number, cells, problem in split_records(lines, delimiter)
    ]


def _record_reader(
    path: Path, encoding: str, delimiter: str, width: int, skipped: int, header_line: int
) -> Callable[[], Iterator[Record]]:
    """Return what reads the records after the header, anew at each call."""

    def read() -> Iterator[Record]:
        lines = islice(read_lines(path, encoding), skipped, None)
        for number, cells, problem in split_records(lines, delimiter, width):
            if number + skipped > header_line:
                yield number + skipped, cells, problem

    return read


def _is_filled(cells: list[Cell]) -> bool:
    return any(str(cell).strip() for cell in cells)


def _steadiness(records: list[Record]) -> float:
    """Return the share of records, 0 to 1, with the most usual number of cells, where that is above
    one.
    """
    widths = Counter(len(cells) for _, cells, _ in records if _is_filled(cells))
    width, times = widths.most_common(1)[0] if widths else (1, 0)
    return times / widths.total() if width > 1 else 0.0


def _fit_to_rows(header: list[str], records: list[Record]) -> list[str]:
    """Add unnamed columns to a header that most rows are longer than, in front where they are
    numbered.
    """
    rows = [cells for _, cells, _ in records if _is_filled(cells)]
    widths = Counter(len(cells) for cells in rows)
    usual = widths.most_common(1)[0][0] if widths else 0
    missing = usual - len(header)
    if missing <= 0 or widths[usual] <= 0.5 * len(rows):
        return header
    if not any(_is_filled(cells[len(header) :]) for cells in rows):
        return header
    first = [str(cells[0]).strip('" ') for cells in rows if len(cells) == usual]
    numbered = all(cell.isdigit() for cell in first) and len(set(first)) == len(first)
    if missing == 1 and numbered:
        return ["", *header]
    return [*header, *[""] * missing]
