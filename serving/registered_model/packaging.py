"""What is logged with a bundle, so that MLflow can load it and ask it."""

import shutil
from importlib.metadata import version
from pathlib import Path

import features
import models
from features.derive.catalog import COLUMNS
from features.derive.version import FEATURES_VERSION
from models.distribution import QUANTILES
from models.model_packaging import ModelPackaging

#: Packages that a logged model needs to be loaded and to predict.
PREDICTS_WITH = ("lightgbm", "numpy", "orjson", "pandas", "pydantic", "scikit-learn", "scipy")


def model_packaging() -> ModelPackaging:
    """Return how a bundle is logged by this version of the code."""
    return ModelPackaging(
        _write_code,
        {
            "inputs": [_double(name) for name in COLUMNS],
            "outputs": [_double(f"engagements_{name}") for name in QUANTILES],
            "params": [],
        },
        tuple(f"{name}=={version(name)}" for name in PREDICTS_WITH),
        metadata={"features_version": FEATURES_VERSION},
    )


def _double(name: str) -> dict:
    return {"type": "double", "name": name, "required": True}


def _write_code(folder: Path) -> str:
    for package in (features, models):
        source = Path(next(iter(package.__path__)))
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(source, folder / source.name, ignore=ignored)
    return "models.pyfunc"
