"""MLflow: runs with parameters, metrics, figures and the model; registered versions; the alias.

Importing mlflow takes seconds, so callers import this module lazily.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import mlflow
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException

from features.derive.version import FEATURES_VERSION
from models.champion import champion_version
from models.model_packaging import ModelPackaging
from training.artifacts import TrainingResult, read_artifacts
from training.log_run import log_run
from training.mlflow_store import artifact_location, open_store, store_errors_named
from training.registry import (
    BUNDLE_TAG,
    CHAMPION_ALIAS,
    REGISTERED_MODEL,
    RegistryError,
    store_address,
)


@dataclass(frozen=True)
class LoggedRun:
    """The store's address, the run and the registered version; `is_new`: logged just now;
    `seconds` that the run took to be logged.
    """

    tracking_uri: str
    run_id: str
    model_version: str
    is_new: bool = True
    seconds: float = 0.0


@dataclass(frozen=True)
class RegisteredChampion:
    """The champion in the registry: its bundle, its version, and what was changed there.

    `logged`: it was not registered before; `alias_moved`: the alias named another version.
    """

    bundle: str
    model_version: str
    logged: bool
    alias_moved: bool


class LoggingError(RegistryError):
    """A bundle is in its folder, but could not be logged to MLflow."""


def log_training(
    trained: TrainingResult,
    home: Path,
    tracking_uri: str | None,
    packaging: ModelPackaging,
    report: Callable[[str], None] = lambda text: None,
) -> LoggedRun:
    """Log and register a trained bundle, once; raises LoggingError with how to do it later."""
    version = trained.bundle.version
    try:
        with open_store(home, tracking_uri, report) as uri:
            number = _registered_as(version)
            if number is None:
                return _log(trained, home, uri, packaging)
            run = mlflow.MlflowClient().get_model_version(REGISTERED_MODEL, number).run_id
            return LoggedRun(uri, str(run), number, is_new=False)
    except RegistryError as error:
        place = (
            f"the bundle {version} is kept in {str(trained.folder)!r}, but MLflow does not have it"
        )
        raise LoggingError(
            f"{place}: {error}; once that is mended: creatorcast log {version}"
        ) from error


def point_alias_at_champion(
    home: Path,
    tracking_uri: str | None,
    packaging: ModelPackaging | None = None,
    report: Callable[[str], None] = lambda text: None,
) -> RegisteredChampion | None:
    """Move the registry's alias to the version of the champion, which artifacts/champion names.

    Returns None where there is no champion, or where the registry does not have it; with
    `packaging` such a champion is logged. Raises training.registry.RegistryError where the store
    cannot be read or changed, models.bundle.BundleError where there is nothing to log.
    """
    with open_store(home, tracking_uri, report) as uri:
        bundle = champion_version(home)
        if bundle is None:
            return None
        registered = number = _registered_as(bundle)
        if number is None:
            if packaging is None:
                return None
            number = _log(read_artifacts(home, bundle), home, uri, packaging).model_version
        moved = _alias_version() != number
        if moved:
            mlflow.MlflowClient().set_registered_model_alias(
                REGISTERED_MODEL, CHAMPION_ALIAS, number
            )
        return RegisteredChampion(bundle, number, logged=registered is None, alias_moved=moved)


def _log(trained: TrainingResult, home: Path, uri: str, packaging: ModelPackaging) -> LoggedRun:
    """Log a bundle as a run and register its model."""
    manifest = trained.bundle.manifest
    run = log_run(trained, artifact_location(home, uri), packaging)
    tags = {BUNDLE_TAG: manifest["version"], "trained_on": manifest["trained_on"]}
    tags["features_version"] = str(FEATURES_VERSION)
    version = mlflow.register_model(
        run.model_uri, REGISTERED_MODEL, tags=tags
    ).version  # with its tags in one step
    return LoggedRun(uri, run.run_id, str(version), seconds=run.seconds)


def _registered_as(bundle: str) -> str | None:
    """Return the last version of the registry that is this bundle."""
    numbers = [number for number, name in _bundles().items() if name == bundle]
    return str(numbers[-1]) if numbers else None


def _alias_version() -> str | None:
    try:
        return str(
            mlflow.MlflowClient()
            .get_model_version_by_alias(REGISTERED_MODEL, CHAMPION_ALIAS)
            .version
        )
    except MlflowException:
        return None


def query_bundles(home: Path, tracking_uri: str | None) -> dict[int, str]:
    """Return the same as `training.registry.registered_bundles`, read through MLflow's client.

    Raises training.registry.RegistryError where the store cannot be read.
    """
    uri = store_address(home, tracking_uri)
    mlflow.set_tracking_uri(uri)
    with store_errors_named(uri):
        return _bundles()


def _bundles() -> dict[int, str]:
    bundles = {int(version.version): version.tags.get(BUNDLE_TAG) for version in _model_versions()}
    return {number: bundle for number, bundle in sorted(bundles.items()) if bundle is not None}


def _model_versions() -> list[ModelVersion]:
    versions: list[ModelVersion] = []
    token = None
    while True:
        page = mlflow.MlflowClient().search_model_versions(
            f"name = '{REGISTERED_MODEL}'", page_token=token
        )
        versions += page
        token = page.token
        if not token:
            return versions
