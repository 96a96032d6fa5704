"""Which derived columns a forecaster's answer depends on, so that what it ignores can be told."""

import numpy as np

from features.derive.catalog import COLUMNS
from models.forecast import Forecaster


def column_dependence(forecaster: Forecaster) -> np.ndarray:
    """Say of each platform, evidence and derived column whether location or scale can change with
    it.

    Shape (platforms, evidences, len(COLUMNS)). Columns with a role of their own (offset, evidence,
    platform, number and spread of the posts) are no part of it: those always count. On a platform
    without training rows no correction does.
    """
    seen = np.array([COLUMNS.index(name) for name in forecaster.columns_])
    sloped = np.array([name not in forecaster.codes for name in forecaster.columns_])
    in_location, in_scale = (
        booster.feature_importance("split") > 0
        for booster in (forecaster.location_, forecaster.scale_)
    )
    depends = np.zeros((forecaster.platforms, forecaster.evidences, len(COLUMNS)), dtype=bool)
    depends[:, :, seen] = in_scale
    trained = np.flatnonzero(forecaster.trained_)
    for code, (linear, boosted) in enumerate(forecaster.correction_):
        own = in_location & (boosted > 0)
        if linear > 0:
            line = forecaster.linear_[code]
            own[sloped] |= np.isfinite(line.scale) & (line.slope != 0)
        depends[np.ix_(trained, [code], seen)] |= own
    return depends
