"""MLflow: runs with parameters, metrics, figures and the model; registered versions; the alias.

Importing mlflow takes seconds, so callers import this module lazily.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import mlflow
import pandas as pd
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, Schema

import features
import models
from features.derive.catalog import COLUMNS
from features.derive.version import FEATURES_VERSION
from features.tables.vocabulary import TARGETS
from models.champion import champion_version
from models.distribution import QUANTILES
from training.artifacts import TrainingResult, read_artifacts
from training.backtest.plots import backtest_figures
from training.curve_text import curves_text
from training.mlflow_store import EXPERIMENT, open_store, store_errors_named
from training.registry import (
    BUNDLE_TAG,
    CHAMPION_ALIAS,
    REGISTERED_MODEL,
    RegistryError,
    store_address,
)
from training.train import headline_metrics

#: Packages that a logged model needs to be loaded and to predict.
PREDICTS_WITH = ("lightgbm", "numpy", "orjson", "pandas", "pydantic", "scikit-learn", "scipy")
MODEL_SIGNATURE = ModelSignature(
    Schema([ColSpec("double", name) for name in COLUMNS]),
    Schema([ColSpec("double", f"engagements_{name}") for name in QUANTILES]),
)


@dataclass(frozen=True)
class LoggedRun:
    """The store's address, the run and the registered version; `is_new`: logged just now."""

    tracking_uri: str
    run_id: str
    model_version: str
    is_new: bool = True


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
    report: Callable[[str], None] = lambda text: None,
) -> LoggedRun:
    """Log and register a trained bundle, once; raises LoggingError with how to do it later."""
    version = trained.bundle.version
    try:
        with open_store(home, tracking_uri, report) as uri:
            number = _registered_as(version)
            if number is None:
                return _log(trained, uri)
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
    log_missing: bool = False,
    report: Callable[[str], None] = lambda text: None,
) -> RegisteredChampion | None:
    """Move the registry's alias to the version of the champion, which artifacts/champion names.

    Returns None where there is no champion, or where the registry does not have it; with
    `log_missing` such a champion is logged. Raises training.registry.RegistryError where the store
    cannot be read or changed, models.bundle.BundleError where there is nothing to log.
    """
    with open_store(home, tracking_uri, report) as uri:
        bundle = champion_version(home)
        if bundle is None:
            return None
        registered = _registered_as(bundle)
        if registered is None and not log_missing:
            return None
        number = registered or _log(read_artifacts(home, bundle), uri).model_version
        moved = _alias_version() != number
        if moved:
            mlflow.MlflowClient().set_registered_model_alias(
                REGISTERED_MODEL, CHAMPION_ALIAS, number
            )
        return RegisteredChampion(bundle, number, logged=registered is None, alias_moved=moved)


def _log(trained: TrainingResult, uri: str) -> LoggedRun:
    manifest = trained.bundle.manifest
    experiment = _experiment_id()
    _end_unfinished(experiment, manifest["version"])
    record = {name: pd.DataFrame(manifest["backtest"][name]) for name in ("table", "coverage")}
    with mlflow.start_run(experiment_id=experiment, run_name=manifest["version"]) as run:
        mlflow.log_params(_parameters(manifest))
        mlflow.log_metrics(headline_metrics(record["table"]))
        mlflow.set_tags(
            {name: str(manifest[name]) for name in ("trained_on", "source", "data_digest")}
            | {"maturation": _curves_tag(manifest)}
        )
        mlflow.log_dict(manifest["maturation"], "maturation.json")
        for name, figure in backtest_figures(trained.backtest).items() if trained.backtest else ():
            mlflow.log_figure(figure, name)
        mlflow.log_table(record["table"], "backtest.json")
        mlflow.log_table(record["coverage"], "coverage.json")
        model = _log_model(trained)
    tags = {BUNDLE_TAG: manifest["version"], "trained_on": manifest["trained_on"]}
    tags["features_version"] = str(FEATURES_VERSION)
    version = mlflow.register_model(
        model, REGISTERED_MODEL, tags=tags
    ).version  # with its tags in one step
    return LoggedRun(uri, run.info.run_id, str(version))


def _experiment_id() -> str:
    experiment = mlflow.get_experiment_by_name(EXPERIMENT)
    assert experiment is not None  # _connect made it
    return experiment.experiment_id


def _end_unfinished(experiment: str, version: str) -> None:
    """End the runs of a bundle that a killed process left running: whoever logs it now holds the
    home's lock.
    """
    client = mlflow.MlflowClient()
    running = f"attributes.run_name = '{version}' and attributes.status = 'RUNNING'"
    for run in client.search_runs([experiment], running):
        client.set_terminated(run.info.run_id, "KILLED")


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


def bundle_of_run(home: Path, tracking_uri: str | None, run_id: str) -> str:
    """Return the bundle that a run registered.

    Raises training.registry.RegistryError where there is no such run, or it registered none.
    """
    uri = store_address(home, tracking_uri)
    mlflow.set_tracking_uri(uri)
    with store_errors_named(uri):
        found = mlflow.MlflowClient().search_model_versions(f"run_id = '{run_id}'")
    bundles = [model.tags[BUNDLE_TAG] for model in found if BUNDLE_TAG in model.tags]
    if not bundles:
        raise RegistryError(
            f"{run_id} is no run that registered a bundle in {uri!r}: name a bundle, or a run of "
            "creatorcast train (creatorcast bundles)"
        )
    return bundles[0]


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


def _parameters(manifest: dict) -> dict:
    flat = {
        name: manifest[name]
        for name in ("version", "trained_on", "until", "horizon_days", "accounts", "posts")
    }
    flat |= {f"rows_{target}": rows for target, rows in manifest["rows"].items()}
    for platform, measures in manifest["maturation"].items():
        for measure, curve in measures.items():
            if measure in TARGETS:
                flat[f"maturation.{platform}.{measure}"] = _curve_parameter(curve)
    for name, value in manifest["recipe"].items():
        flat |= (
            {f"{name}.{k}": v for k, v in value.items()}
            if isinstance(value, dict)
            else {name: value}
        )
    return flat


def _curves_tag(manifest: dict) -> str:
    return curves_text(manifest["maturation"], TARGETS[0], manifest["horizon_days"])


def _curve_parameter(curve: dict) -> str:
    """Return what a curve rests on and its parameters, short enough for a column of runs."""
    posts = f" to {curve['posts']} posts" if curve["posts"] else ""
    return f"{curve['basis']}{posts}: tau {curve['tau_days']:.4g} d, gamma {curve['gamma']:.4g}"


def _log_model(trained: TrainingResult) -> str:
    """Log the bundle as a model of the run; return its address."""
    code = [str(Path(next(iter(package.__path__)))) for package in (features, models)]
    with warnings.catch_warnings():
        warnings.filterwarnings(
            "ignore", message=".*input example"
        )  # nothing is inferred, as there is a signature
        return mlflow.pyfunc.log_model(
            name="model",
            loader_module="models.pyfunc",
            data_path=str(trained.folder),
            code_paths=code,
            pip_requirements=_requirements(),
            signature=MODEL_SIGNATURE,
            metadata={"features_version": FEATURES_VERSION},
        ).model_uri


def _requirements() -> list[str]:
    """Return the packages that a prediction needs, at the versions that trained the model."""
    return [f"{name}=={version(name)}" for name in PREDICTS_WITH]
