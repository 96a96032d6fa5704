"""A fitted forecaster as JSON values, and back. Its boosters are kept as text beside them.

What the values must be is checked by models.forecaster_schema before they are read here.
"""

from typing import TYPE_CHECKING, Any

import numpy as np

from models.column_positions import ColumnName
from models.conformal import ConformalTables
from models.linear import LinearCorrection
from models.totals import TotalsTables

if TYPE_CHECKING:
    from models.fitted_forecaster import FittedForecaster

#: Parameters of the forecaster that a bundle keeps: plain ones, and lists.
PLAIN_PARAMETERS = ("offset", "evidence", "evidences", "platform", "platforms", "posts", "mad")
LIST_PARAMETERS = ("centred", "leave_out", "codes")


def forecaster_state(forecaster: "FittedForecaster", names: list[ColumnName]) -> dict[str, Any]:
    """Return the state of a fitted forecaster as JSON values; `names`: the columns of its X."""
    plain = {name: getattr(forecaster, name) for name in PLAIN_PARAMETERS}
    lists = {name: list(getattr(forecaster, name)) for name in LIST_PARAMETERS}
    tables = vars(forecaster.conformal_)
    return {
        **plain,
        **lists,
        "linear": [line.state() for line in forecaster.linear_],
        "features": names,
        "median": forecaster.median_,
        "correction": forecaster.correction_.tolist(),
        "trained": forecaster.trained_.tolist(),
        "conformal": {name: values.tolist() for name, values in tables.items()},
        "correlation": forecaster.correlation_.tolist(),
        "totals": forecaster.totals_.quantiles.tolist(),
        "log_mean": forecaster.totals_.log_mean.tolist(),
    }


def attributes_of_state(state: dict[str, Any]) -> dict[str, Any]:
    """Return the attributes of the forecaster that had the state, by name; without boosters."""
    names = state["features"]
    named = all(isinstance(name, str) for name in names)
    correlation = np.array(state["correlation"])
    tables = {name: np.array(values) for name, values in state["conformal"].items()}
    totals = np.array(state["totals"])
    log_mean = np.array(state["log_mean"])
    return {
        **{name: state[name] for name in PLAIN_PARAMETERS},
        **{name: tuple(state[name]) for name in LIST_PARAMETERS},
        **({"feature_names_in_": np.array(names, dtype=object)} if named else {}),
        "n_features_in_": len(names),
        "median_": state["median"],
        "correction_": np.array(state["correction"]),
        "linear_": [LinearCorrection.from_state(line) for line in state["linear"]],
        "trained_": np.array(state["trained"]),
        "conformal_": ConformalTables(**tables),
        "correlation_": correlation,
        "totals_": TotalsTables(correlation, totals, log_mean),
    }
