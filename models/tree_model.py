"""Trees that LightGBM fitted, evaluated by its C library alone.

The package `lightgbm` is for fits: it imports scikit-learn, which takes longer than all that a
forecast needs. The calls: https://lightgbm.readthedocs.io/en/latest/C-API.html
"""

import ctypes
import json
import weakref
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from features.errors import CreatorcastError

#: As the C API numbers them: types of values, and what is asked of a matrix or of a column.
_TYPES = {np.dtype(np.float32): 0, np.dtype(np.float64): 1}
_NORMAL, _CONTRIBUTIONS = 0, 3
_SPLITS, _GAIN = 0, 1
_ROW_MAJOR, _ALL_TREES = 1, -1


class TreeModelError(CreatorcastError):
    """LightGBM cannot read the text, or cannot evaluate the rows; the message is its own."""


class TreeModel:
    """The trees of one booster of a regression objective.

    Parameters
    ----------
    text : as LightGBM writes a booster (`model_to_string`); models.booster_text.check_booster says
        whether it is sound, which is not asked here

    Attributes
    ----------
    columns, trees : their numbers
    """

    def __init__(self, text: str):
        self.text = text
        self._handle = ctypes.c_void_p()
        trees, columns = ctypes.c_int(), ctypes.c_int()
        _call(
            "LoadModelFromString",
            ctypes.c_char_p(text.encode()),
            ctypes.byref(trees),
            ctypes.byref(self._handle),
        )
        weakref.finalize(self, _library().LGBM_BoosterFree, self._handle).atexit = False
        _call("GetNumFeature", self._handle, ctypes.byref(columns))
        self.columns, self.trees = columns.value, trees.value

    def __reduce__(self) -> tuple:
        return TreeModel, (self.text,)

    def predict(self, matrix: np.ndarray, threads: int) -> np.ndarray:
        """Return the sum of the trees for each row, (n,).

        `matrix`: (n, columns) of float32 or float64, NaN where unknown; `threads`: 0 takes all
        cores. Raises TreeModelError for another number of columns.
        """
        return self._evaluate(matrix, threads, _NORMAL, 1)[:, 0]

    def contributions(self, matrix: np.ndarray, threads: int) -> np.ndarray:
        """Return the TreeSHAP value of each column and last the expected value, which add up to
        `predict`, (n, columns + 1).
        """
        return self._evaluate(matrix, threads, _CONTRIBUTIONS, self.columns + 1)

    def split_counts(self) -> np.ndarray:
        """Return how many splits each column has, (columns,)."""
        return self._importance(_SPLITS)

    def gains(self) -> np.ndarray:
        """Return the gain of all splits of each column, (columns,)."""
        return self._importance(_GAIN)

    def dump(self) -> dict:
        """Return the trees as JSON values, with their splits as nested objects."""
        size = ctypes.c_int64(0)
        for _ in range(2):  # the first call tells the size of the text
            buffer = ctypes.create_string_buffer(size.value)
            _call(
                "DumpModel",
                self._handle,
                ctypes.c_int(0),
                ctypes.c_int(_ALL_TREES),
                ctypes.c_int(_SPLITS),
                size,
                ctypes.byref(size),
                buffer,
            )
        return json.loads(buffer.value)

    def _evaluate(self, matrix: np.ndarray, threads: int, kind: int, width: int) -> np.ndarray:
        rows = np.ascontiguousarray(matrix)
        if rows.shape[1:] != (self.columns,):
            raise TreeModelError(f"a matrix of {rows.shape} for trees on {self.columns} columns")
        values = np.empty((len(rows), width))
        written = ctypes.c_int64()
        _call(
            "PredictForMat",
            self._handle,
            ctypes.c_void_p(rows.ctypes.data),
            ctypes.c_int(_TYPES[rows.dtype]),
            ctypes.c_int32(rows.shape[0]),
            ctypes.c_int32(rows.shape[1]),
            ctypes.c_int(_ROW_MAJOR),
            ctypes.c_int(kind),
            ctypes.c_int(0),
            ctypes.c_int(_ALL_TREES),
            b"num_threads=%d" % threads,
            ctypes.byref(written),
            ctypes.c_void_p(values.ctypes.data),
        )
        return values

    def _importance(self, kind: int) -> np.ndarray:
        values = np.empty(self.columns)
        _call(
            "FeatureImportance",
            self._handle,
            ctypes.c_int(_ALL_TREES),
            ctypes.c_int(kind),
            ctypes.c_void_p(values.ctypes.data),
        )
        return values


@cache
def _library() -> ctypes.CDLL:
    """Return the library that the package `lightgbm` holds, which is not imported."""
    package = find_spec("lightgbm")
    if package is None or package.origin is None:
        raise ImportError("lightgbm is not installed", name="lightgbm")
    folder = Path(package.origin).parent
    library = ctypes.CDLL(str(next(folder.glob("*/lib_lightgbm.*"))))
    library.LGBM_GetLastError.restype = ctypes.c_char_p
    return library


def _call(name: str, *arguments: object) -> None:
    """Call LGBM_Booster`name`. Raises TreeModelError where LightGBM reports an error."""
    library = _library()
    if library[f"LGBM_Booster{name}"](*arguments) != 0:
        raise TreeModelError(library.LGBM_GetLastError().decode())
