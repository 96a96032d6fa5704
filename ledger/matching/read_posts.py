"""What was read of each post: its facts, and its counts at each moment.

The totals of a partnership that a file gives stand among them as one post (`is_total`).
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

#: What is known of a post beside its counts: the last value that was recorded stands.
FACTS = (
    "platform",
    "post_id",
    "creator_id",
    "handle",
    "partnership_id",
    "posted_at",
    "format",
    "sponsored",
    "deliverables",
)
COUNTS = ("engagements", "views")
TEXTS = ("platform", "post_id", "creator_id", "handle", "partnership_id", "format")


@dataclass(frozen=True)
class ReadPosts:
    """Posts that were read.

    - `posts`: a row each: FACTS, `is_total`, `readings` and `corrections` (numbers of them)
    - `moments`: a row for each post and moment: `post` (position in `posts`), `read_at`, COUNTS, of
      each the value that was recorded last; sorted by post and moment
    """

    posts: pd.DataFrame
    moments: pd.DataFrame


def collect_posts(readings: pd.DataFrame, now: int) -> ReadPosts:
    """Return what was read of each post until `now`, microseconds UTC.

    `readings`: columns of ledger.tables.READINGS, in any order: `reading_id` tells what was
    recorded last.
    """
    rows = clean_readings(readings[readings["read_at"] <= now])
    post = post_numbers(rows)
    posts = rows[list(FACTS)].groupby(post, sort=True).last()
    posts["is_total"] = posts["post_id"].isna()
    moment = [post, rows["read_at"].to_numpy()]
    posts["readings"] = np.bincount(post, minlength=len(posts))
    corrected = np.zeros(len(rows), dtype=bool)
    for name in COUNTS:
        corrected |= _changes(rows[name], moment)
    posts["corrections"] = np.bincount(post[corrected], minlength=len(posts))
    moments = rows[list(COUNTS)].groupby(moment, sort=True).last()
    moments.index.names = ["post", "read_at"]
    return ReadPosts(posts.reset_index(drop=True), moments.reset_index())


def text_column(frame: pd.DataFrame, name: str) -> pd.Series:
    """Return a column of texts; None and blank are missing."""
    texts = pd.Series(frame[name].to_numpy(dtype=object), dtype="str")
    return texts.mask(texts == "")


def number_column(frame: pd.DataFrame, name: str) -> np.ndarray:
    """Return a column of numbers (n,), NaN where it is missing."""
    return pd.to_numeric(frame[name]).to_numpy(dtype=float, na_value=np.nan)


def own_names(frame: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Return the id and the handle of each row's creator, the handle in small letters behind @; an
    id that is a handle counts as one too.
    """
    ids, handles = text_column(frame, "creator_id"), text_column(frame, "handle")
    handles = "@" + handles.str.removeprefix("@").str.lower()
    is_handle = ids.str.startswith("@").fillna(False).astype(bool)
    return ids.mask(is_handle), handles.fillna(ids.where(is_handle).str.lower())


def clean_readings(readings: pd.DataFrame) -> pd.DataFrame:
    """Return the rows in the order in which they were recorded, texts and numbers as such."""
    rows = readings.sort_values("reading_id", kind="stable")
    columns = {name: text_column(rows, name) for name in TEXTS}
    numbers = ("posted_at", "sponsored", "deliverables", *COUNTS)
    columns |= {name: pd.Series(number_column(rows, name)) for name in numbers}
    columns["read_at"] = pd.Series(rows["read_at"].to_numpy(dtype=np.int64))
    return pd.DataFrame(columns)


def post_numbers(rows: pd.DataFrame) -> np.ndarray:
    """Return numbers (n,) from 0, one a post: by platform and id; totals by what names their
    partnership.
    """
    total = rows["post_id"].isna()
    ids, handles = own_names(rows)
    parts = [rows["platform"], rows["post_id"], rows["partnership_id"].where(total)]
    parts.append(ids.fillna(handles).where(total))
    return number_groups(parts)


def number_groups(parts: list[pd.Series]) -> np.ndarray:
    """Return numbers (n,) from 0, alike where all parts are; missing is a value of its own."""
    number = np.zeros(len(parts[0]), dtype=np.int64)
    for part in parts:
        code, _ = pd.factorize(part.to_numpy(dtype=object), use_na_sentinel=True)
        number = pd.factorize(number * (code.max(initial=-1) + 2) + code + 1)[0]
    return number


def _changes(values: pd.Series, groups: list[np.ndarray]) -> np.ndarray:
    """Mark the values (n,) that differ from the last known one before in their group."""
    before = values.groupby(groups).ffill().groupby(groups).shift()
    return (values.notna() & before.notna() & (values != before)).to_numpy(dtype=bool)
