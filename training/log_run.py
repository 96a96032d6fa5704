"""A trained bundle as a run of MLflow, in the experiment of its data set.

Importing mlflow takes seconds, so callers import this module lazily.
"""

import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import mlflow
import pandas as pd
from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param, ViewType

from features.maturation.curve_text import curves_text
from features.tables.schema import CREATORS, FOLLOWERS, PARTNERSHIPS, POSTS
from features.tables.vocabulary import TARGETS
from models.model_card.page import card_page
from models.model_card.parameters import run_parameters
from models.model_card.recalibration_text import recalibration_metrics, recalibration_of
from models.model_card.text import card_text
from models.model_packaging import ModelPackaging
from training.artifacts import TrainingResult
from training.log_model import log_model
from training.registry import BUNDLE_TAG
from training.runs.card_file import training_pictures
from training.runs.card_pictures import card_pictures
from training.runs.description import EarlierRun, compare_runs, run_description, run_name
from training.runs.experiment import bundle_experiment
from training.runs.metrics import duration_metrics, run_metrics

#: MLflow's tag of the commit, which its pages show as the version of the code.
COMMIT_TAG = "mlflow.source.git.commit"
DATASET_CONTEXT = "mlflow.data.context"
#: By these MLflow shows the pages of trained models, not those of language models.
EXPERIMENT_TAGS = {"mlflow.experimentKind": "custom_model_development"}
NOTE_TAG = "mlflow.note.content"
#: Characters that MLflow keeps of the digest of a data set, and of the description of a model.
DIGEST_LENGTH, DESCRIPTION_LENGTH = 36, 5000
#: Kind of a column (features.tables.schema.DTYPES) -> MLflow's name of its type.
COLUMN_TYPES = {
    "text": "string",
    "count": "double",
    "real": "double",
    "flag": "boolean",
    "time": "datetime",
}
#: Parameters that one request of MLflow's client may hold.
PARAMETERS_AT_ONCE = 100
CARD_TEXT, CARD_PAGE = "model_card.md", "model_card.html"


@dataclass(frozen=True)
class RunLogged:
    """A run that is finished: its description, the id and the address of its model, and the
    seconds that logging took.
    """

    run_id: str
    description: str
    model_id: str
    model_uri: str
    seconds: float


def log_run(trained: TrainingResult, artifacts: str | None, packaging: ModelPackaging) -> RunLogged:
    """Log a bundle with all that is known of its training, and its model.

    `artifacts`: where a new experiment keeps its files, None where the store decides.

    Raises what MLflow raises (training.mlflow_store.STORE_ERRORS).
    """
    begin = time.perf_counter()
    manifest, note = trained.bundle.manifest, trained.note
    about = f"Trainings on one data set: {manifest['source']}, {manifest['trained_on']} data."
    experiment = experiment_id(bundle_experiment(manifest, note), artifacts, about)
    _end_unfinished(manifest["version"])
    earlier = _earlier_run(experiment)
    changes = compare_runs(manifest, earlier)
    tags = _tags(manifest, note)
    description = run_description(manifest, note, earlier, changes)[:DESCRIPTION_LENGTH]
    name = run_name(manifest, changes)
    with mlflow.start_run(
        experiment_id=experiment, run_name=name, tags=tags, description=description
    ) as run:
        _log_figures_of(run.info.run_id, trained)
        _log_files(trained)
        model = log_model(trained, packaging)
        seconds = time.perf_counter() - begin
        mlflow.log_metrics(duration_metrics({**note.get("seconds", {}), "log": seconds}))
    return RunLogged(run.info.run_id, description, model.model_id, model.model_uri, seconds)


def experiment_id(name: str, artifacts: str | None, about: str = "") -> str:
    """Return the experiment of this name, which is made where it is missing, with the description
    `about`, and restored where it was deleted.
    """
    client = mlflow.MlflowClient()
    experiment = client.get_experiment_by_name(name)
    if experiment is None:
        return client.create_experiment(name, artifacts, EXPERIMENT_TAGS | {NOTE_TAG: about})
    if experiment.lifecycle_stage != "active":
        client.restore_experiment(experiment.experiment_id)
    return experiment.experiment_id


