"""What is taken out of a ledger: what is older than its retention, and all of one creator."""

import json
from collections.abc import Iterable
from functools import partial
from pathlib import Path

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Table,
    and_,
    delete,
    func,
    not_,
    or_,
    select,
)

from features.files.atomic import replace_file
from ledger.journal import journal_files
from ledger.segment import DAMAGED
from ledger.store import Ledger
from ledger.tables import FORECASTS, OUTCOME_IMPORTS, READINGS, WATCH_RESULTS

#: A creator on a platform by one of his names, in small letters; the platform None where unknown.
Name = tuple[str | None, str]


def prune(ledger: Ledger, before: int, dry_run: bool = False) -> dict[str, int]:
    """Remove forecasts that were made, and readings and results that were recorded, before a
    moment, microseconds UTC; return how many of each. `dry_run`: only count. Raises LedgerError.
    """
    old: dict[Table, ColumnElement[bool]] = {
        FORECASTS: FORECASTS.c.made_at < before,
        READINGS: READINGS.c.recorded_at < before,
        WATCH_RESULTS: WATCH_RESULTS.c.made_at < before,
    }
    with ledger.writing() as connection:
        counts = {table.name: _count(connection, table, rows) for table, rows in old.items()}
        if not dry_run:
            for table, rows in old.items():
                connection.execute(delete(table).where(rows))
            _drop_empty_imports(connection)
    if not dry_run and any(counts.values()):
        rewrite_files(ledger)
    return counts


def erase(ledger: Ledger, creator: str, platform: str | None = None) -> dict[str, int]:
    """Remove all forecasts and readings of a creator, by id or handle and by the other names that
    he has in the ledger; return how many of each. Raises LedgerError.
    """
    with ledger.writing() as connection:
        names = _all_names(connection, (platform, _fold(creator)))
        forecasts = _is_named(FORECASTS, names)
        ids = select(FORECASTS.c.partnership_id).where(forecasts)
        kept_ids = select(FORECASTS.c.partnership_id).where(
            not_(forecasts), FORECASTS.c.partnership_id.is_not(None)
        )
        nameless = and_(
            READINGS.c.creator_id.is_(None),
            READINGS.c.handle.is_(None),
            READINGS.c.partnership_id.in_(ids),
            READINGS.c.partnership_id.not_in(kept_ids),
        )
        readings = or_(_is_named(READINGS, names), nameless)
        counts = {
            table.name: _count(connection, table, rows)
            for table, rows in ((READINGS, readings), (FORECASTS, forecasts))
        }
        connection.execute(delete(READINGS).where(readings))
        connection.execute(delete(FORECASTS).where(forecasts))
        _drop_empty_imports(connection)
    rewrite_files(ledger)
    return counts


def rewrite_files(ledger: Ledger) -> None:
    """Write the files of the database anew, so that the bytes of removed rows are gone."""
    connection = ledger.engine.raw_connection()
    try:
        if ledger.engine.dialect.name == "postgresql":
            connection.rollback()
            connection.dbapi_connection.autocommit = True  # type: ignore[union-attr]
            for table in (FORECASTS, READINGS, WATCH_RESULTS):
                connection.cursor().execute(f"VACUUM (FULL) {table.name}")
        else:
            cursor = connection.cursor()
            cursor.execute("VACUUM")
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            cursor.close()
    finally:
        connection.invalidate()


def holds_name(folder: Path, creator: str) -> list[Path]:
    """Return the files of a journal in which the name of a creator stands."""
    mark = _mark(creator)
    return [
        path
        for suffix in (".journal", DAMAGED)
        for path in journal_files(folder, suffix)
        if mark in path.read_bytes().lower()
    ]


def erase_damaged(folder: Path, creator: str) -> int:
    """Remove the lines that were set aside and name a creator; return how many. Raises OSError."""
    mark, removed = _mark(creator), 0
    for path in journal_files(folder, DAMAGED):
        lines = path.read_bytes().splitlines(keepends=True)
        kept = b"".join(line for line in lines if mark not in line.lower())
        removed += sum(mark in line.lower() for line in lines)
        replace_file(path, partial(_write, kept))
    return removed


def _write(content: bytes, file: Path) -> None:
    file.write_bytes(content)


def _mark(creator: str) -> bytes:
    """Return how a name stands in JSON, in small letters."""
    return json.dumps(_fold(creator), ensure_ascii=False)[1:-1].encode().lower()


def _fold(name: str) -> str:
    return name.strip().removeprefix("@").lower()


def _all_names(connection: Connection, first: Name) -> set[Name]:
    """Return all names of the creator of a name, by the rows that have two of them."""
    names, new = {first}, {first}
    while new:
        found: set[Name] = set()
        for table in (FORECASTS, READINGS):
            columns = table.c.platform, table.c.creator_id, table.c.handle
            rows = connection.execute(select(*columns).where(_is_named(table, new)).distinct())
            found |= {name for row in rows for name in _names_of(row)}
        new = found - names
        names |= new
    return names


def _names_of(row: Row) -> Iterable[Name]:
    platform, *names = row
    return [(platform, _fold(name)) for name in names if name]


def _is_named(table: Table, names: Iterable[Name]) -> ColumnElement[bool]:
    """Return the condition that a row is of a creator with one of the names."""
    by_platform: dict[str | None, list[str]] = {}
    for platform, name in names:
        by_platform.setdefault(platform, []).extend([name, f"@{name}"])
    conditions = []
    for platform, texts in by_platform.items():
        is_name = or_(
            func.lower(table.c.creator_id).in_(texts), func.lower(table.c.handle).in_(texts)
        )
        is_place = or_(table.c.platform == platform, table.c.platform.is_(None))
        conditions.append(is_name if platform is None else and_(is_name, is_place))
    return or_(*conditions)


def _count(connection: Connection, table: Table, rows: ColumnElement[bool]) -> int:
    return connection.execute(select(func.count()).select_from(table).where(rows)).scalar_one()


def _drop_empty_imports(connection: Connection) -> None:
    """Remove the imports of which no reading is left."""
    used = select(READINGS.c.import_id)
    connection.execute(delete(OUTCOME_IMPORTS).where(OUTCOME_IMPORTS.c.import_id.not_in(used)))
