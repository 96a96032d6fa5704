"""The map file: what the columns of a sheet are, said by the user.

CSV with the columns source, column and, where needed, unit, decimal, dates; or JSON, {"source": "column"} or
{"source": {"column": ..., "unit": ...}}.
"""

import csv
import io
import json
from pathlib import Path

from features.regular_file import check_regular, read_regular
from features.sheets.figures import CODES
from features.sheets.result import Mapped, SheetError

#: Bytes of a map file.
LARGEST_MAP = 1 << 20
_UNITS = {"fraction", "percent", "%", "k", "thousand", "thousands", "m", "million", "millions", "b", "billion"}
_FIELDS = ("source", "column", "unit", "decimal", "dates")
_DATES = {"": None, "day first": True, "month first": False}


def read_map(path: Path | str) -> dict[str, Mapped]:
    """Read a map file, CSV or JSON, for `SheetOptions.columns`.

    An empty column, or "-", leaves the source column out. Raises SheetError for what is no map.
    """
    path = Path(path)
    try:
        check_regular(path)  # says what it is, also of a socket, which cannot be opened
        text = read_regular(path, LARGEST_MAP).decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except OSError as error:
        raise SheetError(f"the map {str(path)!r} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SheetError(f"the map {str(path)!r} cannot be read: {error}") from error
    rows = _json_rows(path, text) if text.lstrip()[:1] in ("{", "[") else _csv_rows(path, text)
    columns: dict[str, Mapped] = {}
    for place, row in rows:
        source = row.get("source", "").strip()
        if not source:
            raise SheetError(f"the map {str(path)!r} has no source in {place}: name the sheet's column")
        if source in columns:
            raise SheetError(
                f"the map {str(path)!r} names {source!r} twice: keep one; a second column of that name is "
                f"{source + ' (2)'!r}"
            )
        columns[source] = _mapped(path, place, row)
    if not columns:
        raise SheetError(f"the map {str(path)!r} names no column: expected rows of source and column")
    return columns


def _mapped(path: Path, place: str, row: dict[str, str]) -> Mapped:
    unit, decimal, dates = (row.get(name, "").strip() for name in ("unit", "decimal", "dates"))
    if unit and unit.lower() not in _UNITS and unit.upper() not in CODES:
        raise SheetError(
            f"the map {str(path)!r} gives the unit {unit!r} in {place}: expected fraction, percent, k, m, b or a "
            f"currency such as USD"
        )
    if decimal not in ("", ".", ","):
        raise SheetError(f"the map {str(path)!r} gives the decimal {decimal!r} in {place}: expected . or ,")
    if dates.lower() not in _DATES:
        raise SheetError(f"the map {str(path)!r} gives dates {dates!r} in {place}: expected day first or month first")
    return Mapped(row.get("column", "").strip(), unit or None, decimal or None, _DATES[dates.lower()])


def _csv_rows(path: Path, text: str) -> list[tuple[str, dict[str, str]]]:
    first = text.lstrip().partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.DictReader(io.StringIO(text), delimiter=delimiter)
    names = [(name or "").strip().lower() for name in reader.fieldnames or []]
    if not {"source", "column"} <= set(names) or set(names) - set(_FIELDS):
        raise SheetError(
            f"the map {str(path)!r} has the columns {', '.join(names) or 'none'}: expected source, column and, where "
            f"needed, unit, decimal, dates"
        )
    reader.fieldnames = names
    return [
        (f"line {reader.line_num}", {name: value or "" for name, value in row.items() if isinstance(name, str)})
        for row in reader
        if any(isinstance(value, str) and value.strip() for value in row.values())
    ]


def _json_rows(path: Path, text: str) -> list[tuple[str, dict[str, str]]]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise SheetError(f"the map {str(path)!r} is no JSON: {error}") from error
    pairs = found.items() if isinstance(found, dict) else [(None, row) for row in found]
    rows = []
    for number, (source, said) in enumerate(pairs, 1):
        place = f"entry {number}"
        said = {"column": said} if isinstance(said, str) or said is None else said
        if not isinstance(said, dict) or set(said) - set(_FIELDS):
            raise SheetError(
                f"the map {str(path)!r} says {said!r} in {place}: expected a column or {', '.join(_FIELDS)}"
            )
        row = {name: "" if value is None else str(value) for name, value in said.items()}
        rows.append((place, row if source is None else {**row, "source": source}))
    return rows
