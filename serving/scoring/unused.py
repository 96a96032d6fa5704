"""What a row brings and its forecast does not use: `<column>_not_used`, a warning for each such
value.

The one place that knows which columns of a prospect count. Names (`partnership_id`, `creator_id`,
`platform`) and terms (fee, goal, ...) are no part of it: answers repeat them.
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

#: What columns of a prospect become among the derived ones; a forecast that depends on none of them
#: ignores it. The
#: effect of a topic is 0 where no known post is on it.
_BECOMES = {
    "following": ("following_ratio_log", "authenticity_following_many", "authenticity_score"),
    "posts_count": ("posts_count_log",),
    "created_at": ("account_age_days",),
    "verified": ("verified_flag",),
    "business": ("business_flag",),
    "brand_niche": ("brand_fit",),
    "topic": ("engagements_dev_mean_by_topic",),
    **{name: (f"{name}_planned", f"{name}_planned_by_own_mean") for name in CONTENT_FIELDS},
}
_TOPIC = COLUMNS.index("engagements_dev_mean_by_topic")
#: Of a creator that is looked up, what the row says is used where it is no other than what is
#: known.
_PROFILE = ("followers", "niche", "following", "posts_count", "created_at", "verified", "business")
#: What no forecast learns from.
_NEVER_COUNT = ("language", "country")
#: How near a rate must come to the engagements that a forecast rests on to say the same.
SAME_RATE = 0.02


class DerivedProspects(NamedTuple):
    """Rows as asked and as derived: `looked_up` (n,): those whose creator is known, as of `as_of`,
    microseconds UTC.

    `x`: the derived matrix; `has_views` (n,): rows whose views are forecast; `from_views` (n,):
    rows whose engagements take their level from the views; `averages`: None where no row tells any.
    """

    prospects: ProspectBatch
    looked_up: np.ndarray
    as_of: int
    x: np.ndarray
    has_views: np.ndarray
    from_views: np.ndarray
    averages: RowAverages | None


class UnusedValues:
    """Tells for one bundle which given values its forecasts do not use."""

    def __init__(self, bundle: Bundle):
        self._counted = bundle.reference.platform_posts.part_tables.is_counted
        self._depends = {
            what: column_dependence(forecaster) for what, forecaster in bundle.forecasters.items()
        }

    def warnings(self, rows: DerivedProspects) -> dict[str, np.ndarray]:
        """Say by warning which rows, (n,), bring a value that their forecast does not use."""
        usage = dict(self._usage(rows))
        if rows.averages is not None:
            usage |= _averages_usage(rows)
        partly = {name: uses for name, uses in usage.items() if not uses.all()}
        return {
            f"{name}_not_used": _has_value(rows.prospects, name) & ~uses
            for name, uses in partly.items()
        }

    def _usage(self, rows: DerivedProspects) -> Iterator[tuple[str, np.ndarray]]:
        """Give each column but averages that any row may tell in vain, and the rows (n,) whose
        forecast uses it.
        """
        prospects, x = rows.prospects, rows.x
        columns = {*prospects.numbers, *prospects.codes, *prospects.texts, *prospects.times}
        usage = self._model_usage(rows, tuple(name for name in _BECOMES if name in columns))
        if rows.looked_up.any():
            for name in (name for name in _PROFILE if name in columns):
                usage[name] = usage.get(name, True) & (~rows.looked_up | _agrees(rows, name))
        yield from usage.items()
        for name in _NEVER_COUNT:
            if name in columns:
                yield name, np.zeros(prospects.n, dtype=bool)
        if "handle" in columns:
            yield "handle", np.not_equal(prospects.text("creator_id"), None)
        if "bio" in columns:
            says_niche = ~np.isnan(feature_column(x, "niche_code")) | ~np.isnan(
                feature_column(x, "brand_fit")
            )
            yield (
                "bio",
                ~rows.looked_up & says_niche & (feature_column(x, "niche_declared_flag") == 0),
            )
        for part in EMV_PARTS:
            if (name := f"emv_{part}_usd") in columns:
                yield name, rows.has_views if part == "view" else self._counts(part, x)

    def _model_usage(self, rows: DerivedProspects, names: tuple[str, ...]) -> dict[str, np.ndarray]:
        """Say of each of `names`, which are of _BECOMES, on which rows (n,) a forecast depends on
        what it becomes.
        """
        if not names:
            return {}
        places, starts = _places(names)
        values, depends = rows.x[:, places], self._dependence("engagements", rows.x)[:, places]
        if "views" in self._depends and not depends.all():
            depends = depends | (
                self._dependence("views", rows.x)[:, places] & rows.has_views[:, None]
            )
        uses = depends & ~np.isnan(values) & ((values != 0) | (places != _TOPIC))
        return dict(zip(names, np.logical_or.reduceat(uses, starts, axis=1).T, strict=True))

    def _dependence(self, what: str, x: np.ndarray) -> np.ndarray:
        codes = (
            feature_column(x, name).astype(int)
            for name in ("platform_code", f"{what}_evidence_code")
        )
        return self._depends[what][tuple(codes)]

    def _counts(self, part: str, x: np.ndarray) -> np.ndarray:
        """Say on which rows' platforms, (n,), a part counts as engagement."""
        return self._counted[
            ALL_ENGAGEMENT_PARTS.index(COUNT_OF_PART[part]),
            feature_column(x, "platform_code").astype(int),
        ]


def _averages_usage(rows: DerivedProspects) -> dict[str, np.ndarray]:
    """Say of each average which rows (n,) have a forecast that rests on it, or on engagements that
    say the same.
    """
    x, averages = rows.x, rows.averages
    rests = feature_column(x, "engagements_evidence_code") == SUMMARY
    engagements = averages.summary.engagements
    usage = {name: rests & basis for name, basis in averages.summary.basis.items()}
    if "avg_views" in usage:
        views_count = rows.has_views | rows.from_views
        usage["avg_views"] = usage["avg_views"] | (
            views_count & (feature_column(x, "views_evidence_code") == SUMMARY)
        )
    for name, by_rate in averages.engagements_by_rate.items():
        usage[name] = usage[name] | (
            rests & (np.abs(by_rate - engagements) <= SAME_RATE * engagements)
        )
    return usage


def _agrees(rows: DerivedProspects, name: str) -> np.ndarray:
    """Say whether the profile that a creator is known by says the same, (n,)."""
    prospects, x = rows.prospects, rows.x
    if name == "niche":
        return (prospects.code(name) == feature_column(x, "niche_code")) & (
            feature_column(x, "niche_declared_flag") == 1
        )
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
def _places(names: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Give where what columns become stands among the derived ones, and where each column's own
    begin in that.
    """
    counts = [len(_BECOMES[name]) for name in names]
    places = [COLUMNS.index(feature) for name in names for feature in _BECOMES[name]]
    return np.array(places), np.cumsum([0, *counts[:-1]])


def _has_value(prospects: ProspectBatch, name: str) -> np.ndarray:
    """Say which rows (n,) tell a column."""
    if name in prospects.numbers:
        return ~np.isnan(prospects.numbers[name])
    if name in prospects.codes:
        return ~np.isnan(prospects.codes[name])
    if name in prospects.times:
        return prospects.times[name] != NAT_US
    return np.not_equal(prospects.texts[name], None)
