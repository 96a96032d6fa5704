"""Which version of MLflow's registry is which bundle, read without MLflow where its store is a
SQLite file.

Importing MLflow takes seconds, and asking it makes a store where there is none, or tries a broken
one for minutes.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from features.errors import CreatorcastError
from features.files.regular import check_regular

REGISTERED_MODEL = "creatorcast"
BUNDLE_TAG = "bundle_version"
CHAMPION_ALIAS = "champion"
#: Versions that a message names; the others are counted.
MAX_VERSIONS_NAMED = 5
SQLITE = "sqlite:///"
#: Tables of MLflow's first and later versions: a store that lacks one was not made to its end.
TABLES = {
    *("alembic_version", "experiments", "runs", "params", "metrics", "tags"),
    *("registered_models", "model_versions", "model_version_tags", "registered_model_aliases"),
}
#: Seconds to wait for whoever writes to the store.
LOCK_TIMEOUT_SECONDS = 20
QUERY = (
    "SELECT tag.version, tag.value FROM model_version_tags AS tag JOIN model_versions AS model "
    "ON model.name = tag.name AND model.version = tag.version "
    "WHERE tag.name = ? AND tag.key = ? AND model.current_stage != 'Deleted_Internal' "
    "ORDER BY tag.version"
)
ALIAS_QUERY = (
    "SELECT tag.value FROM registered_model_aliases AS alias JOIN model_version_tags AS tag "
    "ON tag.name = alias.name AND tag.version = alias.version "
    "WHERE alias.name = ? AND alias.alias = ? AND tag.key = ?"
)


class RegistryError(CreatorcastError):
    """MLflow's registry cannot be read, or lacks the version named."""


def store_address(home: Path, tracking_uri: str | None) -> str:
    """Return the address of MLflow's store: the one named, else the SQLite file of the home."""
    return tracking_uri or f"{SQLITE}{Path(home).resolve() / 'artifacts' / 'mlflow.db'}"


def store_exists(home: Path, tracking_uri: str | None) -> bool:
    """Return whether there is a store; one that is no file is taken to be there."""
    path = sqlite_path(store_address(home, tracking_uri))
    return path is None or path.exists()


def registered_bundles(home: Path, tracking_uri: str | None) -> dict[int, str]:
    """Return the bundle of each version of the registry, the oldest first; {} where there is no
    store.

    Raises RegistryError where the store cannot be read.
    """
    if not store_exists(home, tracking_uri):
        return {}
    path = sqlite_path(store_address(home, tracking_uri))
    if path is None:
        from training.tracking import query_bundles

        return query_bundles(home, tracking_uri)
    rows = _query(path, QUERY, (REGISTERED_MODEL, BUNDLE_TAG))
    return {int(version): bundle for version, bundle in rows}


def alias_bundle(home: Path, tracking_uri: str | None) -> str | None:
    """Return the bundle that the alias champion names.

    None where there is no alias, or no SQLite file to read it from. Raises RegistryError where the
    store cannot be read.
    """
    path = sqlite_path(store_address(home, tracking_uri))
    if path is None or not path.exists():
        return None
    rows = _query(path, ALIAS_QUERY, (REGISTERED_MODEL, CHAMPION_ALIAS, BUNDLE_TAG))
    return rows[0][0] if rows else None


def check_store(home: Path, tracking_uri: str | None) -> None:
    """Raise RegistryError where the store is a SQLite file that cannot be read or written to.

    Writing is tried for LOCK_TIMEOUT_SECONDS. A store that is not there yet is no error.
    """
    path = sqlite_path(store_address(home, tracking_uri))
    if path is None or not path.exists():
        return
    with _opened(path, "rw") as store:
        store.execute("SELECT count(*) FROM sqlite_master").fetchone()
        store.execute("BEGIN IMMEDIATE")
        store.rollback()


def is_complete_store(path: Path) -> bool:
    """Return whether a SQLite store has all its tables; raises RegistryError."""
    filled = _filled(path)
    return filled.keys() >= TABLES and filled["alembic_version"]


def is_empty_store(path: Path) -> bool:
    """Return whether a SQLite store, unfinished or not, has no run and no model.

    Raises RegistryError where it cannot be read.
    """
    filled = _filled(path)
    return not any(filled.get(name) for name in ("runs", "registered_models", "model_versions"))


def registered_bundle(home: Path, tracking_uri: str | None, version: int) -> str:
    """Return the bundle of a registered version; raises RegistryError, which names the others."""
    bundles = registered_bundles(home, tracking_uri)
    if version in bundles:
        return bundles[version]
    newest = sorted(bundles.items(), reverse=True)
    versions = ", ".join(f"{number} ({bundle})" for number, bundle in newest[:MAX_VERSIONS_NAMED])
    more = (
        f" and {len(newest) - MAX_VERSIONS_NAMED:,} older"
        if len(newest) > MAX_VERSIONS_NAMED
        else ""
    )
    store = store_address(home, tracking_uri)
    holdings = (
        f"it has {versions}{more}"
        if newest
        else "it has none: name the version of a bundle (creatorcast bundles)"
    )
    raise RegistryError(f"{version} is no version of the registry in {store!r}: {holdings}")


def sqlite_path(address: str) -> Path | None:
    """Return the file of a SQLite address (four slashes before an absolute path), else None."""
    return Path(address.removeprefix(SQLITE).split("?")[0]) if address.startswith(SQLITE) else None


def _filled(path: Path) -> dict[str, bool]:
    """Return for each table of MLflow in a SQLite store whether it has rows."""
    with _opened(path) as store:
        names = {
            name for (name,) in store.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        }
        return {
            name: store.execute(f"SELECT 1 FROM {name} LIMIT 1").fetchone() is not None
            for name in names & TABLES
        }


def _query(path: Path, query: str, values: tuple) -> list[tuple]:
    with _opened(path) as store:
        return store.execute(query, values).fetchall()


@contextmanager
def _opened(path: Path, mode: str = "ro") -> Iterator[sqlite3.Connection]:
    """Open a SQLite file that exists; its faults become RegistryError."""
    try:
        check_regular(path)
        with closing(
            sqlite3.connect(
                f"{path.resolve().as_uri()}?mode={mode}", uri=True, timeout=LOCK_TIMEOUT_SECONDS
            )
        ) as store:
            yield store
    except (OSError, sqlite3.Error) as error:
        reason = getattr(error, "strerror", None) or error
        raise RegistryError(f"the MLflow store {str(path)!r} cannot be used: {reason}") from error
