"""A Postgres server of its own for tests: in a temporary folder, on a free port of 127.0.0.1.

Postgres refuses to run as root, so root runs it as the user nobody.
"""

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import psycopg

#: Where Debian keeps the programs of each version; elsewhere they are on the path.
DEBIAN = Path("/usr/lib/postgresql")
#: A test database may lose everything with the machine, and is quicker for it.
SETTINGS = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=50")
START_SECONDS = 60


@dataclass(frozen=True)
class PostgresServer:
    """A running server: its port, its only user and that user's password."""

    port: int
    numbers: count
    user: str = "tester"
    password: str = "secret of the tests"

    def new_database(self) -> str:
        """Make an empty database; give its address for SQLAlchemy, with the driver psycopg."""
        name = f"db{next(self.numbers)}"
        with self.connect() as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return self.address(name)

    def address(self, database: str) -> str:
        """Give the address of a database for SQLAlchemy."""
        password = self.password.replace(" ", "%20")
        place = f"{self.user}:{password}@127.0.0.1:{self.port}/{database}"
        return f"postgresql+psycopg://{place}"

    def connect(self, database: str = "postgres") -> psycopg.Connection:
        """Open a connection that commits each statement."""
        return psycopg.connect(
            host="127.0.0.1", port=self.port, user=self.user, password=self.password,
            dbname=database, autocommit=True, connect_timeout=5,
        )  # fmt: skip


def missing_postgres() -> str | None:
    """Give the reason why no server can be started here; None where one can."""
    missing = [name for name in ("initdb", "postgres") if program(name) is None]
    if missing:
        return f"Postgres is missing ({', '.join(missing)}): apt-get install postgresql"
    return None


def program(name: str) -> str | None:
    """Give the path of a program of Postgres, of its newest version where there are several."""
    versions = sorted(DEBIAN.glob(f"*/bin/{name}"), key=lambda path: float(path.parts[-3]))
    return str(versions[-1]) if versions else shutil.which(name)


@contextlib.contextmanager
def postgres_server():
    """Start a server, give it as PostgresServer, and stop it with all that it wrote."""
    owner = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
    as_owner = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []} if owner else {}
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    server = PostgresServer(_free_port(), count(1))
    try:
        (folder / "password").write_text(server.password)
        if owner:
            for path in (folder, folder / "password"):
                os.chown(path, owner.pw_uid, owner.pw_gid)
        _initialise(folder, server, as_owner)
        with open(folder / "log", "w") as log:
            process = subprocess.Popen(
                _command(folder, server), cwd=folder, stdout=log, stderr=log, **as_owner
            )
            try:
                _wait(server, process, folder / "log")
                yield server
            finally:
                process.terminate()
                process.wait(START_SECONDS)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _initialise(folder, server, as_owner):
    command = [
        program("initdb"), "--pgdata", folder / "data", "--username", server.user, "--pwfile",
        folder / "password", "--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C",
        "--no-sync",
    ]  # fmt: skip
    made = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=START_SECONDS, **as_owner
    )
    assert made.returncode == 0, made.stderr


def _command(folder, server):
    settings = [*SETTINGS, "listen_addresses=127.0.0.1", "unix_socket_directories="]
    return [
        program("postgres"), "-D", folder / "data", "-p", str(server.port),
        *(part for setting in settings for part in ("-c", setting)),
    ]  # fmt: skip


def _wait(server, process, log):
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(psycopg.OperationalError):
            server.connect().close()
            return
        time.sleep(0.1)
    raise AssertionError(f"Postgres did not start: {log.read_text()}")


def _free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]
