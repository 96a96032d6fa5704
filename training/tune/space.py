"""The search space: the keys of a recipe that a search changes, and between which values.

Keys that decide which rows are drawn are left alone: so rows are derived once for all trials.
"""

from dataclasses import dataclass, replace
from typing import Any

import optuna

from training.recipe import Recipe


@dataclass(frozen=True)
class Dimension:
    """One key of a recipe, from `low` to `high`, whole numbers where both are; `log`: small values
    are tried as closely as large ones.
    """

    section: str
    name: str
    low: float
    high: float
    log: bool = False

    @property
    def key(self) -> str:
        """The key as it is written in messages, such as location.leaves."""
        return f"{self.section}.{self.name}" if self.section else self.name

    def suggest(self, trial: optuna.Trial) -> int | float:
        """Return the value that a trial is to try."""
        if isinstance(self.low, int) and isinstance(self.high, int):
            return trial.suggest_int(self.key, self.low, self.high, log=self.log)
        return trial.suggest_float(self.key, self.low, self.high, log=self.log)


SPACE = (
    Dimension("location", "trees", 50, 400, log=True),
    Dimension("location", "leaves", 4, 31, log=True),
    Dimension("location", "learning_rate", 0.02, 0.2, log=True),
    Dimension("location", "min_child", 10, 300, log=True),
    Dimension("location", "subsample", 0.4, 1.0),
    Dimension("location", "colsample", 0.1, 1.0),
    Dimension("location", "lambda_l2", 0.1, 100.0, log=True),
    Dimension("scale", "trees", 20, 200, log=True),
    Dimension("scale", "leaves", 3, 15, log=True),
    Dimension("scale", "learning_rate", 0.02, 0.2, log=True),
    Dimension("sampling", "half_life_days", 60.0, 1500.0, log=True),
    Dimension("sampling", "creator_power", 0.0, 1.0),
    Dimension("", "calibration_half_life_days", 15.0, 365.0, log=True),
    Dimension("", "widen", 0.0, 0.15),
)


def suggest_recipe(trial: optuna.Trial, default: Recipe) -> Recipe:
    """Return the default recipe with the values that a trial is to try."""
    return with_values(default, {part.key: part.suggest(trial) for part in SPACE})


def with_values(default: Recipe, values: dict[str, Any]) -> Recipe:
    """Return the default recipe with values by key (`Dimension.key`) in place of its own."""
    recipe = default
    for key, value in values.items():
        section, _, name = key.rpartition(".")
        if section:
            part = replace(getattr(recipe, section), **{name: value})
            recipe = replace(recipe, **{section: part})
        else:
            recipe = replace(recipe, **{name: value})
    return recipe
