"""MLflow's store: opened under the home's lock, made whole where it is missing, its errors named.

Importing mlflow takes seconds, so only modules that import it too import this one.
"""

import contextlib
import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import mlflow
from mlflow.exceptions import MlflowException
from sqlalchemy.exc import SQLAlchemyError

from features.address_login import hide_login, hide_login_of
from features.errors import first_line
from features.files.atomic import replace_file
from training.home_lock import home_lock, make_artifacts
from training.registry import (
    SQLITE,
    RegistryError,
    check_store,
    is_complete_store,
    is_empty_store,
    sqlite_path,
    store_address,
)

#: What MLflow raises where its store cannot be reached or read.
STORE_ERRORS = (MlflowException, SQLAlchemyError, OSError)

#: Settings of MLflow unless the user has set them: a server that does not answer is an error after
#: some 10 s, not after minutes; what is printed is ours.
MLFLOW_SETTINGS = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}
for name in ("mlflow", "alembic"):
    logging.getLogger(name).setLevel(logging.WARNING)


@contextlib.contextmanager
def open_store(
    home: Path, tracking_uri: str | None, report: Callable[[str], None] = lambda text: None
) -> Iterator[str]:
    """Hold the home's lock, point MLflow at the store, and provide the store's address.

    Raises training.registry.RegistryError where the store cannot be used.
    """
    make_artifacts(home)
    with home_lock(home, report):
        check_store(home, tracking_uri)
        uri = store_address(home, tracking_uri)
        with store_errors_named(uri):
            _connect(uri, report)
            yield uri


def artifact_location(home: Path, uri: str) -> str | None:
    """Return where a new experiment keeps its files: in the home, where the store `uri` is the
    home's own; None for another one, which decides it itself.
    """
    is_own = uri == store_address(home, None)
    return (Path(home).resolve() / "artifacts" / "mlruns").as_uri() if is_own else None


@contextlib.contextmanager
def store_errors_named(uri: str) -> Iterator[None]:
    """Use MLflow by MLFLOW_SETTINGS; raise RegistryError for what it raises."""
    for name, value in MLFLOW_SETTINGS.items():
        os.environ.setdefault(name, value)
    try:
        yield
    except STORE_ERRORS as error:
        raise _unusable(uri, error) from error


def _unusable(uri: str, error: Exception) -> RegistryError:
    reason = hide_login_of(uri, first_line(error))
    return RegistryError(f"the MLflow store {hide_login(uri)!r} cannot be used: {reason}")


def _connect(uri: str, report: Callable[[str], None]) -> None:
    """Point MLflow at the store, after making it where it is missing or unfinished."""
    path = sqlite_path(uri)
    if path is not None and path.exists() and not is_complete_store(path):
        _set_aside(path, report)
    if path is not None and not path.exists():
        _make_store(path)
    mlflow.set_tracking_uri(uri)
    try:
        _ask(mlflow.MlflowClient())
    except Exception as error:  # MLflow tries to mend a store itself, and fails in many ways
        if path is None or not is_empty_store(path):
            raise _unusable(uri, error) from error
        _set_aside(path, report)
        _make_store(path)


def _set_aside(path: Path, report: Callable[[str], None]) -> None:
    """Move an unfinished SQLite store away; raises RegistryError where it has runs or models."""
    if not is_empty_store(path):
        remedy = "restore it, or move it away and log the bundles anew (creatorcast log VERSION)"
        raise RegistryError(
            f"the MLflow store {str(path)!r} has runs or models, but not all tables: {remedy}"
        )
    aside = path.with_name(f"{path.name}.unfinished")
    os.replace(path, aside)
    report(
        f"the MLflow store {str(path)!r} was not made to its end and holds nothing: it is now "
        f"{aside.name!r}"
    )


def _make_store(path: Path) -> None:
    """Make a SQLite store with all tables, and move it to its place."""
    path.parent.mkdir(parents=True, exist_ok=True)

    def make(beside: Path) -> None:
        _ask(mlflow.MlflowClient(f"{SQLITE}{beside}"))

    for unfinished in path.parent.glob(f".{path.name}.*"):
        unfinished.unlink()
    replace_file(path, make)


def _ask(client: mlflow.MlflowClient) -> None:
    """Ask the store for something small, which makes its tables where they are missing."""
    client.search_experiments(max_results=1)
