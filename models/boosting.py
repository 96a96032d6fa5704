"""Settings of a LightGBM booster, and how many of its trees are kept."""

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from models.fit_validation import require_number

#: Share of its least mean error by which a booster may be worse with more trees: more trees serve
#: creators that the training knows, the error is of creators that it does not.
TOLERANCE = 0.003


@dataclass(frozen=True)
class Boosting:
    """Size and learning rate of one booster.

    `trees` of at most `leaves` leaves; `min_child`: rows of a leaf at least; `subsample` and
    `colsample`: shares of the rows and of the columns that a tree sees; `lambda_l2`: penalty on
    leaf values; `patience`: trees without gain after which a fold stops, 0 for never.

    It never changes: `Forecaster.set_params(location__trees=100)` puts a changed copy in its place.
    """

    trees: int
    leaves: int
    learning_rate: float = 0.05
    min_child: int = 50
    subsample: float = 0.7
    colsample: float = 0.25
    lambda_l2: float = 10.0
    patience: int = 0

    def require_usable(self, name: str) -> None:
        """Raise ValueError where a setting cannot be; `name`: the parameter of the estimator."""
        for setting, least in (("trees", 1), ("leaves", 2), ("min_child", 1), ("patience", 0)):
            require_number(getattr(self, setting), f"{name}__{setting}", least, whole=True)
        for setting in ("learning_rate", "subsample", "colsample", "lambda_l2"):
            require_number(getattr(self, setting), f"{name}__{setting}", 0)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the settings by name, as scikit-learn asks for them; `deep` changes nothing."""
        return asdict(self)

    def with_params(self, **settings: Any) -> "Boosting":
        """Return a copy with some settings changed. Raises ValueError for an unknown name."""
        names = list(self.get_params())
        for name in settings:
            if name not in names:
                raise ValueError(
                    f"Invalid parameter {name!r} for Boosting. Valid parameters are: {names!r}."
                )
        return replace(self, **settings)


LOCATION_BOOSTING = Boosting(trees=150, leaves=7, patience=100)
SCALE_BOOSTING = Boosting(trees=50, leaves=7)


def lightgbm_parameters(rows: int, boosting: Boosting, objective: str, seed: int) -> dict[str, Any]:
    """Return LightGBM's parameters for a fit to so many rows, without the number of trees."""
    return {
        "objective": objective,
        "learning_rate": boosting.learning_rate,
        "num_leaves": boosting.leaves,
        "min_data_in_leaf": min(boosting.min_child, max(1, rows // 20)),
        "bagging_fraction": boosting.subsample,
        "bagging_freq": 1,
        "feature_fraction": boosting.colsample,
        "lambda_l2": boosting.lambda_l2,
        "max_bin": 127,
        "seed": seed,
        "deterministic": True,
        "force_col_wise": True,  # a tree sees few of the columns; rows would be copied for it
        "verbosity": -1,
        "feature_pre_filter": False,
    }


def choose_tree_count(curves: list[list[float]]) -> int:
    """Return the largest number of trees whose mean error lies within TOLERANCE of the least.

    `curves`: for each fold the error after 1, 2, ... trees, on the rows that were left out.

    >>> choose_tree_count([[1.0, 0.5, 0.9], [1.0, 0.5, 0.5, 0.5]])
    2
    """
    shortest = min(len(curve) for curve in curves)
    error = np.mean([curve[:shortest] for curve in curves], axis=0)
    good = np.flatnonzero(error <= error.min() * (1 + TOLERANCE))
    return int(good[-1]) + 1
