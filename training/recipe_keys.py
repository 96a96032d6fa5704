"""Every key of a recipe file: where it stands, what it may be, and what it means."""

import textwrap
from dataclasses import dataclass
from math import isfinite
from typing import Any

from training.recipe import FEATURE_GROUPS

#: Sections of the file and what they are about; the keys of "" stand at the top.
SECTIONS = {
    "": "",
    "sampling": "training rows: how posts become questions, and what they weigh",
    "location": "the booster of the location",
    "scale": "the booster of the scale (the width of the intervals)",
}
#: Columns of a comment.
COMMENT_WIDTH = 96


@dataclass(frozen=True)
class RecipeKey:
    """A key: `kind` is its type, `low` and `high` the numbers allowed, both included; `above`: the
    number that it must be above.
    """

    section: str
    name: str
    kind: type
    comment: str
    low: float | None = None
    high: float | None = None
    above: float | None = None

    def comment_lines(self) -> list[str]:
        """Return what it means and what is allowed, as lines of a comment."""
        text = self.comment if self.low is self.high is None else f"{self.comment} ({self.range()})"
        return textwrap.wrap(text, COMMENT_WIDTH)

    def range(self) -> str:
        """Return the numbers allowed, as text."""
        if self.above is not None:
            return f"above {self.above:,}, up to {self.high:,}"
        return f"{self.low:,} to {self.high:,}"

    def fault(self, value: Any) -> str | None:
        """Return what is wrong with a value, and what is allowed; None where it may be used."""
        expected = self._expected()
        if not self._has_kind(value):
            return f"is {_shown(value)}: expected {expected}"
        if self.kind in (int, float):
            low = self.low if self.above is None else self.above
            is_low = low is not None and (value <= low if self.above is not None else value < low)
            if not isfinite(value) or is_low or (self.high is not None and value > self.high):
                return f"is {_shown(value)}: expected {expected}"
        return None

    def _has_kind(self, value: Any) -> bool:
        if self.kind is float:
            return isinstance(value, int | float) and not isinstance(value, bool)
        return type(value) is self.kind

    def _expected(self) -> str:
        names = {int: "a whole number", float: "a number", bool: "true or false", list: "a list"}
        if self.kind not in (int, float):
            return names[self.kind]
        return f"{names[self.kind]}{' from' if self.above is None else ''} {self.range()}"


def _shown(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else repr(value)


def _booster_keys(section: str) -> list[RecipeKey]:
    patience = (
        "trees without gain after which a fold stops; the folds then decide how many trees are "
        "kept; 0: all trees"
    )
    # fmt: off
    keys = [
        ("trees", int, "trees, at most where patience is above 0", 1, 20_000),
        ("leaves", int, "leaves of a tree, at most", 2, 1024),
        ("min_child", int, "rows of a leaf, at least", 1, 100_000),
        ("lambda_l2", float, "penalty on the squared values of leaves", 0, 1_000_000),
        ("patience", int, patience, 0, 10_000),
    ]
    shares = [
        ("learning_rate", "share of each tree that is added", 1),
        ("subsample", "share of the rows that a tree sees", 1),
        ("colsample", "share of the columns that a tree sees", 1),
    ]
    # fmt: on
    if section == "scale":
        keys = [key for key in keys if key[0] != "patience"]
    return [
        *(RecipeKey(section, name, kind, text, low, high) for name, kind, text, low, high in keys),
        *(RecipeKey(section, name, float, text, high=high, above=0) for name, text, high in shares),
    ]


_LEFT_OUT = (
    "columns of docs/columns.md that the corrections of the offset do not see, or groups of them: "
    f"{', '.join(FEATURE_GROUPS)}"
)
# fmt: off
KEYS = (
    RecipeKey("", "targets", list,
        'what is forecast: ["engagements", "views"], or ["engagements"] alone'),
    RecipeKey("", "horizon_days", int,
        "days after posting to which counts are brought, and for which they are forecast", 1, 90),
    RecipeKey("", "brings_counts", bool,
        "whether counts are brought from their age at reading to the horizon; else they stay as "
        "they were read"),
    RecipeKey("", "folds", int,
        "parts of the creators, each left out once, that decide trees and corrections", 2, 50),
    RecipeKey("", "calibration_share", float,
        "share of the last posts that lie after the backtest's cut, and calibrate", 0.02, 0.5),
    RecipeKey("", "calibration_half_life_days", float,
        "age at which a post has half of its weight in the calibration", high=36500, above=0),
    RecipeKey("", "creator_parts", int,
        "the backtest leaves out one of so many parts of the creators at each cut", 2, 50),
    RecipeKey("", "widen", float,
        "share by which intervals are widened, besides the widening for few creators", 0, 2),
    RecipeKey("", "left_out", list, _LEFT_OUT),
    RecipeKey("", "seed", int,
        "of sampling, folds, boosters and creators left out", 0, 2**31 - 1),
    RecipeKey("", "threads", int,
        "of LightGBM in one fit; 0: one, and fits side by side; the model is the same", 0, 1024),
    RecipeKey("sampling", "longest_lead_days", float,
        "how far ahead of a post it is asked about", 1, 365),
    RecipeKey("sampling", "per_post", int, "moments from which each post is asked about", 1, 20),
    RecipeKey("sampling", "summary_share", float,
        "share of the rows that show the averages of the posts only", 0, 0.9),
    RecipeKey("sampling", "profile_share", float,
        "share of the rows that show no posts", 0, 0.9),
    RecipeKey("sampling", "content_share", float,
        "share of the rows that show the planned content", 0, 1),
    RecipeKey("sampling", "creator_power", float,
        "0: a creator weighs as its posts do; 1: all creators weigh the same", 0, 1),
    RecipeKey("sampling", "half_life_days", float,
        "age at which a post has half of its weight in training", high=36500, above=0),
    *_booster_keys("location"),
    *_booster_keys("scale"),
)
# fmt: on
