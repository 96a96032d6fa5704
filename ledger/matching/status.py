"""How far the outcome of each forecast is, and what must be told of it."""

import numpy as np
import pandas as pd

from features.history.arrays import DAY_US
from features.tables.vocabulary import MATURE_DAYS
from ledger.matching.asked import Asked
from ledger.matching.links import BY_CREATOR, WINDOW_DAYS, Links, window_of
from ledger.matching.read_posts import number_groups
from ledger.matching.sums import Sums

WAITING, PARTIAL, YOUNG, MATURED, NOT_SCORED = (
    "waiting",
    "partial",
    "young",
    "matured",
    "not scored",
)
STATUSES = (MATURED, YOUNG, PARTIAL, WAITING, NOT_SCORED)

NAMELESS = "names no partnership_id, post or creator: no outcome can be matched with it"
UNNAMED_POST = "a post that was online, without a post_id: no outcome can be matched with it"
SEVERAL_OWNERS = (
    "its partnership_id stands for partnerships of several creators: name the creator in the file "
    "of outcomes"
)
SHARED = (
    "another partnership of the creator has a claim to the same post: give partnership_id in the "
    "file of outcomes"
)
UNDATED = "the moment of posting is unknown: give posted_at or start_at in the file of outcomes"
LATE = "the forecast was made after its first post went online on {}"
UNMARKED = (
    "{} post(s) of the creator in its time, first {}, are not marked as sponsored or not: give "
    "partnership_id, or sponsored, in the file of outcomes"
)
FORMATLESS = (
    "{} post(s) with its partnership_id have no format, or none that its package books: give "
    "format in the file of outcomes"
)
NO_READING = "no reading of its posts; they may come until {}"
NONE_CAME = "no reading of its posts, which were to come until {}"
UNKNOWN = "engagements of {} of its posts are unknown, as of hidden likes"
MORE = "the totals are of {} deliverables, the forecast of {}"
FEWER = "{} of {} deliverables came: the forecast is for all of them"
SOME_READ = "{} of {} deliverables read"
READ_YOUNG = "read at the age of {} days, scored from 7 on"
LEFT_OVER = "more posts came than were booked ({} and {}): the earliest count"
OTHER_TOTAL = "posts are used, although the totals told are {}"


class Text:
    """Texts of n forecasts: a pattern, and arrays (n,) of what stands in it; written out only for
    those that are asked for.
    """

    def __init__(self, pattern: str, *values: np.ndarray):
        self._pattern, self._values = pattern, values

    def of(self, rows: np.ndarray) -> np.ndarray:
        """Return the texts of the rows that are marked (n,)."""
        if not self._values:
            return np.full(np.count_nonzero(rows), self._pattern, dtype=object)
        picked = [values[rows] for values in self._values]
        number = number_groups([pd.Series(values) for values in picked])
        first = np.unique(number, return_index=True)[1]  # few texts differ
        distinct = zip(*(values[first] for values in picked), strict=True)
        texts = [self._pattern.format(*map(_plain, values)) for values in distinct]
        return np.array(texts, dtype=object)[number]


def is_late(asked: Asked, sums: Sums) -> np.ndarray:
    """Mark the forecasts (n,) that were made after their first post went online."""
    late = sums.posted_at <= asked.rows["made"].to_numpy()
    return late & ~asked.rows["is_running"].to_numpy()


def find_statuses(
    asked: Asked, links: Links, sums: Sums, now: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return status and reason of each forecast, (n,): of several that are true the first."""
    rows = asked.rows
    has_post = sums.first_post >= 0
    end = np.fmax(window_of(rows)[1], sums.posted_at + WINDOW_DAYS * DAY_US)
    over = now > end
    few = sums.posts_read < rows["needed"].to_numpy()
    nameless = (
        ~rows["is_running"] & rows["partnership_id"].isna() & (rows["creator"] < 0)
    ).to_numpy()
    unnamed_post = (rows["is_running"] & rows["post_id"].isna()).to_numpy()
    unmarked = (links.unmarked > 0) & few
    unmarked_text = Text(UNMARKED, links.unmarked, links.first_unmarked)
    formatless = (links.formatless > 0) & few
    needed, booked = rows["needed"].to_numpy(), rows["deliverables"].to_numpy()
    posted, ending = _days(sums.posted_at), _days(end)
    unknown, undated = sums.unknown > 0, has_post & np.isnan(sums.posted_at)
    more = sums.stated > booked
    cases: list[tuple[np.ndarray, str, Text]] = [
        (nameless, NOT_SCORED, Text(NAMELESS)),
        (unnamed_post, NOT_SCORED, Text(UNNAMED_POST)),
        (links.several_owners, NOT_SCORED, Text(SEVERAL_OWNERS)),
        (links.shared, NOT_SCORED, Text(SHARED)),
        (is_late(asked, sums), NOT_SCORED, Text(LATE, posted)),
        (unmarked & over & ~sums.is_total, NOT_SCORED, unmarked_text),
        (formatless & ~sums.is_total, NOT_SCORED, Text(FORMATLESS, links.formatless)),
        (~has_post & over, WAITING, Text(NONE_CAME, ending)),
        (~has_post, WAITING, Text(NO_READING, ending)),
        (undated, NOT_SCORED, Text(UNDATED)),
        (unknown, NOT_SCORED, Text(UNKNOWN, sums.unknown)),
        (more, NOT_SCORED, Text(MORE, sums.stated, booked)),
        (few & over, NOT_SCORED, Text(FEWER, sums.posts_read, needed)),
        (few, PARTIAL, Text(SOME_READ, sums.posts_read, needed)),
        (~(sums.age_days >= MATURE_DAYS), YOUNG, Text(READ_YOUNG, np.round(sums.age_days, 1))),
        (np.ones(len(rows), dtype=bool), MATURED, Text("")),
    ]
    status = np.full(len(rows), "", dtype=object)
    reason = np.full(len(rows), "", dtype=object)
    for is_so, name, text in cases:
        found = is_so & (status == "")
        status[found] = name
        reason[found] = text.of(found)
    return status, reason


def write_notes(asked: Asked, links: Links, sums: Sums) -> np.ndarray:
    """Return what else is to be told of each outcome, (n,)."""
    needed = asked.rows["needed"].to_numpy()
    parts = [
        (sums.matched_by == BY_CREATOR, Text("found by {}", sums.matched_by)),
        (links.left_over > 0, Text(LEFT_OVER, links.left_over + needed, needed)),
        (sums.fell, Text("engagements fell between two readings")),
        (~np.isnan(sums.other_total), Text(OTHER_TOTAL, sums.other_total)),
    ]
    notes = np.full(len(needed), "", dtype=object)
    for is_so, text in parts:
        before = notes[is_so]
        notes[is_so] = np.where(before == "", "", before + "; ") + text.of(is_so)
    return notes


def _days(moment: np.ndarray) -> np.ndarray:
    """Return moments (n,) as days, such as 2026-03-01; blank where unknown."""
    return (
        pd.Series(pd.to_datetime(moment, unit="us")).dt.strftime("%Y-%m-%d").fillna("").to_numpy()
    )


def _plain(value: object) -> str:
    return f"{value:,.10g}" if isinstance(value, float | np.floating) else str(value)
