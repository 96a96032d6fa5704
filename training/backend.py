"""Where training does its work: features derived and boosters fitted by this process, or by others.

`training.distributed.dask_fit.dask_backend` has the backend of a Dask cluster.
"""

from typing import Any

import pandas as pd

from features.derive.catalog import COLUMNS
from features.derive.derive import derive_arrays
from features.derive.queries import Queries
from features.derive.reference import Reference
from features.history.history import History
from models.forecast import Forecaster


class Backend:
    """Derives features and fits boosters in this process; `name` stands in the manifest."""

    name = "one process"

    def derive(self, history: History, queries: Queries, reference: Reference) -> pd.DataFrame:
        """Return the features of queries, (n, len(COLUMNS)) float64 with the names COLUMNS."""
        return pd.DataFrame(derive_arrays(history, queries, reference), columns=list(COLUMNS))

    def forecaster(self, **parameters: Any) -> Forecaster:
        """Return an unfitted forecaster with these parameters."""
        return Forecaster(**parameters)


#: This process: what fits and evaluations use unless they are passed another backend.
LOCAL = Backend()
