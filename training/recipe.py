"""The recipe: everything that decides a fit, beside the data."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from features.derive.catalog import COLUMNS, LEARNED_COLUMNS
from features.tables.vocabulary import HORIZON_DAYS, TARGETS
from models.boosting import LOCATION_BOOSTING, SCALE_BOOSTING, Boosting
from models.forecaster_columns import forecaster_columns
from training.sampling import Sampling

#: Groups of learned columns that a recipe may leave out by one name, and how their columns begin.
FEATURE_GROUPS = {
    "authenticity": ("authenticity_",),
    "brand": ("brand_", "sponsored_"),
    "cadence": ("posts_gap_", "last_post_", "start_gap_", "posts_count_30d"),
    "content": ("caption_words_", "hashtags_count_", "mentions_count_", "has_location_"),
    "format": ("format_", "engagements_dev_mean_by_format"),
    "niche": ("niche_", "brand_fit"),
    "profile": (
        *("followers_growth_", "following_", "posts_count_log", "account_age_"),
        *("verified_", "business_"),
    ),
    "similar_posts": ("engagements_dev_similar", "engagements_dev_mean_by_topic"),
    "timing": ("start_weekday", "start_hour", "lead_days"),
    "views": ("views_",),
}
#: Parameters of a forecaster that name columns which the forecast rests on itself.
ROLES = ("offset", "evidence", "platform", "posts", "mad")


@dataclass(frozen=True)
class Recipe:
    """Everything that decides a fit, beside the data.

    - `targets`: what is forecast, of TARGETS, engagements first
    - `horizon_days`: days after posting at which outcomes are judged
    - `brings_counts`: whether counts are brought from their age at reading to the horizon; else
      they stay as they were read
    - `folds`: parts of the creators, each left out once, that decide trees and shares
    - `calibration_share`: share of the last posts that lie after the backtest's last cut
    - `calibration_half_life_days`: age at which a later post has half of its weight in the
      conformal tables
    - `creator_parts`: the backtest leaves out one of so many parts of the creators at each cut
    - `left_out`: columns, or groups of FEATURE_GROUPS, that the corrections do not see
    - `threads`: of LightGBM in one fit, 0 for one thread and fits side by side; the result is the
      same whatever it is
    """

    sampling: Sampling = field(default_factory=Sampling)
    location: Boosting = LOCATION_BOOSTING
    scale: Boosting = SCALE_BOOSTING
    targets: tuple[str, ...] = TARGETS
    folds: int = 3
    calibration_share: float = 0.2
    calibration_half_life_days: float = 60.0
    creator_parts: int = 5
    widen: float = 0.05
    horizon_days: int = HORIZON_DAYS
    brings_counts: bool = True
    left_out: tuple[str, ...] = ()
    seed: int = 0
    threads: int = 0

    def parameters(self) -> dict[str, Any]:
        """Return all that decides the result, as plain values; `threads` does not."""
        values = asdict(self)
        del values["threads"]
        return values

    @classmethod
    def from_parameters(cls, values: Mapping[str, Any]) -> "Recipe":
        """Return the recipe that gave `parameters`; what they lack has its default.

        Raises KeyError or TypeError for what is no recipe of this code.
        """
        kinds = {"sampling": Sampling, "location": Boosting, "scale": Boosting}
        parts = {name: kind(**values[name]) for name, kind in kinds.items()}
        lists = {name: tuple(values[name]) for name in ("targets", "left_out") if name in values}
        return cls(**{**values, **parts, **lists})

    def left_out_columns(self) -> tuple[str, ...]:
        """Return the columns that `left_out` stands for, in the order of the catalog."""
        left_out = {column for name in self.left_out for column in columns_of_group(name)}
        return tuple(name for name in COLUMNS if name in left_out)


def columns_of_group(name: str) -> tuple[str, ...]:
    """Return the learned columns of a group that may be left out; a column alone is its own group.

    >>> columns_of_group("timing")
    ('lead_days', 'start_weekday', 'start_hour')
    """
    if name not in FEATURE_GROUPS:
        return (name,)
    needed = needed_columns()
    return tuple(
        column
        for column in LEARNED_COLUMNS
        if column.startswith(FEATURE_GROUPS[name]) and column not in needed
    )


def needed_columns() -> set[str]:
    """Return the columns that no recipe can leave out: the forecast itself rests on them."""
    return {forecaster_columns(target)[role] for target in TARGETS for role in ROLES}
