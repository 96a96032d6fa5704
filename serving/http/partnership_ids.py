"""The ids of the partnerships of a request: numbers where none is given, and ids that repeat."""

from serving.http.errors import ErrorDetail, shorten_value

#: Places named in one sentence.
MAX_PLACES_NAMED = 3


def fill_missing_ids(ids: list[str]) -> list[str]:
    """Replace each empty id by its number, from 1, or by one made of it where that is taken.

    >>> fill_missing_ids(["", "b", "", "3"])
    ['1', 'b', 'row-3', '3']
    """
    taken = set(ids)
    return [name or _free_id(str(number), taken) for number, name in enumerate(ids, 1)]


def repeated_ids(ids: list[str]) -> dict[int, ErrorDetail]:
    """Return an error for each row whose id another row has.

    The answers of such rows could not be distinguished.
    """
    if len(set(ids)) == len(ids):
        return {}
    rows_by_id: dict[str, list[int]] = {}
    for row, name in enumerate(ids):
        rows_by_id.setdefault(name, []).append(row)
    repeats = ((name, rows) for name, rows in rows_by_id.items() if len(rows) > 1)
    return {row: _repeated_id(row, name, rows) for name, rows in repeats for row in rows}


def _free_id(name: str, taken: set[str]) -> str:
    while name in taken:
        name = f"row-{name}"
    return name


def _repeated_id(row: int, name: str, rows: list[int]) -> ErrorDetail:
    """Return the error of a row; `rows`: all rows of that id."""
    first_rows = rows[: MAX_PLACES_NAMED + 1]
    others = [f"partnerships[{other}]" for other in first_rows if other != row]
    others = others[:MAX_PLACES_NAMED]
    count = len(rows) - 1 - len(others)
    more = f" and {count:,} more" if count else ""
    return ErrorDetail(
        "repeated_id",
        f"partnerships[{row}].partnership_id",
        f"is that of {', '.join(others)}{more} too",
        "each id once",
        shorten_value(name),
    )
