"""The connection to the database of the ledger: SQLite or Postgres."""

import contextlib
import logging
import os
import re
import sqlite3
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError

from features.address_login import login_fault
from features.errors import first_line
from ledger.errors import LedgerError
from ledger.settings import EXPECTED, LEDGER

#: Seconds that a write waits for others to finish theirs, and a connection for its server.
BUSY_SECONDS, CONNECT_SECONDS = 10, 5
_DRIVERS = {"postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}
_NAMED = re.compile(r"\b(user|role) \"[^\"]*\"")
#: The execution option of connections that write.
_WRITES = "writes"


def database_url(address: str) -> URL:
    """Return an address as SQLAlchemy has it, with the driver that is used.

    Raises LedgerError for one that is no address, or of another database; never with a password.

    >>> str(database_url("postgresql://me@db.example/creators"))
    'postgresql+psycopg://me@db.example/creators'
    """
    if fault := login_fault(address):
        raise LedgerError(f"{LEDGER} {fault}; or leave the password out, and set PGPASSWORD")
    try:
        url = make_url(address)
    except (ArgumentError, ValueError):
        raise LedgerError(f"{LEDGER} is no address of a database: {EXPECTED}") from None
    name = _DRIVERS.get(url.drivername, url.drivername)
    if name not in ("sqlite", "postgresql+psycopg"):
        raise LedgerError(f"{LEDGER} names a database of kind {url.drivername!r}: {EXPECTED}")
    if name == "sqlite" and not url.database:
        raise LedgerError(f"{LEDGER} names no file for SQLite: {EXPECTED}")
    return url.set(drivername=name)


def place_of(url: URL) -> str:
    """Return the place that an address names, for messages: without user and password."""
    if url.drivername == "sqlite":
        return repr(url.database)
    port = f":{url.port}" if url.port else ""
    return repr(f"{url.host or 'this machine'}{port}/{url.database or ''}")


def reason_of(error: Exception) -> str:
    """Return why a database failed, in one line, without the statement and its values."""
    cause: Exception = getattr(error, "orig", None) or error
    if "password" in str(cause):
        return (
            "the server does not accept the password, or needs one: give it by PGPASSWORD, by a "
            ".pgpass file, or percent-encoded in the address"
        )
    if isinstance(cause, OSError) and cause.strerror:
        return cause.strerror
    text = _NAMED.sub(r"\1", first_line(cause))  # who asks is nobody's business
    return text or type(cause).__name__


def is_missing_file(url: URL) -> bool:
    """Return whether an address is of SQLite, and its file is not there."""
    return url.drivername == "sqlite" and not Path(str(url.database)).exists()


def no_ledger(url: URL) -> LedgerError:
    """Return the error of a ledger that is read and is not there."""
    return LedgerError(
        f"there is no ledger at {place_of(url)}: score, plan and track with --campaign make one, "
        f"as does creatorcast outcomes; or name another one by {LEDGER}"
    )


def make_engine(url: URL) -> Engine:
    """Return the engine of an address; the file of SQLite is made if need be, for its owner alone,
    in a folder that is there.

    Raises OSError where it cannot be made.
    """
    if url.drivername == "sqlite":
        file = Path(str(url.database))
        _make_private_file(file)
        # without write access to the folder, WAL works only for a file that nobody changes
        is_still = not os.access(file.parent, os.W_OK) and not Path(f"{file}-wal").exists()
        options: dict[str, Any] = {"connect_args": {"timeout": BUSY_SECONDS}}
        if is_still:
            still = f"{file.absolute().as_uri()}?immutable=1"
            options = {
                "creator": partial(sqlite3.connect, still, uri=True, check_same_thread=False)
            }
        engine = create_engine(url, hide_parameters=True, **options)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    # it warns of a statement that failed, which is an error of ours already
    logging.getLogger("psycopg").setLevel(logging.ERROR)
    return create_engine(
        url,
        connect_args={"connect_timeout": CONNECT_SECONDS},
        pool_pre_ping=True,
        hide_parameters=True,
    )


def writing(connection: Connection) -> Connection:
    """Return the connection, whose next transaction takes the lock for writing at its begin: so it
    waits for its turn, and nothing changes between what it reads and what it writes.
    """
    return connection.execution_options(**{_WRITES: True})


def _make_private_file(file: Path) -> None:
    """Make an empty file with mode 0600; SQLite gives its other files that mode."""
    with contextlib.suppress(FileExistsError):
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def _prepare_sqlite(connection: sqlite3.Connection, _: Any) -> None:
    """Begin transactions ourselves (Python's module leaves tables out of them), and set WAL, in
    which readers and one writer do not wait for each other.
    """
    connection.isolation_level = None
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA secure_delete = ON")
    with contextlib.suppress(sqlite3.OperationalError):  # of a file that may only be read
        connection.execute("PRAGMA journal_mode = WAL")


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