def _end_unfinished(version: str) -> None:
    """End the runs of a bundle that a killed process left running: whoever logs it now holds the
    home's lock.
    """
    client = mlflow.MlflowClient()
    running = f"tags.{BUNDLE_TAG} = '{version}' and attributes.status = 'RUNNING'"
    experiments = [found.experiment_id for found in client.search_experiments(ViewType.ALL)]
    for run in client.search_runs(experiments, running):
        client.set_terminated(run.info.run_id, "KILLED")


def _earlier_run(experiment: str) -> EarlierRun | None:
    """Return the last finished run of the experiment that trained a bundle."""
    runs = mlflow.MlflowClient().search_runs(
        [experiment],
        f"attributes.status = 'FINISHED' and tags.{BUNDLE_TAG} LIKE '%'",
        max_results=1,
        order_by=["attributes.start_time DESC"],
    )
    return next(
        (EarlierRun(run.info.run_name, run.data.params, run.data.tags) for run in runs), None
    )


def _tags(manifest: Mapping[str, Any], note: Mapping[str, Any]) -> dict[str, str]:
    curves = curves_text(manifest["maturation"], TARGETS[0], manifest["horizon_days"])
    tags = {name: str(manifest[name]) for name in ("trained_on", "source", "data_digest")}
    tags |= {BUNDLE_TAG: manifest["version"], "maturation": curves}
    commit = note.get("code", {}).get("commit")
    if commit:
        tags |= {COMMIT_TAG: commit, "code_is_changed": str(note["code"]["is_changed"]).lower()}
    return tags


def _log_figures_of(run_id: str, trained: TrainingResult) -> None:
    """Log parameters, metrics and the data set of a bundle."""
    client, manifest = mlflow.MlflowClient(), trained.bundle.manifest
    parameters = [Param(name, str(value)) for name, value in run_parameters(manifest).items()]
    for part in _parts(parameters, PARAMETERS_AT_ONCE):
        client.log_batch(run_id, params=part)
    now = int(time.time() * 1000)
    adjusted = recalibration_of(manifest)
    if adjusted:  # the backtest is of another bundle, which has a run of its own
        metrics = recalibration_metrics(adjusted)
    else:
        metrics = run_metrics(pd.DataFrame(manifest["backtest"]["table"]), trained.backtest)
    client.log_batch(run_id, [Metric(name, value, now, 0) for name, value in metrics.items()])
    context = InputTag(DATASET_CONTEXT, "training")
    client.log_inputs(run_id, [DatasetInput(_dataset(manifest, trained.note), [context])])


def _dataset(manifest: Mapping[str, Any], note: Mapping[str, Any]) -> Dataset:
    """Return the tables as MLflow's data set: their digest, folder, columns and size."""
    columns = [
        {
            "name": f"{table.name}.{column.name}",
            "type": COLUMN_TYPES[column.kind],
            "required": False,
        }
        for table in (CREATORS, FOLLOWERS, POSTS, PARTNERSHIPS)
        for column in table.columns
    ]
    profile = {name: manifest[name] for name in ("accounts", "posts", "until", "platforms")}
    return Dataset(
        name=bundle_experiment(manifest, note),
        digest=manifest["data_digest"][:DIGEST_LENGTH],
        source_type="local",
        source=json.dumps({"uri": note.get("data", "")}),
        schema=json.dumps({"mlflow_colspec": columns}),
        profile=json.dumps(profile),
    )


def _log_files(trained: TrainingResult) -> None:
    """Log tables, pictures and the model card."""
    manifest = trained.bundle.manifest
    mlflow.log_dict(manifest["maturation"], "maturation.json")
    for name, part in (("backtest.json", "table"), ("coverage.json", "coverage")):
        mlflow.log_table(pd.DataFrame(manifest["backtest"][part]), name)
    explanations = trained.note.get("explanations", {})
    pictures = training_pictures(trained)
    with TemporaryDirectory() as folder:
        for name, picture in pictures.items():
            Path(folder, name).write_bytes(picture)
        mlflow.log_artifacts(folder)
    if explanations:
        mlflow.log_dict(explanations, "explanations.json")
    text = card_text(trained.bundle, trained.note)
    mlflow.log_text(text, CARD_TEXT)
    mlflow.log_text(card_page(text, card_pictures(pictures)), CARD_PAGE)


def _parts(entities: list, size: int) -> Iterable[list]:
    return (entities[at : at + size] for at in range(0, len(entities), size))
