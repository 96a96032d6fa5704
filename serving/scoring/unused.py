"""Values of a row that its forecast does not use: a warning `<column>_not_used` for each.

This is the one place that knows which columns of a prospect count. Names (`partnership_id`,
`creator_id`, `platform`) and terms (fee, goal, ...) are no part of it: answers repeat them.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from features.derive.catalog import COLUMNS, feature_column
from features.derive.level_offset import SUMMARY
from features.history.arrays import DAY_US, NAT_US
from features.history.post_readings import CONTENT_FIELDS
from features.tables.schema import EMV_PARTS
from features.tables.vocabulary import ALL_ENGAGEMENT_PARTS
from models.bundle import Bundle
from models.dependence import column_dependence
from models.emv import COUNT_OF_PART
from serving.scoring.averages import RowAverages
from serving.scoring.prospect_batch import ProspectBatch

#: The features that a column of a prospect is derived to; a forecast that depends on none of them
#: does not use the column.
_FEATURES_OF_COLUMN = {
    "following": ("following_ratio_log", "authenticity_following_many", "authenticity_score"),
    "posts_count": ("posts_count_log",),
    "created_at": ("account_age_days",),
    "verified": ("verified_flag",),
    "business": ("business_flag",),
    "brand_niche": ("brand_fit",),
    "topic": ("engagements_dev_mean_by_topic",),
    **{name: (f"{name}_planned", f"{name}_planned_by_own_mean") for name in CONTENT_FIELDS},
}
#: It is 0 where no known post is on the topic.
_TOPIC = COLUMNS.index("engagements_dev_mean_by_topic")
#: For a known creator, the row's value counts as used where it equals the known one.
_PROFILE_COLUMNS = (
    "followers",
    "niche",
    "following",
    "posts_count",
    "created_at",
    "verified",
    "business",
)
#: Columns that no forecast learns from.
_NEVER_USED = ("language", "country")
#: Relative difference up to which a rate agrees with the engagements that a forecast rests on.
SAME_RATE = 0.02


class DerivedProspects(NamedTuple):
    """Rows as requested and as derived.

    `is_known` (n,): rows whose creator is known, as of `as_of`, microseconds UTC; `x`: the derived
    matrix; `has_views` (n,): rows whose views are forecast; `from_views` (n,): rows whose
    engagements take their level from the views; `averages`: None where no row has any.
    """

    prospects: ProspectBatch
    is_known: np.ndarray
    as_of: int
    x: np.ndarray
    has_views: np.ndarray
    from_views: np.ndarray
    averages: RowAverages | None


class UnusedValues:
    """Finds the values of rows that the forecasts of one bundle do not use."""

    def __init__(self, bundle: Bundle):
        self._is_counted = bundle.reference.platform_posts.part_tables.is_counted
        self._depends = {
            target: column_dependence(forecaster)
            for target, forecaster in bundle.forecasters.items()
        }

    def warnings(self, rows: DerivedProspects) -> dict[str, np.ndarray]:
        """Return by warning the rows, (n,), with a value that their forecast does not use."""
        usage = dict(self._usage(rows))
        if rows.averages is not None:
            usage |= _averages_usage(rows, rows.averages)
        flags = {}
        for name, is_used in usage.items():
            if not is_used.all():
                flags[f"{name}_not_used"] = _has_value(rows.prospects, name) & ~is_used
        return flags

    def _usage(self, rows: DerivedProspects) -> Iterator[tuple[str, np.ndarray]]:
        """Yield each column but averages, and the rows (n,) whose forecast uses it."""
        prospects, x = rows.prospects, rows.x
        columns = {*prospects.numbers, *prospects.codes, *prospects.texts, *prospects.times}
        usage = self._model_usage(
            rows, tuple(name for name in _FEATURES_OF_COLUMN if name in columns)
        )
        if rows.is_known.any():
            for name in _PROFILE_COLUMNS:
                if name in columns:
                    usage[name] = usage.get(name, True) & (~rows.is_known | _agrees(rows, name))
        yield from usage.items()
        for name in _NEVER_USED:
            if name in columns:
                yield name, np.zeros(prospects.n, dtype=bool)
        if "handle" in columns:
            yield "handle", _is_given(prospects.text("creator_id"))
        if "bio" in columns:
            has_niche = ~np.isnan(feature_column(x, "niche_code"))
            has_brand_fit = ~np.isnan(feature_column(x, "brand_fit"))
            is_inferred = feature_column(x, "niche_declared_flag") == 0
            yield "bio", ~rows.is_known & (has_niche | has_brand_fit) & is_inferred
        for part in EMV_PARTS:
            if (name := f"emv_{part}_usd") in columns:
                yield name, rows.has_views if part == "view" else self._is_part_counted(part, x)

    def _model_usage(self, rows: DerivedProspects, names: tuple[str, ...]) -> dict[str, np.ndarray]:
        """Return the rows (n,) whose forecast depends on a feature of each column.

        `names` are of _FEATURES_OF_COLUMN.
        """
        if not names:
            return {}
        positions, starts = _feature_positions(names)
        values = rows.x[:, positions]
        depends = self._dependence("engagements", rows.x)[:, positions]
        if "views" in self._depends and not depends.all():
            views_depend = self._dependence("views", rows.x)[:, positions]
            depends = depends | (views_depend & rows.has_views[:, None])
        is_used = depends & ~np.isnan(values) & ((values != 0) | (positions != _TOPIC))
        is_column_used = np.logical_or.reduceat(is_used, starts, axis=1)
        return dict(zip(names, is_column_used.T, strict=True))

    def _dependence(self, target: str, x: np.ndarray) -> np.ndarray:
        """Return on which features each row's forecast of a target depends, (n, len(COLUMNS))."""
        platform = feature_column(x, "platform_code").astype(int)
        evidence = feature_column(x, f"{target}_evidence_code").astype(int)
        return self._depends[target][platform, evidence]

    def _is_part_counted(self, part: str, x: np.ndarray) -> np.ndarray:
        """Return on the platforms of which rows, (n,), a part counts as engagement."""
        position = ALL_ENGAGEMENT_PARTS.index(COUNT_OF_PART[part])
        return self._is_counted[position, feature_column(x, "platform_code").astype(int)]


