"""MLflow: the run with its parameters, figures, pictures and model, the registry, and the champion alias.

The only file that imports mlflow; importing it takes seconds, so callers import this module lazily.
"""

import logging
import warnings
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import mlflow
from mlflow.exceptions import MlflowException
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, Schema
from sqlalchemy.exc import SQLAlchemyError

import features
import models
from features.columns import COLUMNS
from features.version import FEATURES_VERSION
from models.distribution import QUANTILES
from training.plots import figures
from training.registry import BUNDLE_TAG, MODEL, RegistryError, store_address
from training.train import Trained, headline

EXPERIMENT = "creatorcast"
CHAMPION = "champion"
#: What MLflow raises where its store cannot be reached or read.
STORE_ERRORS = (MlflowException, SQLAlchemyError, OSError)
SIGNATURE = ModelSignature(
    Schema([ColSpec("double", name) for name in COLUMNS]),
    Schema([ColSpec("double", f"engagements_{name}") for name in QUANTILES]),
)


@dataclass(frozen=True)
class Logged:
    """Where a run went: the store's address, the run and the registered version."""

    tracking_uri: str
    run_id: str
    model_version: str


def connect(home: Path, tracking_uri: str | None) -> str:
    """Point MLflow at `tracking_uri`, or at a sqlite store under `home`/artifacts; give the address."""
    folder = Path(home).resolve() / "artifacts"
    folder.mkdir(parents=True, exist_ok=True)
    uri = store_address(home, tracking_uri)
    logging.getLogger("mlflow").setLevel(logging.WARNING)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    mlflow.set_tracking_uri(uri)
    if mlflow.get_experiment_by_name(EXPERIMENT) is None:
        place = (folder / "mlruns").as_uri() if tracking_uri is None else None
        mlflow.create_experiment(EXPERIMENT, artifact_location=place)
    return uri


def log(trained: Trained, home: Path, tracking_uri: str | None) -> Logged:
    """Log and register a trained bundle."""
    uri = connect(home, tracking_uri)
    manifest = trained.bundle.manifest
    experiment = mlflow.get_experiment_by_name(EXPERIMENT)
    with mlflow.start_run(experiment_id=experiment.experiment_id, run_name=manifest["version"]) as run:
        mlflow.log_params(_parameters(manifest))
        mlflow.log_metrics(headline(trained.backtest))
        mlflow.set_tags({name: str(manifest[name]) for name in ("trained_on", "source", "data_digest")})
        for name, figure in figures(trained.backtest).items():
            mlflow.log_figure(figure, name)
        mlflow.log_table(trained.backtest.table, "backtest.json")
        mlflow.log_table(trained.backtest.coverage, "coverage.json")
        version = _register(trained)
    tags = {BUNDLE_TAG: manifest["version"], "trained_on": manifest["trained_on"]}
    client = mlflow.MlflowClient()
    for name, value in {**tags, "features_version": str(FEATURES_VERSION)}.items():
        client.set_model_version_tag(MODEL, version, name, value)
    return Logged(uri, run.info.run_id, str(version))


def promote(version: str, home: Path, tracking_uri: str | None) -> str | None:
    """Give the registered version of the bundle the champion alias; None where the store does not have it.

    Raises training.registry.RegistryError where the store cannot be asked.
    """
    numbers = [number for number, bundle in registered_bundles(home, tracking_uri).items() if bundle == version]
    if not numbers:
        return None
    try:
        mlflow.MlflowClient().set_registered_model_alias(MODEL, CHAMPION, str(numbers[-1]))
    except STORE_ERRORS as error:
        raise _registry_error(home, tracking_uri, error) from error
    return str(numbers[-1])


def registered_bundles(home: Path, tracking_uri: str | None) -> dict[int, str]:
    """Give the bundle of each version of the registry, the oldest first, as MLflow says.

    Raises training.registry.RegistryError where the store cannot be asked.
    """
    try:
        connect(home, tracking_uri)
        versions = _model_versions()
    except STORE_ERRORS as error:
        raise _registry_error(home, tracking_uri, error) from error
    bundles = {int(version.version): version.tags.get(BUNDLE_TAG) for version in versions}
    return {number: bundle for number, bundle in sorted(bundles.items()) if bundle is not None}


def _model_versions() -> list:
    versions, token = [], None
    while True:
        page = mlflow.MlflowClient().search_model_versions(f"name = '{MODEL}'", page_token=token)
        versions += page
        token = page.token
        if not token:
            return versions


def _registry_error(home: Path, tracking_uri: str | None, error: Exception) -> RegistryError:
    store = store_address(home, tracking_uri)
    return RegistryError(f"the MLflow store {store!r} cannot be asked: {str(error).splitlines()[0]}")


def _parameters(manifest: dict) -> dict:
    flat = {name: manifest[name] for name in ("version", "trained_on", "until", "horizon_days", "accounts", "posts")}
    flat |= {f"rows_{target}": rows for target, rows in manifest["rows"].items()}
    for name, value in manifest["recipe"].items():
        flat |= {f"{name}.{k}": v for k, v in value.items()} if isinstance(value, dict) else {name: value}
    return flat


def _register(trained: Trained) -> str:
    code = [str(Path(next(iter(package.__path__)))) for package in (features, models)]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*input example")  # the signature is given, nothing is inferred
        info = mlflow.pyfunc.log_model(
            name="model",
            loader_module="models.pyfunc",
            data_path=str(trained.folder),
            code_paths=code,
            pip_requirements=_requirements(),
            signature=SIGNATURE,
            registered_model_name=MODEL,
            metadata={"features_version": FEATURES_VERSION},
        )
    return str(info.registered_model_version)


def _requirements() -> list[str]:
    """Name what the model needs at prediction, at the versions it was trained with."""
    return [f"{name}=={version(name)}" for name in ("lightgbm", "numpy", "pandas", "scikit-learn", "scipy")]
