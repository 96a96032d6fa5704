"""What a row brings and its forecast does not use: `<column>_not_used`, a warning for each such value.

The one place that knows which columns of a prospect count. Names (`partnership_id`, `creator_id`, `platform`) and terms
(fee, goal, ...) are no part of it: answers repeat them.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from features.columns import COLUMNS
from features.history import ALWAYS, CONTENT, DAY_US
from features.schema import EMV_PARTS
from features.state import SUMMARY
from features.vocabulary import COUNTED_PARTS
from models.bundle import Bundle
from models.dependence import depends_on
from models.emv import COUNTS
from models.inputs import column
from serving.asked import Asked
from serving.averages import RowAverages

#: What columns of a prospect become among the derived ones; a forecast that depends on none of them ignores it. The
#: effect of a topic is 0 where no known post is on it.
_BECOMES = {
    "following": ("following_ratio_log", "authenticity_following_many", "authenticity_score"),
    "posts_count": ("posts_count_log",),
    "created_at": ("account_age_days",),
    "verified": ("verified_flag",),
    "business": ("business_flag",),
    "brand_niche": ("brand_fit",),
    "topic": ("engagements_dev_mean_by_topic",),
    **{name: (f"{name}_planned", f"{name}_planned_by_own_mean") for name in CONTENT},
}
_TOPIC = COLUMNS.index("engagements_dev_mean_by_topic")
#: Of a creator that is looked up, what the row says is used where it is no other than what is known.
_PROFILE = ("followers", "niche", "following", "posts_count", "created_at", "verified", "business")
#: What no forecast learns from.
_NEVER_COUNT = ("language", "country")
#: How near a rate must come to the engagements that a forecast rests on to say the same.
SAME_RATE = 0.02


class Rows(NamedTuple):
    """Rows as asked and as derived: `known` (n,): those whose creator was looked up, as of `as_of`, microseconds UTC.

    `x`: the derived matrix; `shown` (n,): rows whose views are forecast; `averages`: None where no row tells any.
    """

    asked: Asked
    known: np.ndarray
    as_of: int
    x: np.ndarray
    shown: np.ndarray
    averages: RowAverages | None


class Unused:
    """Tells for one bundle which given values its forecasts do not use."""

    def __init__(self, bundle: Bundle):
        self._counted = bundle.reference.posted.part_tables.counted
        self._depends = {what: depends_on(forecaster) for what, forecaster in bundle.forecasters.items()}

    def warnings(self, rows: Rows) -> dict[str, np.ndarray]:
        """Say by warning which rows, (n,), bring a value that their forecast does not use."""
        used = dict(self._used(rows))
        if rows.averages is not None:
            used |= _used_averages(rows)
        return {f"{name}_not_used": _told(rows.asked, name) & ~own for name, own in used.items() if not own.all()}

    def _used(self, rows: Rows) -> Iterator[tuple[str, np.ndarray]]:
        """Give each column but averages that any row may tell in vain, and the rows (n,) whose forecast uses it."""
        asked, x = rows.asked, rows.x
        used = self._matters(rows)
        if rows.known.any():
            for name in (name for name in _PROFILE if _has(asked, name)):
                used[name] = used.get(name, True) & (~rows.known | _agrees(rows, name))
        yield from used.items()
        for name in _NEVER_COUNT:
            if _has(asked, name):
                yield name, np.zeros(asked.n, dtype=bool)
        if _has(asked, "handle"):
            yield "handle", np.not_equal(asked.text("creator_id"), None)
        if _has(asked, "bio"):
            read = ~np.isnan(column(x, "niche_code")) | ~np.isnan(column(x, "brand_fit"))
            yield "bio", ~rows.known & read & (column(x, "niche_declared_flag") == 0)
        for part in EMV_PARTS:
            if _has(asked, name := f"emv_{part}_usd"):
                yield name, rows.shown if part == "view" else self._counts(part, x)

    def _matters(self, rows: Rows) -> dict[str, np.ndarray]:
        """Say of each of _BECOMES that any row tells of which rows (n,) a forecast depends on what it becomes."""
        names = tuple(name for name in _BECOMES if _has(rows.asked, name))
        if not names:
            return {}
        places, starts = _places(names)
        values, depends = rows.x[:, places], self._depending("engagements", rows.x)[:, places]
        if "views" in self._depends:
            depends = depends | (self._depending("views", rows.x)[:, places] & rows.shown[:, None])
        known = depends & ~np.isnan(values) & ((values != 0) | (places != _TOPIC))
        return dict(zip(names, np.logical_or.reduceat(known, starts, axis=1).T, strict=True))

    def _depending(self, what: str, x: np.ndarray) -> np.ndarray:
        codes = (column(x, name).astype(int) for name in ("platform_code", f"{what}_evidence_code"))
        return self._depends[what][tuple(codes)]

    def _counts(self, part: str, x: np.ndarray) -> np.ndarray:
        """Say on which rows' platforms, (n,), a part counts as engagement."""
        return self._counted[COUNTED_PARTS.index(COUNTS[part]), column(x, "platform_code").astype(int)]


def _used_averages(rows: Rows) -> dict[str, np.ndarray]:
    """Say of each average which rows (n,) have a forecast that rests on it, or on engagements that say the same."""
    x, averages = rows.x, rows.averages
    rests = column(x, "engagements_evidence_code") == SUMMARY
    engagements = averages.summary.engagements
    used = {name: rests & own for name, own in averages.summary.basis.items() if _has(rows.asked, name)}
    if "avg_views" in used:
        used["avg_views"] = used["avg_views"] | (rows.shown & (column(x, "views_evidence_code") == SUMMARY))
    for name, told in averages.by_rates.items():
        used[name] = used[name] | (rests & (np.abs(told - engagements) <= SAME_RATE * engagements))
    return used


def _agrees(rows: Rows, name: str) -> np.ndarray:
    """Say whether the profile that a creator is known by says the same, (n,)."""
    asked, x = rows.asked, rows.x
    if name == "niche":
        return (asked.code(name) == column(x, "niche_code")) & (column(x, "niche_declared_flag") == 1)
    if name == "created_at":
        told, known = (rows.as_of - asked.time(name)) / DAY_US, "account_age_days"
    elif name in ("verified", "business"):
        told, known = asked.number(name), f"{name}_flag"
    else:
        told, known = np.log1p(asked.number(name)), f"{name}_log"
    if name == "following":
        told, known = told - column(x, "followers_log"), "following_ratio_log"
    return np.isclose(told, column(x, known), rtol=1e-9, atol=1e-6)


@lru_cache(maxsize=256)
def _places(names: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Give where what columns become stands among the derived ones, and where each column's own begin in that."""
    counts = [len(_BECOMES[name]) for name in names]
    places = [COLUMNS.index(made) for name in names for made in _BECOMES[name]]
    return np.array(places), np.cumsum([0, *counts[:-1]])


def _has(asked: Asked, name: str) -> bool:
    return name in asked.numbers or name in asked.codes or name in asked.texts or name in asked.times


def _told(asked: Asked, name: str) -> np.ndarray:
    """Say which rows (n,) tell a column."""
    if name in asked.numbers:
        return ~np.isnan(asked.numbers[name])
    if name in asked.codes:
        return ~np.isnan(asked.codes[name])
    return asked.times[name] != ALWAYS if name in asked.times else np.not_equal(asked.texts[name], None)
