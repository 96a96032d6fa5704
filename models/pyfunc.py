"""The bundle as an MLflow pyfunc: derived columns in, quantiles of one deliverable's engagements
out.

MLflow calls `_load_pyfunc` with the bundle's folder; nothing here imports mlflow.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from features.derive.catalog import COLUMNS
from models.bundle import Bundle, load_bundle
from models.distribution import QUANTILES
from models.joint import joint_forecast


class BundleModel:
    """Predicts from the columns that `features.derive.derive.derive` gives."""

    def __init__(self, bundle: Bundle):
        self.bundle = bundle

    def predict(self, model_input: pd.DataFrame, params: dict | None = None) -> pd.DataFrame:
        """Return engagements_p05 to engagements_p95 of one deliverable for each row of
        `model_input`, derived columns.
        """
        x = model_input[list(COLUMNS)].astype("float64")
        one = np.ones(len(model_input))
        joint = joint_forecast(self.bundle.forecasters, self.bundle.reference, x, one)
        names = [f"engagements_{name}" for name in QUANTILES]
        return pd.DataFrame(
            joint.engagements.quantile(list(QUANTILES.values())),
            columns=names,
            index=model_input.index,
        )


def _load_pyfunc(path: str) -> BundleModel:
    return BundleModel(load_bundle(Path(path)))
