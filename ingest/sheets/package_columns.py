"""What rows book, from the cells of format, deliverables and package: "1 Reel + 3 Stories", "2x
Reel".

A package of one format is a format with its deliverables. Where cells of a row say different
things, the row has a fault that names both.
"""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

import pandas as pd

from features.tables.packages import (
    Booking,
    Package,
    PackageError,
    package_text,
    parse_package,
    read_package,
    settle_booking,
)
from features.tables.vocabulary import FORMATS
from ingest.sheets.cell_results import CellReader, CellResult
from ingest.sheets.cell_text import shown_text
from ingest.sheets.column_plan import ColumnPlan
from ingest.sheets.fee_text import INTERCHANGEABLE, BookedDeliverables, parse_deliverables
from ingest.sheets.labels import fix_mojibake, format_of
from ingest.sheets.rows import SheetRows
from ingest.sheets.sheet_types import SheetFault
from ingest.sheets.workbook import Cell

#: Columns that may say what a row books, in the order in which they are believed.
BOOKING_COLUMNS = ("package", "format", "deliverables")
#: What becomes of packages: read as such, by their number alone, or refused.
PackageUse = Literal["read", "counted", "refused"]


@dataclass
class Bookings:
    """What n rows book, (n,) each, None where unknown: a package of several formats, or a format;
    and how many deliverables in all. `sources`: the source column that gives packages.
    """

    packages: list[str | None]
    formats: list[str | None]
    deliverables: list[float | None]
    sources: dict[str, str] = field(default_factory=dict)
    faults: list[SheetFault] = field(default_factory=list)


@lru_cache(maxsize=1 << 14)
def package_of_words(text: str) -> Package:
    """Return the package that a text in the words of people books. Raises PackageError.

    >>> package_of_words("1 reel & 1 karussell")
    (('carousel', 1), ('short', 1))
    """
    return parse_package(fix_mojibake(text), format_of)


@lru_cache(maxsize=1 << 14)
def parse_package_words(text: str) -> tuple[str | None, str]:
    """Return the canonical text of a package in the words of people, and what is wrong with it.

    >>> parse_package_words("1 Reel + 3 Storys"), parse_package_words("2x Karussell")
    (('1 short + 3 story', ''), ('2 carousel', ''))
    """
    try:
        return package_text(package_of_words(text)), ""
    except PackageError as error:
        return None, str(error)


def settle_words(package: Package, format: str | None, deliverables: float | None) -> Booking:
    """Return what a row books, as `settle_booking` does; a package of one format goes by the name
    that the row has for it. Raises PackageError.
    """
    if len(package) == 1 and {package[0][0], format} == INTERCHANGEABLE and format:
        package = ((format, package[0][1]),)
    return settle_booking(package, format, deliverables)


def read_package_cell(cell: Cell) -> CellResult:
    """Read a package, which is returned in its canonical text."""
    return parse_package_words(shown_text(cell))


def with_packages(read: CellReader) -> CellReader:
    """Return a reader of formats that reads packages too, in their canonical text ("2 short"); what
    is neither is read as `read` does.
    """

    def read_format(cell: Cell) -> CellResult:
        value, wrong = read(cell)
        if not wrong or not isinstance(cell, str):
            return value, wrong
        package, package_wrong = parse_package_words(cell)
        if package is not None:
            return package, ""
        return None, package_wrong if _has_number_or_parts(cell) else wrong

    return read_format


def is_package(value: object) -> bool:
    """Return whether a value of a column of formats is a package."""
    return isinstance(value, str) and value not in FORMATS


def take_bookings(
    columns: dict[str, list[tuple[ColumnPlan, list]]], rows: SheetRows, use: PackageUse
) -> Bookings:
    """Return what rows book; the packages among the values of `columns` are taken out of the column
    of formats, in place.

    `columns`: target column -> the source columns that give it, with their values (n,).
    """
    n = len(rows.cells)
    found: list[list[tuple[ColumnPlan, str]]] = [[] for _ in range(n)]
    for name in BOOKING_COLUMNS:
        if name not in columns:
            continue
        plan, values = columns[name][0]
        for row, package in enumerate(_packages_of(name, plan, values, rows)):
            if package is not None:
                found[row].append((plan, package))
        if name == "format":
            single = [None if is_package(value) else value for value in values]
            columns[name][0] = (plan, single)
    unknown = [None] * n
    bookings = Bookings(
        list(unknown),
        list(columns["format"][0][1] if "format" in columns else unknown),
        list(columns["deliverables"][0][1] if "deliverables" in columns else unknown),
    )
    settle = _refuse_package if use == "refused" else _settle_row
    for row, packages in enumerate(found):
        if packages:
            settle(bookings, row, packages, rows)
    return bookings


def drop_packages(frame: dict[str, pd.Series], use: PackageUse) -> list[str]:
    """Take the column of packages out of a table that has none; return a note of how many rows have
    one.
    """
    if use == "read" or "package" not in frame:
        return []
    count = int(frame.pop("package").notna().sum())
    if not count:
        return []
    note = (
        f"{count:,} row(s) book several formats: read with the number of all deliverables, and "
        f"without a format"
    )
    return [note]


def _packages_of(name: str, plan: ColumnPlan, values: list, rows: SheetRows) -> list[str | None]:
    """Return the package that each row's value of a column names, (n,)."""
    if name == "package":
        return values
    if name == "format":
        return [value if is_package(value) else None for value in values]
    packages = []
    for cells in rows.cells:
        cell = cells[plan.index]
        booked = parse_deliverables(cell) if isinstance(cell, str) else None
        packages.append(_text_of(booked) if booked else None)
    return packages


def _settle_row(
    bookings: Bookings, row: int, packages: list[tuple[ColumnPlan, str]], rows: SheetRows
) -> None:
    """Set what a row books by its packages; a fault where they and other cells disagree."""
    plan, package = packages[0]
    source = plan.guess.source
    others = [f"{other.guess.source!r} says {text}" for other, text in packages if text != package]
    try:
        if others:
            raise PackageError(f"books {package}, and {others[0]}: correct one of them")
        booking = settle_words(
            read_package(package), bookings.formats[row], bookings.deliverables[row]
        )
    except PackageError as error:
        text = shown_text(rows.cells[row][plan.index])
        bookings.faults.append(SheetFault(rows.lines[row], source, text, str(error)))
        return
    bookings.packages[row], bookings.formats[row], bookings.deliverables[row] = booking
    for name in ("package", "format", "deliverables"):
        bookings.sources.setdefault(name, source)


def _text_of(booked: BookedDeliverables) -> str | None:
    """Return what is booked as the canonical text of a package, None where not all is named."""
    if booked.package or not (booked.count and booked.format):
        return booked.package
    return package_text(((booked.format, booked.count),))


def _refuse_package(
    bookings: Bookings, row: int, packages: list[tuple[ColumnPlan, str]], rows: SheetRows
) -> None:
    """Add the fault of a post whose format is a package."""
    plan, package = packages[0]
    if plan.column == "format":
        text = shown_text(rows.cells[row][plan.index])
        reason = f"is {package}, and a post has one format: write that"
        bookings.faults.append(SheetFault(rows.lines[row], plan.guess.source, text, reason))


def _has_number_or_parts(text: str) -> bool:
    return any(letter.isdigit() or letter in "+,;&|[{" for letter in text)
