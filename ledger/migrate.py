"""The tables of a ledger brought to the latest version, by Alembic, under a lock."""

from pathlib import Path

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from ledger.database import no_ledger, place_of, writing
from ledger.errors import LedgerError
from ledger.tables import METADATA

#: The table of the version: its own name, because a database may be shared with others that use
#: Alembic, as MLflow does.
VERSION_TABLE = "ledger_version"
#: The number of the lock in Postgres, which is ours alone.
_LOCK = 0x6C65646765722E31


def migrate(engine: Engine, makes: bool = True) -> None:
    """Bring the tables to the latest version; of several processes one does, and the others wait.

    `makes`: whether the first tables are made. Raises LedgerError for a ledger of a later version
    of creatorcast, and for none where none is made.
    """
    script = _script()
    with engine.connect() as connection:
        if _is_latest(connection, script):
            return
        if not makes and not _heads(connection):
            raise no_ledger(engine.url)
    with engine.connect() as connection, writing(connection).begin():
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        if not _is_latest(connection, script):
            _upgrade(connection, script)


def _script() -> ScriptDirectory:
    folder = Path(__file__).parent / "migrations"
    config = Config()
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    return ScriptDirectory.from_config(config)


def _heads(connection: Connection) -> tuple[str, ...]:
    """Return the versions that the tables have, none where there are no tables."""
    context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
    return context.get_current_heads()


def _is_latest(connection: Connection, script: ScriptDirectory) -> bool:
    heads = _heads(connection)
    known = {revision.revision for revision in script.walk_revisions()}
    if unknown := sorted(set(heads) - known):
        raise LedgerError(
            f"ledger {place_of(connection.engine.url)} has tables of version {unknown[0]}, which "
            f"this creatorcast does not know: update creatorcast, or name another ledger"
        )
    return set(heads) == set(script.get_heads())


def _upgrade(connection: Connection, script: ScriptDirectory) -> None:
    def steps(revision: str, _: MigrationContext) -> list:
        return script._upgrade_revs("head", revision)  # what alembic.command.upgrade runs

    with EnvironmentContext(Config(), script, fn=steps) as environment:
        environment.configure(
            connection=connection, target_metadata=METADATA, version_table=VERSION_TABLE
        )
        environment.run_migrations()
