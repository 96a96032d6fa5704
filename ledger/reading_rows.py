"""From canonical tables to readings: the counts of posts, and the totals of partnerships."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from features.history.arrays import DAY_US
from features.history.post_readings import COUNT_FIELDS, NO_COUNTS, public_engagements
from features.maturation.curve import GROWN_UP_DAYS
from features.tables.model import Tables
from features.tables.vocabulary import PLATFORMS

REPOST = "is somebody else's post, shared on"
NO_MOMENT = (
    "has no moment of reading, and may be younger than 90 days: give observed_at, or say "
    "--observed-at"
)
UNDATED_TOTAL = "has no moment of reading and no start: give observed_at or start_at"
READ_LATER = "was read in the future: correct observed_at"
READ_BEFORE = "was read before it was posted: correct observed_at or posted_at"
#: Rows that are new have ids after all that a ledger has.
_FIRST_NEW_ID = 1 << 62
_ROW_COLUMNS = (
    *("reading_id", "platform", "post_id", "creator_id", "handle", "partnership_id", "posted_at"),
    *("format", "sponsored", "deliverables", "read_at", "engagements", "views"),
)


@dataclass
class ReadingCounts:
    """What became of the rows of the files: `rows` = new + corrections + repeats + rejected.

    - `new`: of a post and moment that the ledger did not have; `corrections`: of one that it had,
      with other counts or other facts, such as a partnership_id; `repeats`: with nothing new
    - `rejected`: by reason; `places`: the posts and partnerships of each reason
    - `open_partnerships`: rows of partnerships that have no counts yet, and are no readings
    """

    rows: int = 0
    new: int = 0
    corrections: int = 0
    repeats: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    places: dict[str, list[str]] = field(default_factory=dict)
    open_partnerships: int = 0


def reading_rows(tables: Tables, now: int) -> tuple[pd.DataFrame, ReadingCounts]:
    """Return the readings of validated tables, and the counts of those that are none.

    Columns are those of ledger.tables.READINGS that say what was read. Counts without a moment are
    grown-up ones: they are of GROWN_UP_DAYS after posting where that lies before `now`. `posts` may
    have a column partnership_id.
    """
    posts, post_faults = _post_rows(tables.posts)
    totals, open_partnerships = _total_rows(tables.partnerships)
    rows = pd.concat([posts, totals], ignore_index=True)
    faults = pd.concat([post_faults, pd.Series([""] * len(totals), dtype=object)])
    faults = _find_faults(rows, faults.to_numpy(dtype=object), now)
    handles = _handles(tables.creators, rows)
    rows = rows.assign(handle=handles, reading_id=_FIRST_NEW_ID + np.arange(len(rows)))
    counts = ReadingCounts(len(rows), open_partnerships=open_partnerships)
    add_rejected(counts, rows, faults)
    return rows.loc[faults == "", list(_ROW_COLUMNS)].reset_index(drop=True), counts


def add_rejected(counts: ReadingCounts, rows: pd.DataFrame, faults: np.ndarray) -> None:
    """Count the rows by their faults (n,), "" where there is none, and name them."""
    names = rows["post_id"].fillna(rows["partnership_id"]).to_numpy(dtype=object)
    for row in np.flatnonzero(faults != "").tolist():
        reason, name = str(faults[row]), str(names[row])
        counts.rejected[reason] += 1
        counts.places.setdefault(reason, []).append(name)


def microseconds(moments: pd.Series) -> np.ndarray:
    """Return moments (n,) as microseconds UTC, NaN where unknown."""
    moments = pd.to_datetime(moments, utc=True).dt.as_unit("us")
    numbers = moments.astype("int64").to_numpy(dtype=float)
    return np.where(moments.isna(), np.nan, numbers)


def _post_rows(posts: pd.DataFrame) -> tuple[pd.DataFrame, pd.Series]:
    """Return readings of posts, and why one is not used: blank where it is."""
    codes = pd.Categorical(posts["platform"], PLATFORMS).codes.astype(float)
    counts = {name: posts[name].to_numpy(dtype=float, na_value=np.nan) for name in COUNT_FIELDS}
    hidden = posts["likes_hidden"].fillna(False).to_numpy(dtype=bool)
    counts["likes"] = np.where(hidden, np.nan, counts["likes"])
    posted, read = microseconds(posts["posted_at"]), microseconds(posts["observed_at"])
    names = ["platform", "post_id", "creator_id", "format"]
    rows = posts[names].reset_index(drop=True)
    absent = pd.Series([None] * len(posts), index=posts.index, dtype=object)
    rows = rows.assign(
        partnership_id=posts.get("partnership_id", absent).to_numpy(dtype=object),
        posted_at=posted,
        sponsored=posts["sponsored"].astype(float).to_numpy(),
        deliverables=np.nan,
        read_at=np.where(np.isnan(read), posted + GROWN_UP_DAYS * DAY_US, read),
        is_guessed=np.isnan(read),
        engagements=public_engagements(counts, codes),
        views=counts["views"],
    )
    repost = posts["repost"].fillna(False).to_numpy(dtype=bool)
    nothing = np.all([np.isnan(values) for values in counts.values()], axis=0) & ~hidden
    faults = np.where(repost, REPOST, np.where(nothing, NO_COUNTS, ""))
    return rows, pd.Series(faults, dtype=object)


def _total_rows(partnerships: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Return the totals of partnerships that have any, and how many have none."""
    some = partnerships[["engagements", "views"]].notna().any(axis=1)
    totals = partnerships[some]
    start, read = microseconds(totals["start_at"]), microseconds(totals["observed_at"])
    names = ["platform", "creator_id", "partnership_id", "format"]
    numbers = {
        name: totals[name].to_numpy(dtype=float, na_value=np.nan)
        for name in ("deliverables", "engagements", "views")
    }
    rows = totals[names].reset_index(drop=True)
    rows = rows.assign(
        post_id=None,
        posted_at=start,
        sponsored=np.nan,
        read_at=np.where(np.isnan(read), start + GROWN_UP_DAYS * DAY_US, read),
        is_guessed=np.isnan(read),
        **numbers,
    )
    return rows, int((~some).sum())


def _find_faults(rows: pd.DataFrame, faults: np.ndarray, now: int) -> np.ndarray:
    """Return why a row (n,) is no reading, the first reason; blank where it is one."""
    read, posted = rows["read_at"].to_numpy(), rows["posted_at"].to_numpy()
    guessed = rows["is_guessed"].to_numpy(dtype=bool)
    cases = [
        (np.isnan(read), UNDATED_TOTAL),
        (guessed & (read > now), NO_MOMENT),
        (read > now, READ_LATER),
        (read < posted, READ_BEFORE),
    ]
    for is_so, reason in cases:
        faults = np.where(is_so & (faults == ""), reason, faults)
    return faults


def _handles(creators: pd.DataFrame, rows: pd.DataFrame) -> np.ndarray:
    """Return the handle of the creator of each row (n,), as the profile read last has it."""
    known = creators[creators["handle"].notna()].sort_values("observed_at", na_position="first")
    known = known.drop_duplicates(["platform", "creator_id"], keep="last")
    found = rows[["platform", "creator_id"]].merge(
        known[["platform", "creator_id", "handle"]], how="left", on=["platform", "creator_id"]
    )
    return found["handle"].to_numpy(dtype=object)
