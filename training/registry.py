"""Which version of MLflow's registry is which bundle, read without MLflow where its store is a SQLite file.

Importing MLflow takes seconds, and asking it makes a store where there is none.
"""

import sqlite3
from contextlib import closing
from pathlib import Path

MODEL = "creatorcast"
BUNDLE_TAG = "bundle_version"
#: Versions that a message names; the others are counted.
NAMED = 5
SQLITE = "sqlite:///"
QUERY = (
    "SELECT tag.version, tag.value FROM model_version_tags AS tag JOIN model_versions AS model "
    "ON model.name = tag.name AND model.version = tag.version "
    "WHERE tag.name = ? AND tag.key = ? AND model.current_stage != 'Deleted_Internal' ORDER BY tag.version"
)


class RegistryError(ValueError):
    """MLflow's registry cannot be asked, or lacks the version that is named."""


def store_address(home: Path, tracking_uri: str | None) -> str:
    """Give the address of MLflow's store: the one named, else the SQLite file of the home."""
    return tracking_uri or f"{SQLITE}{Path(home).resolve() / 'artifacts' / 'mlflow.db'}"


def store_exists(home: Path, tracking_uri: str | None) -> bool:
    """Tell whether there is a store; one that is no file is taken to be there."""
    path = _sqlite_path(store_address(home, tracking_uri))
    return path is None or path.is_file()


def registered_bundles(home: Path, tracking_uri: str | None) -> dict[int, str]:
    """Give the bundle of each version of the registry, the oldest first; {} where there is no store.

    Raises RegistryError where the store cannot be read.
    """
    if not store_exists(home, tracking_uri):
        return {}
    path = _sqlite_path(store_address(home, tracking_uri))
    if path is None:
        from training.tracking import registered_bundles as asked_of_mlflow

        return asked_of_mlflow(home, tracking_uri)
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as store:
            return {int(version): bundle for version, bundle in store.execute(QUERY, (MODEL, BUNDLE_TAG))}
    except sqlite3.Error as error:
        raise RegistryError(f"the MLflow store {str(path)!r} cannot be read: {error}") from error


def bundle_of(home: Path, tracking_uri: str | None, version: int) -> str:
    """Give the bundle that is registered as this version. Raises RegistryError, naming those that are."""
    bundles = registered_bundles(home, tracking_uri)
    if version in bundles:
        return bundles[version]
    newest = sorted(bundles.items(), reverse=True)
    there = ", ".join(f"{number} ({bundle})" for number, bundle in newest[:NAMED])
    more = f" and {len(newest) - NAMED:,} older" if len(newest) > NAMED else ""
    store = store_address(home, tracking_uri)
    has = f"it has {there}{more}" if newest else "it has none: name the version of a bundle (creatorcast bundles)"
    raise RegistryError(f"{version} is no version of the registry in {store!r}: {has}")


def _sqlite_path(address: str) -> Path | None:
    """Give the file of a SQLite address, None for another; an absolute path has a fourth slash."""
    return Path(address.removeprefix(SQLITE).split("?")[0]) if address.startswith(SQLITE) else None
