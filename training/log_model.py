"""A bundle as a model of the current MLflow run.

Importing mlflow takes seconds, so callers import this module lazily.
"""

import contextlib
import json
import logging
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import mlflow
import pandas as pd
from mlflow.models import ModelSignature
from mlflow.models.model import ModelInfo

from models.model_packaging import ModelPackaging
from training.artifacts import TrainingResult

#: The page of the run that tells what each column of the model means.
COLUMNS_PAGE = "columns.md"
_WARNINGS_OF_MLFLOW = (
    "Operation with range is deprecated",
    ".*type hint is inferred as AnyType",
)
#: They tell that an example is checked, and that an environment made by uv has no pip.
_LOGGERS_OF_MLFLOW = ("mlflow.pyfunc", "mlflow.utils.environment")


def log_model(trained: TrainingResult, packaging: ModelPackaging) -> ModelInfo:
    """Log the bundle as a model of the run that is open; return what MLflow tells of it."""
    mlflow.log_text(packaging.columns_page, COLUMNS_PAGE)
    with tempfile.TemporaryDirectory() as folder, _quiet_mlflow():
        return mlflow.pyfunc.log_model(
            name="model", **_contents(trained.folder, packaging, Path(folder))
        )


def save_model(bundle_folder: Path, packaging: ModelPackaging, path: Path) -> None:
    """Write the bundle as a model into a folder, which must not exist, without a run."""
    with tempfile.TemporaryDirectory() as folder, _quiet_mlflow():
        mlflow.pyfunc.save_model(path, **_contents(bundle_folder, packaging, Path(folder)))


@contextlib.contextmanager
def _quiet_mlflow() -> Iterator[None]:
    """Leave out what MLflow says of its own code, which nobody here can change."""
    loggers = [logging.getLogger(name) for name in _LOGGERS_OF_MLFLOW]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            for message in _WARNINGS_OF_MLFLOW:
                warnings.filterwarnings("ignore", message=message)
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _contents(bundle_folder: Path, packaging: ModelPackaging, folder: Path) -> dict:
    """Return what a model consists of, as MLflow takes it; `folder`: empty, for its code."""
    loader_module = packaging.write_code(folder)
    return {
        "loader_module": loader_module,
        "data_path": str(bundle_folder),
        "code_paths": [str(path) for path in sorted(folder.iterdir())],
        "pip_requirements": list(packaging.requirements),
        "signature": _signature(packaging),
        "input_example": (_example(packaging.input_example), packaging.params_example),
        "metadata": packaging.metadata,
    }


def _example(rows: list[dict]) -> pd.DataFrame:
    """Return rows as a frame with None for what a row does not have: JSON has no NaN."""
    frame = pd.DataFrame(rows, dtype=object)
    return frame.where(frame.notna(), None)


def _signature(packaging: ModelPackaging) -> ModelSignature:
    parts = {name: json.dumps(part) for name, part in packaging.signature.items() if part}
    return ModelSignature.from_dict(parts)
