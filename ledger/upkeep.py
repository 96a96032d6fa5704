"""What is taken out of a ledger: what is older than its retention, and all of one creator."""

import json
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

from sqlalchemy import (
    ColumnElement,
    Connection,
    Table,
    and_,
    delete,
    false,
    func,
    not_,
    or_,
    select,
)

from features.files.atomic import replace_file
from ledger.database import reason_of
from ledger.errors import LedgerError
from ledger.journal import journal_files
from ledger.segment import DAMAGED
from ledger.store import Ledger
from ledger.tables import FORECASTS, OUTCOME_IMPORTS, READINGS, WATCH_RESULTS

#: Platform, creator_id and handle of rows, None where unknown.
Place = tuple[str | None, str | None, str | None]


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
    the ledger has of that creator; return how many of each. Raises LedgerError.
    """
    with ledger.writing() as connection:
        places = _rows_of(connection, creator, platform)
        forecasts = _is_at(FORECASTS, places)
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
        readings = or_(_is_at(READINGS, places), nameless)
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
    """Write the files of the database anew, so that the bytes of removed rows are gone.

    Raises LedgerError where others use the database meanwhile.
    """
    connection = ledger.engine.raw_connection()
    try:
        if ledger.engine.dialect.name == "postgresql":
            connection.rollback()
            connection.dbapi_connection.autocommit = True  # type: ignore[union-attr]
            for statement in _rewriting(ledger):
                connection.cursor().execute(statement)
        else:
            cursor = connection.cursor()
            cursor.execute("VACUUM")
            is_busy, *_ = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            cursor.close()
            if is_busy:
                raise _not_rewritten(ledger, "others read it")
    except ledger.engine.dialect.loaded_dbapi.Error as error:
        raise _not_rewritten(ledger, reason_of(error)) from None
    finally:
        connection.invalidate()


def _rewriting(ledger: Ledger) -> Iterator[str]:
    """Yield the statements that write the tables of Postgres anew, and the statistics that it has
    of their values, some of which are names.

    ANALYZE leaves the statistics of an empty table as they are; those of a column are removed where
    its type is set, to the same one too. Who is no superuser may not rewrite the statistics' own
    table, which Postgres only warns of: it does so itself in time (autovacuum).
    """
    for table in (FORECASTS, READINGS, OUTCOME_IMPORTS, WATCH_RESULTS):
        kinds = [(column.name, column.type.compile(ledger.engine.dialect)) for column in table.c]
        types = ", ".join(f"ALTER {name} TYPE {kind}" for name, kind in kinds)
        yield f"ALTER TABLE {table.name} {types}"
        yield f"VACUUM (FULL, ANALYZE) {table.name}"
    yield "VACUUM (FULL) pg_catalog.pg_statistic"


def _not_rewritten(ledger: Ledger, reason: str) -> LedgerError:
    return LedgerError(
        f"the rows are removed, but the files of ledger {ledger.place} still hold their bytes: "
        f"{reason}: run it again"
    )


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


def _rows_of(connection: Connection, creator: str, platform: str | None) -> set[Place]:
    """Return under which platform, id and handle a creator stands: also rows that share a name and
    platform with one that is found, until none is left.
    """
    places: set[Place] = set()
    for table in (FORECASTS, READINGS):
        columns = table.c.platform, table.c.creator_id, table.c.handle
        places |= {tuple(row) for row in connection.execute(select(*columns).distinct())}
    found: set[Place] = set()
    names: set[tuple[str | None, str]] = {(platform, _fold(creator))}
    while new := {place for place in places - found if _is_one_of(place, names)}:
        found |= new
        names |= {
            (place[0], _fold(name)) for place in new if place[0] for name in place[1:] if name
        }
    return found


def _is_one_of(place: Place, names: set[tuple[str | None, str]]) -> bool:
    """Return whether a row has one of the names, on its platform, where both are known."""
    own = {_fold(name) for name in place[1:] if name}
    return any(
        name in own and (platform is None or place[0] is None or platform == place[0])
        for platform, name in names
    )


def _is_at(table: Table, places: Iterable[Place]) -> ColumnElement[bool]:
    """Return the condition that a row stands under one of the places."""
    columns = table.c.platform, table.c.creator_id, table.c.handle
    return or_(
        false(),
        *(
            and_(
                *(
                    column.is_not_distinct_from(value)
                    for column, value in zip(columns, place, strict=True)
                )
            )
            for place in places
        ),
    )


def _count(connection: Connection, table: Table, rows: ColumnElement[bool]) -> int:
    return connection.execute(select(func.count()).select_from(table).where(rows)).scalar_one()


def _drop_empty_imports(connection: Connection) -> None:
    """Remove the imports of which no reading is left."""
    used = select(READINGS.c.import_id)
    connection.execute(delete(OUTCOME_IMPORTS).where(OUTCOME_IMPORTS.c.import_id.not_in(used)))
