"""MLflow: bundles as runs and registered versions. Their aliases: training.registry_aliases.

Importing mlflow takes seconds, so callers import this module lazily.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import mlflow
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import RESOURCE_ALREADY_EXISTS, ErrorCode
from mlflow.utils.mlflow_tags import MLFLOW_MODEL_VERSIONS

from features.address_login import hide_login
from features.derive.version import FEATURES_VERSION
from models.model_packaging import ModelPackaging
from training.artifacts import TrainingResult, read_artifacts
from training.log_run import RunLogged, log_run
from training.mlflow_store import artifact_location, open_store, store_errors_named
from training.registry import (
    BUNDLE_TAG,
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


def log_missing(version: str, home: Path, uri: str, packaging: ModelPackaging) -> bool:
    """Log and register a bundle that the store, which is open, does not have; whether it was.

    Raises models.bundle_files.BundleError where it is missing or broken.
    """
    if _registered_as(version) is not None:
        return False
    _log(read_artifacts(home, version), home, uri, packaging)
    return True


def _log(trained: TrainingResult, home: Path, uri: str, packaging: ModelPackaging) -> LoggedRun:
    """Log a bundle as a run and register its model."""
    manifest = trained.bundle.manifest
    run = log_run(trained, artifact_location(home, uri), packaging)
    tags = {BUNDLE_TAG: manifest["version"], "trained_on": manifest["trained_on"]}
    tags["features_version"] = str(FEATURES_VERSION)
    return LoggedRun(uri, run.run_id, _register(run, tags), seconds=run.seconds)


def _register(run: RunLogged, tags: dict[str, str]) -> str:
    """Register the model of a run; return its version.

    mlflow.register_model cannot give a version its description in the same step, so that a kill
    would leave one without.
    """
    client = mlflow.MlflowClient()
    try:
        client.create_registered_model(REGISTERED_MODEL)
    except MlflowException as error:
        if error.error_code != ErrorCode.Name(RESOURCE_ALREADY_EXISTS):
            raise
    version = client.create_model_version(
        REGISTERED_MODEL, run.model_uri, run.run_id, tags,
        description=run.description, model_id=run.model_id,
    ).version  # fmt: skip
    # by this tag MLflow's page of the model shows the version
    versions = [{"name": REGISTERED_MODEL, "version": version}]
    client.set_logged_model_tags(run.model_id, {MLFLOW_MODEL_VERSIONS: json.dumps(versions)})
    return str(version)


def _registered_as(bundle: str) -> str | None:
    """Return the last version of the registry that is this bundle."""
    numbers = [number for number, name in bundles_of_versions().items() if name == bundle]
    return str(numbers[-1]) if numbers else None


def query_bundles(home: Path, tracking_uri: str | None) -> dict[int, str]:
    """Return the same as `training.registry.registered_bundles`, read through MLflow's client.

    Raises training.registry.RegistryError where the store cannot be read.
    """
    uri = store_address(home, tracking_uri)
    mlflow.set_tracking_uri(uri)
    with store_errors_named(uri):
        return bundles_of_versions()


def bundle_of_run(home: Path, tracking_uri: str | None, run_id: str) -> str:
    """Return the bundle that a run registered; the start of the run's id is enough where no other
    run has it.

    Raises training.registry.RegistryError where there is no such run, or it registered none.
    """
    uri = store_address(home, tracking_uri)
    mlflow.set_tracking_uri(uri)
    with store_errors_named(uri):
        found = [model for model in _model_versions() if (model.run_id or "").startswith(run_id)]
    tagged = [model for model in found if BUNDLE_TAG in model.tags]
    bundles = {str(model.run_id): model.tags[BUNDLE_TAG] for model in tagged}
    if not bundles:
        raise RegistryError(
            f"{run_id!r} is neither a bundle nor a run that registered one in "
            f"{hide_login(uri)!r}: name a bundle, its number in the registry, or a run of "
            "creatorcast train (creatorcast bundles)"
        )
    if len(bundles) > 1:
        some = " and ".join(sorted(bundles)[:2])
        raise RegistryError(
            f"{len(bundles):,} runs begin with {run_id!r}, such as {some}: give more of the id"
        )
    return next(iter(bundles.values()))


def bundles_of_versions() -> dict[int, str]:
    """Return the bundle of each version, in the store that MLflow points at."""
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
