"""A bundle as a model of the current MLflow run.

Importing mlflow takes seconds, so callers import this module lazily.
"""

import json
import tempfile
import warnings
from pathlib import Path

import mlflow
from mlflow.models import ModelSignature

from models.model_packaging import ModelPackaging
from training.artifacts import TrainingResult


def log_model(trained: TrainingResult, packaging: ModelPackaging) -> str:
    """Log the bundle as a model of the run that is open; return its address."""
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.filterwarnings(
            "ignore", message=".*input example"
        )  # nothing is inferred, as there is a signature
        loader_module = packaging.write_code(Path(folder))
        return mlflow.pyfunc.log_model(
            name="model",
            loader_module=loader_module,
            data_path=str(trained.folder),
            code_paths=[str(path) for path in sorted(Path(folder).iterdir())],
            pip_requirements=list(packaging.requirements),
            signature=model_signature(packaging),
            metadata=packaging.metadata,
        ).model_uri


def model_signature(packaging: ModelPackaging) -> ModelSignature:
    """Return the signature as MLflow has it."""
    parts = {name: json.dumps(part) for name, part in packaging.signature.items() if part}
    return ModelSignature.from_dict(parts)
