"""A workbook opened as a sheet: which of its worksheets is read, and the header of that.

The worksheet is the one in which most columns are recognised; a visible one is preferred.
"""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from features.tables.vocabulary import PLATFORMS
from ingest.sheets.headers import (
    Header,
    Record,
    count_known_columns,
    find_header,
    record_before,
    with_platform_prefixes,
)
from ingest.sheets.hidden_rows import hidden_notes
from ingest.sheets.labels import platform_of
from ingest.sheets.sheet_records import (
    WIDTH_FROM,
    SheetSource,
    header_notes,
    refuse_without_header,
)
from ingest.sheets.sheet_types import SheetError, SheetOptions
from ingest.sheets.workbook import MOST_WORKSHEETS, list_worksheets, read_worksheet


def open_workbook(path: Path, options: SheetOptions) -> SheetSource:
    """Open an XLSX workbook. Raises SheetError for one that has no known column."""
    states, epoch, parts = list_worksheets(path)
    titles = _worksheets_to_try(path, list(states), options)
    samples = {title: _first_records(path, title) for title in titles}
    headers = {title: find_header(samples[title], options) for title in titles}

    def rank(title: str) -> tuple[bool, bool, int, int]:
        header = headers[title]
        columns = count_known_columns(header)
        filled = header is not None and columns > 0 and _has_rows(samples[title], header)
        return filled, states[title] == "visible" and columns > 0, columns, -titles.index(title)

    best = max(titles, key=rank, default=None)
    header = headers[best] if best is not None else None
    if best is None or header is None:
        first_records = [record for title in titles for record in samples[title]]
        refuse_without_header(path, first_records, options)
    line, cells, _ = header
    sample = samples[best]
    width = max(len(cells), *(len(row) for _, row, _ in sample))
    raw_names = [*map(str, cells), *[""] * (width - len(cells))]
    names = with_platform_prefixes(raw_names, record_before(sample, line))
    column_counts = {
        title: count_known_columns(headers[title]) for title in titles if title != best
    }

    def read() -> Iterator[Record]:
        return ((number, row, "") for number, row in read_worksheet(path, best) if number > line)

    platform = platform_of(best)
    source = SheetSource(
        path,
        names,
        raw_names,
        line,
        read,
        [_worksheet_note(best, states, column_counts)],
        epoch,
        workbook=True,
        platform=platform if platform in PLATFORMS else None,
        worksheet=best,
    )
    source.notes += header_notes(source, sample)
    if epoch == 1904:
        source.notes.append("dates count from 1904")
    source.notes += hidden_notes(path, parts[best], names, line)
    return source


def _worksheets_to_try(path: Path, titles: list[str], options: SheetOptions) -> list[str]:
    """Return the worksheet that the options name, else all. Raises SheetError where it does not
    exist, or where there are too many to try.
    """
    if options.sheet is not None:
        if options.sheet not in titles:
            raise SheetError(
                f"{str(path)!r} has no worksheet {options.sheet!r}: it has "
                f"{', '.join(map(repr, titles))}"
            )
        return [options.sheet]
    if len(titles) > MOST_WORKSHEETS:
        raise SheetError(
            f"{str(path)!r} has {len(titles):,} worksheets, at most {MOST_WORKSHEETS} are looked "
            "at: name one by --worksheet"
        )
    return titles


def _first_records(path: Path, title: str) -> list[Record]:
    """Return the first records of a worksheet."""
    return [
        (number, cells, "") for number, cells in islice(read_worksheet(path, title), WIDTH_FROM)
    ]


def _has_rows(sample: list[Record], header: Header) -> bool:
    """Return whether a worksheet has a row below its header that is not blank."""
    return any(line > header[0] and any(cell != "" for cell in cells) for line, cells, _ in sample)


def _worksheet_note(best: str, states: dict[str, str], column_counts: dict[str, int]) -> str:
    """Return a note of which worksheet is read and which are not.

    `column_counts`: title -> how many columns are recognised, of the others.
    """
    names = {
        title: f"{title!r}" + ("" if state == "visible" else " (hidden)")
        for title, state in states.items()
    }
    others = []
    for title, name in names.items():
        count = column_counts.get(title)
        if title != best:
            others.append(f"{name} with {count} known column(s)" if count else name)
    if not others:
        return f"worksheet: {names[best]}"
    remedy = ": name one by --worksheet to read it" if any(column_counts.values()) else ""
    return f"worksheet: {names[best]}; not read: {', '.join(others)}{remedy}"
