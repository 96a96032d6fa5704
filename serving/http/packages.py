"""The field `package` of partnerships: a list of formats with their numbers, or a text."""

from functools import partial

from features.tables.packages import (
    Package,
    PackageError,
    package_from_objects,
)
from ingest.sheets.labels import format_of
from ingest.sheets.package_columns import package_of_words, settle_words
from serving.http.errors import ErrorDetail, field_path, shorten_value
from serving.http.json_columns import ErrorsByRow

EXPECTED = (
    'a list such as [{"format": "short", "deliverables": 1}, {"format": "story", '
    '"deliverables": 3}], or a text such as 1 short + 3 story'
)


def read_packages(columns: dict[str, list], errors: ErrorsByRow) -> None:
    """Settle the packages of partnerships with format and deliverables beside them, in place.

    `columns`: lists of clean values, of `package` as JSON gives them. Afterwards a package is its
    canonical text, and one of a single format stands as format and deliverables. Adds an error for
    each that cannot be read, or says something else than the fields beside it.
    """
    if "package" not in columns:
        return
    packages = columns["package"]
    unknown = [None] * len(packages)
    formats = columns.setdefault("format", list(unknown))
    deliverables = columns.setdefault("deliverables", list(unknown))
    for row, value in enumerate(packages):
        if value is None:
            continue
        packages[row] = None
        try:
            booking = settle_words(_package(value), formats[row], deliverables[row])
        except PackageError as error:
            errors[row].add(partial(_bad_package, errors[row].where, str(error), value))
            continue
        packages[row], formats[row], deliverables[row] = booking


def _package(value: object) -> Package:
    """Return the package of a JSON value, in the words of spreadsheets. Raises PackageError."""
    if isinstance(value, str):
        return package_of_words(value)
    if isinstance(value, list):
        return package_from_objects(value, format_of)
    raise PackageError("is no list of formats with their numbers, and no text")


def _bad_package(path: str, words: str, value: object) -> ErrorDetail:
    where = field_path(path, ("package",))
    return ErrorDetail("bad_package", where, words, EXPECTED, shorten_value(value))
