"""The module that MLflow loads: `_load_pyfunc` gets the folder of a bundle.

It is imported from the package that `serving.registered_model.code_package` makes.
"""

from pathlib import Path

import pandas as pd

from features.errors import CreatorcastError
from models.bundle import load_bundle
from serving.registered_model.model import PartnershipModel


class LoadedModel:
    """The model as MLflow asks it: what a caller can correct is told as an error of MLflow, which
    its server passes on in words.
    """

    def __init__(self, model: PartnershipModel):
        self._model = model

    def predict(self, model_input: pd.DataFrame, params: dict | None = None) -> pd.DataFrame:
        """Return what `PartnershipModel.predict` does.

        Raises mlflow.exceptions.MlflowException, INVALID_PARAMETER_VALUE.
        """
        try:
            return self._model.predict(model_input, params)
        except CreatorcastError as error:
            from mlflow.exceptions import MlflowException

            raise MlflowException.invalid_parameter_value(str(error)) from error


def _load_pyfunc(path: str) -> LoadedModel:
    return LoadedModel(PartnershipModel(load_bundle(Path(path))))
