"""Pieces of the SQL of merging. But: names are those of this package; only paths and values come
from outside.
"""

from collections.abc import Iterable
from pathlib import Path

from features.tables.schema import Column
from ingest.exports.part_writer import FILE_COLUMN, ORDER_COLUMN

SQL_TYPES = {
    "text": "VARCHAR",
    "count": "DOUBLE",
    "real": "DOUBLE",
    "flag": "BOOLEAN",
    "time": "TIMESTAMPTZ",
}


def latest(column: str) -> str:
    """Return the SQL of the known value of a column that has the highest rank."""
    return f"arg_max({column}, rank) FILTER ({column} IS NOT NULL) AS {column}"


def latest_each(columns: Iterable[str]) -> str:
    """Return `latest` of several columns."""
    return ", ".join(map(latest, columns))


def extremes(column: str) -> str:
    """Return the SQL of a column's smallest and largest value, which differ in a conflict."""
    return f"min({column}) AS least_{column}, max({column}) AS most_{column}"


def extremes_each(columns: Iterable[str]) -> str:
    """Return `extremes` of several columns."""
    return ", ".join(map(extremes, columns))


def ranked(rows: str, columns: str = "*") -> str:
    """Return the SQL of rows with their `rank`: the later one was read, the higher; of rows that
    were read at one moment, the later given.
    """
    return (
        f"SELECT {columns}, row_number() OVER "
        f"(ORDER BY observed_at NULLS FIRST, {FILE_COLUMN}, {ORDER_COLUMN}) AS rank FROM {rows}"
    )


def linked(table: str) -> str:
    """Return the SQL of a table's rows in which an account named by its handle is the one that
    has that handle.
    """
    return (
        "(SELECT r.* REPLACE (coalesce(l.creator_id, r.creator_id) AS creator_id) "
        f"FROM rows_{table} r "
        "LEFT JOIN links l ON r.platform = l.platform AND r.creator_id = l.named)"
    )


def sql_type(column: Column | None) -> str:
    """Return the SQL type of a column; None is the moment of reading that a part adds."""
    return SQL_TYPES[column.kind if column else "time"]


def scan(path: Path, numbered: bool = False) -> str:
    """Return the SQL that reads Parquet files, with the number of each row where `numbered`."""
    quoted = str(path).replace("'", "''")
    return f"read_parquet('{quoted}'{', file_row_number = true' if numbered else ''})"
