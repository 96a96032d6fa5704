"""The prediction of a fitted LightGBM booster by one call of LightGBM's C API.

`Booster.predict` sets up a predictor of its own at every call, which for a single row takes longer
than the trees; the values are the same.
"""

import ctypes

import lightgbm as lgb
import numpy as np
from lightgbm.basic import _LIB, _safe_call

#: As the C API numbers them: types of values, and the prediction that the objective gives.
_TYPES = {np.dtype(np.float32): 0, np.dtype(np.float64): 1}
_NORMAL, _ROW_MAJOR = 0, 1


def predict_rows(booster: lgb.Booster, matrix: np.ndarray, threads: int) -> np.ndarray:
    """Return the prediction of a booster of a regression objective, (n,).

    `matrix`: (n, columns) of float32 or float64, NaN where unknown; `threads`: 0 takes all cores.
    Raises lightgbm.basic.LightGBMError where the booster has another number of columns.
    """
    rows = np.ascontiguousarray(matrix)
    values = np.empty(len(rows))
    written = ctypes.c_int64()
    _safe_call(
        _LIB.LGBM_BoosterPredictForMat(
            booster._handle,
            ctypes.c_void_p(rows.ctypes.data),
            ctypes.c_int(_TYPES[rows.dtype]),
            ctypes.c_int32(rows.shape[0]),
            ctypes.c_int32(rows.shape[1]),
            ctypes.c_int(_ROW_MAJOR),
            ctypes.c_int(_NORMAL),
            ctypes.c_int(0),
            ctypes.c_int(booster.best_iteration),
            b"num_threads=%d" % threads,
            ctypes.byref(written),
            ctypes.c_void_p(values.ctypes.data),
        )
    )
    return values
