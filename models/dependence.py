"""Which derived columns a forecaster's answer depends on: a warning names the values it ignores."""

import numpy as np

from features.derive.catalog import COLUMNS
from models.fitted_forecaster import FittedForecaster


def column_dependence(forecaster: FittedForecaster) -> np.ndarray:
    """Return whether location or scale can change with a derived column, for each platform and
    evidence, (platforms, evidences, len(COLUMNS)).

    Columns with a role (offset, evidence, platform, number and spread of the posts) always count
    and are not marked here. On a platform without training rows no correction counts.
    """
    seen = np.array([COLUMNS.index(name) for name in forecaster.columns_])
    sloped = np.array([name not in forecaster.codes for name in forecaster.columns_])
    in_location, in_scale = (
        booster.split_counts() > 0 for booster in (forecaster.location_, forecaster.scale_)
    )
    depends = np.zeros((forecaster.platforms, forecaster.evidences, len(COLUMNS)), dtype=bool)
    depends[:, :, seen] = in_scale
    trained = np.flatnonzero(forecaster.trained_)
    for code, (linear, boosted) in enumerate(forecaster.correction_):
        in_correction = in_location & (boosted > 0)
        if linear > 0:
            line = forecaster.linear_[code]
            in_correction[sloped] |= np.isfinite(line.scale) & (line.slope != 0)
        depends[np.ix_(trained, np.array([code]), seen)] |= in_correction
    return depends
