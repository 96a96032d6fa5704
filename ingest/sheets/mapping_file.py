"""The map file, in which the user says what the columns of a sheet are.

CSV with the columns source, column and, where needed, unit, decimal, dates, value, means; or JSON,
{"source": "column"} or {"source": {"column": ..., "unit": ..., "values": {"value": "means"}}}. In
CSV each value has a row of its own.
"""

import csv
import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from features.files.regular import check_regular, read_regular
from features.tables.schema import TABLE_SPECS
from ingest.sheets.currency_signs import CURRENCY_CODES
from ingest.sheets.fee_text import currency_of
from ingest.sheets.labels import country_of, flag_of, language_of
from ingest.sheets.sheet_types import ColumnMapping, SheetError

#: A row of a map: its place in words, field -> text, and in JSON the object of its values.
MapRow = tuple[str, dict[str, str], dict[str, str]]
#: Bytes of a map file.
LARGEST_MAP = 1 << 20
_UNITS = {
    "fraction",
    "percent",
    "%",
    "k",
    "thousand",
    "thousands",
    "m",
    "million",
    "millions",
    "b",
    "billion",
}
_FIELDS = ("source", "column", "unit", "decimal", "dates", "value", "means", "values")
#: Columns with a list that is too long to be shown -> what reads their values, and what is
#: expected.
_CODED: dict[str, tuple[Callable[[str], object], str]] = {
    "country": (country_of, "a country or its ISO 3166-1 code, such as DE"),
    "language": (language_of, "a language or its ISO 639-1 code, such as de"),
    "currency": (currency_of, "a currency or its ISO 4217 code, such as EUR"),
}
_DATES = {"": None, "day first": True, "month first": False}


