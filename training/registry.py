"""Which version of MLflow's registry is which bundle, read without MLflow where its store is a
SQLite file.

Importing MLflow takes seconds, and asking it makes a store where there is none, or tries a broken
one for minutes.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from features.address_login import hide_login
from features.errors import CreatorcastError
from features.files.regular import check_regular
from models.bundle import check_bundle
from models.bundle_files import BundleError
from models.bundle_folders import bundle_folder, bundle_versions
from models.champion import champion_version, forced_promotions, previous_champion

REGISTERED_MODEL = "creatorcast"
BUNDLE_TAG = "bundle_version"
CHAMPION, PREVIOUS, CHALLENGER = ALIASES = ("champion", "previous", "challenger")
#: Tag of a version that was promoted by force: when, why, and what it failed.
FORCED_TAG = "forced_promotion"
#: Characters of a tag that MLflow keeps in every version.
TAG_LENGTH = 5000
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
ALIAS_QUERY = "SELECT alias, version FROM registered_model_aliases WHERE name = ?"
TAG_QUERY = "SELECT version, value FROM model_version_tags WHERE name = ? AND key = ?"


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


@dataclass(frozen=True)
class RegistryMarks:
    """What the registry tells of promotions: version by alias (only ALIASES), and the text of
    FORCED_TAG by version.
    """

    aliases: dict[str, int]
    forced: dict[int, str]

    def are_in_step(self, wanted: "RegistryMarks") -> bool:
        """Return whether these are the wanted marks; tags of a history that is gone are ignored."""
        tagged = self.forced.items() >= wanted.forced.items()
        return self.aliases == wanted.aliases and tagged


def registry_marks(home: Path, tracking_uri: str | None) -> RegistryMarks:
    """Return the marks of the registry; none where there is no store.

    Raises RegistryError where the store cannot be read.
    """
    path = sqlite_path(store_address(home, tracking_uri))
    if path is None:
        from training.registry_aliases import query_marks

        return query_marks(home, tracking_uri)
    if not path.exists():
        return RegistryMarks({}, {})
    aliases = _query(path, ALIAS_QUERY, (REGISTERED_MODEL,))
    forced = _query(path, TAG_QUERY, (REGISTERED_MODEL, FORCED_TAG))
    return RegistryMarks(
        {alias: int(version) for alias, version in aliases if alias in ALIASES},
        {int(version): text for version, text in forced},
    )


def is_in_step(home: Path, tracking_uri: str | None, bundles: dict[int, str]) -> bool:
    """Return whether the registry, which has `bundles`, has the champion and the wanted marks; a
    home without a store is in step.

    Raises RegistryError, models.bundle_files.BundleError and
    models.champion_history.ChampionHistoryError.
    """
    if not store_exists(home, tracking_uri):
        return True
    champion = champion_version(home)
    if champion is not None and champion not in bundles.values() and _is_whole(home, champion):
        return False
    return registry_marks(home, tracking_uri).are_in_step(wanted_marks(home, bundles))


def _is_whole(home: Path, version: str) -> bool:
    try:
        check_bundle(bundle_folder(home, version))
    except BundleError:
        return False
    return True


def wanted_marks(home: Path, bundles: dict[int, str]) -> RegistryMarks:
    """Return the marks that the registry should have, by artifacts/champion and its history.

    - `bundles`: the bundle of each version of the registry
    - champion: the bundle that artifacts/champion names; previous: the champion before it;
      challenger: the registered bundle of the home that was made last, where it is neither of them.
      None has an alias that is not registered.

    Raises models.bundle_files.BundleError and models.champion_history.ChampionHistoryError.
    """
    versions = {bundle: number for number, bundle in sorted(bundles.items())}
    named = {CHAMPION: champion_version(home), PREVIOUS: previous_champion(home)}
    newest = next((bundle for bundle in bundle_versions(home) if bundle in versions), None)
    named[CHALLENGER] = None if newest in named.values() else newest
    aliases = {alias: versions[b] for alias, b in named.items() if b is not None and b in versions}
    forced = {
        versions[line["version"]]: _forced_text(line)
        for line in forced_promotions(home)
        if line["version"] in versions
    }
    return RegistryMarks(aliases, forced)


def _forced_text(line: dict) -> str:
    forced = line["forced"]
    text = f"{line['since']}: {forced['reason']}; failed: {'; '.join(forced['failed'])}"
    return text[:TAG_LENGTH]


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
    store = hide_login(store_address(home, tracking_uri))
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
