"""Forecasters that learned nothing: the location is the offset, the widths are measured ones."""

import numpy as np

from features.derive.catalog import COLUMNS, LEARNED_COLUMNS
from features.tables.vocabulary import EVIDENCE, PLATFORMS
from models.booster_text import constant_booster
from models.conformal import ConformalTables
from models.fitted_forecaster import FittedForecaster
from models.forecaster_columns import forecaster_columns
from models.linear import LinearCorrection
from models.starter.widths import starter_width
from models.totals import TotalsTables

#: Draws behind the tables of totals: the starter is made anew in every process, and the standard
#: error of 0.02 scale units that they leave lies far inside of what its widths rest on.
DRAWS = 2048


def starter_forecaster(target: str) -> FittedForecaster:
    """Return the fitted forecaster of a target."""
    conformal, correlation = _tables(target)
    totals = TotalsTables.fit(conformal, correlation, draws=DRAWS)
    slopes = len([name for name in LEARNED_COLUMNS if not name.endswith("_code")])
    zeros = np.zeros(slopes)
    none = LinearCorrection(zeros, zeros, zeros, np.full(slopes, np.inf), zeros, 0.0)
    state = {
        **forecaster_columns(target),
        "features": list(COLUMNS),
        "linear": [none.state()] * len(EVIDENCE),
        "median": 0.0,
        "correction": np.zeros((len(EVIDENCE), 2)),
        "trained": np.zeros(len(PLATFORMS), dtype=int),
        "conformal": vars(conformal),
        "correlation": correlation,
        "totals": totals.quantiles,
        "log_mean": totals.log_mean,
    }
    zero = constant_booster(len(LEARNED_COLUMNS))
    return FittedForecaster.from_state(state, zero, zero)


def _tables(target: str) -> tuple[ConformalTables, np.ndarray]:
    """Return the conformal tables, one for each platform and evidence, and their correlations."""
    widths = [
        starter_width(platform, target, evidence) for platform in PLATFORMS for evidence in EVIDENCE
    ]
    shape = len(PLATFORMS), len(EVIDENCE)
    conformal = ConformalTables(
        z=np.array([width.z for width in widths]),
        ceiling=np.array([width.ceiling for width in widths]),
        place=np.arange(len(widths)).reshape(shape),
        n=np.zeros(shape, dtype=int),
    )
    return conformal, np.array([width.correlation for width in widths])