def read_mapping(path: Path | str) -> dict[str, ColumnMapping]:
    """Read a map file, CSV or JSON, for `SheetOptions.columns`.

    An empty column, or "-", leaves the source column out. Raises SheetError for what is no map.
    """
    path = Path(path)
    try:
        check_regular(path)  # says what it is, also of a socket, which cannot be opened
        text = (
            read_regular(path, LARGEST_MAP)
            .decode("utf-8-sig")
            .replace("\r\n", "\n")
            .replace("\r", "\n")
        )
    except OSError as error:
        raise SheetError(f"the map {str(path)!r} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SheetError(f"the map {str(path)!r} cannot be read: {error}") from error
    is_json = text.lstrip()[:1] in ("{", "[")
    return _mapped_columns(path, _json_rows(path, text) if is_json else _csv_rows(path, text))


def mapping_of_json(name: str, text: str) -> dict[str, ColumnMapping]:
    """Return the columns of a map in JSON that is in no file; `name`: what messages call it.

    Raises SheetError for what is no map.
    """
    return _mapped_columns(Path(name), _json_rows(Path(name), text))


def _mapped_columns(path: Path, rows: list[MapRow]) -> dict[str, ColumnMapping]:
    """Return what the rows of a map say of each source column."""
    columns: dict[str, ColumnMapping] = {}
    for place, row, values in rows:
        source = row.get("source", "").strip()
        if not source:
            raise SheetError(
                f"the map {str(path)!r} has no source in {place}: name the sheet's column"
            )
        mapped = _mapped(path, place, row, values)
        if source in columns:
            mapped = _joined(path, place, source, columns[source], mapped)
        _check_values(path, place, mapped)
        columns[source] = mapped
    if not columns:
        raise SheetError(
            f"the map {str(path)!r} names no column: expected rows of source and column"
        )
    return columns


def _mapped(path: Path, place: str, row: dict[str, str], values: dict[str, str]) -> ColumnMapping:
    """Return what a row says of its column. Raises SheetError for a field that is no such value."""
    unit, decimal, dates = (row.get(name, "").strip() for name in ("unit", "decimal", "dates"))
    if unit and unit.lower() not in _UNITS and unit.upper() not in CURRENCY_CODES:
        raise SheetError(
            f"the map {str(path)!r} gives the unit {unit!r} in {place}: expected fraction, "
            f"percent, k, m, b or a "
            f"currency such as USD"
        )
    if decimal not in ("", ".", ","):
        raise SheetError(
            f"the map {str(path)!r} gives the decimal {decimal!r} in {place}: expected . or ,"
        )
    if dates.lower() not in _DATES:
        raise SheetError(
            f"the map {str(path)!r} gives dates {dates!r} in {place}: expected day first or month "
            f"first"
        )
    if bool(row.get("value", "").strip()) != bool(row.get("means", "").strip()):
        raise SheetError(f"the map {str(path)!r} gives value or means alone in {place}: give both")
    return ColumnMapping(
        row.get("column", "").strip(),
        unit or None,
        decimal or None,
        _DATES[dates.lower()],
        _mapped_values(row, values),
    )


def _mapped_values(row: dict[str, str], values: dict[str, str]) -> dict[str, str]:
    """Return the values that a row maps: those of JSON, or the one of a line of CSV."""
    pairs = [*values.items(), (row.get("value", ""), row.get("means", ""))]
    return {value.strip(): means.strip() for value, means in pairs if value.strip()}


def _joined(
    path: Path, place: str, source: str, before: ColumnMapping, mapped: ColumnMapping
) -> ColumnMapping:
    """Add the values of a further row of a source. Raises SheetError where it says anything else
    anew.
    """
    other = (
        mapped.column not in ("", before.column)
        or mapped.unit
        or mapped.decimal
        or mapped.day_first is not None
    )
    if other or not mapped.values:
        raise SheetError(
            f"the map {str(path)!r} names {source!r} twice: keep one; a second column of that name "
            f"is "
            f"{source + ' (2)'!r}"
        )
    if twice := [value for value in mapped.values if value in before.values]:
        raise SheetError(
            f"the map {str(path)!r} gives the value {twice[0]!r} of {source!r} twice in {place}: "
            f"keep one"
        )
    return replace(before, values=before.values | mapped.values)


def _check_values(path: Path, place: str, mapped: ColumnMapping) -> None:
    """Raise SheetError for values of a column without a closed list, or that mean what is not in
    it.
    """
    if not mapped.values:
        return
    column = mapped.column
    specs = {spec.name: spec for table in TABLE_SPECS.values() for spec in table.columns}
    allowed = specs[column].allowed if column in specs else None
    closed_lists = {name for name, spec in specs.items() if spec.allowed or spec.kind == "flag"}
    if column not in closed_lists | _CODED.keys():
        raise SheetError(
            f"the map {str(path)!r} maps values of {column or 'no column'!r} in {place}: expected "
            f"one of {', '.join(sorted(closed_lists | _CODED.keys()))}"
        )
    read: Callable[[str], object]
    if allowed:
        read, expected = {name: name for name in allowed}.get, ", ".join(allowed)
    else:
        read, expected = _CODED.get(column, (flag_of, "yes or no"))
    for value, means in mapped.values.items():
        if read(means) is None:
            raise SheetError(
                f"the map {str(path)!r} says that {value!r} means {means!r} in {place}: expected "
                f"{expected}"
            )


def _csv_rows(path: Path, text: str) -> list[MapRow]:
    """Return the rows of a map in CSV."""
    first = text.lstrip().partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.DictReader(io.StringIO(text), delimiter=delimiter)
    names = [(name or "").strip().lower() for name in reader.fieldnames or []]
    if not {"source", "column"} <= set(names) or set(names) - set(_FIELDS[:-1]):
        raise SheetError(
            f"the map {str(path)!r} has the columns {', '.join(names) or 'none'}: expected source, "
            f"column and, where "
            f"needed, unit, decimal, dates, value, means"
        )
    reader.fieldnames = names
    rows: list[MapRow] = []
    for row in reader:
        if any(isinstance(value, str) and value.strip() for value in row.values()):
            texts = {name: value or "" for name, value in row.items() if isinstance(name, str)}
            rows.append((f"line {reader.line_num}", texts, {}))
    return rows


def _json_rows(path: Path, text: str) -> list[MapRow]:
    """Return the rows of a map in JSON: an object by source column, or a list of objects."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise SheetError(f"the map {str(path)!r} is no JSON: {error}") from error
    if isinstance(document, dict):
        entries = list(document.items())
    else:
        entries = [(None, entry) for entry in document]
    rows: list[MapRow] = []
    for number, (source, entry) in enumerate(entries, 1):
        place = f"entry {number}"
        if isinstance(entry, str) or entry is None:
            entry = {"column": entry}
        if not isinstance(entry, dict) or set(entry) - set(_FIELDS):
            raise SheetError(
                f"the map {str(path)!r} says {entry!r} in {place}: expected a column or "
                f"{', '.join(_FIELDS)}"
            )
        values = entry.get("values") or {}
        if not isinstance(values, dict) or not all(
            isinstance(means, str) for means in values.values()
        ):
            raise SheetError(
                f"the map {str(path)!r} gives values {values!r} in {place}: expected an object of "
                f"texts"
            )
        texts = {
            name: "" if value is None else str(value)
            for name, value in entry.items()
            if name != "values"
        }
        if source is not None:
            texts["source"] = source
        rows.append((place, texts, values))
    return rows