def _averages_usage(rows: DerivedProspects, averages: RowAverages) -> dict[str, np.ndarray]:
    """Return for each average the rows (n,) whose forecast rests on it.

    A rate that agrees with the engagements that a forecast rests on counts as used.
    """
    x = rows.x
    uses_averages = feature_column(x, "engagements_evidence_code") == SUMMARY
    engagements = averages.summary.engagements
    usage = {name: uses_averages & basis for name, basis in averages.summary.basis.items()}
    if "avg_views" in usage:
        views_count = rows.has_views | rows.from_views
        by_averages = feature_column(x, "views_evidence_code") == SUMMARY
        usage["avg_views"] = usage["avg_views"] | (views_count & by_averages)
    for name, by_rate in averages.engagements_by_rate.items():
        agrees = np.abs(by_rate - engagements) <= SAME_RATE * engagements
        usage[name] = usage[name] | (uses_averages & agrees)
    return usage


def _agrees(rows: DerivedProspects, name: str) -> np.ndarray:
    """Return which rows (n,) have the value of the profile that their creator is known by."""
    prospects, x = rows.prospects, rows.x
    if name == "niche":
        is_declared = feature_column(x, "niche_declared_flag") == 1
        return (prospects.code(name) == feature_column(x, "niche_code")) & is_declared
    if name == "created_at":
        value, feature = (rows.as_of - prospects.time(name)) / DAY_US, "account_age_days"
    elif name in ("verified", "business"):
        value, feature = prospects.number(name), f"{name}_flag"
    else:
        value, feature = np.log1p(prospects.number(name)), f"{name}_log"
    if name == "following":
        value, feature = value - feature_column(x, "followers_log"), "following_ratio_log"
    return np.isclose(value, feature_column(x, feature), rtol=1e-9, atol=1e-6)


@lru_cache(maxsize=256)
def _feature_positions(names: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Return the positions (m,) of the features of columns, and the start of each column."""
    counts = [len(_FEATURES_OF_COLUMN[name]) for name in names]
    features = [feature for name in names for feature in _FEATURES_OF_COLUMN[name]]
    positions = np.array([COLUMNS.index(feature) for feature in features])
    return positions, np.cumsum([0, *counts[:-1]])


def _has_value(prospects: ProspectBatch, name: str) -> np.ndarray:
    """Return which rows (n,) have a value of a column."""
    if name in prospects.numbers:
        return ~np.isnan(prospects.numbers[name])
    if name in prospects.codes:
        return ~np.isnan(prospects.codes[name])
    if name in prospects.times:
        return prospects.times[name] != NAT_US
    return _is_given(prospects.texts[name])


def _is_given(texts: np.ndarray) -> np.ndarray:
    return np.array([text is not None for text in texts.tolist()], dtype=bool)
