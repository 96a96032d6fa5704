"""A sheet as a header and records, whatever file it is in, with notes of how it was read."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from ingest.sheets.export_layouts import readable_layout
from ingest.sheets.headers import Record, unique_column_names
from ingest.sheets.sheet_types import SheetError, SheetOptions

#: How many first records decide the header and the usual width of a row.
WIDTH_FROM = 500
#: Characters of the lines before the header that a note shows, of a name, and how many names.
LONGEST_NOTE, LONGEST_NAME, MOST_NAMES = 80, 40, 20


@dataclass
class SheetSource:
    """A file that can be read again and again.

    `header`: the names of the columns, with the platform above or before them;
    `raw_header`: the names as the file has them. `records()` returns the records after the header.
    `epoch`: Excel's date system. `delimiter`, `encoding`: those of a text file;
    `worksheet`: the one that is read of a workbook.
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
    worksheet: str = ""

    @property
    def names(self) -> list[str]:
        """The names of the columns, each different."""
        return unique_column_names(self.header)

    @property
    def mapping_names(self) -> list[tuple[str, str]]:
        """The two names by which a map may name each column: in `names`, and the file's own."""
        return list(zip(self.names, unique_column_names(self.raw_header), strict=True))


def header_notes(source: SheetSource, records: list[Record]) -> list[str]:
    """Return notes of where the header stands, and of the records before it."""
    place = "row" if source.workbook else "line"
    notes = [f"header in {place} {source.header_line:,}"]
    before = [cells for line, cells, _ in records if line < source.header_line]
    if before:
        texts = [str(cell) for cells in before for cell in cells if str(cell).strip()]
        content = repr(" ".join(texts)[:LONGEST_NOTE]) if texts else "blank"
        notes.append(f"{len(before):,} {place}(s) before the header left out: {content}")
    return notes


def refuse_without_header(path: Path, records: list[Record], options: SheetOptions) -> NoReturn:
    """Raise SheetError for a file without a header among its first records."""
    if options.header_row is not None and not any(n == options.header_row for n, _, _ in records):
        raise SheetError(
            f"{str(path)!r} has no line {options.header_row} among its first: give the header's "
            f"line by --header-row"
        )
    filled = [cells for _, cells, _ in records if any(str(cell).strip() for cell in cells)]
    if not filled:
        raise SheetError(f"{str(path)!r} holds only blank rows: expected a header and rows")
    first = filled[0]
    readable_layout(path, [str(cell) for cell in first])
    names = [str(cell).strip()[:LONGEST_NAME] for cell in first[:MOST_NAMES]]
    columns = ", ".join(repr(name) for name in names if name)
    raise SheetError(
        f"{str(path)!r} has no column that is known: found {columns}; looked for a handle or link, "
        f"followers, average likes, engagement rate, fee and the like in six languages; name the "
        f"columns in a map file (--map)"
    )
