"""The file of a search: Optuna's own SQLite storage, which one process at a time works on."""

import contextlib
import fcntl
import hashlib
import json
import os
import warnings
from collections.abc import Iterator
from pathlib import Path

import optuna
from sqlalchemy.exc import SQLAlchemyError

from training.code_version import code_digest
from training.recipe import Recipe
from training.tune.cuts import TuningError
from training.tune.space import SPACE

#: Trials before the sampler and the pruner judge by earlier ones.
STARTUP_TRIALS = 8
#: The name of the one study in a file.
STUDY_NAME = "recipe"
#: What the study keeps beside its trials: the default's CRPS at each cut.
DEFAULT_SCORES = "default_scores"


def search_name(data: Path, digest: str, recipe: Recipe) -> str:
    """Return the name of a search: of the data's folder and digest, and of all that decides what
    its trials score: recipe, space and code. So the same command continues it, and another one
    never does.
    """
    decides = json.dumps([recipe.parameters(), list(map(str, SPACE)), code_digest()])
    return f"{data.resolve().name}-{digest[:6]}-{hashlib.sha256(decides.encode()).hexdigest()[:6]}"


def count_trials(file: Path) -> int:
    """Return how many trials a file has; 0 where it is missing or cannot be read."""
    if not file.exists():
        return 0
    try:
        study = optuna.load_study(study_name=STUDY_NAME, storage=f"sqlite:///{file}")
    except (KeyError, SQLAlchemyError, RuntimeError):
        return 0
    return len(study.get_trials(deepcopy=False))


@contextlib.contextmanager
def open_study(file: Path, seed: int) -> Iterator[optuna.Study]:
    """Provide the study of a file, which is made where it is missing; trials that a killed process
    left running have failed.

    Raises TuningError where the file cannot be used, or another process works on it.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with _locked(file):
        try:
            study = _load(file, seed)
        except (OSError, SQLAlchemyError, RuntimeError) as error:
            reason = str(error).splitlines()[0]
            raise TuningError(
                f"the search {str(file)!r} cannot be used: {reason}: move it away to begin anew"
            ) from error
        yield study


def _load(file: Path, seed: int) -> optuna.Study:
    storage = optuna.storages.RDBStorage(f"sqlite:///{file}")
    study = optuna.create_study(
        storage=storage,
        study_name=STUDY_NAME,
        pruner=optuna.pruners.MedianPruner(n_startup_trials=STARTUP_TRIALS),
        load_if_exists=True,
    )
    for trial in study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.RUNNING,)):
        study.tell(trial.number, state=optuna.trial.TrialState.FAIL)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        study.sampler = optuna.samplers.TPESampler(
            n_startup_trials=STARTUP_TRIALS,
            seed=seed + len(study.get_trials(deepcopy=False)),  # else it would repeat itself
            multivariate=True,
        )
    return study


@contextlib.contextmanager
def _locked(file: Path) -> Iterator[None]:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        lock = os.open(file.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise TuningError(f"{str(file.parent)!r} cannot be written: {error.strerror}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise TuningError(
            f"another creatorcast tune works on {file.name!r}: wait for it, or stop it"
        ) from error
    finally:
        os.close(lock)
