"""A search in MLflow: one run, and below it one for each trial.

Importing mlflow takes seconds, so callers import this module lazily.
"""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import mlflow
import optuna
from mlflow.entities import Metric, Param, Run
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

from models.model_card.parameters import flatten
from training.log_run import experiment_id
from training.mlflow_store import artifact_location, open_store
from training.tune.study_file import STUDY_NAME
from training.tune.tune import SearchResult

SEARCH_TAG, TRIAL_TAG, NOTE_TAG = "search", "trial", "mlflow.note.content"
#: Status of a run by the state of its trial.
STATUS = {"COMPLETE": "FINISHED", "PRUNED": "KILLED", "FAIL": "FAILED"}
#: Runs of a search that are looked at.
MOST_RUNS = 10_000


def log_search(
    result: SearchResult,
    home: Path,
    tracking_uri: str | None,
    report: Callable[[str], None] = lambda text: None,
) -> str:
    """Log a search and those of its trials that are not logged yet; return the run of the search.

    Raises training.registry.RegistryError where the store cannot be used.
    """
    study = optuna.load_study(study_name=STUDY_NAME, storage=f"sqlite:///{result.study}")
    with open_store(home, tracking_uri, report) as uri:
        experiment = experiment_id(result.experiment, artifact_location(home, uri))
        client = mlflow.MlflowClient()
        runs = client.search_runs(
            [experiment], f"tags.{SEARCH_TAG} = '{result.name}'", max_results=MOST_RUNS
        )
        parent = next((run for run in runs if TRIAL_TAG not in run.data.tags), None)
        if parent is None:
            parent = client.create_run(
                experiment, tags={SEARCH_TAG: result.name}, run_name=f"tune {result.name}"
            )
        logged = _finished_trials(client, runs)
        for trial in study.get_trials(deepcopy=False):
            if trial.state.is_finished() and trial.number not in logged:
                _log_trial(client, experiment, parent.info.run_id, result, trial)
        _log_result(client, parent.info.run_id, result)
        return parent.info.run_id


def _finished_trials(client: mlflow.MlflowClient, runs: list[Run]) -> set[int]:
    """Return the numbers of the trials with a whole run; a run that was left unfinished goes."""
    numbers = set()
    for run in runs:
        if TRIAL_TAG not in run.data.tags:
            continue
        if run.info.status == "RUNNING":
            client.delete_run(run.info.run_id)
        else:
            numbers.add(int(run.data.tags[TRIAL_TAG]))
    return numbers


def _log_trial(
    client: mlflow.MlflowClient,
    experiment: str,
    parent: str,
    result: SearchResult,
    trial: optuna.trial.FrozenTrial,
) -> None:
    tags = {
        SEARCH_TAG: result.name,
        TRIAL_TAG: str(trial.number),
        MLFLOW_PARENT_RUN_ID: parent,
        "state": trial.state.name.lower(),
    }
    start, end = _milliseconds(trial.datetime_start), _milliseconds(trial.datetime_complete)
    name = f"trial {trial.number + 1}"
    run = client.create_run(experiment, start_time=start, tags=tags, run_name=name)
    metrics = {
        name: value for name, value in trial.user_attrs.items() if name.startswith("crps_cut_")
    }
    if trial.state == optuna.trial.TrialState.COMPLETE and trial.value is not None:
        metrics["crps"] = trial.value
    client.log_batch(
        run.info.run_id,
        metrics=[Metric(name, value, end or 0, 0) for name, value in metrics.items()],
        params=[Param(name, str(value)) for name, value in trial.params.items()],
    )
    client.set_terminated(run.info.run_id, STATUS[trial.state.name], end)


def _log_result(client: mlflow.MlflowClient, run: str, result: SearchResult) -> None:
    """Log what the search found: the default recipe, the figures, the sentences and the files."""
    metrics = {"default_crps": result.default_crps}
    if result.best_crps is not None:
        metrics["crps"] = result.best_crps
    confirmed = result.confirmation
    if confirmed is not None:
        metrics |= {
            "confirmation_crps": confirmed.best,
            "confirmation_default_crps": confirmed.default,
            "confirmation_change": confirmed.change,
            "confirmation_change_low": confirmed.low,
            "confirmation_change_high": confirmed.high,
        }
    trials = sum(result.trials.values())
    now = int(datetime.now().timestamp() * 1000)
    parameters = flatten(result.recipe.parameters())
    client.log_batch(
        run,
        metrics=[Metric(name, value, now, trials) for name, value in metrics.items()],
        params=[Param(name, str(value)) for name, value in parameters.items()],
    )
    client.set_tag(run, NOTE_TAG, result.text())
    for file in (result.file, result.found):
        if file is not None:
            client.log_artifact(run, str(file))
    client.set_terminated(run, "FINISHED")


def _milliseconds(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp() * 1000)
